"""What AWS's guides say of services and actions, as tables: launchers, service-linked roles, what is retired. Pure.

A test holds every action in them against the action data.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final

GLOBAL: Final = frozenset(
    (
        "account",
        "aws-portal",
        "billing",
        "budgets",
        "ce",
        "chime",
        "cloudfront",
        "cur",
        "fms",
        "globalaccelerator",
        "health",
        "iam",
        "importexport",
        "networkmanager",
        "organizations",
        "pricing",
        "route53",
        "route53domains",
        "shield",
        "sts",
        "support",
        "trustedadvisor",
        "waf",
    )
)
"""Services that answer in one region for all, so that a condition on the region would deny them.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_examples_general.html
"""

MERGED: Final = frozenset({"elasticloadbalancing"})
"""Prefixes of several services whose rows the action data merges: their resource types are not complete."""

LINKED: Final = MappingProxyType(
    {
        "autoscaling.amazonaws.com": "AWSServiceRoleForAutoScaling",
        "ec2scheduled.amazonaws.com": "AWSServiceRoleForEC2ScheduledInstances",
        "eks.amazonaws.com": "AWSServiceRoleForAmazonEKS",
        "eks-fargate.amazonaws.com": "AWSServiceRoleForAmazonEKSForFargate",
        "eks-nodegroup.amazonaws.com": "AWSServiceRoleForAmazonEKSNodegroup",
        "elasticloadbalancing.amazonaws.com": "AWSServiceRoleForElasticLoadBalancing",
        "spot.amazonaws.com": "AWSServiceRoleForEC2Spot",
        "spotfleet.amazonaws.com": "AWSServiceRoleForEC2SpotFleet",
        "transitgateway.amazonaws.com": "AWSServiceRoleForVPCTransitGateway",
    }
)
"""The service-linked roles of services, each in its service's guide.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
"""

MAKES_LINKED: Final = MappingProxyType(
    {
        "autoscaling:CreateAutoScalingGroup": ("autoscaling.amazonaws.com",),
        "ec2:CreateFleet": ("spot.amazonaws.com",),
        "ec2:CreateTransitGateway": ("transitgateway.amazonaws.com",),
        "ec2:RequestSpotFleet": ("spot.amazonaws.com", "spotfleet.amazonaws.com"),
        "ec2:RequestSpotInstances": ("spot.amazonaws.com",),
        "ec2:RunInstances": ("spot.amazonaws.com",),
        "ec2:RunScheduledInstances": ("ec2scheduled.amazonaws.com",),
        "eks:CreateCluster": ("eks.amazonaws.com",),
        "eks:CreateFargateProfile": ("eks-fargate.amazonaws.com",),
        "eks:CreateNodegroup": ("eks-nodegroup.amazonaws.com",),
        "elasticloadbalancing:CreateLoadBalancer": ("elasticloadbalancing.amazonaws.com",),
    }
)
"""Actions by which a service makes its service-linked role on the caller's behalf."""

LAUNCHERS: Final = MappingProxyType(
    {
        "autoscaling:CreateAutoScalingGroup": "ec2",
        "autoscaling:CreateLaunchConfiguration": "ec2",
        "ec2:CreateFleet": "ec2",
        "ec2:RequestSpotInstances": "ec2",
        "ec2:RunInstances": "ec2",
        "eks:CreateCluster": "eks",
        "eks:CreateNodegroup": "eks",
        "iam:AddRoleToInstanceProfile": "ec2",
    }
)
"""Actions that need `iam:PassRole`, and the service that the role is passed to.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

RETIRED: Final = MappingProxyType(
    {
        "autoscaling:CreateLaunchConfiguration": (
            "launch configurations are closed to accounts made since October 2024: there AWS refuses it whatever "
            "the policy says"
        ),
        "ec2:AttachClassicLinkVpc": "ClassicLink is retired",
        "ec2:DescribeVpcClassicLink": "ClassicLink is retired: it lists nothing",
        "ec2:DescribeVpcClassicLinkDnsSupport": "ClassicLink is retired: it lists nothing",
        "ec2:DetachClassicLinkVpc": "ClassicLink is retired",
        "ec2:DisableVpcClassicLink": "ClassicLink is retired",
        "ec2:DisableVpcClassicLinkDnsSupport": "ClassicLink is retired",
        "ec2:EnableVpcClassicLink": "ClassicLink is retired",
        "ec2:EnableVpcClassicLinkDnsSupport": "ClassicLink is retired",
    }
)
"""What AWS has closed.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/launch-configurations.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/vpc-classiclink.html
"""


def linked_by(actions: Iterable[str]) -> tuple[str, ...]:
    """The services whose service-linked roles these actions have made."""
    return tuple(sorted({service for action in actions for service in MAKES_LINKED.get(action, ())}))


def launched_by(actions: Iterable[str]) -> tuple[str, ...]:
    """The names of the services to which these actions pass a role: `ec2`."""
    return tuple(sorted({LAUNCHERS[action] for action in actions if action in LAUNCHERS}))
