"""Where a scope and a statement meet lies within both, or at least within the statement."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgate.harden.meeting import joined, meet
from narrowgate.policy.arn import matches

OURS = ("arn:aws:iam::1:role/*", "arn:aws:ec2:r:1:instance/*", "arn:aws:ec2:r:1:vpc/vpc-1", "*")


@pytest.mark.parametrize(
    ("ours", "theirs", "common"),
    [
        ("arn:aws:iam::1:role/*", "*", "arn:aws:iam::1:role/*"),
        ("*", "arn:aws:iam::*:role/x", "arn:aws:iam::*:role/x"),
        ("arn:aws:iam::1:role/*", "arn:aws:iam::*:role/x-*", "arn:aws:iam::1:role/x-*"),
        ("arn:aws:iam::1:role/*", "arn:aws:iam::2:role/x-*", None),
        ("arn:aws:iam::1:role/*", "arn:aws:iam::1:instance-profile/x-*", None),
        ("arn:aws:ec2:r:1:instance/*", "arn:aws:ec2:*", "arn:aws:ec2:r:1:instance/*"),
        ("arn:aws:ec2:r:1:instance/*", "arn:aws:s3:::*", None),
        ("arn:aws:ec2:r:1:vpc/vpc-1", "arn:aws:ec2:*:*:vpc/*", "arn:aws:ec2:r:1:vpc/vpc-1"),
        # Neither includes the other: what the original says stays.
        ("arn:aws:iam::1:role/a*", "arn:aws:iam::1:role/*b", "arn:aws:iam::1:role/*b"),
        ("arn:aws:iam::1:role/*", "arn:aws:iam::1:role/${aws:username}", "arn:aws:iam::1:role/${aws:username}"),
    ],
)
def test_two_patterns_meet(ours: str, theirs: str, common: str | None) -> None:
    assert meet(ours, theirs) == common


SEGMENT = st.sampled_from(["*", "r", "1", "", "r*"])
TAIL = st.text("ab/*", min_size=1, max_size=5)


@given(st.sampled_from(OURS), SEGMENT, SEGMENT, TAIL, st.text("ab/:", min_size=1, max_size=4))
def test_what_is_common_lies_within_the_original(ours: str, region: str, account: str, tail: str, fill: str) -> None:
    theirs = f"arn:aws:ec2:{region}:{account}:{tail}"
    common = meet(ours, theirs)
    if common is not None:
        assert matches(theirs, common.replace("*", fill)) or ":" in fill


A = ("StringEquals", "aws:ResourceTag/a", ("1",))


@pytest.mark.parametrize(
    ("ours", "theirs", "both"),
    [
        ((A,), (), (A,)),
        ((), (A,), (A,)),
        ((A,), (("StringEquals", "AWS:resourcetag/A", ("1", "2")),), (A,)),
        # No value in common: theirs, which is within the original, stays.
        ((A,), (("StringEquals", "aws:ResourceTag/a", ("2",)),), (("StringEquals", "aws:ResourceTag/a", ("2",)),)),
        (
            (("StringNotEquals", "k", ("1",)),),
            (("StringNotEquals", "k", ("2",)),),
            (("StringNotEquals", "k", ("1", "2")),),
        ),
    ],
)
def test_conditions_are_in_conjunction(
    ours: tuple[tuple[str, str, tuple[str, ...]], ...],
    theirs: tuple[tuple[str, str, tuple[str, ...]], ...],
    both: tuple[tuple[str, str, tuple[str, ...]], ...],
) -> None:
    assert joined(ours, theirs) == both
