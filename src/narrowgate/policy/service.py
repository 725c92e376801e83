"""What is known of a service: its actions, their resource types, its condition keys. Pure.

From the Service Authorization Reference, whose words these are:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Level: TypeAlias = Literal["List", "Read", "Write", "Tagging", "Permissions management"]
LEVELS: Final[tuple[Level, ...]] = ("List", "Read", "Write", "Tagging", "Permissions management")
MUTATING: Final[tuple[Level, ...]] = ("Write", "Tagging", "Permissions management")

OPEN: Final = re.compile(r"\$\{[^}]*\}|<[^>]*>")
"""A part of a name or an ARN that the reference leaves open, such as `${Region}`."""


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A resource type of an action, as the action's row in the Service Authorization Reference has it.

    `arns` are the patterns of its ARNs, `*` for what AWS leaves open; most types have one, 13 of them
    two. `keys` are the condition keys of the action's row for this type; `type_keys` those of the
    type itself, of which not every action supports every one.
    """

    name: str
    arns: tuple[str, ...]
    required: bool
    keys: tuple[str, ...] = ()
    type_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """One action, `service:Name` as AWS spells it. Without types, its resource is always `*`."""

    name: str
    level: Level
    types: tuple[ResourceType, ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def own_keys(self) -> tuple[str, ...]:
        """Its condition keys, of the action and of its rows for types, that are not global `aws:` keys."""
        keys = {*self.keys, *(key for type_ in self.types for key in type_.keys)}
        return tuple(sorted(key for key in keys if not key.lower().startswith("aws:")))


@dataclass(frozen=True, slots=True)
class ConditionKey:
    """A condition key and its type: `String`, `Numeric`, `Bool`, `Date`, `ARN`, `IPAddress`, `ArrayOf...`.

    A part in `${...}` or `<...>` of the name stands for any text.
    """

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Service:
    """One service, by its prefix: its actions and the condition keys that it defines or takes."""

    name: str
    actions: tuple[Action, ...] = ()
    keys: tuple[ConditionKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """What is known of every action, in the order of the names; enough to count without details.

    `levels` has the first letter of the access level, `types` the number of resource types, `own_keys`
    a `1` where the action has a condition key that is not a global one. `foreign` are services that
    define keys under a prefix which is no service (`saml:aud` belongs to `sts`).
    """

    levels: str
    types: tuple[int, ...]
    own_keys: str
    foreign: tuple[str, ...] = ()


def columns_of(actions: Iterable[Action], foreign: tuple[str, ...] = ()) -> Columns:
    """The columns of actions that are already in the order of the names."""
    listed = tuple(actions)
    return Columns(
        "".join(action.level[0] for action in listed),
        tuple(len(action.types) for action in listed),
        "".join("01"[bool(action.own_keys)] for action in listed),
        foreign,
    )


def ordered(actions: Iterable[Action]) -> tuple[Action, ...]:
    """The actions in the order of the names; of two whose names differ in case only, the first."""
    by_name = {action.name.lower(): action for action in sorted(actions, key=lambda a: a.name, reverse=True)}
    return tuple(by_name[name] for name in sorted(by_name))


def arn_patterns(text: str) -> tuple[str, ...]:
    """The ARN patterns in a text of the reference, where `${Region}` is open and `, ` separates two."""
    return tuple(re.sub(r"\*+", "*", OPEN.sub("*", part)) for part in text.split(", "))
