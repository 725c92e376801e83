"""A request with all that decides it, as plain JSON documents, for any engine. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from narrowgate.policy.decision import Layers
from narrowgate.policy.document import Document, Kind
from narrowgate.policy.grammar import from_value
from narrowgate.policy.place import Faults
from narrowgate.policy.request_context import Request, Requester, request

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class World:
    """A request, its context and its documents; `number` says how to make it again.

    Documents are decoded JSON and never changed in place.
    """

    number: int
    principal: Json
    action: str
    resource: str
    context: Mapping[str, str | list[str]]
    resource_account: str = ""
    identity: tuple[Json, ...] = ()
    boundaries: tuple[Json, ...] = ()
    session: Json | None = None
    scps: tuple[tuple[Json, ...], ...] = ()
    rcps: tuple[tuple[Json, ...], ...] = ()
    resource_policy: Json | None = None
    endpoints: tuple[Json, ...] = ()

    @property
    def has_trust_policy(self) -> bool:
        """Whether the resource's policy is a role's trust policy."""
        return self.action.startswith("sts:")

    @property
    def kind(self) -> str:
        """For AWS principals `root`, `user`, `role`, `assumed-role`, `federated-user`; else the type."""
        name = str(self.principal.get("arn", "")).rpartition(":")[2]
        return name.partition("/")[0] or str(self.principal["type"])

    def documents(self) -> Iterator[tuple[str, Json]]:
        """Every document with the name of its layer."""
        yield from (("identity", d) for d in self.identity)
        yield from (("boundary", d) for d in self.boundaries)
        yield from (("session", d) for d in (self.session,) if d)
        yield from (("scp", d) for level in self.scps for d in level)
        yield from (("rcp", d) for level in self.rcps for d in level)
        yield from (("resource", d) for d in (self.resource_policy,) if d)
        yield from (("endpoint", d) for d in self.endpoints)


def requester(world: World) -> Requester:
    """The principal as our engine takes it."""
    return Requester(**world.principal)


def line(world: World) -> Json:
    """The world as one line of `narrowgate policy evaluate --batch`."""
    return {
        "id": world.number,
        "principal": world.principal,
        "action": world.action,
        "resource": world.resource,
        "resource_account": world.resource_account or None,
        "context": dict(world.context),
        "identity_policies": world.identity,
        "permission_boundaries": world.boundaries,
        "session_policy": world.session,
        "scps": world.scps,
        "rcps": world.rcps,
        "resource_policy": world.resource_policy,
        "endpoint_policies": world.endpoints,
    }


def owner(world: World) -> str:
    """The account of the resource: as given, else in the ARN, else the principal's own; "" if nothing tells."""
    named = world.resource.split(":")[4] if world.resource.startswith("arn:") else ""
    own = world.principal.get("arn", ":::::").split(":")[4]
    return world.resource_account or named or str(own)


def asked(world: World) -> Request:
    """The request as our engine takes it."""
    return request(requester(world), world.action, world.resource, world.context, world.resource_account)


def layers(world: World) -> Layers:
    """The documents as our engine takes them. Raises ValueError for one that it refuses."""
    return Layers(
        identity=tuple(_read(d, "identity") for d in world.identity),
        boundaries=tuple(_read(d, "boundary") for d in world.boundaries),
        session=_read(world.session, "identity") if world.session else None,
        scps=tuple(tuple(_read(d, "scp") for d in level) for level in world.scps),
        rcps=tuple(tuple(_read(d, "rcp") for d in level) for level in world.rcps),
        resource=_read(world.resource_policy, "trust" if world.has_trust_policy else "resource")
        if world.resource_policy
        else None,
        endpoints=tuple(_read(d, "resource") for d in world.endpoints),
    )


def _read(document: Json, kind: Kind) -> Document:
    found = from_value(document, kind, lenient=True)
    if isinstance(found, Faults):
        raise ValueError(f"our engine refuses a generated document: {found}: {document}")
    return found


def many(value: Any) -> list[Any]:
    """A JSON value that may be one or a list, as a list."""
    return list(value) if isinstance(value, list | tuple) else [value]


Change: TypeAlias = Callable[[Json, str, Json], "list[Json]"]
"""What a statement becomes (none, one or several), given its layer and its document."""


def each_statement(world: World, change: Change) -> World:
    """The world with every statement changed; the very same object where nothing was."""

    def one(layer: str) -> Callable[[Json], Json]:
        nothing = _NOTHING["trust" if layer == "resource" and world.has_trust_policy else layer]

        def changed(document: Json) -> Json:
            before = many(document["Statement"])
            after = [new for old in before for new in change(old, layer, document)]
            return document if after == before else {**document, "Statement": after or [nothing]}

        return changed

    return each_document(world, one)


# No document may be empty, so what is left of one is a statement that never matches.
_NEVER: Final[Json] = {"Effect": "Deny", "Action": "zzz:Never", "Resource": "*"}
NO_TRUST: Final[Json] = {"Effect": "Deny", "Principal": "*", "Action": "sts:GetAccessKeyInfo"}
_NEVER_OF_ANYONE: Final[Json] = {**_NEVER, "Principal": "*"}
_NOTHING: Final[Mapping[str, Json]] = {
    "identity": _NEVER,
    "boundary": _NEVER,
    "session": _NEVER,
    "scp": _NEVER,
    "rcp": _NEVER_OF_ANYONE,
    "resource": _NEVER_OF_ANYONE,
    "endpoint": _NEVER_OF_ANYONE,
    "trust": NO_TRUST,
}


def each_document(world: World, one: Callable[[str], Callable[[Json], Json]]) -> World:
    """The world with every document changed; the very same object where nothing was."""
    made = replace(
        world,
        identity=tuple(map(one("identity"), world.identity)),
        boundaries=tuple(map(one("boundary"), world.boundaries)),
        session=one("session")(world.session) if world.session else None,
        scps=tuple(tuple(map(one("scp"), level)) for level in world.scps),
        rcps=tuple(tuple(map(one("rcp"), level)) for level in world.rcps),
        resource_policy=one("resource")(world.resource_policy) if world.resource_policy else None,
        endpoints=tuple(map(one("endpoint"), world.endpoints)),
    )
    return world if made == world else made


def without_resource(statement: Json) -> Json:
    """The statement as a trust policy has it."""
    return {name: part for name, part in statement.items() if name not in ("Resource", "NotResource")}
