"""Pairs of policies for the judges of comparison: random ones, and AWS's own with mutants of them.

Everything comes from the random generator that is given, so a seed repeats it. About half of the random
pairs cover, most of them because one was made from the other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from random import Random
from typing import Any, Final, TypeAlias

from judges.mutations import EITHER, MUTATIONS, NARROWING, RESPELLING, WIDENING, Mutation, Plain
from narrowgate.policy import Document, from_value

Policies: TypeAlias = tuple[Document, ...]

ACTIONS: Final = (
    "s3:GetObject",
    "s3:GetBucketAcl",
    "s3:PutObject",
    "s3:ListBucket",
    "s3:DeleteObject",
    "ec2:RunInstances",
    "ec2:DescribeInstances",
    "ec2:StopInstances",
    "sqs:SendMessage",
    "sts:AssumeRole",
    "sts:GetCallerIdentity",
)
"""The known actions of the random pairs."""

PATTERNS: Final = (
    *ACTIONS[:-1],
    *("*", "s3:*", "s3:Get*", "s3:*Object", "s3:?etObject", "s3:*t*", "ec2:*", "ec2:*Instances", "ec2:D*", "sqs:*"),
)
RESOURCES: Final = (
    *("*", "*", "arn:aws:s3:::b", "arn:aws:s3:::b/*", "arn:aws:s3:::b/x", "arn:aws:s3:::b/x*", "arn:aws:s3:::*"),
    *("arn:aws:s3:::b?/*", "arn:aws:s3:::*/x", "arn:*:s3:::b/*", "arn:aws:ec2:*:*:*", "arn:aws:ec2:*:*:instance/*"),
    *("arn:aws:ec2:us-east-1:123456789012:instance/*", "arn:aws:ec2:us-*:*:instance/i-?"),
    *("arn:aws:ec2:us-*-1:*:instance/i-*", "arn:aws:ec2:us-east-1:*:*", "arn:aws:sqs:*:123456789012:q*"),
)
VARIABLE_RESOURCES: Final = (
    *("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::b/${aws:username}", "arn:aws:s3:::b/*/${aws:username}*"),
    *("arn:aws:s3:::b/${aws:username, 'x'}", "arn:aws:s3:::b/${*}", "arn:aws:sqs:*:${aws:PrincipalAccount}:q"),
)
KEYS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "aws:RequestedRegion": ("String", ("us-east-1", "us-west-1", "us-*", "eu-west-1", "*", "us-east-?")),
    "aws:ResourceTag/team": ("String", ("red", "RED", "blue", "r*", "*e*", "${aws:username}", "${aws:username}*")),
    "aws:username": ("String", ("ann", "bob", "a*", "*n*", "x")),
    "aws:PrincipalArn": ("Arn", ("arn:aws:iam::123456789012:role/a", "arn:aws:iam::*:role/*", "arn:*:*:*:*:*", "*")),
    "aws:SourceArn": ("Arn", ("arn:aws:sns:*:*:t-*", "arn:aws:sns:us-east-1:*:t-${aws:username}", "arn:aws:s3:::b")),
    "s3:max-keys": ("Numeric", ("5", "10", "5.0", "7.5", "-1")),
    "aws:CurrentTime": ("Date", ("2024-01-01T00:00:00Z", "2024-01-01", "2025-06-01T10:00:00+02:00", "1704067201")),
    "aws:SourceIp": ("Ip", ("10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "192.168.0.0/16", "2001:db8::/32", "0.0.0.0/0")),
    "aws:SecureTransport": ("Bool", ("true", "false", "TRUE")),
    "x:digest": ("Binary", ("YQ==", "Yg==")),
    "aws:TagKeys": ("Many", ("a", "b", "ab", "a*", "*b", "?")),
}
ORDERED: Final = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
TEXTUAL: Final = ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase")
OPERATORS: Final[Mapping[str, tuple[str, ...]]] = {
    "String": (*TEXTUAL, "StringNotEqualsIgnoreCase"),
    "Arn": ("ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals"),
    "Numeric": tuple(f"Numeric{rest}" for rest in ORDERED),
    "Date": tuple(f"Date{rest}" for rest in ORDERED),
    "Ip": ("IpAddress", "IpAddress", "NotIpAddress"),
    "Bool": ("Bool",),
    "Binary": ("BinaryEquals",),
    "Many": tuple(f"{q}{name}" for q in ("ForAllValues:", "ForAnyValue:", "") for name in TEXTUAL),
}


def random_pair(rng: Random) -> tuple[Policies, Policies]:
    """Two sides of one or two small documents each; one side is often made from the other."""
    if rng.random() < 0.3:
        return _about_one_key(rng)
    kind = rng.choices(("widened", "narrowed", "either", "respelled", "apart"), (24, 24, 26, 5, 21))[0]
    base = [_statement(rng) for _ in range(rng.choice((1, 1, 2, 2, 3)))]
    base[0]["Effect"] = "Allow"
    version = rng.choices(("2012-10-17", "2008-10-17"), (9, 1))[0]
    if kind == "apart":
        other = [_statement(rng) for _ in range(rng.choice((1, 2, 3)))]
        return _sides(rng, version, other, base)
    changes: Mapping[str, Sequence[Mutation]] = {"widened": WIDENING, "narrowed": NARROWING, "respelled": RESPELLING}
    other = _mutated(rng, base, changes.get(kind, (*MUTATIONS, *EITHER)), ACTIONS)
    wider = kind == "widened" or (kind != "narrowed" and rng.random() < 0.5)
    if rng.random() < 0.25:
        wider = not wider
    return _sides(rng, version, *((other, base) if wider else (base, other)))


def _about_one_key(rng: Random) -> tuple[Policies, Policies]:
    """Sides that differ in conditions on one key only: there the meaning of an operator decides alone."""
    key = rng.choice(tuple(KEYS))
    sides = [[_conditional(rng, key) for _ in range(rng.choice(counts))] for counts in ((2, 3, 4), (1, 1, 2))]
    for side in sides:
        side[0]["Effect"] = "Allow"
    return _sides(rng, "2012-10-17", *sides)


def _conditional(rng: Random, key: str) -> Plain:
    made: Plain = {"Effect": rng.choices(("Allow", "Deny"), (6, 1))[0], "Action": ["s3:*"], "Resource": ["*"]}
    for _ in range(rng.choice((1, 1, 2))):
        operator, key, values = _condition(rng, key)
        made.setdefault("Condition", {}).setdefault(operator, {})[key] = values
    return made


def managed_pair(
    rng: Random, policies: Mapping[str, Document], actions: Sequence[str] = ()
) -> tuple[Policies, Policies]:
    """Two policies of AWS, or one and a mutant of it, either way round; `actions` are the known ones."""
    names = sorted(policies)
    base = policies[rng.choice(names)]
    if rng.random() < 0.3:
        return (base,), (policies[rng.choice(names)],)
    statements = plain(base)
    version = base.version or "2008-10-17"
    near = _near(statements, actions)
    for _ in range(20):
        made = _document(version, _mutated(rng, statements, MUTATIONS, near))
        if made is not None and made.text() != base.text():
            return ((made,), (base,)) if rng.random() < 0.5 else ((base,), (made,))
    return (base,), (policies[rng.choice(names)],)


def plain(document: Document) -> list[Plain]:
    """The statements as decoded JSON, every value a list, without Sids."""
    statements: list[Plain] = json.loads(document.text())["Statement"]
    return [{name: _listed(name, value) for name, value in s.items() if name != "Sid"} for s in statements]


def _listed(name: str, value: Any) -> Any:
    if name == "Effect":
        return value
    if name == "Condition":
        return {operator: {k: _listed("", v) for k, v in keys.items()} for operator, keys in value.items()}
    return [value] if isinstance(value, str) else value


def _near(statements: Sequence[Plain], actions: Sequence[str]) -> list[str]:
    """The known actions of the services that the statements name."""
    items = [item.lower() for s in statements for name in ("Action", "NotAction") for item in s.get(name, ())]
    vendors = {item.partition(":")[0] for item in items}
    return [action for action in actions if action.partition(":")[0].lower() in vendors]


def _mutated(
    rng: Random, statements: Sequence[Plain], mutations: Sequence[Mutation], known: Sequence[str]
) -> list[Plain]:
    """A copy after one to three mutations that change something."""
    made = deepcopy(list(statements))
    wanted, tries = rng.choice((1, 1, 2, 3)), 0
    while wanted and tries < 30:
        before = deepcopy(made)
        rng.choice(mutations)(rng, made, known)
        wanted -= made != before
        tries += 1
    return made


def _sides(rng: Random, version: str, a: list[Plain], b: list[Plain]) -> tuple[Policies, Policies]:
    made = _documents(rng, version, a), _documents(rng, version, b)
    if made[0] is None or made[1] is None or made[0] == made[1]:
        return random_pair(rng)
    return made[0], made[1]


def _documents(rng: Random, version: str, statements: list[Plain]) -> Policies | None:
    """One document, or two with a part of the statements each; None where the grammar refuses one."""
    at = rng.randrange(1, len(statements)) if len(statements) > 1 and rng.random() < 0.25 else len(statements)
    parts = [part for part in (statements[:at], statements[at:]) if part]
    documents = [_document(version, part) for part in parts]
    found = tuple(document for document in documents if document is not None)
    return found if len(found) == len(parts) else None


def _document(version: str, statements: list[Plain]) -> Document | None:
    kept = [{name: value for name, value in s.items() if name != "Condition" or value} for s in statements]
    made = from_value({"Version": version, "Statement": kept}, "identity")
    return made if isinstance(made, Document) else None


def _statement(rng: Random) -> Plain:
    made: Plain = {"Effect": rng.choices(("Allow", "Deny"), (4, 1))[0]}
    made[rng.choices(("Action", "NotAction"), (8, 1))[0]] = _some(rng, PATTERNS, 3)
    pool = (*RESOURCES, *VARIABLE_RESOURCES) if rng.random() < 0.3 else RESOURCES
    made[rng.choices(("Resource", "NotResource"), (8, 1))[0]] = _some(rng, pool, 2)
    for _ in range(rng.choices((0, 1, 2), (4, 4, 1))[0]):
        operator, key, values = _condition(rng, rng.choice(tuple(KEYS)))
        made.setdefault("Condition", {}).setdefault(operator, {})[key] = values
    return made


def _condition(rng: Random, key: str) -> tuple[str, str, list[str]]:
    family, values = KEYS[key]
    if rng.random() < 0.25:
        return "Null", key, [rng.choice(("true", "false"))]
    operator = rng.choice(OPERATORS[family])
    if family == "Bool":
        return _suffixed(rng, operator), key, [rng.choice(values)]
    qualifier = rng.choice(("ForAllValues:", "ForAnyValue:")) if family != "Many" and rng.random() < 0.08 else ""
    return qualifier + _suffixed(rng, operator), key, _some(rng, values, 3)


def _suffixed(rng: Random, operator: str) -> str:
    return f"{operator}IfExists" if rng.random() < 0.15 else operator


def _some(rng: Random, pool: Sequence[str], most: int) -> list[str]:
    return list(dict.fromkeys(rng.choice(pool) for _ in range(rng.randint(1, most))))
