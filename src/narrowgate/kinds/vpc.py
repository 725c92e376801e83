"""The VPC of an installation that brings its own network, with DNS names. Pure.

Source: CreateVpc, ModifyVpcAttribute (one attribute a call), DescribeVpcAttribute, DeleteVpc, Amazon EC2 API Reference.
"""

from __future__ import annotations

from functools import partial

from narrowgate.calls import EMPTY, Call, Fields, Ref, Value, call
from narrowgate.kinds.ec2_drafts import UNSUPPORTED, found, identity, listing, making, unchangeable
from narrowgate.resource import Draft, Installation, Kind, Obstacle, Resource, Script, tags_in

KIND = Kind("vpc", "the network of an installation that brings its own", options=("tags",))
# The names that are read, the names that are set. A new VPC has DNS support, and no host names.
_DNS = (("enableDnsSupport", "EnableDnsSupport"), ("enableDnsHostnames", "EnableDnsHostnames"))
_OFF = "EnableDnsHostnames"


def resource(installation: Installation, address: str, cidr: str) -> Resource:
    """The VPC with the block `cidr`."""
    create = making(installation, "CreateVpc", address, CidrBlock=cidr)
    return Resource(
        address=address,
        name=f"{installation.system} VPC",
        identity=identity(installation, address),
        needs=(),
        read=partial(_read, installation, address),
        create=(
            Draft(create, "create", f"addresses {cidr}"),
            Draft(_set(Ref(address, "VpcId"), _OFF), "create", "nodes are found by name"),
        ),
        change=partial(_change, cidr),
        delete=lambda there: (Draft(call("ec2", "DeleteVpc", VpcId=there["VpcId"]), "delete", "the network"),),
        unsupported=UNSUPPORTED,
        principal="installer",
    )


def _read(installation: Installation, address: str, whole: bool) -> Script:
    vpc = found((yield listing(installation, "DescribeVpcs")), "Vpcs", address)
    if vpc is None:
        return None
    told = yield tuple(call("ec2", "DescribeVpcAttribute", VpcId=vpc["VpcId"], Attribute=name) for name, _ in _DNS)
    values: dict[str, object] = {
        name: (reply or EMPTY).group(name).get("Value") for (_, name), reply in zip(_DNS, told, strict=True)
    }
    return Fields(values, VpcId=vpc["VpcId"], CidrBlock=vpc["CidrBlock"], Tags=tags_in(vpc))


def _change(cidr: str, there: Fields) -> tuple[Draft | Obstacle, ...]:
    if stuck := unchangeable(there, {"CidrBlock": cidr}, "a VPC"):
        return stuck
    off = (name for _, name in _DNS if there[name] is not True)
    return tuple(Draft(_set(there["VpcId"], name), "update", f"{name} is off") for name in off)


def _set(vpc: Value, name: str) -> Call:
    return call("ec2", "ModifyVpcAttribute", VpcId=vpc, **{name: Fields(Value=True)})
