"""Contained: within a ceiling or not, in the universe where it can be told."""

from __future__ import annotations

import json
from typing import Any

from prove.example import derived, document, known

from narrowgate.policy import Document, Proved, Refuted, Unknown, grants
from narrowgate.prove.containment import contained


def ceiling(*statements: dict[str, Any]) -> Document:
    return document(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))


def allow(action: Any, resource: Any = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def test_every_policy_is_contained_in_itself() -> None:
    assert contained(derived().documents, derived().documents, known()) == Proved("open")


def test_a_vendors_file_contains_it() -> None:
    vendor = ceiling(allow(["ec2:*", "s3:Get*", "iam:*"]))
    assert isinstance(contained(derived().documents, (vendor,), known()), Proved)


def test_what_goes_beyond_is_shown() -> None:
    found = contained(derived().documents, (ceiling(allow(["ec2:*", "iam:*"])),), known())
    assert isinstance(found, Refuted)
    assert found.counterexample.request.action == "s3:GetObject"


def test_each_of_several_ceilings_must_allow() -> None:
    wide, narrow = ceiling(allow("*")), ceiling(allow(["ec2:*", "iam:*"]))
    assert isinstance(contained(derived().documents, grants(wide), known()), Proved)
    assert isinstance(contained(derived().documents, grants(wide, ceilings=[(narrow,)]), known()), Refuted)


def test_what_only_aws_never_asks_about_is_no_difference() -> None:
    ours = ceiling(allow(["ec2:DeleteVpc", "ec2:DeleteSubnet"], ["arn:aws:ec2:*:*:vpc/*", "arn:aws:ec2:*:*:subnet/*"]))
    theirs = ceiling(
        allow("ec2:DeleteVpc", "arn:aws:ec2:*:*:vpc/*"), allow("ec2:DeleteSubnet", "arn:aws:ec2:*:*:subnet/*")
    )
    assert contained((ours,), (theirs,), known()) == Proved("typed")


def test_a_comparison_that_cannot_be_made_is_unknown() -> None:
    bucket = document(
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{**allow("s3:*"), "Principal": {"AWS": "123456789012"}}],
            }
        ),
        "resource",
    )
    assert isinstance(contained(derived().documents, (bucket,), known()), Unknown)
