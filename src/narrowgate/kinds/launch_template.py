"""A cluster's launch template: what each of its nodes is started as. Pure.

IMDSv2 only, an encrypted root volume, the node's instance profile, our tags on all that a launch makes. AWS changes
no version: other wishes are a new version, and the group is put on it by its number.
Source: CreateLaunchTemplate, CreateLaunchTemplateVersion, RequestLaunchTemplateData, Amazon EC2 API Reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from narrowgate.calls import EMPTY, Fields, Ref, call
from narrowgate.kinds.ec2_drafts import (
    UNSUPPORTED,
    contains,
    found,
    identity,
    listing,
    making,
    referring,
    refs_of,
    tagged,
)
from narrowgate.resource import Draft, Installation, Kind, Resource, Script, tags_in
from narrowgate.secret import Secret

KIND = Kind("launch_template", "what a cluster's nodes are started as", options=("tags",))
LATEST = "LaunchTemplate.LatestVersionNumber"
"""The number of the version that holds what is wanted: of CreateLaunchTemplate's reply, and of what is observed."""
NEW = "LaunchTemplateVersion.VersionNumber"
"""The same in the reply of CreateLaunchTemplateVersion."""


@dataclass(frozen=True, slots=True)
class Disk:
    """The root volume: its device as the image names it, GiB, type; IOPS where they are provisioned."""

    device: str
    size: int
    type: str
    encrypted: bool = True
    iops: int | None = None

    @property
    def mapping(self) -> Fields:
        """As a launch maps it."""
        ebs = {"VolumeSize": self.size, "VolumeType": self.type, "Encrypted": self.encrypted, "Iops": self.iops}
        given = {name: value for name, value in ebs.items() if value is not None}
        return Fields(DeviceName=self.device, Ebs=Fields(given, DeleteOnTermination=True))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a node is; `group` is the address that its tags name, `security_group` an address."""

    name: str
    group: str
    image: str
    instance_type: str
    key_name: str
    instance_profile: str
    security_group: str
    disk: Disk
    hop_limit: int = 1
    placement_group: str = ""
    protected: bool = False
    user_data: str = ""
    """In base64."""
    needs: tuple[str, ...] = ()
    """Addresses beside the security group's: key pair, placement group."""


def template(installation: Installation, wanted: Wanted) -> Fields:
    """`LaunchTemplateData`."""
    return Fields(
        _asked_for(wanted),
        ImageId=wanted.image,
        InstanceType=wanted.instance_type,
        KeyName=wanted.key_name,
        IamInstanceProfile=Fields(Arn=wanted.instance_profile),
        SecurityGroupIds=(Ref(wanted.security_group, "GroupId"),),
        MetadataOptions=Fields(HttpTokens="required", HttpPutResponseHopLimit=wanted.hop_limit),
        BlockDeviceMappings=(wanted.disk.mapping,),
        TagSpecifications=tagged(installation, wanted.group, "instance", "volume", "network-interface"),
    )


def _asked_for(wanted: Wanted) -> Fields:
    """The members that only some have."""
    members: dict[str, object] = {
        "Placement": Fields(GroupName=wanted.placement_group) if wanted.placement_group else None,
        "DisableApiTermination": wanted.protected or None,
        # EC2's model calls user data sensitive, so what is read of it is a Secret as well.
        "UserData": Secret(wanted.user_data) if wanted.user_data else None,
    }
    return Fields({name: value for name, value in members.items() if value is not None})


def resource(installation: Installation, address: str, wanted: Wanted) -> Resource:
    """The template of one cluster."""
    data = template(installation, wanted)
    create = making(
        installation, "CreateLaunchTemplate", address, LaunchTemplateName=wanted.name, LaunchTemplateData=data
    )

    def change(there: Fields) -> tuple[Draft, ...]:
        if there["Current"]:
            return ()
        id_ = there["LaunchTemplateId"]
        update = call("ec2", "CreateLaunchTemplateVersion", LaunchTemplateId=id_, LaunchTemplateData=data)
        return (Draft(update, "update", f"{', '.join(there.texts('Differs'))} differ from its latest version"),)

    return Resource(
        address=address,
        name=wanted.name,
        identity=identity(installation, address),
        needs=(wanted.security_group, *wanted.needs),
        read=partial(read, installation, address, wanted),
        create=(Draft(create, "create", f"{wanted.instance_type}, IMDSv2 only"),),
        change=change,
        delete=_delete,
        unsupported=UNSUPPORTED,
        principal="installer",
    )


def read(installation: Installation, address: str, wanted: Wanted, whole: bool) -> Script:
    """The template, and whether its latest version is what is wanted."""
    templates, groups = yield (
        listing(installation, "DescribeLaunchTemplates"),
        listing(installation, "DescribeSecurityGroups"),
    )
    there = found(templates, "LaunchTemplates", address)
    if there is None:
        return None
    id_ = there["LaunchTemplateId"]
    versions = yield call("ec2", "DescribeLaunchTemplateVersions", LaunchTemplateId=id_, Versions=("$Latest",))
    latest = next(iter((versions or EMPTY).items_of("LaunchTemplateVersions")), EMPTY)
    data = referring(latest.group("LaunchTemplateData"), refs_of(groups, "SecurityGroups", "GroupId"))
    differs = _differences(data if isinstance(data, Fields) else EMPTY, template(installation, wanted))
    # INVARIANT: a version that is not what is wanted is never told as the one to start nodes from.
    number = {} if differs else {"LaunchTemplate": Fields(LatestVersionNumber=str(latest.get("VersionNumber")))}
    return Fields(LaunchTemplateId=id_, Tags=tags_in(there), Current=not differs, Differs=differs, **number)


def _differences(data: Fields, wanted: Fields) -> tuple[str, ...]:
    """The members of a version that are not as wanted; also those that nobody asked for."""
    names = sorted({*wanted, *(name for name, value in data.items() if value)})
    return tuple(name for name in names if name not in wanted or not contains(data.get(name), wanted[name]))


def _delete(there: Fields) -> tuple[Draft, ...]:
    gone = call("ec2", "DeleteLaunchTemplate", LaunchTemplateId=there["LaunchTemplateId"])
    return (Draft(gone, "delete", "the template and its versions"),)
