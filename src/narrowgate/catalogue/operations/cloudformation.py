"""CloudFormation, its stacks and change sets: by general rules.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
A stack's ARN ends in an id that AWS draws: the facts of the ARN with `*` there link `self` to the real one.
Without a role of its own, a stack's resources are made with the caller's permissions: what they need is not
in this table. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
"""

from __future__ import annotations

from typing import Final

from narrowgate.catalogue.mechanical import Row, each, named_in, new_at, or_any, rules_of
from narrowgate.catalogue.rule import RESERVED, Asked, Rule, Table, Target, constant, key, keys_of, named

_STACK: Final = "stack"


def _new_arn(asked: Asked, type_: str, name: str) -> str:
    return asked.place.arn("cloudformation", f"{type_}/{name}/*")


def _arn(asked: Asked, type_: str, name: str) -> str:
    plain = _new_arn(asked, type_, name)
    return next(iter(asked.known(plain).links.get("self", ())), plain)


_STACKS: Final = named_in(_arn, _STACK, "StackName")


def _of_change_set(asked: Asked) -> tuple[Target, ...]:
    """The stack of a change set; where the call has only the change set's ARN, nobody knows it."""
    return tuple(_STACKS(asked)) or (Target(_new_arn(asked, _STACK, RESERVED), _STACK),)


_ROLES: Final = named("role", lambda asked, text: asked.place.arn("iam", f"role/{text}", region=""), "RoleARN")
_PASS: Final = (Rule("iam:PassRole", _ROLES, keys=(constant("iam:PassedToService", "cloudformation.amazonaws.com"),)),)
_ROLE: Final = key("cloudformation:RoleArn", "RoleARN")
_TEMPLATE: Final = key("cloudformation:TemplateUrl", "TemplateURL")
_POLICY: Final = key("cloudformation:StackPolicyUrl", "StackPolicyURL")
_TYPES: Final = keys_of("cloudformation:ResourceTypes", "ResourceTypes[]")
_CHANGE: Final = key("cloudformation:ChangeSetName", "ChangeSetName")

_ROWS: Final = (
    Row(
        "CreateStack",
        new_at(_new_arn, _STACK, "StackName"),
        keys=(_ROLE, _TEMPLATE, _POLICY, _TYPES),
        tags="Tags[]",
        also=_PASS,
    ),
    Row("UpdateStack", _STACKS, keys=(_ROLE, _TEMPLATE, _POLICY, _TYPES), tags="Tags[]", also=_PASS),
    Row("CreateChangeSet", _STACKS, keys=(_ROLE, _TEMPLATE, _TYPES, _CHANGE), tags="Tags[]", also=_PASS),
    *(
        Row(name, _STACKS, keys=(_ROLE,), also=_PASS)
        for name in ("DeleteStack", "ContinueUpdateRollback", "RollbackStack")
    ),
    *each("DeleteChangeSet DescribeChangeSet DescribeChangeSetHooks ExecuteChangeSet", _of_change_set, _CHANGE),
    *each("CancelUpdateStack DescribeStackEvents DescribeStackResource DescribeStackResourceDrifts", _STACKS),
    *each("DetectStackDrift DetectStackResourceDrift GetStackPolicy ListChangeSets ListStackResources", _STACKS),
    *each("SignalResource UpdateTerminationProtection", _STACKS),
    *each("SetStackPolicy", _STACKS, _POLICY),
    *each("GetTemplate DescribeStackResources", _of_change_set),
    *each("DescribeStacks", or_any(_STACKS)),
    *each("GetTemplateSummary", or_any(_STACKS), _TEMPLATE),
    *each("ValidateTemplate EstimateTemplateCost", or_any(lambda _: ()), _TEMPLATE),
    *each("DescribeAccountLimits DescribeStackDriftDetectionStatus DescribeType ListExports ListImports ListStacks"),
    *each("ListStackSets ListTypes"),
)

TABLE: Final = Table("cloudformation", rules_of("cloudformation", _ROWS), mechanical=True)
