"""Placeholders: filled in once, left-overs found, policy variables left alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgate.policy.placeholder import fill, leftover_in_arn, leftover_in_value, variable_faults

GIVEN = {"AWS_ACCOUNT_ID": "123456789012"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:$AWS_ACCOUNT_ID:b", "a:123456789012:b"),
        ("a:${AWS_ACCOUNT_ID}:b", "a:123456789012:b"),
        ("$AWS_ACCOUNT_IDS", "$AWS_ACCOUNT_IDS"),
        ("${aws:username}", "${aws:username}"),
        ("${$}AWS_ACCOUNT_ID", "${$}AWS_ACCOUNT_ID"),
        ("${aws:x, '$AWS_ACCOUNT_ID'}", "${aws:x, '123456789012'}"),
    ],
)
def test_fill(text: str, expected: str) -> None:
    assert fill(text, GIVEN) == expected


@given(st.text(alphabet="${}AB_:a*", max_size=20))
def test_what_was_filled_in_is_not_filled_again(text: str) -> None:
    filled = fill(text, {"A": "B", "B": "A"})
    assert fill(filled, {"A": "B", "B": "A"}).count("$") <= filled.count("$")
    assert fill(text, {}) == text


@pytest.mark.parametrize(
    "text", ["${aws:username}", "${aws:x, 'd'}", "${*}${?}${$}", "$LATEST", "$DEFAULT", "$aws/things", "a%20b"]
)
def test_no_placeholder(text: str) -> None:
    assert leftover_in_arn(text) is None
    assert leftover_in_value(text) is None


@pytest.mark.parametrize("text", ["<html>", "$5", "$PATH", "100%", "%20A%20", "a < b > c", "YOUR_NAME"])
def test_free_text_of_a_condition_is_no_placeholder(text: str) -> None:
    assert leftover_in_value(text) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_ACCOUNT_ID", "*"),
        ("AWS_ACCOUNT_ID", "1234"),
        ("AWS_REGION", "*"),
        ("AWS_PARTITION", "a*"),
        ("CLUSTER", "a*"),
        ("CLUSTER", ""),
        ("CLUSTER", "a:b"),
    ],
)
def test_a_value_that_would_widen_a_policy_is_refused(name: str, value: str) -> None:
    assert variable_faults({name: value})
