"""Does a vendor's policy fit the spec? Files like a vendor's, each with one thing that does not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from kinds.setting import ACCOUNT, PARTITIONS, document

from narrowgate.calls import Fields
from narrowgate.fit import MANAGED_POLICY_QUOTA, Names, check, read, restricted, restriction, variables
from narrowgate.policy import Document, Faults, size
from narrowgate.resource import Installation

CASES = sorted((Path(__file__).parent / "cases" / "fit").glob("*.json"))
VENDOR = {
    "user": ("Vendor",),
    "role": ("VendorNode",),
    "instance-profile": ("VendorNode",),
    "policy": ("VendorInstalls", "VendorNodes"),
}


def installation(region: str = "us-east-1", path: str = "/") -> Installation:
    partition = next(p for p, r in PARTITIONS.items() if r == region)
    return Installation("abc", ACCOUNT, partition, region, path, Fields(), None)


def names(at: Installation, prefix: str = "") -> Names:
    ours = tuple(at.arn(kind, prefix + name) for kind, given in VENDOR.items() for name in given)
    return Names(VENDOR, ours, at.arn("role", f"{prefix}VendorNode"))


def test_there_are_cases() -> None:
    assert len(CASES) >= 20


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_case(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    at = installation(case.get("region", "us-east-1"), case.get("path", "/"))
    found = read(json.dumps(case["document"], indent=1), at, names(at, case.get("prefix", "")))
    if case["expected"] == "ok":
        assert isinstance(found, Document), str(found)
        return
    assert isinstance(found, Faults), "it fits"
    assert len(found.items) == len(case["expected"]), str(found)
    for fault, says in zip(found.items, case["expected"], strict=True):
        assert says in fault.message


def test_a_fault_says_where_it_is() -> None:
    at = installation("cn-north-1")
    statement = '{"Effect": "Allow", "Action": "s3:*",\n  "Resource": "arn:aws:s3:::b"}'
    text = f'{{"Version": "2012-10-17",\n "Statement": [{statement}]}}'
    found = read(text, at, names(at))
    assert isinstance(found, Faults)
    assert [(f.line, f.path) for f in found.items] == [(3, "Statement[0].Resource")]


def test_the_placeholders_are_filled_in() -> None:
    at = installation("cn-north-1")
    resource = "arn:$AWS_PARTITION:ec2:${AWS_REGION}:$AWS_ACCOUNT_ID:instance/*"
    statement = {"Effect": "Allow", "Action": "ec2:StartInstances", "Resource": resource}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    found = read(text, at, names(at))
    assert isinstance(found, Document), str(found)
    assert f'"arn:aws-cn:ec2:cn-north-1:{ACCOUNT}:instance/*"' in found.text()
    assert variables(at) == {"AWS_ACCOUNT_ID": ACCOUNT, "AWS_REGION": "cn-north-1", "AWS_PARTITION": "aws-cn"}


def long_document(characters: int) -> Document:
    """A document of exactly so many characters as AWS counts them."""
    actions = [f"ec2:Act{n:04}" for n in range(300)]
    whole: dict[str, Any] = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "", "Effect": "Allow", "Action": actions, "Resource": "*"}],
    }
    whole["Statement"][0]["Sid"] = "S"
    while size(document(whole).text()) > characters - 20:
        actions.pop()
    whole["Statement"][0]["Sid"] = "S" * (characters - size(document(whole).text()) + 1)
    return document(whole)


def test_the_quota_is_exact() -> None:
    at = installation()
    fits, over = long_document(MANAGED_POLICY_QUOTA), long_document(MANAGED_POLICY_QUOTA + 1)
    assert size(fits.text()) == 6144
    assert check(fits, at, names(at)) is fits
    found = check(over, at, names(at))
    assert isinstance(found, Faults)
    assert "it has 6145 characters as AWS counts them; a managed policy may have 6144" in found.items[0].message


def test_a_restriction_that_makes_it_too_long_is_found() -> None:
    at = installation()
    deny = restriction(("203.0.113.0/24",), ())
    assert deny is not None
    whole = restricted(long_document(MANAGED_POLICY_QUOTA), deny)
    assert isinstance(whole, Document)
    assert isinstance(check(whole, at, names(at)), Faults)


EXEMPT = {"BoolIfExists": {"aws:ViaAWSService": "false"}}
OUTSIDE = {"NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}}
ELSEWHERE = {"StringNotEquals": {"aws:SourceVpce": ["vpce-0123456789abcdef0"]}}
IPS, ENDPOINTS = ("203.0.113.0/24", "2001:db8::/32"), ("vpce-0123456789abcdef0",)


@pytest.mark.parametrize(
    ("ips", "endpoints", "condition"),
    [
        (IPS, (), {**EXEMPT, **OUTSIDE}),
        ((), ENDPOINTS, {**EXEMPT, **ELSEWHERE}),
        (IPS, ENDPOINTS, {**EXEMPT, **OUTSIDE, **ELSEWHERE}),
    ],
)
def test_a_restriction_denies_everything_from_elsewhere(
    ips: tuple[str, ...], endpoints: tuple[str, ...], condition: dict[str, Any]
) -> None:
    deny = restriction(ips, endpoints)
    assert deny == {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}
    whole = restricted(document(), deny)
    assert isinstance(whole, Document)
    assert len(whole.statements) == len(document().statements) + 1
    assert whole.statements[:-1] == document().statements
    assert whole.statements[-1].effect == "Deny"


def test_no_condition_gives_no_restriction() -> None:
    assert restriction((), ()) is None
