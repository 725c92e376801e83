"""The internet gateway of a new VPC, and its attachment, which AWS cannot tag. Pure.

Source: CreateInternetGateway, AttachInternetGateway, DetachInternetGateway, Amazon EC2 API Reference.
"""

from __future__ import annotations

from functools import partial

from narrowgate.calls import Fields, Ref, call
from narrowgate.kinds.ec2_drafts import UNSUPPORTED, found, identity, listing, making, refs_of
from narrowgate.resource import Change, Draft, Installation, Kind, Obstacle, Resource, Script, tags_in

KIND = Kind("internet_gateway", "the way of a new VPC to the internet", options=("tags",))


def resource(installation: Installation, address: str, vpc: str) -> Resource:
    """The gateway of the VPC at the address `vpc`."""
    attach = {"VpcId": Ref(vpc, "VpcId"), "InternetGatewayId": Ref(address, "InternetGatewayId")}
    create = making(installation, "CreateInternetGateway", address)
    return Resource(
        address=address,
        name=f"{installation.system} internet gateway",
        identity=identity(installation, address),
        needs=(vpc,),
        read=partial(_read, installation, address),
        create=(
            Draft(create, "create", "the nodes reach the internet", needs=()),
            Draft(call("ec2", "AttachInternetGateway", **attach), "create", "to the VPC"),
        ),
        change=partial(_change, Ref(vpc, "VpcId")),
        delete=_delete,
        unsupported=UNSUPPORTED,
        principal="installer",
    )


def _read(installation: Installation, address: str, whole: bool) -> Script:
    gateways, vpcs = yield (listing(installation, "DescribeInternetGateways"), listing(installation, "DescribeVpcs"))
    gateway = found(gateways, "InternetGateways", address)
    if gateway is None:
        return None
    ours = refs_of(vpcs, "Vpcs", "VpcId")
    attached = tuple(each.text("VpcId") for each in gateway.items_of("Attachments"))
    return Fields(
        InternetGatewayId=gateway["InternetGatewayId"],
        Tags=tags_in(gateway),
        Attached=attached,
        Vpcs=tuple(ours.get(each, each) for each in attached),
    )


def _change(vpc: Ref, there: Fields) -> tuple[Draft | Obstacle, ...]:
    if there["Vpcs"] == (vpc,):
        return ()
    attach = call("ec2", "AttachInternetGateway", VpcId=vpc, InternetGatewayId=there["InternetGatewayId"])
    return (*_detached(there, "update"), Draft(attach, "update", "it is not attached to the VPC"))


def _delete(there: Fields) -> tuple[Draft, ...]:
    gone = call("ec2", "DeleteInternetGateway", InternetGatewayId=there["InternetGatewayId"])
    return (*_detached(there, "delete"), Draft(gone, "delete", "the internet gateway"))


def _detached(there: Fields, change: Change) -> tuple[Draft, ...]:
    gateway = there["InternetGatewayId"]
    calls = (
        call("ec2", "DetachInternetGateway", VpcId=vpc, InternetGatewayId=gateway) for vpc in there.texts("Attached")
    )
    return tuple(Draft(each, change, "it is taken off its VPC first") for each in calls)
