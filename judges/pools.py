"""Small pools of real actions, resources, keys and values, so that patterns and denies collide. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

HOME: Final = "111111111111"
AWAY: Final = "222222222222"
STRANGER: Final = "333333333333"


@dataclass(frozen=True, slots=True)
class Target:
    """Actions that go with the same resources; `{a}` is the account. `policy`: whether it has one of its own."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    policy: bool = True
    weight: int = 4


TARGETS: Final = (
    Target(
        ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
        (
            "arn:aws:s3:::data-alpha/reports/2026.csv",
            "arn:aws:s3:::data-alpha/alice/notes.txt",
            "arn:aws:s3:::data-beta/red/what?.txt",
        ),
        weight=14,
    ),
    Target(("s3:ListBucket", "s3:GetBucketLocation"), ("arn:aws:s3:::data-alpha", "arn:aws:s3:::data-beta"), weight=6),
    Target(("s3:ListAllMyBuckets",), ("*",), policy=False, weight=2),
    Target(
        ("ec2:StartInstances", "ec2:TerminateInstances"),
        ("arn:aws:ec2:eu-west-1:{a}:instance/i-0a1b", "arn:aws:ec2:us-east-1:{a}:instance/i-0c2d"),
        policy=False,
        weight=10,
    ),
    Target(("ec2:DescribeInstances", "ec2:DescribeVpcs"), ("*",), policy=False, weight=4),
    Target(
        ("iam:GetUser", "iam:CreateUser", "iam:DeleteUser"),
        ("arn:aws:iam::{a}:user/alice", "arn:aws:iam::{a}:user/team/carol"),
        policy=False,
        weight=6,
    ),
    Target(("iam:PassRole",), ("arn:aws:iam::{a}:role/app/worker", "arn:aws:iam::{a}:role/deploy"), policy=False),
    Target(
        ("sqs:SendMessage", "sqs:ReceiveMessage"),
        ("arn:aws:sqs:eu-west-1:{a}:jobs", "arn:aws:sqs:eu-west-1:{a}:jobs-dead"),
        weight=8,
    ),
    Target(("sns:Publish",), ("arn:aws:sns:eu-west-1:{a}:alerts",), weight=5),
    Target(
        ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"),
        ("arn:aws:kms:eu-west-1:{a}:key/0f0f0f0f-1111-2222-3333-444444444444",),
        weight=10,
    ),
    Target(
        ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"),
        ("arn:aws:iam::{a}:role/app/worker", "arn:aws:iam::{a}:role/deploy"),
        weight=12,
    ),
    Target(("sts:GetCallerIdentity",), ("*",), policy=False, weight=1),
    Target(("secretsmanager:GetSecretValue",), ("arn:aws:secretsmanager:eu-west-1:{a}:secret:db-AbCdEf",), weight=6),
    Target(
        ("lambda:InvokeFunction",),
        ("arn:aws:lambda:eu-west-1:{a}:function:report", "arn:aws:lambda:eu-west-1:{a}:function:report:live"),
        weight=6,
    ),
    Target(
        ("dynamodb:GetItem", "dynamodb:PutItem"),
        ("arn:aws:dynamodb:eu-west-1:{a}:table/orders",),
        weight=5,
    ),
)


@dataclass(frozen=True, slots=True)
class Key:
    """A condition key: the family of its operators, values that a request has, values that a policy has.

    `listed` keys have several values. Keys that are not global are left out where iam-simulate checks keys.
    """

    name: str
    family: str
    values: tuple[str, ...]
    written: tuple[str, ...]
    listed: bool = False


_TEAMS: Final = ("red", "blue", "Red")
_TEAM_PATTERNS: Final = ("red", "blue", "RED", "r*", "b?ue", "${aws:PrincipalTag/team}", "${aws:UserName}", "*")
_TEAM_DEFAULT: Final = "${aws:PrincipalTag/team, 'red'}"
_MANY_VALUED: Final = ("${aws:TagKeys}", "${aws:TagKeys, 'red'}")
_TIMES: Final = ("2026-01-01T00:00:00Z", "2026-06-15T12:30:00Z", "2026-06-15T14:30:00+02:00", "2027-01-01T00:00:00Z")
_EPOCHS: Final = ("1767225600", "1781526600", "1798761600")

KEYS: Final = (
    Key("aws:PrincipalTag/team", "String", _TEAMS, (*_TEAM_PATTERNS, _TEAM_DEFAULT)),
    Key(
        "aws:RequestTag/team",
        "String",
        (*_TEAMS, "a*b", "a.b", "axb", "(red)"),
        (*_TEAM_PATTERNS, _TEAM_DEFAULT, "a${*}b", "a.b", "a?b", "(red)", *_MANY_VALUED),
    ),
    Key("aws:SourceVpce", "String", ("vpce-1", "vpce-2"), ("vpce-1", "vpce-2", "vpce-*")),
    Key("aws:PrincipalOrgID", "String", ("o-main",), ("o-main", "o-other", "o-*")),
    Key("aws:userid", "String", (), ("AIDAALICE00000000000", "AROAWORKER0000000000:*", "*:build-1")),
    Key("aws:PrincipalArn", "Arn", (), ()),
    Key(
        "aws:SourceArn",
        "Arn",
        ("arn:aws:sns:eu-west-1:111111111111:alerts", "arn:aws:lambda:eu-west-1:111111111111:function:report:live"),
        (
            "arn:aws:sns:eu-west-1:111111111111:alerts",
            "arn:aws:sns:*:111111111111:*",
            "arn:aws:*:*:*:function:*",
            "arn:aws:sns:eu-west-?:222222222222:alerts",
            "arn:aws:sns:eu-west-1:${aws:PrincipalAccount}:alerts",
            "*",
        ),
    ),
    Key(
        "aws:SourceIp",
        "Ip",
        ("10.1.2.3", "203.0.113.9", "2001:db8::1", "not-an-address"),
        ("10.0.0.0/8", "203.0.113.9", "203.0.113.0/24", "2001:db8::/32", "2001:db8:0::1", "0.0.0.0/0"),
    ),
    Key("aws:CurrentTime", "Date", (*_TIMES, _EPOCHS[1], "soon"), (*_TIMES, *_EPOCHS, "2026-06-15")),
    Key("aws:TokenIssueTime", "Date", _TIMES, (*_TIMES, _EPOCHS[2], "2026")),
    Key(
        "aws:MultiFactorAuthAge",
        "Numeric",
        ("30", "0300", "300.0", "3600", "5abc", "1e3"),
        ("30", "300.00", "299.5", "3600", "-1"),
    ),
    Key("aws:SecureTransport", "Bool", ("true", "false"), ("true", "false", "True")),
    Key("aws:MultiFactorAuthPresent", "Bool", ("true", "false"), ("true", "false")),
    Key("aws:UserAgent", "Binary", ("QUJD", "REVG"), ("QUJD", "REVG")),
    Key("aws:TagKeys", "String", ("team", "cost", "Team", "red"), ("team", "cost", "TEAM", "t*", "c?st"), listed=True),
    Key(
        "aws:PrincipalOrgPaths",
        "String",
        ("o-main/r-1/ou-a/", "o-main/r-1/ou-b/"),
        ("o-main/r-1/ou-a/", "o-main/*", "o-main/r-1/ou-b/"),
        listed=True,
    ),
    Key("aws:CalledVia", "String", ("athena.amazonaws.com", "ssm.amazonaws.com"), ("athena.amazonaws.com",), True),
)

OPERATORS: Final = MappingProxyType(
    {
        "String": (
            "StringEquals",
            "StringNotEquals",
            "StringEqualsIgnoreCase",
            "StringNotEqualsIgnoreCase",
            "StringLike",
            "StringNotLike",
        ),
        "Arn": ("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "StringLike", "StringNotLike"),
        "Ip": ("IpAddress", "NotIpAddress"),
        "Date": (
            "DateEquals",
            "DateNotEquals",
            "DateLessThan",
            "DateLessThanEquals",
            "DateGreaterThan",
            "DateGreaterThanEquals",
        ),
        "Numeric": (
            "NumericEquals",
            "NumericNotEquals",
            "NumericLessThan",
            "NumericLessThanEquals",
            "NumericGreaterThan",
            "NumericGreaterThanEquals",
        ),
        "Bool": ("Bool",),
        "Binary": ("BinaryEquals", "StringEquals"),
    }
)
UNKNOWN_OPERATORS: Final = ("StringMatches", "stringEquals", "NumericBetween", "NullIfExists")
UNREADABLE: Final = MappingProxyType(
    {"Ip": "10.0.0.300", "Date": "tomorrow", "Numeric": "ten", "Bool": "yes", "Arn": "not-an-arn"}
)
UNIQUE_IDS: Final = MappingProxyType({"user/alice": "AIDAALICE00000000000", "role/app/worker": "AROAWORKER0000000000"})
CANONICAL_USER: Final = "0123456789abcdef" * 4
