"""How the reference installer of the Iguazio platform names and tags what it makes. Pure.

An address of the form `subnet.main` names a thing in Refs and in the tag `narrowgate:address`. Addresses, CIDR
blocks, sizes and counts are examples: no condition key of the calls holds them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from narrowgate.calls import Call, Fields, Ref, call
from narrowgate.happening import Happening, Phase
from narrowgate.profiles import Ground
from narrowgate.resource import Principal, tag_list

Addressed: TypeAlias = tuple[Call, str]
"""A call, and the address of what it makes or is made for; the empty string where there is none."""

Steps: TypeAlias = Iterator[Addressed]

CLUSTERS: Final = ("data", "application")
NODES: Final = ("1", "2", "3")
"""Of each cluster: what high availability asks for."""
VPC_CIDR: Final = "10.0.0.0/16"
SUBNET_CIDR: Final = "10.0.1.0/24"
RESERVED_CIDR: Final = "10.0.1.240/28"
SHARED_ADDRESS: Final = "10.0.1.240"
"""The address that the nodes of a cluster hand on, out of the reserved block."""


def on(address: str, attribute: str) -> Ref:
    """The id of one of the installation's things."""
    return Ref(address, attribute)


@dataclass(frozen=True, slots=True)
class Names:
    """The names and tags of one installation."""

    ground: Ground

    @property
    def system(self) -> str:
        """The system's name, with which every name of ours begins."""
        return self.ground.installation.system

    @property
    def region(self) -> str:
        """The region of the installation."""
        return self.ground.installation.region

    def of(self, cluster: str) -> str:
        """The name of what a cluster has one of: `demo-data`."""
        return f"{self.system}-{cluster}"

    @property
    def vpc(self) -> Ref | str:
        """The id of the VPC: ours, or the existing one."""
        there = self.ground.variant.network
        return there.vpc if there else on("vpc.main", "VpcId")

    @property
    def subnet(self) -> Ref | str:
        """The id of the subnet: ours, or the existing one."""
        there = self.ground.variant.network
        return there.subnet if there else on("subnet.main", "SubnetId")

    @property
    def cidr(self) -> str:
        """The VPC's CIDR block."""
        there = self.ground.variant.network
        return there.cidr if there else VPC_CIDR

    @property
    def instance_profile(self) -> str:
        """The ARN of the nodes' instance profile: its name alone does not tell its path."""
        return self.ground.installation.arn("instance-profile", self.ground.spec.instance_profile_name)

    def tags(self, address: str) -> tuple[Fields, ...]:
        """The tags of the thing at an address."""
        return tag_list(self.ground.installation.tags_of(address))

    def tagged(self, address: str, *types: str) -> tuple[Fields, ...]:
        """`TagSpecifications` for new things of some types."""
        return tuple(Fields(ResourceType=type_, Tags=self.tags(address)) for type_ in types)

    def makes(self, operation: str, address: str, type_: str, **params: object) -> Addressed:
        """A call of EC2 that makes one thing and tags it."""
        return call("ec2", operation, **params, TagSpecifications=self.tagged(address, type_)), address


def ec2(operation: str, **params: object) -> Addressed:
    """A call of EC2 that makes nothing."""
    return call("ec2", operation, **params), ""


def autoscaling(operation: str, **params: object) -> Addressed:
    """A call of EC2 Auto Scaling that makes nothing."""
    return call("autoscaling", operation, **params), ""


def happenings(ground: Ground, principal: Principal, phase: Phase, steps: Steps) -> Iterator[Happening]:
    """The calls as happenings of one principal and phase."""
    for made, address in steps:
        dry = made.params.get("DryRun") is True
        yield Happening(made, ground.installation.region, principal, phase, address=address, without_effect=dry)
