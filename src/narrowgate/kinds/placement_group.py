"""The placement group: nodes close together in their zone. Pure.

Source: CreatePlacementGroup, DeletePlacementGroup, Amazon EC2 API Reference.
"""

from __future__ import annotations

from functools import partial

from narrowgate.calls import Fields, call
from narrowgate.kinds.ec2_drafts import UNSUPPORTED, found, identity, listing, making, unchangeable
from narrowgate.resource import Draft, Installation, Kind, Resource, Script, tags_in

KIND = Kind("placement_group", "nodes close together", options=("tags",))
STRATEGY = "cluster"


def resource(installation: Installation, address: str, name: str) -> Resource:
    """The group `name`."""
    create = making(installation, "CreatePlacementGroup", address, GroupName=name, Strategy=STRATEGY)
    gone = call("ec2", "DeletePlacementGroup", GroupName=name)
    return Resource(
        address=address,
        name=name,
        identity=identity(installation, address),
        needs=(),
        read=partial(_read, installation, address),
        create=(Draft(create, "create", "short ways between nodes"),),
        change=lambda there: unchangeable(there, {"GroupName": name, "Strategy": STRATEGY}, "a placement group"),
        delete=lambda there: (Draft(gone, "delete", "the placement group"),),
        unsupported=UNSUPPORTED,
        principal="installer",
    )


def _read(installation: Installation, address: str, whole: bool) -> Script:
    group = found((yield listing(installation, "DescribePlacementGroups")), "PlacementGroups", address)
    if group is None or group.text("State") in ("deleting", "deleted"):
        return None
    return Fields(GroupName=group["GroupName"], Strategy=group["Strategy"], Tags=tags_in(group))
