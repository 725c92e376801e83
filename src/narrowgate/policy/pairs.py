"""Every pair of an action and one of its resource types, numbered in the order of the actions. Pure.

INVARIANT: the pairs of action i are the numbers from `first[i]` up to, but without, `first[i + 1]`;
there is always at least one, for an action without types has one with the resource `*`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final, NamedTuple

from narrowgate.policy.actions import ActionList, bitset, positions, runs, span
from narrowgate.policy.reach import NO_RESOURCE
from narrowgate.policy.service import LEVELS, MUTATING, Level


class Pair(NamedTuple):
    """An action and the name of one of its resource types; an empty name where it has none."""

    action: str
    type: str


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """The pairs of an action list.

    Bitsets of pairs: `at` each access level. Bitsets of actions: `mutating` (all levels but List and
    Read), `typed` (with a resource type), `keyed` (with a condition key of their own).
    """

    known: ActionList
    first: tuple[int, ...]
    at: Mapping[Level, int]
    mutating: int
    typed: int
    keyed: int
    _arns: dict[int, tuple[tuple[str, ...], ...]] = field(init=False, repr=False, default_factory=dict)

    @property
    def everything(self) -> int:
        """The bitset of all the pairs."""
        return span(0, self.first[-1])

    def of(self, actions: int) -> int:
        """The pairs of a bitset of actions."""
        made = 0
        for low, high in runs(actions):
            made |= span(self.first[low], self.first[high])
        return made

    def actions_of(self, pairs: int) -> int:
        """The actions of a bitset of pairs."""
        made = 0
        for low, high in runs(pairs):
            made |= span(self._action(low), self._action(high - 1) + 1)
        return made

    def pair(self, number: int) -> Pair:
        """The pair of a number; reads the details of its service."""
        at = self._action(number)
        name = self.known.names[at]
        types = self.known.types_of(name)
        return Pair(name, types[number - self.first[at]].name if types else "")

    def targets(self, actions: int) -> Iterator[tuple[int, tuple[str, ...]]]:
        """The pairs of a bitset of actions, each with the ARN patterns of its type, `("*",)` without type."""
        for at in positions(actions):
            if (arns := self._arns.get(at)) is None:
                types = self.known.types_of(self.known.names[at])
                arns = self._arns[at] = tuple(type_.arns for type_ in types) or (NO_RESOURCE,)
            yield from zip(range(self.first[at], self.first[at + 1]), arns, strict=True)

    def _action(self, number: int) -> int:
        return bisect_right(self.first, number) - 1


def pairs_of(known: ActionList) -> Pairs:
    """The pairs of an action list; needs its columns and no details."""
    columns = known.columns
    first = tuple(accumulate((max(1, count) for count in columns.types), initial=0))
    length = len(known.names)

    def pairs_at(level: Level) -> int:
        of_level = (range(first[i], first[i + 1]) for i, letter in enumerate(columns.levels) if letter == level[0])
        return bitset((number for numbers in of_level for number in numbers), first[-1])

    return Pairs(
        known,
        first,
        {level: pairs_at(level) for level in LEVELS},
        bitset((i for i, letter in enumerate(columns.levels) if letter in _CHANGING), length),
        bitset((i for i, count in enumerate(columns.types) if count), length),
        bitset((i for i, flag in enumerate(columns.own_keys) if flag == "1"), length),
    )


_CHANGING: Final = frozenset(level[0] for level in MUTATING)
