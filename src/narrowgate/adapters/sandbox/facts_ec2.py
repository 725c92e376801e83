"""What the embedded AWS knows of EC2's resources. Only reads moto's state.

A thing is looked up by its id, or by what a call may have in the id's place: a name, the id of an association,
a public address, `default`. The link `self` tells its ARN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from narrowgate.calls import Fields
from narrowgate.catalogue.facts import Attributes, Place
from narrowgate.policy.request_context import Value

Links = dict[str, tuple[str, ...]]


def attributes(ec2: Any, place: Place, resource: str) -> Attributes | None:
    """What is known of `type/id`; None where moto has no such thing. `ec2` is None where nobody has used EC2."""
    kind, _, name = resource.partition("/")
    find = _FIND.get(kind)
    found = find(ec2, name) if find and ec2 is not None else None
    if found is None:
        return None
    own = _spelled(found, kind, name)
    links = {"self": (place.arn("ec2", f"{kind}/{own}"),), **_links(ec2, place, found, kind, name)}
    keys = {**_keys(place, found), **_of_kind(found, kind)}
    tags = {str(key): str(value) for key, value in dict(ec2.tags.get(getattr(found, "id", own), {})).items()}
    return Attributes(tags, keys, links, _data(found, kind))


def _spelled(found: Any, kind: str, name: str) -> str:
    """What stands in the ARN: the name of a key pair or a placement group, the id of anything else."""
    named = {"key-pair": "key_name", "placement-group": "name"}
    return str(getattr(found, named.get(kind, "id"), name))


def _keys(place: Place, found: Any) -> dict[str, Value]:
    keys: dict[str, Value] = {}
    for key, kind in (("ec2:Vpc", "vpc"), ("ec2:Subnet", "subnet")):
        if known := _id_of(found, kind):
            keys[key] = place.arn("ec2", f"{kind}/{known}")
    zone = getattr(found, "availability_zone", None) or getattr(found, "zone", None)
    if isinstance(named := getattr(zone, "name", zone), str) and named:
        keys["ec2:AvailabilityZone"] = named
    return keys


def _id_of(found: Any, kind: str) -> str:
    known = getattr(found, f"{kind}_id", None) or getattr(getattr(found, kind, None), "id", None)
    return known if isinstance(known, str) else ""


def _of_kind(found: Any, kind: str) -> dict[str, Value]:
    """The keys that only one type of resource has."""
    told = ((key, getattr(found, attribute, None)) for key, attribute in _ATTRIBUTES.get(kind, ()))
    return {key: _text(value) for key, value in told if value not in (None, "")}


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


_ATTRIBUTES: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "instance": (("ec2:InstanceType", "instance_type"), ("ec2:EbsOptimized", "ebs_optimized")),
    "volume": (
        ("ec2:VolumeType", "volume_type"),
        ("ec2:VolumeSize", "size"),
        ("ec2:Encrypted", "encrypted"),
        ("ec2:VolumeIops", "iops"),
    ),
    # Others share these by launch and volume permissions, not by resource policies: the owner is a key only.
    "image": (
        ("ec2:Owner", "owner_id"),
        ("aws:ResourceAccount", "owner_id"),
        ("ec2:RootDeviceType", "root_device_type"),
    ),
    "snapshot": (("ec2:Owner", "owner_id"), ("aws:ResourceAccount", "owner_id")),
    "key-pair": (("ec2:KeyPairName", "key_name"), ("ec2:KeyPairType", "key_type")),
    "placement-group": (("ec2:PlacementGroupName", "name"), ("ec2:PlacementGroupStrategy", "strategy")),
    "vpc": (("ec2:VpcID", "id"), ("ec2:Tenancy", "instance_tenancy")),
    "subnet": (("ec2:SubnetID", "id"),),
    "security-group": (("ec2:SecurityGroupID", "id"),),
}


def _links(ec2: Any, place: Place, found: Any, kind: str, name: str) -> Links:
    """Other things that this one is tied to; for the id of an association, what it associates."""
    links: Links = {}
    for other in ("vpc", "subnet", "instance"):
        if (known := _id_of(found, other)) and other != kind:
            links[other] = (place.arn("ec2", f"{other}/{known}"),)
    if interface := getattr(found, "network_interface_id", "") or (_id_of(found, "eni")):
        links["network-interface"] = (place.arn("ec2", f"network-interface/{interface}"),)
    if kind == "vpc" and (group := ec2.get_default_security_group(found.id)) is not None:
        links["default-group"] = (place.arn("ec2", f"security-group/{group.id}"),)
    if kind == "instance":
        volumes = (device.volume_id for device in found.block_device_mapping.values())
        links["volume"] = tuple(place.arn("ec2", f"volume/{volume}") for volume in volumes if volume)
    if kind == "route-table" and (subnet := found._associations.get(name)):
        links["subnet"] = (place.arn("ec2", f"subnet/{subnet}"),)
    return links


def _data(found: Any, kind: str) -> Fields:
    if kind == "launch-template":
        return _template(found)
    if kind == "image" and found.root_device_name:
        # Every image of moto's has one device, its root.
        return Fields(BlockDeviceMappings=({"DeviceName": found.root_device_name, "Ebs": {}},))
    return Fields()


def _template(found: Any) -> Fields:
    """The contents of each version by its number, and which are the default and the latest."""
    versions = {str(version.number): _plain(version.data) for version in found.versions}
    return Fields(versions, default=str(found.default_version_number), latest=str(found.latest_version_number))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _one(things: Iterable[Any], *attributes: str) -> Callable[[str], Any]:
    """The thing one of whose attributes is a text."""
    return lambda name: next((t for t in things if name in (getattr(t, a, None) for a in attributes)), None)


def _instances(ec2: Any) -> Iterator[Any]:
    return (instance for reservation in ec2.reservations.values() for instance in reservation.instances)


def _instance(ec2: Any, name: str) -> Any:
    association = next((a for a in ec2.iam_instance_profile_associations.values() if a.association_id == name), None)
    return association.instance if association else _one(_instances(ec2), "id")(name)


def _subnet(ec2: Any, name: str) -> Any:
    if name == "default":
        return next(iter(ec2.get_default_subnets().values()), None)
    return _nested(ec2.subnets, name)


def _reservations(ec2: Any) -> Iterator[Any]:
    subnets = (subnet for of_zone in ec2.subnets.values() for subnet in of_zone.values())
    return (reservation for subnet in subnets for reservation in subnet._cidr_reservations)


def _route_table(ec2: Any, name: str) -> Any:
    return ec2.route_tables.get(name) or next((t for t in ec2.route_tables.values() if name in t._associations), None)


def _nested(group: Mapping[str, Mapping[str, Any]], name: str) -> Any:
    return next((things[name] for things in group.values() if name in things), None)


def _security_group(ec2: Any, name: str) -> Any:
    groups = [group for of_vpc in ec2.groups.values() for group in of_vpc.values()]
    return _nested(ec2.groups, name) or _one(groups, "name")(name)


_FIND: Final[Mapping[str, Callable[[Any, str], Any]]] = {
    "vpc": lambda ec2, name: ec2.vpcs.get(name),
    "subnet": _subnet,
    "subnet-cidr-reservation": lambda ec2, name: _one(_reservations(ec2), "id")(name),
    "security-group": _security_group,
    "internet-gateway": lambda ec2, name: ec2.internet_gateways.get(name),
    "natgateway": lambda ec2, name: ec2.nat_gateways.get(name),
    "route-table": _route_table,
    "network-interface": lambda ec2, name: ec2.enis.get(name) or _one(ec2.enis.values(), "attachment_id")(name),
    "network-acl": lambda ec2, name: ec2.network_acls.get(name),
    "instance": _instance,
    "volume": lambda ec2, name: ec2.volumes.get(name),
    "snapshot": lambda ec2, name: ec2.snapshots.get(name),
    "image": lambda ec2, name: ec2.amis.get(name),
    "key-pair": lambda ec2, name: _one(ec2.key_pairs.values(), "key_name", "id")(name),
    "elastic-ip": lambda ec2, name: _one(ec2.addresses, "allocation_id", "association_id", "public_ip")(name),
    # moto has none: `faithful_ec2_placement` keeps them there.
    "placement-group": lambda ec2, name: _one(vars(ec2).get("placement_groups", {}).values(), "name", "id")(name),
    "launch-template": lambda ec2, name: _one(ec2.launch_templates.values(), "id", "name")(name),
}
