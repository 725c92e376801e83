"""One question of a person: a request and its policies, from options and files or from a JSON object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final, get_args, get_type_hints

from narrowgate.errors import UsageError
from narrowgate.policy import Document, Kind, Layer, Layers, Request, Switches, request
from narrowgate.verbs.policy_files import Files, read_documents, shown, spoken, unsound
from narrowgate.verbs.policy_json import Faulty, requester
from narrowgate.verbs.policy_request import POLICIES, Requests, Wrong, is_role

LAYER_FIELDS: Final[Mapping[str, tuple[str, Layer]]] = MappingProxyType(
    {
        "identity_policies": ("identity", "identity"),
        "permission_boundaries": ("boundaries", "boundary"),
        "session_policy": ("session", "session"),
        "scps": ("scps", "scp"),
        "rcps": ("rcps", "rcp"),
        "resource_policy": ("resource", "resource"),
        "endpoint_policies": ("endpoints", "endpoint"),
    }
)
"""For each field of a request in JSON: its name in Layers, and the layer."""

OPTIONS: Final[Mapping[str, str]] = MappingProxyType({"principal.role_arn": "`--role-arn`"})
"""What the command line calls a field of a request in JSON, where it is not the same."""

Names = Mapping[Layer, tuple[str, ...]]
"""What the policies of a layer are called, in their order."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the options said. `principal` has the fields of a principal in JSON; `policies` name files.

    `request` is the name of a file with a JSON object; the other parts of the request are then not given.
    """

    request: str | None = None
    principal: Mapping[str, str] = field(default_factory=dict)
    action: str | None = None
    resource: str | None = None
    resource_account: str | None = None
    context: tuple[str, ...] = ()
    policies: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """One request with its layers; `id` is what the JSON object gave, as JSON, `names` the files of the policies."""

    id: str
    request: Request
    layers: Layers
    names: Names


def understood(asked: Asked, files: Files) -> Question:
    """The question that the options ask. Raises UsageError with what is wrong, and where."""
    found, layers, known = _from_file(asked, files) if asked.request is not None else _from_options(asked)
    names: dict[Layer, tuple[str, ...]] = {}
    for name, given in asked.policies.items():
        if given:
            kind, lists = POLICIES[name]
            kind = "trust" if name == "resource_policy" and is_role(found.resource) else kind
            read = [_from_policy_file(files, file, kind) for file in given]
            part, layer = LAYER_FIELDS[name]
            layers[part] = _joined(given, [documents for documents, _ in read], lists)
            names[layer] = tuple(label for _, labels in read for label in labels)
    return Question(known, found, Layers(**layers), names)


def _from_file(asked: Asked, files: Files) -> tuple[Request, dict[str, Any], str]:
    assert asked.request is not None
    if asked.principal or asked.action or asked.resource or asked.resource_account or asked.context:
        raise UsageError(f"the request is in `{shown(asked.request)}`: leave out the options that say it again")
    found = Requests(lambda layers: layers).read(files.read(asked.request))
    if isinstance(found, Wrong):
        raise unsound(asked.request, found.faults)
    given = {part.name: getattr(found.policies, part.name) for part in fields(Layers)}
    return found.request, given, found.id


def _from_options(asked: Asked) -> tuple[Request, dict[str, Any], str]:
    if not asked.principal:
        raise UsageError(
            "who asks? say `--principal ARN`, `--service NAME`, `--provider NAME` or `--anonymous`; "
            "or give the whole request as a JSON file, or as `-` on standard input"
        )
    if not asked.action:
        raise UsageError("which action? say `--action`, such as `--action ec2:RunInstances`")
    try:
        who = requester(dict(asked.principal))
        made = request(who, asked.action, asked.resource or "*", _context(asked.context), asked.resource_account or "")
    except Faulty as error:
        raise UsageError("; ".join(f"{OPTIONS.get(f.path, f.path)} {f.message}" for f in error.faults)) from None
    except ValueError as error:
        raise UsageError(str(error)) from None
    return made, {}, "null"


def _context(given: Iterable[str]) -> dict[str, str | tuple[str, ...]]:
    made: dict[str, list[str]] = {}
    for text in given:
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise UsageError(f"`--context {text}`: write KEY=VALUE, such as `aws:RequestedRegion=us-east-1`")
        made.setdefault(key, []).append(value)
    return {key: values[0] if len(values) == 1 else tuple(values) for key, values in made.items()}


def _from_policy_file(files: Files, name: str, kind: Kind) -> tuple[tuple[Document, ...], tuple[str, ...]]:
    documents = read_documents(name, files.read(name), kind)
    labels = (shown(name),) if len(documents) == 1 else tuple(f"{shown(name)}[{n}]" for n in range(len(documents)))
    return documents, labels


def _joined(names: Sequence[str], found: Sequence[tuple[Document, ...]], lists: int) -> Any:
    """What the files hold, in as many lists as the layer has."""
    if lists == 2:
        return tuple(found)
    documents = tuple(document for each in found for document in each)
    if lists == 1:
        return documents
    if len(documents) != 1:
        held = " and ".join(f"{spoken(name)} has {_count(len(each))}" for name, each in zip(names, found, strict=True))
        raise UsageError(f"{held}: this layer has one")
    return documents[0]


def _count(documents: int) -> str:
    return "1 document" if documents == 1 else f"{documents} documents"


def switches(given: Iterable[str]) -> Switches:
    """The switches that were set by `NAME=VALUE`; those of docs/policy-engine.md. Raises UsageError."""
    hints = get_type_hints(Switches)
    made: dict[str, str] = {}
    for text in given:
        name, _, value = text.partition("=")
        if name not in hints:
            raise UsageError(f"there is no switch `{name}`; there are {', '.join(hints)}")
        if value not in get_args(hints[name]):
            raise UsageError(f"the switch `{name}` is one of {', '.join(get_args(hints[name]))}, not `{value}`")
        made[name] = value
    return Switches(**made)  # type: ignore[arg-type]
