"""`requests_of`: every request that AWS decides for one API call. Pure.

INVARIANT: an operation that no table has is UnknownOperation, never a request for `*`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Final

from narrowgate.calls import Call
from narrowgate.catalogue import operations
from narrowgate.catalogue.facts import HOME, Attributes, Facts, Place
from narrowgate.catalogue.rule import RESERVED, Asked, Made, Rule, Table, Target
from narrowgate.policy.actions import ActionList
from narrowgate.policy.request_context import Request, Requester, Value, request

TAGS: Final = "aws:ResourceTag"
"""Stands in `unknown` for all the tags of a resource, under whatever prefix."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """One request that AWS decides, whoever asks: action, resource, context.

    `unknown`: condition keys whose values nobody could tell; a decision that depends on one is not
    proven. `resource_account` is the owner where it is known; `type` the resource type, "" without resource;
    `shown` how AWS's messages name the resource where that is not its ARN; `new` whether the call makes it.
    """

    action: str
    resource: str
    context: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    unknown: tuple[str, ...] = ()
    resource_account: str = ""
    type: str = ""
    shown: str = ""
    new: bool = False

    def asked_by(self, principal: Requester, context: Mapping[str, Value]) -> Request:
        """The request of a principal; `context` is what the principal and the connection add. Raises ValueError."""
        return request(principal, self.action, self.resource, {**context, **self.context}, self.resource_account)


@dataclass(frozen=True, slots=True)
class Requests:
    """What AWS decides for a call, each of which must be allowed. `mechanical`: by general rules."""

    authorizations: tuple[Authorization, ...]
    mechanical: bool = False


@dataclass(frozen=True, slots=True)
class UnknownOperation:
    """The catalogue has no rule for the operation."""

    name: str

    def __str__(self) -> str:
        return f"the catalogue does not know `{self.name}`: what it needs is not known"


def requests_of(
    call: Call, place: Place, facts: Facts, actions: ActionList | None = None
) -> Requests | UnknownOperation:
    """Every request that AWS decides for the call, in the order of the table, each once.

    With the known actions, keys that a resource has and the action does not look at are left out, as AWS does.
    """
    table = tables().get(call.service)
    rules = table.rules.get(call.operation) if table else None
    if table is None or rules is None:
        return UnknownOperation(call.name)
    asked = Asked(call, _at(table, place), facts)
    found = (
        _authorization(asked, rule, target, actions) for rule in rules if rule.when(asked) for target in rule.on(asked)
    )
    # A call that names nothing, such as a batch of none, is still a call: INVARIANT: nothing passes unasked.
    bare = Authorization(rules[0].action, "*", {"aws:RequestedRegion": asked.place.region})
    return Requests(_each_once(found) or (bare,), table.mechanical)


def effects_of(call: Call, place: Place, facts: Facts) -> tuple[Made, ...] | UnknownOperation:
    """What the call will make: its resources with the tags and keys that they will have."""
    table = tables().get(call.service)
    if table is None or call.operation not in table.rules:
        return UnknownOperation(call.name)
    made = table.effects.get(call.operation)
    return tuple(made(Asked(call, _at(table, place), facts))) if made else ()


@cache
def tables() -> Mapping[str, Table]:
    """Every table, by botocore's name of the service."""
    found: dict[str, Table] = {}
    for module in iter_modules(operations.__path__):
        table: Table = import_module(f"{operations.__name__}.{module.name}").TABLE
        before = found.get(table.service)
        found[table.service] = _joined(before, table) if before else table
    return MappingProxyType(found)


def _joined(one: Table, other: Table) -> Table:
    """Two parts of the table of one service. Raises ValueError where both have an operation."""
    if twice := one.rules.keys() & other.rules.keys():
        raise ValueError(f"{one.service} has rules twice for {', '.join(sorted(twice))}")
    return replace(one, rules={**one.rules, **other.rules}, effects={**one.effects, **other.effects})


def _at(table: Table, place: Place) -> Place:
    return Place(place.partition, place.account, HOME.get(place.partition, place.region)) if table.home else place


def _each_once(found: Iterable[Authorization]) -> tuple[Authorization, ...]:
    """RunInstances may name a subnet twice."""
    return tuple({(a.action, a.resource, tuple(sorted(a.context.items()))): a for a in found}.values())


def _authorization(asked: Asked, rule: Rule, target: Target, actions: ActionList | None) -> Authorization:
    context: dict[str, Value] = {"aws:RequestedRegion": asked.place.region}
    for keys in rule.keys:
        context |= keys(asked, target)
    if target.arn == "*":
        return Authorization(rule.action, "*", context, type=target.type, shown=target.shown)
    known = None if target.new else asked.facts(target.arn)
    if known:
        context = {**_carried(known, rule.action, target.type, actions), **context}
    account = _owner(target.arn, known)
    if account:
        context["aws:ResourceAccount"] = account
    unknown = () if known or target.new else (TAGS,)
    return Authorization(rule.action, target.arn, context, unknown, account, target.type, target.shown, target.new)


def _owner(arn: str, known: Attributes | None) -> str:
    named = arn.split(":", 5)[4] if arn.count(":") >= 5 else ""
    return named if named.isdecimal() else known.account if known else ""


def _carried(known: Attributes, action: str, type_: str, actions: ActionList | None) -> dict[str, Value]:
    """The keys of an existing resource as the action sees them."""
    prefixes = _tag_prefixes(action)
    tags = {f"{prefix}:ResourceTag/{name}": value for prefix in prefixes for name, value in known.tags.items()}
    found: dict[str, Value] = {**known.keys, **tags}
    return found if actions is None else {key: found[key] for key in found if _looks_at(actions, action, type_, key)}


def _looks_at(actions: ActionList, action: str, type_: str, key: str) -> bool:
    """Whether the reference lists the key for the action, or for its row of the type."""
    family = key.lower().partition("/")[0]
    return family == "aws:resourceaccount" or family in _families(actions, action.lower(), type_)


@lru_cache(maxsize=8_192)
def _families(actions: ActionList, action: str, type_: str) -> frozenset[str]:
    """The condition keys of an action on a type, in lower case, without what is open in them (`/${TagKey}`).

    A row of the reference that lists no keys means those of its type.
    """
    found = actions.action(action)
    if found is None:
        return frozenset()
    rows = [row.keys or row.type_keys for row in found.types if row.name == type_]
    return frozenset(key.lower().partition("/")[0] for key in (*found.keys, *(key for row in rows for key in row)))


@cache
def _tag_prefixes(action: str) -> tuple[str, ...]:
    """Under which prefixes an action sees the tags of its resource."""
    prefix = action.partition(":")[0]
    return next((t.tag_keys for t in tables().values() if (t.prefix or t.service) == prefix), ("aws",))


def is_reserved(text: str) -> bool:
    """Whether a text has the id of a thing that is not made yet."""
    return RESERVED in text
