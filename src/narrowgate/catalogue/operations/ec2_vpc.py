"""EC2: VPCs, subnets and their gateways.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html and the API
pages of each operation. A child is made in its VPC: both are decided, each with its own keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from narrowgate.catalogue.ec2 import (
    arn,
    changed,
    creating,
    fresh,
    if_new,
    linked,
    makes,
    picked,
    reads,
    rule,
    those,
    through,
    upon,
)
from narrowgate.catalogue.ec2_network import vpc_of
from narrowgate.catalogue.rule import Asked, Rule, Table, either, equals
from narrowgate.catalogue.service_linked import service_linked
from narrowgate.policy.request_context import Value

_VPC: Final = those("vpc", "VpcId")
_SUBNET: Final = those("subnet", "SubnetId")
_GATEWAY: Final = those("internet-gateway", "InternetGatewayId")
_POOLS: Final = those("ipam-pool", "Ipv4IpamPoolId", "Ipv6IpamPoolId")
_POOL_KEYS: Final = if_new(
    lambda asked: picked(
        asked.call.params, {"ec2:Ipv4IpamPoolId": "Ipv4IpamPoolId", "ec2:Ipv6IpamPoolId": "Ipv6IpamPoolId"}
    )
)
_ADDRESSES: Final = those(
    "elastic-ip", "AllocationId", "SecondaryAllocationIds[]", "AvailabilityZoneAddresses[].AllocationIds[]"
)
_NAT: Final = those("natgateway", "NatGatewayId")


def _nat_keys(asked: Asked) -> Mapping[str, Value]:
    vpc = vpc_of(asked, arn(asked, "subnet", asked.text("SubnetId")))
    return {"ec2:Vpc": vpc} if vpc else {}


_VPCS: Final[Mapping[str, tuple[Rule, ...]]] = {
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html
    "CreateVpc": creating("CreateVpc", fresh("vpc"), those("ipv6pool-ec2", "Ipv6Pool"), _POOLS, keys=(_POOL_KEYS,)),
    "ModifyVpcAttribute": (rule("ModifyVpcAttribute", _VPC, keys=(changed("VpcId"),)),),
    "ModifyVpcTenancy": (rule("ModifyVpcTenancy", _VPC, keys=(changed("VpcId"),)),),
    "AssociateVpcCidrBlock": (rule("AssociateVpcCidrBlock", either(_VPC, those("ipv6pool-ec2", "Ipv6Pool"), _POOLS)),),
    # The call names an association, AWS decides on the VPC or the subnet that has it.
    "DisassociateVpcCidrBlock": (rule("DisassociateVpcCidrBlock", through("vpc", "AssociationId")),),
    **upon("vpc", "VpcId", "DeleteVpc", "DescribeVpcAttribute", "GetSecurityGroupsForVpc"),
    **reads("CreateDefaultVpc", "CreateDefaultSubnet"),
}

_SUBNETS: Final[Mapping[str, tuple[Rule, ...]]] = {
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html
    "CreateSubnet": creating("CreateSubnet", fresh("subnet"), _VPC, _POOLS, keys=(_POOL_KEYS,)),
    "ModifySubnetAttribute": (rule("ModifySubnetAttribute", _SUBNET, keys=(changed("SubnetId"),)),),
    "AssociateSubnetCidrBlock": (
        rule("AssociateSubnetCidrBlock", either(_SUBNET, those("ipam-pool", "Ipv6IpamPoolId"))),
    ),
    "DisassociateSubnetCidrBlock": (rule("DisassociateSubnetCidrBlock", through("subnet", "AssociationId")),),
    # The reservation itself is no resource of the action, so it is not asked with its tags.
    "CreateSubnetCidrReservation": (
        rule("CreateSubnetCidrReservation", _SUBNET),
        creating("CreateSubnetCidrReservation", fresh("subnet-cidr-reservation"))[1],
    ),
    **upon("subnet", "SubnetId", "DeleteSubnet"),
    **reads("DeleteSubnetCidrReservation", "GetSubnetCidrReservations"),
}

_GATEWAYS: Final[Mapping[str, tuple[Rule, ...]]] = {
    "CreateInternetGateway": creating("CreateInternetGateway", fresh("internet-gateway")),
    "AttachInternetGateway": (rule("AttachInternetGateway", either(_GATEWAY, _VPC)),),
    "DetachInternetGateway": (rule("DetachInternetGateway", either(_GATEWAY, _VPC)),),
    **upon("internet-gateway", "InternetGatewayId", "DeleteInternetGateway"),
    "CreateEgressOnlyInternetGateway": creating(
        "CreateEgressOnlyInternetGateway", fresh("egress-only-internet-gateway"), _VPC
    ),
    **upon("egress-only-internet-gateway", "EgressOnlyInternetGatewayId", "DeleteEgressOnlyInternetGateway"),
    # Only a regional gateway has a service-linked role.
    # https://docs.aws.amazon.com/vpc/latest/userguide/using-service-linked-roles.html
    "CreateNatGateway": (
        *creating("CreateNatGateway", fresh("natgateway"), _ADDRESSES, _SUBNET, _VPC),
        service_linked("ec2-nat-gateway", "AWSServiceRoleForNATGateway", equals("AvailabilityMode", "regional")),
    ),
    **upon(
        "natgateway",
        "NatGatewayId",
        "AssignPrivateNatGatewayAddress",
        "DeleteNatGateway",
        "UnassignPrivateNatGatewayAddress",
    ),
    "AssociateNatGatewayAddress": (
        rule("AssociateNatGatewayAddress", either(_NAT, those("elastic-ip", "AllocationIds[]"))),
    ),
    "DisassociateNatGatewayAddress": (
        rule(
            "DisassociateNatGatewayAddress",
            either(
                _NAT,
                through("elastic-ip", "AssociationIds[]"),
                linked("network-interface", "elastic-ip", "AssociationIds[]", "network-interface"),
            ),
        ),
    ),
}


def _within(asked: Asked) -> Mapping[str, tuple[str, ...]]:
    return {"vpc": (arn(asked, "vpc", asked.text("VpcId")),)}


def _subnet_keys(asked: Asked) -> Mapping[str, Value]:
    zone = {"ec2:AvailabilityZone": "AvailabilityZone", "ec2:AvailabilityZoneId": "AvailabilityZoneId"}
    return {"ec2:Vpc": arn(asked, "vpc", asked.text("VpcId")), **picked(asked.call.params, zone)}


TABLE: Final = Table(
    "ec2",
    {**_VPCS, **_SUBNETS, **_GATEWAYS},
    {
        "CreateVpc": makes(
            "vpc", "Vpc.VpcId", keys=lambda asked: {"ec2:Tenancy": asked.text("InstanceTenancy") or "default"}
        ),
        "CreateSubnet": makes("subnet", "Subnet.SubnetId", keys=_subnet_keys, links=_within),
        "CreateInternetGateway": makes("internet-gateway", "InternetGateway.InternetGatewayId"),
        "CreateNatGateway": makes("natgateway", "NatGateway.NatGatewayId", keys=_nat_keys),
    },
    tag_keys=("aws", "ec2"),
)
