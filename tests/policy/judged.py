"""A slow judge of wildcard patterns: regular expressions over all short texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, product
from typing import TypeAlias

from hypothesis import strategies as st

from narrowgate.policy.pattern import Pattern, arn, exact, glob, resource

# The judge writes a variable as one character: V and W, and v and w for the same ones in any case.
# No pattern names z.
VARIABLES = {"V": "${s:v}", "W": "${s:w}", "v": "${S:V}", "w": "${S:W}"}
CHARACTER = "[^VWvw]"
NOT_COLON = "[^:VWvw]"


@dataclass(frozen=True)
class Judged:
    """A pattern beside the judge's reading of it; `asks`: what stands before a variable, and its symbols."""

    pattern: Pattern
    whole: re.Pattern[str]
    asks: tuple[tuple[re.Pattern[str], str], ...]

    def takes(self, word: str) -> bool:
        return self.whole.fullmatch(word) is not None

    def asks_for(self, before: str, symbol: str) -> bool:
        return any(symbol in symbols and start.fullmatch(before) for start, symbols in self.asks)


Reader: TypeAlias = Callable[[str], Judged]


def as_glob(source: str) -> Judged:
    return _judged(glob(as_text(source), variables=True), [_unit(c) for c in source])


def as_glob_of_any_case(source: str) -> Judged:
    units = [f"[{c}{c.swapcase()}]" if c in "abVW" else _unit(c) for c in source]
    return _judged(glob(as_text(source), ignore_case=True, variables=True), units)


def as_exact(source: str) -> Judged:
    return _judged(exact(as_text(source), variables=True), [f"[{c}]" for c in source])


def as_resource(source: str) -> Judged:
    return _judged(resource(as_text(source), variables=True), _segment_units(source))


def as_arn(source: str) -> Judged:
    """With `source` for the account and what follows it."""
    head, colon, tail = source.partition(":")
    text = as_text("arn::::" + source)
    if not colon:
        return _judged(arn(text, variables=True), ["(?!)"])
    units = ["arn::::", *(_unit(c, "s", "c") for c in head), ":", *(_unit(c) for c in tail)]
    return _judged(arn(text, variables=True), units)


def _segment_units(source: str) -> list[str]:
    """The sources are too short for a sixth segment."""
    ends = [source[i + 1 : i + 2] in ("", ":") for i in range(len(source))]
    return [_unit(c, "*" if end else "s", "c") for c, end in zip(source, ends, strict=True)]


def as_text(source: str) -> str:
    """A source or a word with its variables spelled out."""
    return "".join(VARIABLES.get(c, c) for c in source)


def _unit(c: str, star: str = "*", one: str = "?") -> str:
    return {"*": star, "?": one}.get(c, f"[{c}]")


def _judged(pattern: Pattern, units: Sequence[str]) -> Judged:
    asks = [(re.compile(_expression(units[:i])), u) for i, u in enumerate(units) if u[1:2] in ("V", "W")]
    return Judged(pattern, re.compile(_expression(units), re.DOTALL), tuple(asks))


def _expression(units: Sequence[str]) -> str:
    """A run of `?` and `*` asks for so many characters, with variables anywhere if there is a star."""
    parts = []
    for wild, group in groupby(units, key=lambda unit: unit in "*?"):
        run = list(group)
        if wild and "*" in run:
            parts.append(f"(?:[VWvw]*{CHARACTER}){{{run.count('?')}}}.*")
        else:
            parts.extend({"?": CHARACTER, "s": NOT_COLON + "*", "c": NOT_COLON}.get(unit, unit) for unit in run)
    return "".join(parts)


WORDS = ["".join(letters) for size in range(6) for letters in product("ab:z", repeat=size)]
LOADED = [word for size in range(5) for word in map("".join, product("ab:zVv", repeat=size)) if set(word) & set("Vv")]


def admitted(word: str, judged: Iterable[Judged]) -> bool:
    """Whether each variable stands where one of the patterns asks for it."""
    return all(c not in "VWvw" or any(one.asks_for(word[:i], c) for one in judged) for i, c in enumerate(word))


def words(judged: Sequence[Judged]) -> list[str]:
    if not any(one.asks for one in judged):
        return WORDS
    return WORDS + [word for word in LOADED if admitted(word, judged)]


def as_word(text: str) -> str:
    """A witness as the judge writes it."""
    for symbol, spelling in VARIABLES.items():
        text = text.replace(spelling, symbol)
    return text


plain = st.builds(as_glob, st.text("ab:*?", max_size=4))
readers = st.sampled_from([as_glob, as_glob_of_any_case, as_exact, as_resource])
mixed = st.builds(lambda reader, source: reader(source), readers, st.text("ab:*?V", max_size=4))
starry = st.builds(as_glob, st.text("aa**?V", max_size=5))
patterns = st.one_of(plain, mixed, starry)
pairs = st.one_of(
    st.lists(patterns, min_size=2, max_size=2),
    # The two readings of a wildcard, close beside each other.
    st.lists(st.builds(as_resource, st.text("a:*?", max_size=4)), min_size=2, max_size=2),
    st.tuples(
        st.builds(as_glob, st.text("ab:", max_size=3).map(lambda text: text + "*")),
        st.builds(as_glob, st.text("ab:**?", max_size=5)),
    ),
)


def mask(word: str, judged: Sequence[Judged]) -> int:
    """The patterns that the judge says take it, as bits."""
    return sum(one.takes(word) << i for i, one in enumerate(judged))
