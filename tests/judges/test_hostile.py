"""Malformed and hostile documents: a located fault or an answer, from every entrance, none of them slow."""

from __future__ import annotations

import pytest

from judges.hostile import examine
from narrowgate.adapters.action_data import action_list


@pytest.mark.parametrize("number", [15, pytest.param(150, marks=pytest.mark.slow)])
def test_hostile_documents_are_answered(number: int) -> None:
    report = examine(2, number, action_list())
    assert report.wrong == []
    assert sum(group.documents for group in report.groups.values()) == number
    if number > 100:
        assert sum(group.accepted for group in report.groups.values()) > number // 10
