"""Rewrites of the resources and conditions of a world; the rules are those of `rewrites`. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from judges.reading import (
    VARIABLE,
    Condition,
    conditions,
    constant,
    fits_by_parts,
    instant,
    is_address,
    plain,
    readable,
    resolved,
    resource_fits,
    segments,
    taken_apart,
    uses_variables,
    value_of,
    with_conditions,
)
from judges.world import Json, World, each_statement, many

NO_BUCKET: Final = "arn:aws:s3:::never-such-bucket"
NO_TEXT: Final = "never such a text"
NO_ARN: Final = "arn:aws:iam::333333333333:user/nobody"
DATES: Final = ("aws:CurrentTime", "aws:TokenIssueTime")


def condition_that_cannot_be_evaluated(world: World) -> World:
    """An operator that does not exist, or a value it cannot read: an Allow goes, a Deny loses its conditions."""

    def change(statement: Json, layer: str, document: Json) -> list[Json]:
        if all(_is_evaluable(c) for c in conditions(statement)):
            return [statement]
        return [] if statement["Effect"] == "Allow" else [with_conditions(statement, ())]

    return each_statement(world, change)


def _is_evaluable(condition: Condition) -> bool:
    operator, _, values = condition
    base = taken_apart(operator)[1]
    return base != "" and all(readable(base, value) for value in values)


def unresolved_variable(world: World) -> World:
    """A statement with a variable that has no value: gone."""

    def change(statement: Json, layer: str, document: Json) -> list[Json]:
        void = uses_variables(document) and None in (resolved(t, world.context) for t in _templates(statement))
        return [] if void else [statement]

    return each_statement(world, change)


def _templates(statement: Json) -> list[str]:
    found = [text for name in ("Resource", "NotResource") for text in many(statement.get(name, []))]
    return found + [v for o, _, values in conditions(statement) if _takes_variables(o) for v in values]


def _takes_variables(operator: str) -> bool:
    return taken_apart(operator)[1].startswith(("String", "Arn"))


def dollar_text_of_the_old_version(world: World) -> World:
    """`${...}` in a document of the older Version, where it is text that no request has: another such text."""

    def resource(text: str, document: Json) -> str:
        return NO_BUCKET if "${" in text and not uses_variables(document) else text

    def condition(found: Condition, document: Json) -> list[Condition]:
        operator, key, values = found
        if uses_variables(document) or not _takes_variables(operator):
            return [found]
        other = NO_ARN if taken_apart(operator)[1].startswith("Arn") else NO_TEXT
        return [(operator, key, [other if "${" in v else v for v in values])]

    return _each_condition(_each_resource(world, resource), condition)


def variable_before_the_last_part(world: World) -> World:
    """A variable in the first five parts of a Resource, or in its type: all variables of it filled in."""

    def resource(text: str, document: Json) -> str:
        early = VARIABLE.search(":".join(segments(text)[:5]) + _type_of(text))
        filled = resolved(text, world.context) if early and uses_variables(document) else None
        return text if filled is None else filled

    return _each_resource(world, resource)


def _type_of(resource: str) -> str:
    """The type in the last part of an ARN pattern, such as `user/`; S3 buckets and objects have none."""
    parts = segments(resource)
    if len(parts) < 6 or parts[2] == "s3":
        return ""
    cut = min((at for at in map(parts[5].find, "/:") if at >= 0), default=-1)
    return parts[5][: cut + 1]


def variable_in_an_arn_condition(world: World) -> World:
    """A variable in a value of an ARN operator: filled in."""

    def condition(found: Condition, document: Json) -> list[Condition]:
        operator, key, values = found
        if not (taken_apart(operator)[1].startswith("Arn") and uses_variables(document)):
            return [found]
        return [(operator, key, [filled if (filled := resolved(v, world.context)) else v for v in values])]

    return _each_condition(world, condition)


def variable_of_one_listed_value(world: World) -> World:
    """A variable whose key has a list of one value, in a value of a String operator: filled in."""

    def listed(text: str) -> bool:
        keys = (found.group(1).partition(", '")[0] for found in VARIABLE.finditer(text))
        return any(isinstance(value_of(world.context, key), list) for key in keys)

    def condition(found: Condition, document: Json) -> list[Condition]:
        operator, key, values = found
        if not (taken_apart(operator)[1].startswith("String") and uses_variables(document)):
            return [found]
        filled = [resolved(v, world.context) if listed(v) else v for v in values]
        return [(operator, key, [v if f is None else f for f, v in zip(filled, values, strict=True)])]

    return _each_condition(world, condition)


def escape_in_an_exact_text(world: World) -> World:
    """`${*}`, `${?}` and `${$}` in a value of an operator without wildcards: the character itself."""

    def condition(found: Condition, document: Json) -> list[Condition]:
        operator, key, values = found
        base = taken_apart(operator)[1]
        exact = base.startswith("String") and not base.endswith("Like") and uses_variables(document)
        return [(operator, key, [plain(v) for v in values])] if exact else [found]

    return _each_condition(world, condition)


def wildcard_across_parts(world: World) -> World:
    """A Resource wildcard that crosses a colon, or stands in the type of the resource: all resources, or none."""

    def resource(text: str, document: Json) -> str:
        if text == "*" or "${" in text or world.resource == "*":
            return text
        fits = resource_fits(text, world.resource)
        in_type = "*" in _type_of(text) or "?" in _type_of(text)
        if not in_type and fits == fits_by_parts(text, world.resource):
            return text
        return "*" if fits else NO_BUCKET

    return _each_resource(world, resource)


def date_in_seconds(world: World) -> World:
    """Dates in seconds since 1970, or of a year alone: written out in full, in policies and in the request."""

    def condition(found: Condition, document: Json) -> list[Condition]:
        operator, key, values = found
        return [(operator, key, [_full(v) for v in values]) if "Date" in operator else found]

    context = {k: _full(v) if k in DATES and isinstance(v, str) else v for k, v in world.context.items()}
    made = _each_condition(world, condition)
    return made if context == world.context else replace(made, context=context)


def _full(text: str) -> str:
    moment = instant(text)
    return text if moment is None or not text.isdecimal() else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def unreadable_value_of_the_request(world: World) -> World:
    """A value of the request that the operator cannot read: a positive operator never holds, a negated one does."""

    def condition(found: Condition, document: Json) -> list[Condition]:
        operator, key, _ = found
        base, value = taken_apart(operator)[1], value_of(world.context, key)
        if not isinstance(value, str) or not base or base == "Null" or _reads(base, value):
            return [found]
        return [constant("Not" in base, number=len(operator) * 100 + len(key))]

    return _each_condition(world, condition)


def _reads(base: str, value: str) -> bool:
    return is_address(value) if base.endswith("IpAddress") else readable(base, value)


def address_without_a_mask(world: World) -> World:
    """A single address in a condition: as the network of that one address, in its shortest spelling."""

    def condition(found: Condition, document: Json) -> list[Condition]:
        operator, key, values = found
        if not taken_apart(operator)[1].endswith("IpAddress"):
            return [found]
        return [(operator, key, [f"{ip}/{ip.max_prefixlen}" if (ip := _address(v)) else v for v in values])]

    return _each_condition(world, condition)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    return ip_address(text) if is_address(text) else None


def network_of_all_addresses(world: World) -> World:
    """`0.0.0.0/0`: as its two halves."""

    def condition(found: Condition, document: Json) -> list[Condition]:
        operator, key, values = found
        halves = [half for v in values for half in (("0.0.0.0/1", "128.0.0.0/1") if v == "0.0.0.0/0" else (v,))]
        return [(operator, key, halves)]

    return _each_condition(world, condition)


def star_for_any_arn(world: World) -> World:
    """`*` alone as the value of an ARN operator: as an ARN of six stars."""

    def condition(found: Condition, document: Json) -> list[Condition]:
        operator, key, values = found
        is_arn = taken_apart(operator)[1].startswith("Arn")
        return [(operator, key, ["arn:*:*:*:*:*" if v == "*" else v for v in values]) if is_arn else found]

    return _each_condition(world, condition)


def for_any_value_if_exists(world: World) -> World:
    """`ForAnyValue:...IfExists` on an absent key: holds, so it goes."""

    def condition(found: Condition, document: Json) -> list[Condition]:
        qualifier, base, if_exists = taken_apart(found[0])
        absent = value_of(world.context, found[1]) is None
        return [] if qualifier == "ForAnyValue:" and base and if_exists and absent else [found]

    return _each_condition(world, condition)


def list_of_one_value(world: World) -> World:
    """A plain operator on a key whose list has one value: with `ForAnyValue:`, which means the same there."""

    def condition(found: Condition, document: Json) -> list[Condition]:
        operator, key, values = found
        qualifier, base, _ = taken_apart(operator)
        value = value_of(world.context, key)
        plain_one = qualifier == "" and base not in ("", "Null") and isinstance(value, list) and len(value) == 1
        return [(f"ForAnyValue:{operator}", key, values) if plain_one else found]

    return _each_condition(world, condition)


def _each_resource(world: World, one: Callable[[str, Json], str]) -> World:
    def change(statement: Json, layer: str, document: Json) -> list[Json]:
        element = "NotResource" if "NotResource" in statement else "Resource"
        before = many(statement.get(element, []))
        after = [one(text, document) for text in before]
        return [statement if after == before else {**statement, element: after}]

    return each_statement(world, change)


def _each_condition(world: World, one: Callable[[Condition, Json], list[Condition]]) -> World:
    def change(statement: Json, layer: str, document: Json) -> list[Json]:
        before = conditions(statement)
        after = [new for old in before for new in one(old, document)]
        return [statement if after == before else with_conditions(statement, after)]

    return each_statement(world, change)
