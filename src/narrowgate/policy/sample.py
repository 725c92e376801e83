"""Texts of a wildcard pattern as one may meet them, for witnesses that can be read. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from narrowgate.policy.automaton import (
    ANY,
    LOOSE_VARIABLE,
    NOTHING,
    NUL,
    SEGMENT_ANY,
    SEGMENT_STAR,
    STAR,
    VARIABLE,
    Symbols,
    accepts,
    tokens,
)
from narrowgate.policy.language import fresh
from narrowgate.policy.wildcard import Pattern, matches

# What stands for the region and the account of an ARN where they are open.
_USUAL: Final = ((3, "us-east-1"), (4, "123456789012"))
_STAR_ALONE = re.compile(r"(?<![^/:])\0[*s](?![^/:])")
_SET = re.compile(r"\0=(.)[^\0]*\0\.", re.DOTALL)


def takes(pattern: Pattern, word: str | Symbols) -> bool:
    """Whether the pattern matches the text, or the symbols of a text with variables."""
    return matches(pattern, word) if isinstance(word, str) else accepts(pattern.code, word)


@lru_cache(maxsize=4096)
def likely(pattern: Pattern) -> str | Symbols | None:
    """A text of the pattern as one may meet it; None where nothing matches."""
    code = pattern.code
    parts = code.split(":", 5)
    if len(parts) == 6 and not pattern.variables:
        for place, usual in _USUAL:
            parts[place] = usual if parts[place] in (STAR, SEGMENT_STAR) else parts[place]
        code = ":".join(parts)
    return _filled(_STAR_ALONE.sub("example", code), "x", "1")


def unlikely(pattern: Pattern, others: Sequence[Pattern]) -> str | Symbols | None:
    """A text of the pattern in which all that is open is a character that no other pattern names; None as above."""
    char = fresh("".join([other.code for other in others]))
    return _filled(pattern.code, char, char)


def _filled(code: str, star: str, one: str) -> str | Symbols | None:
    code = code.replace(STAR, star).replace(ANY, one)
    if "\0" not in code:
        return code
    code = _SET.sub(r"\1", code.replace(SEGMENT_STAR, star).replace(SEGMENT_ANY, one))
    symbols = tuple("\0" if token == NUL else token for token in tokens(code))
    if NOTHING in symbols:
        return None
    return symbols if VARIABLE in code or LOOSE_VARIABLE in code else "".join(symbols)


def usual(text: str, fits: Callable[[str], bool]) -> str:
    """The text with a region and an account where an ARN has next to nothing there and it still fits."""
    parts = text.split(":", 5)
    if len(parts) < 6:
        return text
    for place, value in _USUAL:
        if len(parts[place]) < 2:
            changed = ":".join([*parts[:place], value, *parts[place + 1 :]])
            text, parts = (changed, changed.split(":", 5)) if fits(changed) else (text, parts)
    return text
