"""The spec's section `platform`: the infrastructure that a person wants. Pure.

Limits that are AWS's carry their page; what the vendor asks of sizes comes from the profile (`Minimum`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, model_validator

from narrowgate.cidr import Address, Cidr, NetworkCidr, is_everybody, is_within, overlapping, reserved, room

Problem: TypeAlias = tuple[tuple[int | str, ...], str]
"""Where in a part of the spec, and what is wrong there."""

# GiB, and IOPS with the most for each GiB where they are provisioned.
# LaunchTemplateEbsBlockDeviceRequest, Amazon EC2 API Reference; "Provisioned IOPS SSD volumes", Amazon EBS User Guide.
_LARGEST: Final = {"gp2": 16_384, "gp3": 65_536, "io1": 16_384, "io2": 65_536}
_PROVISIONED: Final = {"io1": (64_000, 50), "io2": (256_000, 1_000)}
_LEAST_IOPS: Final = 100


class Model(BaseModel):
    """A part of the spec: it does not change, has no other keys, and takes no type for another."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True)
class Minimum:
    """What the nodes of a cluster must be at least: instance types that are large enough, GiB of the root volume."""

    instance_types: tuple[str, ...]
    volume: int


class New(Model):
    """A network of its own: a VPC, an internet gateway, a route table, one subnet for all nodes."""

    cidr: NetworkCidr
    """The VPC's CIDR block, /16 to /28."""
    subnet: NetworkCidr
    """The subnet's CIDR block, inside the VPC's."""


class Existing(Model):
    """A network that is there already; nothing in it is changed but what is added."""

    vpc: Annotated[str, Field(pattern=r"^vpc-[0-9a-f]{8,17}$")]
    """The VPC's id."""
    cidr: NetworkCidr
    """The VPC's CIDR block that the subnet is in."""
    subnet: Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$")]
    """The id of the subnet for all nodes."""


class NetworkChoice(Model):
    """As it is written: one of the two."""

    new: New | None = None
    """A network of its own."""
    existing: Existing | None = None
    """A network that is there already."""

    @model_validator(mode="after")
    def _one(self) -> NetworkChoice:
        if (self.new is None) == (self.existing is None):
            raise ValueError("give one of `new` and `existing`, with their keys below it")
        return self


def _chosen(value: object) -> New | Existing:
    if isinstance(value, New | Existing):
        return value
    choice = NetworkChoice.model_validate(value)
    found = choice.new or choice.existing
    assert found is not None, "NetworkChoice has one of the two"
    return found


def _written(network: New | Existing) -> dict[str, dict[str, Any]]:
    return {"new" if isinstance(network, New) else "existing": network.model_dump()}


Network: TypeAlias = Annotated[
    New | Existing, PlainValidator(_chosen, json_schema_input_type=NetworkChoice), PlainSerializer(_written)
]


class Image(Model):
    """The AMI of the nodes: by id, by an SSM parameter that holds the id, or the newest of an owner and a name."""

    id: Annotated[str, Field(pattern=r"^ami-[0-9a-f]{8,17}$")] | None = None
    """The AMI's id."""
    parameter: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9_.-]+)+$")] | None = None
    """The name of a parameter in AWS Systems Manager that holds the id."""
    owner: Annotated[str, Field(pattern=r"^([0-9]{12}|self|amazon|aws-marketplace)$")] | None = None
    """Whose AMI: an account's number in quotes, `self`, `amazon` or `aws-marketplace`. With `name`."""
    name: Annotated[str, Field(pattern=r"^[*?]*[A-Za-z0-9][A-Za-z0-9()\[\] ./'@_*?-]{0,127}$")] | None = None
    """The AMI's name, in which `*` and `?` stand for others; the newest that fits is taken. With `owner`."""

    @model_validator(mode="after")
    def _one(self) -> Image:
        if (self.owner is None) != (self.name is None):
            raise ValueError("`owner` and `name` go together: anybody can give an image any name")
        if sum(way is not None for way in (self.id, self.parameter, self.owner)) != 1:
            raise ValueError("give exactly one of `id`, `parameter`, and `owner` with `name`")
        return self


class Volume(Model):
    """The root volume of a node."""

    size: Annotated[int, Field(ge=1)]
    """GiB."""
    type: Literal["gp2", "gp3", "io1", "io2"] = "gp2"
    """The EBS volume type."""
    encrypted: bool = True
    """Whether EBS encrypts it."""
    iops: int | None = None
    """Operations a second, for io1 and io2, which have to be told; the others go without."""

    def problems(self) -> Iterator[Problem]:
        """What AWS would refuse."""
        if self.size > _LARGEST[self.type]:
            yield ("size",), f"found `{self.size}`: {self.type} volumes have at most {_LARGEST[self.type]} GiB"
        if self.type not in _PROVISIONED:
            if self.iops is not None:
                yield ("iops",), f"{self.type} volumes go without: leave it out, or take type io1 or io2"
            return
        most, per_gib = _PROVISIONED[self.type]
        most = min(most, per_gib * self.size)
        if self.iops is None or not _LEAST_IOPS <= self.iops <= most:
            found = "this key is missing" if self.iops is None else f"found `{self.iops}`"
            yield ("iops",), f"{found}: {self.type} volumes of {self.size} GiB take {_LEAST_IOPS} to {most}"


class Cluster(Model):
    """The nodes of one sort."""

    nodes: Annotated[int, Field(ge=1)]
    """How many."""
    instance_type: str
    """The EC2 instance type: one of those that the profile allows."""
    volume: Volume
    """Their root volumes."""

    def too_small(self, minimum: Minimum) -> Iterator[Problem]:
        """Where the nodes are less than the platform needs."""
        if self.instance_type not in minimum.instance_types:
            allowed = ", ".join(minimum.instance_types)
            yield ("instance_type",), f"found `{self.instance_type}`, allowed are {allowed}"
        if self.volume.size < minimum.volume:
            yield ("volume", "size"), f"found `{self.volume.size}`: the platform needs at least {minimum.volume} GiB"


class Platform(Model):
    """The infrastructure that `narrowgate install` makes with the restricted user's key."""

    network: Network
    """`new: {cidr, subnet}`, or `existing: {vpc, cidr, subnet}`."""
    availability_zone: str | None = None
    """The zone of a new subnet, as `eu-west-1a`. Left out: AWS chooses."""
    image: Image
    """`{id}`, `{parameter}`, or `{owner, name}`."""
    data: Cluster
    """The data nodes: one, or three for high availability."""
    application: Cluster
    """The application nodes: one or more; at least three beside three data nodes."""
    public_ips: bool = False
    """Whether every node gets an Elastic IP."""
    whitelist: tuple[Cidr, ...] = Field(default=(), strict=False)
    """CIDR blocks of those who use the platform: they reach its web ports."""
    installer_cidr: Cidr
    """The CIDR block that the installer reaches the nodes from by SSH, as `203.0.113.4/32`."""
    support_access: bool = False
    """Whether the vendor's support reaches the nodes, on all ports. Only with `public_ips`."""
    placement_group: bool = False
    """Whether the nodes are placed close together."""
    public_key: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x1f\x7f/]$")]
    """The file of the public key for SSH, relative to the spec; imported as a key pair."""
    shared_address: Address
    """The private address that the nodes hand on; kept free in the subnet."""
    metadata_hop_limit: Annotated[int, Field(ge=1, le=64)] = 1
    """How many hops the nodes' metadata may travel, 1 to 64. 2 lets every container on a node take the node's
    credentials: only where the platform's own software has to ask from inside a container."""
    termination_protection: bool = False
    """Whether the nodes refuse to be terminated by API calls."""

    @property
    def open_to_everyone(self) -> tuple[str, ...]:
        """The settings that let in the whole internet, whether in one block or in several."""
        sources = (("installer_cidr", (self.installer_cidr,)), ("whitelist", self.whitelist))
        return tuple(name for name, blocks in sources if is_everybody(blocks))

    def clashes(self, region: str) -> Iterator[Problem]:
        """What is wrong between settings that are each right."""
        yield from self._in_network()
        yield from self._in_shared_address()
        yield from self._in_sources()
        yield from self._in_clusters()
        if self.availability_zone is not None:
            yield from self._in_zone(self.availability_zone, region)
        if self.support_access and not self.public_ips:
            yield ("support_access",), "support comes from the internet: it needs `public_ips: true`"

    def too_small(self, minima: Mapping[str, Minimum]) -> Iterator[Problem]:
        """Where a cluster is less than the profile asks for; `minima` by `data` and `application`."""
        for name, cluster in self._clusters().items():
            yield from (((name, *where), why) for where, why in cluster.too_small(minima[name]))

    def _clusters(self) -> Mapping[str, Cluster]:
        return {"data": self.data, "application": self.application}

    def _in_network(self) -> Iterator[Problem]:
        network = self.network
        if isinstance(network, Existing):
            where, block = ("network", "existing", "cidr"), network.cidr
        else:
            where, block = ("network", "new", "subnet"), network.subnet
            if not is_within(block, network.cidr):
                yield where, f"`{block}` lies outside the VPC's `{network.cidr}`"
        needed = self.data.nodes + self.application.nodes + 1
        if room(block) < needed:
            yield (
                where,
                f"`{block}` has {room(block)} addresses beside the five that AWS keeps, "
                f"and {needed} are needed: one for each node, and the shared one",
            )

    def _in_shared_address(self) -> Iterator[Problem]:
        # The ends of a VPC are the ends of a subnet: of an existing one, AWS's addresses are known there.
        existing = isinstance(self.network, Existing)
        block, what = (self.network.cidr, "VPC") if existing else (self.network.subnet, "subnet")
        address = self.shared_address
        if not is_within(address, block):
            yield ("shared_address",), f"`{address}` lies outside the {what}'s `{block}`"
        elif address in reserved(block):
            kept = ", ".join(reserved(block))
            yield ("shared_address",), f"`{address}` is one of the five that AWS keeps in `{block}`: {kept}"

    def _in_sources(self) -> Iterator[Problem]:
        vpc = self.network.cidr
        for position, block in enumerate(self.whitelist):
            if is_within(block, vpc):
                yield ("whitelist", position), f"`{block}` lies in the VPC, which reaches all ports: leave it out"
        for position, around in sorted(overlapping(self.whitelist)):
            message = f"`{self.whitelist[position]}` overlaps `{self.whitelist[around]}`: leave one of the two out"
            yield ("whitelist", position), message
        if isinstance(self.network, New) and is_within(self.installer_cidr, vpc):
            yield (
                ("installer_cidr",),
                f"`{self.installer_cidr}` lies in the new VPC, and nobody is there before: "
                "give the address that the internet sees",
            )

    def _in_clusters(self) -> Iterator[Problem]:
        if self.data.nodes not in (1, 3):
            yield ("data", "nodes"), f"found `{self.data.nodes}`, allowed are 1, and 3 for high availability"
        if self.data.nodes == 3 and self.application.nodes < 3:
            yield (
                ("application", "nodes"),
                f"found `{self.application.nodes}`: beside 3 data nodes there must be at least 3",
            )
        for name, cluster in self._clusters().items():
            yield from (((name, "volume", *where), why) for where, why in cluster.volume.problems())

    def _in_zone(self, zone: str, region: str) -> Iterator[Problem]:
        if not re.fullmatch(re.escape(region) + "[a-z]", zone):
            message = f"found `{zone}`, allowed are zones of {region}, as `{region}a`"
            yield ("availability_zone",), message
        elif isinstance(self.network, Existing):
            yield ("availability_zone",), "an existing subnet has its zone: leave it out"
