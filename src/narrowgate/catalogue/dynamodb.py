"""What a DynamoDB call says of the items that it touches: partition keys and attribute names. Pure.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from narrowgate.calls import Fields
from narrowgate.calls import Value as Member
from narrowgate.catalogue.rule import Asked, spelled, texts_at

TYPE: Final = "table"
_TOKEN: Final = re.compile(r"[:#]?[A-Za-z_][A-Za-z0-9_]*(?:\s*\()?|\.")
_EQUAL: Final = re.compile(r"(#?[A-Za-z_]\w*)\s*=\s*(:\w+)")
# Of the expressions' grammar; functions are known by their bracket.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
_WORDS: Final = frozenset({"AND", "OR", "NOT", "IN", "BETWEEN", "SET", "REMOVE", "ADD", "DELETE"})
_EXPRESSIONS: Final = (
    "KeyConditionExpression",
    "ConditionExpression",
    "FilterExpression",
    "ProjectionExpression",
    "UpdateExpression",
)
# The older parameters, maps from attribute names but for the list of names to get.
_MAPS: Final = ("Key", "Item", "Expected", "KeyConditions", "QueryFilter", "ScanFilter", "AttributeUpdates")


def table_arn(asked: Asked, name: str) -> str:
    """The ARN of a table by its name."""
    return asked.place.arn("dynamodb", f"table/{name}")


def attributes_of(part: Fields) -> tuple[str, ...]:
    """The names of the top-level attributes that a call, or a part of one, names; each once, in its order."""
    found = [name for member in _MAPS if isinstance(value := part.get(member), Fields) for name in value]
    found += [*texts_at(part, "AttributesToGet[]")]
    for member in _EXPRESSIONS:
        found += _names_in(spelled(part.get(member)) or "", _placeholders(part))
    return tuple(dict.fromkeys(found))


def leading_key(asked: Asked, part: Fields, table: str) -> str | None:
    """The value of the partition key in `Key`, `Item` or the key condition; None where it cannot be told.

    `table` is the table's ARN, whose facts have its `KeySchema`. Without them the one attribute of a `Key`
    is the partition key, for a key of two attributes may have them in any order.
    """
    index = spelled(part.get("IndexName")) or ""
    values = dict(_equalities(part))
    name = _partition_key(asked, table, index)
    if not name and len(values) == 1 and "Item" not in part:
        name = next(iter(values))
    return _scalar(values.get(name)) if name else None


def _partition_key(asked: Asked, table: str, index: str) -> str:
    data = asked.known(table).data
    if not index:
        return _hash_of(data)
    indexes = (*data.items_of("GlobalSecondaryIndexes"), *data.items_of("LocalSecondaryIndexes"))
    return next((_hash_of(each) for each in indexes if each.get("IndexName") == index), "")


def _hash_of(described: Fields) -> str:
    hashes = (each for each in described.items_of("KeySchema") if each.get("KeyType") == "HASH")
    return next((spelled(each.get("AttributeName")) or "" for each in hashes), "")


def _equalities(part: Fields) -> Iterator[tuple[str, Member]]:
    """Attributes with the value that the call says they have."""
    for member in ("Key", "Item"):
        if isinstance(map_ := part.get(member), Fields):
            yield from map_.items()
    names, values = _placeholders(part), part.get("ExpressionAttributeValues")
    for name, value in _EQUAL.findall(spelled(part.get("KeyConditionExpression")) or ""):
        if isinstance(values, Fields):
            yield names.get(name, name), values.get(value)
    if isinstance(old := part.get("KeyConditions"), Fields):
        for name, each in old.items():
            if isinstance(each, Fields) and each.get("ComparisonOperator") == "EQ":
                yield name, each.get("AttributeValueList")


def _scalar(value: Member) -> str | None:
    """The text of a string or number; a binary key has none that DynamoDB's page tells of."""
    if isinstance(value, tuple):
        return _scalar(value[0]) if len(value) == 1 else None
    if isinstance(value, Fields):
        return next((spelled(value[kind]) for kind in ("S", "N") if kind in value), None)
    return spelled(value)


def _placeholders(part: Fields) -> Mapping[str, str]:
    names = part.get("ExpressionAttributeNames")
    return {sign: spelled(name) or "" for sign, name in names.items()} if isinstance(names, Fields) else {}


def _names_in(expression: str, placeholders: Mapping[str, str]) -> Iterator[str]:
    """Attribute names in an expression: no values, no functions, no words, nothing after a dot."""
    before = ""
    for token in _TOKEN.findall(expression):
        silent = before == "." or token == "." or token.startswith(":") or token.endswith("(")
        if not silent and token.upper() not in _WORDS:
            yield placeholders.get(token, token)
        before = token
