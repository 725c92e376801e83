"""Resource elements, compiled: whether the resource of a request meets one of the patterns. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
Patterns whose early segments are whole stars or plain text are compared part by part, many at a time.
That is exact for an ARN of exactly five colons: a star that ate one would leave too few for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias

from narrowgate.policy import matching
from narrowgate.policy.arn import is_pattern
from narrowgate.policy.clause import Clause
from narrowgate.policy.request_context import Request
from narrowgate.policy.variable import Template, has_variables, hidden, template

ResourceTest: TypeAlias = Callable[[Request], bool]

_EARLY: Final = 5


class _Group(NamedTuple):
    """Patterns with the same plain early segments: those to compare, and the last parts that will do."""

    named: Callable[[tuple[str, ...]], tuple[str, ...]]
    wanted: tuple[str, ...]
    literals: frozenset[str]
    prefixes: tuple[str, ...]


def resource_test(clause: Clause, *, whole: bool) -> ResourceTest | None:
    """The test of a Resource or NotResource element; None where every resource is meant.

    `whole`: wildcards may match colons everywhere (switch `resource_wildcards`).
    """
    texts, negated, modern = clause.resources or (), clause.not_resources, clause.has_variables
    if not texts or ("*" in texts and not negated and not (modern and has_variables(texts))):
        return None
    plain = tuple(text for text in texts if not (modern and "${" in text))
    filled = tuple(template(text) for text in texts if modern and "${" in text)
    test = matching.one_of(plain, lambda text: matching.resource(text, whole=whole))
    if filled:
        return _filled(test, filled, negated, whole)
    groups = _groups(plain)
    if groups:
        return _by_parts(groups, test, negated)
    return (lambda request: not test(request.resource)) if negated else (lambda request: test(request.resource))


def _groups(texts: Iterable[str]) -> tuple[_Group, ...]:
    """The patterns by their early segments; none at all where one of them cannot be compared by parts.

    What startswith alone answers is left to it.
    """
    found: dict[tuple[tuple[int, ...], tuple[str, ...]], tuple[set[str], list[str]]] = {}
    simple = True
    for text in texts:
        *early, last = text.split(":", _EARLY)
        if len(early) < _EARLY or ":" in last:
            return ()
        if any(part != "*" and is_pattern(part) for part in early) or is_pattern(last.removesuffix("*")):
            return ()
        places = tuple(place for place, part in enumerate(early) if part != "*")
        if len(places) < 2:
            return ()
        simple = simple and len(places) == _EARLY
        literals, prefixes = found.setdefault((places, tuple(early[place] for place in places)), (set(), []))
        if last.endswith("*"):
            prefixes.append(last[:-1])
        else:
            literals.add(last)
    if simple:
        return ()
    return tuple(
        _Group(itemgetter(*places), wanted, frozenset(literals), tuple(prefixes))
        for (places, wanted), (literals, prefixes) in found.items()
    )


def _by_parts(groups: tuple[_Group, ...], otherwise: Callable[[str], bool], negated: bool) -> ResourceTest:
    """The test by parts, and the test of the whole text for resources that have other than six of them."""
    if len(groups) == 1 and not groups[0].literals:
        named, wanted, _, prefixes = groups[0]

        def single(request: Request) -> bool:
            parts = request.parts
            if parts is None:
                return otherwise(request.resource) is not negated
            return (named(parts) == wanted and parts[5].startswith(prefixes)) is not negated

        return single

    def test(request: Request) -> bool:
        parts = request.parts
        if parts is None:
            return otherwise(request.resource) is not negated
        for named, wanted, literals, prefixes in groups:
            if named(parts) == wanted and (parts[5] in literals or parts[5].startswith(prefixes)):
                return not negated
        return negated

    return test


def _filled(plain: Callable[[str], bool], filled: tuple[Template, ...], negated: bool, whole: bool) -> ResourceTest:
    """The test where some patterns are known with the context only."""

    def test(request: Request) -> bool:
        if plain(request.resource):
            return not negated
        texts = (text for each in filled if (text := each.filled(request.context)) is not None)
        value = hidden(request.resource)
        return any(matching.resource(text, whole=whole)(value) for text in texts) is not negated

    return test
