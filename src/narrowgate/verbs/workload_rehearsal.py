"""The reference workload on a fresh embedded AWS: what must be there, and what a group does by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from narrowgate.adapters.sandbox.fresh_user import answered
from narrowgate.adapters.sandbox.rehearsal import Stage
from narrowgate.calls import Ref, Reply, World, call, named
from narrowgate.happening import Happening
from narrowgate.identities import installation_of
from narrowgate.resource import ADDRESS, Installation
from narrowgate.spec import Spec
from narrowgate.workload import installer_happenings

BEFORE: Final = ("preflight", "install")
"""The phases after which nodes run."""
ADDRESSES: Final = "L-0263D0A3"
"""The quota of Elastic IP addresses: five in a new account, and the reference installation has six.

https://docs.aws.amazon.com/general/latest/gr/ec2-service.html
"""
# An ed25519 key that is nobody's.
_PUBLIC_KEY: Final = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA nobody"


def stage_of(spec: Spec, account: str, *, for_nodes: bool = False) -> Stage:
    """Where the spec's calls are rehearsed; `for_nodes`: with the infrastructure that the nodes live in."""
    installation = installation_of(spec, account)
    calls = installer_happenings(spec, installation) if for_nodes else ()
    return Stage(
        spec.region,
        lambda admin: _prepared(admin, spec, installation),
        tuple(each for each in calls if each.phase in BEFORE),
        _grown,
    )


def _prepared(admin: World, spec: Spec, installation: Installation) -> Mapping[Ref, str]:
    """The node role in its instance profile, as `setup` leaves them; an image that there is; room for six addresses."""
    service = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": service})
    role, profile, path = spec.role_name, spec.instance_profile_name, installation.path
    answered(admin, call("iam", "CreateRole", RoleName=role, Path=path, AssumeRolePolicyDocument=trust))
    answered(admin, call("iam", "CreateInstanceProfile", InstanceProfileName=profile, Path=path))
    answered(admin, call("iam", "AddRoleToInstanceProfile", InstanceProfileName=profile, RoleName=role))
    quota = {"ServiceCode": "ec2", "QuotaCode": ADDRESSES}
    answered(admin, call("service-quotas", "RequestServiceQuotaIncrease", DesiredValue=20.0, **quota))
    image = answered(admin, call("ec2", "DescribeImages", MaxResults=5)).items_of("Images")[0].text("ImageId")
    return {Ref("image.node", "ImageId"): image, Ref("key_pair.main", "PublicKeyMaterial"): _PUBLIC_KEY.decode()}


def _grown(admin: World, happening: Happening) -> Mapping[Ref, str]:
    """The nodes that a group launched or replaced; those that it replaced get their public addresses back."""
    if happening.call.operation not in ("CreateAutoScalingGroup", "ResumeProcesses"):
        return {}
    name = happening.call.params.text("AutoScalingGroupName")
    groups = answered(admin, call("autoscaling", "DescribeAutoScalingGroups", AutoScalingGroupNames=[name]))
    cluster = name.rpartition("-")[2]
    told: dict[Ref, str] = {}
    for number, node in enumerate(_nodes(groups), 1):
        found = answered(admin, call("ec2", "DescribeInstances", InstanceIds=[node]))
        interface = next(named(found, "NetworkInterfaceId"), "")
        address = f"instance.{cluster}{number}"
        told |= {Ref(address, "InstanceId"): node, Ref(address, "NetworkInterfaceId"): interface}
        if happening.call.operation == "ResumeProcesses":
            told |= _readdressed(admin, f"{cluster}{number}", interface)
    return told


def _readdressed(admin: World, node: str, interface: str) -> Mapping[Ref, str]:
    """The association of a node's public address, made anew."""
    tagged = [{"Name": f"tag:{ADDRESS}", "Values": [f"elastic_ip.{node}"]}]
    found = answered(admin, call("ec2", "DescribeAddresses", Filters=tagged))
    told: dict[Ref, str] = {}
    for each in named(found, "AllocationId"):
        given = {"AllocationId": each, "NetworkInterfaceId": interface, "AllowReassociation": True}
        made = answered(admin, call("ec2", "AssociateAddress", **given))
        told[Ref(f"elastic_ip_association.{node}", "AssociationId")] = made.text("AssociationId")
    return told


def _nodes(groups: Reply) -> Iterator[str]:
    for group in groups.items_of("AutoScalingGroups"):
        for instance in group.items_of("Instances"):
            yield instance.text("InstanceId")
