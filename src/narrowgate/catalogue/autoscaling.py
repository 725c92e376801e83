"""What the tables of auto scaling share: the ARN of a group, and the launches that a group leads to. Pure.

AWS draws a group's unique id, so its ARN is not known from its name. A new group's ARN has `*` in its place,
as AWS's own denials have it; the facts of that ARN link `self` to the real one of an existing group.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/security_iam_service-with-iam.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from narrowgate.calls import EMPTY, Fields
from narrowgate.catalogue.rule import Asked, Keys, Rule, Target, Where, named, reserved, texts_at
from narrowgate.policy.request_context import Value

GROUP: Final = "autoScalingGroup"
_POLICY: Final = re.compile(r":autoScalingGroupName/(.+):policyName/")


def new_arn(asked: Asked, name: str) -> str:
    """The ARN of a group that is not made yet."""
    return asked.place.arn("autoscaling", f"autoScalingGroup:*:autoScalingGroupName/{name}")


def group_arn(asked: Asked, name: str) -> str:
    """The ARN of the group with a name; that of a new one where nobody knows the real one."""
    plain = new_arn(asked, name)
    return next(iter(asked.known(plain).links.get("self", ())), plain)


GROUPS: Final[Where] = named(GROUP, group_arn, "AutoScalingGroupName")
TAGGED: Final[Where] = named(GROUP, group_arn, "Tags[].ResourceId")


def of_instances(asked: Asked) -> Iterator[Target]:
    """The groups of the instances that a call names, by the tag that AWS puts on them.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html
    """
    for id_ in (*asked.texts("InstanceId"), *asked.texts("InstanceIds[]")):
        tags = asked.known(asked.place.arn("ec2", f"instance/{id_}")).tags
        yield Target(group_arn(asked, tags.get("aws:autoscaling:groupName") or reserved(id_, "GroupName")), GROUP)


def of_policy(asked: Asked) -> Iterable[Target]:
    """The group in the ARN of a scaling policy, and the one that the call names; of a name alone nobody knows it.

    The facts of the named group tell its policies, by the link `policy`: another's is not reached through it.
    """
    text = asked.text("PolicyName")
    found = _POLICY.search(text)
    if found:
        return (*GROUPS(asked), Target(group_arn(asked, found[1]), GROUP))
    own = [target for target in GROUPS(asked) if _has_policy(asked, target, text)]
    return own or (Target(group_arn(asked, reserved("", "GroupName")), GROUP),)


def _has_policy(asked: Asked, group: Target, name: str) -> bool:
    return any(arn.endswith(f":policyName/{name}") for arn in asked.known(group.arn).links.get("policy", ()))


def upon(*operations: str, keys: tuple[Keys, ...] = ()) -> Mapping[str, tuple[Rule, ...]]:
    """Operations on the one group that they name."""
    return {name: (Rule(f"autoscaling:{name}", GROUPS, keys=keys),) for name in operations}


def pinned(within: str = "") -> Keys:
    """`autoscaling:LaunchTemplateVersionSpecified`: whether each template has a version with a number.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
    """

    def keys(asked: Asked, _: Target) -> Mapping[str, Value]:
        versions = [text_of(each, "Version") for each in _templates(asked, within)]
        moving = any(version in ("", "$Latest", "$Default") for version in versions)
        return {"autoscaling:LaunchTemplateVersionSpecified": "false" if moving else "true"} if versions else {}

    return keys


def zones(asked: Asked, _: Target) -> Mapping[str, Value]:
    """`autoscaling:VPCZoneIdentifiers`: the subnets."""
    found = subnets(asked)
    return {"autoscaling:VPCZoneIdentifiers": found} if found else {}


def subnets(asked: Asked) -> tuple[str, ...]:
    """The subnets of `VPCZoneIdentifier`, which separates them by commas."""
    return tuple(part.strip() for part in asked.text("VPCZoneIdentifier").split(",") if part.strip())


def text_of(fields: Fields, path: str) -> str:
    """The first text at a path of the structure; the empty string where there is none."""
    return next(iter(texts_at(fields, path)), "")


def _templates(asked: Asked, within: str) -> tuple[Fields, ...]:
    mixed = f"{within}MixedInstancesPolicy.LaunchTemplate"
    return (
        *asked.groups(f"{within}LaunchTemplate"),
        *asked.groups(f"{mixed}.LaunchTemplateSpecification"),
        *asked.groups(f"{mixed}.Overrides[].LaunchTemplateSpecification"),
    )


def launches(within: str = "") -> Callable[[Asked], Iterator[Fields]]:
    """Parameters of RunInstances for each template and instance type of a group, in each of its subnets.

    None where the call names no template: a launch configuration is not checked again.
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
    """

    def launched(asked: Asked) -> Iterator[Fields]:
        for each in _variants(asked, within):
            for subnet in subnets(asked) or ("",):
                yield Fields(each, SubnetId=subnet) if subnet else each

    return launched


def _variants(asked: Asked, within: str) -> Iterator[Fields]:
    yield from (Fields(LaunchTemplate=template) for template in asked.groups(f"{within}LaunchTemplate"))
    for mixed in asked.groups(f"{within}MixedInstancesPolicy.LaunchTemplate"):
        for override in mixed.items_of("Overrides") or (EMPTY,):
            template = override.get("LaunchTemplateSpecification") or mixed.get("LaunchTemplateSpecification")
            kept = {name: override[name] for name in ("InstanceType", "ImageId") if name in override}
            yield Fields({"LaunchTemplate": template, **kept} if template else kept)
