"""The quick way in says what the strict reader says, and takes what nearly all documents are."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy.strategies import documents

from judges.hostile_documents import restructured
from judges.pairs import random_pair
from narrowgate.policy import Faults, Kind, from_value, load, parse
from narrowgate.policy import loading as quick
from narrowgate.policy.clause import policy_of

CASES = sorted((Path(__file__).parents[1] / "cases" / "policy").glob("*.json"))
KINDS: tuple[Kind, ...] = ("identity", "boundary", "scp", "resource", "trust", "rcp")


def agree(text: str, kind: Kind, *, lenient: bool = False) -> bool:
    """Both ways say the same; whether it is a policy."""
    strict, made = parse(text, kind, lenient=lenient), load(text, kind, lenient=lenient)
    if isinstance(strict, Faults):
        assert made == strict, text
        return False
    assert made == policy_of(strict), text
    return True


def agree_decoded(value: Mapping[str, object], kind: Kind, *, lenient: bool = False) -> bool:
    """The same for a value that arrives decoded."""
    strict, made = from_value(value, kind, lenient=lenient), load(value, kind, lenient=lenient)
    if isinstance(strict, Faults):
        assert made == strict, value
        return False
    assert made == policy_of(strict), value
    return True


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_case_of_the_grammar(path: Path) -> None:
    case = json.loads(path.read_text())
    text = case["text"] if "text" in case else json.dumps(case["document"])
    for kind in KINDS:
        agree(text, kind)
        if isinstance(case.get("document"), dict):
            agree_decoded(case["document"], kind)


@pytest.mark.slow
@given(st.booleans().flatmap(lambda principals: documents(principals=principals)), st.integers())
def test_documents_of_every_shape_and_small_damage_to_them(made: dict[str, Any], seed: int) -> None:
    rng = random.Random(seed)
    damaged = restructured(rng, made)
    for kind in KINDS:
        agree(json.dumps(made), kind)
        agree(json.dumps(damaged), kind, lenient=rng.random() < 0.3)
        agree_decoded(made, kind)
        if isinstance(damaged, dict):
            agree_decoded(damaged, kind)


def test_random_documents_and_what_damage_makes_of_them() -> None:
    taken = 0
    for seed in range(250):
        rng = random.Random(seed)
        value: Any = json.loads(random_pair(rng)[0][0].text())
        for _ in range(3):
            taken += agree(json.dumps(value), rng.choice(KINDS[:3]), lenient=rng.random() < 0.3)
            value = restructured(rng, value)
    assert 200 < taken < 700


@pytest.mark.parametrize(
    "text",
    [
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Action":"*","Resource":"*"}}',
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get\\ns3:Put","Resource":"*"}}',
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:*",1],"Resource":"*"}}',
        '{"Version":"2012-10-17","Statement":{"Sid":null,"Effect":"Allow","Action":"s3:*","Resource":"*"}}',
        '{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"},'
        '{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"}]}',
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:ec2:::YOUR_NAME"}}',
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*",'
        '"Condition":{"Bool":{"aws:SecureTransport":["true","false"]}}}}',
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*",'
        '"Condition":{"StringEquals":{"aws:x":"1","AWS:X":"2"}}}}',
        "[" * 100_000,
        "NaN",
        "\ufeff{}",
    ],
)
def test_what_looks_right_and_is_not(text: str) -> None:
    for kind in KINDS:
        assert not agree(text, kind)


def test_the_quick_way_is_taken() -> None:
    """Else its tests would test the strict reader against itself."""
    text = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:Get*","ec2:*"],"Resource":'
        '["arn:aws:ec2:*:*:volume/*","arn:aws:s3:::b/${aws:username}/*"],"Condition":{"StringLike":{"aws:x":"a*"},'
        '"Bool":{"aws:SecureTransport":true}}}}'
    )
    for kind in KINDS[:3]:
        assert quick._policy(quick._decoded(text), kind) == load(text, kind)


STATEMENT: dict[Any, Any] = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}


@pytest.mark.parametrize(
    "statement",
    [
        STATEMENT | {"Action": ("s3:*",)},
        STATEMENT | {"Resource": ["*", "*\n"]},
        STATEMENT | {"Effect": ["Allow"]},
        STATEMENT | {"Sid": None},
        STATEMENT | {1: "a"},
        STATEMENT | {"Condition": {"StringEquals": {1: "a"}}},
        STATEMENT | {"Condition": {"StringEquals": {b"aws:x": "a", "aws:x": "a"}}},
        STATEMENT | {"Condition": {None: {"aws:x": "a"}}},
        STATEMENT | {"Condition": {1: {"aws:x": "a", "aws:y": "a"}}},
        STATEMENT | {"Condition": {"StringEquals": {"aws:x": "\udfff"}}},
        STATEMENT | {"Condition": {"NumericEquals": {"aws:x": float("nan")}}},
        STATEMENT | {"Condition": {"StringEquals": {"aws:" + "x" * 7_000: ["a" * 7_000] * 70}}},
        "s3:*",
        None,
        [[STATEMENT]],
    ],
    ids=lambda statement: repr(statement)[:60].encode("unicode_escape").decode(),
)
def test_decoded_values_that_json_does_not_spell(statement: Any) -> None:
    for kind in KINDS:
        agree_decoded({"Version": "2012-10-17", "Statement": statement}, kind)
        agree_decoded({"Version": ["2012-10-17"], "Statement": [statement]}, kind)
        if not isinstance(statement, str):
            agree_decoded(statement, kind)


@pytest.mark.slow
def test_a_decoded_value_with_more_values_than_are_read() -> None:
    for number in (65_000, 65_536):
        agree_decoded({"Statement": STATEMENT | {"Action": ["s3:*"] * number}}, "identity")


def test_a_text_of_nothing_but_values_is_not_too_many_for_the_strict_reader() -> None:
    """The quick way does not count the values of a text: as many as fit must be fewer than are read."""
    head = '{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:x":['
    values = (quick.LONGEST - len(head) - 10) // len('"",')
    assert agree(head + ",".join(['""'] * values) + "]}}}}", "identity")
