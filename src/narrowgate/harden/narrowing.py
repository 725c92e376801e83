"""How tightly AWS lets an action be granted that nobody observed, given what is known of the place. Pure.

One scope for each resource type, as condition keys differ by type: what the action makes must be tagged in the
request, what it touches must carry the tag, else lie in the VPC or run with the nodes' instance profile.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, Literal, TypeAlias

from narrowgate.derive.scope import REGION, Conditions, Scope
from narrowgate.harden.context import Context
from narrowgate.harden.known_services import GLOBAL, LINKED, MERGED
from narrowgate.policy.arn import matches
from narrowgate.policy.service import Action, ResourceType

Part: TypeAlias = Literal["new", "existing", "shared", "tagged"]
"""What a resource is to an action: made by it, changed or used by it, somebody's whom anyone may use, tagged by it."""

_MAKING: Final = re.compile(
    r"(?:Create|Run|Allocate|Import|Request|Copy|Register|Purchase|Start|Provision|Launch|Export|Restore)"
)
_USING: Final = re.compile(r"(?:Create|Run|Start|Request|Copy|Launch)")
_NETWORK: Final = frozenset({"vpc", "subnet", "route-table", "network-acl", "internet-gateway"})
"""Types that an existing VPC has before the program comes: they do not carry its tag."""

_UNTAGGING: Final = re.compile(r"(?:Delete|Remove|Untag)")
_WITHIN: Final = frozenset(
    {
        ("ec2:authorizesecuritygroupegress", "security-group-rule"),
        ("ec2:authorizesecuritygroupingress", "security-group-rule"),
    }
)
"""What is made within something else that the same request names, and that is scoped."""

NO_TYPE: Final = "AWS cannot scope it by resource: every one in the region"
NO_TYPE_GLOBAL: Final = "AWS cannot scope it by resource"


def service_of(action: str) -> str:
    """The prefix of an action, in lower case."""
    return action.partition(":")[0].lower()


def scopes_of(action: Action, context: Context) -> Iterator[tuple[str, Scope]]:
    """The scopes of a changing action, each with its resource type; together they grant all that is not another's.

    Not for `iam:PassRole` and `iam:CreateServiceLinkedRole`, which roles and services scope.
    """
    if action.name == "ec2:CreateTags" and context.own.tags:
        yield from _tagging_at_creation(action, context)
    if action.types and service_of(action.name) not in MERGED:
        yield from _typed(action, context)
    else:
        yield "", _untyped(action, context)


def passing(resource: str, context: Context) -> Iterator[Scope]:
    """The scopes of `iam:PassRole` within a resource pattern of the original: the roles that are known, else it.

    Of service-linked roles none: who needs one passed names it.
    https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html
    """
    to: Conditions = (("StringEquals", "iam:PassedToService", context.services),) if context.services else ()
    known = [role for role in context.roles if matches(resource, role)]
    if known:
        yield from (Scope("iam:PassRole", role, to) for role in known)
    elif not is_linked(resource):
        yield Scope("iam:PassRole", context.place.arn("iam", "role/*", region=""), to)


def linked(services: Iterable[str], context: Context) -> Iterator[Scope]:
    """The scopes of `iam:CreateServiceLinkedRole` for services: the role's exact ARN where its name is known."""
    for service in services:
        name = LINKED.get(service, "*")
        role = context.place.arn("iam", f"role/aws-service-role/{service}/{name}", region="")
        yield Scope("iam:CreateServiceLinkedRole", role, (("StringEquals", "iam:AWSServiceName", (service,)),))


def is_linked(resource: str) -> bool:
    """Whether a resource pattern names service-linked roles only."""
    return resource.split(":", 5)[-1].startswith("role/aws-service-role/")


def part_of(action: Action, row: ResourceType) -> Part:
    """What a resource of the type is to the action."""
    verb = action.name.partition(":")[2]
    if action.level == "Tagging" or (verb.startswith("Put") and "aws:requesttag" in _families(action.keys)):
        # Put makes or replaces; both may set tags, and neither may touch what is another's.
        return "tagged"
    if (action.name.lower(), row.name) in _WITHIN:
        return "shared"
    if _MAKING.match(verb) and _makes(verb, row, action):
        return "new"
    if _USING.match(verb) and _is_used(action, row):
        return "shared"
    return "existing"


def _makes(verb: str, row: ResourceType, action: Action) -> bool:
    """Whether a verb that makes things makes one of the type: it has no tags yet, but gets some or is named so.

    Rows of other services than EC2 list the tags of what exists at what is made, too.
    """
    keys = _families(row.keys or row.type_keys)
    asks = "aws:requesttag" in keys | _families(action.keys)
    has_none, named = "aws:resourcetag" not in keys, _plain(row.name) in _plain(verb)
    return (has_none and (asks or named)) or (named and asks and service_of(action.name) != "ec2")


def _is_used(action: Action, row: ResourceType) -> bool:
    """Whether a launch uses what is not the account's (images), or what another service has and nobody can tag."""
    if service_of(action.name) != "ec2":
        return False
    parts = [arn.split(":", 5) for arn in row.arns]
    return all(part[4] == "" for part in parts) or (
        all(part[2] != "ec2" for part in parts) and not (row.keys or row.type_keys)
    )


def sets_tags(action: Action, row: ResourceType) -> bool:
    """Whether the action puts tags on the type, and does not take them away."""
    verb = action.name.partition(":")[2]
    return not _UNTAGGING.match(verb) and "aws:requesttag" in _families(row.keys or row.type_keys) | _families(
        action.keys
    )


def located(arn: str, context: Context) -> str:
    """A type's ARN pattern in the partition, the region and the account, where it has any."""
    parts = arn.split(":", 5)
    place = context.place
    known = (None, place.partition, None, place.region, place.account)
    for at, value in enumerate(known):
        if value is not None and parts[at] == "*":
            parts[at] = value
    return ":".join(parts)


def _typed(action: Action, context: Context) -> Iterator[tuple[str, Scope]]:
    for row in action.types:
        for arn in row.arns:
            conditions, wide = _limits(action, row, context)
            resource = _exact(row, context) or (located(arn, context),)
            for each in resource:
                yield row.name, Scope(action.name, each, conditions, wide)


def _exact(row: ResourceType, context: Context) -> tuple[str, ...]:
    """A VPC or subnet that is given is named itself."""
    ids = {"vpc": context.vpcs, "subnet": context.subnets}.get(row.name, ())
    return tuple(context.place.arn("ec2", f"{row.name}/{id_}") for id_ in ids if ":ec2:" in row.arns[0])


def _limits(action: Action, row: ResourceType, context: Context) -> tuple[Conditions, str]:
    """The conditions on a resource type, and why they leave others' things within reach, if they do."""
    part, service = part_of(action, row), service_of(action.name)
    if service == "iam":
        return _bounded(action, context)
    if part == "shared":
        return (), ""
    if part == "tagged" and not context.own.tags:
        return (
            (),
            "anyone's things in the account and region, or their tags: nothing tells the program's own; `--own` would",
        )
    keys = {key.lower() for key in (*(row.keys or row.type_keys), *action.keys)}
    if part == "new":
        return _made(keys, row, context), ""
    if row.name in ("vpc", "subnet") and _exact(row, context):
        return (), ""
    if part == "tagged" and service != "ec2" and context.own.tags and sets_tags(action, row):
        return _retagged(context), ""
    return _touched(keys, row, context)


def _made(keys: set[str], row: ResourceType, context: Context) -> Conditions:
    if context.own.tags and "aws:requesttag" in _families(tuple(keys)):
        return _tags("aws:RequestTag", context)
    if row.name == "instance" and "ec2:instanceprofile" in keys and context.profile:
        return (("ArnEquals", "ec2:InstanceProfile", (context.profile,)),)
    return _inside(keys, context)


def _touched(keys: set[str], row: ResourceType, context: Context) -> tuple[Conditions, str]:
    families = _families(tuple(keys))
    if row.name in _NETWORK and (inside := _inside(keys, context)):
        return inside, ""
    if context.own.tags and "aws:resourcetag" in families:
        return _tags("aws:ResourceTag", context), ""
    if context.profile and "ec2:instanceprofile" in keys:
        return (("ArnEquals", "ec2:InstanceProfile", (context.profile,)),), ""
    if inside := _inside(keys, context):
        return inside, ""
    return (), f"{_article(row.name)} of anyone in the account and region: {_missing(families, keys, context)}"


def _missing(families: set[str], keys: set[str], context: Context) -> str:
    if "aws:resourcetag" not in families:
        return "AWS does not look at its tags here"
    closing = ["`--own KEY=VALUE`"]
    closing += ["`--node-profile ARN`"] if "ec2:instanceprofile" in keys else []
    closing += ["`--vpc ID`"] if "ec2:vpc" in keys else []
    closing += ["`--subnet ID`"] if "ec2:subnet" in keys else []
    return f"nothing tells the program's own; {' or '.join(closing)} would"


def _article(name: str) -> str:
    return f"an {name}" if name[:1] in "aeiou" else f"a {name}"


def _inside(keys: set[str], context: Context) -> Conditions:
    """Inside the subnets, else the VPCs, that are given."""
    if context.subnets and "ec2:subnet" in keys:
        return (("ArnEquals", "ec2:Subnet", tuple(context.place.arn("ec2", f"subnet/{i}") for i in context.subnets)),)
    if context.vpcs and "ec2:vpc" in keys:
        return (("ArnEquals", "ec2:Vpc", tuple(context.place.arn("ec2", f"vpc/{i}") for i in context.vpcs)),)
    return ()


def _tags(family: str, context: Context) -> Conditions:
    return tuple(("StringEquals", f"{family}/{name}", (value,)) for name, value in context.own.tags.items())


def _bounded(action: Action, context: Context) -> tuple[Conditions, str]:
    keys = {key.lower() for key in action.keys}
    if context.boundary and "iam:permissionsboundary" in keys:
        return (("StringEquals", "iam:PermissionsBoundary", (context.boundary,)),), ""
    return (), ""


def _untyped(action: Action, context: Context) -> Scope:
    """An action without resource types, or one whose types are not known to be complete."""
    service, keys = service_of(action.name), _families(action.keys)
    for row in action.types:
        keys |= _families(row.keys or row.type_keys)
    if service in MERGED and action.types:
        return _of_service(action, keys, context)
    made = _tags("aws:RequestTag", context) if "aws:requesttag" in keys and action.level == "Write" else ()
    if service in GLOBAL:
        return Scope(action.name, "*", made, NO_TYPE_GLOBAL)
    return Scope(action.name, "*", (*made, ("StringEquals", REGION, (context.place.region,))), NO_TYPE)


def _of_service(action: Action, keys: set[str], context: Context) -> Scope:
    """Anything of the service in the account and region, by its tags."""
    resource = located(f"arn:*:{service_of(action.name)}:*:*:*", context)
    making = action.level != "Tagging" and any(part_of(action, row) == "new" for row in action.types)
    if not context.own.tags or not keys & {"aws:requesttag", "aws:resourcetag"}:
        return Scope(action.name, resource, (), "anything of the service in the account and region: no tag tells")
    if making and "aws:requesttag" in keys:
        return Scope(action.name, resource, _tags("aws:RequestTag", context))
    if action.level == "Tagging" and any(sets_tags(action, row) for row in action.types):
        return Scope(action.name, resource, _retagged(context))
    return Scope(action.name, resource, _tags("aws:ResourceTag", context))


def _retagged(context: Context) -> Conditions:
    """Tags of its own on what has none of another: AWS asks this at creation too, and cannot tell the two apart."""
    own = context.own.tags.items()
    return (
        *_tags("aws:RequestTag", context),
        *(("StringEqualsIfExists", f"aws:ResourceTag/{name}", (value,)) for name, value in own),
    )


def _tagging_at_creation(action: Action, context: Context) -> Iterator[tuple[str, Scope]]:
    """Tags on what is being made: only with `ec2:CreateAction`, or anything could be tagged as the program's own."""
    made: Conditions = (*_tags("aws:RequestTag", context), ("Null", "ec2:CreateAction", ("false",)))
    for row in action.types:
        for arn in row.arns:
            yield row.name, Scope(action.name, located(arn, context), made)


def _families(keys: tuple[str, ...]) -> set[str]:
    return {key.lower().partition("/")[0] for key in keys}


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
