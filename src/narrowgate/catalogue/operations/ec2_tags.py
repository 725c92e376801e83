"""EC2: tags on existing resources, whose types are told by the prefixes of their ids.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html
`ec2:CreateAction` is absent here: no resource is being made.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from narrowgate.catalogue.ec2 import arn, looked_up, rule
from narrowgate.catalogue.rule import (
    RESERVED,
    Asked,
    Made,
    Table,
    Target,
    keys_of,
    request_tags,
    tag_context,
    tags_at,
)
from narrowgate.policy.request_context import Value

TYPES: Final[Mapping[str, str]] = {
    "acl": "network-acl",
    "ami": "image",
    "cgw": "customer-gateway",
    "cr": "capacity-reservation",
    "dopt": "dhcp-options",
    "eigw": "egress-only-internet-gateway",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "fleet": "fleet",
    "h": "dedicated-host",
    "i": "instance",
    "igw": "internet-gateway",
    "key": "key-pair",
    "lt": "launch-template",
    "nat": "natgateway",
    "pcx": "vpc-peering-connection",
    "pg": "placement-group",
    "pl": "prefix-list",
    "rtb": "route-table",
    "scr": "subnet-cidr-reservation",
    "sfr": "spot-fleet-request",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "sir": "spot-instances-request",
    "snap": "snapshot",
    "subnet": "subnet",
    "tgw": "transit-gateway",
    "vgw": "vpn-gateway",
    "vol": "volume",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
    "vpn": "vpn-connection",
}
_MEMBERS: Final[Mapping[str, str]] = {
    "AllocationId": "elastic-ip",
    "DhcpOptionsId": "dhcp-options",
    "ImageId": "image",
    "InstanceId": "instance",
    "InternetGatewayId": "internet-gateway",
    "LaunchTemplateId": "launch-template",
    "NatGatewayId": "natgateway",
    "NetworkAclId": "network-acl",
    "NetworkInterfaceId": "network-interface",
    "RouteTableId": "route-table",
    "SecurityGroupRuleId": "security-group-rule",
    "SnapshotId": "snapshot",
    "SubnetId": "subnet",
    "VolumeId": "volume",
    "VpcEndpointId": "vpc-endpoint",
    "VpcId": "vpc",
}
"""The types of ids that are not drawn yet, by the member of the reply that will tell them."""
_NAMED: Final = ("key-pair", "placement-group")
"""Types whose ARNs have a name instead of the id."""


def _resources(asked: Asked) -> Iterator[Target]:
    for id_ in asked.texts("Resources[]"):
        type_ = _type(id_)
        if not type_:
            # It may be of any type: only a policy that allows them all lets it pass, and no Deny is missed.
            yield from (Target(arn(asked, each, id_), each) for each in TYPES.values())
        elif type_ in _NAMED:
            yield from (Target(found, type_) for found in looked_up(asked, type_, id_))
        else:
            yield Target(arn(asked, type_, id_), type_)


def _type(id_: str) -> str:
    if id_.startswith(RESERVED):
        # The group of a security group and that of a placement have the same member.
        member = id_.rpartition(".")[2]
        return "security-group" if member == "GroupId" else _MEMBERS.get(member, "")
    return TYPES.get(id_.rpartition("-")[0], "")


def _taken_away(asked: Asked, _: Target) -> Mapping[str, Value]:
    """The tags that DeleteTags names with their values; a key without a value is only in `aws:TagKeys`."""
    tags = tags_at(asked.call.params, "Tags[]")
    valued = {name for each in asked.groups("Tags[]") if "Value" in each for name in (each.text("Key"),)}
    return {k: v for k, v in tag_context(tags).items() if k.removeprefix("aws:RequestTag/") in valued}


def _retagged(asked: Asked) -> Iterator[Made]:
    """What is known of the resources, with their new tags; of what nobody knows, the other tags are not known."""
    for target in _resources(asked):
        known = asked.facts(target.arn)
        if known is not None:
            tags = {**known.tags, **tags_at(asked.call.params, "Tags[]")}
            yield Made(target.type, target.arn, replace(known, tags=MappingProxyType(tags)))


TABLE: Final = Table(
    "ec2",
    {
        "CreateTags": (rule("CreateTags", _resources, keys=(request_tags(),)),),
        "DeleteTags": (rule("DeleteTags", _resources, keys=(keys_of("aws:TagKeys", "Tags[].Key"), _taken_away)),),
    },
    {"CreateTags": _retagged},
    tag_keys=("aws", "ec2"),
)
