"""Random contexts and conditions of a world. Pure but for the random source it is given."""

from __future__ import annotations

from random import Random
from typing import Final, TypeAlias

from judges.pools import KEYS, OPERATORS, UNIQUE_IDS, UNKNOWN_OPERATORS, UNREADABLE, Key
from judges.world import Json

Context: TypeAlias = "dict[str, str | list[str]]"

_PRESENT: Final = 0.72
_NEGATED: Final = ("Not", "Less", "Greater")


def context(rng: Random, principal: Json, account: str, *, checked: bool) -> Context:
    """What AWS would say of the principal, and values of the other keys, each with a good chance of being there.

    `checked`: where iam-simulate looks at the types of keys, a key with many values is always a list.
    """
    made: Context = {}
    for key in KEYS:
        if key.values and rng.random() < _PRESENT:
            made[key.name] = _value(rng, key, checked=checked)
    made |= {name: value for name, value in _of_principal(principal).items() if rng.random() < 0.9}
    if rng.random() < 0.5:
        made["aws:ResourceAccount"] = account
    return made


def _value(rng: Random, key: Key, *, checked: bool) -> str | list[str]:
    if not key.listed:
        return rng.choice(key.values)
    size = rng.randint(1, len(key.values))
    values = rng.sample(key.values, size)
    return values[0] if size == 1 and not checked and rng.random() < 0.5 else values


def _of_principal(principal: Json) -> dict[str, str]:
    if principal["type"] != "AWS":
        return {}
    arn = principal["arn"]
    account, name = arn.split(":", 5)[4:]
    made = {"aws:PrincipalArn": principal.get("role_arn", arn), "aws:PrincipalAccount": account}
    if name.startswith("user/"):
        made["aws:username"] = name.rpartition("/")[2]
        made["aws:userid"] = UNIQUE_IDS.get(name, "AIDASOMEBODY00000000")
    elif name.startswith("assumed-role/worker/"):
        made["aws:userid"] = f"{UNIQUE_IDS['role/app/worker']}:{name.rpartition('/')[2]}"
    return made


def condition(rng: Random, version: str, fits: float) -> tuple[str, str, str | list[str]]:
    """An operator, a key and its values; now and then one that does not exist or cannot be read."""
    key = rng.choice(KEYS)
    if rng.random() < 0.09:
        qualifier = rng.choice(("", "", "ForAllValues:", "ForAnyValue:"))
        return f"{qualifier}Null", key.name, rng.choice(("true", "false", "false"))
    if rng.random() < 0.015:
        return rng.choice(UNKNOWN_OPERATORS), key.name, "x"
    base = rng.choice(OPERATORS[key.family])
    values = _written(rng, key, base)
    if rng.random() < 0.01 and key.family in UNREADABLE:
        values = [UNREADABLE[key.family]]
    operator = _qualifier(rng, key) + base + ("IfExists" if rng.random() < 0.18 else "")
    name = key.name.upper() if rng.random() < 0.03 else key.name
    return operator, name, values[0] if len(values) == 1 and rng.random() < 0.5 else values


def _qualifier(rng: Random, key: Key) -> str:
    plain = 0.1 if key.listed else 0.9
    return "" if rng.random() < plain else rng.choice(("ForAllValues:", "ForAnyValue:"))


def _written(rng: Random, key: Key, base: str) -> list[str]:
    pool = key.written or _PRINCIPALS
    if key.name == "aws:PrincipalArn" and base.startswith("String"):
        pool = (*_PRINCIPALS, "arn:aws:iam::111111111111:*")
    if base == "Bool":
        return [rng.choice(pool)]
    return rng.sample(pool, rng.randint(1, min(3, len(pool))))


_PRINCIPALS: Final = (
    "arn:aws:iam::111111111111:user/alice",
    "arn:aws:iam::111111111111:user/${aws:username}",
    "arn:aws:iam::111111111111:role/app/*",
    "arn:aws:iam::${aws:PrincipalAccount}:user/*",
    "arn:aws:iam::*:role/app/work?r",
    "arn:aws:iam::222222222222:*",
)
