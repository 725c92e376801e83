"""Parameters out of a JSON body, for the JSON and REST-JSON protocols. Pure.

https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html: a member that is null is not there.
"""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

from narrowgate.adapters.sandbox import scalars
from narrowgate.adapters.sandbox.scalars import Unfit
from narrowgate.adapters.sandbox.shapes import MAX_DEPTH, MAX_VALUES, Node
from narrowgate.calls import Fields, Value, freeze

_NOT_NUMBERS: Final = ("NaN", "Infinity", "-Infinity")


def parsed(body: bytes) -> Any:
    """The JSON of a body; an empty one is an empty object. Raises Unfit."""
    if not body:
        return {}
    # INVARIANT: nothing is built of more values than a call may have. Commas in texts count too, hence ten times.
    if body.count(b",") + body.count(b"[") + body.count(b"{") > 10 * MAX_VALUES:
        raise Unfit("malformed", "", "too many values")
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError:
        raise Unfit("malformed", "", "nested too deeply") from None
    except ValueError:
        raise Unfit("malformed", "", "the body is no JSON in UTF-8") from None


def value_of(node: Node, raw: Any, where: str, depth: int = 0) -> Value:
    """The value of a shape. Raises Unfit."""
    if depth > MAX_DEPTH:
        raise Unfit("malformed", where[:60], "nested too deeply")
    match node.kind:
        case "structure":
            return structure_of(node, raw, where, depth)
        case "list":
            _check(raw, list, where, "a list")
            elements = enumerate(raw, 1)
            return tuple(value_of(node.element, each, f"{where}.{place}.member", depth + 1) for place, each in elements)
        case "map":
            _check(raw, dict, where, "a map")
            return Fields({key: value_of(node.value, each, f"{where}.{key}", depth + 1) for key, each in raw.items()})
        case "document":
            return _document(raw, where, depth)
    return _scalar(node, raw, where)


def structure_of(node: Node, raw: Any, where: str, depth: int = 0, *, given: Fields | None = None) -> Fields:
    """The members of a structure. `given` are members that came from elsewhere (path, query, headers)."""
    _check(raw, dict, where, "a structure")
    made: dict[str, Value] = dict(given or {})
    for wire, each in raw.items():
        found = node.by_wire.get(wire)
        if found and each is not None and not found[1].location:
            path = f"{where}.{found[0]}" if where else found[0]
            made[found[0]] = value_of(found[1], each, path, depth + 1)
    for name in node.required:
        if name not in made:
            raise Unfit("missing", f"{where}.{name}" if where else name)
    return Fields(made)


def _scalar(node: Node, raw: Any, where: str) -> Value:
    kind = node.kind
    try:
        match raw:
            case bool() if kind == "boolean":
                return raw
            case str() if kind in ("string", "character"):
                return scalars.sealed(node, raw)
            case str() if kind == "blob":
                return scalars.sealed(node, scalars.blob(raw))
            case str() if kind == "timestamp":
                return scalars.timestamp(raw)
            case str() if kind in ("float", "double") and raw in _NOT_NUMBERS:
                return float(raw)
            case int() | float() if not isinstance(raw, bool):
                return _number(kind, raw)
    except (ValueError, OverflowError):
        raise Unfit("wrong", where, f"the value is no {kind}") from None
    raise Unfit("wrong", where, f"{_name(raw)} can not be converted to {kind}")


def _number(kind: str, raw: int | float) -> Value:
    if kind in ("float", "double"):
        return float(raw)
    if kind == "timestamp":
        return scalars.moment(raw)
    if kind in scalars.RANGES and raw == int(raw):
        return scalars.whole(kind, int(raw))
    raise ValueError


def _document(raw: Any, where: str, depth: int) -> Value:
    """A value of any form."""
    if depth > MAX_DEPTH:
        raise Unfit("malformed", where[:60], "nested too deeply")
    match raw:
        case dict():
            return Fields({key: _document(each, where, depth + 1) for key, each in raw.items()})
        case list():
            return tuple(_document(each, where, depth + 1) for each in raw)
    return freeze(raw)


def _check(raw: Any, kind: type[list[Any]] | type[dict[str, Any]], where: str, name: str) -> None:
    if not isinstance(raw, kind):
        raise Unfit("wrong", where, f"{_name(raw)} where {name} is expected")
    if len(raw) > MAX_VALUES:
        raise Unfit("malformed", where, f"at most {MAX_VALUES} elements")


def _name(raw: Any) -> str:
    """AWS's word for a value of JSON, as its own messages have it."""
    match raw:
        case None:
            return "NULL_VALUE"
        case bool():
            return "TRUE_VALUE" if raw else "FALSE_VALUE"
        case str():
            return "STRING_VALUE"
        case int() | float():
            return "NUMBER_VALUE"
    return "START_OBJECT" if isinstance(raw, dict) else "START_ARRAY"


def _no_constant(_: str) -> NoReturn:
    raise ValueError
