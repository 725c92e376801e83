"""Wildcard patterns as bitmask automata: one integer holds the states that a text leads to. Pure.

A pattern arrives as its code: plain characters stand for themselves, and every other token begins
with NUL (see the constants). State i of a pattern means that i of its tokens that stand once are
read; a star is a loop on a state, so that there are no empty moves and one step over a symbol is
two masks and a shift.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

STAR: Final = "\0*"
ANY: Final = "\0?"
SEGMENT_STAR: Final = "\0s"
SEGMENT_ANY: Final = "\0c"
NOTHING: Final = "\0!"
NUL: Final = "\x000"
"""The character NUL itself."""
SET, VARIABLE, LOOSE_VARIABLE, CLOSE = "\0=", "\0$", "\0~", "\0."
"""`SET kK CLOSE`: one of these characters. `VARIABLE key CLOSE`: the variable; loose: in any case."""

_LONGEST_KEPT: Final = 2_048
"""Automata of longer patterns are not remembered: each may be a thousand times as large as its pattern."""

Symbols: TypeAlias = tuple[str, ...]

_TOKEN = re.compile(r"\0(?:[=$~][^\0]*\0\.|[^=$~])|.", re.DOTALL)


def tokens(code: str) -> Sequence[str]:
    """The tokens of a code, each a character or a text that begins with NUL."""
    return _TOKEN.findall(code) if "\0" in code else code


@dataclass(frozen=True, slots=True)
class Machine:
    """Masks of states: which move on over a symbol, and which stay.

    `named`: move on over that symbol. `anything`: over every character; `segment`: over every one but
    the colon. `loop`, `segment_loop` stay likewise, `loop` over variables too; `variable_loop` stays
    over variables alone.
    """

    size: int
    named: Mapping[str, int]
    anything: int
    segment: int
    loop: int
    segment_loop: int
    variable_loop: int

    def masks(self, symbol: str) -> tuple[int, int]:
        """The states that move on over the symbol or token, whatever it stands for, and those that stay."""
        kind = symbol[:2]
        if kind == STAR:
            return 0, self.loop
        if kind == ANY:
            return self.anything, self.loop
        if kind in (SEGMENT_STAR, SEGMENT_ANY):
            moving = self.anything | self.segment if kind == SEGMENT_ANY else 0
            return moving, self.loop | self.segment_loop
        if kind in (VARIABLE, LOOSE_VARIABLE):
            return self._named(symbol), self.loop | self.variable_loop
        if symbol == ":":
            return self._named(symbol) | self.anything, self.loop
        return self._named(symbol) | self.anything | self.segment, self.loop | self.segment_loop

    def _named(self, symbol: str) -> int:
        moving = -1
        for one in members(symbol):
            moving &= self.named.get(one, 0)
        return moving


def members(token: str) -> Sequence[str]:
    """The symbols that a token names one by one."""
    if token.startswith(SET):
        return token[2:-2]
    if token.startswith(LOOSE_VARIABLE):
        return VARIABLE + token[2:], token
    return (token,)


def machine(code: str) -> Machine:
    """The automaton of one pattern. Its first state is bit 0, its final state the highest bit."""
    return _short(code) if len(code) <= _LONGEST_KEPT else _long(code)


@lru_cache(maxsize=4096)
def _short(code: str) -> Machine:
    named: dict[str, int] = {}
    masks = dict.fromkeys((ANY, SEGMENT_ANY, STAR, SEGMENT_STAR, NOTHING), 0)
    variable_loop = run = 0
    bit = 1
    for token in tokens(code):
        if token in masks:
            masks[token] |= bit
        else:
            for symbol in members("\0" if token == NUL else token):
                named[symbol] = named.get(symbol, 0) | bit
        if token == STAR:
            variable_loop |= run
        run = run | bit if token == ANY else 0
        bit = bit if token in (STAR, SEGMENT_STAR) else bit << 1
    # `?*` asks for one character anywhere among the variables, as `*?` does: the two are one pattern.
    return Machine(
        bit.bit_length(), named, masks[ANY], masks[SEGMENT_ANY], masks[STAR], masks[SEGMENT_STAR], variable_loop
    )


def _long(code: str) -> Machine:
    """The same in linear time: the places of each symbol are gathered before they become a mask."""
    named: dict[str, list[int]] = {}
    places: dict[str, list[int]] = {kind: [] for kind in (ANY, SEGMENT_ANY, STAR, SEGMENT_STAR, NOTHING)}
    variable_loop: list[int] = []
    at = run = 0
    for token in tokens(code):
        if token in places:
            places[token].append(at)
        else:
            for symbol in members("\0" if token == NUL else token):
                named.setdefault(symbol, []).append(at)
        if token == STAR:
            variable_loop.extend(range(at - run, at))
        run = run + 1 if token == ANY else 0
        at = at if token in (STAR, SEGMENT_STAR) else at + 1
    masks = (_mask(found) for found in (*(places[k] for k in (ANY, SEGMENT_ANY, STAR, SEGMENT_STAR)), variable_loop))
    return Machine(at + 1, {symbol: _mask(found) for symbol, found in named.items()}, *masks)


def _mask(places: Sequence[int]) -> int:
    """The sum of the bits at some places, which ascend."""
    made = bytearray(places[-1] // 8 + 1 if places else 0)
    for place in places:
        made[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(made, "little")


def accepts(code: str, symbols: Sequence[str]) -> bool:
    """Whether the pattern matches the symbols. For tokens, a proof that it matches all they stand for."""
    return _after(machine(code), symbols) >> (machine(code).size - 1) == 1


def _after(one: Machine, symbols: Sequence[str]) -> int:
    state = 1
    known: dict[str, tuple[int, int]] = {}
    for symbol in symbols:
        masks = known.get(symbol)
        if masks is None:
            masks = known[symbol] = one.masks(symbol)
        state = (state & masks[0]) << 1 | state & masks[1]
        if not state:
            break
    return state


def rests(code: str, symbols: Sequence[str]) -> list[str]:
    """Codes of all that may follow the symbols in a text of the pattern, the shortest first."""
    state = _after(machine(code), symbols)
    parts = tokens(code)
    places: dict[int, int] = {}
    bit = 1
    for i, token in enumerate(parts):
        places.setdefault(bit, i)
        bit = bit if token in (STAR, SEGMENT_STAR) else bit << 1
    places.setdefault(bit, len(parts))
    return ["".join(parts[i:]) for bit, i in reversed(places.items()) if state & bit]
