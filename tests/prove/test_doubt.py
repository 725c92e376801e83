"""What is said to be allowed whatever a value is, is: held against the engine with every value put in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st
from prove.example import INSTALLER

from narrowgate.catalogue.authorization import TAGS, Authorization
from narrowgate.catalogue.rule import RESERVED, reserved
from narrowgate.policy import Evaluator, Layers, from_value, request
from narrowgate.policy.document import Document
from narrowgate.prove.doubt import Allowed, Denied, Judge, sampled
from narrowgate.prove.standing import Standing

# Everything that the documents below can tell apart, and the key's absence.
VALUES: Final[Mapping[str, tuple[str | None, ...]]] = {
    "aws:SourceIp": (None, "192.0.2.1", "198.51.100.1"),
    "aws:PrincipalTag/team": (None, "a", "b"),
    "aws:ResourceTag/owner": (None, "a", "b"),
}
ASKED: Final = Authorization("s3:GetObject", "arn:aws:s3:::b/a", {}, (TAGS,))
CONDITIONS: Final = st.sampled_from(
    [
        {},
        {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
        {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
        {"StringEquals": {"aws:PrincipalTag/team": "a"}},
        {"StringNotEquals": {"aws:PrincipalTag/team": "a"}},
        {"StringEqualsIfExists": {"aws:ResourceTag/owner": "a"}},
        {"StringNotEquals": {"aws:ResourceTag/owner": "a"}},
        {"Null": {"aws:ResourceTag/owner": "true"}},
        {"StringEquals": {"aws:ResourceTag/owner": "${aws:PrincipalTag/team}"}},
        {"StringEquals": {"aws:ResourceTag/owner": "a", "aws:PrincipalTag/team": "b"}},
        {"Bool": {"aws:SecureTransport": "true"}},
    ]
)
STATEMENTS: Final = st.builds(
    lambda effect, resource, condition: {
        "Effect": effect,
        "Action": "s3:*",
        "Resource": resource,
        **({"Condition": condition} if condition else {}),
    },
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.sampled_from(["*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/${aws:PrincipalTag/team}"]),
    CONDITIONS,
)


def document(statements: list[dict[str, Any]], kind: Any) -> Document:
    made = from_value({"Version": "2012-10-17", "Statement": statements}, kind)
    assert isinstance(made, Document), made
    return made


def contexts() -> Iterator[dict[str, str]]:
    for values in product(*VALUES.values()):
        yield {key: value for key, value in zip(VALUES, values, strict=True) if value is not None}


@settings(max_examples=100, deadline=None)
@given(st.lists(STATEMENTS, min_size=1, max_size=3), st.lists(STATEMENTS, min_size=1, max_size=2))
def test_an_answer_holds_for_every_value(identity: list[dict[str, Any]], boundary: list[dict[str, Any]]) -> None:
    layers = Layers((document(identity, "identity"),), (document(boundary, "boundary"),))
    standing = Standing(INSTALLER, layers)
    answer = Judge(standing).answer(ASKED)
    engine = Evaluator(layers)
    for context in contexts():
        asked = request(INSTALLER, ASKED.action, ASKED.resource, {**standing.carried, **context})
        outcome = engine.evaluate(asked).outcome
        if isinstance(answer, Allowed):
            assert outcome == "allowed", context
        if isinstance(answer, Denied):
            assert outcome != "allowed", context


def test_what_is_told_is_no_doubt() -> None:
    by_team = document(
        [
            {
                "Effect": "Allow",
                "Action": "s3:*",
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:PrincipalTag/team": "a"}},
            }
        ],
        "identity",
    )
    told = Standing(INSTALLER, Layers((by_team,)), {"aws:PrincipalTag/team": "a"})
    assert isinstance(Judge(told).answer(ASKED), Allowed)
    assert isinstance(Judge(replace(told, context={"aws:PrincipalTag/team": "b"})).answer(ASKED), Denied)


def test_a_sample_is_spelled_as_aws_draws_ids() -> None:
    arn = "arn:aws:ec2:eu-west-1:123456789012:vpc/"
    asked = request(
        INSTALLER, "ec2:DeleteVpc", arn + reserved("vpc.main", "VpcId"), {"ec2:Vpc": arn + reserved("v", "VpcId")}
    )
    made = sampled(asked)
    assert made.resource.startswith(arn + "vpc-0") and RESERVED not in repr(made)
    assert sampled(made) == made


def test_an_id_whose_name_has_a_path_is_one_id() -> None:
    asked = request(INSTALLER, "ec2:RunInstances", f"arn:aws:ec2:eu-west-1::image/{reserved('/app/ami', 'ImageId')}")
    assert sampled(asked).resource.rpartition("/")[0] == "arn:aws:ec2:eu-west-1::image"
