"""Documents: equal by meaning, printed the same every time, read back as themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy.strategies import documents, respelled

from narrowgate.policy import Document, Faults, Kind, from_value, parse, size


def accepted(value: Mapping[str, Any], kind: Kind = "identity") -> Document:
    found = from_value(value, kind)
    assert isinstance(found, Document), str(found)
    return found


def one(**parts: Any) -> Document:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **parts}
    return accepted(
        {"Version": "2012-10-17", "Statement": statement}, "resource" if "Principal" in parts else "identity"
    )


@pytest.mark.slow
@given(st.data(), st.booleans())
def test_another_spelling_is_the_same_document(data: st.DataObject, principals: bool) -> None:
    value = data.draw(documents(principals=principals))
    kind: Kind = "resource" if principals else "identity"
    first, second = accepted(value, kind), accepted(data.draw(respelled(value)), kind)
    assert first == second
    assert hash(first) == hash(second)


@given(documents() | documents(principals=True))
def test_a_document_reads_back_as_itself(value: dict[str, Any]) -> None:
    kind: Kind = "resource" if "Principal" in value["Statement"][0] else "identity"
    document = accepted(value, kind)
    assert parse(document.text(), kind) == document
    assert parse(document.pretty(), kind) == document
    again = parse(document.text(), kind)
    assert isinstance(again, Document)
    assert again.text() == document.text()
    assert size(document.pretty()) == size(document.text())


@given(documents(), documents())
def test_documents_that_print_differently_in_order_are_not_confused(a: dict[str, Any], b: dict[str, Any]) -> None:
    left, right = accepted(a), accepted(b)
    if left == right:
        assert hash(left) == hash(right)
        assert {s.meaning for s in left.statements} == {s.meaning for s in right.statements}


@given(st.text(), st.sampled_from(["identity", "resource", "trust", "boundary", "scp", "rcp"]))
def test_any_text_is_a_document_or_faults(text: str, kind: Kind) -> None:
    assert isinstance(parse(text, kind), Document | Faults)


@given(st.recursive(st.none() | st.text(max_size=3) | st.integers(), lambda i: st.lists(i, max_size=3)))
def test_any_value_in_any_element_is_a_document_or_faults(value: object) -> None:
    for key in ("Sid", "Effect", "Action", "Resource", "Principal", "Condition"):
        found = from_value({"Version": "2012-10-17", "Statement": {"Effect": "Allow", key: value}}, "resource")
        assert isinstance(found, Document | Faults)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"Effect": "Deny"}, {}),
        ({"Action": "s3:Get"}, {}),
        ({"Resource": "arn:aws:s3:::A"}, {"Resource": "arn:aws:s3:::a"}),
        ({"Condition": {"Bool": {"a:b": "true"}}}, {"Condition": {"Bool": {"a:b": "false"}}}),
        ({"Condition": {"Bool": {"a:b": "true"}}}, {"Condition": {"BoolIfExists": {"a:b": "true"}}}),
        ({"Condition": {"StringEquals": {"a:b": "X"}}}, {"Condition": {"StringEquals": {"a:b": "x"}}}),
        (
            {"Condition": {"NumericEquals": {"a:b": "1" * 29 + "1"}}},
            {"Condition": {"NumericEquals": {"a:b": "1" * 29 + "2"}}},
        ),
        ({"Principal": {"AWS": "123456789012"}}, {"Principal": {"AWS": "arn:aws:iam::123456789012:user/root"}}),
        ({"Principal": "*"}, {"Principal": {"AWS": "123456789012"}}),
    ],
)
def test_different_meanings_differ(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert one(**left) != one(**right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"Principal": "*"}, {"Principal": {"AWS": ["*"]}}),
        ({"Condition": {"NumericEquals": {"a:b": 5}}}, {"Condition": {"NumericEquals": {"A:B": ["5.0", "+05"]}}}),
        ({"Condition": {"IpAddress": {"a:b": "10.0.0.1"}}}, {"Condition": {"IpAddress": {"a:b": "10.0.0.1/32"}}}),
        (
            {"Condition": {"StringEqualsIgnoreCase": {"a:b": "X"}}},
            {"Condition": {"StringEqualsIgnoreCase": {"a:b": "x"}}},
        ),
        ({"Condition": {"Null": {"a:b": "TRUE"}}}, {"Condition": {"Null": {"a:b": True}}}),
        ({"Condition": {}}, {}),
        ({"Condition": {"NumericEquals": {"a:b": "-0.0"}}}, {"Condition": {"NumericEquals": {"a:b": 0}}}),
    ],
)
def test_equal_meanings_are_equal(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert one(**left) == one(**right)
    assert hash(one(**left)) == hash(one(**right))


def test_a_missing_version_is_the_old_one() -> None:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    without = accepted({"Statement": statement})
    assert without == accepted({"Version": "2008-10-17", "Statement": [statement]})
    assert without != accepted({"Version": "2012-10-17", "Statement": [statement]})


def test_the_text_is_compact_and_keeps_sids_and_the_order_of_statements() -> None:
    document = accepted(
        {
            "Statement": [
                {"Resource": ["*"], "Action": ["s3:b", "S3:B", "s3:a"], "Effect": "Deny", "Sid": "Z"},
                {"Effect": "Allow", "Action": "*", "Resource": "*", "Sid": "A"},
            ],
            "Version": "2012-10-17",
        }
    )
    assert document.text() == (
        '{"Version":"2012-10-17","Statement":[{"Sid":"Z","Effect":"Deny","Action":["S3:B","s3:a"],'
        '"Resource":"*"},{"Sid":"A","Effect":"Allow","Action":"*","Resource":"*"}]}'
    )


def test_mappings_and_tuples_are_taken() -> None:
    statement = MappingProxyType({"Effect": "Allow", "Action": ("s3:a", "s3:b"), "Resource": "*"})
    assert len(accepted(MappingProxyType({"Statement": (statement,)})).statements) == 1


TEXT = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": "EC2:Run*",
     "Resource": ["arn:aws:ec2:*:*:instance/*",
                  "arn:aws:ec2:*:*:volume/*"]},
    {"Effect": "Deny", "Action": "ec2:*", "NotResource": "*"},
    {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
  ]
}"""


def test_every_resource_is_listed_with_its_place() -> None:
    document = parse(TEXT, "identity")
    assert isinstance(document, Document)
    found = [(u.index, u.effect, u.resource, u.place.line, u.place.column, u.negated) for u in document.resources()]
    assert found == [
        (0, "Allow", "arn:aws:ec2:*:*:instance/*", 5, 19, False),
        (0, "Allow", "arn:aws:ec2:*:*:volume/*", 6, 19, False),
        (1, "Deny", "*", 7, 58, True),
        (2, "Allow", "*", 8, 59, False),
    ]


def test_the_statements_that_allow_an_action() -> None:
    document = parse(TEXT, "identity")
    assert isinstance(document, Document)
    assert [index for index, _ in document.allowing("ec2:runinstances")] == [0, 2]
    assert [index for index, _ in document.allowing("IAM:PassRole")] == []


def test_size_counts_no_white_space() -> None:
    assert size('{ "a" :\t"b c"\r\n}') == len('{"a":"bc"}')


def test_hostile_documents_are_faults() -> None:
    assert isinstance(parse(" " * 2_000_000, "identity"), Faults)
    long = parse(json.dumps({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "a" * 40_000}}), "identity")
    assert "no policy has more than 32768" in str(long)
    many = parse(json.dumps({"Statement": [{"Effect": "x"}] * 5_000}), "identity")
    assert isinstance(many, Faults)
    assert len(many.items) == 1_001
    assert str(many.items[-1]) == "line 1, column 1: more is wrong: these are 1000 of the faults"


def test_faults_are_never_empty() -> None:
    with pytest.raises(ValueError, match="no faults"):
        Faults(())
