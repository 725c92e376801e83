"""A launch of instances: what RunInstances, or an auto-scaling group with a launch template, asks for. Pure.

Sources: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ExamplePolicies_EC2.html#iam-example-runinstances
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/use-launch-templates-to-control-launching-instances.html

What the call leaves open comes from its launch template: see `narrowgate.catalogue.ec2_template`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from narrowgate.calls import EMPTY, Fields
from narrowgate.calls import Value as Member
from narrowgate.catalogue.ec2 import arn, identity, looked_up, own_keys, picked, region, tags_for
from narrowgate.catalogue.ec2_network import Interface, interfaces
from narrowgate.catalogue.ec2_profile import passed, profile_arn
from narrowgate.catalogue.ec2_template import RESOLVED, joined, merged, parameters_of, template_arn, version_of
from narrowgate.catalogue.encryption import key_arn
from narrowgate.catalogue.rule import (
    Asked,
    Keys,
    Rule,
    Target,
    Where,
    constant,
    reserved,
    spelled,
    tag_context,
    texts_at,
)
from narrowgate.policy.request_context import Value

Launches: TypeAlias = Callable[[Asked], Iterable[Fields]]
"""For each launch that a call leads to, parameters of RunInstances."""

_TAGGED: Final = ("instance", "volume", "network-interface", "spot-instances-request")


@dataclass(frozen=True, slots=True)
class Launch:
    """One launch: `own`, what the call gives; `params`, that with what the template gives; the template's ARN."""

    asked: Asked
    own: Fields
    params: Fields
    template: str

    def text(self, path: str) -> str:
        """The first text at a path of the parameters; the empty string where there is none."""
        return next(iter(texts_at(self.params, path)), "")

    def target(self, target: Target, keys: Mapping[str, Value] | None = None, *, own: bool = False) -> Target:
        """The target with its keys and the template's; `own`: the call names it, not the template.

        `ec2:IsLaunchTemplateResource` is false for a resource with which the call overrides the template.
        """
        told = dict(keys or {})
        if self.template:
            told |= {"ec2:LaunchTemplate": self.template, "ec2:IsLaunchTemplateResource": "false" if own else "true"}
        return target._replace(keys=told)

    def tags(self, type_: str) -> Mapping[str, Value]:
        """The tags of the new resources of a type, as condition keys."""
        return tag_context(tags_for(self.params, type_))


def launch_rules(launches: Launches) -> tuple[Rule, ...]:
    """The rules of the launches: ec2:RunInstances, ec2:CreateTags, iam:PassRole, ssm:GetParameters."""
    return (
        Rule("ec2:RunInstances", _each(launches, _resources), keys=(region, identity, own_keys)),
        Rule("ec2:CreateTags", _each(launches, _tagged), keys=(region, _BY_RUN, own_keys)),
        Rule("iam:PassRole", _each(launches, _roles), keys=(own_keys,)),
        Rule("ssm:GetParameters", _each(launches, _parameters)),
    )


def launch_of(asked: Asked, own: Fields) -> Launch:
    """The launch with the parameters `own`, which may name a launch template."""
    named = own.group("LaunchTemplate")
    template = template_arn(asked, named) if named else ""
    return Launch(asked, own, merged(version_of(asked.known(template).data, named.text("Version")), own), template)


_BY_RUN: Final[Keys] = constant("ec2:CreateAction", "RunInstances")


def _each(launches: Launches, targets: Callable[[Launch], Iterable[Target]]) -> Callable[[Asked], Iterator[Target]]:
    return lambda asked: (found for own in launches(asked) for found in targets(launch_of(asked, own)))


# The resources


def _resources(launch: Launch) -> Iterator[Target]:
    yield from _image(launch)
    instance = Target(arn(launch.asked, "instance", "*"), "instance", new=True)
    yield launch.target(instance, {**instance_keys(launch), **launch.tags("instance")})
    zone = _zone(launch)
    for interface in interfaces(launch.asked, launch.own, launch.params):
        yield from _interface(launch, interface)
    yield from _volumes(launch, zone)
    yield from _named(launch)
    if launch.template:
        yield launch.target(Target(launch.template, "launch-template"))


def _image(launch: Launch) -> Iterator[Target]:
    image = launch.text("ImageId")
    if image.startswith(RESOLVED):
        image = reserved(image.removeprefix(RESOLVED), "ImageId")
    own = bool(launch.own.get("ImageId"))
    found = image or reserved("", "ImageId")
    yield launch.target(Target(arn(launch.asked, "image", found), "image"), own=own)


def _interface(launch: Launch, interface: Interface) -> Iterator[Target]:
    if interface.existing:
        yield launch.target(Target(interface.existing, "network-interface"), own=interface.own)
        return
    yield launch.target(Target(interface.subnet, "subnet"), own=interface.own_subnet)
    for group in interface.groups:
        yield launch.target(Target(group, "security-group"), own=interface.own_groups)
    new = Target(arn(launch.asked, "network-interface", "*"), "network-interface", new=True)
    yield launch.target(new, {**interface.keys, **launch.tags("network-interface")})


def _volumes(launch: Launch, zone: Mapping[str, Value]) -> Iterator[Target]:
    """The volumes: the image's own devices, where they are known, and those that the launch gives.

    An image whose devices nobody knows has at least its root. Its own snapshots are not asked for.
    """
    image = launch.asked.known(arn(launch.asked, "image", launch.text("ImageId")))
    devices = [each for each in _devices(image.data, launch.params) if isinstance(each, Fields)]
    if not image.data.items_of("BlockDeviceMappings") and image.keys.get("ec2:RootDeviceType") != "instance-store":
        devices.append(EMPTY)
    new = Target(arn(launch.asked, "volume", "*"), "volume", new=True)
    for device in devices:
        if "NoDevice" in device or (device.get("VirtualName") and "Ebs" not in device):
            continue
        yield launch.target(new, {**zone, **volume_keys(launch.asked, device.group("Ebs")), **launch.tags("volume")})
    for snapshot in texts_at(launch.params, "BlockDeviceMappings[].Ebs.SnapshotId"):
        own = snapshot in texts_at(launch.own, "BlockDeviceMappings[].Ebs.SnapshotId")
        yield launch.target(Target(arn(launch.asked, "snapshot", snapshot), "snapshot"), own=own)


def _devices(image: Fields, params: Fields) -> tuple[Member, ...]:
    return joined("DeviceName", image, params, "BlockDeviceMappings")


def volume_keys(asked: Asked, volume: Fields) -> Mapping[str, Value]:
    """The keys of a new volume, from its part of the parameters."""
    snapshot = spelled(volume.get("SnapshotId"))
    parent = {"ec2:ParentSnapshot": arn(asked, "snapshot", snapshot)} if snapshot else {}
    return {**picked(volume, _VOLUME), **parent}


_VOLUME: Final[Mapping[str, str]] = {
    "ec2:Encrypted": "Encrypted",
    "ec2:VolumeInitializationRate": "VolumeInitializationRate",
    "ec2:VolumeIops": "Iops",
    "ec2:VolumeSize": "VolumeSize",
    "ec2:VolumeThroughput": "Throughput",
    "ec2:VolumeType": "VolumeType",
}


def _named(launch: Launch) -> Iterator[Target]:
    """What the parameters name besides: key pair, placement group, reservation, licences, the request for spot."""
    for type_, member, path in _NAMED:
        for text in texts_at(launch.params, path):
            found = text if text.startswith("arn:") else arn(launch.asked, type_, text)
            yield launch.target(Target(found, type_), own=member in launch.own)
    if id_ := launch.text("Placement.GroupId"):
        for found in looked_up(launch.asked, "placement-group", id_):
            yield launch.target(Target(found, "placement-group"), own="Placement" in launch.own)
    for licence in texts_at(launch.params, "LicenseSpecifications[].LicenseConfigurationArn"):
        yield Target(licence, "license-configuration")
    if launch.text("InstanceMarketOptions.MarketType") == "spot":
        request = Target(arn(launch.asked, "spot-instances-request", "*"), "spot-instances-request", new=True)
        yield request._replace(keys=launch.tags("spot-instances-request"))


_RESERVATION: Final = "CapacityReservationSpecification.CapacityReservationTarget.CapacityReservationId"
_NAMED: Final = (
    ("key-pair", "KeyName", "KeyName"),
    ("placement-group", "Placement", "Placement.GroupName"),
    ("capacity-reservation", "CapacityReservationSpecification", _RESERVATION),
)


def _zone(launch: Launch) -> Mapping[str, Value]:
    """The zone of the first new interface's subnet, or the one that the placement names."""
    for interface in interfaces(launch.asked, launch.own, launch.params):
        if zone := interface.zone:
            return zone
    return picked(launch.params.group("Placement"), {"ec2:AvailabilityZone": "AvailabilityZone"})


def instance_keys(launch: Launch) -> Mapping[str, Value]:
    """The keys of the new instances, but for their tags."""
    found = {key: text for key, path in _INSTANCE.items() if (text := launch.text(path))}
    image = launch.asked.known(arn(launch.asked, "image", launch.text("ImageId")))
    device = {k: v for k, v in image.keys.items() if k == "ec2:RootDeviceType"}
    if group := launch.text("Placement.GroupName"):
        found["ec2:PlacementGroup"] = arn(launch.asked, "placement-group", group)
    elif id_ := launch.text("Placement.GroupId"):
        found["ec2:PlacementGroup"] = looked_up(launch.asked, "placement-group", id_)[0]
    if profile := profile_arn(launch.asked, launch.params.group("IamInstanceProfile")):
        found["ec2:InstanceProfile"] = profile
    market = {"ec2:InstanceMarketType": launch.text("InstanceMarketOptions.MarketType") or "on-demand"}
    return {**_zone(launch), **device, **market, **found}


_INSTANCE: Final[Mapping[str, str]] = {
    "ec2:CpuOptionsAmdSevSnp": "CpuOptions.AmdSevSnp",
    "ec2:EbsOptimized": "EbsOptimized",
    "ec2:InstanceAutoRecovery": "MaintenanceOptions.AutoRecovery",
    "ec2:InstanceBandwidthWeighting": "NetworkPerformanceOptions.BandwidthWeighting",
    "ec2:InstanceMetadataTags": "MetadataOptions.InstanceMetadataTags",
    "ec2:InstanceType": "InstanceType",
    "ec2:MetadataHttpEndpoint": "MetadataOptions.HttpEndpoint",
    "ec2:MetadataHttpPutResponseHopLimit": "MetadataOptions.HttpPutResponseHopLimit",
    "ec2:MetadataHttpTokens": "MetadataOptions.HttpTokens",
    "ec2:Tenancy": "Placement.Tenancy",
}


# What comes with them


def _tagged(launch: Launch) -> Iterator[Target]:
    for type_ in _TAGGED:
        if tags := launch.tags(type_):
            yield Target(arn(launch.asked, type_, "*"), type_, new=True, keys=tags)


def _roles(launch: Launch) -> Iterator[Target]:
    yield from passed(launch.asked, launch.params.group("IamInstanceProfile"), arn(launch.asked, "instance", "*"))


def _parameters(launch: Launch) -> Iterator[Target]:
    yield from parameters_of(launch.asked, launch.text("ImageId"))


def encryption_keys(launches: Launches) -> Where:
    """The customer's KMS keys that encrypt the new volumes."""
    return _each(launches, _keys)


def _keys(launch: Launch) -> Iterator[Target]:
    for text in texts_at(launch.params, "BlockDeviceMappings[].Ebs.KmsKeyId"):
        if text and "alias/aws/" not in text:
            yield Target(key_arn(launch.asked, text), "key")
