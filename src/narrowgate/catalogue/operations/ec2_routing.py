"""EC2: route tables, network ACLs, DHCP options, VPC endpoints, prefix lists.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html and the API
pages of each operation. Routes and entries belong to their table: nothing but the table is decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from narrowgate.catalogue.ec2 import (
    arn,
    associates,
    changed,
    creating,
    fresh,
    if_new,
    linked,
    makes,
    picked,
    rule,
    those,
    through,
    upon,
)
from narrowgate.catalogue.rule import Asked, Rule, Table, Target, either

_VPC: Final = those("vpc", "VpcId")
_TABLE: Final = those("route-table", "RouteTableId")
_BEHIND: Final = either(
    linked("subnet", "route-table", "AssociationId", "subnet"),
    linked("internet-gateway", "route-table", "AssociationId", "internet-gateway"),
    linked("vpn-gateway", "route-table", "AssociationId", "vpn-gateway"),
)
"""What a route table's association ties to it, where facts know."""
_GATEWAY_TYPES: Final = {"igw-": "internet-gateway", "vgw-": "vpn-gateway"}


def _gateway(asked: Asked) -> Iterator[Target]:
    for text in asked.texts("GatewayId"):
        for prefix, type_ in _GATEWAY_TYPES.items():
            if text.startswith(prefix):
                yield Target(arn(asked, type_, text), type_)


_ROUTES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "CreateRouteTable": creating("CreateRouteTable", fresh("route-table"), _VPC),
    **upon("route-table", "RouteTableId", "DeleteRouteTable", "CreateRoute", "ReplaceRoute", "DeleteRoute"),
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateRouteTable.html
    "AssociateRouteTable": (
        rule(
            "AssociateRouteTable",
            either(_TABLE, those("subnet", "SubnetId"), _gateway, those("ipv4pool-ec2", "PublicIpv4Pool")),
        ),
    ),
    "DisassociateRouteTable": (
        rule("DisassociateRouteTable", either(through("route-table", "AssociationId"), _BEHIND)),
    ),
    # The table is the new one; AWS names no second.
    "ReplaceRouteTableAssociation": (rule("ReplaceRouteTableAssociation", either(_TABLE, _BEHIND)),),
}

_ACLS: Final[Mapping[str, tuple[Rule, ...]]] = {
    "CreateNetworkAcl": creating("CreateNetworkAcl", fresh("network-acl"), _VPC),
    **upon(
        "network-acl",
        "NetworkAclId",
        "DeleteNetworkAcl",
        "CreateNetworkAclEntry",
        "DeleteNetworkAclEntry",
        "ReplaceNetworkAclEntry",
    ),
    "ReplaceNetworkAclAssociation": (
        rule(
            "ReplaceNetworkAclAssociation",
            either(those("network-acl", "NetworkAclId"), through("subnet", "AssociationId")),
        ),
    ),
}


def _options(asked: Asked) -> Iterator[Target]:
    """The options; the word `default` stands for none."""
    return (each for each in those("dhcp-options", "DhcpOptionsId")(asked) if not each.arn.endswith("/default"))


_OPTIONS: Final[Mapping[str, tuple[Rule, ...]]] = {
    "CreateDhcpOptions": creating("CreateDhcpOptions", fresh("dhcp-options")),
    "AssociateDhcpOptions": (rule("AssociateDhcpOptions", either(_options, _VPC)),),
    **upon("dhcp-options", "DhcpOptionsId", "DeleteDhcpOptions"),
}

_ENDPOINT_PARTS: Final = either(
    those("route-table", "RouteTableIds[]", "AddRouteTableIds[]", "RemoveRouteTableIds[]"),
    those("security-group", "SecurityGroupIds[]", "AddSecurityGroupIds[]", "RemoveSecurityGroupIds[]"),
    those("subnet", "SubnetIds[]", "AddSubnetIds[]", "RemoveSubnetIds[]"),
)
_ENDPOINT_KEYS: Final = if_new(
    lambda asked: picked(
        asked.call.params, {"ec2:VpceServiceName": "ServiceName", "ec2:VpceServiceRegion": "ServiceRegion"}
    )
)

_ENDPOINTS: Final[Mapping[str, tuple[Rule, ...]]] = {
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html
    "CreateVpcEndpoint": creating(
        "CreateVpcEndpoint", fresh("vpc-endpoint"), _VPC, _ENDPOINT_PARTS, keys=(_ENDPOINT_KEYS,)
    ),
    "ModifyVpcEndpoint": (rule("ModifyVpcEndpoint", either(those("vpc-endpoint", "VpcEndpointId"), _ENDPOINT_PARTS)),),
    **upon("vpc-endpoint", "VpcEndpointIds[]", "DeleteVpcEndpoints"),
}

_LISTS: Final[Mapping[str, tuple[Rule, ...]]] = {
    "CreateManagedPrefixList": creating("CreateManagedPrefixList", fresh("prefix-list")),
    "ModifyManagedPrefixList": (
        rule(
            "ModifyManagedPrefixList",
            those("prefix-list", "PrefixListId"),
            keys=(changed("PrefixListId", "CurrentVersion"),),
        ),
    ),
    **upon(
        "prefix-list",
        "PrefixListId",
        "DeleteManagedPrefixList",
        "GetManagedPrefixListAssociations",
        "GetManagedPrefixListEntries",
        "RestoreManagedPrefixListVersion",
    ),
}

TABLE: Final = Table(
    "ec2",
    {**_ROUTES, **_ACLS, **_OPTIONS, **_ENDPOINTS, **_LISTS},
    {
        "CreateRouteTable": makes(
            "route-table",
            "RouteTable.RouteTableId",
            keys=lambda asked: {"ec2:Vpc": arn(asked, "vpc", asked.text("VpcId"))},
            links=lambda asked: {"vpc": (arn(asked, "vpc", asked.text("VpcId")),)},
        ),
        "AssociateRouteTable": associates("route-table", _TABLE, "subnet", those("subnet", "SubnetId")),
    },
    tag_keys=("aws", "ec2"),
)
