"""Files in the shape of a vendor's: what is closed and what stays open, by what is known of the place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from harden.places import context, document, known

from narrowgate.harden.hardening import Hardened, Task, harden
from narrowgate.harden.reach import among, holes, reached, tagging_in
from narrowgate.harden.story import notes, told
from narrowgate.policy import Proved, surface

CASES = sorted((Path(__file__).parent.parent / "cases" / "harden").glob("*.json"))


def variants() -> list[Any]:
    made = []
    for path in CASES:
        case = json.loads(path.read_text(encoding="utf-8"))
        for variant in case["variants"]:
            made.append(pytest.param(case, variant, id=f"{path.stem}, {variant['name']}"))
    return made


def hardened(case: dict[str, Any], variant: dict[str, Any]) -> Hardened:
    found = harden(Task((document(case["original"]),), None, context(variant)), known())
    assert isinstance(found, Hardened), found
    return found


@pytest.mark.parametrize(("case", "variant"), variants())
def test_what_is_closed_and_what_stays_open(case: dict[str, Any], variant: dict[str, Any]) -> None:
    found = hardened(case, variant)
    sides = found.original, found.documents
    before, after = (reached(side, found.allows, found.context, known()) for side in sides)
    everything = (
        *holes(*sides, found.allows, found.context),
        *among(before, after),
        *tagging_in(*sides, found.allows, (found.context, known())),
    )
    assert {hole.name for hole in everything if not hole.is_open} == set(variant["closed"])
    assert {hole.name for hole in everything if hole.is_open} == set(variant["open"])
    assert sorted({each.action for each in after}) == variant["reached"]


@pytest.mark.parametrize(("case", "variant"), variants())
def test_the_result_is_contained_and_nothing_is_anywhere(case: dict[str, Any], variant: dict[str, Any]) -> None:
    found = hardened(case, variant)
    assert found.contained == Proved("open")
    assert not surface(found.documents, known()).scopable


@pytest.mark.parametrize(("case", "variant"), variants())
def test_nothing_unobserved_is_dropped(case: dict[str, Any], variant: dict[str, Any]) -> None:
    found = hardened(case, variant)
    before, after = surface(found.original, known()), surface(found.documents, known())
    assert set(after.actions) == set(before.actions)
    assert {each.status for each in told(found, known())} == {"unobserved"}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_what_is_dead_or_retired_is_told(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    said = notes(hardened(case, case["variants"][0]), known())
    assert all(any(line.startswith(begin) for line in said) for begin in case["notes"]), said
    assert len(said) >= len(case["notes"])
