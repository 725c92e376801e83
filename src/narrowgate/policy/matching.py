"""Wildcards, compiled: from patterns to the test that a text meets one of them. Pure.

Each test is linear in pattern and text, whatever they are. What can be answered by a set or by
startswith is; 98 of 100 patterns of AWS's own policies can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from narrowgate.policy import wildcard
from narrowgate.policy.arn import is_pattern, matches
from narrowgate.policy.variable import COLON

Test: TypeAlias = Callable[[str], bool]


def always(_: str) -> bool:
    """The test of `*`."""
    return True


def one_of(patterns: Iterable[str], compiled: Callable[[str], Test]) -> Test:
    """The test that a text meets one of the patterns, each of them compiled as given."""
    literals: set[str] = set()
    prefixes: list[str] = []
    others: list[Test] = []
    for text in patterns:
        if text == "*":
            return always
        if not is_pattern(text):
            literals.add(text)
        elif is_prefix(text):
            prefixes.append(text[:-1])
        else:
            others.append(compiled(text))
    return _joined(frozenset(literals), tuple(prefixes), tuple(others))


def is_prefix(text: str) -> bool:
    """Whether the only wildcard is a star at the end."""
    return text.endswith("*") and "?" not in text and text.find("*") == len(text) - 1


def _joined(literals: frozenset[str], prefixes: tuple[str, ...], others: tuple[Test, ...]) -> Test:
    if not others:
        return _simple(literals, prefixes)
    if len(others) == 1 and not literals and not prefixes:
        return others[0]

    def test(text: str) -> bool:
        if text in literals or text.startswith(prefixes):
            return True
        return any(other(text) for other in others)

    return test


def _simple(literals: frozenset[str], prefixes: tuple[str, ...]) -> Test:
    if not prefixes:
        return literals.__contains__
    if literals:
        return lambda text: text in literals or text.startswith(prefixes)
    if len(prefixes) == 1:
        prefix = prefixes[0]
        return lambda text: text.startswith(prefix)
    return lambda text: text.startswith(prefixes)


def glob(text: str) -> Test:
    """`*` and `?` over the whole text."""
    pieces = text.split("*")
    if "?" in text or len(pieces) == 1:
        return lambda value: matches(text, value)
    head, *middle, tail = pieces
    return _between(head, tuple(piece for piece in middle if piece), tail)


def _between(head: str, middle: Sequence[str], tail: str) -> Test:
    """Head, then the pieces in order, then tail; each piece where it is first found."""
    start, shortest = len(head), len(head) + len(tail)

    def test(text: str) -> bool:
        if not text.startswith(head) or not text.endswith(tail) or len(text) < shortest:
            return False
        at, end = start, len(text) - len(tail)
        for piece in middle:
            at = text.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    return test


def resource(text: str, *, whole: bool) -> Test:
    """A Resource pattern; `whole` and the other reading are in docs/policy-engine.md."""
    plain = text.replace(COLON, ":")
    return glob(plain) if whole or crosses_freely(text) else _segmented(plain)


def crosses_freely(text: str) -> bool:
    """Whether every wildcard may match a colon: each stands at the end of its segment, or in the sixth part."""
    segments = text.split(":", 5)
    early = segments[:5] if len(segments) == 6 else segments
    return not any("?" in part or "*" in part[:-1] for part in early)


def _segmented(text: str) -> Test:
    made = wildcard.resource(text)
    return lambda value: wildcard.matches(made, value)


def arn(text: str) -> Test:
    """An ARN pattern of a condition: six parts, compared one by one; wildcards of five meet no colon."""
    parts = text.split(":", 5)
    if text == "*":
        return always
    if len(parts) != 6:
        return _never
    shown = (part.replace(COLON, ":") for part in parts)
    tests = [(index, one_of((part,), glob)) for index, part in enumerate(shown) if part != "*"]

    def test(value: str) -> bool:
        found = value.split(":", 5)
        return len(found) == 6 and found[0] == "arn" and all(each(found[index]) for index, each in tests)

    return test


def _never(_: str) -> bool:
    return False
