"""The actions that two policies can tell apart, as bits. Pure.

In the closed universe these are the known actions. In the open one any name may be an action, so there
is one bit for each name that is written out, and one for each combination of wildcard patterns that
some other name could match.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from narrowgate.policy import matching, pattern
from narrowgate.policy.actions import ActionList, positions
from narrowgate.policy.arn import is_pattern
from narrowgate.policy.clause import Clause
from narrowgate.policy.decision import ALWAYS_ALLOWED

# Small letters only: patterns are compared in lower case, where `X` would be the `x` that somebody wrote.
_NAME: Final = re.compile(r"[a-z0-9]+")
MOST_PATTERNS: Final = 500
"""Wildcard patterns of one service that are told apart."""

_LETTERS: Final = "z09xqjkvw12345678abcdefghilmnoprstuy"
_TAIL: Final = "zzunknown"
_BEYOND: Final = "\U0010ffff"
_NOBODYS: Final = "unmentioned"


@dataclass(frozen=True, slots=True)
class Names:
    """The actions of a universe by number; `inexact` says why there could be others.

    INVARIANT: the first `known` of them ascend in lower case.
    """

    names: tuple[str, ...]
    lower: tuple[str, ...]
    index: Mapping[str, int]
    known: int
    inexact: str = ""

    @property
    def everything(self) -> int:
        """The set of all the actions."""
        return (1 << len(self.names)) - 1

    def selected(self, clause: Clause) -> int:
        """The set of actions that a clause selects."""
        bits = 0
        for text in clause.actions:
            bits |= self._matching(text.lower())
        return self.everything & ~bits if clause.not_actions else bits

    def _matching(self, text: str) -> int:
        if text == "*":
            return self.everything
        if not is_pattern(text):
            place = self.index.get(text)
            return 0 if place is None else 1 << place
        test = matching.one_of((text,), matching.glob)
        if not matching.is_prefix(text):
            return sum(1 << place for place, name in enumerate(self.lower) if test(name))
        low = bisect_left(self.lower, text[:-1], 0, self.known)
        high = bisect_left(self.lower, text[:-1] + _BEYOND, 0, self.known)
        others = sum(1 << place for place in range(self.known, len(self.lower)) if test(self.lower[place]))
        return (1 << high) - (1 << low) | others

    def of(self, bits: int) -> tuple[str, ...]:
        """The names of a set, in order."""
        return tuple(self.names[place] for place in positions(bits))


def open_names(clauses: Iterable[Clause], *, exactly: Iterable[Clause]) -> Names:
    """One action for everything that the clauses can tell apart.

    `exactly`: those of them whose actions a request may have to meet together with others'. Of the
    rest it is enough to know what avoids as many as possible.
    """
    literals: dict[str, str] = {}
    patterns: dict[str, set[str]] = {}
    spread = {text.lower().partition(":")[0] for clause in exactly for text in clause.actions if is_pattern(text)}
    for clause in clauses:
        for text in clause.actions:
            if is_pattern(text) and text != "*":
                vendor, _, name = text.lower().partition(":")
                patterns.setdefault(vendor, set()).add(name)
            elif text != "*":
                literals.setdefault(text.lower(), text)
    others, inexact = _others(patterns, {**literals, **dict.fromkeys(ALWAYS_ALLOWED, "")}, spread)
    decided = sorted(literals.keys() - ALWAYS_ALLOWED)
    return _numbered(tuple(literals[lower] for lower in decided), tuple(others), inexact)


def closed_names(actions: ActionList, clauses: Iterable[Clause]) -> Names:
    """The known actions that some clause selects, by name or by not naming others."""
    wanted = 0
    for clause in clauses:
        bits = 0
        for text in clause.actions:
            bits |= actions.select(text)
        wanted |= actions.everything & ~bits if clause.not_actions else bits
    return _numbered(tuple(name for name in actions.chosen(wanted) if name.lower() not in ALWAYS_ALLOWED))


def _numbered(known: tuple[str, ...], others: tuple[str, ...] = (), inexact: str = "") -> Names:
    lower = tuple(name.lower() for name in (*known, *others))
    index = MappingProxyType({name: place for place, name in enumerate(lower)})
    return Names((*known, *others), lower, index, len(known), inexact)


def _others(patterns: Mapping[str, set[str]], literals: Collection[str], spread: set[str]) -> tuple[list[str], str]:
    """Names that nobody wrote out: one for each combination of the patterns that matches some.

    For services not in `spread` the least of each pattern will do.
    """
    taken = {*patterns, *(text.partition(":")[0] for text in literals)}
    nobodys = next(name for n in range(len(taken) + 1) if (name := f"{_NOBODYS}{n or ''}") not in taken)
    made, inexact = [f"{nobodys}:Zz"], ""
    for vendor, names in sorted(patterns.items()):
        found = None if len(names) > MOST_PATTERNS else _unwritten(vendor, names, literals)
        if found is None and vendor not in spread and len(names) <= MOST_PATTERNS:
            found = _least(vendor, names, literals)
        if found is None:
            inexact = f"the action patterns of `{vendor}` are too many to tell apart"
        else:
            made.extend(f"{vendor}:{name}" for name in found)
    return made, inexact


def _least(vendor: str, names: set[str], literals: Collection[str]) -> list[str] | None:
    """For each pattern a name that it matches, and no pattern that does not include it.

    Such a name is met by least: if it is covered, all others are that the pattern matches.
    """
    written = [pattern.exact(text.partition(":")[2]) for text in literals if text.startswith(f"{vendor}:")]
    globs = [pattern.glob(name) for name in sorted(names)]
    found = []
    for one in globs:
        others = [other for other in globs if not pattern.includes(other, one)]
        found.append(pattern.find([[one]], [*others, *written]))
    texts = [text for text in found if isinstance(text, str) and _NAME.fullmatch(text)]
    return texts if len(texts) == len(globs) else None


def _unwritten(vendor: str, names: set[str], literals: Collection[str]) -> list[str] | None:
    found = _beyond_prefixes(names) if all(map(matching.is_prefix, names)) else None
    if found is not None and not any(f"{vendor}:{name}" in literals for name in found):
        return found
    return _combinations(vendor, names, literals)


def _beyond_prefixes(names: set[str]) -> list[str] | None:
    """For each prefix a name that has it and no longer one; None where every letter goes on to one."""
    prefixes = {name[:-1] for name in names}
    made = []
    for prefix in sorted({"", *prefixes}):
        at = len(prefix)
        taken = {other[at : at + 1] for other in prefixes if other.startswith(prefix)}
        letter = next((letter for letter in _LETTERS if letter not in taken), None)
        if letter is None:
            return None
        made.append(prefix + letter + _TAIL)
    return made


def _combinations(vendor: str, names: set[str], literals: Collection[str]) -> list[str] | None:
    """A name for each combination of the patterns that some unwritten name matches; None: too many to tell."""
    written: list[str] = []
    while True:
        patterns = ["?*", *sorted(names), *written]
        cells = pattern.cells([pattern.glob(name) for name in patterns])
        if isinstance(cells, pattern.Undecided):
            return None
        found = [cell.text for cell in cells if cell.mask & 1 and not cell.mask >> (1 + len(names))]
        if not all(map(_NAME.fullmatch, found)):
            return None
        met = [name for name in found if f"{vendor}:{name}" in literals]
        if not met:
            return found
        written.extend(met)
