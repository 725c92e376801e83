"""`narrowgate policy evaluate --batch` and `compare --batch`: JSON lines in, one JSON line out for each, in order.

Answers leave as soon as the lines at hand are answered, so that a program may ask through a pipe and
wait; memory does not grow with the number of lines.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from json.encoder import encode_basestring_ascii as quoted
from typing import Final, Protocol, TypeAlias

from narrowgate.policy import Fault
from narrowgate.policy.decision import Decision, Switches
from narrowgate.policy.evaluation import Evaluator
from narrowgate.policy.lines import told
from narrowgate.verbs.policy_json import decision_data
from narrowgate.verbs.policy_request import Requests, Wrong

CHUNK: Final = 64 * 1024
LONGEST_LINE: Final = 64 * 1024 * 1024
MOST_REPLIES: Final = 8192

Answer: TypeAlias = "str | Wrong"
"""A reply as JSON text, or why there is none."""


class Source(Protocol):
    """Where lines come from: `read1` gives what is there, waits only for the first byte, and b"" is the end."""

    def read1(self, size: int = -1, /) -> bytes:
        """At most `size` bytes."""


class Sink(Protocol):
    """Where replies go."""

    def write(self, content: bytes, /) -> object:
        """Takes all of the bytes."""

    def flush(self) -> None:
        """Hands them on."""


@dataclass(slots=True)
class Tally:
    """How many lines were read, and how many of them could not be answered."""

    lines: int = 0
    wrong: int = 0


def evaluate_lines(source: Source, sink: Sink, switches: Switches) -> Tally:
    """Answers every line with a decision, or with what is wrong with it."""
    requests = Requests(lambda layers: Evaluator(layers, switches))
    replies = _Replies()

    def answer(line: str) -> Answer:
        asked = requests.read(line)
        if isinstance(asked, Wrong):
            return asked
        return f'{{"id": {asked.id}, {replies.text(asked.policies.evaluate(asked.request))}}}'

    return answer_lines(source, sink, answer)


class _Replies:
    """Decisions as text; an Evaluator gives equal decisions as one object, whose text is made once."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Decision, str]] = {}

    def text(self, decision: Decision) -> str:
        """The fields of a reply but for the id, without brackets."""
        made = self._made.get(id(decision))
        if made is None:
            if len(self._made) >= MOST_REPLIES:
                self._made.clear()
            # The decision is kept too: as long as it lives, no other object has its id.
            made = self._made[id(decision)] = decision, json.dumps(decision_data(decision))[1:-1]
        return made[1]


def answer_lines(source: Source, sink: Sink, answer: Callable[[str], Answer]) -> Tally:
    """Writes the answer to every line that is not blank; a line that cannot be answered ends nothing."""
    tally = Tally()
    number = 0
    for lines in _chunks(source):
        out: list[str] = []
        for line in lines:
            number += 1
            found = _answer(line, answer)
            if found is None:
                continue
            tally.lines += 1
            if isinstance(found, Wrong):
                tally.wrong += 1
                found = _told(found, number)
            out.append(found)
        if out:
            sink.write(("\n".join(out) + "\n").encode("ascii"))
            sink.flush()
    return tally


def _answer(line: bytes | None, answer: Callable[[str], Answer]) -> Answer | None:
    """None for a blank line."""
    if line is None:
        return Wrong("null", (Fault("", 0, 0, f"longer than {LONGEST_LINE} bytes"),))
    if not line or line.isspace():
        return None
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        return Wrong("null", (Fault("", 1, error.start + 1, "not UTF-8 text"),))
    return answer(text)


def _told(wrong: Wrong, number: int) -> str:
    """The reply to a line that cannot be answered; places name the line of the input."""
    faults = [replace(fault, line=fault.line + number - 1) if fault.line else fault for fault in wrong.faults]
    message = told(faults)
    placed = message if faults[0].line else f"line {number}: {message}"
    return f'{{"id": {wrong.id}, "error": {quoted(placed)}}}'


def _chunks(source: Source) -> Iterator[list[bytes | None]]:
    """The lines as they come in; None stands for one that is too long to be kept."""
    begun: list[bytes] = []
    size = 0
    while chunk := source.read1(CHUNK):
        first, *others = chunk.split(b"\n")
        size += len(first)
        if size <= LONGEST_LINE:
            begun.append(first)
        if not others:
            continue
        yield [b"".join(begun) if size <= LONGEST_LINE else None, *others[:-1]]
        begun, size = [others[-1]], len(others[-1])
    if size:
        yield [b"".join(begun) if size <= LONGEST_LINE else None]
