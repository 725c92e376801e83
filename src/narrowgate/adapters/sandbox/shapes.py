"""botocore's shapes, compiled to what a decoder asks of them at each value. Pure.

A model is recursive (DynamoDB's AttributeValue), so members are compiled when they are first met, and
each shape once for a service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from narrowgate.adapters.aws import SECRET_MEMBERS

if TYPE_CHECKING:
    from botocore.model import Shape

Protocol: TypeAlias = Literal["query", "ec2", "json", "rest-json", "rest-xml"]
Location: TypeAlias = Literal["", "uri", "querystring", "header", "headers"]

MAX_DEPTH: Final = 128
"""How deep a value may be nested: DynamoDB's 32 levels make 96 of ours."""
MAX_VALUES: Final = 100_000
"""How many fields, elements or list members one call may have."""


@dataclass(frozen=True)
class Node:
    """One shape where it is used: its type, its name on the wire, whether it holds a secret.

    `wire` is empty where the model gives none. Not slotted: members are made on first use.
    """

    shape: Shape = field(repr=False)
    pool: Pool = field(repr=False)
    secret: bool
    kind: str
    wire: str
    location: Location
    flattened: bool

    @cached_property
    def members(self) -> Mapping[str, Node]:
        """The members of a structure by AWS's names."""
        inner: Mapping[str, Shape] = getattr(self.shape, "members", {})
        return {name: self.pool.node(member, name) for name, member in inner.items()}

    @cached_property
    def by_wire(self) -> Mapping[str, tuple[str, Node]]:
        """The members of a structure by their names on the wire."""
        return {self.pool.wire_name(node, name): (name, node) for name, node in self.members.items()}

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The members that AWS's model demands."""
        return tuple(self.shape.metadata.get("required", ()))

    @cached_property
    def element(self) -> Node:
        """What a list holds."""
        return self.pool.node(_inner(self.shape, "member"), "")

    @cached_property
    def key(self) -> Node:
        """What the keys of a map are."""
        return self.pool.node(_inner(self.shape, "key"), "")

    @cached_property
    def value(self) -> Node:
        """What the values of a map are."""
        return self.pool.node(_inner(self.shape, "value"), "")

    @cached_property
    def payload(self) -> str:
        """The member that is the whole body of a REST request; empty where the body is the structure."""
        return str(self.shape.serialization.get("payload", ""))

    def trait(self, name: str) -> str:
        """A serialization trait of the model; empty where it has none."""
        return str(self.shape.serialization.get(name, ""))


class Pool:
    """The compiled shapes of one service."""

    def __init__(self, protocol: Protocol) -> None:
        self.protocol = protocol
        self._nodes: dict[tuple[str, str, bool], Node] = {}

    def node(self, shape: Shape, name: str) -> Node:
        """The shape as the member `name` of another."""
        secret = name in SECRET_MEMBERS or bool(shape.metadata.get("sensitive"))
        key = (shape.name, repr(sorted(shape.serialization.items(), key=str)), secret)
        if key not in self._nodes:
            self._nodes[key] = self._compiled(shape, secret)
        return self._nodes[key]

    def wire_name(self, node: Node, name: str) -> str:
        """What a member is called on the wire, by the rules of the protocol."""
        if self.protocol == "ec2":
            # https://smithy.io/2.0/aws/protocols/aws-ec2-query-protocol.html: capitalised, unless told otherwise.
            return node.trait("queryName") or node.wire[:1].upper() + node.wire[1:] or name
        if self.protocol == "query" and node.kind == "list" and node.flattened:
            return node.element.wire or node.wire or name
        return node.wire or name

    def _compiled(self, shape: Shape, secret: bool) -> Node:
        traits: Mapping[str, Any] = shape.serialization
        kind = "document" if getattr(shape, "is_document_type", False) else shape.type_name
        return Node(
            shape,
            self,
            secret,
            kind,
            str(traits.get("name", "")),
            traits.get("location", ""),
            bool(traits.get("flattened")),
        )


def _inner(shape: Shape, name: str) -> Shape:
    inner: Shape = getattr(shape, name)
    return inner
