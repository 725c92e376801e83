"""Comparing what policies allow: exactly, over actions, resources and conditions. Pure.

`covers(a, b)`: does a allow everything that b allows? Each way in which b allows something, an Allow of
each of its layers, is a box. It must lie within the Allows of each layer of a, but for what b denies,
and must not meet a Deny of a. Actions are sorted into classes that the statements cannot tell apart.
INVARIANT: nothing is refuted but by a request that `evaluate` decides so; nothing is proved while a
search was cut short or something could not be told apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from narrowgate.policy.actions import ActionList
from narrowgate.policy.boxes import (
    Box,
    Grants,
    Keys,
    Side,
    clauses_of,
    cover,
    grants,
    includes_at_sight,
    region,
    side,
    unreadable,
)
from narrowgate.policy.clause import Clause, Readable
from narrowgate.policy.global_keys import GLOBAL_KEYS
from narrowgate.policy.pattern import Pattern, exact, resource
from narrowgate.policy.replay import Attempt, Sides, replayed
from narrowgate.policy.search import Budget, Found, outside
from narrowgate.policy.universe import Names, closed_names, open_names
from narrowgate.policy.verdict import Counterexample, Proved, Refuted, Universe, Unknown, Verdict

MOST_PAIRS: Final = 1_000_000
"""Statements, or with ceilings combinations of them, times the statements that each is held against."""

_VARIABLES: Final = "a request that may tell depends on the values of policy variables"
_TOO_MANY: Final = "there are too many statements to compare them all"

MOST_ATTEMPTS: Final = 8
"""Points of one search that are tried before it is given up: only with variables can one fail."""

Granting: TypeAlias = "Grants | Sequence[Readable]"


def covers(a: Granting, b: Granting, *, universe: Universe = "open", actions: ActionList | None = None) -> Verdict:
    """Whether a allows everything that b allows.

    A sequence is the documents of one principal. The closed and the typed universe need the known
    actions; in the open one they only make counterexamples more telling.
    """
    left, right = _granting(a), _granting(b)
    if why := (*unreadable(left, "the first"), *unreadable(right, "the second")):
        return Unknown(why)
    if universe != "open" and actions is None:
        raise ValueError(f"the {universe} universe needs the list of actions")
    verdict = _compared(left, right, universe, actions)
    if isinstance(verdict, Refuted) and actions is not None:
        return _most_telling(verdict, left, right, actions)
    return verdict


def difference(a: Granting, b: Granting, *, universe: Universe = "open", actions: ActionList | None = None) -> Verdict:
    """What a allows and b does not: Proved that it is nothing, or Refuted by a request."""
    return covers(b, a, universe=universe, actions=actions)


def intersection(
    a: Granting, b: Granting, *, universe: Universe = "open", actions: ActionList | None = None
) -> Verdict:
    """What both allow: Proved that it is nothing, or Refuted by a request that both allow."""
    both = Grants((*_granting(a).layers, *_granting(b).layers))
    return covers((), both, universe=universe, actions=actions)


def equivalent(a: Granting, b: Granting, *, universe: Universe = "open", actions: ActionList | None = None) -> Verdict:
    """Whether both allow the same: Refuted by a request that one of them allows and the other does not."""
    there = covers(a, b, universe=universe, actions=actions)
    if isinstance(there, Refuted):
        return there
    back = covers(b, a, universe=universe, actions=actions)
    return back if isinstance(there, Proved) or isinstance(back, Refuted) else there


def _granting(of: Granting) -> Grants:
    return of if isinstance(of, Grants) else grants(*of)


def _most_telling(verdict: Refuted, left: Grants, right: Grants, actions: ActionList) -> Verdict:
    """The refutation by a request of the narrowest universe."""
    for universe in ("typed", "closed"):
        if universe == verdict.universe:
            break
        narrower = _compared(left, right, universe, actions)
        if isinstance(narrower, Refuted):
            return narrower
    return verdict


def _compared(left: Grants, right: Grants, universe: Universe, actions: ActionList | None) -> Verdict:
    clauses = tuple(clauses_of(left, right))
    known = None if universe == "open" else actions
    names = (
        open_names(clauses, exactly=_met_together(left, right))
        if known is None
        else closed_names(known, clauses_of(right))
    )
    return _Comparison(left, right, names, universe, actions).verdict()


def _met_together(left: Grants, right: Grants) -> Iterator[Clause]:
    """The clauses that a counterexample may have to meet beside an Allow: Denies of the left, ceilings, NotAction."""
    for clause in clauses_of(right):
        if clause.not_actions or len(right.layers) > 1:
            yield clause
    for clause in clauses_of(left):
        if clause.not_actions or clause.effect == "Deny":
            yield clause


class _Lump(NamedTuple):
    """Boxes that b allows in common (or a denies), the boxes that must not leave any of it, its actions."""

    boxes: tuple[Box, ...]
    covers: tuple[Box, ...]
    bits: int


@dataclass(slots=True)
class _Comparison:
    """One comparison: what it goes through, and what could not be told."""

    left: Grants
    right: Grants
    names: Names
    universe: Universe
    known: ActionList | None
    unknown: dict[str, None] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    sides: Sides = field(init=False)

    def __post_init__(self) -> None:
        self.sides = Sides(self.left, self.right)

    def verdict(self) -> Verdict:
        if self._is_too_much():
            return Unknown((_TOO_MANY,))
        a, b = side(self.left, self.names), side(self.right, self.names)
        boxes = (box for each in (a, b) for layer in (*each.allows, each.denies) for box in layer)
        keys = Keys(boxes, self._may_have_several)
        for lump in _lumps(a, b, self.names):
            for part in _classes(lump):
                found = self._searched(part, keys)
                if found is not None:
                    return Refuted(found, self.universe)
                if self.budget.is_spent:
                    return Unknown((*self.unknown, _TOO_MANY))
        inexact = (*keys.inexact(), *filter(None, (self.names.inexact,)))
        # What could not be told apart explains requests that do not tell; variables are the other cause.
        why = (*(text for text in self.unknown if not (inexact and text == _VARIABLES)), *inexact)
        return Unknown(why) if why else Proved(self.universe)

    def _is_too_much(self) -> bool:
        """Whether looking at every statement beside every other would take long."""
        left, right = (sum(1 for _ in clauses_of(each)) for each in (self.left, self.right))
        ways = 1
        for layer in self.right.layers:
            ways *= max(1, sum(len(policy.clauses) for policy in layer))
        return ways * (left + right) > MOST_PAIRS

    def _may_have_several(self, key: str) -> bool:
        """Whether AWS lists the key as one with many values."""
        known = GLOBAL_KEYS.get(key) if self.known is None else self.known.key_type(key)
        return (known or "").startswith("ArrayOf")

    def _searched(self, lump: _Lump, keys: Keys) -> Counterexample | None:
        """A counterexample in one class of actions; notes what could not be told."""
        for name, types in self._typed(lump.bits):
            if self.budget.is_spent:
                break
            space = region(lump.boxes, lump.covers, keys, types)
            if not all(space.domains.values()):
                continue
            covered = [cover(box, keys) for box in lump.covers]
            for number, found in enumerate(outside(space, covered, self.budget)):
                if not isinstance(found, Found):
                    self.unknown[found.why] = None
                    break
                attempt = Attempt(name, found.resource, found.domains)
                counterexample = replayed(attempt, self.sides, keys)
                if counterexample is not None:
                    return counterexample
                self.unknown[_VARIABLES] = None
                if number + 1 >= MOST_ATTEMPTS:
                    break
        return None

    def _typed(self, bits: int) -> Iterator[tuple[str, tuple[Pattern, ...]]]:
        """One action of the class; in the typed universe one for each list of resource types."""
        if self.universe != "typed" or self.known is None:
            yield self.names.of(bits & -bits)[0], ()
            return
        seen = set()
        for name in self.names.of(bits):
            arns = tuple(arn for each in self.known.types_of(name) for arn in each.arns)
            if arns not in seen:
                seen.add(arns)
                yield name, tuple(map(resource, arns)) or (exact("*"),)


_Way: TypeAlias = tuple[tuple[Box, ...], int]


def _lumps(a: Side, b: Side, names: Names) -> Iterator[_Lump]:
    """Everything that must be empty for a to cover b, but for what can be seen at once to be."""
    for boxes, bits in _ways(b.allows, names.everything, ()):
        left = _unseen(bits, b.denies, boxes)
        for layer in a.allows:
            if rest := _unseen(left, layer, boxes):
                yield _Lump(boxes, (*layer, *b.denies), rest)
        for deny in a.denies:
            both = (*boxes, deny)
            if rest := _unseen(left & deny.bits, b.denies, both):
                yield _Lump(both, b.denies, rest)


def _ways(
    layers: Sequence[tuple[Box, ...]], bits: int, boxes: tuple[Box, ...]
) -> Iterator[tuple[tuple[Box, ...], int]]:
    """Every choice of one Allow of each layer that has actions in common."""
    if not layers:
        if boxes:
            yield boxes, bits
        return
    for box in layers[0]:
        if common := bits & box.bits:
            yield from _ways(layers[1:], common, (*boxes, box))


def _unseen(bits: int, covers: Sequence[Box], boxes: tuple[Box, ...]) -> int:
    """The actions that are not covered at sight."""
    for box in covers:
        if bits & box.bits and includes_at_sight(box, boxes):
            bits &= ~box.bits
    return bits


def _classes(lump: _Lump) -> Iterator[_Lump]:
    """The lump by classes of actions that its covers cannot tell apart, each with the covers that matter."""
    classes: list[tuple[int, tuple[Box, ...]]] = [(lump.bits, ())]
    for box in lump.covers:
        split: list[tuple[int, tuple[Box, ...]]] = []
        for bits, boxes in classes:
            if inside := bits & box.bits:
                split.append((inside, (*boxes, box)))
            if beyond := bits & ~box.bits:
                split.append((beyond, boxes))
        classes = split
    for bits, boxes in classes:
        yield lump._replace(bits=bits, covers=boxes)
