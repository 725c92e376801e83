"""The language of the catalogue's tables: rules, targets, and what they read of a call. Pure.

A rule says: this action is decided, on these resources, if this holds of the call, with these keys. A
table is a mapping of operations to their rules, in the order in which AWS names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from narrowgate.calls import Call, Fields, Ref
from narrowgate.calls import Value as Member
from narrowgate.catalogue.facts import Attributes, Facts, Place
from narrowgate.policy.request_context import Value

RESERVED: Final = "\ue000"
"""Begins the id of a thing that is not made yet. No policy can name it: AWS takes U+0020 to U+00FF."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A call with where it goes and what is known of the things that it names."""

    call: Call
    place: Place
    facts: Facts

    def texts(self, path: str) -> tuple[str, ...]:
        """The texts at a path of the parameters, such as `NetworkInterfaces[].Groups[]`; see `texts_at`."""
        return texts_at(self.call.params, path)

    def text(self, path: str) -> str:
        """The first text at a path; the empty string where there is none."""
        return next(iter(self.texts(path)), "")

    def groups(self, path: str) -> tuple[Fields, ...]:
        """The structures at a path."""
        return tuple(found for found in _walk(self.call.params, _steps(path)) if isinstance(found, Fields))

    def known(self, arn: str) -> Attributes:
        """What is known of a resource; nothing at all where nobody knows."""
        return self.facts(arn) or Attributes()


_NO_KEYS: Final[Mapping[str, Value]] = MappingProxyType({})


class Target(NamedTuple):
    """One resource that is asked about. `type` as the Service Authorization Reference names it.

    `new`: the call makes it, so it has no tags and no attributes of its own yet. `keys`: what the call says of
    this one and not of others of its ARN. `shown`: how AWS's messages name it, where that is not its ARN.
    """

    arn: str
    type: str = ""
    new: bool = False
    keys: Mapping[str, Value] = _NO_KEYS
    shown: str = ""


NO_RESOURCE: Final = Target("*")
"""The resource of actions that AWS does not scope."""

Where: TypeAlias = Callable[[Asked], Iterable[Target]]
When: TypeAlias = Callable[[Asked], bool]
Keys: TypeAlias = Callable[[Asked, Target], Mapping[str, Value]]


def nowhere(_: Asked) -> Iterator[Target]:
    """`*`: for actions without resource types."""
    yield NO_RESOURCE


def always(_: Asked) -> bool:
    """Whatever the parameters are."""
    return True


@dataclass(frozen=True, slots=True)
class Rule:
    """One action that AWS decides for an operation: on which resources, when, and with which keys."""

    action: str
    on: Where = nowhere
    when: When = always
    keys: tuple[Keys, ...] = ()


class Made(NamedTuple):
    """A resource that a call will make: its type, its ARN, and what will be known of it.

    Where AWS draws the id, the ARN has the RESERVED id of `attribute`, the member of the reply that tells it.
    """

    type: str
    arn: str
    attributes: Attributes
    attribute: str = ""


Effects: TypeAlias = Callable[[Asked], Iterable[Made]]
_NO_EFFECTS: Final[Mapping[str, Effects]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Table:
    """A service's operations, under the name that botocore gives the service.

    `prefix`: that of its actions where it is another. `tag_keys`: the prefixes under which its actions
    see the tags of a resource (`aws`, `ec2`). `home`: whether it is one service for all regions.
    `mechanical`: rules made by general reasoning, not read operation by operation.
    """

    service: str
    rules: Mapping[str, tuple[Rule, ...]]
    effects: Mapping[str, Effects] = field(default_factory=lambda: _NO_EFFECTS)
    prefix: str = ""
    tag_keys: tuple[str, ...] = ("aws",)
    home: bool = False
    mechanical: bool = False


# Reading parameters


def texts_at(value: Member, path: str) -> tuple[str, ...]:
    """The texts at a path of member names, `[]` after one that is a list: `Placement.GroupName`, `Tags[].Key`.

    A Ref becomes its reserved text, numbers and booleans their JSON text; what is absent gives nothing.
    """
    return tuple(text for found in _walk(value, _steps(path)) if (text := spelled(found)) is not None)


def spelled(value: Member) -> str | None:
    """A scalar as a condition sees it; None for anything else."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case Ref():
            return reserved(value.address, value.attribute)
    return None


def reserved(address: str, attribute: str) -> str:
    """The id that stands for one which AWS will draw. INVARIANT: it stays one part of an ARN."""
    return f"{RESERVED}{address.translate(_PARTS)}.{attribute}"


# The paths are those of the tables.
@lru_cache(maxsize=4_096)
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.replace("[]", ".[]").split(".")) if path else ()


def _walk(value: Member, steps: tuple[str, ...]) -> Iterator[Member]:
    if not steps:
        yield value
    elif steps[0] == "[]":
        for each in value if isinstance(value, tuple) else ():
            yield from _walk(each, steps[1:])
    elif isinstance(value, Fields) and steps[0] in value:
        yield from _walk(value[steps[0]], steps[1:])


_PARTS: Final = {ord("/"): "|", ord(":"): "|"}


# Conditions on the call


def given(*paths: str) -> When:
    """Whether the call has something at one of the paths; an empty list or structure counts as nothing."""

    def test(asked: Asked) -> bool:
        return any(found not in (None, (), Fields()) for p in paths for found in _walk(asked.call.params, _steps(p)))

    return test


def equals(path: str, *values: str) -> When:
    """Whether one of the texts at the path is one of the values."""
    return lambda asked: any(text in values for text in asked.texts(path))


# Resources


def named(type_: str, make: Callable[[Asked, str], str], *paths: str) -> Where:
    """A resource for each text at the paths: `make` spells the ARN; a text that is an ARN stands for itself."""

    def where(asked: Asked) -> Iterator[Target]:
        for text in (text for path in paths for text in asked.texts(path)):
            yield Target(text if text.startswith("arn:") else make(asked, text), type_)

    return where


def created(type_: str, make: Callable[[Asked], str]) -> Where:
    """The one resource that the call makes."""
    return lambda asked: (Target(make(asked), type_, new=True),)


def either(*wheres: Where) -> Where:
    """The resources of all of them together."""
    return lambda asked: (target for where in wheres for target in where(asked))


# Condition keys


def key(name: str, path: str) -> Keys:
    """A key with one value: the first text at the path; absent where there is none."""

    def keys(asked: Asked, _: Target) -> Mapping[str, Value]:
        text = next(iter(asked.texts(path)), None)
        return {} if text is None else {name: text}

    return keys


def keys_of(name: str, path: str) -> Keys:
    """A key with many values: all the texts at the path."""

    def keys(asked: Asked, _: Target) -> Mapping[str, Value]:
        found = asked.texts(path)
        return {name: found} if found else {}

    return keys


def constant(name: str, value: str) -> Keys:
    """A key that always has the same value."""
    return lambda *_: {name: value}


def request_tags(path: str = "Tags[]") -> Keys:
    """`aws:RequestTag/...` and `aws:TagKeys` from a list of Key and Value, or from a map.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requesttag
    """

    def keys(asked: Asked, _: Target) -> Mapping[str, Value]:
        return tag_context(tags_at(asked.call.params, path))

    return keys


def tag_keys(path: str = "TagKeys[]") -> Keys:
    """`aws:TagKeys` of a call that takes tags away."""
    return keys_of("aws:TagKeys", path)


def tags_at(params: Fields, path: str) -> Mapping[str, str]:
    """Tags in a call, from lists of `Key`/`Value` (`key`/`value`, `TagKey`/`TagValue`), or from a map."""
    found: dict[str, str] = {}
    for item in _walk(params, _steps(path)):
        if isinstance(item, Fields):
            spelling = next((s for s in _SPELLINGS if s[0] in item), None)
            if spelling:
                found[spelled(item[spelling[0]]) or ""] = spelled(item.get(spelling[1])) or ""
            else:
                found |= {name: spelled(value) or "" for name, value in item.items()}
    return found


_SPELLINGS: Final = (("Key", "Value"), ("key", "value"), ("TagKey", "TagValue"))


def tag_context(tags: Mapping[str, str]) -> Mapping[str, Value]:
    """Tags of a call as condition keys; none where there are no tags."""
    if not tags:
        return {}
    return {**{f"aws:RequestTag/{name}": value for name, value in tags.items()}, "aws:TagKeys": tuple(tags)}
