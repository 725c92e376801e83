"""`narrowgate explain-denial`: a message, a decoded message, events or the sandbox's last denial, explained."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from narrowgate.adapters.action_data import action_list
from narrowgate.adapters.last_denial import last_denial
from narrowgate.adapters.target import Target
from narrowgate.calls import World, call
from narrowgate.errors import AwsError, NotPermitted, UsageError
from narrowgate.explain_denial.answer import Explained, explained, filled
from narrowgate.explain_denial.decoded import from_decoded, inner
from narrowgate.explain_denial.denied import Denied
from narrowgate.explain_denial.given import Given
from narrowgate.explain_denial.message import encoded_alone
from narrowgate.explain_denial.reading import merged, read
from narrowgate.policy import Document, Layer, Layers
from narrowgate.policy.request_context import Value
from narrowgate.verbs.policy_files import Files, read_documents, shown, spoken
from narrowgate.verbs.policy_question import LAYER_FIELDS
from narrowgate.verbs.policy_request import POLICIES

LONGEST_NAME: Final = 1_024
HOW: Final = (
    "give the message that AWS answered with, a file with it or with CloudTrail events, or `-` for standard input; "
    "with `--sandbox` alone, its last denial"
)
TO_DECODE: Final = (
    "this is an encoded message: add `--decode` (with AWS credentials that may call sts:DecodeAuthorizationMessage), "
    "or `--sandbox` for one of the sandbox; or give what "
    "`aws sts decode-authorization-message --encoded-message ...` prints"
)

Open = Callable[[], Target]
"""Opens the AWS that decodes."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line said. `parts` is a text in words, or the name of a file; `policies` names files.

    `sandbox`: the folder of the sandbox's state, where it is asked. `decoder`: who decodes, where somebody may.
    """

    parts: Sequence[str] = ()
    principal: str = ""
    action: str = ""
    resource: str = ""
    region: str = ""
    context: Sequence[str] = ()
    policies: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sandbox: Path | None = None
    decoder: Open | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The explanations, in the order of the input, and how the given policies are called."""

    items: tuple[Explained, ...]
    names: Mapping[Layer, tuple[str, ...]]


def explain_denials(asked: Asked, files: Files) -> Answer:
    """Explain every denial of the input. Raises UsageError where there is none, and what decoding raises."""
    given = _given(asked.policies, files)
    context = _context(asked.context)
    actions = action_list()
    made = [_completed(denied, asked, context) for denied in _decoded(_found(asked, files), asked)]
    return Answer(tuple(explained(each, actions, given) for each in made), given.names)


def _completed(denied: Denied, asked: Asked, context: Mapping[str, Value]) -> Denied:
    """With what the options add where the denial tells nothing; of the context they are believed."""
    found = filled(denied, asked.principal, asked.action, asked.resource)
    return replace(found, region=found.region or asked.region, context={**found.context, **context})


def _found(asked: Asked, files: Files) -> tuple[Denied, ...]:
    if not asked.parts:
        if asked.sandbox is None:
            raise UsageError(HOW)
        return (_last(asked.sandbox),)
    name, text = _text(asked.parts, files)
    found = read(text)
    if not found:
        raise UsageError(f"there is no denial in {name}: {HOW}")
    return found


def _last(folder: Path) -> Denied:
    told = last_denial(folder)
    if told is None:
        raise UsageError(f"the sandbox in `{folder}` has denied nothing yet; give a message instead")
    message = inner(told)
    denied = from_decoded(message) if message is not None else None
    if denied is None:
        raise UsageError(f"the last denial in `{folder}` is not what the sandbox writes; make the call again")
    return denied


def _text(parts: Sequence[str], files: Files) -> tuple[str, str]:
    """What the input is called, and its text: one word is a file, unless it is an encoded message or JSON."""
    text = " ".join(parts)
    if text == "-" or (len(parts) == 1 and _names_file(text)):
        return spoken(text), files.read(text)
    return "this text", text


def _names_file(text: str) -> bool:
    if len(text) <= LONGEST_NAME and _exists(text):
        return True
    return not any(c.isspace() for c in text) and not encoded_alone(text) and text[:1] not in ("{", "[", "")


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):
        return False


def _decoded(found: tuple[Denied, ...], asked: Asked) -> Iterator[Denied]:
    """The denials, their encoded messages decoded where somebody can; what cannot be is told as it is."""
    if asked.decoder is None or not any(denied.encoded for denied in found):
        if len(found) == 1 and found[0] == Denied(service="ec2", encoded=found[0].encoded) and found[0].encoded:
            raise UsageError(TO_DECODE)
        yield from found
        return
    with _opened(asked.decoder, asked.region or "us-east-1") as world:
        for denied in found:
            yield _with_message(denied, world) if denied.encoded else denied


@contextmanager
def _opened(decoder: Open, region: str) -> Iterator[World]:
    target = decoder()
    try:
        yield target.connect(None, region)
    finally:
        target.close()


def _with_message(denied: Denied, world: World) -> Denied:
    """The denial with what its encoded message says. Raises what AWS does where there is nothing else to tell."""
    try:
        reply = world(call("sts", "DecodeAuthorizationMessage", EncodedMessage=denied.encoded))
    except (NotPermitted, AwsError):
        if not (denied.principal or denied.action):
            raise
        # The words alone explain much; the advice says that more is in the encoded message.
        return denied
    message = inner({"DecodedMessage": reply.text("DecodedMessage")}) if reply else None
    decoded = from_decoded(message) if message is not None else None
    if decoded is None:
        raise UsageError("the encoded message is decoded, but tells of no denial; give the whole error message")
    return merged(denied, decoded)


def _given(policies: Mapping[str, Sequence[str]], files: Files) -> Given:
    """The policies in files, layer by layer. Raises UsageError with file, line and column of every fault."""
    layers: dict[str, Any] = {}
    names: dict[Layer, tuple[str, ...]] = {}
    for name, listed in policies.items():
        if not listed:
            continue
        kind, lists = POLICIES[name]
        # A trust policy is told from other resource policies by its missing Resource.
        read_as = "auto" if name == "resource_policy" else kind
        found = [(file, read_documents(file, files.read(file), read_as)) for file in listed]
        part, layer = LAYER_FIELDS[name]
        layers[part] = _joined([documents for _, documents in found], lists, listed[0])
        names[layer] = tuple(label for file, documents in found for label in _labels(file, documents))
    return Given(Layers(**layers), names)


def _joined(found: Sequence[tuple[Document, ...]], lists: int, name: str) -> Any:
    if lists == 2:
        return tuple(found)
    documents = tuple(document for each in found for document in each)
    if lists == 0 and len(documents) != 1:
        raise UsageError(f"{spoken(name)} and what is beside it have {len(documents)} documents: this layer has one")
    return documents if lists else documents[0]


def _labels(file: str, documents: Sequence[Document]) -> tuple[str, ...]:
    if len(documents) == 1:
        return (shown(file),)
    return tuple(f"{shown(file)}[{number}]" for number in range(len(documents)))


def _context(given: Sequence[str]) -> dict[str, Value]:
    made: dict[str, tuple[str, ...]] = {}
    for text in given:
        key, sign, value = text.partition("=")
        if not sign or not key:
            raise UsageError(f"`--context {text}`: write KEY=VALUE, such as `aws:RequestedRegion=us-east-1`")
        made[key.lower()] = (*made.get(key.lower(), ()), value)
    return {key: values[0] if len(values) == 1 else values for key, values in made.items()}
