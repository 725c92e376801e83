"""The route table of a new VPC, and its route to the internet, which AWS cannot tag. Pure.

The association with the subnet is the subnet's: AWS takes it away with the subnet.
Source: CreateRouteTable, CreateRoute, DeleteRouteTable, Amazon EC2 API Reference.
"""

from __future__ import annotations

from functools import partial

from narrowgate.calls import Call, Fields, Ref, Value, call
from narrowgate.kinds.ec2_drafts import UNSUPPORTED, found, identity, listing, making, refs_of
from narrowgate.resource import Draft, Installation, Kind, Obstacle, Resource, Script, tags_in

KIND = Kind("route_table", "where the new subnet's packets go", options=("tags",))
ANYWHERE = "0.0.0.0/0"


def resource(installation: Installation, address: str, vpc: str, gateway: str) -> Resource:
    """The table in the VPC at the address `vpc`, with everything beyond it sent to `gateway`."""
    way = Ref(gateway, "InternetGatewayId")
    create = making(installation, "CreateRouteTable", address, VpcId=Ref(vpc, "VpcId"))
    return Resource(
        address=address,
        name=f"{installation.system} route table",
        identity=identity(installation, address),
        needs=(vpc, gateway),
        read=partial(_read, installation, address),
        create=(
            Draft(create, "create", "routes of the subnet", needs=(vpc,)),
            # AWS takes a route to a gateway that is attached already.
            Draft(_route(Ref(address, "RouteTableId"), way), "create", "to the internet"),
        ),
        change=partial(_change, way),
        delete=lambda there: (
            Draft(call("ec2", "DeleteRouteTable", RouteTableId=there["RouteTableId"]), "delete", "the route table"),
        ),
        unsupported=UNSUPPORTED,
        principal="installer",
    )


def _read(installation: Installation, address: str, whole: bool) -> Script:
    tables, gateways = yield (
        listing(installation, "DescribeRouteTables"),
        listing(installation, "DescribeInternetGateways"),
    )
    table = found(tables, "RouteTables", address)
    if table is None:
        return None
    ours = refs_of(gateways, "InternetGateways", "InternetGatewayId")
    out = next((r for r in table.items_of("Routes") if r.text("DestinationCidrBlock") == ANYWHERE), Fields())
    to = out.text("GatewayId")
    return Fields(RouteTableId=table["RouteTableId"], Tags=tags_in(table), Out=ours.get(to, to))


def _change(way: Ref, there: Fields) -> tuple[Draft | Obstacle, ...]:
    if there["Out"] == way:
        return ()
    if there["Out"]:
        return (Obstacle(f"its route to {ANYWHERE} leads elsewhere. delete that route, or the table, first"),)
    return (Draft(_route(there["RouteTableId"], way), "update", f"it has no route to {ANYWHERE}"),)


def _route(table: Value, gateway: Ref) -> Call:
    return call("ec2", "CreateRoute", RouteTableId=table, DestinationCidrBlock=ANYWHERE, GatewayId=gateway)
