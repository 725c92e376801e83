"""Where a thing stands in a policy document, and what is wrong there. Pure.

INVARIANT: a place never takes part in equality of what it marks; a document means the same wherever
its parts are written.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TypeAlias

LONGEST_STEP = 60
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Step: TypeAlias = "str | int"


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a document: line and column, both 1-based; 0 where only the path is known.

    Paths are spelled only when asked for: the places of a large document then cost no more than
    its values.
    """

    line: int = 0
    column: int = 0
    step: Step | None = field(default=None, repr=False)
    parent: Place | None = field(default=None, repr=False)

    @property
    def path(self) -> str:
        """`Statement[2].Action[0]`; the empty string for the document itself."""
        steps: list[str] = []
        here: Place | None = self
        while here is not None:
            steps.append(_spelled(here.step))
            here = here.parent
        return "".join(reversed(steps)).removeprefix(".")

    def __str__(self) -> str:
        name = self.path or "the document"
        return f"{name} (line {self.line}, column {self.column})" if self.line else name


def _spelled(step: Step | None) -> str:
    if step is None:
        return ""
    if isinstance(step, int):
        return f"[{step}]"
    short = step if len(step) <= LONGEST_STEP else step[:LONGEST_STEP] + "..."
    return f".{short}" if _PLAIN_KEY.fullmatch(short) else f"[{json.dumps(short)}]"


NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a document: JSON path, line and column (0 where unknown), what to do."""

    path: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        where = f"line {self.line}, column {self.column}: " if self.line else ""
        return f"{where}{self.path + ': ' if self.path else ''}{self.message}"


@dataclass(frozen=True, slots=True)
class Faults:
    """Everything found wrong with a document, in the order of the text. Never empty."""

    items: tuple[Fault, ...]

    def __post_init__(self) -> None:
        if not self.items:
            raise ValueError("no faults is a document, not Faults")

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.items)


def fault_at(place: Place, message: str) -> Fault:
    """The fault at a place."""
    return Fault(place.path, place.line, place.column, message)


def shown(text: str) -> str:
    """The text as a message quotes it: in backticks, on one line, at most 80 characters."""
    line = json.dumps(text, ensure_ascii=True)[1:-1].replace('\\"', '"')
    return f"`{line if len(line) <= 80 else line[:77] + '...'}`"
