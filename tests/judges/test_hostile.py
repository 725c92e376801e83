"""Malformed and hostile documents: a located fault or an answer, from every entrance, none of them slow."""

from __future__ import annotations

from random import Random

import pytest

from judges.hostile import Trial, Wrong, _outcome, agree, examine, located
from judges.hostile_documents import GROUPS, Hostile, documents
from narrowgate.adapters.action_data import action_list
from narrowgate.policy import Document, Fault, Faults, load, parse


@pytest.mark.parametrize("number", [15, pytest.param(600, marks=pytest.mark.slow)])
def test_hostile_documents_are_answered(number: int) -> None:
    report = examine(2, number, action_list(), seconds=20)
    assert report.wrong == []
    assert sum(group.documents for group in report.groups.values()) == number
    if number > 100:
        assert sum(group.accepted for group in report.groups.values()) > number // 10


TEXT = '{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}'
NOWHERE = Faults((Fault("", 0, 0, "something"),))


def test_a_seed_repeats_a_document_whatever_comes_before() -> None:
    texts = [(one.group, one.source) for one in documents(5, 40) if isinstance(one.source, str)]
    again = [(one.group, one.source) for one in documents(5, 60) if isinstance(one.source, str)]
    assert texts == again[: len(texts)]
    assert {one.group for one in documents(5, 400)} == set(GROUPS)


def test_the_judge_sees_two_answers_that_differ() -> None:
    read = parse(TEXT, "identity")
    assert isinstance(read, Document)
    agree(read, load(TEXT, "identity"))
    for other in (load(TEXT.replace("s3", "ec2"), "identity"), load(TEXT, "scp"), NOWHERE):
        with pytest.raises(Wrong):
            agree(read, other)
    with pytest.raises(Wrong):
        agree(NOWHERE, load(TEXT, "identity"))


def test_the_judge_sees_a_fault_that_is_nowhere() -> None:
    located(Faults((Fault("", 1, 1, "something"),)), decoded=False)
    located(NOWHERE, decoded=True)
    with pytest.raises(Wrong):
        located(NOWHERE, decoded=False)
    with pytest.raises(Wrong):
        located(Faults((Fault("Statement", 1, 1, ""),)), decoded=False)


def test_a_crash_is_a_finding() -> None:
    trial = Trial(Hostile("crashes", "nonsense", TEXT), Random(1), action_list())  # type: ignore[arg-type]
    assert _outcome(trial).startswith("KeyError in parse")
