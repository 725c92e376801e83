"""The quick way in says what the strict reader says, and takes what nearly all documents are."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from judges.hostile_documents import restructured
from judges.pairs import random_pair
from narrowgate.policy import Faults, Kind, load, parse
from narrowgate.policy import loading as quick
from narrowgate.policy.clause import policy_of

KINDS: tuple[Kind, ...] = ("identity", "boundary", "scp", "resource", "trust", "rcp")


def agree(text: str, kind: Kind, *, lenient: bool = False) -> bool:
    """Both ways say the same; whether it is a policy."""
    strict, made = parse(text, kind, lenient=lenient), load(text, kind, lenient=lenient)
    if isinstance(strict, Faults):
        assert made == strict, text
        return False
    assert made == policy_of(strict), text
    return True


def test_random_documents_and_what_damage_makes_of_them() -> None:
    taken = 0
    for seed in range(250):
        rng = random.Random(seed)
        value: Any = json.loads(random_pair(rng)[0][0].text())
        for _ in range(3):
            taken += agree(json.dumps(value), rng.choice(KINDS[:3]), lenient=rng.random() < 0.3)
            value = restructured(rng, value)
    assert 200 < taken < 700


@pytest.mark.parametrize(
    "text",
    [
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Action":"*","Resource":"*"}}',
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:Get\\ns3:Put","Resource":"*"}}',
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:*",1],"Resource":"*"}}',
        '{"Version":"2012-10-17","Statement":{"Sid":null,"Effect":"Allow","Action":"s3:*","Resource":"*"}}',
        '{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"},'
        '{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"}]}',
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:ec2:::YOUR_NAME"}}',
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*",'
        '"Condition":{"Bool":{"aws:SecureTransport":["true","false"]}}}}',
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*",'
        '"Condition":{"StringEquals":{"aws:x":"1","AWS:X":"2"}}}}',
        "[" * 100_000,
        "NaN",
        "\ufeff{}",
    ],
)
def test_what_looks_right_and_is_not(text: str) -> None:
    for kind in KINDS:
        assert not agree(text, kind)


def test_the_quick_way_is_taken() -> None:
    """Else its tests would test the strict reader against itself."""
    text = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:Get*","ec2:*"],"Resource":'
        '["arn:aws:ec2:*:*:volume/*","arn:aws:s3:::b/${aws:username}/*"],"Condition":{"StringLike":{"aws:x":"a*"},'
        '"Bool":{"aws:SecureTransport":true}}}}'
    )
    for kind in KINDS[:3]:
        assert quick._policy(quick._decoded(text), kind) == load(text, kind)
