"""The resource of a request as cvc5 terms: `*`, or an ARN whose parts are five strings.

A pattern whose star may cross colons becomes one alternative for each way in which it can: then every
alternative asks of each part only what that part is, and no string term is longer than a part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from cvc5 import Kind, Solver, Term

from judges.cvc5_text import (
    LAST,
    Matcher,
    Terms,
    Token,
    Tokens,
    Undecided,
    Wild,
    joined,
    segments,
    tokens,
    variables_in,
)
from narrowgate.policy.document import Patterns

HEAD: Final = ("partition", "service", "region", "account")
_ANY: Final[Tokens] = (Wild.STAR,)
_IN_SEGMENT: Final = {Wild.STAR: Wild.STAR_IN_SEGMENT, Wild.ONE: Wild.ONE_IN_SEGMENT}


class Resource:
    """The resource; `loose` are the conditions under which parts do not do, `is_inexact` whether nothing does."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self.loose: list[Term] = []
        self.is_inexact = False
        self._star = terms.boolean("the resource is a star")
        self._head = tuple(terms.string(f"the {part}") for part in HEAD)
        self._rest = terms.string("the resource")
        self._dollar = False
        self._made: dict[tuple[str, bool], Term] = {}

    def shape(self) -> Iterator[Term]:
        """The parts before the last have no colon; nor a dollar, which could hide one, unless a pattern has it."""
        dollar = (("\0", "#"), ("%", "9")) if not self._dollar else (("\0", "9"),)
        regex = self._terms.many(*dollar, (";", LAST))
        return (self._terms.within(part, [regex]) for part in self._head)

    def shown(self, solver: Solver) -> str:
        """The resource in the solver's model."""
        if solver.getValue(self._star).getBooleanValue():
            return "*"
        return ":".join(["arn", *(solver.getValue(part).getStringValue() for part in (*self._head, self._rest))])

    def meets(self, element: Patterns, matcher: Matcher, *, variables: bool) -> Term:
        """Whether a Resource or NotResource element selects it, its variables having values."""
        found = self._terms.any_of(self._pattern(item.value, matcher, variables) for item in element.items)
        return self._terms.negate(found) if element.negated else found

    def _pattern(self, text: str, matcher: Matcher, variables: bool) -> Term:
        if (text, variables) not in self._made:
            self._made[text, variables] = self._meeting(text, matcher, variables)
        return self._made[text, variables]

    def _meeting(self, text: str, matcher: Matcher, variables: bool) -> Term:
        if text == "*":
            return self._terms.true
        parts = [tokens(part, variables=variables) for part in segments(text, variables=variables)[1:]]
        self._dollar |= any(isinstance(token, str) and "$" in token for part in parts[:4] for token in part)
        ways: dict[tuple[Tokens, ...], list[Tokens]] = {}
        for head, rest in alternatives(parts):
            ways.setdefault(head, []).append(rest)
        found = self._terms.any_of(self._way(head, rests, matcher) for head, rests in ways.items())
        return self._terms.all_of([self._terms.negate(self._star), self._loosely(parts, found, matcher)])

    def _way(self, head: Sequence[Tokens], rests: Sequence[Tokens], matcher: Matcher) -> Term:
        needed = [matcher.meets(part, wanted) for part, wanted in zip(self._head, head, strict=True)]
        plain = [rest for rest in rests if not variables_in(rest)]
        if _ANY in plain:
            return self._terms.all_of(needed)
        met = [matcher.meets(self._rest, rest) for rest in rests if variables_in(rest) or len(plain) == 1]
        if len(plain) > 1:
            met.append(self._terms.within(self._rest, [self._terms.regex(rest) for rest in plain]))
        return self._terms.all_of([*needed, self._terms.any_of(met)])

    def _loosely(self, parts: Sequence[Tokens], exact: Term, matcher: Matcher) -> Term:
        """A variable before the last part: with a colon in its value, the whole text is looked at instead."""
        found = [variable for part in parts[:4] for variable in variables_in(part)]
        if not found:
            return exact
        terms = self._terms
        guard = terms.any_of(terms.make(Kind.STRING_CONTAINS, matcher.resolve(v), terms.text(":")) for v in found)
        self.loose.append(guard)
        return terms.make(Kind.ITE, guard, self._whole(parts, matcher), exact)

    def _whole(self, parts: Sequence[Tokens], matcher: Matcher) -> Term:
        """Whether the pattern meets the resource as one text; a new Boolean where that cannot be said."""
        if any(
            isinstance(token, Wild) for part in parts[:4] for token in _held(part)[: len(part) - (part[-1:] == _ANY)]
        ):
            self.is_inexact = True
            return self._terms.boolean(f"may meet {len(self.loose)}")
        pieces = [t for part in (*self._head, self._rest) for t in (self._terms.text(":"), part)]
        text = self._terms.concat([self._terms.text("arn"), *pieces])
        items: list[Token] = ["arn", *(token for part in parts for token in (":", *part))]
        return matcher.meets(text, joined(items))


def alternatives(parts: Sequence[Tokens]) -> Iterator[tuple[tuple[Tokens, ...], Tokens]]:
    """What the four first parts and the last must be, for each way in which the pattern may meet.

    A way follows the colons of the request: at each, the pattern is at its own colon or in a star
    that ends a segment and swallows it.
    """
    ways: list[tuple[tuple[Tokens, ...], int, bool]] = [((), 0, False)]
    for _ in range(4):
        ways = [further for way in ways for further in _one_colon(parts, *way)]
    for head, at, swallowing in ways:
        yield head, _remainder(parts, at, swallowing)


def _one_colon(
    parts: Sequence[Tokens], head: tuple[Tokens, ...], at: int, swallowing: bool
) -> Iterator[tuple[tuple[Tokens, ...], int, bool]]:
    wanted = _ANY if swallowing else parts[at]
    yield (*head, wanted), at + 1, False
    if swallowing or wanted[-1:] == _ANY:
        yield (*head, wanted), at, True


def _remainder(parts: Sequence[Tokens], at: int, swallowing: bool) -> Tokens:
    """What the last part of the request must be, where the pattern is at that place."""
    if swallowing:
        begun: list[Tokens] = [_ANY]
        at += 1
    else:
        begun = []
    between = [*begun, *(_held(part) for part in parts[at:4]), parts[4]]
    made = joined(token for n, part in enumerate(between) for token in ((":", *part) if n else part))
    if variables_in(made) and any(w in made for w in _IN_SEGMENT.values()):
        raise Undecided("a variable beside a wildcard that stops at a colon")
    return made


def _held(part: Tokens) -> Tokens:
    """A segment that lies in the last part of the request: only its last star may cross colons."""
    last = part[-1:] if part[-1:] == _ANY else ()
    inner = part[: len(part) - len(last)]
    return (*(_IN_SEGMENT[item] if isinstance(item, Wild) else item for item in inner), *last)
