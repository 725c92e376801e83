"""What an answer tells: its error code and words, and what it made, read by botocore's own parsers.

A reply that cannot be read tells nothing; its status stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from narrowgate.adapters.sandbox.answer import Answer
from narrowgate.adapters.sandbox.recording import Result, learned
from narrowgate.adapters.sandbox.request import Style
from narrowgate.adapters.sandbox.services import profiles, service
from narrowgate.calls import EMPTY, Call, Fields

if TYPE_CHECKING:
    from narrowgate.adapters.sandbox.layer import Seen


def result_of(seen: Seen) -> Result:
    """What the client was told, and the ids that were made even if the answer was lost. Status 0: no answer."""
    ids = EMPTY if seen.call is None else _ids(seen.call, seen.request.style, seen.answer)
    if is_dropped(seen):
        made = EMPTY if seen.outlook.trouble == "dropped-before" else ids
        return Result(0, "", made)
    return Result(seen.answer.status, error_of(seen.answer, seen.request.style)[0], ids)


def is_dropped(seen: Seen) -> bool:
    """Whether the connection ends without an answer."""
    return seen.outlook.trouble in ("dropped-before", "dropped-after")


def error_of(answer: Answer, style: Style) -> tuple[str, str]:
    """Code and message of an error; of any other answer two empty strings."""
    if answer.status < 400:
        return "", ""
    error = _parsed(answer, style, None).get("Error", {})
    return str(error.get("Code", "")), str(error.get("Message", ""))


def _ids(call: Call, style: Style, answer: Answer) -> Fields:
    if answer.status >= 400 or call.reads_only or call.service not in profiles():
        return EMPTY
    spoken = profiles()[call.service].protocols
    protocol = style if style in spoken else spoken[0]
    found = service(call.service, protocol)
    if call.operation not in found.names:
        return EMPTY
    reply = _parsed(answer, protocol, found.model.operation_model(call.operation).output_shape)
    return learned(call, reply)


def _parsed(answer: Answer, protocol: str, shape: Any) -> dict[str, Any]:
    from botocore.awsrequest import HeadersDict
    from botocore.parsers import ResponseParserError, create_parser

    given = {"status_code": answer.status, "headers": HeadersDict(answer.headers), "body": answer.body}
    try:
        found: dict[str, Any] = create_parser(protocol).parse(given, shape)
    except (ResponseParserError, ValueError, TypeError, KeyError, AttributeError):
        # moto's answer is not of the form that the model wants.
        return {}
    return found
