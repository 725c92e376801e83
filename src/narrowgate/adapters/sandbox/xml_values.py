"""Parameters out of an XML body, for the REST-XML protocol. Pure.

https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html
A document type is refused, and with it every entity of a client's own; so is an encoding other than
UTF-8: another reader of the same bytes must read the same text.
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree.ElementTree import Element, ParseError, fromstring

from narrowgate.adapters.sandbox.scalars import Unfit, of_text
from narrowgate.adapters.sandbox.shapes import MAX_DEPTH, MAX_VALUES, Node
from narrowgate.calls import Fields, Value

_ENCODING: Final = re.compile(r"""^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']""")


def parsed(body: bytes) -> Element:
    """The root element of a body. Raises Unfit."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Unfit("malformed", "", "the body is not in UTF-8") from None
    if "<!DOCTYPE" in text or text.count("<") > 3 * MAX_VALUES:
        raise Unfit("malformed", "", "no document type, and not too many elements")
    declared = _ENCODING.match(text.removeprefix("\ufeff"))
    if declared and declared[1].lower() not in ("utf-8", "us-ascii"):
        raise Unfit("malformed", "", "the encoding is UTF-8")
    try:
        return fromstring(body)
    except (ParseError, ValueError):
        raise Unfit("malformed", "", "the body is no well-formed XML") from None


def value_of(node: Node, elements: list[Element], where: str, depth: int = 0) -> Value:
    """The value of a shape in the elements of one name; several are right only for flattened lists. Raises Unfit."""
    if depth > MAX_DEPTH:
        raise Unfit("malformed", where[:60], "nested too deeply")
    if node.kind == "list":
        return _list(node, elements, where, depth)
    if node.kind == "map":
        return _map(node, elements, where, depth)
    if len(elements) != 1:
        raise Unfit("malformed", where, "given more than once")
    if node.kind == "structure":
        return structure_of(node, elements[0], where, depth)
    if len(elements[0]):
        raise Unfit("wrong", where, f"elements where a {node.kind} is expected")
    return of_text(node, elements[0].text or "", where)


def structure_of(
    node: Node, element: Element | None, where: str, depth: int = 0, *, given: Fields | None = None
) -> Fields:
    """The members of a structure. `given` are members that came from elsewhere (path, query, headers)."""
    made: dict[str, Value] = dict(given or {})
    for wire, found in _children(element).items():
        if member := node.by_wire.get(wire):
            name, inner = member
            if not inner.location and not inner.trait("xmlAttribute"):
                made[name] = value_of(inner, found, f"{where}.{name}" if where else name, depth + 1)
    made |= _attributes(node, element, where)
    for name in node.required:
        if name not in made:
            raise Unfit("missing", f"{where}.{name}" if where else name)
    return Fields(made)


def _attributes(node: Node, element: Element | None, where: str) -> dict[str, Value]:
    """Members that are attributes: S3's `xsi:type` of a grantee is the only one."""
    if element is None or not element.attrib:
        return {}
    told = {_local(name): text for name, text in element.attrib.items()}
    return {
        name: of_text(inner, told[inner.wire.rpartition(":")[2]], f"{where}.{name}")
        for name, inner in node.members.items()
        if inner.trait("xmlAttribute") and inner.wire.rpartition(":")[2] in told
    }


def _list(node: Node, elements: list[Element], where: str, depth: int) -> Value:
    if not node.flattened:
        if len(elements) != 1:
            raise Unfit("malformed", where, "given more than once")
        wanted = node.element.wire or "member"
        elements = [child for child in elements[0] if _local(child.tag) == wanted]
    return tuple(
        value_of(node.element, [each], f"{where}.{place}", depth + 1) for place, each in enumerate(elements, 1)
    )


def _map(node: Node, elements: list[Element], where: str, depth: int) -> Value:
    entries = elements if node.flattened else [child for each in elements for child in each]
    made: dict[str, Value] = {}
    for entry in entries:
        pair = _children(entry)
        key = value_of(node.key, pair.get(node.key.wire or "key", []), where, depth + 1)
        if not isinstance(key, str) or key in made:
            raise Unfit("malformed", where, "a key is given more than once")
        made[key] = value_of(node.value, pair.get(node.value.wire or "value", []), where, depth + 1)
    return Fields(made)


def _children(element: Element | None) -> dict[str, list[Element]]:
    found: dict[str, list[Element]] = {}
    for child in element if element is not None else ():
        found.setdefault(_local(child.tag), []).append(child)
    return found


def _local(name: str) -> str:
    return name.rpartition("}")[2]
