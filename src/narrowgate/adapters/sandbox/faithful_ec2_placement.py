"""Placement groups, which moto 5.2.5 does not have.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/placement-groups.html
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.responses import EC2Response
from moto.ec2.utils import random_id

from narrowgate.adapters.sandbox.faithful_ec2_kept import instances_of, refused, tags_of


@dataclass(slots=True)
class PlacementGroup:
    """A placement group. Its tags are in EC2's, by its id."""

    id: str
    name: str
    strategy: str
    partitions: int
    spread_level: str
    arn: str


def groups(ec2: Any) -> dict[str, PlacementGroup]:
    """The placement groups of a region by name; kept in moto's backend, where the gate's facts find them."""
    found: dict[str, PlacementGroup] = vars(ec2).setdefault("placement_groups", {})
    return found


class PlacementGroups(EC2Response):  # type: ignore[misc]  # moto is not typed
    """What EC2 says of placement groups."""

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreatePlacementGroup.html
    def create_placement_group(self) -> Any:
        """InvalidPlacementGroup.Duplicate where the name is taken."""
        ec2, name = self.ec2_backend, self._get_param("GroupName") or random_id("pg-name")
        if name in groups(ec2):
            raise refused("InvalidPlacementGroup.Duplicate", f"The Placement Group '{name}' already exists.")
        strategy = self._get_param("Strategy", "cluster")
        made = groups(ec2)[name] = PlacementGroup(
            random_id("pg"),
            name,
            strategy,
            int(self._get_param("PartitionCount", 2)) if strategy == "partition" else 0,
            self._get_param("SpreadLevel", "rack") if strategy == "spread" else "",
            f"arn:{self.partition}:ec2:{self.region}:{self.current_account}:placement-group/{name}",
        )
        ec2.create_tags([made.id], tags_of(self._get_param("TagSpecifications", []), "placement-group"))
        return ActionResult({"PlacementGroup": _told(ec2, made)})

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribePlacementGroups.html
    def describe_placement_groups(self) -> Any:
        """By name, id and filter; InvalidPlacementGroup.Unknown for a name that there is not."""
        ec2, names, ids = self.ec2_backend, self._get_param("GroupNames", []), self._get_param("GroupIds", [])
        for name in names:
            _one(ec2, name)
        filters = self._filters_from_querystring()
        found = [
            each
            for each in groups(ec2).values()
            if (not names or each.name in names) and (not ids or each.id in ids) and _passes(ec2, each, filters)
        ]
        return ActionResult({"PlacementGroups": [_told(ec2, each) for each in found]})

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeletePlacementGroup.html
    def delete_placement_group(self) -> Any:
        """InvalidPlacementGroup.InUse while an instance is in it that is not terminated."""
        ec2 = self.ec2_backend
        group = _one(ec2, self._get_param("GroupName"))
        if any(each.placement.group_name == group.name and each.state != "terminated" for each in instances_of(ec2)):
            words = f"The placement group '{group.name}' is in use and may not be deleted."
            raise refused("InvalidPlacementGroup.InUse", words)
        del groups(ec2)[group.name]
        ec2.tags.pop(group.id, None)
        return EmptyResult()


def _one(ec2: Any, name: str) -> PlacementGroup:
    if name not in groups(ec2):
        raise refused("InvalidPlacementGroup.Unknown", f"The Placement Group '{name}' is unknown.")
    return groups(ec2)[name]


def _told(ec2: Any, group: PlacementGroup) -> dict[str, Any]:
    found: dict[str, Any] = {
        "GroupName": group.name,
        "State": "available",
        "Strategy": group.strategy,
        "GroupId": group.id,
        "GroupArn": group.arn,
        "Tags": [{"Key": key, "Value": value} for key, value in ec2.tags.get(group.id, {}).items()],
    }
    if group.partitions:
        found["PartitionCount"] = group.partitions
    return found | ({"SpreadLevel": group.spread_level} if group.spread_level else {})


def _passes(ec2: Any, group: PlacementGroup, filters: dict[str, Any]) -> bool:
    tags = ec2.tags.get(group.id, {})
    has = {
        "group-name": [group.name],
        "group-arn": [group.arn],
        "strategy": [group.strategy],
        "spread-level": [group.spread_level],
        "state": ["available"],
        "tag-key": list(tags),
        **{f"tag:{key}": [value] for key, value in tags.items()},
    }
    return all(
        any(fnmatchcase(value, wanted) for value in has.get(name, ()) for wanted in values)
        for name, values in filters.items()
    )
