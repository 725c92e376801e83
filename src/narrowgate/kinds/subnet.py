"""The subnet of a new VPC: all nodes in one availability zone. Pure.

Its association with the route table cannot be tagged and belongs to it.
Source: CreateSubnet, ModifySubnetAttribute, AssociateRouteTable, DeleteSubnet, Amazon EC2 API Reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from narrowgate.calls import EMPTY, Call, Fields, Ref, Reply, Value, call
from narrowgate.kinds.ec2_drafts import UNSUPPORTED, found, identity, listing, making, refs_of, unchangeable
from narrowgate.resource import Draft, Installation, Kind, Obstacle, Resource, Script, tags_in

KIND = Kind("subnet", "where all nodes are", options=("tags",))


@dataclass(frozen=True, slots=True)
class Wanted:
    """The block, the zone (None: AWS chooses), whether nodes get public addresses, and two addresses of resources."""

    cidr: str
    zone: str | None
    public: bool
    vpc: str
    table: str


def resource(installation: Installation, address: str, wanted: Wanted) -> Resource:
    """The subnet in the VPC at `wanted.vpc`, with the routes of `wanted.table`."""
    place = {"VpcId": Ref(wanted.vpc, "VpcId"), "CidrBlock": wanted.cidr, "AvailabilityZone": wanted.zone}
    id_, table = Ref(address, "SubnetId"), Ref(wanted.table, "RouteTableId")
    create = making(installation, "CreateSubnet", address, **place)
    public = (Draft(_public(id_, True), "create", "nodes get public addresses", needs=()),) if wanted.public else ()
    return Resource(
        address=address,
        name=f"{installation.system} subnet",
        identity=identity(installation, address),
        needs=(wanted.vpc, wanted.table),
        read=partial(_read, installation, address),
        create=(
            Draft(create, "create", f"addresses {wanted.cidr}", needs=(wanted.vpc,)),
            *public,
            Draft(_associated(id_, table), "create", "with its routes"),
        ),
        change=partial(_change, wanted),
        delete=lambda there: (Draft(call("ec2", "DeleteSubnet", SubnetId=there["SubnetId"]), "delete", "the subnet"),),
        unsupported=UNSUPPORTED,
        principal="installer",
    )


def _read(installation: Installation, address: str, whole: bool) -> Script:
    subnets, tables = yield (listing(installation, "DescribeSubnets"), listing(installation, "DescribeRouteTables"))
    subnet = found(subnets, "Subnets", address)
    if subnet is None:
        return None
    return Fields(
        SubnetId=subnet["SubnetId"],
        CidrBlock=subnet["CidrBlock"],
        AvailabilityZone=subnet.get("AvailabilityZone"),
        Public=subnet.get("MapPublicIpOnLaunch") is True,
        Tags=tags_in(subnet),
        Table=_table_of(tables, subnet.text("SubnetId")),
    )


def _table_of(tables: Reply | None, subnet: str) -> Value:
    """The Ref of the table of ours that the subnet is associated with; None where there is none."""
    ours = refs_of(tables, "RouteTables", "RouteTableId")
    joined = (a for t in (tables or EMPTY).items_of("RouteTables") for a in t.items_of("Associations"))
    return next((ours.get(a.text("RouteTableId")) for a in joined if a.text("SubnetId") == subnet), None)


def _change(wanted: Wanted, there: Fields) -> tuple[Draft | Obstacle, ...]:
    if stuck := unchangeable(there, {"CidrBlock": wanted.cidr, "AvailabilityZone": wanted.zone}, "a subnet"):
        return stuck
    drafts: tuple[Draft, ...] = ()
    if there["Public"] is not wanted.public:
        why = "nodes get public addresses" if wanted.public else "nodes get no public addresses"
        drafts = (Draft(_public(there["SubnetId"], wanted.public), "update", why, needs=()),)
    table = Ref(wanted.table, "RouteTableId")
    if there["Table"] == table:
        return drafts
    return (*drafts, Draft(_associated(there["SubnetId"], table), "update", "it has other routes"))


def _public(subnet: Value, on: bool) -> Call:
    return call("ec2", "ModifySubnetAttribute", SubnetId=subnet, MapPublicIpOnLaunch=Fields(Value=on))


def _associated(subnet: Value, table: Ref) -> Call:
    return call("ec2", "AssociateRouteTable", RouteTableId=table, SubnetId=subnet)
