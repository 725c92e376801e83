"""The small alphabets of `worlds`: who asks, for what, and values that collide. The first is the simplest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from narrowgate.policy.request_context import Requester

A, B = "111122223333", "444455556666"
USER, ROLE, PATHED = f"arn:aws:iam::{A}:user/alice", f"arn:aws:iam::{A}:role/app", f"arn:aws:iam::{A}:role/team/app"
SESSION, FEDERATED = f"arn:aws:sts::{A}:assumed-role/app/s", f"arn:aws:sts::{A}:federated-user/bob"
ROOT, OTHER = f"arn:aws:iam::{A}:root", f"arn:aws:iam::{B}:user/alice"
LINKED = f"arn:aws:iam::{A}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"
USER_ID, ROLE_ID = "AIDAEXAMPLEEXAMPLE01", "AROAEXAMPLEEXAMPLE01"
CANONICAL = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
PROVIDER = f"arn:aws:iam::{A}:saml-provider/p"

REQUESTERS: Final = (
    Requester("AWS", USER),
    Requester("AWS", SESSION),
    Requester("AWS", SESSION, role_arn=PATHED),
    Requester("AWS", OTHER),
    Requester("AWS", ROLE),
    Requester("AWS", PATHED),
    Requester("AWS", FEDERATED),
    Requester("AWS", ROOT),
    Requester("AWS", LINKED),
    Requester("AWS", f"arn:aws:sts::{A}:assumed-role/AWSServiceRoleForX/s"),
    Requester("AWS", SESSION, role_arn=f"arn:aws:iam::{A}:role/aws-service-role/x.amazonaws.com/app"),
    Requester("Service", service="sns.amazonaws.com"),
    Requester("Federated", provider=PROVIDER),
    Requester("Anonymous"),
)
PRINCIPALS: Final = (
    {"AWS": USER},
    "*",
    {"AWS": A},
    {"AWS": [USER, ROOT]},
    {"AWS": SESSION},
    {"AWS": ROLE},
    {"AWS": [SESSION, PATHED]},
    {"AWS": [ROLE, A]},
    {"AWS": [B, FEDERATED]},
    {"AWS": [A, FEDERATED, SESSION]},
    {"AWS": OTHER},
    {"AWS": [USER_ID, A]},
    {"AWS": ROLE_ID},
    {"AWS": [USER, PATHED, LINKED]},
    {"AWS": "*"},
    {"Service": "SNS.amazonaws.com", "AWS": B},
    {"Federated": PROVIDER},
    {"Service": "sqs.amazonaws.com", "Federated": PROVIDER, "AWS": USER},
)
UNKNOWN_PRINCIPALS: Final = ({"CanonicalUser": CANONICAL}, {"CanonicalUser": CANONICAL, "AWS": [A, USER]})

OBJECTS = ("arn:aws:s3:::b/k", "arn:aws:s3:::b/alice", "arn:aws:s3:::b/*", "arn:aws:s3:::b", "arn:aws:s3:::b/a:b")
TOPICS = (f"arn:aws:sns:eu-west-1:{A}:t", f"arn:aws:sns:eu-west-1:{B}:t", f"arn:aws:sns:eu-west-1:{A}:{A}:t", "*")
ROLES = (f"arn:aws:iam::{A}:role/r", f"arn:aws:iam::{B}:role/r", f"arn:aws:iam::{A}:user/alice")
KEYS = (f"arn:aws:kms:eu-west-1:{A}:key/k", f"arn:aws:kms:eu-west-1:{A}:alias/k", f"arn:aws:kms:eu-west-1:{B}:key/k")
CALLS: Final = (
    ("s3:GetObject", OBJECTS),
    ("S3:putObject", OBJECTS),
    ("sns:Publish", TOPICS),
    ("sts:AssumeRole", ROLES),
    ("sts:TagSession", ROLES),
    ("sts:SetContext", ROLES),
    ("kms:Decrypt", KEYS),
    ("sts:GetCallerIdentity", ("*",)),
    ("sts:GetSessionToken", ("*",)),
)
ACTIONS: Final = ("*", "s3:GetObject", "*", "s3:*", "*", "S3:PUT*", "sns:Publish", "s3:?etObject", "sts:*", "kms:*")
TRUST_ACTIONS: Final = ("sts:AssumeRole", "sts:TagSession", "STS:assumerole")
PATTERNS: Final = (
    "*",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/k",
    "arn:aws:s3:::b/${aws:username}",
    "arn:aws:s3:::b/${aws:PrincipalTag/t, 'alice'}",
    "arn:aws:s3:::b/a?b",
    "arn:aws:s3:::b/${*}",
    "arn:aws:s3::*:b/*",
    "arn:*:s3:::?/?",
    f"arn:aws:sns:eu*:{A}:t",
    f"arn:aws:sns:eu*3:{A}:t",
    f"arn:aws:sns:eu-west-1?{A}:{A}:t",
    "arn:aws:sns:*:${aws:PrincipalTag/t}:t",
    "arn:aws:sns:*:*:*",
    "arn:aws:sns:*:1*3:*",
    f"arn:aws:iam::{A}:role/*",
    "arn:aws:kms:*:*:key/${aws:username}",
    "arn:aws:kms:*:*:*",
)

NUMBERS, DATES = (
    ("5", "5.0", "-1", "10"),
    ("2026-07-01", "2026-07-01T02:00:00+02:00", "1782864000", "2026-07-02T00:00:00Z"),
)
ARNS = (f"arn:aws:sns:eu-west-1:{A}:t", "arn:aws:s3:::b", f"arn:aws:sns:eu-west-1:{A}:t:x")
VARIABLES = ("${aws:username}", "${aws:PrincipalTag/t, 'a'}", "x${*}", "${?}${$}")
ARN_PATTERNS = (f"arn:aws:sns:*:{A}:t", "*", "arn:aws:sns:*:${aws:PrincipalTag/t}:?", "arn:*:s3:*:*:*")


class Family(NamedTuple):
    """Operators that compare alike: values for documents and requests, and what they cannot read."""

    operators: tuple[str, ...]
    keys: tuple[str, ...]
    listed: tuple[str, ...]
    given: tuple[str, ...]
    unreadable: tuple[str, ...] = ()


EQUALS = ("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase")
STRINGS = (*EQUALS, "StringLike", "StringNotLike")
ORDERS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
FAMILIES: Final = (
    Family(
        STRINGS,
        ("aws:RequestTag/a", "aws:TagKeys"),
        ("a", "A", "a*", "?", "", *VARIABLES),
        ("a", "A", "ab", "", "x*", "alice"),
    ),
    Family(tuple(f"Numeric{o}" for o in ORDERS), ("s3:max-keys",), NUMBERS, (*NUMBERS, "5abc", ""), ("5abc",)),
    Family(tuple(f"Date{o}" for o in ORDERS), ("aws:CurrentTime",), DATES, (*DATES, "soon"), ("soon", "2026-13-01")),
    Family(("Bool",), ("aws:SecureTransport",), ("true", "false", "TRUE"), ("true", "False", "1"), ("1",)),
    Family(("BinaryEquals",), ("example:Key",), ("QQ==", "Qg=="), ("QQ==", "Qg==", "?"), ("?",)),
    Family(
        ("IpAddress", "NotIpAddress"),
        ("aws:SourceIp",),
        ("10.0.0.0/8", "::/0", "0.0.0.0/0", "10.0.0.1", "2001:db8::/32"),
        ("10.0.0.1", "192.0.2.1", "2001:DB8::1", "here"),
        ("10.0.0.1/8", "here"),
    ),
    Family(
        ("ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals"),
        ("aws:SourceArn",),
        (*ARN_PATTERNS, *ARNS),
        (*ARNS, "b"),
        ("b",),
    ),
    Family(("Null",), ("aws:TagKeys", "s3:max-keys", "aws:SourceIp"), ("true", "false"), (), ("maybe",)),
)
UNKNOWN: Final = ("StringMatches", "stringequals", "NullIfExists", "ForEachValue:StringEquals", "BoolIfExistsIfExists")
OTHER_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "aws:username": ("alice", "k", "*"),
    "aws:PrincipalTag/t": (A, "alice", "a", "*", "", f"{A}:{A}"),
}
USER_IDS: Final = (USER_ID, f"{USER_ID}1")
ROLE_IDS: Final = (f"{ROLE_ID}:s", f"{ROLE_ID}1:s")
