"""What the tables of EC2 share: resources by id, tags at creation, keys that every request has. Pure.

Other tables (autoscaling) take the requests of a launch from
`narrowgate.catalogue.ec2_launch.launch_rules(launches) -> tuple[Rule, ...]`, where
`launches: Callable[[Asked], Iterable[Fields]]` gives for each launch the parameters of a RunInstances, e.g.
`Fields({"LaunchTemplate": {"LaunchTemplateId": ..., "Version": ...}, "SubnetId": ..., "InstanceType": ...})`;
what they leave open comes from the template's facts. The rules ask for ec2:RunInstances, ec2:CreateTags,
iam:PassRole and, where the image is a parameter, ssm:GetParameters.

Source of actions, types and keys:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html

What a call names by something else than the id in its ARN (a template by name, an association) is looked up
under the ARN that has that text in the id's place: the link `self` there is the real one. Where nobody
knows, the id is reserved text, which no policy that names resources can allow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from narrowgate.calls import EMPTY, Fields
from narrowgate.catalogue.facts import Attributes
from narrowgate.catalogue.rule import (
    NO_RESOURCE,
    Asked,
    Effects,
    Keys,
    Made,
    Rule,
    Target,
    When,
    Where,
    always,
    constant,
    either,
    named,
    nowhere,
    reserved,
    spelled,
    tag_context,
    tags_at,
)
from narrowgate.policy.request_context import Value

_OWNERLESS: Final = ("image", "snapshot")
_PLACELESS: Final = ("ipam-pool",)
_IDS: Final[Mapping[str, str]] = {
    "dhcp-options": "ec2:DhcpOptionsID",
    "elastic-ip": "ec2:AllocationId",
    "image": "ec2:ImageID",
    "instance": "ec2:InstanceID",
    "internet-gateway": "ec2:InternetGatewayID",
    "key-pair": "ec2:KeyPairName",
    "network-acl": "ec2:NetworkAclID",
    "network-interface": "ec2:NetworkInterfaceID",
    "placement-group": "ec2:PlacementGroupName",
    "route-table": "ec2:RouteTableID",
    "security-group": "ec2:SecurityGroupID",
    "snapshot": "ec2:SnapshotID",
    "subnet": "ec2:SubnetID",
    "volume": "ec2:VolumeID",
    "vpc": "ec2:VpcID",
}


_WITHOUT_ID: Final[Mapping[str, tuple[str, ...]]] = {
    "CreateVolume": ("snapshot",),
    "DeleteTags": tuple(_IDS),
    "ModifyNetworkInterfaceAttribute": ("subnet",),
}
"""Actions that do not look at the id of a type, by the reference's rows."""


def own_keys(_: Asked, target: Target) -> Mapping[str, Value]:
    """The keys that a target brings: one launch makes several volumes, each of another size."""
    return target.keys


def region(asked: Asked, _: Target) -> Mapping[str, Value]:
    """`ec2:Region`, which every action of EC2 has."""
    return {"ec2:Region": asked.place.region}


def identity(_: Asked, target: Target) -> Mapping[str, Value]:
    """The key that holds the id of an existing resource: `ec2:VpcID`."""
    name = "" if target.new else _IDS.get(target.type, "")
    return {name: target.arn.partition("/")[2]} if name else {}


def _identity_for(action: str) -> Keys:
    silent = _WITHOUT_ID.get(action, ())
    return lambda asked, target: {} if target.type in silent else identity(asked, target)


def rule(action: str, on: Where = nowhere, when: When = always, keys: tuple[Keys, ...] = ()) -> Rule:
    """A rule of EC2, with the region and the ids of its resources.

    A call that names no resource is decided all the same: on `*`, which no policy that names resources allows.
    """

    def where(asked: Asked) -> Iterator[Target]:
        found = iter(on(asked))
        yield next(found, NO_RESOURCE)
        yield from found

    return Rule(f"ec2:{action}", where, when, (region, _identity_for(action), *keys))


def reads(*operations: str) -> Mapping[str, tuple[Rule, ...]]:
    """Operations that have no resource."""
    return {name: (rule(name),) for name in operations}


def upon(type_: str, path: str, *operations: str) -> Mapping[str, tuple[Rule, ...]]:
    """Operations on the existing resources of one type whose ids are at the path."""
    return {name: (rule(name, those(type_, path)),) for name in operations}


# Resources


def arn(asked: Asked, type_: str, id_: str) -> str:
    """The ARN of a resource of EC2; images and snapshots have no account in theirs."""
    account = "" if type_ in _OWNERLESS else None
    return asked.place.arn("ec2", f"{type_}/{id_}", account=account, region="" if type_ in _PLACELESS else None)


def those(type_: str, *paths: str) -> Where:
    """The existing resources whose ids, or ARNs, are at the paths."""
    return named(type_, lambda asked, id_: arn(asked, type_, id_), *paths)


def through(type_: str, *paths: str) -> Where:
    """The existing resources that the call names by something else than their ids."""

    def where(asked: Asked) -> Iterator[Target]:
        for text in (text for path in paths for text in asked.texts(path)):
            yield from (Target(found, type_) for found in looked_up(asked, type_, text))

    return where


def linked(type_: str, by: str, path: str, link: str) -> Where:
    """Resources of `type_` that the facts of `through(by, path)`'s ARN link to; none where nobody knows any."""

    def where(asked: Asked) -> Iterator[Target]:
        for text in asked.texts(path):
            for found in asked.known(arn(asked, by, text)).links.get(link, ()):
                yield Target(found, type_)

    return where


def looked_up(asked: Asked, type_: str, text: str) -> tuple[str, ...]:
    """The ARNs behind a text that is not an id; one with a reserved id where nobody knows."""
    known = asked.known(arn(asked, type_, text)).links.get("self", ())
    return known or (arn(asked, type_, reserved(text, type_)),)


def fresh(*types: str) -> Where:
    """New resources whose ids AWS draws."""
    return lambda asked: (Target(arn(asked, type_, "*"), type_, new=True) for type_ in types)


def fresh_named(type_: str, path: str) -> Where:
    """A new resource whose name is in the call, and in its ARN."""
    return lambda asked: (Target(arn(asked, type_, asked.text(path) or "*"), type_, new=True),)


# Tags at creation


def tags_for(params: Fields, type_: str) -> Mapping[str, str]:
    """The tags that a call gives its new resources of a type, from `TagSpecifications`."""
    found: dict[str, str] = {}
    for each in params.items_of("TagSpecifications"):
        if each.get("ResourceType") == type_:
            found |= tags_at(each, "Tags[]")
    return found


def new_tags(asked: Asked, target: Target) -> Mapping[str, Value]:
    """`aws:RequestTag/...` and `aws:TagKeys` of a new resource."""
    return tag_context(tags_for(asked.call.params, target.type)) if target.new else {}


def tagging(operation: str, where: Where) -> Rule:
    """`ec2:CreateTags` for the new resources that get tags.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
    """

    def on(asked: Asked) -> Iterable[Target]:
        return (target for target in where(asked) if tags_for(asked.call.params, target.type))

    return Rule("ec2:CreateTags", on, keys=(region, constant("ec2:CreateAction", operation), new_tags))


def creating(operation: str, where: Where, *beside: Where, keys: tuple[Keys, ...] = ()) -> tuple[Rule, ...]:
    """A create operation: the new resources, what they are made in or of, and the tags of the new."""
    return rule(operation, either(where, *beside), keys=(new_tags, *keys)), tagging(operation, where)


def if_new(keys: Callable[[Asked], Mapping[str, Value]]) -> Keys:
    """Keys that the new resources have and the ones beside them do not."""
    return lambda asked, target: keys(asked) if target.new else {}


def picked(params: Fields, names: Mapping[str, str]) -> Mapping[str, Value]:
    """Keys from scalar members, by `{key: member}`; absent where the member is."""
    found = {name: spelled(params.get(member)) for name, member in names.items()}
    return {name: text for name, text in found.items() if text is not None}


def associates(type_: str, one: Where, other: str, with_: Where) -> Effects:
    """The association that a call makes: its id stands for the first thing of `one`, and links to those of `with_`."""

    def effects(asked: Asked) -> Iterator[Made]:
        own = tuple(target.arn for target in one(asked))
        joined = tuple(target.arn for target in with_(asked))
        links = {"self": own[:1], **({other: joined} if joined else {})}
        yield Made(type_, arn(asked, type_, reserved("", "AssociationId")), Attributes(links=links), "AssociationId")

    return effects


# Attributes that a call changes


def changed(*besides: str) -> Keys:
    """`ec2:Attribute` and `ec2:Attribute/...` of a Modify call, but for the members that name things.

    Only scalars and structures that hold nothing but a Value count.
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-policy-structure.html
    """

    def keys(asked: Asked, _: Target) -> Mapping[str, Value]:
        told = dict(_set_by(asked.call.params, ("DryRun", "Attribute", "Value", *besides)))
        if not told:
            return {}
        return {"ec2:Attribute": tuple(told), **{f"ec2:Attribute/{k}": text for k, text in told.items()}}

    return keys


def _set_by(params: Fields, besides: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Names and values; `Attribute: instanceType, Value: ...` is the older spelling of `InstanceType`."""
    older = params.text("Attribute")
    if older and (text := spelled(params.get("Value"))) is not None:
        yield older[0].upper() + older[1:], text
    for name, member in params.items():
        value = member["Value"] if isinstance(member, Fields) and tuple(member) == ("Value",) else member
        if name not in besides and (text := spelled(value)) is not None:
            yield name, text


# Effects


def makes(
    type_: str,
    attribute: str,
    *,
    name: str = "",
    keys: Callable[[Asked], Mapping[str, Value]] = lambda _: {},
    links: Callable[[Asked], Mapping[str, tuple[str, ...]]] = lambda _: {},
    data: Callable[[Asked], Fields] = lambda _: EMPTY,
) -> Effects:
    """The one resource that a call makes; `name`: the parameter that its ARN has, where AWS draws no id."""

    def effects(asked: Asked) -> Iterator[Made]:
        id_ = asked.text(name) if name else reserved("", attribute)
        tags = tags_for(asked.call.params, type_)
        made = Attributes(tags, keys(asked), links(asked), data(asked))
        yield Made(type_, arn(asked, type_, id_), made, "" if name else attribute)

    return effects
