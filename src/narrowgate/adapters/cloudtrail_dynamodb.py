"""DynamoDB's data events, whose items stand in a form of their own, in that of the API. Pure.

The key is told with its values, of the other attributes of an item the names alone; the parts of a transaction
name their operation beside their parameters.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/understanding-ddb-log-entries.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_PARTS: Final = ("Put", "Update", "Delete", "ConditionCheck", "Get")


def as_requested(operation: str, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters of an operation as the API has them; what is not of that form stays as it is."""
    if operation == "PutItem":
        return _put(given)
    parts = given.get("requestItems")
    if not operation.startswith("Transact") or not isinstance(parts, list) or not all(map(_is_part, parts)):
        return given
    others = {name: value for name, value in given.items() if name != "requestItems"}
    return {**others, "transactItems": [_part(each) for each in parts]}


def _is_part(part: Any) -> bool:
    return isinstance(part, dict) and part.get("operation") in _PARTS


def _part(part: Mapping[str, Any]) -> Mapping[str, Any]:
    own = {name: value for name, value in part.items() if name != "operation"}
    return {part["operation"]: _put(own) if part["operation"] == "Put" else own}


def _put(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """An item with the values of its key, and the other attributes without any."""
    names, key = given.get("item", given.get("items")), given.get("key")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return given
    item: dict[str, Any] = {**{name: {} for name in names}, **(key if isinstance(key, dict) else {})}
    return {**{name: value for name, value in given.items() if name not in ("item", "items", "key")}, "item": item}
