"""EC2: volumes, snapshots and images.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html and the API
pages of each operation. CopySnapshot and CopyImage are missing: whether their sources are decided is not clear.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from narrowgate.catalogue.ec2 import arn, changed, creating, fresh, if_new, makes, picked, rule, those, upon
from narrowgate.catalogue.ec2_encryption import encrypting
from narrowgate.catalogue.encryption import key_arn, keys_at
from narrowgate.catalogue.rule import Asked, Rule, Table, Target, either, keys_of, reserved
from narrowgate.policy.request_context import Value

_VOLUME: Final = those("volume", "VolumeId")
_SNAPSHOT: Final = those("snapshot", "SnapshotId")
_INSTANCE: Final = those("instance", "InstanceId")
_IMAGE: Final = those("image", "ImageId")


def _volume_keys(asked: Asked) -> Mapping[str, Value]:
    """The keys of the new volume. Without a size it has that of its snapshot, which the call does not tell."""
    snapshot = asked.text("SnapshotId")
    parent = {"ec2:ParentSnapshot": arn(asked, "snapshot", snapshot)} if snapshot else {}
    return {**picked(asked.call.params, _VOLUME_KEYS), **parent}


_VOLUME_KEYS: Final[Mapping[str, str]] = {
    "ec2:AvailabilityZone": "AvailabilityZone",
    "ec2:AvailabilityZoneId": "AvailabilityZoneId",
    "ec2:Encrypted": "Encrypted",
    "ec2:VolumeInitializationRate": "VolumeInitializationRate",
    "ec2:VolumeIops": "Iops",
    "ec2:VolumeSize": "Size",
    "ec2:VolumeThroughput": "Throughput",
    "ec2:VolumeType": "VolumeType",
}


def _kms_key(asked: Asked) -> Mapping[str, Value]:
    key = asked.text("KmsKeyId")
    return {"ec2:KmsKeyId": key_arn(asked, key)} if key else {}


_VOLUMES: Final[Mapping[str, tuple[Rule, ...]]] = {
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html
    "CreateVolume": (
        *creating("CreateVolume", fresh("volume"), _SNAPSHOT, keys=(if_new(_volume_keys), if_new(_kms_key))),
        *encrypting(keys_at("KmsKeyId")),
    ),
    "AttachVolume": (rule("AttachVolume", either(_INSTANCE, _VOLUME)),),
    "DetachVolume": (rule("DetachVolume", either(_INSTANCE, _VOLUME)),),
    "ModifyVolume": (rule("ModifyVolume", _VOLUME, keys=(changed("VolumeId"),)),),
    "ModifyVolumeAttribute": (rule("ModifyVolumeAttribute", _VOLUME, keys=(changed("VolumeId"),)),),
    **upon("volume", "VolumeId", "DeleteVolume", "DescribeVolumeAttribute", "EnableVolumeIO"),
}


def _parent(asked: Asked) -> Mapping[str, Value]:
    return {"ec2:ParentVolume": arn(asked, "volume", asked.text("VolumeId"))}


def _volumes_of(asked: Asked) -> Iterator[Target]:
    """The volumes of the instance, by its links; one with a reserved id where nobody knows them."""
    for instance in asked.texts("InstanceSpecification.InstanceId"):
        unknown = arn(asked, "volume", reserved(instance, "VolumeId"))
        for found in asked.known(arn(asked, "instance", instance)).links.get("volume", (unknown,)):
            yield Target(found, "volume")


def _permissions(change: str) -> tuple[str, str]:
    return f"CreateVolumePermission.{change}[].UserId", f"CreateVolumePermission.{change}[].Group"


_SNAPSHOTS: Final[Mapping[str, tuple[Rule, ...]]] = {
    "CreateSnapshot": creating("CreateSnapshot", fresh("snapshot"), _VOLUME, keys=(if_new(_parent),)),
    "CreateSnapshots": creating(
        "CreateSnapshots",
        fresh("snapshot"),
        those("instance", "InstanceSpecification.InstanceId"),
        _volumes_of,
    ),
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySnapshotAttribute.html
    "ModifySnapshotAttribute": (
        rule(
            "ModifySnapshotAttribute",
            _SNAPSHOT,
            keys=(
                keys_of("ec2:Add/userId", _permissions("Add")[0]),
                keys_of("ec2:Add/group", _permissions("Add")[1]),
                keys_of("ec2:Remove/userId", _permissions("Remove")[0]),
                keys_of("ec2:Remove/group", _permissions("Remove")[1]),
            ),
        ),
    ),
    **upon("snapshot", "SnapshotId", "DeleteSnapshot", "DescribeSnapshotAttribute", "ResetSnapshotAttribute"),
}

_IMAGES: Final[Mapping[str, tuple[Rule, ...]]] = {
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateImage.html
    "CreateImage": creating("CreateImage", fresh("image", "snapshot"), _INSTANCE),
    "RegisterImage": creating(
        "RegisterImage", fresh("image"), those("snapshot", "BlockDeviceMappings[].Ebs.SnapshotId")
    ),
    "ModifyImageAttribute": (rule("ModifyImageAttribute", _IMAGE, keys=(changed("ImageId", "OperationType"),)),),
    **upon(
        "image",
        "ImageId",
        "DeregisterImage",
        "DescribeImageAttribute",
        "DisableImage",
        "EnableImage",
        "ResetImageAttribute",
    ),
}

TABLE: Final = Table(
    "ec2",
    {**_VOLUMES, **_SNAPSHOTS, **_IMAGES},
    {
        "CreateVolume": makes("volume", "VolumeId", keys=lambda asked: {**_volume_keys(asked), **_kms_key(asked)}),
        "CreateSnapshot": makes("snapshot", "SnapshotId"),
    },
    tag_keys=("aws", "ec2"),
)
