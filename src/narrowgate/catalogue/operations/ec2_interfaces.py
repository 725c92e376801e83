"""EC2: network interfaces and elastic IP addresses.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html and the API
pages of each operation. No key holds a private IP address.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from narrowgate.catalogue.ec2 import (
    arn,
    associates,
    changed,
    creating,
    fresh,
    linked,
    makes,
    reads,
    rule,
    those,
    through,
    upon,
)
from narrowgate.catalogue.ec2_network import interface_keys, vpc_of
from narrowgate.catalogue.rule import Asked, Keys, Rule, Table, either
from narrowgate.policy.request_context import Value

_INTERFACE: Final = those("network-interface", "NetworkInterfaceId")
_INSTANCE: Final = those("instance", "InstanceId")
_GROUPS: Final = those("security-group", "Groups[]")
_CHANGED: Final = changed("NetworkInterfaceId")


def _of_interface(keys: Keys) -> Keys:
    return lambda asked, target: keys(asked, target) if target.type == "network-interface" else {}


_INTERFACES: Final[Mapping[str, tuple[Rule, ...]]] = {
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkInterface.html
    "CreateNetworkInterface": creating(
        "CreateNetworkInterface", fresh("network-interface"), those("subnet", "SubnetId"), _GROUPS
    ),
    "AttachNetworkInterface": (rule("AttachNetworkInterface", either(_INSTANCE, _INTERFACE)),),
    # The call names the attachment: facts link it to the interface (`self`) and to the instance.
    "DetachNetworkInterface": (
        rule(
            "DetachNetworkInterface",
            either(
                through("network-interface", "AttachmentId"),
                linked("instance", "network-interface", "AttachmentId", "instance"),
            ),
        ),
    ),
    "ModifyNetworkInterfaceAttribute": (
        rule(
            "ModifyNetworkInterfaceAttribute",
            either(_INTERFACE, _GROUPS, those("subnet", "AssociatedSubnetIds[]")),
            keys=(_of_interface(_CHANGED),),
        ),
    ),
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssignPrivateIpAddresses.html
    **upon(
        "network-interface",
        "NetworkInterfaceId",
        "AssignIpv6Addresses",
        "AssignPrivateIpAddresses",
        "CreateNetworkInterfacePermission",
        "DeleteNetworkInterface",
        "ResetNetworkInterfaceAttribute",
        "UnassignIpv6Addresses",
        "UnassignPrivateIpAddresses",
    ),
}

_ADDRESS: Final = either(those("elastic-ip", "AllocationId"), through("elastic-ip", "PublicIp"))

_ADDRESSES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "AllocateAddress": creating(
        "AllocateAddress",
        fresh("elastic-ip"),
        those("ipv4pool-ec2", "PublicIpv4Pool"),
        those("ipam-pool", "IpamPoolId"),
    ),
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateAddress.html
    "AssociateAddress": (rule("AssociateAddress", either(_ADDRESS, _INSTANCE, _INTERFACE)),),
    "DisassociateAddress": (
        rule(
            "DisassociateAddress",
            either(
                through("elastic-ip", "AssociationId", "PublicIp"),
                linked("network-interface", "elastic-ip", "AssociationId", "network-interface"),
            ),
        ),
    ),
    "ReleaseAddress": (rule("ReleaseAddress", _ADDRESS),),
    "ModifyAddressAttribute": (
        rule("ModifyAddressAttribute", those("elastic-ip", "AllocationId"), keys=(changed("AllocationId"),)),
    ),
    **upon("elastic-ip", "AllocationId", "ResetAddressAttribute"),
    **reads("MoveAddressToVpc"),
}


def _subnet(asked: Asked) -> str:
    return arn(asked, "subnet", asked.text("SubnetId"))


def _links(asked: Asked) -> Mapping[str, tuple[str, ...]]:
    vpc = vpc_of(asked, _subnet(asked))
    return {"subnet": (_subnet(asked),), **({"vpc": (vpc,)} if vpc else {})}


def _address_keys(_: Asked) -> Mapping[str, Value]:
    return {"ec2:Domain": "vpc"}


TABLE: Final = Table(
    "ec2",
    {**_INTERFACES, **_ADDRESSES},
    {
        "CreateNetworkInterface": makes(
            "network-interface",
            "NetworkInterface.NetworkInterfaceId",
            keys=lambda asked: interface_keys(asked, _subnet(asked)),
            links=_links,
        ),
        "AssociateAddress": associates("elastic-ip", _ADDRESS, "network-interface", _INTERFACE),
        "AllocateAddress": makes("elastic-ip", "AllocationId", keys=_address_keys),
    },
    tag_keys=("aws", "ec2"),
)
