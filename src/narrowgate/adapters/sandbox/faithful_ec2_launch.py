"""A launch of instances as AWS makes it: what RunInstances and auto-scaling groups do alike.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from moto.core.types import Base64EncodedString
from moto.ec2.exceptions import InvalidParameterCombination
from moto.ec2.models.instances import Reservation
from moto.ec2.utils import parse_user_data, random_reservation_id

from narrowgate.adapters.sandbox import faithful_ec2_interfaces as interfaces
from narrowgate.adapters.sandbox.faithful_ec2_devices import add_devices
from narrowgate.adapters.sandbox.faithful_ec2_kept import refused, tags_of
from narrowgate.adapters.sandbox.faithful_ec2_nodes import Node
from narrowgate.adapters.sandbox.faithful_ec2_profiles import give, profile_of

Params = Mapping[str, Any]

_BY_NAME: Final = {"TagSpecifications": "ResourceType", "BlockDeviceMappings": "DeviceName"}
_GROUPS: Final = ("SecurityGroups", "SecurityGroupIds")
_DEFAULT_TYPE: Final = "m1.small"


@dataclass(frozen=True, slots=True)
class Order:
    """What is launched: parameters of RunInstances with those of the template in them, into which subnet, how many.

    `tags`: those of the instances beside the ones in the parameters.
    """

    params: Params
    subnet: Any
    count: int
    tags: Mapping[str, str]


def merged(template: Params, own: Params) -> dict[str, Any]:
    """The parameters of a launch: what the template gives, overridden by what the call gives.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/launch-instances-from-launch-template.html
    """
    hidden = _GROUPS if any(own.get(each) for each in _GROUPS) else ()
    found = {name: value for name, value in template.items() if name not in hidden and value is not None}
    found.update(own)
    for member, name in _BY_NAME.items():
        both = (*template.get(member, ()), *own.get(member, ()))
        if both:
            found[member] = list({each.get(name): each for each in both}.values())
    return found


def template_of(ec2: Any, named: Params) -> Any:
    """The version of the launch template that a LaunchTemplateSpecification names."""
    if id_ := named.get("LaunchTemplateId"):
        template = ec2.get_launch_template(id_)
    else:
        template = ec2.get_launch_template_by_name(named.get("LaunchTemplateName"))
    return template.get_version(named.get("Version") or "$Default")


def template_tags(version: Any) -> dict[str, str]:
    """The tags that AWS puts on every instance of a launch template.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/use-launch-templates-to-control-launching-instances.html
    """
    return {"aws:ec2launchtemplate:id": version.template.id, "aws:ec2launchtemplate:version": str(version.number)}


def subnet_of(ec2: Any, params: Params) -> Any:
    """The subnet that the parameters name, or the default one of the zone. Raises MissingInput."""
    named = params.get("SubnetId") or _primary(params).get("SubnetId")
    if not named and (existing := _primary(params).get("NetworkInterfaceId")):
        return ec2.get_network_interface(existing).subnet
    if named:
        return ec2.get_subnet(named)
    defaults = ec2.get_default_subnets()
    zone = (params.get("Placement") or {}).get("AvailabilityZone")
    found = defaults.get(zone) if zone else next((defaults[each] for each in sorted(defaults)), None)
    if found is None:
        where = f"availability zone: '{zone}'" if zone else "this region"
        raise refused("MissingInput", f"No default subnet for {where}. Please specify a subnet.")
    return found


def check(ec2: Any, params: Params, subnet: Any) -> None:
    """Refuse what names something that is not there, before anything is made."""
    if not params.get("ImageId"):
        raise refused("MissingParameter", "The request must contain the parameter ImageId")
    ec2.describe_images(ami_ids=[params["ImageId"]])
    keys = {each.key_name for each in ec2.key_pairs.values()}
    if (name := params.get("KeyName")) and name not in keys:
        raise refused("InvalidKeyPair.NotFound", f"The key pair '{name}' does not exist")
    group = (params.get("Placement") or {}).get("GroupName")
    if group and group not in vars(ec2).get("placement_groups", {}):
        raise refused("InvalidPlacementGroup.Unknown", f"The Placement Group '{group}' is unknown.")
    profile_of(ec2, params.get("IamInstanceProfile") or {})
    for _, spec in _specs(params):
        _groups(ec2, params, spec, subnet)


def launch(ec2: Any, order: Order) -> Reservation:
    """The instances, running, with their profile, interfaces, volumes and tags. Raises what EC2 refuses."""
    check(ec2, order.params, order.subnet)
    _check_room(ec2, order)
    profile = profile_of(ec2, order.params.get("IamInstanceProfile") or {})
    reservation = Reservation(random_reservation_id(), owner_id=ec2.account_id)
    ec2.reservations[reservation.id] = reservation
    for index in range(order.count):
        node = _node(ec2, order, index)
        reservation.instances.append(node)
        _equip(ec2, order, node)
        if profile is not None:
            give(ec2, node, profile)
    return reservation


def _check_room(ec2: Any, order: Order) -> None:
    new = [spec for _, spec in _specs(order.params) if "NetworkInterfaceId" not in spec]
    texts = [text for spec in new for text in interfaces.named(spec)]
    if texts and order.count > 1:
        raise InvalidParameterCombination("A private address may not be named for more than one instance")
    interfaces.refuse_taken(ec2, order.subnet, texts)
    if not interfaces.has_room(ec2, order.subnet, order.count * sum(map(interfaces.drawn, new))):
        raise interfaces.no_room(order.subnet)


def _node(ec2: Any, order: Order, index: int) -> Node:
    params = order.params
    placement = params.get("Placement") or {}
    monitored = (params.get("Monitoring") or {}).get("Enabled")
    node = Node(
        ec2,
        params["ImageId"],
        _user_data(params.get("UserData")),
        [],
        instance_type=params.get("InstanceType") or _DEFAULT_TYPE,
        subnet_id=order.subnet.id,
        key_name=params.get("KeyName"),
        ebs_optimized=bool(params.get("EbsOptimized")),
        monitoring_state="enabled" if monitored else "disabled",
        ami_launch_index=index,
        disable_api_termination=bool(params.get("DisableApiTermination")),
        disable_api_stop=bool(params.get("DisableApiStop")),
        instance_initiated_shutdown_behavior=params.get("InstanceInitiatedShutdownBehavior"),
        hibernation_options=params.get("HibernationOptions"),
        metadata_options=params.get("MetadataOptions") or {},
        client_token=params.get("ClientToken") or "",
        region_name=ec2.region_name,
        placement_hostid=placement.get("HostId"),
        lifecycle=(params.get("InstanceMarketOptions") or {}).get("MarketType"),
    )
    node.placement.group_name = placement.get("GroupName") or ""
    node.placement.tenancy = placement.get("Tenancy") or "default"
    node.add_tags({**tags_of(params.get("TagSpecifications") or (), "instance"), **order.tags})
    return node


def _equip(ec2: Any, order: Order, node: Node) -> None:
    specifications = order.params.get("TagSpecifications") or ()
    tags = tags_of(specifications, "network-interface")
    for index, spec in _specs(order.params):
        node.attach_eni(_interface(ec2, order, spec, tags), index)
    add_devices(ec2, node, order.params.get("BlockDeviceMappings") or (), tags_of(specifications, "volume"))


def _interface(ec2: Any, order: Order, spec: Params, tags: Mapping[str, str]) -> Any:
    if existing := spec.get("NetworkInterfaceId"):
        return ec2.get_network_interface(existing)
    subnet = order.subnet
    if (other := spec.get("SubnetId")) and int(spec.get("DeviceIndex") or 0):
        subnet = ec2.get_subnet(other)
    is_public = spec.get("AssociatePublicIpAddress", subnet.map_public_ip_on_launch)
    groups = _groups(ec2, order.params, spec, subnet)
    return interfaces.make(ec2, interfaces.New(subnet, groups, spec, tags, public=bool(is_public)))


def _specs(params: Params) -> Iterator[tuple[int, Params]]:
    """The interfaces by device index; one where the parameters name none."""
    given: Iterable[Params] = params.get("NetworkInterfaces") or ()
    if not given:
        named = {"PrivateIpAddress": params["PrivateIpAddress"]} if params.get("PrivateIpAddress") else {}
        given = ({"DeviceIndex": 0, "Description": "", **named},)
    for spec in given:
        yield int(spec.get("DeviceIndex") or 0), spec


def _primary(params: Params) -> Params:
    return next((spec for index, spec in _specs(params) if index == 0), {})


def _groups(ec2: Any, params: Params, spec: Params, subnet: Any) -> tuple[str, ...]:
    if spec.get("NetworkInterfaceId"):
        return ()
    ids = [*(spec.get("Groups") or ()), *(params.get("SecurityGroupIds") or ())]
    for name in params.get("SecurityGroups") or ():
        found = ec2.get_security_group_from_name(name, subnet.vpc_id)
        if found is None:
            raise refused("InvalidGroup.NotFound", f"The security group '{name}' does not exist")
        ids.append(found.id)
    return interfaces.security_groups(ec2, ids, subnet.vpc_id)


def _user_data(value: Any) -> Any:
    return value if value is None or isinstance(value, Base64EncodedString) else parse_user_data(value)
