"""Planned calls made for real with one policy: what the gate says of it, whatever moto can do."""

from __future__ import annotations

import json
from functools import cache

import pytest

from narrowgate.adapters.action_data import action_list
from narrowgate.adapters.sandbox.rehearsal import Stage, rehearse
from narrowgate.calls import Call, Ref, World, call
from narrowgate.catalogue.facts import Attributes, Place
from narrowgate.catalogue.rule import reserved
from narrowgate.derive.derivation import Derived, derive
from narrowgate.derive.evidence import Origin, evidence_of
from narrowgate.happening import Happening
from narrowgate.policy import Document, from_value
from narrowgate.policy.actions import ActionList

pytestmark = pytest.mark.slow
REGION = "eu-west-1"
VPC = Ref("vpc.main", "VpcId")


@cache
def known() -> ActionList:
    return action_list()


def tagged(*types: str) -> list[object]:
    return [{"ResourceType": type_, "Tags": [{"Key": "installation", "Value": "one"}]} for type_ in types]


def step(made: Call, address: str = "") -> Happening:
    return Happening(made, REGION, "installer", "install", address=address)


PROGRAM = (
    step(call("ec2", "CreateVpc", CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc")), "vpc.main"),
    step(
        call("ec2", "CreateSubnet", VpcId=VPC, CidrBlock="10.0.0.0/24", TagSpecifications=tagged("subnet")),
        "subnet.main",
    ),
    step(
        call(
            "ec2",
            "RunInstances",
            ImageId="ami-1",
            MinCount=1,
            MaxCount=1,
            InstanceType="m5.large",
            SubnetId=Ref("subnet.main", "SubnetId"),
            IamInstanceProfile={"Name": "node"},
            TagSpecifications=tagged("instance", "volume", "network-interface"),
        ),
        "instance.one",
    ),
    step(call("ec2", "TerminateInstances", InstanceIds=[Ref("instance.one", "InstanceId")])),
    step(call("ec2", "DescribeInstances", InstanceIds=[Ref("instance.one", "InstanceId")])),
)


def profile(admin: World) -> dict[Ref, str]:
    statement = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
    admin(call("iam", "CreateRole", RoleName="node", AssumeRolePolicyDocument=trust))
    admin(call("iam", "CreateInstanceProfile", InstanceProfileName="node"))
    admin(call("iam", "AddRoleToInstanceProfile", InstanceProfileName="node", RoleName="node"))
    return {}


def facts(arn: str) -> Attributes | None:
    root = "arn:aws:iam::123456789012"
    return Attributes(links={"role": (f"{root}:role/node",)}) if arn == f"{root}:instance-profile/node" else None


def documents() -> tuple[Document, ...]:
    place = Place("aws", "123456789012", REGION)
    made = derive(evidence_of(PROGRAM, place, Origin("the test"), actions=known(), facts=facts), known())
    assert isinstance(made, Derived)
    return made.documents


def everything() -> Document:
    made = from_value(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, "identity"
    )
    assert isinstance(made, Document)
    return made


def test_the_derived_policy_suffices_at_the_gate() -> None:
    found = rehearse(PROGRAM, documents(), Stage(REGION, profile))
    assert (found.denied, found.not_made, found.asked) == ((), (), len(PROGRAM))


def test_every_statement_that_is_taken_out_is_missed_at_the_gate() -> None:
    (document,) = documents()
    statements = json.loads(document.text())["Statement"]
    for number in range(len(statements)):
        less = from_value(
            {"Version": "2012-10-17", "Statement": statements[:number] + statements[number + 1 :]}, "identity"
        )
        assert isinstance(less, Document)
        assert rehearse(PROGRAM, [less], Stage(REGION, profile)).denied, statements[number]


def test_a_call_whose_id_nobody_told_is_not_made_and_said() -> None:
    lost = step(call("ec2", "DeleteVpc", VpcId=Ref("vpc.other", "VpcId")))
    unknown = step(call("ec2", "DeleteVpc", VpcId=reserved("", "VpcId")))
    found = rehearse((lost, unknown), [everything()], Stage(REGION))
    assert found.asked == 0
    assert found.not_made == (
        ("ec2:DeleteVpc", "no reply told <vpc.other.VpcId>"),
        ("ec2:DeleteVpc", "it names something that nobody knows"),
    )


def test_what_the_administrator_made_before_and_what_aws_did_beside_is_told() -> None:
    def beside(admin: World, happening: Happening) -> dict[Ref, str]:
        assert admin(call("ec2", "DescribeVpcs")) is not None
        return {Ref("vpc.beside", "VpcId"): "vpc-0123"} if happening.address == "vpc.main" else {}

    stage = Stage(REGION, before=PROGRAM[:1], beside=beside)
    uses = [step(call("ec2", "DescribeVpcs", VpcIds=[VPC, Ref("vpc.beside", "VpcId")]))]
    found = rehearse(uses, [everything()], stage)
    assert (found.asked, found.denied) == (1, ())
    ((name, why),) = found.not_made
    assert (name, "vpc-0123" in why) == ("ec2:DescribeVpcs", True)
