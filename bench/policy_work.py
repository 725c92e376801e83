"""What the policy engine and its peers are asked, as plain data that any process in any language can read.

The resource of each question has a place for a number, `{n}`: 200 questions are 10,000 requests with as many
resources, and no request is ever asked twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

Json: TypeAlias = dict[str, Any]

NUMBER: Final = "{n}"
WARMING: Final = 9_000_000
"""Requests from this number on are asked before the time begins."""


def variant(question: Json, number: int) -> Json:
    """The question with its own resource."""
    return {**question, "resource": question["resource"].replace(NUMBER, f"{number:07d}")}


def numbered(questions: Sequence[Json], first: int, turns: int) -> Iterator[tuple[Json, int]]:
    """Every question once in each turn, each time with the next number: all engines ask in this order."""
    for turn in range(turns):
        for place, question in enumerate(questions):
            yield question, first + turn * len(questions) + place


def by_policy(questions: Sequence[Json]) -> dict[str, list[Json]]:
    """The questions by the name of the policy that they were made from."""
    made: dict[str, list[Json]] = {}
    for question in questions:
        made.setdefault(question["policy"], []).append(question)
    return made


def listed(value: Any) -> list[Any]:
    """A JSON value that may be one or a list, as a list."""
    return value if isinstance(value, list) else [value]
