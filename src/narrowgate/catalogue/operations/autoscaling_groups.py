"""Auto scaling: what makes or changes groups, their launches and their tags, and launch configurations.

Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/tag-security.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from narrowgate.calls import Fields
from narrowgate.catalogue.autoscaling import (
    GROUP,
    GROUPS,
    TAGGED,
    group_arn,
    launches,
    new_arn,
    pinned,
    text_of,
    upon,
    zones,
)
from narrowgate.catalogue.ec2_launch import launch_rules
from narrowgate.catalogue.ec2_profile import passed
from narrowgate.catalogue.facts import Attributes
from narrowgate.catalogue.rule import (
    Asked,
    Made,
    Rule,
    Table,
    Target,
    Where,
    constant,
    created,
    given,
    key,
    keys_of,
    named,
    request_tags,
    tag_context,
    tags_at,
)
from narrowgate.catalogue.service_linked import service_linked
from narrowgate.policy.request_context import Value

_OVERRIDES: Final = "MixedInstancesPolicy.LaunchTemplate.Overrides[]"
_RESERVED_CAPACITY: Final = "CapacityReservationSpecification.CapacityReservationTarget"
_CONFIGURATION: Final = "launchConfiguration"
_SIZES: Final = (key("autoscaling:MinSize", "MinSize"), key("autoscaling:MaxSize", "MaxSize"))
_SHAPE: Final = (
    *_SIZES,
    zones,
    pinned(),
    key("autoscaling:LaunchConfigurationName", "LaunchConfigurationName"),
    keys_of("autoscaling:InstanceTypes", f"{_OVERRIDES}.InstanceType"),
    keys_of("autoscaling:CapacityReservationIds", f"{_RESERVED_CAPACITY}.CapacityReservationIds[]"),
    keys_of(
        "autoscaling:CapacityReservationResourceGroupArns",
        f"{_RESERVED_CAPACITY}.CapacityReservationResourceGroupArns[]",
    ),
)
_TARGETS: Final = keys_of("autoscaling:TargetGroupARNs", "TargetGroupARNs[]")
_BALANCERS: Final = keys_of("autoscaling:LoadBalancerNames", "LoadBalancerNames[]")
_SOURCES: Final = keys_of("autoscaling:TrafficSourceIdentifiers", "TrafficSources[].Identifier")


def _new(asked: Asked) -> str:
    return new_arn(asked, asked.text("AutoScalingGroupName"))


def _future_tags(asked: Asked, _: Target) -> Mapping[str, Value]:
    """The tags of the group that will be: AWS's own examples decide on creation by `autoscaling:ResourceTag`.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/tag-security.html
    """
    tags = tags_at(asked.call.params, "Tags[]")
    return {f"autoscaling:ResourceTag/{name}": value for name, value in tags.items()}


def _each_tags(asked: Asked, target: Target) -> Mapping[str, Value]:
    """The tags of the call for this group: one call may tag several."""
    found: dict[str, str] = {}
    for tag in asked.groups("Tags[]"):
        if group_arn(asked, text_of(tag, "ResourceId")) == target.arn:
            found[text_of(tag, "Key")] = text_of(tag, "Value")
    return tag_context(found)


def _passes(*paths: str) -> Rule:
    """A role that auto scaling is to use: for its launches, or to tell of lifecycle hooks.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html
    """
    roles = named("role", lambda asked, text: asked.place.arn("iam", f"role/{text}", region=""), *paths)
    return Rule("iam:PassRole", roles, keys=(constant("iam:PassedToService", "autoscaling.amazonaws.com"),))


def _configured(asked: Asked) -> Iterator[Target]:
    """The role in the instance profile of a launch configuration, which names it or has its ARN."""
    text = asked.text("IamInstanceProfile")
    if text:
        profile = Fields({"Arn" if text.startswith("arn:") else "Name": text})
        yield from (Target(found.arn, "role") for found in passed(asked, profile, ""))


def _to_ec2(asked: Asked, _: Target) -> Mapping[str, Value]:
    return {"iam:PassedToService": asked.place.principal("ec2")}


def _configuration(asked: Asked, name: str) -> str:
    plain = asked.place.arn("autoscaling", f"launchConfiguration:*:launchConfigurationName/{name}")
    return next(iter(asked.known(plain).links.get("self", ())), plain)


_CONFIGURATIONS: Final[Where] = named(_CONFIGURATION, _configuration, "LaunchConfigurationName")


def _made(asked: Asked) -> Iterable[Made]:
    yield Made(GROUP, _new(asked), Attributes(tags_at(asked.call.params, "Tags[]")))


TABLE: Final = Table(
    "autoscaling",
    {
        # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html
        "CreateAutoScalingGroup": (
            Rule(
                "autoscaling:CreateAutoScalingGroup",
                created(GROUP, _new),
                keys=(
                    *_SHAPE,
                    _TARGETS,
                    _BALANCERS,
                    _SOURCES,
                    key("autoscaling:OperatorPrincipal", "Operator.Principal"),
                    request_tags(),
                    _future_tags,
                ),
            ),
            *launch_rules(launches()),
            _passes("ServiceLinkedRoleARN", "LifecycleHookSpecificationList[].RoleARN"),
            service_linked(
                "autoscaling", "AWSServiceRoleForAutoScaling", lambda asked: not given("ServiceLinkedRoleARN")(asked)
            ),
        ),
        # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html
        "UpdateAutoScalingGroup": (
            Rule("autoscaling:UpdateAutoScalingGroup", GROUPS, keys=_SHAPE),
            *launch_rules(launches()),
            _passes("ServiceLinkedRoleARN"),
        ),
        "DeleteAutoScalingGroup": (
            Rule("autoscaling:DeleteAutoScalingGroup", GROUPS, keys=(key("autoscaling:ForceDelete", "ForceDelete"),)),
        ),
        "StartInstanceRefresh": (
            Rule("autoscaling:StartInstanceRefresh", GROUPS),
            *launch_rules(launches("DesiredConfiguration.")),
        ),
        "PutLifecycleHook": (*upon("PutLifecycleHook")["PutLifecycleHook"], _passes("RoleARN")),
        # Tags
        "CreateOrUpdateTags": (Rule("autoscaling:CreateOrUpdateTags", TAGGED, keys=(_each_tags,)),),
        "DeleteTags": (Rule("autoscaling:DeleteTags", TAGGED, keys=(_each_tags,)),),
        # Load balancing
        **upon("AttachLoadBalancerTargetGroups", "DetachLoadBalancerTargetGroups", keys=(_TARGETS,)),
        **upon("AttachLoadBalancers", "DetachLoadBalancers", keys=(_BALANCERS,)),
        **upon("AttachTrafficSources", "DetachTrafficSources", keys=(_SOURCES,)),
        # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateLaunchConfiguration.html
        "CreateLaunchConfiguration": (
            Rule(
                "autoscaling:CreateLaunchConfiguration",
                lambda asked: (Target(found.arn, found.type, new=True) for found in _CONFIGURATIONS(asked)),
                keys=(
                    key("autoscaling:ImageId", "ImageId"),
                    key("autoscaling:InstanceType", "InstanceType"),
                    key("autoscaling:SpotPrice", "SpotPrice"),
                    key("autoscaling:MetadataHttpEndpoint", "MetadataOptions.HttpEndpoint"),
                    key("autoscaling:MetadataHttpTokens", "MetadataOptions.HttpTokens"),
                    key("autoscaling:MetadataHttpPutResponseHopLimit", "MetadataOptions.HttpPutResponseHopLimit"),
                ),
            ),
            Rule("iam:PassRole", _configured, keys=(_to_ec2,)),
        ),
        "DeleteLaunchConfiguration": (Rule("autoscaling:DeleteLaunchConfiguration", _CONFIGURATIONS),),
    },
    {"CreateAutoScalingGroup": _made},
    tag_keys=("aws", "autoscaling"),
)
