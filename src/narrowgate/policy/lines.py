"""Objects of a JSON text, field by field, so that long values seen before are not read again. Pure.

A value that begins with a bracket ends by itself: where a text goes on with such a value read before,
that is the value there. Requests by the thousand that repeat their policies then cost one comparison
of text a policy. INVARIANT: what is read does not depend on what was read before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from narrowgate.policy.place import Fault, shown
from narrowgate.policy.reader import scan

BEGINNING: Final = 256
"""Values shorter than this are read anew: a beginning of this length tells most others apart."""

MOST_KEPT: Final = 16 * 1024 * 1024
MOST_ALIKE: Final = 16
MOST_TOLD: Final = 5
MOST_SKIPPED: Final = 1024 * 1024
"""Characters of a value nested too deeply that are passed over to find the fields behind it."""

_OPEN: Final = re.compile(r"[ \t\n\r]*+\{[ \t\n\r]*+")
_NAME: Final = re.compile(r'"((?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*+)"[ \t\n\r]*+:[ \t\n\r]*+')
_SIMPLE: Final = re.compile(
    r'"([a-z_]++)"[ \t\n\r]*+:[ \t\n\r]*+(?:"([^"\\\x00-\x1f]*+)"|null)[ \t\n\r]*+([,}])[ \t\n\r]*+'
)
_START: Final = re.compile(r"\[[ \t\n\r]*+")
_AFTER: Final = re.compile(r"[ \t\n\r]*+([,}\]])[ \t\n\r]*+")
# A text that is not closed goes to the end: begun again at each of its quotes, it would cost the square of its length.
_NESTING: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[{]++|[\]}]', re.DOTALL)


class Number(str):
    """A number as it was written; so none is too long, and none loses digits."""

    __slots__ = ()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key is here twice")
    return made


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_EXACT: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=Number, parse_float=Number, parse_constant=_no_constant
)
_EXTENT: Final = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=_no_constant)


class _TooDeep(ValueError):
    """A value that the decoder cannot follow. How deep that is depends on how deep its caller is."""


def _decoded(decoder: json.JSONDecoder, text: str, at: int) -> tuple[Any, int]:
    """The value that begins at `at`, and where it ends. Raises ValueError."""
    try:
        return decoder.raw_decode(text, at)
    except RecursionError:
        raise _TooDeep("nested too deeply") from None


@dataclass(frozen=True, slots=True)
class Span:
    """A long value as it is written, and where it begins in its text."""

    at: int
    raw: str


@dataclass(slots=True)
class Fields:
    """The fields of one object, values decoded and long ones as Spans, and everything wrong with it.

    With faults, the rest is what could still be read.
    """

    values: dict[str, Any] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


class Memory:
    """Long values read before, by their beginnings; at most MOST_KEPT characters, then it begins anew."""

    def __init__(self) -> None:
        self._alike: dict[str, list[str]] = {}
        self._size = 0

    def value(self, text: str, at: int) -> str:
        """The value, an object or a list, that begins at `at`. Raises ValueError."""
        beginning = text[at : at + BEGINNING]
        for raw in self._alike.get(beginning, ()):
            if text.startswith(raw, at):
                return raw
        raw = text[at : _decoded(_EXTENT, text, at)[1]]
        if len(raw) >= BEGINNING:
            self._keep(beginning, raw)
        return raw

    def _keep(self, beginning: str, raw: str) -> None:
        if self._size + len(raw) > MOST_KEPT:
            self._alike.clear()
            self._size = 0
        alike = self._alike.setdefault(beginning, [])
        if len(alike) == MOST_ALIKE:
            self._size -= len(alike.pop())
        alike.insert(0, raw)
        self._size += len(raw)


def read_fields(text: str, known: frozenset[str], long: frozenset[str], memory: Memory) -> Fields:
    """The fields of the object that the text is; the objects and lists of those in `long` are kept as written.

    Everything wrong is in `faults`: no JSON, no object, a field twice, or one that is not in `known`.
    """
    found = Fields()
    try:
        _walk(text, long, memory, found)
    except ValueError:
        found.faults = list(_broken(text))
    if not found.faults:
        names = found.values.keys() | found.spans.keys()
        if not names <= known:
            fields = ", ".join(sorted(known))
            unknown = (f"{shown(name)} is not a field; there are {fields}" for name in sorted(names - known))
            found.faults.extend(Fault("", 0, 0, message) for message in unknown)
    return found


def _walk(text: str, long: frozenset[str], memory: Memory, found: Fields) -> None:
    """Fills `found`. Raises ValueError where the text is no JSON object."""
    sign, at, count, values = ",", _end(_OPEN.match(text)), 0, found.values
    if text.startswith("}", at):
        sign, at = "}", at + 1
    while sign == ",":
        count += 1
        # Most fields are a short text or null: one match reads them whole.
        if simple := _SIMPLE.match(text, at):
            name, value, sign = simple.groups()
            values[name], at = value, simple.end()
        else:
            sign, at = _field(text, at, long, memory, found)
    if text[at:].strip(" \t\n\r"):
        raise ValueError("text after the end")
    if len(values) + len(found.spans) != count or not values.keys().isdisjoint(found.spans):
        raise ValueError("a field is here twice")


def _field(text: str, at: int, long: frozenset[str], memory: Memory, found: Fields) -> tuple[str, int]:
    member = _NAME.match(text, at)
    at, name = _end(member), _name(member)
    try:
        if name in long and text.startswith(("{", "["), at):
            raw = memory.value(text, at)
            found.spans[name] = Span(at, raw)
            at += len(raw)
        else:
            found.values[name], at = _decoded(_EXACT, text, at)
    except _TooDeep:
        # What stands behind it may be the id, which the error is told with. The first one finds the fault for all.
        found.faults = found.faults or list(_broken(text))
        found.values[name], at = None, _past(text, at)
    return _sign(text, at, "}")


def _past(text: str, at: int) -> int:
    """Where the object or list that begins at `at` ends, however deep. Raises ValueError."""
    depth = 0
    for sign in _NESTING.finditer(text, at, at + MOST_SKIPPED):
        first = sign.group()[0]
        if first in "[{":
            depth += sign.end() - sign.start()
        elif first in "]}":
            depth -= 1
            if not depth:
                return sign.end()
    raise ValueError("not closed")


def _name(member: re.Match[str] | None) -> str:
    name = member.group(1) if member else ""
    return str(json.loads(f'"{name}"')) if "\\" in name else name


def elements(span: Span, memory: Memory) -> Iterator[Span]:
    """The elements of a Span that is a list; `at` counts on from the same text. Any that is no object or list, too.

    Raises ValueError where one is nested too deeply; `too_deep` says where.
    """
    at, sign = _end(_START.match(span.raw)), ","
    if span.raw[at] == "]":
        return
    while sign == ",":
        is_long = span.raw.startswith(("{", "["), at)
        raw = memory.value(span.raw, at) if is_long else span.raw[at : _decoded(_EXACT, span.raw, at)[1]]
        yield Span(span.at + at, raw)
        sign, at = _sign(span.raw, at + len(raw), "]")


def too_deep(span: Span) -> tuple[Fault, ...]:
    """Why the elements of a Span cannot be read, as faults of its own text."""
    return scan(span.raw).faults or (Fault("", 1, 1, "nested too deeply"),)


def _end(found: re.Match[str] | None) -> int:
    if found is None:
        raise ValueError("no JSON object")
    return found.end()


def _sign(text: str, at: int, close: str) -> tuple[str, int]:
    """The comma or closing bracket after a value, and where what follows begins."""
    found = _AFTER.match(text, at)
    if found is None or found.group(1) not in (",", close):
        raise ValueError("no comma")
    return found.group(1), found.end()


def _broken(text: str) -> tuple[Fault, ...]:
    """Why the text is no JSON object, with line and column; the strict reader finds the words."""
    if faults := scan(text).faults:
        return faults
    is_object = text.lstrip(" \t\n\r").startswith("{")
    return (Fault("", 1, 1, "this object cannot be read" if is_object else "not a JSON object"),)


def told(faults: Sequence[Fault]) -> str:
    """The first MOST_TOLD faults in one line."""
    first = "; ".join(str(fault) for fault in faults[:MOST_TOLD])
    more = len(faults) - MOST_TOLD
    return f"{first}; and {more} more" if more > 0 else first


def moved(fault: Fault, path: str, text: str, at: int) -> Fault:
    """A fault of a value that begins at `at` of the text, as a fault of that text; `path` is the value's."""
    line, column = (fault.line, fault.column) if fault.line else (1, 1)
    if line == 1:
        column += at - (text.rfind("\n", 0, at) + 1)
    inner = fault.path if not fault.path or fault.path.startswith("[") else f".{fault.path}"
    return Fault(f"{path}{inner}", line + text.count("\n", 0, at), column, fault.message)
