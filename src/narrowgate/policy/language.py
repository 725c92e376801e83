"""The exact search: texts in some patterns and not in others, over their automata side by side. Pure.

INVARIANT: a variable is a symbol of its own. In a text it only stands where some pattern asks for it
by name; there a star without bounds takes it, and nothing else. What a star stands for is characters.
Whatever is proved of such texts holds for every value of the variables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from narrowgate.policy.automaton import Machine, Symbols, machine

_FRESH: Final = "x0yzqjkwv123456789abcdefghilmnoprstuXYZ"
_STEPS_PER_STATE: Final = 8


@dataclass(frozen=True, slots=True)
class Row:
    """Automata side by side: their union, all first states, the final state of each, and all states of each."""

    union: Machine
    start: int
    finals: tuple[int, ...]
    areas: tuple[int, ...]


def row(codes: Sequence[str]) -> Row:
    """The automata of the patterns in one integer, the first pattern lowest."""
    at = 0
    named: dict[str, int] = {}
    anything = segment = loop = segment_loop = variable_loop = 0
    start, finals, areas = 0, [], []
    for one in map(machine, codes):
        for symbol, mask in one.named.items():
            named[symbol] = named.get(symbol, 0) | mask << at
        anything |= one.anything << at
        segment |= one.segment << at
        loop |= one.loop << at
        segment_loop |= one.segment_loop << at
        variable_loop |= one.variable_loop << at
        start |= 1 << at
        areas.append((1 << one.size) - 1 << at)
        at += one.size
        finals.append(1 << at - 1)
    union = Machine(at, named, anything, segment, loop, segment_loop, variable_loop)
    return Row(union, start, tuple(finals), tuple(areas))


class Walk:
    """A walk, breadth first, over the sets of states that texts lead to.

    Only characters that `asking` states name are tried, the colon where it is special, and one
    character that nothing names. Nodes are kept with the way to them.
    """

    __slots__ = ("_asked", "_cost", "_known", "_other", "_parents", "_seen", "_symbols", "_union", "states", "work")

    def __init__(self, union: Machine, asking: int, start: int) -> None:
        self._union = union
        self._asked = [(symbol, mask & asking) for symbol, mask in union.named.items() if mask & asking]
        self._other = fresh(union.named)
        self._cost = 1 + (union.size >> 9)
        self._known: dict[str, tuple[int, int]] = {}
        self._seen = {start}
        self.states = [start]
        self._parents = [0]
        self._symbols = [""]
        self.work = 0

    def add(self, state: int, parent: int, symbol: str) -> None:
        """Remember a set of states that has not been seen before."""
        self._seen.add(state)
        self.states.append(state)
        self._parents.append(parent)
        self._symbols.append(symbol)

    def steps(self, at: int) -> Iterator[tuple[int, str]]:
        """The new sets of states one symbol after node `at`, each with the symbol."""
        state = self.states[at]
        for symbol in self._choices(state):
            masks = self._known.get(symbol)
            if masks is None:
                masks = self._known[symbol] = self._union.masks(symbol)
            self.work += self._cost
            after = (state & masks[0]) << 1 | state & masks[1]
            if after not in self._seen:
                yield after, symbol

    def _choices(self, state: int) -> list[str]:
        self.work += len(self._asked) * self._cost >> 4
        choices = [symbol for symbol, mask in self._asked if state & mask]
        choices.append(self._other)
        if state & (self._union.segment | self._union.segment_loop) and ":" not in choices:
            choices.append(":")
        return choices

    def way(self, at: int) -> Symbols:
        """The symbols that lead to node `at`."""
        way: list[str] = []
        while at:
            way.append(self._symbols[at])
            at = self._parents[at]
        return tuple(reversed(way))

    def exceeds(self, limit: int) -> bool:
        """Whether the walk has seen more than `limit` sets of states, or done the work of so many."""
        return len(self.states) > limit or self.work > limit * _STEPS_PER_STATE


def fresh(used: Mapping[str, int] | str) -> str:
    """A character that is not among the used ones; a plain one if there is one left."""
    plain = next((c for c in _FRESH if c not in used), None)
    return plain or next(c for c in map(chr, range(0xA1, 0x110000)) if c not in used)


def search(wanted: Sequence[Sequence[str]], unwanted: Sequence[str], limit: int) -> Symbols | int | None:
    """A shortest text in every group of wanted patterns and in no unwanted one.

    None: there is none. A number: the search was given up after so many sets of states. The groups
    must not be empty.
    """
    codes = list(chain.from_iterable(wanted))
    whole = row([*codes, *unwanted])
    groups = _groups(whole, [len(group) for group in wanted])
    refused = _sum(whole.finals[len(codes) :])
    # A pattern at its end with a star takes all that follows: no text from there can be an answer.
    goal = _Goal(groups, refused, refused & whole.union.loop)
    walk = Walk(whole.union, _sum(whole.areas[: len(codes)]), whole.start)
    return _walked(walk, goal, limit)


@dataclass(frozen=True, slots=True)
class _Goal:
    """For each wanted group its final states and all its states; the finals of the unwanted; those without escape."""

    groups: tuple[tuple[int, int], ...]
    refused: int
    lost: int

    def reached(self, state: int) -> bool:
        return not state & self.refused and all(state & final for final, _ in self.groups)

    def possible(self, state: int) -> bool:
        return not state & self.lost and all(state & area for _, area in self.groups)


def _walked(walk: Walk, goal: _Goal, limit: int) -> Symbols | int | None:
    at = 0
    if not goal.possible(walk.states[0]):
        return None
    while at < len(walk.states):
        if goal.reached(walk.states[at]):
            return walk.way(at)
        for state, symbol in walk.steps(at):
            if goal.possible(state):
                walk.add(state, at, symbol)
        if walk.exceeds(limit):
            return len(walk.states)
        at += 1
    return None


def _groups(whole: Row, sizes: Sequence[int]) -> tuple[tuple[int, int], ...]:
    groups, at = [], 0
    for size in sizes:
        groups.append((_sum(whole.finals[at : at + size]), _sum(whole.areas[at : at + size])))
        at += size
    return tuple(groups)


def _named_by(bits: int, index: Mapping[int, int]) -> int:
    """The sum of what the index has for each bit."""
    total = 0
    while bits:
        low = bits & -bits
        total |= index[low]
        bits ^= low
    return total


def _sum(masks: Sequence[int]) -> int:
    total = 0
    for mask in masks:
        total |= mask
    return total


def sweep(codes: Sequence[str], limit: int) -> dict[int, Symbols] | int:
    """Every combination of patterns that some text matches (bit i: pattern i), each with a shortest text.

    A number: given up after so many sets of states.
    """
    whole = row(codes)
    walk = Walk(whole.union, -1, whole.start)
    found: dict[int, Symbols] = {}
    ends = _sum(whole.finals)
    index = {final: 1 << i for i, final in enumerate(whole.finals)}
    at = 0
    while at < len(walk.states):
        state = walk.states[at]
        mask = _named_by(state & ends, index)
        if mask not in found:
            found[mask] = walk.way(at)
        for after, symbol in walk.steps(at):
            walk.add(after, at, symbol)
        if walk.exceeds(limit):
            return len(walk.states)
        at += 1
    return found
