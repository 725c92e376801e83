"""Why a request is no call, in AWS's codes and words for each protocol. Pure.

https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html (query),
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (ec2),
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html (json),
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (s3).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from narrowgate.adapters.sandbox.scalars import Unfit
from narrowgate.adapters.sandbox.shapes import Protocol


@dataclass(frozen=True, slots=True)
class Undecodable:
    """The error with which a service refuses what it cannot read: code, HTTP status, message."""

    code: str
    status: int
    message: str


class Refused(Exception):
    """Carries an Undecodable to the one place that answers it."""

    def __init__(self, undecodable: Undecodable) -> None:
        super().__init__(undecodable.message)
        self.undecodable = undecodable


_CODES: Final[Mapping[Protocol, Mapping[str, str]]] = {
    "query": {"missing": "ValidationError", "wrong": "MalformedInput", "malformed": "MalformedInput"},
    "ec2": {
        "missing": "MissingParameter",
        "wrong": "InvalidParameterValue",
        "malformed": "MalformedQueryString",
        "unknown": "UnknownParameter",
    },
    "json": {
        "missing": "ValidationException",
        "wrong": "SerializationException",
        "malformed": "SerializationException",
    },
    "rest-json": {
        "missing": "ValidationException",
        "wrong": "SerializationException",
        "malformed": "SerializationException",
    },
    "rest-xml": {"missing": "InvalidInput", "wrong": "InvalidInput", "malformed": "InvalidInput"},
}
_S3_CODES: Final = {"missing": "InvalidRequest", "wrong": "InvalidArgument", "malformed": "MalformedXML"}
_S3_XML: Final = "The XML you provided was not well-formed or did not validate against our published schema"


def unfit(protocol: Protocol, service: str, why: Unfit) -> Undecodable:
    """A request that does not fit the model of its operation."""
    codes = _S3_CODES if service == "s3" else _CODES[protocol]
    code = codes.get(why.how, "ValidationError")
    if protocol == "ec2":
        return Undecodable(code, 400, _ec2(why))
    where = _path(why.where)
    if code == "MalformedXML":
        return Undecodable(code, 400, f"{_S3_XML}: {why.why}")
    if why.how == "missing":
        constraint = f"Value null at '{where}' failed to satisfy constraint: Member must not be null"
        return Undecodable(code, 400, f"1 validation error detected: {constraint}")
    return Undecodable(code, 400, f"{where}: {why.why}" if where else why.why)


def unknown_operation(protocol: Protocol, name: str, version: str = "") -> Undecodable:
    """An operation that the service has not; for REST services `name` is the method and the path."""
    name = name[:128]
    match protocol:
        case "query":
            asked = version[:32] or "NO_VERSION_SPECIFIED"
            return Undecodable("InvalidAction", 400, f"Could not find operation {name} for version {asked}")
        case "ec2":
            return Undecodable("InvalidAction", 400, f"The action {name} is not valid for this web service.")
        case "json":
            return Undecodable("UnknownOperationException", 400, f"the operation {name} is not known")
    return Undecodable("UnknownOperationException", 404, f"no operation has the form {name}")


def s3_method_not_allowed() -> Undecodable:
    """S3's answer to a method and path that mean nothing."""
    return Undecodable("MethodNotAllowed", 405, "The specified method is not allowed against this resource.")


def s3_conflict(names: tuple[str, ...]) -> Undecodable:
    """S3's answer to a query that selects several operations."""
    return Undecodable("InvalidArgument", 400, f"Conflicting query string parameters: {', '.join(names)}")


def bad_uri() -> Undecodable:
    """A path or query that is not percent-encoded UTF-8."""
    return Undecodable("InvalidURI", 400, "Couldn't parse the specified URI.")


def _ec2(why: Unfit) -> str:
    match why.how:
        case "missing":
            return f"The request must contain the parameter {why.where}"
        case "unknown":
            return f"The parameter {why.where[:128]} is not recognized"
        case "wrong":
            return f"Invalid value for {why.where}: {why.why}"
    return f"The query string contains a syntax error: {why.where}: {why.why}"


def _path(where: str) -> str:
    """`Tags.member.1.Key` as AWS's messages have it: `tags.1.member.key`."""
    swapped = re.sub(r"\bmember\.(\d+)", r"\1.member", where)
    return ".".join(part[:1].lower() + part[1:] for part in swapped.split("."))
