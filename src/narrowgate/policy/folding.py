"""Actions written as wildcards that select, of the known actions, nothing more. Pure.

What is exact for the actions that are known is not for those of tomorrow: a wildcard takes them in.
INVARIANT: the texts of a folded element select what the element selects, and at most what is granted anyway.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from narrowgate.policy.actions import ActionList, positions, runs, span
from narrowgate.policy.decision import ALWAYS_ALLOWED
from narrowgate.policy.document import size
from narrowgate.policy.rule import Rule, action_pattern, needs_of, trimmed

Select: TypeAlias = Callable[[str], int]

_BORDER: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def folded(rules: tuple[Rule, ...], known: ActionList) -> tuple[Rule, ...]:
    """The rules with their actions folded: `service:*` and `service:Prefix*`, to the end of a word.

    Two actions at least are folded into one wildcard, and only where that is shorter. What the list
    does not know stays as it is written.
    """
    return tuple(rule._replace(actions=_folded(rule, rules, known)) for rule in rules)


def _folded(rule: Rule, rules: Iterable[Rule], known: ActionList) -> frozenset[str]:
    services: dict[str, list[str]] = {}
    for text in rule.actions:
        services.setdefault(text.lower().partition(":")[0], []).append(text)
    if all(len(texts) == 1 for texts in services.values()):
        return rule.actions
    granted = [rule.actions, *(other.actions for other in rules if other is not rule and _gives_as_well(other, rule))]
    if rule.not_actions:
        granted = [rule.actions]  # what NotAction folds, it excludes: it may exclude nothing more
    made = (_folded_service(service, texts, granted, known) for service, texts in services.items())
    # What the list does not know may lie within a wildcard by its text.
    return trimmed({text: action_pattern(text) for each in made for text in each})


def _folded_service(
    service: str, texts: Sequence[str], granted: Iterable[Iterable[str]], known: ActionList
) -> Iterable[str]:
    """The texts of one service folded; bits count from its first action, so that they are few."""
    low, high = next(runs(known.select(f"{service}:*")), (0, 0))
    if len(texts) == 1 or low == high:
        return texts
    own = span(0, high - low)

    def select(text: str) -> int:
        return known.select(text) >> low & own

    about = [text for each in granted for text in each if text == "*" or text.lower().startswith(service + ":")]
    allowed = _all(map(select, about)) | _all(map(select, ALWAYS_ALLOWED))
    selected = {text: select(text) for text in texts}
    names = known.names[low:high]
    return _slim(_with_wildcards(selected, _candidates(names, _all(selected.values()), allowed, select), select))


def _all(bitsets: Iterable[int]) -> int:
    found = 0
    for bits in bitsets:
        found |= bits
    return found


def _gives_as_well(other: Rule, rule: Rule) -> bool:
    """Whether the other rule gives its actions wherever this one would."""
    if other.effect != rule.effect or other.not_actions:
        return False
    if not (set(other.terms) <= set(rule.terms) and needs_of(other) <= needs_of(rule)):
        return False
    if "*" in other.resources and not other.not_resources:
        return True
    return other.not_resources == rule.not_resources and (
        other.resources == rule.resources or (not rule.not_resources and rule.resources <= other.resources)
    )


def _with_wildcards(selected: dict[str, int], candidates: Iterable[str], select: Select) -> dict[str, int]:
    """The texts, those replaced that a wildcard selects and that are longer than it."""
    found = dict(selected)
    for text in candidates:
        bits = select(text)
        inside = [each for each, own in found.items() if own and not own & ~bits]
        if len(inside) > 1 and _length(inside) > _length([text]):
            found = {each: own for each, own in found.items() if own & ~bits or not own} | {text: bits}
    return found


def _length(texts: Iterable[str]) -> int:
    return sum(size(text) + 3 for text in texts)


def _candidates(names: Sequence[str], wanted: int, allowed: int, select: Select) -> Iterator[str]:
    """The shortest wildcards of whole words that select nothing that is not allowed, in order."""
    seen: dict[str, bool] = {}
    for at in positions(wanted):
        for text in _wildcards(names[at]):
            if text not in seen:
                seen[text] = not select(text) & ~allowed
                if seen[text]:
                    yield text
            if seen[text]:
                break


def _wildcards(name: str) -> Iterator[str]:
    """`iam:*`, `iam:List*`, `iam:ListUser*` for `iam:ListUserTags`."""
    service, _, action = name.partition(":")
    yield f"{service}:*"
    for border in _BORDER.finditer(action):
        yield f"{service}:{action[: border.start()]}*"


def _slim(found: dict[str, int]) -> frozenset[str]:
    """The texts without those whose known actions the others select; the longest go first."""
    kept = dict(found)
    for text in sorted(found, key=lambda text: (-size(text), text)):
        others = _all(bits for each, bits in kept.items() if each != text)
        if found[text] and not found[text] & ~others:
            del kept[text]
    return frozenset(kept)
