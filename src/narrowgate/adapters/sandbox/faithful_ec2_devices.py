"""The volumes of a new instance: those of its image, changed and joined by those that the launch names.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-device-mapping-concepts.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

_ROOT_SIZE: Final = 8
_DEFAULT_TYPE: Final = "gp2"
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVolume.html: 3,000 to begin with
_DEFAULT_IOPS: Final = {"gp3": 3000}


def add_devices(ec2: Any, node: Any, given: Iterable[Mapping[str, Any]], tags: Mapping[str, str]) -> None:
    """Make and attach the volumes, with these tags. They end with the instance unless the launch says no."""
    devices: dict[str, Mapping[str, Any]] = {node.root_device_name or "/dev/sda1": {}}
    for each in given:
        name = each.get("DeviceName")
        if name and "NoDevice" not in each and "VirtualName" not in each:
            devices[name] = each.get("Ebs") or {}
        elif name and "NoDevice" in each:
            devices.pop(name, None)
    for name, ebs in devices.items():
        volume = _volume(ec2, node, ebs)
        volume.add_tags(dict(tags))
        ec2.attach_volume(volume.id, node.id, name, ebs.get("DeleteOnTermination", True))


def _volume(ec2: Any, node: Any, ebs: Mapping[str, Any]) -> Any:
    type_ = ebs.get("VolumeType") or _DEFAULT_TYPE
    size = ebs.get("VolumeSize")
    return ec2.create_volume(
        size=size if size or ebs.get("SnapshotId") else _ROOT_SIZE,
        zone_name=node.availability_zone,
        snapshot_id=ebs.get("SnapshotId"),
        encrypted=bool(ebs.get("Encrypted")),
        kms_key_id=ebs.get("KmsKeyId"),
        volume_type=type_,
        iops=ebs.get("Iops") or _DEFAULT_IOPS.get(type_),
        throughput=ebs.get("Throughput"),
    )
