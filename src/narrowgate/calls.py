"""Call, the one currency: an AWS operation in AWS's exact names, and what it answers. Pure.

Planner, prover, executor, journal, recorder and sandbox all speak Calls. Values are immutable and
hashable, so identical reads are made once and a plan has one canonical form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from narrowgate.secret import MASK, Secret


@dataclass(frozen=True, slots=True)
class Ref:
    """A value that only AWS can give: `attribute` of the thing at `address`.

    `attribute` is a member name of the reply of the step that makes the thing (`AccessKeyId`,
    `SecretAccessKey`, `VpcId`), or of what was observed of it.
    """

    address: str
    attribute: str

    def __str__(self) -> str:
        return f"<{self.address}.{self.attribute}>"


Value: TypeAlias = "bool | int | float | str | bytes | Secret | Ref | tuple[Value, ...] | Fields | None"


class Fields(Mapping[str, Value]):
    """An immutable, hashable mapping of AWS member names to values, kept in sorted order."""

    __slots__ = ("_hash", "_items")

    def __init__(self, items: Mapping[str, object] | None = None, **more: object) -> None:
        merged = {**(items or {}), **more}
        self._items: dict[str, Value] = {k: freeze(merged[k]) for k in sorted(merged)}
        self._hash: int | None = None

    def __getitem__(self, key: str) -> Value:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash(tuple(self._items.items()))
        return self._hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fields) and self._items == other._items

    def __repr__(self) -> str:
        return f"Fields({self._items!r})"

    def text(self, key: str) -> str:
        """The string at `key`; the empty string where it is absent or not a string."""
        value = self._items.get(key)
        return value if isinstance(value, str) else ""

    def group(self, key: str) -> Fields:
        """The structure at `key`; an empty one where it is absent."""
        value = self._items.get(key)
        return value if isinstance(value, Fields) else EMPTY

    def items_of(self, key: str) -> tuple[Fields, ...]:
        """The structures in the list at `key`; none where it is absent."""
        value = self._items.get(key)
        return tuple(v for v in value if isinstance(v, Fields)) if isinstance(value, tuple) else ()

    def texts(self, key: str) -> tuple[str, ...]:
        """The strings in the list at `key`; none where it is absent."""
        value = self._items.get(key)
        return tuple(v for v in value if isinstance(v, str)) if isinstance(value, tuple) else ()


def freeze(value: object) -> Value:
    """Any JSON-like value as an immutable one: lists to tuples, dicts to Fields, dates to ISO text.

    Raises TypeError for a type that neither AWS's models nor our Calls use.
    """
    match value:
        case None | bool() | int() | float() | str() | bytes() | Secret() | Ref() | Fields():
            return value
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case Mapping():
            return Fields({str(k): v for k, v in value.items()})
        case list() | tuple():
            return tuple(freeze(v) for v in value)
        case set() | frozenset():
            return tuple(sorted((freeze(v) for v in value), key=repr))
    raise TypeError(f"no place for a {type(value).__name__} in a Call")


def masked(value: Value) -> object:
    """The value as plain JSON-ready data, secrets masked and references spelled out."""
    match value:
        case Fields():
            return {k: masked(v) for k, v in value.items()}
        case tuple():
            return [masked(v) for v in value]
        case Secret() | bytes():
            return MASK
        case Ref():
            return {"$ref": [value.address, value.attribute]}
    return value


def unmasked(data: object) -> Value:
    """What `masked` made plain data of, but for the secrets, which stay masked. Raises TypeError as `freeze` does."""
    match data:
        case {"$ref": [str(address), str(attribute)], **rest} if not rest:
            return Ref(address, attribute)
        case dict():
            return Fields({str(name): unmasked(inner) for name, inner in data.items()})
        case list():
            return tuple(unmasked(inner) for inner in data)
    return freeze(data)


EMPTY = Fields()


@dataclass(frozen=True, slots=True)
class Call:
    """One API call: botocore's service name, the operation, its parameters in AWS's names.

    Two services are not AWS's: `sink` (a place that keeps a credential) and `journal` (what we
    did before), so that a plan and its reads have one form whatever they touch.
    """

    service: str
    operation: str
    params: Fields = EMPTY

    @property
    def name(self) -> str:
        """`iam:CreateUser`, as AWS writes it."""
        return f"{self.service}:{self.operation}"

    @property
    def reads_only(self) -> bool:
        """Whether the operation, by AWS's naming, changes nothing."""
        return self.operation.startswith(READ_PREFIXES) and self.operation not in READ_EXCEPTIONS


READ_PREFIXES = ("Get", "List", "Describe", "Head", "Simulate", "Lookup", "Batch", "Holds", "Recall")
# These hand out credentials: repeating one makes another.
READ_EXCEPTIONS = frozenset({"GetSessionToken", "GetFederationToken", "BatchWriteItem"})

Reply: TypeAlias = Fields
World: TypeAlias = Callable[[Call], "Reply | None"]
"""One principal in one region. None means that AWS says the thing does not exist.

Raises NotPermitted, AwsError or OutcomeUnknown.
"""


def call(service: str, operation: str, **params: object) -> Call:
    """`call("iam", "GetUser", UserName="x")`; parameters that are None are left out."""
    return Call(service, operation, Fields({k: v for k, v in params.items() if v is not None}))


def resolve(value: Value, lookup: Callable[[Ref], Value]) -> Value:
    """The value with every Ref replaced by what `lookup` says of it."""
    match value:
        case Ref():
            return lookup(value)
        case Fields():
            return Fields({k: resolve(v, lookup) for k, v in value.items()})
        case tuple():
            return tuple(resolve(v, lookup) for v in value)
    return value


def refs(value: Value) -> frozenset[Ref]:
    """Every Ref inside the value."""
    match value:
        case Ref():
            return frozenset({value})
        case Fields():
            return frozenset().union(*(refs(v) for v in value.values()))
        case tuple():
            return frozenset().union(*(refs(v) for v in value))
    return frozenset()


def named(value: Value, member: str) -> Iterator[str]:
    """The texts of a member, wherever in a reply it stands."""
    if isinstance(value, Fields):
        if isinstance(found := value.get(member), str):
            yield found
        for inner in value.values():
            yield from named(inner, member)
    elif isinstance(value, tuple):
        for inner in value:
            yield from named(inner, member)


def strings(value: Value) -> Iterator[str]:
    """Every text inside the value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Fields | tuple):
        for inner in value.values() if isinstance(value, Fields) else value:
            yield from strings(inner)
