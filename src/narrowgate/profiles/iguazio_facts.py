"""What is known of the Iguazio platform's things that none of its calls makes. Pure.

Groups launch nodes as the service-linked role, from a template that tags instances and interfaces; an association is
made by a call and is no resource of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from narrowgate.catalogue.facts import Attributes, Place
from narrowgate.catalogue.rule import reserved
from narrowgate.profiles import Ground
from narrowgate.profiles.iguazio_names import CLUSTERS, NODES
from narrowgate.resource import INSTALLATION, Installation

OTHER: Final = "Another"
"""The system name of somebody else's installation: a system of ours has no capital."""


def known(ground: Ground) -> Mapping[str, Attributes]:
    """The nodes, their interfaces, what associations join, and the role in the instance profile."""
    return MappingProxyType(dict(_known(ground)))


def _known(ground: Ground) -> Iterator[tuple[str, Attributes]]:
    at, spec = ground.installation, ground.spec
    profile = at.arn("instance-profile", spec.instance_profile_name)
    yield profile, Attributes(links={"role": (at.arn("role", spec.role_name),)})
    for cluster in CLUSTERS:
        for node in NODES:
            yield from _node(at, cluster, node)


def _node(at: Installation, cluster: str, node: str) -> Iterator[tuple[str, Attributes]]:
    address, tags = f"instance.{cluster}{node}", at.tags_of(f"auto_scaling_group.{cluster}")
    told = Attributes(tags={name: str(value) for name, value in tags.items()})
    interface = _ec2(at, "network-interface", address, "NetworkInterfaceId")
    yield _ec2(at, "instance", address, "InstanceId"), told
    yield interface, told
    association = _ec2(at, "elastic-ip", f"elastic_ip_association.{cluster}{node}", "AssociationId")
    joined = {
        "self": (_ec2(at, "elastic-ip", f"elastic_ip.{cluster}{node}", "AllocationId"),),
        "network-interface": (interface,),
    }
    yield association, Attributes(links=joined)


def strangers(ground: Ground) -> Mapping[str, Attributes]:
    """Things of somebody else's installation (`theirs.*`), and things without any tag (`nobodys.*`); our own nodes."""
    at = ground.installation
    found: dict[str, Attributes] = {**dict(_known(ground)), **dict(_groups(at))}
    for type_, member in _TYPES.items():
        for whose, tags in (("theirs", {INSTALLATION: OTHER}), ("nobodys", {})):
            kind = type_.replace("-", "_")
            found[_ec2(at, type_, f"{whose}.{kind}", member)] = Attributes(tags=tags)
    return MappingProxyType(found)


def _groups(at: Installation) -> Iterator[tuple[str, Attributes]]:
    for cluster in CLUSTERS:
        name = f"autoScalingGroup:*:autoScalingGroupName/{at.system}-{cluster}"
        tags = at.tags_of(f"auto_scaling_group.{cluster}")
        arn = Place(at.partition, at.account, at.region).arn("autoscaling", name)
        yield arn, Attributes(tags={name: str(value) for name, value in tags.items()})


_TYPES: Final = {
    "elastic-ip": "AllocationId",
    "instance": "InstanceId",
    "internet-gateway": "InternetGatewayId",
    "launch-template": "LaunchTemplateId",
    "network-interface": "NetworkInterfaceId",
    "route-table": "RouteTableId",
    "security-group": "GroupId",
    "subnet": "SubnetId",
    "vpc": "VpcId",
}
"""What belongs to strangers, with the members of AWS's replies that tell the ids."""


def _ec2(at: Installation, type_: str, address: str, member: str) -> str:
    return Place(at.partition, at.account, at.region).arn("ec2", f"{type_}/{reserved(address, member)}")
