"""The judge of comparison, judged itself: by the naive evaluator on concrete requests, and by small cases."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

pytest.importorskip("cvc5", reason="cvc5 is not installed; it is a development dependency")

from policy.naive import decide

from judges.cvc5_judge import Judgement, judge
from judges.pairs import ACTIONS, Policies, random_pair
from judges.samples import allows, asks, sample
from narrowgate.policy import Document, from_value

OTHERS = (*ACTIONS, "s3:GetFoo", "ec2:Foo", "foo:Bar", "s3:XtObject")
"""Actions of the open universe."""


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("actions", [ACTIONS, None], ids=["closed", "open"])
def test_what_it_says_is_so(seed: int, actions: tuple[str, ...] | None) -> None:
    rng = Random(seed)
    a, b = random_pair(rng)
    found = judge(a, b, actions)
    if found.verdict == "exceeds":
        assert _replays(found, a, b)
    else:
        requests = [sample(rng, (*a, *b), actions or OTHERS) for _ in range(60)]
        assert not [r for r in requests if allows(decide, b, r) and not allows(decide, a, r)]


def _replays(found: Judgement, a: Policies, b: Policies) -> bool:
    asked = asks(found.action, found.resource, found.context)
    return allows(decide, b, asked) and not allows(decide, a, asked)


def _policy(*statements: dict[str, Any], version: str = "2012-10-17") -> Policies:
    base: dict[str, Any] = {"Effect": "Allow", "Resource": "*"}
    actions = [{} if "NotAction" in statement else {"Action": "s3:GetObject"} for statement in statements]
    whole = [{**base, **action, **statement} for action, statement in zip(actions, statements, strict=True)]
    made = from_value({"Version": version, "Statement": whole}, "identity")
    assert isinstance(made, Document), made
    return (made,)


def _when(operator: str, *values: str, key: str = "x:k") -> dict[str, Any]:
    return {"Condition": {operator: {key: list(values)}}}


def _on(*resources: str) -> dict[str, Any]:
    return {"Resource": list(resources)}


HOME = "arn:aws:s3:::b/${aws:username}/*"
COVERED: dict[str, tuple[Policies, Policies]] = {
    "a policy covers itself": (_policy(_when("StringLike", "a*")), _policy(_when("StringLike", "a*"))),
    "actions go without case": (_policy({"Action": "s3:get*"}), _policy({"Action": "s3:GetObject"})),
    "two halves make a whole": (_policy(_when("Null", "true"), _when("Null", "false")), _policy({})),
    "less and not less make present, readable or not": (
        _policy(_when("NumericLessThan", "5"), _when("NumericGreaterThanEquals", "5"), _when("NumericNotEquals", "0")),
        _policy({}),
    ),
    "what is always allowed is not asked about": (
        _policy({"Action": "s3:PutObject"}),
        _policy({"Action": "sts:GetCallerIdentity"}),
    ),
    "a star that ends a segment crosses colons": (
        _policy(_on("arn:aws:ec2:*:*:instance/*")),
        _policy(_on("arn:aws:ec2:us-east-1:123456789012:instance/*", "arn:aws:ec2:us-east-1:*:x:instance/i")),
    ),
    "a star that crosses colons leaves the next segment a segment": (
        _policy(_on("arn:aws:ec2:*:1*1:instance/i")),
        _policy(_on("arn:aws:ec2:us-east-1:*:1x1:instance/i")),
    ),
    "a network within a network": (
        _policy(_when("IpAddress", "10.0.0.0/8")),
        _policy(_when("IpAddress", "10.1.0.0/16", "10.2.3.4")),
    ),
    "one instant in two zones": (
        _policy(_when("DateEquals", "2024-01-01T00:00:00Z")),
        _policy(_when("DateEquals", "2024-01-01T02:00:00+02:00", "1704067200")),
    ),
    "all of few are all of more": (
        _policy(_when("ForAllValues:StringEquals", "a", "b")),
        _policy(_when("ForAllValues:StringEquals", "a")),
    ),
    "all values with one is any value": (
        _policy(_when("ForAnyValue:StringEquals", "a")),
        _policy({"Condition": {"ForAllValues:StringEquals": {"x:k": "a"}, "Null": {"x:k": "false"}}}),
    ),
    "a variable covers itself, deeper down": (_policy(_on(HOME)), _policy(_on(HOME[:-1] + "x/*"))),
    "a variable lies within a star": (_policy(_on("arn:aws:s3:::b/*")), _policy(_on(HOME))),
    "the value of a variable is the key's": (
        _policy(_on("arn:aws:s3:::b/ann/*")),
        _policy({**_on(HOME), **_when("StringEquals", "ann", key="aws:username")}),
    ),
    "a variable in a part of an ARN": (
        _policy(_when("ArnLike", "arn:aws:sns:us-east-1:*:t-${aws:username}")),
        _policy({"Condition": {"StringEquals": {"x:k": "arn:aws:sns:us-east-1:1:t-ann", "aws:username": "ann"}}}),
    ),
    "a void Deny denies nothing": (
        _policy({}, {"Effect": "Deny", **_on(HOME)}),
        _policy({**_on("arn:aws:s3:::b/ann/x"), **_when("Null", "true", key="aws:username")}),
    ),
    "a Deny elsewhere does not count": (_policy({}, {"Effect": "Deny", "Action": "ec2:*"}), _policy({})),
    "NotAction is the complement": (
        _policy({"NotAction": "ec2:*"}),
        _policy({"Action": ["s3:*", "sqs:SendMessage"]}),
    ),
}
EXCEEDING: dict[str, tuple[Policies, Policies]] = {
    "nothing covers something": ((), _policy({})),
    "the resource star is no ARN": (_policy(_on("arn:*:s3:::*")), _policy(_on("*"))),
    "a wildcard within a segment stops at a colon": (
        _policy(_on("arn:aws:ec2:us-*-1:*:instance/i")),
        _policy(_on("arn:aws:ec2:us-*:*:instance/i")),
    ),
    "so it does after a star that has crossed some": (
        _policy(_on("arn:aws:ec2:*:1*1:instance/i")),
        _policy(_on("arn:aws:ec2:us-east-1:*:1?1:instance/i")),
    ),
    "what stands between stars stands one after another": (
        _policy(_on("arn:aws:s3:::b/*${aws:username}x*xb*")),
        _policy({**_on("arn:aws:s3:::b/annxb"), **_when("StringEquals", "ann", key="aws:username")}),
    ),
    "an absent key meets what is negated": (
        _policy(_when("StringEquals", "b")),
        _policy(_when("StringNotEquals", "a")),
    ),
    "an unreadable number is not less and not equal": (
        _policy(*(_when(f"Numeric{o}", "5") for o in ("LessThan", "GreaterThan", "Equals"))),
        _policy(_when("Null", "false")),
    ),
    "IPv4 and IPv6 never meet": (_policy(_when("IpAddress", "0.0.0.0/0")), _policy(_when("IpAddress", "::/0"))),
    "an empty set has all values, and none": (
        _policy(_when("ForAnyValue:StringEquals", "a")),
        _policy(_when("ForAllValues:StringEquals", "a")),
    ),
    "two values, each of which one condition wants": (
        _policy(_when("ForAllValues:StringEquals", "a"), _when("ForAllValues:StringEquals", "b")),
        _policy(
            {"Condition": {"ForAnyValue:StringEquals": {"x:k": "a"}, "ForAnyValue:StringLike": {"x:k": "b"}}},
        ),
    ),
    "resources go with case": (_policy(_on("arn:aws:s3:::b/x")), _policy(_on("arn:aws:s3:::b/?"))),
    "texts go with case": (_policy(_when("StringEquals", "red")), _policy(_when("StringEqualsIgnoreCase", "red"))),
    "a default counts where the key is absent": (
        _policy(_on("arn:aws:s3:::b/${aws:username}")),
        _policy(_on("arn:aws:s3:::b/${aws:username, 'x'}")),
    ),
    "a star in the value of a variable is a character": (
        _policy({**_on("arn:aws:s3:::b/${aws:username}")}),
        _policy({**_on("arn:aws:s3:::b/x"), **_when("StringEquals", "*", key="aws:username")}),
    ),
    "the value of a variable may have a colon": (
        _policy({**_on("arn:aws:sqs:us-east-1:${x:k}:q"), **_when("StringNotLike", "*:*")}),
        _policy(_on("arn:aws:sqs:us-east-1:${x:k}:q")),
    ),
    "variables are text in the old version": (
        _policy(_on(HOME)),
        _policy(_on(HOME), version="2008-10-17"),
    ),
    "a Deny takes away": (_policy({}, {"Effect": "Deny", **_on("arn:aws:s3:::b/*")}), _policy(_on("arn:aws:s3:::b/x"))),
    "IfExists lets the absent key by": (_policy(_when("Bool", "true")), _policy(_when("BoolIfExists", "true"))),
}


@pytest.mark.parametrize("actions", [ACTIONS, None], ids=["closed", "open"])
@pytest.mark.parametrize("pair", COVERED.values(), ids=COVERED)
def test_it_covers(pair: tuple[Policies, Policies], actions: tuple[str, ...] | None) -> None:
    assert judge(*pair, actions).verdict == "covers"


@pytest.mark.parametrize("actions", [ACTIONS, None], ids=["closed", "open"])
@pytest.mark.parametrize("pair", EXCEEDING.values(), ids=EXCEEDING)
def test_it_exceeds_and_the_request_replays(pair: tuple[Policies, Policies], actions: tuple[str, ...] | None) -> None:
    found = judge(*pair, actions)
    assert found.verdict == "exceeds"
    assert _replays(found, *pair)


def test_the_known_actions_are_all_there_is() -> None:
    wide, narrow = _policy({"Action": "s3:Get*"}), _policy({"Action": ["s3:GetObject", "s3:GetBucketAcl"]})
    assert judge(narrow, wide, ACTIONS).verdict == "covers"
    assert judge(narrow, wide).verdict == "exceeds"


def test_a_key_that_aws_lists_with_many_values_may_have_two() -> None:
    one = _policy(_when("StringEquals", "a"))
    other = _policy(_when("StringEquals", "a"), {"Effect": "Deny", **_when("StringEquals", "b")})
    assert judge(other, one).verdict == "covers"
    found = judge(other, one, several=lambda key: key == "x:k")
    assert found.verdict == "exceeds"
    assert sorted(found.context["x:k"]) == ["a", "b"]
    assert _replays(found, other, one)


def test_a_key_used_in_two_families_is_unknown() -> None:
    found = judge(_policy(_when("NumericEquals", "5")), _policy(_when("StringEquals", "5")))
    assert found.verdict == "unknown"
    assert "`x:k`" in found.why
