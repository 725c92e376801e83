"""The JSON form of a request with its policies, as `narrowgate policy evaluate` and `explain` read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from json.encoder import encode_basestring_ascii as quoted
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar

from narrowgate.policy import Fault, Faults, Kind, Readable, load, parse_arn
from narrowgate.policy.decision import Layers
from narrowgate.policy.lines import Fields, Memory, Number, Span, elements, moved, read_fields, too_deep
from narrowgate.policy.request_context import Request, Requester, request
from narrowgate.verbs.policy_files import AnyKind, guessed
from narrowgate.verbs.policy_json import Faulty, context, faulty, requester

MOST_CHARACTERS: Final = 4 * 1024 * 1024
"""Of documents kept parsed, and again of those kept compiled; a character costs about 20 and 15 bytes."""

MOST_REQUESTERS: Final = 4096
LEAST_SIZE: Final = 1024  # what a small entry costs beyond its text

POLICIES: Final[Mapping[str, tuple[Kind, int]]] = MappingProxyType(
    {
        "identity_policies": ("identity", 1),
        "permission_boundaries": ("boundary", 1),
        "session_policy": ("identity", 0),
        "scps": ("scp", 2),
        "rcps": ("rcp", 2),
        "resource_policy": ("resource", 0),
        "endpoint_policies": ("resource", 1),
    }
)
"""The fields that hold policies: the kind of document, and how many lists it stands in."""

SHAPES: Final = ("a policy document", "a list of policy documents", "a list of levels, each a list of policy documents")
LONG: Final = frozenset(POLICIES)
KNOWN: Final = LONG | {"id", "principal", "action", "resource", "resource_account", "context"}

Prepared = TypeVar("Prepared")


@dataclass(frozen=True, slots=True)
class Question(Generic[Prepared]):
    """A request that was understood, and its policies in the form that the asker wants. `id` is JSON."""

    id: str
    request: Request
    policies: Prepared


@dataclass(frozen=True, slots=True)
class Wrong:
    """A text that is no request: its id as JSON, `null` where unknown, and everything wrong with it."""

    id: str
    faults: tuple[Fault, ...]


class Documents:
    """Documents by their text, parsed once as long as there is room. Faults are those of the text alone."""

    def __init__(self) -> None:
        self.memory = Memory()
        self._made: dict[tuple[AnyKind, str], Readable | Faults] = {}
        self._room = MOST_CHARACTERS

    def read(self, text: str, kind: AnyKind) -> Readable | Faults:
        """The policy that the text is, operators that do not exist included, or what is wrong with it."""
        made = self._made.get((kind, text))
        if made is None:
            if len(text) > self._room:
                self._made.clear()
                self._room = MOST_CHARACTERS
            made = load(text, guessed(text) if kind == "auto" else kind, lenient=True)
            self._made[kind, text] = made
            self._room -= len(text) + LEAST_SIZE
        return made


class Requests(Generic[Prepared]):
    """Reads requests one after another; what `prepare` makes of their policies is made once for the same text."""

    def __init__(self, prepare: Callable[[Layers], Prepared]) -> None:
        self._prepare = prepare
        self._documents = Documents()
        self._prepared: dict[tuple[object, ...], Prepared] = {}
        self._room = MOST_CHARACTERS
        self._requesters: dict[str, Requester] = {}

    def read(self, text: str) -> Question[Prepared] | Wrong:
        """The question that the JSON text asks, or what is wrong with it, beginning with the request."""
        fields = read_fields(text, KNOWN, LONG, self._documents.memory)
        try:
            if fields.faults:
                return Wrong(id_text(fields), tuple(fields.faults))
            known = id_text(fields, strict=True)
            asked = self._request(fields.values)
            return Question(known, asked, self._policies(text, fields, is_role(asked.resource)))
        except Faulty as error:
            return Wrong(id_text(fields), error.faults)
        except ValueError as error:
            return Wrong(id_text(fields), (Fault("", 0, 0, str(error)),))

    def _request(self, values: Mapping[str, Any]) -> Request:
        principal = values.get("principal")
        who = self._requesters.get(principal) if type(principal) is str else None
        if who is None:
            who = requester(principal)
            if type(principal) is str and len(self._requesters) < MOST_REQUESTERS:
                self._requesters[principal] = who
        action = _text(values, "action", "one action as text, such as `ec2:RunInstances`")
        resource = _text(values, "resource", 'an ARN as text, or "*"', default="*")
        account = _text(values, "resource_account", "12 digits as text", default="")
        return request(who, action, resource, context(values.get("context")), account)

    def _policies(self, text: str, fields: Fields, for_role: bool) -> Prepared:
        spans = fields.spans
        # A value that is neither object nor list is in the key too: it is never prepared, but told of.
        key = (for_role, *[spans[name].raw if name in spans else fields.values.get(name) for name in POLICIES])
        made = self._prepared.get(key)
        if made is None:
            made = self._prepare(_layers(Reading(text, fields, self._documents), for_role))
            self._keep(key, made, sum(len(span.raw) for span in spans.values()))
        return made

    def _keep(self, key: tuple[object, ...], made: Prepared, size: int) -> None:
        if size > self._room:
            self._prepared.clear()
            self._room = MOST_CHARACTERS
        self._prepared[key] = made
        self._room -= size + LEAST_SIZE


@dataclass(frozen=True, slots=True)
class Reading:
    """The policies of one text on their way to the engine; `faults` is everything wrong with them so far."""

    text: str
    fields: Fields
    documents: Documents
    faults: list[Fault] = dataclass_field(default_factory=list)

    def field(self, name: str, kind: AnyKind, lists: int) -> Any:
        """The documents of a field, in tuples for lists; None where it is absent or not sound."""
        if (span := self.fields.spans.get(name)) is not None:
            return self._value(name, span, kind, lists)
        if self.fields.values.get(name) is not None:
            self.faults.append(Fault(name, 0, 0, f"must be {SHAPES[lists]}"))
        return None

    def _value(self, path: str, span: Span, kind: AnyKind, lists: int) -> Any:
        if span.raw[0] != ("[" if lists else "{"):
            self.faults.append(moved(Fault("", 1, 1, f"must be {SHAPES[lists]}"), path, self.text, span.at))
            return None
        if lists:
            inner = enumerate(self._elements(path, span))
            return tuple(self._value(f"{path}[{i}]", item, kind, lists - 1) for i, item in inner)
        made = self.documents.read(span.raw, kind)
        if isinstance(made, Faults):
            self.faults.extend(moved(fault, path, self.text, span.at) for fault in made.items)
        return made

    def _elements(self, path: str, span: Span) -> tuple[Span, ...]:
        try:
            return tuple(elements(span, self.documents.memory))
        except ValueError:
            self.faults.extend(moved(fault, path, self.text, span.at) for fault in too_deep(span))
            return ()

    def sound(self) -> None:
        """Raises Faulty where anything is wrong."""
        if self.faults:
            raise Faulty(*self.faults)


def _layers(reading: Reading, for_role: bool) -> Layers:
    """The policies of a request. Raises Faulty."""
    found = {name: reading.field(name, *form) for name, form in POLICIES.items() if name != "resource_policy"}
    resource = reading.field("resource_policy", "trust" if for_role else "resource", 0)
    reading.sound()
    return Layers(
        identity=found["identity_policies"] or (),
        boundaries=found["permission_boundaries"] or (),
        session=found["session_policy"],
        scps=found["scps"] or (),
        rcps=found["rcps"] or (),
        resource=resource,
        endpoints=found["endpoint_policies"] or (),
    )


def is_role(resource: str) -> bool:
    """Whether the resource is a role, whose policy is a trust policy."""
    arn = parse_arn(resource) if ":role/" in resource else None
    return arn is not None and arn.service == "iam" and arn.resource.startswith("role/")


def id_text(fields: Fields, *, strict: bool = False) -> str:
    """The id as JSON, or `null`; when strict, raises Faulty for one that is no text, number or boolean."""
    value = fields.values.get("id")
    if type(value) is str:
        return quoted(value)
    if isinstance(value, Number):
        return str(value)
    if strict and not (value is None or isinstance(value, bool)):
        raise Faulty(Fault("id", 0, 0, "must be text or a number"))
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else "null"


def _text(values: Mapping[str, Any], name: str, what: str, *, default: str | None = None) -> str:
    value = values.get(name, default)
    if value is None:
        value = default
    if type(value) is not str:
        raise faulty(name, f"must be {what}" if value is not None else f"is missing; {what}")
    return value
