"""The platform's infrastructure as wanted resources: network, groups, templates, nodes' addresses. Pure.

Addresses, names and tags are those of the profile's reference installer, so that the policy that is derived from its
calls is enough for these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from narrowgate.calls import Ref
from narrowgate.kinds import (
    auto_scaling_group,
    elastic_ip,
    internet_gateway,
    key_pair,
    launch_template,
    placement_group,
    route_table,
    security_group,
    subnet,
    subnet_cidr_reservation,
    vpc,
)
from narrowgate.kinds.security_rule import Rule, tcp
from narrowgate.platform import Cluster, Existing, New, Platform
from narrowgate.profiles.iguazio_install import PORTS
from narrowgate.profiles.iguazio_names import CLUSTERS
from narrowgate.resource import Installation, Resource

VPC: Final = "vpc.main"
GATEWAY: Final = "internet_gateway.main"
TABLE: Final = "route_table.main"
SUBNET: Final = "subnet.main"
SHARED: Final = "subnet_cidr_reservation.shared"
KEY: Final = "key_pair.main"
PLACEMENT: Final = "placement_group.main"
SSH: Final = ((22, 22),)


@dataclass(frozen=True, slots=True)
class Given:
    """What the platform needs beside the spec: the node's profile and image, the key, and what decides the rules."""

    instance_profile: str
    """Its ARN: a name alone does not tell its path."""
    image: str
    """The id of the AMI."""
    public_key: str
    """A line in OpenSSH's form."""
    root_device: str = "/dev/sda1"
    """As the image names it."""
    user_data: str = ""
    """What a node runs when it starts, in base64."""
    support: tuple[str, ...] = ()
    """The vendor's CIDR blocks for support."""
    ssh: bool = True
    """Whether the installer reaches the nodes by SSH: not any more after the installation."""


@dataclass(frozen=True, slots=True)
class _Ground:
    platform: Platform
    installation: Installation
    given: Given

    @property
    def new(self) -> New | None:
        """The network of its own; None where there is one already."""
        return self.platform.network if isinstance(self.platform.network, New) else None

    @property
    def vpc(self) -> Ref | str:
        network = self.platform.network
        return network.vpc if isinstance(network, Existing) else Ref(VPC, "VpcId")

    @property
    def subnet(self) -> Ref | str:
        network = self.platform.network
        return network.subnet if isinstance(network, Existing) else Ref(SUBNET, "SubnetId")

    def name(self, cluster: str) -> str:
        return f"{self.installation.system}-{cluster}"


def infrastructure(platform: Platform, installation: Installation, given: Given) -> tuple[Resource, ...]:
    """Everything that the installer makes, needed things first."""
    ground = _Ground(platform, installation, given)
    return (
        *_network(ground),
        subnet_cidr_reservation.resource(installation, SHARED, f"{platform.shared_address}/32", ground.subnet),
        *(_security_group(ground, cluster) for cluster in CLUSTERS),
        *_shared_by_nodes(ground),
        *(resource for cluster in CLUSTERS for resource in _nodes(ground, cluster)),
        *(resource for cluster in CLUSTERS for resource in _addresses(ground, cluster)),
    )


def rules(
    platform: Platform,
    cluster: str,
    public_addresses: frozenset[str],
    *,
    support: tuple[str, ...] = (),
    ssh: bool = True,
) -> frozenset[Rule]:
    """Who reaches the nodes of `cluster`: the guide's table. `public_addresses` are the other cluster's nodes'."""
    return frozenset(_rules(platform, PORTS[cluster], public_addresses, (support, SSH if ssh else ())))


def _rules(
    platform: Platform,
    ports: tuple[tuple[int, int], ...],
    public: frozenset[str],
    people: tuple[tuple[str, ...], tuple[tuple[int, int], ...]],
) -> Iterator[Rule]:
    support, ssh = people
    for cidr in platform.whitelist:
        yield from tcp(cidr, ports)
    yield from tcp(platform.installer_cidr, ssh)
    yield Rule(platform.network.cidr)
    if not platform.public_ips:
        return
    yield from map(Rule, support if platform.support_access else ())
    yield from (Rule(f"{address}/32") for address in public)


def _network(ground: _Ground) -> Iterator[Resource]:
    """The network of its own, if it is to be new."""
    at, platform, new = ground.installation, ground.platform, ground.new
    if new is None:
        return
    yield vpc.resource(at, VPC, new.cidr)
    yield internet_gateway.resource(at, GATEWAY, VPC)
    yield route_table.resource(at, TABLE, VPC, GATEWAY)
    wanted = subnet.Wanted(new.subnet, platform.availability_zone, platform.public_ips, VPC, TABLE)
    yield subnet.resource(at, SUBNET, wanted)


def _security_group(ground: _Ground, cluster: str) -> Resource:
    platform, given = ground.platform, ground.given
    other = CLUSTERS[1 - CLUSTERS.index(cluster)]
    wanted = security_group.Wanted(
        name=ground.name(cluster),
        description=f"{cluster} nodes of {ground.installation.system}",
        vpc=ground.vpc,
        rules=partial(rules, platform, cluster, support=given.support, ssh=given.ssh),
        others=f"elastic_ip.{other}" if platform.public_ips else "",
    )
    return security_group.resource(ground.installation, f"security_group.{cluster}", wanted)


def _shared_by_nodes(ground: _Ground) -> Iterator[Resource]:
    at = ground.installation
    if ground.platform.placement_group:
        yield placement_group.resource(at, PLACEMENT, at.system)
    yield key_pair.resource(at, KEY, at.system, ground.given.public_key)


def _nodes(ground: _Ground, cluster: str) -> Iterator[Resource]:
    """A cluster's template and its group."""
    at = ground.installation
    template = f"launch_template.{cluster}"
    wanted = _template(ground, cluster)
    yield launch_template.resource(at, template, wanted)
    group = auto_scaling_group.Wanted(
        name=ground.name(cluster),
        names=tuple(map(ground.name, CLUSTERS)),
        nodes=_cluster(ground, cluster).nodes,
        subnet=ground.subnet,
        template=(template, wanted),
        keeps_data=cluster == "data",
        # A node that starts before could be given the shared address.
        needs=(SHARED,),
    )
    yield auto_scaling_group.resource(at, f"auto_scaling_group.{cluster}", group)


def _template(ground: _Ground, cluster: str) -> launch_template.Wanted:
    platform, given, system = ground.platform, ground.given, ground.installation.system
    nodes = _cluster(ground, cluster)
    volume = nodes.volume
    return launch_template.Wanted(
        name=ground.name(cluster),
        group=f"auto_scaling_group.{cluster}",
        image=given.image,
        instance_type=nodes.instance_type,
        key_name=system,
        instance_profile=given.instance_profile,
        security_group=f"security_group.{cluster}",
        disk=launch_template.Disk(given.root_device, volume.size, volume.type, volume.encrypted, volume.iops),
        hop_limit=platform.metadata_hop_limit,
        placement_group=system if platform.placement_group else "",
        protected=platform.termination_protection,
        user_data=given.user_data,
        needs=(KEY, *((PLACEMENT,) if platform.placement_group else ())),
    )


def _addresses(ground: _Ground, cluster: str) -> Iterator[Resource]:
    """An Elastic IP for each node, if they are to have public ones."""
    if not ground.platform.public_ips:
        return
    numbers = range(1, _cluster(ground, cluster).nodes + 1)
    siblings = tuple(f"elastic_ip.{cluster}{number}" for number in numbers)
    gateway = (GATEWAY,) if ground.new else ()
    for address in siblings:
        nodes = (f"auto_scaling_group.{cluster}", *gateway)
        yield elastic_ip.resource(ground.installation, address, siblings, nodes)


def _cluster(ground: _Ground, cluster: str) -> Cluster:
    return ground.platform.data if cluster == "data" else ground.platform.application
