"""Mutants and alternatives: a mutant that is said to be wider is, by the engine's own comparison."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prove.example import derived, document, evidence, known
from prove.test_minimality import ALL, WITH_DENIES, one, stated

from narrowgate.catalogue.rule import RESERVED
from narrowgate.policy import Document, Proved, covers
from narrowgate.prove.alternatives import another_prefix, others_of, renamed
from narrowgate.prove.mutants import Mutant, mutants_of

CASES = Path(__file__).parents[1] / "cases" / "prove" / "renamed.json"
EVERYTHING = stated("Allow", {"Action": "*"}, ALL)


def mutants(made: Document) -> Iterator[Mutant]:
    return mutants_of(0, made, others_of(evidence(), known()))


@pytest.mark.parametrize("made", ["derived", "with denies"])
def test_a_mutant_is_what_it_is_said_to_be(made: str) -> None:
    whole = one() if made == "derived" else document(json.dumps(WITH_DENIES))
    statements = json.loads(whole.text())["Statement"]
    senses = set()
    for mutant in mutants(whole):
        before = statements[mutant.statement]
        after = () if mutant.changed is None else tuple(json.loads(mutant.changed.text())["Statement"])
        beside = (EVERYTHING,) if before["Effect"] == "Deny" else ()
        more, less = grown((*beside, before)), grown((*beside, *after))
        if mutant.sense == "wider":
            more, less = less, more
        # A sequence without documents allows nothing.
        assert isinstance(covers(more, less), Proved), mutant
        senses.add((before["Effect"], mutant.sense))
    assert len(senses) == (2 if made == "derived" else 4)


def grown(statements: tuple[dict[str, Any], ...]) -> tuple[Document, ...]:
    return (document(json.dumps({"Version": "2012-10-17", "Statement": list(statements)})),) if statements else ()


def test_every_mutant_differs_from_its_statement() -> None:
    for mutant in mutants(one()):
        if mutant.changed is not None:
            assert mutant.changed.statements[0] != one().statements[mutant.statement], mutant
    names = [str(each) for each in mutants(one())]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("arn", "expect"), [pytest.param(*each, id=name) for name, each in json.loads(CASES.read_text()).items()]
)
def test_renamed(arn: str, expect: str) -> None:
    assert renamed(arn.replace("@", RESERVED)) == expect.replace("@", RESERVED)


def test_an_object_has_another_prefix_where_it_has_one() -> None:
    assert another_prefix("arn:aws:s3:::b/a/c") == "arn:aws:s3:::b/a-another/c"
    assert another_prefix("arn:aws:s3:::b/c") == ""
    assert another_prefix("arn:aws:iam::123456789012:role/a/b/c") == ""


def test_the_example_has_wider_and_narrower_mutants_of_every_statement() -> None:
    made = derived().documents[0]
    assert {(each.statement, each.sense) for each in mutants(made)} == {
        (number, sense) for number in range(len(made.statements)) for sense in ("wider", "narrower")
    }
