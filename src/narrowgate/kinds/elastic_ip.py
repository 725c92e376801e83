"""A node's Elastic IP, and its association, which AWS cannot tag. Pure.

Nodes come and go with their group, so addresses and nodes are matched when they are read: a node that its group
replaced takes over an address that is free.
Source: AllocateAddress, AssociateAddress, DisassociateAddress, ReleaseAddress, Amazon EC2 API Reference.
"""

from __future__ import annotations

from functools import partial

from narrowgate.calls import EMPTY, Fields, Reply, call
from narrowgate.kinds.ec2_drafts import UNSUPPORTED, found, identity, listing, making
from narrowgate.resource import ADDRESS, Draft, Installation, Kind, Resource, Script, tags_in

KIND = Kind("elastic_ip", "a node's public address", options=("tags",))
# A pending node takes no address yet; a stopped one keeps its own.
_ALIVE = ("running", "stopping", "stopped")


def resource(installation: Installation, address: str, siblings: tuple[str, ...], nodes: tuple[str, ...]) -> Resource:
    """One of the addresses `siblings` of a cluster; `nodes` are the group's address, then what else must be there."""
    create = making(installation, "AllocateAddress", address, Domain="vpc")
    return Resource(
        address=address,
        name=f"{installation.system} {address.partition('.')[2]}",
        identity=identity(installation, address),
        needs=nodes,
        read=partial(_read, installation, address, siblings, nodes[0]),
        create=(Draft(create, "create", "an address that stays", needs=()),),
        change=_change,
        delete=_delete,
        unsupported=UNSUPPORTED,
        principal="installer",
    )


def _read(installation: Installation, address: str, siblings: tuple[str, ...], group: str, whole: bool) -> Script:
    addresses, instances = yield (
        listing(installation, "DescribeAddresses"),
        listing(installation, "DescribeInstances"),
    )
    there = found(addresses, "Addresses", address)
    if there is None:
        return None
    holders = {name: (found(addresses, "Addresses", name) or EMPTY).text("InstanceId") for name in siblings}
    return Fields(
        AllocationId=there["AllocationId"],
        PublicIp=there["PublicIp"],
        AssociationId=there.text("AssociationId"),
        Node=_matched(holders, _alive(instances, group)).get(address, ""),
        Tags=tags_in(there),
    )


def _alive(instances: Reply | None, group: str) -> tuple[str, ...]:
    """The ids of the group's nodes, oldest first."""
    listed = (i for r in (instances or EMPTY).items_of("Reservations") for i in r.items_of("Instances"))
    nodes = [i for i in listed if tags_in(i).text(ADDRESS) == group and i.group("State").text("Name") in _ALIVE]
    return tuple(
        i.text("InstanceId") for i in sorted(nodes, key=lambda i: (i.text("LaunchTime"), i.text("InstanceId")))
    )


def _matched(holders: dict[str, str], nodes: tuple[str, ...]) -> dict[str, str]:
    """By address, the node that has it or that it goes to. A node keeps the address that it has."""
    kept = {name: node for name, node in holders.items() if node in nodes}
    free = [name for name in holders if name not in kept]
    return {**kept, **dict(zip(free, [n for n in nodes if n not in kept.values()], strict=False))}


def _change(there: Fields) -> tuple[Draft, ...]:
    if there.text("AssociationId") or not there.text("Node"):
        return ()
    give = call("ec2", "AssociateAddress", AllocationId=there["AllocationId"], InstanceId=there["Node"])
    return (Draft(give, "update", f"to the node {there.text('Node')}"),)


def _delete(there: Fields) -> tuple[Draft, ...]:
    off = call("ec2", "DisassociateAddress", AssociationId=there["AssociationId"])
    gone = call("ec2", "ReleaseAddress", AllocationId=there["AllocationId"])
    taken = (Draft(off, "delete", "it is taken off its node first"),) if there.text("AssociationId") else ()
    return (*taken, Draft(gone, "delete", "the address"))
