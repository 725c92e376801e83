"""One CloudTrail event as a Happening, and what of it could not be read.

A call that AWS refused is not needed. One that it allowed and then could not do is: a program that looks before it
makes something must be told that it is not there. An event does not say which of the two it was, its code does.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from narrowgate.adapters.cloudtrail_dynamodb import as_requested
from narrowgate.adapters.cloudtrail_files import Event
from narrowgate.adapters.cloudtrail_members import Placing
from narrowgate.adapters.cloudtrail_services import Nameless, operations_of
from narrowgate.adapters.sandbox.recording import learned
from narrowgate.adapters.sandbox.secret_members import is_secret
from narrowgate.calls import EMPTY, Call, Fields, Value
from narrowgate.derive.evidence import LeftOut
from narrowgate.happening import Happening
from narrowgate.secret import Secret

if TYPE_CHECKING:
    from botocore.model import OperationModel, Shape

API_CALL: Final = "AwsApiCall"
_DRY_RUN: Final = frozenset({"Client.DryRunOperation", "DryRunOperation"})
# What AWS says before it looks: not allowed, not understood, not now. Whatever else it says, the call was allowed.
_BEFORE: Final = re.compile(
    r"AccessDenied|UnauthorizedOperation|UnauthorizedAccess|AuthFailure|NotAuthorized|NotAuthorised|Forbidden"
    r"|InvalidClientToken|UnrecognizedClient|SignatureDoesNotMatch|Expired|OptInRequired|MissingAuthentication"
    r"|Validation|MissingParameter|MissingAction|InvalidAction|InvalidParameter(?!Value)|UnknownParameter|Malformed"
    r"|Throttl|RequestLimitExceeded|TooManyRequests|SlowDown"
)
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-\d+")
_NOT_CALLS: Final[Mapping[str, str]] = {
    "AwsServiceEvent": "a service tells of its own doing, which no policy of the principal decides",
    "AwsConsoleSignIn": "a sign-in to the console, which no policy decides",
    "AwsVpceEvent": "what a VPC endpoint saw of a call that has an event of its own",
    "AwsCloudTrailInsight": "CloudTrail's own remark on other events",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What an event tells: a call, or why there is none; `hidden`: members whose values CloudTrail keeps secret."""

    happening: Happening | None
    left_out: tuple[LeftOut, ...] = ()
    hidden: tuple[str, ...] = ()


def told_by(event: Event, principal: str) -> Told:
    """The call of an event, made by `principal`."""
    name, kind = _name(event), event.text("eventType") or API_CALL
    if kind != API_CALL:
        known = _NOT_CALLS.get(kind)
        why = f"`{kind}`: {known or 'no call of an API, so that its requests are not known'}"
        return Told(None, (LeftOut(name, why, event.source, serious=known is None),))
    if not _REGION.fullmatch(event.text("awsRegion")):
        return Told(None, (LeftOut(name, "its `awsRegion` is no region", event.source),))
    needed = not failure_of(event)
    models = operations_of(event)
    read = models if isinstance(models, Nameless) else _surest([_read(model, event) for model in models], event)
    if isinstance(read, Nameless):
        return Told(None, (LeftOut(name, read.why, event.source, serious=needed),))
    return _told(event, principal, read)


def is_dry_run(event: Event) -> bool:
    """Whether the call only asked whether it is permitted, and was."""
    return event.text("errorCode") in _DRY_RUN


def failure_of(event: Event) -> str:
    """The error code of a call that AWS refused, or did not understand; the empty string if it was allowed."""
    code = event.text("errorCode")
    return code if _BEFORE.search(code) and not is_dry_run(event) else ""


@dataclass(frozen=True, slots=True)
class _Read:
    call: Call
    lost: tuple[str, ...]
    hidden: tuple[str, ...]
    reply: Fields


def _surest(read: list[_Read], event: Event) -> _Read | Nameless:
    """The only reading, or that of several services which alone takes every parameter."""
    if len(read) == 1:
        return read[0]
    whole = [each for each in read if not each.lost]
    if whole and (len(whole) == 1 or _is_namesake(whole[0], event)):
        return whole[0]
    services = " or ".join(f"`{each.call.service}`" for each in whole or read)
    return Nameless(f"the operation may be of {services}, and nothing in the event tells which")


def _told(event: Event, principal: str, read: _Read) -> Told:
    dry = is_dry_run(event)
    happening = Happening(
        call=Call(read.call.service, read.call.operation, Fields(read.call.params, DryRun=True)) if dry else read.call,
        region=event.text("awsRegion"),
        principal=principal,
        reply=read.reply if not event.text("errorCode") else EMPTY,
        failed=failure_of(event),
        source=event.source,
        without_effect=bool(event.text("errorCode")),
    )
    if not read.lost or happening.failed:
        return Told(happening, (), read.hidden)
    return Told(happening, (LeftOut(read.call.name, _lost(event, read.lost), event.source),), read.hidden)


def _lost(event: Event, lost: tuple[str, ...]) -> str:
    if event.group("requestParameters").get("omitted"):
        return "CloudTrail left out its parameters because they are too long: what it needs is not all known"
    names = ", ".join(f"`{each}`" for each in sorted(set(lost)))
    return f"its parameters {names} could not be read: they may have needed more than is known"


def _read(model: OperationModel, event: Event) -> _Read:
    service = model.service_model.service_name
    placing = Placing(service)
    given = event.record.get("requestParameters")
    params: Any = {}
    if model.input_shape is not None and isinstance(given, dict):
        params = placing.structure(model.input_shape, _request(model, given))
    needed = model.input_shape is not None and bool(model.input_shape.required_members)
    if not placing.lost and not params and (needed or not _is_hollow(given)):
        placing.lost.append("requestParameters")
    call = _without_secrets(Call(service, model.name, Fields(params)))
    hidden = tuple(f"{call.name} {path}" for path in placing.hidden)
    return _Read(call, tuple(placing.lost), hidden, _reply(call, model.output_shape, event))


def _is_hollow(given: Any) -> bool:
    """Whether there is nothing in it: CloudTrail writes empty sets for what was not asked."""
    return given is None or (isinstance(given, dict) and all(map(_is_hollow, given.values())))


def _reply(call: Call, shape: Shape | None, event: Event) -> Fields:
    """The ids, ARNs and names of what was made. What has no place in the shape is no id that is known."""
    given = event.record.get("responseElements")
    if shape is None or not isinstance(given, dict):
        return EMPTY
    inner = _unwrapped(given, f"{call.operation}Response")
    return learned(call, Fields(Placing(call.service).structure(shape, inner)))


def _request(model: OperationModel, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters out of the wrappers: of newer operations of EC2, what RunInstances has in a set, of items."""
    if model.service_model.service_name == "dynamodb":
        return as_requested(model.name, given)
    inner = _unwrapped(given, f"{model.name}Request")
    launched = inner.get("instancesSet")
    if model.name != "RunInstances" or not isinstance(launched, dict):
        return inner
    items = launched.get("items")
    if not isinstance(items, list) or len(items) != 1 or not isinstance(items[0], dict):
        return inner
    return {**items[0], **{name: value for name, value in inner.items() if name != "instancesSet"}}


def _unwrapped(given: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = given.get(name, given.get(name[:1].lower() + name[1:]))
    return inner if len(given) == 1 and isinstance(inner, dict) else given


def _without_secrets(call: Call) -> Call:
    """The call with what may be a secret as a Secret. CloudTrail hides most of these itself, not all."""

    def kept(value: Value, name: str, top: bool) -> Value:
        if isinstance(value, str | bytes) and name and is_secret(call, name, top=top):
            return Secret(value if isinstance(value, str) else "")
        if isinstance(value, Fields):
            return Fields({inner: kept(each, inner, False) for inner, each in value.items()})
        return tuple(kept(each, name, top) for each in value) if isinstance(value, tuple) else value

    return Call(call.service, call.operation, Fields({n: kept(v, n, True) for n, v in call.params.items()}))


def _is_namesake(read: _Read, event: Event) -> bool:
    return read.call.service == event.text("eventSource").partition(".")[0]


def _name(event: Event) -> str:
    service = event.text("eventSource").partition(".amazonaws.com")[0]
    return f"{service or 'unknown'}:{event.text('eventName') or 'unknown'}"
