"""CloudTrail events that tell of a denial. Pure.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
Parameters are taken only for services whose events spell them as the API does, but for the first letter;
EC2's and S3's have names of their own, so that of these only the operation is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from narrowgate.calls import Call, freeze
from narrowgate.calls import Fields as Params
from narrowgate.explain_denial.denied import Denied
from narrowgate.explain_denial.message import CODES, denials

_AS_API: Final = frozenset({"autoscaling", "dynamodb", "iam", "secretsmanager", "ssm", "sts"})
_DENIED: Final = frozenset({*CODES, "Client.UnauthorizedAccess", "UnauthorizedAccessException"})
_PREFIXES: Final[Mapping[str, str]] = {"monitoring": "cloudwatch", "tagging": "tag"}
"""Where the event's source is not the prefix of the service's actions."""


def events(value: object) -> Iterator[Mapping[str, Any]]:
    """The events in a JSON value: one, a list, `Records` of a log file, `Events` of lookup-events, or a `detail`."""
    if isinstance(value, list):
        for each in value:
            yield from events(each)
    elif isinstance(value, Mapping):
        if isinstance(value.get("eventName"), str) and isinstance(value.get("eventSource"), str):
            yield value
        elif isinstance(text := value.get("CloudTrailEvent"), str):
            yield from events(_json(text))
        else:
            for name in ("Records", "Events", "detail"):
                yield from events(value.get(name))


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def is_denied(event: Mapping[str, Any]) -> bool:
    """Whether a policy said no to the event's call."""
    return _text(event, "errorCode") in _DENIED


def from_event(event: Mapping[str, Any]) -> Denied:
    """The denial of an event: what its message says, completed by who called what."""
    operation = _text(event, "eventName")
    source = _text(event, "eventSource").partition(".")[0]
    service = _PREFIXES.get(source, source)
    said = next(iter(denials(_text(event, "errorMessage"))), Denied())
    who, role = _identity(event)
    arn, account = _resource(event)
    return replace(
        said,
        principal=said.principal or who,
        resource=said.resource or (arn if not said.action or said.action == f"{service}:{operation}" else ""),
        service=service,
        operation=operation,
        code=_text(event, "errorCode"),
        region=_text(event, "awsRegion"),
        role_arn=role if said.principal in ("", who) else "",
        resource_account=account if not said.resource else "",
        source="event",
        call=_call(service, operation, event.get("requestParameters")),
    )


def _text(value: object, name: str) -> str:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, str) else ""


def _identity(event: Mapping[str, Any]) -> tuple[str, str]:
    """The principal's ARN, and for a session that of its role.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
    """
    told = event.get("userIdentity")
    if not isinstance(told, Mapping):
        return "", ""
    kind, arn = _text(told, "type"), _text(told, "arn")
    if kind == "AWSService":
        return _text(told, "invokedBy"), ""
    session = told.get("sessionContext")
    issuer = session.get("sessionIssuer") if isinstance(session, Mapping) else None
    role = _text(issuer, "arn") if kind == "AssumedRole" and _text(issuer, "type") == "Role" else ""
    return arn, role


def _resource(event: Mapping[str, Any]) -> tuple[str, str]:
    """The one resource that the event names, and its owner; of S3's two, the object."""
    listed = event.get("resources")
    found = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    told = [(_text(each, "ARN") or _text(each, "arn"), _text(each, "accountId")) for each in found]
    named = [each for each in told if each[0].startswith("arn:")]
    objects = [each for each in named if ":s3:::" in each[0] and "/" in each[0]]
    only = objects if len(objects) == 1 else named
    return only[0] if len(only) == 1 else ("", "")


def _call(service: str, operation: str, params: object) -> Call | None:
    """The call, where its parameters can be read; hidden ones are texts that say so."""
    if service not in _AS_API or not isinstance(params, Mapping):
        return None
    try:
        fields = freeze(_spelled(params))
    except TypeError:
        return None
    return Call(service, operation, fields) if isinstance(fields, Params) else None


def _spelled(value: object) -> object:
    """The parameters in the API's spelling. A policy document, or a secret, is nothing that decides."""
    if isinstance(value, Mapping):
        return {str(k)[:1].upper() + str(k)[1:]: _spelled(v) for k, v in value.items() if k not in _LEFT_OUT}
    if isinstance(value, list):
        return [_spelled(each) for each in value]
    return value


_LEFT_OUT: Final = frozenset({"password", "policyDocument", "secretString", "userData", "value"})
