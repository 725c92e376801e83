"""Sets of texts written as wildcard patterns: which includes which, and a text in some but not in others. Pure.

Quick answers come first, and most questions end there; the exact search is in `language`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from narrowgate.policy import arn as arns
from narrowgate.policy.automaton import (
    NOTHING,
    Symbols,
    accepts,
    rests,
    tokens,
)
from narrowgate.policy.language import fresh, search, sweep
from narrowgate.policy.sample import likely, takes, unlikely, usual
from narrowgate.policy.wildcard import (
    GLOB,
    LITERAL,
    PREFIX,
    Pattern,
    arn,
    exact,
    from_code,
    glob,
    matches,
    resource,
    spelled,
)

__all__ = ["Cell", "Pattern", "Undecided", "arn", "cells", "exact", "find", "glob", "includes", "matches", "resource"]

LIMIT: Final = 20_000
_WIDEST_PRODUCT: Final = 400
_WIDEST_MEET: Final = 8
_MOST_LIKELY: Final = 200


@dataclass(frozen=True, slots=True)
class Undecided:
    """The search was given up after so many sets of states."""

    states: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A combination of patterns (bit i: the pattern i) and a text that exactly these match."""

    mask: int
    text: str


# The quick way did not tell.
_OPEN: Final = Undecided(0)


def includes(pattern: Pattern, other: Pattern) -> bool:
    """Whether `pattern` matches every text that `other` matches, whatever the variables are.

    False also where the search was given up: what is not proved is not claimed.
    """
    if _covers(pattern, other):
        return True
    return find([[other]], [pattern]) is None


def find(
    wanted: Sequence[Sequence[Pattern]], unwanted: Sequence[Pattern], *, limit: int = LIMIT
) -> str | Undecided | None:
    """A text that a pattern of every group of `wanted` matches and none of `unwanted`.

    None: proved that there is none. Undecided: more than `limit` sets of states, or the work of so
    many. A text may hold variables, `${key}`. None holds for every value of the variables as long as
    there is one group, or variables in none of the groups: that `${key}` and `alice` have nothing in
    common is so for texts with symbols, but not for every value.
    """
    members = _merged([dict.fromkeys(group) for group in wanted])
    if members is None:
        return _searched([tuple(group) for group in wanted], unwanted, limit)
    open_members = []
    for member in members:
        answer = _quick(member, unwanted)
        if isinstance(answer, str):
            return answer
        if answer is _OPEN:
            open_members.append(member)
    return _searched([open_members], unwanted, limit) if open_members else None


def _merged(groups: Sequence[Iterable[Pattern]]) -> Iterable[Pattern] | None:
    """One group that matches what all of them match; None where that is not a few patterns."""
    if not groups:
        return (glob("*"),)
    first, *rest = groups
    merged = dict.fromkeys(first)
    for group in rest:
        others = tuple(group)
        if len(merged) * len(others) > _WIDEST_PRODUCT:
            return None
        meets = [_meet(one, other) for one in merged for other in others]
        if None in meets:
            return None
        merged = dict.fromkeys(pattern for meet in meets for pattern in meet or ())
    return merged


@lru_cache(maxsize=4096)
def _meet(one: Pattern, other: Pattern) -> tuple[Pattern, ...] | None:
    """Patterns of the texts that both match; None where patterns do not say it."""
    if _apart(one, other):
        return ()
    if _covers(one, other):
        return (other,)
    if _covers(other, one):
        return (one,)
    if one.is_literal or other.is_literal:
        return ()
    if one.kind == PREFIX:
        return _continued(one.prefix, other)
    return _continued(other.prefix, one) if other.kind == PREFIX else None


def _continued(prefix: str, pattern: Pattern) -> tuple[Pattern, ...] | None:
    """The texts of the pattern that have the prefix."""
    start = len(pattern.prefix)
    codes = rests(pattern.code[start:], prefix[start:])
    if len(codes) > _WIDEST_MEET:
        return None
    return tuple(from_code(prefix + code, pattern.text) for code in codes)


def _apart(one: Pattern, other: Pattern) -> bool:
    """Whether their first characters show that they have no text in common."""
    return not (one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix))


def _covers(pattern: Pattern, other: Pattern) -> bool:
    """Whether a look at the tokens proves that `pattern` matches all that `other` does.

    A pattern without `?` that matches the other's shape does: only its stars take what is open there.
    """
    if pattern is other or pattern.code == other.code or other.code == NOTHING:
        return True
    if not other.prefix.startswith(pattern.prefix):
        return False
    if pattern.kind in (LITERAL, PREFIX):
        return pattern.kind == PREFIX
    if other.kind == LITERAL:
        return matches(pattern, other.shape)
    if pattern.kind == GLOB:
        if not arns.matches(pattern.shape, other.shape):
            return False
        if "?" not in pattern.shape:
            return True
    start = len(pattern.prefix)
    return accepts(pattern.code[start:], tokens(other.code[start:]))


def _quick(wanted: Pattern, unwanted: Sequence[Pattern]) -> str | Undecided | None:
    """The answer for one wanted pattern as far as simple texts and single patterns give it."""
    near = [pattern for pattern in unwanted if not _apart(pattern, wanted)]
    if any(_covers(pattern, wanted) for pattern in near):
        return None
    for word in (likely(wanted), unlikely(wanted, near)):
        if word is not None and not any(takes(pattern, word) for pattern in near):
            return spelled(word) if isinstance(word, tuple) else word
    return _OPEN


def _searched(groups: Sequence[Sequence[Pattern]], unwanted: Sequence[Pattern], limit: int) -> str | Undecided | None:
    """The exact search, beyond the characters with which all patterns begin."""
    if not all(groups):
        return None
    members = [member for group in groups for member in group]
    near = [pattern for pattern in dict.fromkeys(unwanted) if not all(_apart(pattern, member) for member in members)]
    common = _common([*members, *near])
    start = len(common)
    answer = search(
        [[member.code[start:] for member in group] for group in groups], [one.code[start:] for one in near], limit
    )
    if isinstance(answer, int):
        return Undecided(answer)
    if answer is None or any(len(symbol) > 1 for symbol in answer):
        return None if answer is None else common + spelled(answer)
    return usual(common + spelled(answer), lambda text: _fits(text, groups, near))


def _fits(text: str, groups: Sequence[Sequence[Pattern]], unwanted: Sequence[Pattern]) -> bool:
    return all(any(matches(one, text) for one in group) for group in groups) and not any(
        matches(one, text) for one in unwanted
    )


def _common(patterns: Sequence[Pattern]) -> str:
    """The characters with which all of them begin."""
    prefixes = [pattern.prefix for pattern in patterns]
    low, high = min(prefixes), max(prefixes)
    return low[: next((i for i, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))]


def cells(patterns: Sequence[Pattern], *, limit: int = LIMIT) -> tuple[Cell, ...] | Undecided:
    """Every combination of the patterns that some text matches, with such a text; in the order of masks.

    The combination of none of them is among them where there is such a text.
    """
    if all(pattern.kind <= PREFIX for pattern in patterns):
        return _laminar(patterns)
    common = _common(patterns)
    found = sweep([pattern.code[len(common) :] for pattern in patterns], limit)
    if isinstance(found, int):
        return Undecided(found)
    texts = {mask: common + spelled(symbols) for mask, symbols in found.items()}
    if common:
        texts.setdefault(0, fresh(common[0]))
    # Nicer texts; each is asked of all patterns, so only for as many as a person reads.
    for pattern in patterns if len(patterns) <= _MOST_LIKELY else ():
        if (word := likely(pattern)) is not None:
            texts[_mask(patterns, word)] = spelled(word) if isinstance(word, tuple) else word
    return tuple(Cell(mask, texts[mask]) for mask in sorted(texts))


def _mask(patterns: Sequence[Pattern], word: str | Symbols) -> int:
    return sum(1 << i for i, pattern in enumerate(patterns) if takes(pattern, word))


def _laminar(patterns: Sequence[Pattern]) -> tuple[Cell, ...]:
    """The cells of texts and prefixes: two prefixes are apart or one is in the other.

    So every text that none of them names lies in the cell of the longest prefix it has.
    """
    texts = [pattern.prefix for pattern in patterns if pattern.is_literal]
    for prefix in dict.fromkeys(["", *(pattern.prefix for pattern in patterns if pattern.kind == PREFIX)]):
        at = len(prefix)
        longer = "".join(p.prefix[at : at + 1] for p in patterns if p.prefix.startswith(prefix))
        texts.append(prefix + fresh(longer))
    found: dict[int, str] = {}
    for text in texts:
        found.setdefault(_mask(patterns, text), text)
    return tuple(Cell(mask, found[mask]) for mask in sorted(found))
