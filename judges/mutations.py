"""Small changes to a policy document: some narrow it, some widen it, some only spell it otherwise.

Documents here are decoded JSON with everything in lists; a mutation changes the statements in place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from random import Random
from typing import Any, Final, TypeAlias

Plain: TypeAlias = dict[str, Any]
"""One statement, decoded, every value a list."""

Mutation: TypeAlias = Callable[[Random, "list[Plain]", Sequence[str]], None]
"""Changes the statements; the last argument are known actions. It may find nothing to change."""

CONDITIONS: Final[tuple[tuple[str, str, tuple[str, ...]], ...]] = (
    ("StringEquals", "aws:RequestedRegion", ("us-east-1", "eu-west-1")),
    ("StringLike", "aws:RequestedRegion", ("us-*",)),
    ("StringNotEquals", "aws:RequestedRegion", ("us-east-1",)),
    ("StringEqualsIfExists", "aws:ResourceTag/team", ("red",)),
    ("StringLike", "aws:ResourceTag/team", ("r*", "b?ue")),
    ("StringEqualsIgnoreCase", "aws:ResourceTag/team", ("RED",)),
    ("ArnLike", "aws:PrincipalArn", ("arn:aws:iam::*:role/app-*",)),
    ("Bool", "aws:SecureTransport", ("true",)),
    ("Null", "aws:ResourceTag/team", ("false",)),
    ("NumericLessThan", "s3:max-keys", ("10",)),
    ("DateGreaterThan", "aws:CurrentTime", ("2024-01-01T00:00:00Z",)),
    ("IpAddress", "aws:SourceIp", ("10.0.0.0/8", "192.168.1.0/24")),
    ("NotIpAddress", "aws:SourceIp", ("10.1.0.0/16",)),
    ("ForAllValues:StringEquals", "aws:TagKeys", ("a", "b")),
    ("ForAnyValue:StringLike", "aws:TagKeys", ("a*",)),
)


def part(statement: Plain, name: str) -> list[str]:
    """The items of the Action or Resource element, negated or not."""
    items: list[str] = statement[name] if name in statement else statement[f"Not{name}"]
    return items


def _pick(rng: Random, statements: list[Plain]) -> Plain:
    return rng.choice(statements)


def _conditional(rng: Random, statements: list[Plain]) -> tuple[dict[str, dict[str, list[str]]], str, str] | None:
    found = [(s["Condition"], o, k) for s in statements for o, keys in s.get("Condition", {}).items() for k in keys]
    return rng.choice(found) if found else None


def drop_statement(rng: Random, statements: list[Plain], known: Sequence[str]) -> None:
    """One statement less."""
    if len(statements) > 1:
        statements.pop(rng.randrange(len(statements)))


def drop_action(rng: Random, statements: list[Plain], known: Sequence[str]) -> None:
    """One action less."""
    _drop(rng, part(_pick(rng, statements), "Action"))


def drop_resource(rng: Random, statements: list[Plain], known: Sequence[str]) -> None:
    """One resource less."""
    _drop(rng, part(_pick(rng, statements), "Resource"))


def _drop(rng: Random, items: list[str]) -> None:
    if len(items) > 1:
        items.pop(rng.randrange(len(items)))


def narrow_action(rng: Random, statements: list[Plain], known: Sequence[str]) -> None:
    """A wildcard of an action becomes a letter and a wildcard, or one known action."""
    items = part(_pick(rng, statements), "Action")
    wild = [n for n, item in enumerate(items) if "*" in item]
    if not wild:
        return
    at = rng.choice(wild)
    fitting = matching(items[at], known)
    if fitting and rng.random() < 0.5:
        items[at] = rng.choice(fitting)
    elif items[at] != "*":
        items[at] = items[at].replace("*", rng.choice(("Get*", "D*", "?*")), 1)


def widen_action(rng: Random, statements: list[Plain], known: Sequence[str]) -> None:
    """An action loses the end of its name to a wildcard."""
    items = part(_pick(rng, statements), "Action")
    at = rng.randrange(len(items))
    vendor, _, name = items[at].partition(":")
    if name:
        items[at] = f"{vendor}:{name[: rng.randrange(len(name))]}*"


def narrow_resource(rng: Random, statements: list[Plain], known: Sequence[str]) -> None:
    """A resource's last star becomes something narrower; the star alone an ARN."""
    items = part(_pick(rng, statements), "Resource")
    at = rng.randrange(len(items))
    if items[at] == "*":
        items[at] = rng.choice(("arn:aws:s3:::b/*", "arn:aws:ec2:*:*:*", "arn:*:ec2:us-east-1:*:instance/*"))
    elif items[at].endswith("*"):
        items[at] = items[at][:-1] + rng.choice(("x*", "x", "?", "*x*"))


def widen_resource(rng: Random, statements: list[Plain], known: Sequence[str]) -> None:
    """A resource loses its end to a star, or becomes the star alone."""
    items = part(_pick(rng, statements), "Resource")
    at = rng.randrange(len(items))
    head, slash, tail = items[at].rpartition("/")
    if slash and tail and "${" not in items[at] and rng.random() < 0.8:
        items[at] = f"{head}/{tail[: rng.randrange(len(tail))]}*"
    elif rng.random() < 0.3:
        items[at] = "*"


def add_condition(rng: Random, statements: list[Plain], known: Sequence[str]) -> None:
    """One condition more."""
    operator, key, values = rng.choice(CONDITIONS)
    conditions = _pick(rng, statements).setdefault("Condition", {})
    conditions.setdefault(operator, {})[key] = list(values)


def drop_condition(rng: Random, statements: list[Plain], known: Sequence[str]) -> None:
    """One condition less."""
    if found := _conditional(rng, statements):
        conditions, operator, key = found
        del conditions[operator][key]
        if not conditions[operator]:
            del conditions[operator]


def change_values(rng: Random, statements: list[Plain], known: Sequence[str]) -> None:
    """A condition gets one value more, or one less."""
    if not (found := _conditional(rng, statements)):
        return
    conditions, operator, key = found
    values = conditions[operator][key]
    if len(values) > 1 and rng.random() < 0.5:
        _drop(rng, values)
    elif "String" in operator:
        values.append(rng.choice(("x", "us-east-1", "red", "a", *values)))
    elif "Like" in operator or "Arn" in operator:
        values.append("arn:aws:iam::123456789012:role/*")


def change_operator(rng: Random, statements: list[Plain], known: Sequence[str]) -> None:
    """A condition gets or loses IfExists, becomes its negation, or a pattern."""
    if not (found := _conditional(rng, statements)):
        return
    conditions, operator, key = found
    if operator == "Null":
        conditions["Null"][key] = ["false" if conditions["Null"][key][0].lower() == "true" else "true"]
        return
    turned = [operator.removesuffix("IfExists") if operator.endswith("IfExists") else f"{operator}IfExists"]
    turned += [operator.replace("StringEquals", "StringLike")] if "StringEqualsIgnore" not in operator else []
    turned += [operator.replace("String", "StringNot", 1)] if "StringNot" not in operator else []
    values = conditions[operator].pop(key)
    if not conditions[operator]:
        del conditions[operator]
    conditions.setdefault(rng.choice(turned), {}).setdefault(key, values)


def add_deny(rng: Random, statements: list[Plain], known: Sequence[str]) -> None:
    """A Deny of what some statement names, perhaps narrower."""
    made = deepcopy(_pick(rng, statements))
    made["Effect"] = "Deny"
    rng.choice((narrow_action, narrow_resource, drop_condition, add_condition, drop_action))(rng, [made], known)
    statements.insert(rng.randrange(len(statements) + 1), made)


def drop_deny(rng: Random, statements: list[Plain], known: Sequence[str]) -> None:
    """One Deny less."""
    found = [n for n, statement in enumerate(statements) if statement["Effect"] == "Deny"]
    if found and len(statements) > 1:
        statements.pop(rng.choice(found))


def split(rng: Random, statements: list[Plain], known: Sequence[str]) -> None:
    """One statement becomes two, by its actions or its resources; the same meaning."""
    one = _pick(rng, statements)
    name = rng.choice(("Action", "Resource"))
    if name not in one or len(one[name]) < 2:
        return
    other = deepcopy(one)
    at = rng.randrange(1, len(one[name]))
    one[name], other[name] = one[name][:at], one[name][at:]
    statements.append(other)


def merge(rng: Random, statements: list[Plain], known: Sequence[str]) -> None:
    """Two statements alike but for the actions become one; else one takes the other's resources too."""
    one, other = _pick(rng, statements), _pick(rng, statements)
    same = one["Effect"] == other["Effect"] and one.get("Condition") == other.get("Condition")
    if one is other or not same or not all(n in s for n in ("Action", "Resource") for s in (one, other)):
        return
    one["Action"] = list(dict.fromkeys([*one["Action"], *other["Action"]]))
    one["Resource"] = list(dict.fromkeys([*one["Resource"], *other["Resource"]]))
    statements[:] = [statement for statement in statements if statement is not other]


def reorder(rng: Random, statements: list[Plain], known: Sequence[str]) -> None:
    """Another order; the same meaning."""
    rng.shuffle(statements)
    for statement in statements:
        rng.shuffle(part(statement, "Action"))


def change_case(rng: Random, statements: list[Plain], known: Sequence[str]) -> None:
    """Actions in another case; the same meaning."""
    items = part(_pick(rng, statements), "Action")
    items[:] = [rng.choice((item, item.lower(), item.upper())) for item in items]


def expand(rng: Random, statements: list[Plain], known: Sequence[str]) -> None:
    """A wildcard of an action becomes the known actions; the same meaning where only those exist."""
    items = part(_pick(rng, statements), "Action")
    wild = [n for n, item in enumerate(items) if "*" in item and item != "*"]
    if wild and (fitting := matching(items[at := rng.choice(wild)], known)):
        items[at : at + 1] = fitting if rng.random() < 0.7 else fitting[1:] or fitting


def matching(pattern: str, known: Sequence[str]) -> list[str]:
    """The known actions that a pattern selects."""
    whole = re.compile("".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern), re.IGNORECASE)
    return [action for action in known if whole.fullmatch(action)]


NARROWING: Final[tuple[Mutation, ...]] = (
    drop_statement,
    drop_action,
    drop_resource,
    narrow_action,
    narrow_resource,
    add_condition,
    add_deny,
)
WIDENING: Final[tuple[Mutation, ...]] = (widen_action, widen_resource, drop_condition, drop_deny, merge)
RESPELLING: Final[tuple[Mutation, ...]] = (split, reorder, change_case, expand)
EITHER: Final[tuple[Mutation, ...]] = (change_values, change_operator)
MUTATIONS: Final = (*NARROWING, *WIDENING, *RESPELLING, *EITHER)
