"""A small installation as plain calls, with what is derived from it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from narrowgate.adapters.action_data import action_list
from narrowgate.calls import Call, Ref, call
from narrowgate.catalogue.facts import Attributes, Place
from narrowgate.derive.derivation import Derived, derive
from narrowgate.derive.evidence import Evidence, Origin, evidence_of
from narrowgate.happening import Happening
from narrowgate.policy import Document, parse
from narrowgate.policy.actions import ActionList
from narrowgate.policy.request_context import Requester

HERE: Final = Place("aws", "123456789012", "eu-west-1")
INSTALLER: Final = Requester("AWS", "arn:aws:iam::123456789012:user/installer")
TAGS: Final = [{"Key": "narrowgate:installation", "Value": "demo"}]
PROFILE: Final = "arn:aws:iam::123456789012:instance-profile/Node"
ROLE: Final = "arn:aws:iam::123456789012:role/Node"


@cache
def known() -> ActionList:
    return action_list()


def facts(arn: str) -> Attributes | None:
    return {PROFILE: Attributes(links={"role": (ROLE,)})}.get(arn)


def happening(made: Call, phase: str = "install", address: str = "") -> Happening:
    return Happening(made, HERE.region, "installer", phase, address=address, source=f"plan step {address or made.name}")


def _tagged(*types: str) -> list[dict[str, Any]]:
    return [{"ResourceType": each, "Tags": TAGS} for each in types]


def happenings() -> tuple[Happening, ...]:
    vpc, subnet, group = Ref("vpc.main", "VpcId"), Ref("subnet.main", "SubnetId"), Ref("group.data", "GroupId")
    return (
        happening(call("sts", "GetCallerIdentity"), "preflight"),
        happening(call("ec2", "DescribeVpcs"), "preflight"),
        happening(
            call("ec2", "CreateVpc", CidrBlock="10.0.0.0/16", TagSpecifications=_tagged("vpc")), "install", "vpc.main"
        ),
        happening(
            call("ec2", "CreateSubnet", VpcId=vpc, CidrBlock="10.0.0.0/24", TagSpecifications=_tagged("subnet")),
            address="subnet.main",
        ),
        happening(
            call(
                "ec2",
                "CreateSecurityGroup",
                VpcId=vpc,
                GroupName="data",
                Description="data",
                TagSpecifications=_tagged("security-group"),
            ),
            address="group.data",
        ),
        happening(call("ec2", "AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[])),
        happening(
            call(
                "ec2",
                "RunInstances",
                ImageId="ami-1",
                MinCount=1,
                MaxCount=1,
                InstanceType="m5.large",
                SubnetId=subnet,
                SecurityGroupIds=[group],
                IamInstanceProfile={"Name": "Node"},
                TagSpecifications=_tagged("instance", "volume", "network-interface"),
            ),
            address="instance.a",
        ),
        happening(call("s3", "GetObject", Bucket="artefacts", Key="release/1/image.tar")),
        happening(
            call("iam", "CreateUser", UserName="app", PermissionsBoundary="arn:aws:iam::123456789012:policy/Edge")
        ),
        happening(call("iam", "AttachUserPolicy", UserName="app", PolicyArn="arn:aws:iam::123456789012:policy/App")),
        happening(call("ec2", "TerminateInstances", InstanceIds=[Ref("instance.a", "InstanceId")]), "teardown"),
        happening(call("ec2", "DeleteSecurityGroup", GroupId=group), "teardown"),
        happening(call("ec2", "DeleteSubnet", SubnetId=subnet), "teardown"),
        happening(call("ec2", "DeleteVpc", VpcId=vpc), "teardown"),
    )


def evidence(made: Sequence[Happening] | None = None) -> Evidence:
    return evidence_of(made or happenings(), HERE, Origin("the example's calls"), actions=known(), facts=facts)


def derived(of: Evidence | None = None) -> Derived:
    return _derived(of) if of else _of_example()


@cache
def _of_example() -> Derived:
    return _derived(evidence())


def _derived(of: Evidence) -> Derived:
    found = derive(of, known())
    assert isinstance(found, Derived), found
    return found


def document(text: str, kind: Any = "identity") -> Document:
    found = parse(text, kind)
    assert isinstance(found, Document), found
    return found
