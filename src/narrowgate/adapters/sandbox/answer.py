"""What the embedded AWS answers, and every error of the layer itself in the form of each service. Pure.

Forms: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html (query),
https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-errors.html (ec2), and Smithy's awsJson1_1,
restJson1 and restXml pages.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from narrowgate.adapters.sandbox.request import Style

REQUEST_ID: Final = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response: status code, headers, body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Fault:
    """An error of AWS's: the code and the HTTP status as the service in question gives them."""

    code: str
    status: int
    message: str


def error(style: Style, fault: Fault) -> Answer:
    """The fault as a client of such a service expects it."""
    content_type, body = _FORMS[style](fault)
    headers = [("Content-Type", content_type), ("x-amzn-RequestId", REQUEST_ID)]
    if style in ("json", "rest-json"):
        headers.append(("x-amzn-ErrorType", fault.code))
    return Answer(fault.status, tuple(headers), body.encode())


def not_implemented(style: Style, name: str, detail: str = "") -> Answer:
    """The embedded AWS has no such operation; `name` is `service:Operation`."""
    message = f"the embedded AWS does not implement {name}" + (f": {detail}" if detail else "")
    return error(style, Fault("NotImplemented", 501, message))


def internal_failure(style: Style, name: str) -> Answer:
    """The embedded AWS failed; nothing of why is told to the client."""
    return error(style, Fault("InternalFailure", 500, f"the embedded AWS failed to answer {name}"))


def _query(fault: Fault) -> tuple[str, str]:
    sender = "Sender" if fault.status < 500 else "Receiver"
    inner = f"<Error><Type>{sender}</Type>{_code_and_message(fault)}</Error><RequestId>{REQUEST_ID}</RequestId>"
    return "text/xml", f"<ErrorResponse>{inner}</ErrorResponse>"


def _ec2(fault: Fault) -> tuple[str, str]:
    inner = f"<Errors><Error>{_code_and_message(fault)}</Error></Errors><RequestID>{REQUEST_ID}</RequestID>"
    return "text/xml;charset=UTF-8", f'<?xml version="1.0" encoding="UTF-8"?>\n<Response>{inner}</Response>'


def _json(fault: Fault) -> tuple[str, str]:
    return "application/x-amz-json-1.1", json.dumps({"__type": fault.code, "message": fault.message})


def _rest_json(fault: Fault) -> tuple[str, str]:
    return "application/json", json.dumps({"message": fault.message})


def _rest_xml(fault: Fault) -> tuple[str, str]:
    return "application/xml", f"<Error>{_code_and_message(fault)}<RequestId>{REQUEST_ID}</RequestId></Error>"


def _code_and_message(fault: Fault) -> str:
    return f"<Code>{escape(fault.code)}</Code><Message>{escape(fault.message)}</Message>"


_FORMS: Final = {
    "query": _query,
    "ec2": _ec2,
    "json": _json,
    "rest-json": _rest_json,
    "rest-xml": _rest_xml,
}
