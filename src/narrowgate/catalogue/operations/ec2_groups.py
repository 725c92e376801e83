"""EC2: security groups and their rules.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html and the API
pages of each operation. The group that a rule refers to as its source is not decided.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from narrowgate.catalogue.ec2 import (
    arn,
    creating,
    fresh,
    makes,
    new_tags,
    rule,
    tagging,
    tags_for,
    those,
    through,
)
from narrowgate.catalogue.rule import Asked, Rule, Table, Target, either
from narrowgate.policy.request_context import Value

_VPC: Final = those("vpc", "VpcId")
_GROUP: Final = those("security-group", "GroupId", "GroupId[]")
_RULE: Final = "security-group-rule"


def _named(asked: Asked) -> Iterator[Target]:
    """A group by id, or by name, which works in the default VPC only."""
    yield from _GROUP(asked) if asked.texts("GroupId") else through("security-group", "GroupName")(asked)


def _new_rules(asked: Asked) -> Iterator[Target]:
    """New rules are a resource of their own where they get tags.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html
    """
    if tags_for(asked.call.params, _RULE):
        yield from fresh(_RULE)(asked)


def _authorizing(operation: str) -> tuple[Rule, ...]:
    return rule(operation, either(_named, _new_rules), keys=(new_tags,)), tagging(operation, _new_rules)


def _on_group(*operations: str) -> Mapping[str, tuple[Rule, ...]]:
    return {name: (rule(name, _named),) for name in operations}


def _vpc_of_new(asked: Asked) -> Mapping[str, Value]:
    vpc = asked.text("VpcId")
    return {"ec2:Vpc": arn(asked, "vpc", vpc)} if vpc else {}


TABLE: Final = Table(
    "ec2",
    {
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
        "CreateSecurityGroup": creating("CreateSecurityGroup", fresh("security-group"), _VPC),
        "AuthorizeSecurityGroupIngress": _authorizing("AuthorizeSecurityGroupIngress"),
        "AuthorizeSecurityGroupEgress": _authorizing("AuthorizeSecurityGroupEgress"),
        "ModifySecurityGroupRules": (
            rule(
                "ModifySecurityGroupRules",
                either(
                    _GROUP,
                    those(_RULE, "SecurityGroupRules[].SecurityGroupRuleId"),
                    those("prefix-list", "SecurityGroupRules[].SecurityGroupRule.PrefixListId"),
                ),
            ),
        ),
        **_on_group(
            "DeleteSecurityGroup",
            "RevokeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
            "UpdateSecurityGroupRuleDescriptionsEgress",
            "UpdateSecurityGroupRuleDescriptionsIngress",
        ),
        "DescribeSecurityGroupReferences": (rule("DescribeSecurityGroupReferences", _GROUP),),
        "AssociateSecurityGroupVpc": (rule("AssociateSecurityGroupVpc", either(_GROUP, _VPC)),),
        "DisassociateSecurityGroupVpc": (rule("DisassociateSecurityGroupVpc", either(_GROUP, _VPC)),),
    },
    {
        "CreateSecurityGroup": makes(
            "security-group",
            "GroupId",
            keys=_vpc_of_new,
            links=lambda asked: {"vpc": (arn(asked, "vpc", asked.text("VpcId")),)} if asked.text("VpcId") else {},
        ),
    },
    tag_keys=("aws", "ec2"),
)
