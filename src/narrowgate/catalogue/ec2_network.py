"""The network interfaces of a launch: their subnets, security groups and keys. Pure.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html

Without a subnet AWS takes the default one of a zone, without a group the VPC's default group. The facts
tell them: the link `self` under the id `default`, and the link `default-group` of the VPC.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from narrowgate.calls import EMPTY, Fields
from narrowgate.catalogue.ec2 import arn, looked_up, picked
from narrowgate.catalogue.rule import Asked, reserved, spelled, texts_at
from narrowgate.policy.request_context import Value, several


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface of a launch: an existing one, or a new one with its subnet, groups and keys.

    `own`, `own_subnet`, `own_groups`: whether the call itself names them rather than its template.
    `zone`: the keys of its subnet's zone.
    """

    existing: str = ""
    subnet: str = ""
    groups: tuple[str, ...] = ()
    own: bool = False
    own_subnet: bool = False
    own_groups: bool = False
    keys: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    zone: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))


def interfaces(asked: Asked, own: Fields, params: Fields) -> Iterator[Interface]:
    """The interfaces of a launch with `params`, of which the call itself gives `own`."""
    for each in params.items_of("NetworkInterfaces") or (EMPTY,):
        if existing := spelled(each.get("NetworkInterfaceId")):
            yield Interface(arn(asked, "network-interface", existing), own="NetworkInterfaces" in own)
        else:
            yield _new(asked, own, params, each)


def _new(asked: Asked, own: Fields, params: Fields, interface: Fields) -> Interface:
    subnet = subnet_arn(asked, _first(own, "SubnetId") or _first(interface, "SubnetId") or _first(params, "SubnetId"))
    groups = _groups(asked, interface, params) or default_groups(asked, subnet)
    return Interface(
        subnet=subnet,
        groups=groups,
        own_subnet="SubnetId" in own or ("SubnetId" in interface and "NetworkInterfaces" in own),
        own_groups=any(each in own for each in ("SecurityGroups", "SecurityGroupIds"))
        or ("Groups" in interface and "NetworkInterfaces" in own),
        keys={**interface_keys(asked, subnet), **picked(interface, {_PUBLIC: "AssociatePublicIpAddress"})},
        zone=_zone(asked, subnet),
    )


_PUBLIC = "ec2:AssociatePublicIpAddress"


def _first(params: Fields, member: str) -> str:
    return spelled(params.get(member)) or ""


def subnet_arn(asked: Asked, id_: str) -> str:
    """The ARN of a subnet; without an id the default one, which the facts tell."""
    return arn(asked, "subnet", id_) if id_ else looked_up(asked, "subnet", "default")[0]


def _groups(asked: Asked, interface: Fields, params: Fields) -> tuple[str, ...]:
    by_id = texts_at(interface, "Groups[]") or texts_at(params, "SecurityGroupIds[]")
    by_name = () if texts_at(interface, "Groups[]") else texts_at(params, "SecurityGroups[]")
    found = tuple(each for name in by_name for each in looked_up(asked, "security-group", name))
    return tuple(arn(asked, "security-group", each) for each in by_id) + found


def default_groups(asked: Asked, subnet: str) -> tuple[str, ...]:
    """The default group of a subnet's VPC; with a reserved id where nobody knows it."""
    vpc = vpc_of(asked, subnet)
    unknown = arn(asked, "security-group", reserved("default", "GroupId"))
    return asked.known(vpc).links.get("default-group", (unknown,))


def vpc_of(asked: Asked, subnet: str) -> str:
    """The ARN of a subnet's VPC; the empty string where nobody knows it."""
    known = asked.known(subnet)
    told = known.keys.get("ec2:Vpc", ())
    return next(iter(known.links.get("vpc", ()) or several(told)), "")


def interface_keys(asked: Asked, subnet: str) -> Mapping[str, Value]:
    """The keys that a new interface has from its subnet."""
    vpc = vpc_of(asked, subnet)
    zone = {k: v for k, v in _zone(asked, subnet).items() if k == "ec2:AvailabilityZone"}
    return {"ec2:Subnet": subnet, **({"ec2:Vpc": vpc} if vpc else {}), **zone}


def _zone(asked: Asked, subnet: str) -> Mapping[str, Value]:
    keys = asked.known(subnet).keys
    return {k: v for k, v in keys.items() if k in ("ec2:AvailabilityZone", "ec2:AvailabilityZoneId")}
