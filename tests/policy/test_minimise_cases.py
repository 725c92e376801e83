"""Minimising, case by case: documents before, and the exact text after."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pytest
from policy.statements import KNOWN, document, minimised, texts

from narrowgate.policy.minimisation import Minimised, minimise
from narrowgate.policy.verdict import Proved

B, C, BX, BALL = "arn:aws:s3:::b", "arn:aws:s3:::c", "arn:aws:s3:::b/x", "arn:aws:s3:::b/*"
MINE = "arn:aws:s3:::b/${aws:username}"
GET, PUT, LIST = "s3:GetObject", "s3:PutObject", "s3:ListBucket"


def allow(actions: Any, resources: Any, **conditions: Any) -> dict[str, Any]:
    made = {"Effect": "Allow", "Action": actions, "Resource": resources}
    return {**made, "Condition": _named(conditions)} if conditions else made


def deny(actions: Any, resources: Any, **conditions: Any) -> dict[str, Any]:
    return {**allow(actions, resources, **conditions), "Effect": "Deny"}


def _named(conditions: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("__", ":"): values for name, values in conditions.items()}


def tag(*values: str) -> dict[str, Any]:
    return {"aws:PrincipalTag/t": list(values)}


CASES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "equal resources join actions": ([allow(GET, B), allow(PUT, B)], [allow([GET, PUT], B)]),
    "equal actions join resources": ([allow(GET, B), allow(GET, C)], [allow(GET, [B, C])]),
    "four corners are one statement": (
        [allow(GET, B), allow(PUT, C), allow(GET, C), allow(PUT, B)],
        [allow([GET, PUT], [B, C])],
    ),
    "what is no rectangle stays two statements": (
        [allow([GET, PUT], [B, C]), allow(LIST, B)],
        [allow(LIST, B), allow([GET, PUT], [B, C])],
    ),
    "statements that share pairs are cut anew": (
        [allow([GET, PUT], B), allow([PUT, LIST], B), allow(LIST, C)],
        [allow(LIST, C), allow([GET, LIST, PUT], B)],
    ),
    "a resource within another goes": ([allow(GET, [BX, BALL])], [allow(GET, BALL)]),
    "an action within another goes, whatever its case": (
        [allow(["S3:GETOBJECT", "s3:Get*"], B)],
        [allow("s3:Get*", B)],
    ),
    "a pair within another goes": (
        [allow([GET, PUT], BX), allow("s3:Get*", BALL)],
        [allow("s3:Get*", BALL), allow(PUT, BX)],
    ),
    "fewer conditions make more conditions idle": (
        [allow([GET, LIST], B, StringEquals=tag("a")), allow(GET, "*")],
        [allow(GET, "*"), allow(LIST, B, StringEquals=tag("a"))],
    ),
    "values of one condition join": (
        [allow(GET, B, StringEquals=tag("a")), allow(GET, B, StringEquals=tag("b"))],
        [allow(GET, B, StringEquals=tag("a", "b"))],
    ),
    "values of two conditions do not join": (
        [
            allow(GET, B, StringEquals=tag("a"), NumericEquals={"s3:max-keys": ["1"]}),
            allow(GET, B, StringEquals=tag("b"), NumericEquals={"s3:max-keys": ["2"]}),
        ],
        [
            allow(GET, B, NumericEquals={"s3:max-keys": ["1"]}, StringEquals=tag("a")),
            allow(GET, B, NumericEquals={"s3:max-keys": ["2"]}, StringEquals=tag("b")),
        ],
    ),
    "lists that all values must be in do not join": (
        [
            allow(GET, B, ForAllValues__StringEquals={"aws:TagKeys": ["a"]}),
            allow(GET, B, ForAllValues__StringEquals={"aws:TagKeys": ["b"]}),
        ],
        [
            allow(GET, B, ForAllValues__StringEquals={"aws:TagKeys": ["a"]}),
            allow(GET, B, ForAllValues__StringEquals={"aws:TagKeys": ["b"]}),
        ],
    ),
    "negated lists do not join": (
        [allow(GET, B, StringNotEquals=tag("a", "b")), allow(GET, B, StringNotEquals=tag("b", "c"))],
        [allow(GET, B, StringNotEquals=tag("a", "b")), allow(GET, B, StringNotEquals=tag("b", "c"))],
    ),
    "a value within another goes": (
        [allow(GET, B, StringLike=tag("a*", "ab"))],
        [allow(GET, B, StringLike=tag("a*"))],
    ),
    "equal numbers are one": (
        [allow(GET, B, NumericEquals={"s3:max-keys": ["5.0"]}), allow(PUT, B, NumericEquals={"S3:max-keys": ["5"]})],
        [allow([GET, PUT], B, NumericEquals={"S3:max-keys": ["5"]})],
    ),
    "a Deny that takes nothing goes": ([allow(GET, B), deny(PUT, "*")], [allow(GET, B)]),
    "a Deny that takes something stays": ([allow("s3:*", B), deny(PUT, B)], [allow("s3:*", B), deny(PUT, B)]),
    "a Deny keeps only the actions that are allowed": (
        [allow("s3:*", B), deny([PUT, "ec2:Run*"], B)],
        [allow("s3:*", B), deny(PUT, B)],
    ),
    "conditions that contradict each other allow nothing": (
        [allow(GET, B), allow(PUT, B, StringEquals=tag("a"), StringNotEquals=tag("a"))],
        [allow(GET, B)],
    ),
    "an action that no policy decides about goes": ([allow([GET, "sts:GetCallerIdentity"], B)], [allow(GET, B)]),
    "what is granted without a variable makes the variable idle": (
        [allow([GET, PUT], MINE), allow([GET, LIST], "*")],
        [allow(PUT, MINE), allow([GET, LIST], "*")],
    ),
    "an Allow that is wholly denied goes, and then the Deny": ([allow([GET, PUT], B), deny(PUT, "*")], [allow(GET, B)]),
    "nothing allowed is no document": ([allow(PUT, B), deny("s3:*", "*")], []),
    "a variable of one resource voids the whole statement": (
        [allow(GET, MINE), allow(GET, B)],
        [allow(GET, B), allow(GET, MINE)],
    ),
    "a resource stays that asks for a variable": ([allow(GET, [MINE, BALL])], [allow(GET, [BALL, MINE])]),
    "resources of one variable join": (
        [allow(GET, MINE), allow(GET, MINE + "/*")],
        [allow(GET, [MINE, MINE + "/*"])],
    ),
    "NotAction and NotResource keep to themselves": (
        [
            {"Effect": "Allow", "NotAction": ["iam:*", "iam:PassRole"], "NotResource": B},
            {"Effect": "Allow", "NotAction": "ec2:*", "NotResource": B},
        ],
        [
            {"Effect": "Allow", "NotAction": "ec2:*", "NotResource": B},
            {"Effect": "Allow", "NotAction": "iam:*", "NotResource": B},
        ],
    ),
    "NotResource of one list joins actions": (
        [
            {"Effect": "Allow", "Action": GET, "NotResource": [B, C]},
            {"Effect": "Allow", "Action": PUT, "NotResource": [C, B]},
        ],
        [{"Effect": "Allow", "Action": [GET, PUT], "NotResource": [B, C]}],
    ),
    "Sids go": ([{**allow(GET, B), "Sid": "One"}, {**allow(GET, B), "Sid": "Two"}], [allow(GET, B)]),
}


@pytest.mark.parametrize("name", CASES)
def test_cases(name: str) -> None:
    before, after = CASES[name]
    made = minimised(document(*before))
    assert texts(made) == ([document(*after).text()] if after else [])
    assert made.verdict == Proved("open")


S3_ALL = ["s3:GetObject", "s3:GetObjectAcl", "s3:GetBucketAcl", "s3:PutObject", "s3:ListBucket"]

FOLDS: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]]]] = {
    "a whole service": ([allow(S3_ALL, B)], [allow("s3:*", B)]),
    "a whole word": ([allow([GET, "s3:GetObjectAcl"], B)], [allow("s3:GetObject*", B)]),
    "the shortest prefix": ([allow(S3_ALL[:3], B)], [allow("s3:Get*", B)]),
    "not beyond what is granted": ([allow([GET, "s3:GetBucketAcl"], B)], [allow(["s3:GetBucketAcl", GET], B)]),
    "what another statement grants may be taken in": (
        [allow([GET, "s3:GetObjectAcl"], B), allow("s3:GetBucketAcl", "*")],
        [allow("s3:Get*", B), allow("s3:GetBucketAcl", "*")],
    ),
    "one action alone is not folded": ([allow("ec2:RunInstances", "*")], [allow("ec2:RunInstances", "*")]),
    "a wildcard takes in what it selects": (
        [allow(["ec2:*Instances", "ec2:RunInstances", "ec2:StopInstances"], "*")],
        [allow("ec2:*Instances", "*")],
    ),
    "an action that nobody decides about is no hindrance": (
        [allow(["sts:AssumeRole", "sts:Assume*"], "*")],
        [allow("sts:Assume*", "*")],
    ),
    "an unknown action stays": (
        [allow([*S3_ALL, "new:Thing", "s3:NewThing", "new:Other"], B)],
        [allow(["new:Other", "new:Thing", "s3:*"], B)],
    ),
    "a Deny of an unknown action stays": (
        [allow([GET, "new:*"], B), deny(["new:Thing", PUT], "*")],
        [allow(["new:*", GET], B), deny("new:Thing", "*")],
    ),
    "a Deny is folded": (
        [allow("*", "*"), deny(["ec2:RunInstances", "ec2:StopInstances", "ec2:DescribeVpcs"], "*")],
        [allow("*", "*"), deny("ec2:*", "*")],
    ),
    "known actions elsewhere make a wildcard idle": ([allow(S3_ALL, "*"), allow("s3:Get*", B)], [allow("s3:*", "*")]),
}


@pytest.mark.parametrize("name", FOLDS)
def test_folding_cases(name: str) -> None:
    before, after = FOLDS[name]
    made = minimised(document(*before), actions=KNOWN)
    assert texts(made) == [document(*after).text()]
    assert made.verdict == Proved("closed")


def test_nothing_is_folded_in_the_open_universe() -> None:
    made = minimise([document(allow(S3_ALL, B))], actions=KNOWN, universe="open")
    assert isinstance(made, Minimised)
    assert texts(made) == [document(allow(S3_ALL, B)).text()]


def test_folding_never_selects_more() -> None:
    rng = random.Random(5)
    for _ in range(300):
        names = ["sts:AssumeRole", *rng.sample(KNOWN.names[:-2], rng.randint(1, len(KNOWN.names) - 2))]
        made = minimised(document(allow(names, B)), actions=KNOWN)
        selected = _selected(text.value for text in made.documents[0].statements[0].actions.items)
        assert selected == _selected(names)


def _selected(patterns: Iterable[str]) -> int:
    """The known actions that are selected, but for the one that no policy decides about."""
    found = KNOWN.select("sts:GetCallerIdentity")
    for pattern in patterns:
        found |= KNOWN.select(pattern)
    return found


def test_a_deny_that_takes_nothing_is_kept_on_demand() -> None:
    found = document(allow(GET, B), deny(PUT, "*"), deny(PUT, B))
    assert texts(minimised(found, keep_denies=True)) == [document(allow(GET, B), deny(PUT, "*")).text()]
