"""Every case file of tests/cases/policy: a document, its kind, and what must be said of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from narrowgate.policy import Document, Fault, Faults, from_value, parse

CASES = sorted((Path(__file__).parents[1] / "cases" / "policy").glob("*.json"))


def test_there_are_cases() -> None:
    assert len(CASES) >= 80


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_case(path: Path) -> None:
    case = json.loads(path.read_text())
    text = case["text"] if "text" in case else json.dumps(case["document"], indent=2)
    variables = case.get("variables", {})
    _check(parse(text, case["kind"], variables=variables), case["expected"])
    if "document" in case:
        found = from_value(case["document"], case["kind"], variables=variables)
        _check(found, case["expected"])


def _check(found: Document | Faults, expected: Any) -> None:
    if expected == "ok":
        assert isinstance(found, Document), str(found)
        return
    assert isinstance(found, Faults), "accepted"
    left = list(found.items)
    for want in expected:
        hit = next((fault for fault in left if _is(fault, want)), None)
        assert hit, f"{want} is not among\n{found}"
        left.remove(hit)
    assert not left, "\n".join(map(str, left))


def _is(fault: Fault, want: dict[str, Any]) -> bool:
    fits_line = "line" not in want or fault.line == want["line"]
    return want["message"] in fault.message and fault.path == want["path"] and fits_line
