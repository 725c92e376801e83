"""What must be gone before a network, or a part of it, can be deleted; and what goes with it.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (DependencyViolation)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import DependencyViolationError, InvalidSecurityGroupNotFoundError
from moto.ec2.responses import EC2Response

from narrowgate.adapters.sandbox.faithful_ec2_kept import groups_of, refused


class Deletions(EC2Response):  # type: ignore[misc]  # moto is not typed
    """What EC2 says to deletions of networks and their parts."""

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpc.html
    def delete_vpc(self) -> Any:
        """Not while it has anything but its main route table, default group and default ACL, which go with it."""
        ec2, id_ = self.ec2_backend, self._get_param("VpcId")
        ec2.get_vpc(id_)
        if any(_in_vpc(ec2, id_)):
            raise DependencyViolationError(f"The vpc '{id_}' has dependencies and cannot be deleted.")
        result = super().delete_vpc()
        for acl in [each.id for each in ec2.network_acls.values() if each.vpc_id == id_]:
            del ec2.network_acls[acl]
        ec2.tags.pop(id_, None)
        return result

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSubnet.html
    def delete_subnet(self) -> Any:
        """Not while an interface is in it; its associations with route tables and ACLs go with it."""
        ec2, id_ = self.ec2_backend, self._get_param("SubnetId")
        subnet = ec2.get_subnet(id_)
        if any(each.subnet.id == id_ for each in ec2.enis.values()) or _has_gateway(ec2, id_):
            raise DependencyViolationError(f"The subnet '{id_}' has dependencies and cannot be deleted.")
        result = super().delete_subnet()
        for table in ec2.route_tables.values():
            table._associations = {name: to for name, to in table._associations.items() if to != id_}
        for acl in ec2.network_acls.values():
            acl._associations = {name: it for name, it in acl._associations.items() if it.subnet_id != id_}
        for gone in (id_, *(each.id for each in subnet._cidr_reservations)):
            ec2.tags.pop(gone, None)
        return result

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html
    def delete_security_group(self) -> Any:
        """Not while an interface has it or a rule of another group names it; never a VPC's default one."""
        group = self._group()
        if group.name == "default":
            words = f'the specified group: "{group.id}" name: "{group.name}" cannot be deleted by a user'
            raise refused("CannotDelete", words)
        if any(_users(self.ec2_backend, group)):
            raise DependencyViolationError(f"resource {group.id} has a dependent object")
        self.ec2_backend.delete_security_group(group_id=group.id)
        self.ec2_backend.tags.pop(group.id, None)
        return ActionResult({"Return": True, "GroupId": group.id})

    def _group(self) -> Any:
        ec2, id_, name = self.ec2_backend, self._get_param("GroupId"), self._get_param("GroupName")
        found = ec2.get_security_group_from_id(id_) if id_ else ec2.get_security_group_by_name_or_id(name)
        if found is None:
            raise InvalidSecurityGroupNotFoundError(id_ or name)
        return found

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachInternetGateway.html
    def detach_internet_gateway(self) -> Any:
        """Not while an interface of the VPC has a public address."""
        id_ = self._get_param("VpcId")
        if any(each.subnet.vpc_id == id_ and each.public_ip for each in self.ec2_backend.enis.values()):
            raise DependencyViolationError(
                f"Network {id_} has some mapped public address(es)."
                " Please unmap those public address(es) before detaching the gateway."
            )
        return super().detach_internet_gateway()

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteInternetGateway.html
    def delete_internet_gateway(self) -> Any:
        """Not while it is attached, in AWS's words."""
        id_ = self._get_param("InternetGatewayId")
        if self.ec2_backend.get_internet_gateway(id_).vpc:
            raise DependencyViolationError(f"The internetGateway '{id_}' has dependencies and cannot be deleted.")
        result = super().delete_internet_gateway()
        self.ec2_backend.tags.pop(id_, None)
        return result

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteRouteTable.html
    def delete_route_table(self) -> Any:
        """Not while a subnet is associated with it; never the main one."""
        id_ = self._get_param("RouteTableId")
        table = self.ec2_backend.get_route_table(id_)
        if table.main_association_id or table._associations:
            raise DependencyViolationError(f"The routeTable '{id_}' has dependencies and cannot be deleted.")
        result = super().delete_route_table()
        self.ec2_backend.tags.pop(id_, None)
        return result


def _in_vpc(ec2: Any, vpc_id: str) -> Iterator[str]:
    """The ids of what keeps a VPC from being deleted."""
    yield from (each.id for of_zone in ec2.subnets.values() for each in of_zone.values() if each.vpc_id == vpc_id)
    yield from (each.id for each in ec2.internet_gateways.values() if each.vpc and each.vpc.id == vpc_id)
    yield from (each.id for each in groups_of(ec2) if each.vpc_id == vpc_id and each.name != "default")
    yield from (each.id for each in ec2.route_tables.values() if each.vpc_id == vpc_id and not each.main_association_id)
    yield from (each.id for each in ec2.enis.values() if each.subnet.vpc_id == vpc_id)
    yield from (each.id for each in ec2.vpc_end_points.values() if each.vpc_id == vpc_id and each.state != "deleted")


def _has_gateway(ec2: Any, subnet_id: str) -> bool:
    return any(each.subnet_id == subnet_id and each.state != "deleted" for each in ec2.nat_gateways.values())


def _users(ec2: Any, group: Any) -> Iterator[str]:
    """The ids of the interfaces that have the group, and of the other groups with a rule that names it."""
    yield from (each.id for each in ec2.enis.values() if any(it.id == group.id for it in each.group_set))
    for other in groups_of(ec2):
        rules = (*other.ingress_rules, *other.egress_rules)
        if other.id != group.id and any(rule.source_group.get("GroupId") == group.id for rule in rules):
            yield other.id
