"""A cluster's auto-scaling group, on a version of its template by number. Pure.

A group on `$Latest` would start whatever somebody makes the latest; every update names the number again. Nodes that
hold data on their own disks are neither replaced nor scaled in.
Source: CreateAutoScalingGroup, UpdateAutoScalingGroup, SuspendProcesses, Amazon EC2 Auto Scaling API Reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from narrowgate.calls import EMPTY, Call, Fields, Ref, call
from narrowgate.kinds import launch_template
from narrowgate.kinds.ec2_drafts import UNSUPPORTED, identity, listing, referring, refs_of
from narrowgate.resource import Draft, Installation, Kind, Resource, Script, tag_list, tags_in

KIND = Kind("auto_scaling_group", "a cluster's nodes", options=("tags",))
HELD = ("AZRebalance", "ReplaceUnhealthy")
"""Processes that end nodes: https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The group `name` out of `names`, all of the installation's, which one call reads; `template` with its address."""

    name: str
    names: tuple[str, ...]
    nodes: int
    subnet: Ref | str
    template: tuple[str, launch_template.Wanted]
    keeps_data: bool
    needs: tuple[str, ...] = ()
    """Addresses beside the template's and the subnet's: what keeps addresses from new nodes."""

    @property
    def size(self) -> Mapping[str, int]:
        """The parameters of its size."""
        return {"MinSize": self.nodes, "MaxSize": self.nodes, "DesiredCapacity": self.nodes}


def resource(installation: Installation, address: str, wanted: Wanted) -> Resource:
    """The group, with `wanted.nodes` nodes in `wanted.subnet`."""
    propagated = Fields(PropagateAtLaunch=True, ResourceType="auto-scaling-group", ResourceId=wanted.name)
    create = call(
        "autoscaling",
        "CreateAutoScalingGroup",
        AutoScalingGroupName=wanted.name,
        **_place(wanted, Ref(wanted.template[0], launch_template.LATEST)),
        **wanted.size,
        NewInstancesProtectedFromScaleIn=wanted.keeps_data,
        Tags=tuple(Fields(tag, **propagated) for tag in tag_list(installation.tags_of(address))),
    )
    held = (Draft(_held(wanted.name, HELD), "create", "a replaced node loses its disks"),) if wanted.keeps_data else ()
    return Resource(
        address=address,
        name=wanted.name,
        identity=identity(installation, address),
        needs=_needs(wanted),
        read=partial(_read, installation, wanted),
        create=(Draft(create, "create", f"{wanted.nodes} nodes"), *held),
        change=partial(_change, wanted),
        delete=partial(_delete, wanted),
        unsupported=UNSUPPORTED,
        principal="installer",
    )


def _needs(wanted: Wanted) -> tuple[str, ...]:
    subnet = (wanted.subnet.address,) if isinstance(wanted.subnet, Ref) else ()
    return (wanted.template[0], *subnet, *wanted.needs)


def _place(wanted: Wanted, version: Ref | str) -> Mapping[str, object]:
    """The subnet and the pinned template, which every call that makes or changes the group names."""
    pinned = Fields(LaunchTemplateId=Ref(wanted.template[0], "LaunchTemplateId"), Version=version)
    return {"LaunchTemplate": pinned, "VPCZoneIdentifier": wanted.subnet}


def _read(installation: Installation, wanted: Wanted, whole: bool) -> Script:
    listed, templates, subnets = yield (
        call("autoscaling", "DescribeAutoScalingGroups", AutoScalingGroupNames=wanted.names),
        listing(installation, "DescribeLaunchTemplates"),
        listing(installation, "DescribeSubnets"),
    )
    template = yield from launch_template.read(installation, *wanted.template, whole)
    groups = (listed or EMPTY).items_of("AutoScalingGroups")
    group = next((g for g in groups if g.text("AutoScalingGroupName") == wanted.name), None)
    if group is None:
        return None
    ids = {**refs_of(templates, "LaunchTemplates", "LaunchTemplateId"), **refs_of(subnets, "Subnets", "SubnetId")}
    return Fields(
        Tags=tags_in(group),
        Size=tuple(group.get(name) for name in wanted.size),
        Template=referring(group.group("LaunchTemplate").get("LaunchTemplateId"), ids),
        Version=group.group("LaunchTemplate").get("Version"),
        Wanted=(template or EMPTY).group("LaunchTemplate").get("LatestVersionNumber"),
        Coming=launch_template.LATEST if template is None else launch_template.NEW,
        Subnet=referring(group.text("VPCZoneIdentifier"), ids),
        Held=tuple(sorted(each.text("ProcessName") for each in group.items_of("SuspendedProcesses"))),
        Protects=group.get("NewInstancesProtectedFromScaleIn") is True,
        Instances=tuple(
            Fields(Id=each["InstanceId"], Protected=each.get("ProtectedFromScaleIn") is True)
            for each in group.items_of("Instances")
        ),
    )


def _change(wanted: Wanted, there: Fields) -> tuple[Draft, ...]:
    return (*_updated(wanted, there), *_guarded(wanted, there))


def _updated(wanted: Wanted, there: Fields) -> tuple[Draft, ...]:
    """The call that sets size, template and subnet, if any of them is another."""
    pinned, subnet = Ref(wanted.template[0], "LaunchTemplateId"), wanted.subnet
    number = there.text("Wanted")
    told = (
        (there["Size"] != tuple(wanted.size.values()), f"{wanted.nodes} nodes"),
        (there["Template"] != pinned or there["Version"] != number, "the template as wanted"),
        (there["Subnet"] != subnet, "its subnet"),
        (there["Protects"] is not wanted.keeps_data, "protection of new nodes"),
    )
    why = ", ".join(word for differs, word in told if differs)
    if not why:
        return ()
    update = call(
        "autoscaling",
        "UpdateAutoScalingGroup",
        AutoScalingGroupName=wanted.name,
        **_place(wanted, number or Ref(wanted.template[0], there.text("Coming"))),
        **wanted.size,
        NewInstancesProtectedFromScaleIn=wanted.keeps_data,
    )
    return (Draft(update, "update", why),)


def _guarded(wanted: Wanted, there: Fields) -> tuple[Draft, ...]:
    """What keeps the nodes of a group with data alive."""
    if not wanted.keeps_data:
        return ()
    missing = tuple(process for process in HELD if process not in there.texts("Held"))
    held = (Draft(_held(wanted.name, missing), "update", "a replaced node loses its disks"),) if missing else ()
    bare = tuple(each["Id"] for each in there.items_of("Instances") if not each["Protected"])
    guard = call("autoscaling", "SetInstanceProtection", **_instances(wanted, bare), ProtectedFromScaleIn=True)
    return (*held, *((Draft(guard, "update", "nodes without scale-in protection"),) if bare else ()))


def _delete(wanted: Wanted, there: Fields) -> tuple[Draft, ...]:
    """Emptied first: a group with nodes is not deleted, and its protected nodes are not ended."""
    kept = tuple(each["Id"] for each in there.items_of("Instances") if each["Protected"])
    bare = call("autoscaling", "SetInstanceProtection", **_instances(wanted, kept), ProtectedFromScaleIn=False)
    nobody = {"MinSize": 0, "MaxSize": 0, "DesiredCapacity": 0}
    place = {
        "LaunchTemplate": Fields(LaunchTemplateId=there["Template"], Version=there["Version"]),
        "VPCZoneIdentifier": there["Subnet"],
    }
    empty = call("autoscaling", "UpdateAutoScalingGroup", AutoScalingGroupName=wanted.name, **place, **nobody)
    gone = call("autoscaling", "DeleteAutoScalingGroup", AutoScalingGroupName=wanted.name)
    return (
        *((Draft(bare, "delete", "protection off, so that its nodes can end"),) if kept else ()),
        *((Draft(empty, "delete", "its nodes end"),) if there.items_of("Instances") else ()),
        Draft(gone, "delete", "the group"),
    )


def _held(name: str, processes: tuple[str, ...]) -> Call:
    return call("autoscaling", "SuspendProcesses", AutoScalingGroupName=name, ScalingProcesses=processes)


def _instances(wanted: Wanted, ids: tuple[object, ...]) -> Mapping[str, object]:
    return {"AutoScalingGroupName": wanted.name, "InstanceIds": ids}
