"""Random identity policies that overlap much, and requests that tell them apart; by a seeded generator."""

from __future__ import annotations

import random
from typing import Any

from narrowgate.policy import Document, Faults, Request, Requester, from_value, request
from narrowgate.policy.actions import ActionList, list_of
from narrowgate.policy.minimisation import Minimised, minimise
from narrowgate.policy.service import Action, Service

ME = Requester("AWS", "arn:aws:iam::123456789012:user/u")


def document(*statements: dict[str, Any], version: str = "2012-10-17") -> Document:
    """An identity policy of some statements."""
    made = from_value({"Version": version, "Statement": list(statements)}, "identity")
    assert not isinstance(made, Faults), made
    return made


def minimised(*documents: Document, actions: ActionList | None = None, keep_denies: bool = False) -> Minimised:
    """The documents minimised, which must succeed."""
    made = minimise(documents, actions=actions, keep_denies=keep_denies)
    assert isinstance(made, Minimised), made
    return made


def texts(made: Minimised) -> list[str]:
    """The JSON of each document."""
    return [found.text() for found in made.documents]


def _service(prefix: str, *names: str) -> Service:
    return Service(prefix, tuple(Action(f"{prefix}:{name}", "Read") for name in names), ())


KNOWN = list_of(
    [
        _service("s3", "GetObject", "GetObjectAcl", "GetBucketAcl", "PutObject", "ListBucket"),
        _service("ec2", "RunInstances", "StopInstances", "DescribeVpcs"),
        _service("sts", "AssumeRole", "GetCallerIdentity"),
    ]
)

_ACTIONS = (
    *KNOWN.names,
    "s3:getobject",
    "s3:Get*",
    "s3:*",
    "ec2:*Instances",
    "ec2:Run*",
    "*",
    "new:Thing",
    "s3:NewThing",
)
_RESOURCES = (
    "*",
    "arn:aws:s3:::b",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/x",
    "arn:aws:s3:::*",
    "arn:aws:s3:::b/${aws:username}",
    "arn:aws:ec2:*:*:instance/*",
    "arn:aws:ec2:us-*-1:*:instance/*",
)
_CONDITIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("StringEquals", "aws:PrincipalTag/t", ("a", "b", "${aws:username}")),
    ("StringNotEquals", "aws:PrincipalTag/t", ("a", "b")),
    ("StringLike", "aws:principaltag/T", ("a*", "ab", "?")),
    ("ForAllValues:StringEquals", "aws:TagKeys", ("a", "b")),
    ("ForAnyValue:StringEqualsIfExists", "aws:TagKeys", ("a", "b")),
    ("NumericLessThan", "s3:max-keys", ("5", "5.0", "10")),
    ("IpAddress", "aws:SourceIp", ("10.0.0.1", "10.0.0.1/32", "10.0.0.0/8")),
    ("Null", "aws:PrincipalTag/t", ("true", "false")),
    ("Bool", "aws:SecureTransport", ("true", "false")),
)


def random_documents(rng: random.Random) -> list[Document]:
    """One or two documents of one Version, of up to eight statements in all."""
    version = rng.choice(["2012-10-17"] * 4 + ["2008-10-17"])
    return [_document(rng, version) for _ in range(rng.choice([1, 1, 2]))]


def _document(rng: random.Random, version: str) -> Document:
    found = [_statement(rng) for _ in range(rng.randint(1, 3))]
    for old in rng.sample(found, rng.randrange(len(found) + 1)):
        found.append({**old, **_part(rng)})
    return document(*found, version=version)


def _part(rng: random.Random) -> dict[str, Any]:
    """One element to put in the place of another statement's, so that the two can be merged."""
    fresh = _statement(rng)
    kind = "Condition" if rng.random() < 0.4 else rng.choice(["Action", "Resource"])
    return {kind: fresh[kind]} if kind in fresh and kind != "Condition" else {"Condition": _condition(rng)}


def _statement(rng: random.Random) -> dict[str, Any]:
    made: dict[str, Any] = {"Effect": "Allow" if rng.random() < 0.8 else "Deny"}
    made["Action"] = rng.sample(_ACTIONS, rng.choice([1, 2, 2, 4]))
    made["Resource"] = rng.sample(_RESOURCES, rng.choice([1, 1, 2]))
    if rng.random() < 0.5:
        made["Condition"] = _condition(rng)
    return made


def _condition(rng: random.Random) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for operator, key, values in rng.sample(_CONDITIONS, rng.choice([1, 1, 2])):
        single = operator in ("Bool", "Null")
        made.setdefault(operator, {})[key] = rng.sample(values, 1 if single else rng.choice([1, 2]))
    return made


def negated(rng: random.Random, found: Document) -> Document:
    """The document with some elements turned into NotAction and NotResource."""
    value: list[dict[str, Any]] = []
    for statement in found.statements:
        made: dict[str, Any] = {"Effect": statement.effect}
        for name, element in (("Action", statement.actions), ("Resource", statement.resources)):
            assert element is not None
            made[("Not" if rng.random() < 0.3 else "") + name] = [text.value for text in element.items]
        for condition in statement.conditions:
            made.setdefault("Condition", {}).setdefault(condition.operator, {})[condition.key] = [
                text.value for text in condition.values
            ]
        value.append(made)
    return document(*value, version=found.version or "2008-10-17")


def random_request(rng: random.Random) -> Request:
    """A request for a known action, on a resource and with values near the ones that the policies name."""
    values: dict[str, tuple[Any, ...]] = {
        "aws:PrincipalTag/t": ("a", "b", "ab", "u", ""),
        "aws:username": ("a", "u", "x"),
        "aws:TagKeys": (("a",), ("a", "b"), ("b", "z"), ("z",)),
        "s3:max-keys": ("4", "5", "7", "12"),
        "aws:SourceIp": ("10.0.0.1", "10.2.0.0", "11.0.0.0"),
        "aws:SecureTransport": ("true", "false"),
    }
    context = {key: rng.choice(found) for key, found in values.items() if rng.random() < 0.7}
    resources = ("*", "arn:aws:s3:::b", "arn:aws:s3:::b/x", "arn:aws:s3:::b/a", "arn:aws:s3:::c")
    instances = tuple(f"arn:aws:ec2:{region}:123456789012:instance/i" for region in ("us-east-1", "eu-west-2"))
    return request(ME, rng.choice(KNOWN.names), rng.choice(resources + instances), context, "123456789012")
