"""What the tables of IAM share: ARNs of entities, their paths, and what becomes of them. Pure.

An ARN has the path of its entity, a call only the bare name. Facts of the ARN without a path tell the real
one by the link `self`.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
INVARIANT: each of these gives at least one resource, whatever the call leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, TypeAlias

from narrowgate.catalogue.facts import Attributes
from narrowgate.catalogue.rule import (
    Asked,
    Effects,
    Keys,
    Made,
    Rule,
    Target,
    Where,
    created,
    given,
    nowhere,
    request_tags,
    reserved,
    tags_at,
)
from narrowgate.policy.request_context import Value

BOUNDARY: Final = "iam:PermissionsBoundary"
TAG_KEYS: Final = ("aws", "iam")
CALLER: Final = reserved("caller", "UserName")
"""The name of the user who calls, where a call leaves `UserName` out. Facts of `user/CALLER` link to it by `self`."""

Change: TypeAlias = Callable[[Asked, Attributes], Attributes]


# ARNs


def arn(asked: Asked, kind: str, name: str, path: str = "/") -> str:
    """The ARN of an entity; a path that lacks its first or last slash, which AWS refuses, gets it."""
    before = "" if path.startswith("/") else "/"
    after = "" if path.endswith("/") else "/"
    return asked.place.arn("iam", f"{kind}{before}{path}{after}{name}", region="")


def own_arn(asked: Asked, kind: str, name: str) -> str:
    """The ARN of an existing entity with its path, where Facts tell it; else without one."""
    bare = arn(asked, kind, name)
    return next(iter(asked.known(bare).links.get("self", ())), bare)


def kind_of(entity: str) -> str:
    """What an IAM ARN is of: `user`, `role`, ...; the empty string for what is no ARN."""
    parts = entity.split(":", 5)
    return parts[5].partition("/")[0] if len(parts) == 6 else ""


# Resources


def existing(kind: str, parameter: str) -> Where:
    """The entity that a parameter names."""
    return lambda asked: (Target(own_arn(asked, kind, asked.text(parameter)), kind),)


def user_or_caller(asked: Asked) -> Iterator[Target]:
    """The user in `UserName`, else the one who calls.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html
    """
    yield Target(own_arn(asked, "user", asked.text("UserName") or CALLER), "user")


def new(kind: str, parameter: str) -> Where:
    """The entity that the call makes, under its `Path`."""
    return created(kind, lambda asked: new_arn(asked, kind, parameter))


def new_policy(asked: Asked) -> Iterator[Target]:
    """The managed policy that the call makes: AWS's messages say `policy` and its name."""
    yield Target(new_arn(asked, "policy", "PolicyName"), "policy", new=True, shown=f"policy {asked.text('PolicyName')}")


def new_arn(asked: Asked, kind: str, parameter: str) -> str:
    """The ARN of the entity that the call makes."""
    return arn(asked, kind, asked.text(parameter), asked.text("Path") or "/")


def by_arn(parameter: str, *kinds: str) -> Where:
    """The one entity whose ARN the parameter is, of one of the kinds; the first is taken where it is none of them."""

    def where(asked: Asked) -> Iterator[Target]:
        text = asked.text(parameter)
        kind = kind_of(text) if kind_of(text) in kinds else kinds[0]
        yield Target(text or arn(asked, kind, ""), kind)

    return where


def renamed(kind: str, parameter: str, new_name: str) -> Where:
    """The entity, and beside it the one that it becomes: the caller must be allowed to update both.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html
    """

    def where(asked: Asked) -> Iterator[Target]:
        source = own_arn(asked, kind, asked.text(parameter))
        yield Target(source, kind)
        if asked.text(new_name) or asked.text("NewPath"):
            path = source.split(":", 5)[5].removeprefix(kind).rpartition("/")[0] + "/"
            name = asked.text(new_name) or asked.text(parameter)
            yield Target(arn(asked, kind, name, asked.text("NewPath") or path), kind)

    return where


# Rules


def alike(where: Where, *operations: str, keys: tuple[Keys, ...] = ()) -> Mapping[str, tuple[Rule, ...]]:
    """Operations that need the action of their own name, on the same resource, with the same keys."""
    return {name: (Rule(f"iam:{name}", where, keys=keys),) for name in operations}


def unscoped(*operations: str) -> Mapping[str, tuple[Rule, ...]]:
    """Operations that need the action of their own name, which AWS does not scope."""
    return alike(nowhere, *operations)


def create(action: str, tag: str, where: Where, *keys: Keys) -> tuple[Rule, ...]:
    """A create call; with `Tags` it needs the action `tag` too.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags_users.html
    """
    tags = request_tags()
    return (
        Rule(f"iam:{action}", where, keys=(*keys, tags)),
        Rule(f"iam:{tag}", where, given("Tags"), (tags,)),
    )


def listing(**kinds: str) -> Mapping[str, tuple[Rule, ...]]:
    """Operations that list a kind: AWS does not scope them, and its messages name the path that is listed."""

    def where(kind: str) -> Where:
        return lambda asked: (Target("*", shown=arn(asked, kind, "", asked.text("PathPrefix") or "/")),)

    return {name: (Rule(f"iam:{name}", where(kind)),) for name, kind in kinds.items()}


# Effects


def makes(kind: str, parameter: str) -> Effects:
    """The new entity, with the tags and the permissions boundary that the call gives it.

    Under a path it is found by its bare name too: a second one without path links to it by `self`.
    """

    def effects(asked: Asked) -> Iterator[Made]:
        real = new_arn(asked, kind, parameter)
        boundary = asked.text("PermissionsBoundary")
        keys: Mapping[str, Value] = {BOUNDARY: boundary} if boundary else {}
        yield Made(kind, real, Attributes(tags_at(asked.call.params, "Tags[]"), keys))
        bare = arn(asked, kind, asked.text(parameter))
        if bare != real:
            yield Made(kind, bare, Attributes(links={"self": (real,)}))

    return effects


def changes(kind: str, parameter: str, change: Change) -> Effects:
    """An existing entity as it will be; nothing where nobody knows how it is."""

    def effects(asked: Asked) -> Iterator[Made]:
        own = own_arn(asked, kind, asked.text(parameter))
        known = asked.facts(own)
        if known is not None:
            yield Made(kind, own, change(asked, known))

    return effects


def bounded(asked: Asked, known: Attributes) -> Attributes:
    """With the permissions boundary of the call, or without any where it has none."""
    keys = {name: value for name, value in known.keys.items() if name != BOUNDARY}
    boundary = asked.text("PermissionsBoundary")
    return replace(known, keys=MappingProxyType({**keys, BOUNDARY: boundary} if boundary else keys))


def tagged(asked: Asked, known: Attributes) -> Attributes:
    """With the tags of the call added, and those of its `TagKeys` taken away."""
    gone = set(asked.texts("TagKeys[]"))
    kept = {name: value for name, value in known.tags.items() if name not in gone}
    return replace(known, tags=MappingProxyType({**kept, **tags_at(asked.call.params, "Tags[]")}))
