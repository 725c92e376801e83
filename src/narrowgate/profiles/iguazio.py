"""The Iguazio data-science platform on EC2: the guide's names, and policies scoped by our ownership tag. Pure.

The statements are hand-written: what a tagged installation of this shape needs, one statement for each set of
condition keys that AWS supports on the action and resource type. They are not yet derived or proved, and they
serve an installer that tags what it creates with `narrowgate:installation`; the vendor's own installer has its
own policy file (`policy_source: {file: ...}`).
Source: "Actions, resources, and condition keys" for Amazon EC2, EC2 Auto Scaling and IAM, Service Authorization
Reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from narrowgate.calls import call
from narrowgate.profiles import Profile
from narrowgate.resource import INSTALLATION, Installation

READS = (
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeImages",
    "ec2:DescribeInstances",
    "ec2:DescribeInstanceStatus",
    "ec2:DescribeInstanceTypeOfferings",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeKeyPairs",
    "ec2:DescribeLaunchTemplates",
    "ec2:DescribeLaunchTemplateVersions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribePlacementGroups",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeTags",
    "ec2:DescribeVolumes",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcs",
    "ec2:GetSubnetCidrReservations",
    "autoscaling:Describe*",
)
CREATED = {
    "CreateSubnet": "subnet",
    "CreateInternetGateway": "internet-gateway",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreatePlacementGroup": "placement-group",
    "CreateLaunchTemplate": "launch-template",
    "ImportKeyPair": "key-pair",
    "AllocateAddress": "elastic-ip",
}
INSIDE_A_VPC = ("CreateSubnet", "CreateRouteTable", "CreateSecurityGroup")
TOUCHED = (
    "AssociateAddress",
    "AssociateRouteTable",
    "AttachInternetGateway",
    "AuthorizeSecurityGroupEgress",
    "AuthorizeSecurityGroupIngress",
    "CreateLaunchTemplateVersion",
    "CreateRoute",
    "CreateSubnetCidrReservation",
    "DeleteInternetGateway",
    "DeleteKeyPair",
    "DeleteLaunchTemplate",
    "DeletePlacementGroup",
    "DeleteRoute",
    "DeleteRouteTable",
    "DeleteSecurityGroup",
    "DeleteSubnet",
    "DeleteSubnetCidrReservation",
    "DeleteVpc",
    "DetachInternetGateway",
    "DisassociateAddress",
    "DisassociateRouteTable",
    "ModifySubnetAttribute",
    "ModifyVpcAttribute",
    "ReleaseAddress",
    "RevokeSecurityGroupEgress",
    "RevokeSecurityGroupIngress",
    "StartInstances",
    "StopInstances",
    "TerminateInstances",
)
LAUNCHED = ("instance", "volume", "network-interface")
LAUNCHED_WITH = ("subnet", "security-group", "key-pair", "placement-group", "launch-template")


def installer_policy(installation: Installation, role_name: str) -> Mapping[str, Any]:
    """What the installer may do: create with our tag, touch what carries it, pass one role to EC2."""
    asked = {"StringEquals": {f"aws:RequestTag/{INSTALLATION}": installation.system}}
    owned = {"StringEquals": {f"aws:ResourceTag/{INSTALLATION}": installation.system}}
    group = f"arn:{installation.partition}:autoscaling:{installation.region}:{installation.account}:autoScalingGroup:*"
    role = installation.arn("role", role_name)
    linked = (
        f"arn:{installation.partition}:iam::{installation.account}:role/aws-service-role/autoscaling.amazonaws.com/*"
    )
    return _document(
        _allow("Read", READS, "*", {"StringEquals": {"aws:RequestedRegion": installation.region}}),
        # Apart from the others: a right to create inside a VPC must come from the VPC's own tag alone.
        _allow("CreateVpc", "ec2:CreateVpc", _any(installation, "vpc"), asked),
        _allow("Create", _ec2(CREATED), [_any(installation, kind) for kind in CREATED.values()], asked),
        _allow("CreateInside", _ec2(INSIDE_A_VPC), _any(installation, "vpc"), owned),
        _allow("Touch", _ec2(TOUCHED), _any(installation, "*"), owned),
        _allow("Launch", "ec2:RunInstances", [_any(installation, kind) for kind in LAUNCHED], asked),
        _allow("LaunchWith", "ec2:RunInstances", [_any(installation, kind) for kind in LAUNCHED_WITH], owned),
        _allow("LaunchFrom", "ec2:RunInstances", f"arn:{installation.partition}:ec2:{installation.region}::image/*"),
        _allow("TagWhenMade", "ec2:CreateTags", _any(installation, "*"), _only_when_made(installation)),
        _allow("CreateGroup", "autoscaling:CreateAutoScalingGroup", group, asked),
        _allow(
            "TouchGroup",
            [f"autoscaling:{verb}AutoScalingGroup" for verb in ("Delete", "Update")]
            + ["autoscaling:ResumeProcesses", "autoscaling:SetInstanceProtection", "autoscaling:SuspendProcesses"],
            group,
            owned,
        ),
        _allow(
            "PassNodeRole",
            "iam:PassRole",
            role,
            {"StringEquals": {"iam:PassedToService": f"ec2.{installation.service_suffix}"}},
        ),
        _allow(
            "GroupsLinkedRole",
            "iam:CreateServiceLinkedRole",
            linked,
            {"StringEquals": {"iam:AWSServiceName": "autoscaling.amazonaws.com"}},
        ),
    )


def node_policy(installation: Installation) -> Mapping[str, Any]:
    """What a node may do: move the shared address between interfaces that carry our tag, and look."""
    owned = {"StringEquals": {f"aws:ResourceTag/{INSTALLATION}": installation.system}}
    region = {"StringEquals": {"aws:RequestedRegion": installation.region}}
    return _document(
        _allow(
            "MoveTheSharedAddress",
            ["ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"],
            _any(installation, "network-interface"),
            owned,
        ),
        _allow("Look", ["ec2:DescribeInstances", "ec2:DescribeNetworkInterfaces"], "*", region),
    )


def _only_when_made(installation: Installation) -> Mapping[str, Any]:
    # Without ec2:CreateAction, whoever may tag may tag a stranger's thing into reach of the grants above.
    return {
        "StringEquals": {
            "ec2:CreateAction": ["CreateVpc", *CREATED, "RunInstances"],
            f"aws:RequestTag/{INSTALLATION}": installation.system,
        }
    }


def _any(installation: Installation, kind: str) -> str:
    return f"arn:{installation.partition}:ec2:{installation.region}:{installation.account}:{kind}/*"


def _ec2(operations: Sequence[str] | Mapping[str, str]) -> list[str]:
    return [f"ec2:{operation}" for operation in operations]


def _allow(sid: str, action: Any, resource: Any, condition: Mapping[str, Any] | None = None) -> dict[str, Any]:
    statement = {"Sid": sid, "Effect": "Allow", "Action": action, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


def _document(*statements: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


PROFILE = Profile(
    name="iguazio",
    doc="the Iguazio data-science platform on EC2",
    defaults={
        "installer": {"user": "Provazio", "policy": "ManageIguazioSystems"},
        "node": {
            "role": "IguazioDataScienceNode",
            "policy": "AssignPrivateIPAddresses",
            "instance_profile": "IguazioDataScienceNode",
        },
    },
    installer_policy=installer_policy,
    node_policy=node_policy,
    evidence=call("ec2", "DescribeInstances", MaxResults=5),
)
