"""Parameters out of path, query, headers and body, for the two REST protocols. Pure.

https://smithy.io/2.0/spec/http-bindings.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from narrowgate.adapters.sandbox import json_values, xml_values
from narrowgate.adapters.sandbox.scalars import Unfit, of_text, sealed
from narrowgate.adapters.sandbox.shapes import Node
from narrowgate.calls import Fields, Value

# Possessive: each character is looked at once, however many blanks there are.
_LISTED: Final = re.compile(r'\s*+"((?:[^"\\]|\\.)*+)"\s*+(?:,|$)|([^,]*+)(?:,|$)')


@dataclass(frozen=True, slots=True)
class Sent:
    """What a request binds to members: decoded labels, query fields in order, headers, the body."""

    labels: Mapping[str, str]
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes


def params_of(node: Node, sent: Sent, literals: frozenset[str]) -> Fields:
    """The parameters of an operation; `literals` are the query names that only select it. Raises Unfit."""
    bound: dict[str, Value] = {}
    for name, member in node.members.items():
        if member.location:
            value = _bound(member, name, sent, literals | _named(node))
            if value is not None:
                bound[name] = value
    return _with_body(node, Fields(bound), sent.body)


def _named(node: Node) -> frozenset[str]:
    """The query names that have members of their own."""
    found = ((name, member) for name, member in node.members.items() if member.location == "querystring")
    return frozenset(member.wire or name for name, member in found if member.kind != "map")


def _bound(member: Node, name: str, sent: Sent, named: frozenset[str]) -> Value:
    wire = member.wire or name
    match member.location:
        case "uri":
            return of_text(member, sent.labels[wire], name) if wire in sent.labels else None
        case "header":
            return _header(member, sent.headers[wire.lower()], name) if wire.lower() in sent.headers else None
        case "headers":
            return _prefixed(member, wire.lower(), sent.headers)
    return _query(member, wire, sent.query, named)


def _query(member: Node, wire: str, query: Sequence[tuple[str, str]], named: frozenset[str]) -> Value:
    if member.kind == "map":
        return _query_map(member, [(name, value) for name, value in query if name not in named])
    values = [value for name, value in query if name == wire]
    if not values:
        return None
    if member.kind == "list":
        return tuple(of_text(member.element, value, wire) for value in values)
    if len(values) > 1:
        raise Unfit("malformed", wire, "given more than once")
    return of_text(member, values[0], wire)


def _query_map(member: Node, rest: Sequence[tuple[str, str]]) -> Value:
    if not rest:
        return None
    made: dict[str, list[Value]] = {}
    for name, value in rest:
        element = member.value.element if member.value.kind == "list" else member.value
        made.setdefault(name, []).append(of_text(element, value, name))
    if member.value.kind == "list":
        return Fields({name: tuple(values) for name, values in made.items()})
    return Fields({name: values[0] for name, values in made.items()})


def _header(member: Node, text: str, name: str) -> Value:
    if member.kind != "list":
        return of_text(member, text, name)
    if member.element.kind == "timestamp":
        raise Unfit("wrong", name, "a list of dates in a header is not supported")
    return tuple(of_text(member.element, each, name) for each in _listed(text))


def _listed(text: str) -> list[str]:
    """The elements of a header's list: parted by commas, in quotes where they hold one."""
    found = []
    at = 0
    while at < len(text):
        part = _LISTED.match(text, at)
        if part is None:
            return [each.strip() for each in text.split(",")]
        found.append(part[2].strip() if part[1] is None else re.sub(r"\\(.)", r"\1", part[1]))
        at = part.end()
    return found


def _prefixed(member: Node, prefix: str, headers: Mapping[str, str]) -> Value:
    made = {name[len(prefix) :]: sealed(member.value, value) for name, value in headers.items() if _under(name, prefix)}
    return Fields(made) if made else None


def _under(name: str, prefix: str) -> bool:
    return name.startswith(prefix) and len(name) > len(prefix)


def _with_body(node: Node, bound: Fields, body: bytes) -> Fields:
    if node.payload:
        value = _payload(node.members[node.payload], body)
        bound = Fields(bound if value is None else {**bound, node.payload: value})
        return json_values.structure_of(node, {}, "", given=bound)
    in_body = any(not member.location for member in node.members.values())
    if node.pool.protocol == "rest-json":
        return json_values.structure_of(node, json_values.parsed(body) if in_body else {}, "", given=bound)
    element = xml_values.parsed(body) if in_body and body else None
    return xml_values.structure_of(node, element, "", given=bound)


def _payload(member: Node, body: bytes) -> Value:
    if not body:
        return None
    if member.kind == "blob":
        return sealed(member, body)
    if member.kind == "string":
        return sealed(member, _text(body))
    if member.pool.protocol == "rest-json":
        return json_values.value_of(member, json_values.parsed(body), "")
    root = xml_values.parsed(body)
    if member.wire and root.tag.rpartition("}")[2] != member.wire:
        raise Unfit("malformed", "", f"the root element is {member.wire}")
    return xml_values.value_of(member, [root], "")


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise Unfit("malformed", "", "the body is not in UTF-8") from None
