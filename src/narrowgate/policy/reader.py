"""A strict JSON reader that keeps the place of every value and every key. Pure.

Stricter than `json.loads`: no duplicate keys, NaN, byte order mark, lone surrogates, nor more than
64 levels or 65,536 values. Numbers keep their spelling, so none is too long to read. Linear in the text.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn, TypeAlias

from narrowgate.policy.place import NOWHERE, Fault, Faults, Place, Step, fault_at, shown

DEEPEST: Final = 64
MOST_VALUES: Final = 65_536
MOST_REPETITIONS: Final = 1_000
"""Keys that may be there twice before the reader stops: each costs the spelling of its path."""

_SPACE = re.compile(r"[ \t\n\r]*+")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")
_OPEN_STRING = re.compile(r'"[^"\\\x00-\x1f]*+(?:\\[^\x00-\x1f][^"\\\x00-\x1f]*+)*+')
_WORD = re.compile(r"[A-Za-z]++")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number as it was written."""

    text: str


@dataclass(frozen=True, slots=True)
class Member:
    """One `"key": value` of an object; `place` is the key's."""

    key: str
    node: Node
    place: Place = field(compare=False)


@dataclass(frozen=True, slots=True)
class Node:
    """A value and its place. An object is a tuple of Members, a list a tuple of Nodes.

    `is_object` tells an empty object from an empty list.
    """

    value: Content
    place: Place = field(compare=False)
    is_object: bool = False

    @property
    def members(self) -> tuple[Member, ...]:
        """The members of an object; none for anything else."""
        return tuple(m for m in self.value if isinstance(m, Member)) if isinstance(self.value, tuple) else ()

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The items of a list; none for anything else."""
        return tuple(n for n in self.value if isinstance(n, Node)) if isinstance(self.value, tuple) else ()

    @property
    def is_list(self) -> bool:
        """Whether this is a JSON array."""
        return isinstance(self.value, tuple) and not self.is_object


Content: TypeAlias = "str | Number | bool | tuple[Node, ...] | tuple[Member, ...] | None"


@dataclass(frozen=True, slots=True)
class Scan:
    """What was read: the value, as far as there is one, and everything wrong with it."""

    node: Node | None
    faults: tuple[Fault, ...]


def read(text: str) -> Node | Faults:
    """The value that the text spells, or everything wrong with it; never raises."""
    return _strictly(scan(text))


def scan(text: str) -> Scan:
    """The value and its faults side by side: with a duplicate key the rest can still be judged."""
    scanner = _Scanner(text)
    try:
        node = scanner.document()
    except _Stop as stop:
        return Scan(None, (*scanner.faults, stop.fault))
    return Scan(node, tuple(scanner.faults))


def scan_value(value: object) -> Scan:
    """An already decoded value as a Node; its places are paths only, line 0.

    Takes mappings with text keys, lists, tuples, text, numbers, booleans and None.
    """
    converter = _Converter()
    try:
        return Scan(converter.node(value, NOWHERE, 0), ())
    except _Stop as stop:
        return Scan(None, (stop.fault,))


def _strictly(found: Scan) -> Node | Faults:
    if found.node is None or found.faults:
        return Faults(found.faults)
    return found.node


class _Stop(Exception):
    """Nothing after this fault can be understood."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class _Scanner:
    """One pass over one text; nesting is bounded, so recursion is."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.count = 0
        self.faults: list[Fault] = []
        self.starts = [0, *(m.end() for m in re.finditer("\n", text))]

    def place(self, at: int, parent: Place | None = None, step: Step | None = None) -> Place:
        line = bisect_right(self.starts, at)
        return Place(line, at - self.starts[line - 1] + 1, step, parent)

    def stop(self, message: str, within: Place, at: int | None = None) -> NoReturn:
        here = self.place(self.at if at is None else at)
        raise _Stop(Fault(within.path, here.line, here.column, message))

    def peek(self) -> str:
        space = _SPACE.match(self.text, self.at)
        self.at = space.end() if space else self.at
        return self.text[self.at : self.at + 1]

    def document(self) -> Node:
        if self.text.startswith("\ufeff"):
            self.stop("a byte order mark; save the file as UTF-8 without one", NOWHERE)
        node = self.value(None, None, 1)
        if self.peek():
            self.stop(f"text after the end of the document: {shown(self.text[self.at])}", NOWHERE)
        return node

    def value(self, parent: Place | None, step: Step | None, depth: int) -> Node:
        first = self.peek()
        place = self.place(self.at, parent, step)
        self.count += 1
        if self.count > MOST_VALUES:
            self.stop(f"more than {MOST_VALUES} values; no policy has so many", NOWHERE)
        if first in ("{", "["):
            if depth > DEEPEST:
                self.stop(f"nested more than {DEEPEST} levels deep", NOWHERE)
            self.at += 1
            if first == "{":
                return Node(self.members(place, depth), place, is_object=True)
            return Node(self.items(place, depth), place)
        return Node(self.string(place) if first == '"' else self.plain(place), place)

    def members(self, place: Place, depth: int) -> tuple[Member, ...]:
        found: list[Member] = []
        seen: set[str] = set()
        if self.peek() == "}":
            self.at += 1
            return ()
        while True:
            member = self.member(place, depth)
            if member.key in seen:
                self.faults.append(fault_at(member.place, f"the key {shown(member.key)} is here twice"))
                if len(self.faults) >= MOST_REPETITIONS:
                    self.stop(f"{MOST_REPETITIONS} keys are here twice; the rest was not read", place)
            seen.add(member.key)
            found.append(member)
            if not self.more("}", place):
                return tuple(found)

    def member(self, place: Place, depth: int) -> Member:
        if self.peek() != '"':
            self.stop('expected a key in `"`', place)
        start = self.at
        key = self.string(place)
        if self.peek() != ":":
            self.stop(f"expected `:` after the key {shown(key)}", place)
        self.at += 1
        return Member(key, self.value(place, key, depth + 1), self.place(start, place, key))

    def items(self, place: Place, depth: int) -> tuple[Node, ...]:
        found: list[Node] = []
        if self.peek() == "]":
            self.at += 1
            return ()
        while True:
            found.append(self.value(place, len(found), depth + 1))
            if not self.more("]", place):
                return tuple(found)

    def more(self, close: str, place: Place) -> bool:
        """Steps over a comma or the closing bracket; whether another item follows."""
        sign = self.peek()
        if sign not in (",", close) or not sign:
            self.stop(f"expected `,` or `{close}`", place)
        self.at += 1
        if sign == "," and self.peek() == close:
            self.stop(f"a comma before `{close}`", place)
        return sign == ","

    def string(self, place: Place) -> str:
        start = self.at
        opened = _OPEN_STRING.match(self.text, start)
        end = opened.end() if opened else start
        if self.text[end : end + 1] != '"':
            open_end = end >= len(self.text)
            message = "the text in quotes is not closed" if open_end else "a control character in a text"
            self.stop(message, place, start if open_end else end)
        self.at = end + 1
        try:
            text = str(json.loads(self.text[start : self.at]))
        except json.JSONDecodeError as error:
            self.stop("an escape that JSON does not have", place, start + error.pos)
        if _SURROGATE.search(text):
            self.stop("half of a surrogate pair", place, start)
        return text

    def plain(self, place: Place) -> Content:
        if number := _NUMBER.match(self.text, self.at):
            self.at = number.end()
            return Number(number.group())
        word = _WORD.match(self.text, self.at)
        if word is None or word.group() not in _WORDS:
            what = word.group() if word else self.text[self.at : self.at + 1]
            self.stop(f"expected a value, not {shown(what)}" if what else "the text ends too early", place)
        self.at = word.end()
        return _WORDS[word.group()]


class _Converter:
    """Turns decoded values into Nodes; bounded in depth and number, so that cycles end."""

    def __init__(self) -> None:
        self.count = 0

    def node(self, value: object, place: Place, depth: int) -> Node:
        self.count += 1
        if depth > DEEPEST or self.count > MOST_VALUES:
            raise _Stop(fault_at(NOWHERE, f"more than {DEEPEST} levels or {MOST_VALUES} values"))
        match value:
            case Mapping():
                return Node(self.members(value, place, depth), place, is_object=True)
            case list() | tuple():
                return Node(self.items(value, place, depth), place)
        return Node(_content(value, place), place)

    def members(self, value: Mapping[object, object], place: Place, depth: int) -> tuple[Member, ...]:
        found: list[Member] = []
        for key, item in value.items():
            if not isinstance(key, str) or _SURROGATE.search(key):
                raise _Stop(fault_at(place, f"a key that is not text: {shown(str(key))}"))
            here = Place(0, 0, key, place)
            found.append(Member(key, self.node(item, here, depth + 1), here))
        return tuple(found)

    def items(self, value: Sequence[object], place: Place, depth: int) -> tuple[Node, ...]:
        return tuple(self.node(v, Place(0, 0, i, place), depth + 1) for i, v in enumerate(value))


def _content(value: object, place: Place) -> Content:
    match value:
        case None | bool():
            return value
        case str() if not _SURROGATE.search(value):
            return str(value)
        case int() if abs(value) < 10**40:
            return Number(str(int(value)))
        case float() if math.isfinite(value):
            return Number(repr(float(value)))
    raise _Stop(fault_at(place, "a value that JSON does not have, or cannot be read back"))
