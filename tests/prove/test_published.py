"""Policies that AWS itself publishes for well-known programs, against what the catalogue asks for their calls.

The catalogue was not made from them: where it asked for what AWS's own policy does not give, one would be wrong.
The calls are those that the programs' documentation describes; the policies come with moto, which copies AWS's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import pytest

from narrowgate.adapters.action_data import action_list
from narrowgate.calls import Call, Ref, call
from narrowgate.catalogue.facts import Attributes, Place
from narrowgate.derive.derivation import Derived, derive
from narrowgate.derive.evidence import Evidence, Origin, evidence_of
from narrowgate.happening import Happening
from narrowgate.policy import Document, Layers, from_value
from narrowgate.policy.actions import ActionList
from narrowgate.policy.request_context import Requester
from narrowgate.prove.sufficiency import Insufficient, Sufficient, sufficient

pytestmark = pytest.mark.slow
PLACE = Place("aws", "123456789012", "eu-west-1")
NODE = "arn:aws:ec2:eu-west-1:123456789012:instance/i-1"
WHO = Requester(
    "AWS", "arn:aws:sts::123456789012:assumed-role/driver/pod", role_arn="arn:aws:iam::123456789012:role/driver"
)


@cache
def known() -> ActionList:
    return action_list()


def published(name: str) -> Document:
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    made = from_value(json.loads(aws_managed_policies_data)[name]["Document"], "identity")
    assert isinstance(made, Document)
    return made


def tags(type_: str, **more: str) -> list[Mapping[str, Any]]:
    return [{"ResourceType": type_, "Tags": [{"Key": key, "Value": value} for key, value in more.items()]}]


CLUSTER = {"ebs.csi.aws.com/cluster": "true"}
VOLUME, SNAPSHOT = Ref("volume.one", "VolumeId"), Ref("snapshot.one", "SnapshotId")
INTERFACE = Ref("network_interface.one", "NetworkInterfaceId")


def ebs_csi_driver() -> Iterator[tuple[str, Call]]:
    """https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/design.md"""
    zone = {"AvailabilityZone": "eu-west-1a", "Size": 10, "VolumeType": "gp3"}
    yield "", call("ec2", "DescribeAvailabilityZones")
    yield "volume.one", call("ec2", "CreateVolume", **zone, TagSpecifications=tags("volume", **CLUSTER))
    yield "", call("ec2", "DescribeVolumes", VolumeIds=[VOLUME])
    yield "", call("ec2", "AttachVolume", VolumeId=VOLUME, InstanceId="i-1", Device="/dev/xvdba")
    yield "", call("ec2", "ModifyVolume", VolumeId=VOLUME, Size=20)
    yield "", call("ec2", "DescribeVolumesModifications", VolumeIds=[VOLUME])
    made = call("ec2", "CreateSnapshot", VolumeId=VOLUME, TagSpecifications=tags("snapshot", **CLUSTER))
    yield "snapshot.one", made
    yield "", call("ec2", "DescribeSnapshots", SnapshotIds=[SNAPSHOT])
    again = call("ec2", "CreateVolume", **zone, SnapshotId=SNAPSHOT, TagSpecifications=tags("volume", **CLUSTER))
    yield "volume.two", again
    yield "", call("ec2", "DetachVolume", VolumeId=VOLUME, InstanceId="i-1")
    yield "", call("ec2", "DeleteVolume", VolumeId=VOLUME)
    yield "", call("ec2", "DeleteSnapshot", SnapshotId=SNAPSHOT)


def eks_cni() -> Iterator[tuple[str, Call]]:
    """https://docs.aws.amazon.com/eks/latest/userguide/managing-vpc-cni.html"""
    yield "", call("ec2", "DescribeInstances", InstanceIds=["i-1"])
    yield "", call("ec2", "DescribeInstanceTypes", InstanceTypes=["m5.large"])
    yield "", call("ec2", "DescribeSubnets", SubnetIds=["subnet-1"])
    own = tags("network-interface", **{"node.k8s.amazonaws.com/instance_id": "i-1"})
    yield "network_interface.one", call("ec2", "CreateNetworkInterface", SubnetId="subnet-1", TagSpecifications=own)
    attach = call("ec2", "AttachNetworkInterface", NetworkInterfaceId=INTERFACE, InstanceId="i-1", DeviceIndex=1)
    yield "", attach
    changed = {"Attachment": {"AttachmentId": "eni-attach-1", "DeleteOnTermination": True}}
    yield "", call("ec2", "ModifyNetworkInterfaceAttribute", NetworkInterfaceId=INTERFACE, **changed)
    address = ["10.0.0.9"]
    yield "", call("ec2", "AssignPrivateIpAddresses", NetworkInterfaceId=INTERFACE, SecondaryPrivateIpAddressCount=4)
    yield "", call("ec2", "UnassignPrivateIpAddresses", NetworkInterfaceId=INTERFACE, PrivateIpAddresses=address)
    yield "", call("ec2", "DescribeNetworkInterfaces", NetworkInterfaceIds=[INTERFACE])
    yield "", call("ec2", "DeleteNetworkInterface", NetworkInterfaceId=INTERFACE)


PROGRAMS = {"AmazonEBSCSIDriverPolicy": ebs_csi_driver, "AmazonEKS_CNI_Policy": eks_cni}


def evidence(calls: Sequence[tuple[str, Call]]) -> Evidence:
    def facts(arn: str) -> Attributes | None:
        return Attributes() if arn == NODE else None

    happenings = (Happening(made, "eu-west-1", "driver", "operate", address=address) for address, made in calls)
    return evidence_of(happenings, PLACE, Origin("the driver"), actions=known(), facts=facts)


@pytest.mark.parametrize("name", PROGRAMS)
def test_awss_own_policy_suffices_for_what_the_catalogue_asks(name: str) -> None:
    found = sufficient(evidence(list(PROGRAMS[name]())), WHO, Layers(identity=(published(name),)), known())
    assert isinstance(found, Sufficient), found


@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_derived_names_no_action_that_awss_policy_does_not(name: str) -> None:
    made = derive(evidence(list(PROGRAMS[name]())), known())
    assert isinstance(made, Derived)
    named = {grant.scope.action for grant in made.grants}
    theirs = published(name)
    assert {action for action in named if not any(s.names_action(action) for s in theirs.statements)} == set()


def test_another_programs_policy_does_not_suffice() -> None:
    found = sufficient(
        evidence(list(eks_cni())), WHO, Layers(identity=(published("AmazonEBSCSIDriverPolicy"),)), known()
    )
    assert isinstance(found, Insufficient)
