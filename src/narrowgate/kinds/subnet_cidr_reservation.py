"""The reservation that keeps the shared address free: AWS gives it to nobody who does not ask for it. Pure.

Source: CreateSubnetCidrReservation (`explicit`), GetSubnetCidrReservations, Amazon EC2 API Reference.
"""

from __future__ import annotations

from functools import partial

from narrowgate.calls import EMPTY, Fields, Ref, call
from narrowgate.kinds.ec2_drafts import UNSUPPORTED, found, identity, listing, making, unchangeable
from narrowgate.resource import Draft, Installation, Kind, Resource, Script, tags_in

KIND = Kind("subnet_cidr_reservation", "keeps the shared address free", options=("tags",))


def resource(installation: Installation, address: str, cidr: str, subnet: Ref | str) -> Resource:
    """The reservation of `cidr` in a subnet: the id of an existing one, or a Ref to ours."""
    create = making(
        installation,
        "CreateSubnetCidrReservation",
        address,
        SubnetId=subnet,
        Cidr=cidr,
        ReservationType="explicit",
    )
    return Resource(
        address=address,
        name=f"{installation.system} shared address {cidr}",
        identity=identity(installation, address),
        needs=(subnet.address,) if isinstance(subnet, Ref) else (),
        read=partial(_read, installation, address, subnet),
        create=(Draft(create, "create", "no node is given it by chance"),),
        change=lambda there: unchangeable(there, {"Cidr": cidr}, "a reservation"),
        delete=_delete,
        unsupported=UNSUPPORTED,
        principal="installer",
    )


def _read(installation: Installation, address: str, subnet: Ref | str, whole: bool) -> Script:
    id_ = subnet
    if isinstance(subnet, Ref):
        ours = found((yield listing(installation, "DescribeSubnets")), "Subnets", subnet.address)
        id_ = (ours or EMPTY).text("SubnetId")
    if not id_:
        return None
    listed = yield call("ec2", "GetSubnetCidrReservations", SubnetId=id_)
    reserved = found(listed, "SubnetIpv4CidrReservations", address)
    if reserved is None:
        return None
    return Fields(
        SubnetCidrReservationId=reserved["SubnetCidrReservationId"], Cidr=reserved["Cidr"], Tags=tags_in(reserved)
    )


def _delete(there: Fields) -> tuple[Draft, ...]:
    id_ = there["SubnetCidrReservationId"]
    gone = call("ec2", "DeleteSubnetCidrReservation", SubnetCidrReservationId=id_)
    return (Draft(gone, "delete", "the reservation"),)
