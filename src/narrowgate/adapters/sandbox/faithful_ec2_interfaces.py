"""Network interfaces as AWS has them where moto 5.2.5 does not: their addresses, groups, filters and end.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from itertools import islice
from typing import Any, Final

from moto.core.responses import ActionResult
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.responses import EC2Response
from moto.moto_api._internal import mock_random

from narrowgate.adapters.sandbox.faithful_ec2_kept import refused, subnets_of, tags_of

# The first four addresses of a subnet and its last one are AWS's.
# https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
_RESERVED_FIRST: Final = 4


class Interface(NetworkInterface):  # type: ignore[misc]  # moto is not typed
    """A network interface whose groups are its own, and whose end frees what it had."""

    @property
    def network_interface_id(self) -> str:
        """Its id, under the name that is shown: moto finds it by the name of its own class."""
        return str(self.id)

    @property
    def group_set(self) -> list[Any]:
        """Its security groups, in their order; moto adds those of the instance, without order."""
        return list(self._group_set)

    @property
    def addresses(self) -> list[str]:
        """Its private addresses, the primary one first."""
        return [each["PrivateIpAddress"] for each in self.private_ip_addresses]

    def delete(self) -> None:
        """Gone, with its addresses and its association."""
        for address in self.ec2_backend.addresses:
            if address.eni is self:
                address.eni = address.instance = address.association_id = None
        for text in self.addresses:
            self.subnet._subnet_ips.pop(text, None)
        self.ec2_backend.enis.pop(self.id, None)
        self.ec2_backend.tags.pop(self.id, None)

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html
    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        """What a filter looks at: every address counts, not the primary one alone."""
        find = _FILTERS.get(filter_name)
        return find(self) if find else super().get_filter_value(filter_name, method_name)


def _attached(interface: Interface, name: str) -> str | None:
    attachment = interface.attachment
    value = getattr(attachment, name, None) if attachment else None
    return str(value).lower() if isinstance(value, bool | int) else value


_FILTERS: Final[Mapping[str, Any]] = {
    "addresses.private-ip-address": lambda it: it.addresses,
    "addresses.primary": lambda it: [str(bool(each.get("Primary"))).lower() for each in it.private_ip_addresses],
    "addresses.association.public-ip": lambda it: it.public_ip,
    "association.public-ip": lambda it: it.public_ip,
    "association.allocation-id": lambda it: it.association.get("allocationId"),
    "association.association-id": lambda it: it.association.get("associationId"),
    "attachment.instance-id": lambda it: it.instance.id if it.instance else None,
    "attachment.device-index": lambda it: _attached(it, "device_index"),
    "attachment.delete-on-termination": lambda it: _attached(it, "delete_on_termination"),
    "attachment.status": lambda it: _attached(it, "status"),
    "group-id": lambda it: [group.id for group in it.group_set],
    "group-name": lambda it: [group.name for group in it.group_set],
    "mac-address": lambda it: it.mac_address,
    "status": lambda it: it.status,
}


@dataclass(frozen=True, slots=True)
class New:
    """A new interface: where, and what the request says of it (a NetworkInterfaceSpecification), its tags."""

    subnet: Any
    groups: tuple[str, ...]
    spec: Mapping[str, Any]
    tags: Mapping[str, str]
    public: bool = False


def make(ec2: Any, new: New) -> Interface:
    """The interface, not attached. Raises InsufficientFreeAddressesInSubnet, InvalidIPAddress.InUse."""
    addresses = _addresses(ec2, new.subnet, new.spec)
    made = Interface(
        ec2,
        new.subnet,
        addresses[0],
        [{"Primary": number == 0, "PrivateIpAddress": text} for number, text in enumerate(addresses)],
        device_index=int(new.spec.get("DeviceIndex") or 0),
        public_ip_auto_assign=new.public,
        group_ids=list(new.groups),
        description=new.spec.get("Description"),
        tags=dict(new.tags),
        delete_on_termination=new.spec.get("DeleteOnTermination", True),
        ipv6_addresses=[each["Ipv6Address"] for each in new.spec.get("Ipv6Addresses", ())],
        ipv6_address_count=int(new.spec.get("Ipv6AddressCount") or 0),
    )
    ec2.enis[made.id] = made
    new.subnet._subnet_ips.update(dict.fromkeys(addresses, made))
    return made


def named(spec: Mapping[str, Any]) -> list[str]:
    """The addresses that a specification names, the primary one first."""
    listed = sorted(spec.get("PrivateIpAddresses") or (), key=lambda each: not each.get("Primary"))
    texts = ([spec["PrivateIpAddress"]] if spec.get("PrivateIpAddress") else []) + [
        each["PrivateIpAddress"] for each in listed if each.get("PrivateIpAddress")
    ]
    return list(dict.fromkeys(texts))


def drawn(spec: Mapping[str, Any]) -> int:
    """How many addresses an interface of that specification takes beside those that it names."""
    return (not named(spec)) + int(spec.get("SecondaryPrivateIpAddressCount") or 0)


def has_room(ec2: Any, subnet: Any, count: int) -> bool:
    """Whether so many addresses of the subnet can still be given without being asked for by name."""
    return sum(1 for _ in islice(_free(ec2, subnet, 0), count)) == count


def _addresses(ec2: Any, subnet: Any, spec: Mapping[str, Any]) -> list[str]:
    given = named(spec)
    refuse_taken(ec2, subnet, given)
    start = mock_random.randrange(subnet.cidr.num_addresses)
    found = list(islice(_free(ec2, subnet, start, but=given), drawn(spec)))
    if len(found) < drawn(spec):
        raise no_room(subnet)
    return given + found


def no_room(subnet: Any) -> Any:
    """The error of a subnet that is full, to be raised. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"""
    words = f"There are not enough free addresses in subnet '{subnet.id}' to satisfy the requested number of instances."
    return refused("InsufficientFreeAddressesInSubnet", words)


def refuse_taken(ec2: Any, subnet: Any, texts: list[str]) -> None:
    """Raises InvalidParameterValue for an address that is not the subnet's, InvalidIPAddress.InUse for a taken one."""
    for text in texts:
        address = ip_address(text)
        if address not in subnet.cidr or _is_of_aws(subnet, int(address) - int(subnet.cidr.network_address)):
            raise refused("InvalidParameterValue", f"Address {text} does not fall within the subnet's address range")
        if text in taken(ec2, subnet):
            raise refused("InvalidIPAddress.InUse", f"Address {text} is in use.")


def _free(ec2: Any, subnet: Any, start: int, but: list[str] | None = None) -> Any:
    """The free addresses from a place on, around: drawn, as AWS draws them, but by the engine's seed.

    None is drawn from a reserved range: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-cidr-reservation.html
    """
    used = taken(ec2, subnet) | set(but or ())
    ranges = [each.cidr for each in subnet._cidr_reservations]
    count = subnet.cidr.num_addresses
    first = int(subnet.cidr.network_address)
    for step in range(count):
        place = (start + step) % count
        address = IPv4Address(first + place)
        if _is_of_aws(subnet, place) or str(address) in used or any(address in each for each in ranges):
            continue
        yield str(address)


def _is_of_aws(subnet: Any, place: int) -> bool:
    return place < _RESERVED_FIRST or place == subnet.cidr.num_addresses - 1


def taken(ec2: Any, subnet: Any) -> set[str]:
    """The private addresses in use in a subnet."""
    found = set(subnet._subnet_ips)
    for each in ec2.enis.values():
        if each.subnet.id == subnet.id:
            found |= {address["PrivateIpAddress"] for address in each.private_ip_addresses}
    return found


def security_groups(ec2: Any, ids: Any, vpc_id: str) -> tuple[str, ...]:
    """The ids of security groups, once each. Raises InvalidGroup.NotFound; InvalidParameter for another VPC's."""
    for id_ in ids:
        group = ec2.get_security_group_from_id(id_)
        if group is None:
            raise refused("InvalidGroup.NotFound", f"The security group '{id_}' does not exist")
        if group.vpc_id != vpc_id:
            raise refused("InvalidParameter", f"Security group {id_} and subnet belong to different networks.")
    return tuple(dict.fromkeys(ids))


class Interfaces(EC2Response):  # type: ignore[misc]  # moto is not typed
    """What EC2 says of network interfaces."""

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkInterface.html
    def create_network_interface(self) -> Any:
        """With an address of the subnet that is free; it is not deleted with an instance."""
        ec2 = self.ec2_backend
        subnet = ec2.get_subnet(self._get_param("SubnetId"))
        groups = security_groups(ec2, self._get_param("Groups", []), subnet.vpc_id)
        tags = tags_of(self._get_param("TagSpecifications", []), "network-interface")
        spec = {**self.params, "DeleteOnTermination": False}
        return ActionResult({"NetworkInterface": make(ec2, New(subnet, groups, spec, tags))})

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteNetworkInterface.html
    def delete_network_interface(self) -> Any:
        """Not while it is attached; moto deletes it under the instance."""
        interface = self.ec2_backend.get_network_interface(self._get_param("NetworkInterfaceId"))
        if interface.attachment_id:
            raise refused("InvalidParameterValue", f"Network interface '{interface.id}' is currently in use.")
        result = super().delete_network_interface()
        if isinstance(interface, Interface):
            interface.delete()
        return result

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSubnetCidrReservation.html
    def delete_subnet_cidr_reservation(self) -> Any:
        """The addresses can be given again; moto keeps them back."""
        id_ = self._get_param("SubnetCidrReservationId")
        owner = next((s for s in subnets_of(self.ec2_backend) if any(r.id == id_ for r in s._cidr_reservations)), None)
        result = super().delete_subnet_cidr_reservation()
        if owner is not None:
            owner._reserved_ips -= set(result.result["DeletedSubnetCidrReservation"].cidr)
        return result

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnetCidrReservation.html
    def create_subnet_cidr_reservation(self) -> Any:
        """With its tags, which moto drops."""
        result = super().create_subnet_cidr_reservation()
        tags = tags_of(self._get_param("TagSpecifications", []), "subnet-cidr-reservation")
        result.result["SubnetCidrReservation"].add_tags(tags)
        return result
