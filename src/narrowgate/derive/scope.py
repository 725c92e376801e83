"""How narrow one request can be granted: its resource, its conditions, and why where it stays wide. Pure.

What AWS drew an id for becomes `type/*` with a tag condition; names that the program chose stay exact. The
catalogue gives a request only the condition keys that AWS supports on its action and resource type, so what is in
its context can be used.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_tags.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from narrowgate.catalogue.authorization import TAGS, Authorization, is_reserved
from narrowgate.catalogue.facts import GLOBAL, Place
from narrowgate.derive.known import opened
from narrowgate.policy.request_context import several

Condition: TypeAlias = tuple[str, str, tuple[str, ...]]
"""Operator, key and values."""

Conditions: TypeAlias = tuple[Condition, ...]

REGION: Final = "aws:RequestedRegion"
_PINNED: Final[Mapping[str, tuple[tuple[str, str], ...]]] = MappingProxyType(
    {
        "iam:passrole": (("StringEquals", "iam:PassedToService"),),
        "iam:createservicelinkedrole": (("StringEquals", "iam:AWSServiceName"),),
        "iam:attachuserpolicy": (("ArnEquals", "iam:PolicyARN"),),
        "iam:attachrolepolicy": (("ArnEquals", "iam:PolicyARN"),),
        "iam:attachgrouppolicy": (("ArnEquals", "iam:PolicyARN"),),
        "iam:detachuserpolicy": (("ArnEquals", "iam:PolicyARN"),),
        "iam:detachrolepolicy": (("ArnEquals", "iam:PolicyARN"),),
        "iam:detachgrouppolicy": (("ArnEquals", "iam:PolicyARN"),),
        "iam:createuser": (("StringEquals", "iam:PermissionsBoundary"),),
        "iam:createrole": (("StringEquals", "iam:PermissionsBoundary"),),
        "iam:putuserpermissionsboundary": (("StringEquals", "iam:PermissionsBoundary"),),
        "iam:putrolepermissionsboundary": (("StringEquals", "iam:PermissionsBoundary"),),
        "kms:encrypt": (("StringEquals", "kms:ViaService"),),
        "kms:decrypt": (("StringEquals", "kms:ViaService"),),
        "kms:generatedatakey": (("StringEquals", "kms:ViaService"),),
        "ec2:createtags": (("StringEquals", "ec2:CreateAction"),),
        "elasticloadbalancing:addtags": (("StringEquals", "elasticloadbalancing:CreateAction"),),
        "ec2:associateiaminstanceprofile": (("ArnEquals", "ec2:NewInstanceProfile"),),
        "ec2:replaceiaminstanceprofileassociation": (("ArnEquals", "ec2:NewInstanceProfile"),),
        "autoscaling:createautoscalinggroup": (("Bool", "autoscaling:LaunchTemplateVersionSpecified"),),
        "autoscaling:updateautoscalinggroup": (("Bool", "autoscaling:LaunchTemplateVersionSpecified"),),
    }
)
"""Actions that could be used to rise: the keys whose observed values are kept.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/create-service-linked-role.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
"""
_TAGGED_BY_NAME: Final = frozenset({"autoScalingGroup", "key-pair"})
"""Types whose things are asked for their tags even where their names are known: somebody else may have the name.

Elsewhere a program may have to ask for a thing by its name before it exists, when it has no tags.
"""
_NUMBERED: Final = re.compile(r"(:autoScalingGroup|:launchConfiguration):\*")
_TAGGING: Final = frozenset({"ec2:createtags", "ec2:deletetags"})


@dataclass(frozen=True, slots=True)
class Own:
    """How a program marks what is its own: the tags, by key, that everything it makes carries. May be empty."""

    tags: Mapping[str, str]


class Scope(NamedTuple):
    """A grant for one request: action, resource pattern, conditions. `wide`: why it reaches beyond what is its own."""

    action: str
    resource: str
    conditions: Conditions
    wide: str = ""


def scope_of(asked: Authorization, own: Own, drawn: Mapping[str, str], place: Place) -> Scope:
    """The narrowest grant that still allows the request when the program runs again and AWS draws other ids."""
    resource = drawn.get(asked.resource) or _prefixed(opened(asked.resource))
    conditions = tuple(sorted(_conditions(asked, own, resource, place)))
    return Scope(asked.action, resource, conditions, _wide(asked, resource, conditions, own))


def is_open(resource: str) -> bool:
    """Whether a resource pattern stands for more than one thing that somebody named.

    The number of a group or a launch configuration is drawn, its name is not; a secret's last six characters are
    AWS's.
    """
    named = _NUMBERED.sub(r"\1", resource).removesuffix("-??????")
    return "*" in named or "?" in named


def _prefixed(resource: str) -> str:
    """An object of S3 by the prefix that it is under: keys are data, and are other ones in another run."""
    bucket, slash, key = resource.partition(":s3:::")[2].partition("/")
    if not slash or not bucket:
        return resource
    return resource.removesuffix(key) + key.rpartition("/")[0] + ("/*" if "/" in key else "*")


def _conditions(asked: Authorization, own: Own, resource: str, place: Place) -> Iterator[Condition]:
    yield from _own_tags(asked, own, resource)
    for operator, key in _PINNED.get(asked.action.lower(), ()):
        values = tuple(sorted(several(asked.context.get(key))))
        if values and not any(map(is_reserved, values)):
            yield operator, key, values
    if asked.action.lower() in _TAGGING:
        yield from _tag_keys(asked)
    if resource == "*" and _prefix(asked.action) not in GLOBAL:
        region = several(asked.context.get(REGION)) or (place.region,)
        yield "StringEquals", REGION, region


def _own_tags(asked: Authorization, own: Own, resource: str) -> Iterator[Condition]:
    """The ownership tags: those that the call sets on what it makes, or those that what it touches has."""
    tagging = asked.action.lower() in _TAGGING
    if not is_open(resource) and not asked.new and asked.type not in _TAGGED_BY_NAME:
        return
    family = "aws:RequestTag" if asked.new or (tagging and _sets(asked, own)) else "aws:ResourceTag"
    for name, value in own.tags.items():
        key = f"{family}/{name}"
        if several(asked.context.get(key)) == (value,):
            yield "StringEquals", key, (value,)
    if tagging and not asked.new and family == "aws:RequestTag":
        # It may take what has no owner yet, never what is another's.
        for name, value in own.tags.items():
            yield "StringEqualsIfExists", f"aws:ResourceTag/{name}", (value,)


def _sets(asked: Authorization, own: Own) -> bool:
    return any(f"aws:RequestTag/{name}" in asked.context for name in own.tags)


def _tag_keys(asked: Authorization) -> Iterator[Condition]:
    """Tagging with the observed keys only."""
    names = tuple(sorted(several(asked.context.get("aws:TagKeys"))))
    if names and not any(map(is_reserved, names)):
        yield "ForAllValues:StringEquals", "aws:TagKeys", names
        # An empty set fulfils ForAllValues.
        yield "Null", "aws:TagKeys", ("false",)


def _wide(asked: Authorization, resource: str, conditions: Conditions, own: Own) -> str:
    """Why the grant reaches further than the program's own things; the empty string where it does not."""
    if resource == "*":
        return "AWS decides this on `*` only" if not asked.type else "the call names no resource"
    if untold := _untold(asked):
        return f"the value of {untold} is not known before"
    tagged = [operator for operator, key, _ in conditions if "Tag/" in key]
    if is_open(resource) and any(operator.endswith("IfExists") for operator in tagged):
        return f"any {asked.type} without an owner can be tagged as the program's own, and is then within its reach"
    if not is_open(resource) or tagged:
        return ""
    kind = asked.type or "resource"
    if asked.new:
        if not own.tags:
            return f"nothing marks a new {kind} as the program's own: it does not tag at creation"
        return f"a new {kind} is not tagged in the call that makes it, or AWS cannot ask for tags there"
    if TAGS in asked.unknown:
        return f"what the {kind} is tagged with is not known"
    return f"the {kind} carries no tag of the program, or AWS does not look at its tags here"


def pinned_values(asked: Authorization) -> tuple[str, ...]:
    """The values of a request that a grant for it keeps as they are: pinned keys, tags, tag keys."""
    keys = {key for _, key in _PINNED.get(asked.action.lower(), ())}
    kept = (key for key in asked.context if key in keys or "Tag/" in key or key == "aws:TagKeys")
    return tuple(text for key in kept for text in several(asked.context[key]))


def _untold(asked: Authorization) -> str:
    """A key that should be pinned, and whose value only AWS can tell."""
    pinned = (key for _, key in _PINNED.get(asked.action.lower(), ()))
    return next((key for key in pinned if any(map(is_reserved, several(asked.context.get(key))))), "")


def _prefix(action: str) -> str:
    return action.partition(":")[0]
