"""The simulator's opinion, asked of the sandbox as somebody else than the one examined."""

from __future__ import annotations

import json

import pytest

from narrowgate.adapters.aws import Endpoint, Identity, connect
from narrowgate.adapters.sandbox.embedded import ADMIN, Embedded
from narrowgate.adapters.simulator import opinions
from narrowgate.calls import Call as ApiCall
from narrowgate.calls import Fields, Reply, call
from narrowgate.catalogue.rule import reserved
from narrowgate.errors import AwsError
from narrowgate.policy.request_context import request
from narrowgate.secret import Secret

ALICE = "arn:aws:iam::123456789012:user/alice"
ROOT = "arn:aws:ec2:eu-west-1:123456789012"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["ec2:DeleteVpc", "ec2:TerminateInstances"],
            "Resource": [f"{ROOT}:vpc/*", f"{ROOT}:instance/*"],
            "Condition": {"StringEquals": {"aws:ResourceTag/system": "one"}},
        },
        {"Effect": "Deny", "Action": "ec2:DeleteSubnet", "Resource": "*"},
    ],
}
OURS, THEIRS = {"aws:ResourceTag/system": "one"}, {"aws:ResourceTag/system": "two"}


@pytest.mark.slow
def test_it_says_what_the_policies_of_the_principal_say() -> None:
    with Embedded() as aws:
        admin = connect(Identity(ADMIN[0], Secret(ADMIN[1])), Endpoint("eu-west-1", "http://127.0.0.1", aws.transport))
        admin(call("iam", "CreateUser", UserName="alice"))
        policy = json.dumps(POLICY)
        admin(call("iam", "PutUserPolicy", UserName="alice", PolicyName="p", PolicyDocument=policy))
        asked = [
            request(ALICE, "ec2:DeleteVpc", f"{ROOT}:vpc/{reserved('vpc.main', 'VpcId')}", OURS),
            request(ALICE, "ec2:TerminateInstances", f"{ROOT}:instance/i-1", OURS),
            request(ALICE, "ec2:DeleteVpc", f"{ROOT}:vpc/vpc-1", THEIRS),
            request(ALICE, "ec2:DeleteSubnet", f"{ROOT}:subnet/subnet-1"),
        ]
        assert [(each.request, each.outcome) for each in opinions(admin, ALICE, asked)] == [
            (asked[0], "allowed"),
            (asked[1], "allowed"),
            (asked[2], "implicitDeny"),
            (asked[3], "explicitDeny"),
        ]


def test_requests_alike_are_one_question() -> None:
    questions: list[Fields] = []

    def world(made: ApiCall) -> Reply:
        questions.append(made.params)
        decided = [{"EvalActionName": name, "EvalDecision": "allowed"} for name in made.params.texts("ActionNames")]
        return Fields(EvaluationResults=decided)

    asked = [request(ALICE, f"ec2:Describe{name}", "*", {"aws:PrincipalArn": ALICE}) for name in ("Vpcs", "Subnets")]
    assert [each.outcome for each in opinions(world, ALICE, asked)] == ["allowed", "allowed"]
    assert [each.texts("ActionNames") for each in questions] == [("ec2:DescribeVpcs", "ec2:DescribeSubnets")]
    assert questions[0].items_of("ContextEntries") == ()


def test_no_decision_is_an_error_not_an_opinion() -> None:
    with pytest.raises(AwsError, match="did not decide `ec2:DescribeVpcs`"):
        list(opinions(lambda _: Fields(EvaluationResults=[]), ALICE, [request(ALICE, "ec2:DescribeVpcs")]))
