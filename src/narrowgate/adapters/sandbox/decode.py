"""A request to the embedded AWS as a Call: botocore's service and operation, AWS's member names.

Strict where readers could differ: a name given twice, two actions, a path with two meanings, another
encoding, a document type is refused, so that what is decided here is what is performed later. Lengths and
patterns of members are not checked here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode

from narrowgate.adapters.sandbox import form_values, json_values, rest_values
from narrowgate.adapters.sandbox.request import FORM, Request, is_form
from narrowgate.adapters.sandbox.routes import Match, Route, Router
from narrowgate.adapters.sandbox.scalars import Unfit
from narrowgate.adapters.sandbox.services import Operation, Service, candidates, profiles, service
from narrowgate.adapters.sandbox.shapes import MAX_VALUES, Protocol
from narrowgate.adapters.sandbox.undecodable import (
    Refused,
    Undecodable,
    bad_uri,
    s3_conflict,
    s3_method_not_allowed,
    unfit,
    unknown_operation,
)
from narrowgate.calls import EMPTY, Call

QUERY_FAMILY: Final[frozenset[str]] = frozenset({"query", "ec2"})
JSON_FAMILY: Final[frozenset[str]] = frozenset({"json"})
REST_FAMILY: Final[frozenset[str]] = frozenset({"rest-json", "rest-xml"})
# Clients of SQS send a call to the URL of its queue.
WITH_PATHS: Final = frozenset({"sqs"})


def decode(request: Request) -> Call | Undecodable:
    """The call that a request makes, or the error with which its service refuses it."""
    try:
        return _decode(request)
    except Refused as refused:
        return refused.undecodable


def _decode(request: Request) -> Call:
    headers = dict(request.headers)
    # moto takes a header of this name for the name of the operation.
    if "action" in headers:
        raise Refused(Undecodable("InvalidRequest", 400, "a header named Action is not accepted"))
    if "smithy-protocol" in headers:
        raise Refused(unknown_operation("json", "of the protocol rpc-v2-cbor"))
    if "x-amz-target" in headers:
        return _json(request, headers["x-amz-target"])
    signed_for = request.scope.service if request.scope else "sts"
    speaks_query = bool(candidates(signed_for, QUERY_FAMILY))
    if speaks_query and (_is_form(headers) or "Action" in request.target):
        return _query(request, signed_for, headers)
    if speaks_query and not candidates(signed_for, REST_FAMILY):
        raise Refused(Undecodable("MissingAction", 400, "the request must contain the parameter Action"))
    return _rest(request, signed_for, headers)


def _refuse_forms(request: Request, headers: Mapping[str, str]) -> None:
    """A form, in a body that means something else, would name another operation or version to moto."""
    kind = headers.get("content-type", "").lower()
    is_form = request.body and ("form" in kind or kind.startswith("multipart/"))
    if is_form or (request.body and request.method in ("GET", "HEAD", "DELETE")):
        raise Refused(Undecodable("InvalidRequest", 400, "this operation takes no such body"))


def _query(request: Request, signed_for: str, headers: Mapping[str, str]) -> Call:
    services = candidates(signed_for, QUERY_FAMILY)
    protocol = services[0].protocol
    if request.method not in ("GET", "POST") or (request.path not in ("/", "") and signed_for not in WITH_PATHS):
        raise Refused(unknown_operation(protocol, f"{request.method} {request.path}"))
    try:
        fields = _form(request, headers)
        action, version = (_only(fields, name) for name in ("Action", "Version"))
        found, operation = _versioned(services, action, version)
        node = operation.input
        params = form_values.params_of(node, fields, strict=protocol == "ec2") if node else EMPTY
    except Unfit as why:
        raise Refused(unfit(protocol, services[0].profile.name, why)) from why
    return Call(found.profile.name, operation.name, params)


def performed(request: Request, call: Call) -> Request:
    """The request in the one form in which moto gets it, so that it reads what was decoded and nothing else.

    Of a form in the address and one in the body, moto may read either; a body that is no form it reads as one.
    """
    if not _speaks_query(request):
        return request
    fields = [*_pairs(request.target.partition("?")[2]), *_pairs(request.body.decode("utf-8"))]
    headers = (("content-type", f"{FORM}; charset=utf-8"),)
    path = request.path or "/"
    return Request("POST", path, headers, urlencode(fields).encode(), request.scope)


def _speaks_query(request: Request) -> bool:
    headers = dict(request.headers)
    signed_for = request.scope.service if request.scope else "sts"
    return (
        "x-amz-target" not in headers
        and bool(candidates(signed_for, QUERY_FAMILY))
        and (_is_form(headers) or "Action" in request.target)
    )


def _form(request: Request, headers: Mapping[str, str]) -> Sequence[tuple[str, str]]:
    if request.body and not (_is_form(headers) and request.method == "POST"):
        raise Unfit("malformed", "", f"a body is sent by POST and is of the type {FORM}")
    try:
        return [*_pairs(request.target.partition("?")[2]), *_pairs(request.body.decode("utf-8"))]
    except ValueError:
        raise Unfit("malformed", "", "the form is not in UTF-8, or has too many fields") from None


def _versioned(services: Sequence[Service], action: str, version: str) -> tuple[Service, Operation]:
    """The service of that version with that operation. EC2 takes any version of its own."""
    protocol = services[0].protocol
    if not action:
        raise Refused(Undecodable("MissingAction", 400, "the request must contain the parameter Action"))
    for each in services:
        if protocol == "ec2" or each.profile.version == version:
            operation = each.operation(action)
            if operation:
                return each, operation
    raise Refused(unknown_operation(protocol, action, version))


def _json(request: Request, target: str) -> Call:
    prefix, _, name = target.rpartition(".")
    headers = dict(request.headers)
    signed_for = request.scope.service if request.scope else _signing_name(prefix)
    services = [each for each in candidates(signed_for, JSON_FAMILY) if each.profile.target_prefix == prefix]
    # A form or a query could name another operation than the header does.
    plain = request.method == "POST" and not _is_form(headers) and "?" not in request.target
    if not plain or (request.path not in ("/", "") and signed_for not in WITH_PATHS):
        raise Refused(unknown_operation("json", f"{target} by {request.method} {request.target}"))
    for each in services:
        if operation := each.operation(name):
            _refuse_forms(request, headers)
            return _json_call(each, operation, request.body)
    raise Refused(unknown_operation("json", target))


def _json_call(found: Service, operation: Operation, body: bytes) -> Call:
    try:
        raw = json_values.parsed(body)
        params = json_values.structure_of(operation.input, raw, "") if operation.input else EMPTY
    except Unfit as why:
        raise Refused(unfit("json", found.profile.name, why)) from why
    return Call(found.profile.name, operation.name, params)


@cache
def _prefixes() -> Mapping[str, str]:
    """The signing name of every target prefix, for requests that are not signed."""
    return {profile.target_prefix: profile.signing_name for profile in profiles().values() if profile.target_prefix}


def _signing_name(prefix: str) -> str:
    return _prefixes().get(prefix, "")


def _rest(request: Request, signed_for: str, headers: Mapping[str, str]) -> Call:
    services = candidates(signed_for, REST_FAMILY)
    is_s3 = signed_for == "s3"
    try:
        query = _pairs(request.target.partition("?")[2])
        found = _matched(services, request, query, headers)
    except ValueError:
        raise Refused(bad_uri()) from None
    if found is None or any(name == "Action" for name, _ in query):
        name = f"{request.method} {request.path}"
        raise Refused(s3_method_not_allowed() if is_s3 else unknown_operation("rest-json", name))
    each, match = found
    _refuse_forms(request, headers)
    if is_s3:
        _check_selectors(each, match.route, query, headers)
        _check_copy(headers)
    return _rest_call(each, match, request, query)


def _matched(
    services: Sequence[Service], request: Request, query: Sequence[tuple[str, str]], headers: Mapping[str, str]
) -> tuple[Service, Match] | None:
    asked = dict(query)
    for each in services:
        # A form's type makes moto read another protocol; S3 keeps objects of any type.
        if each.protocol == "rest-json" and _is_form(headers):
            continue
        if match := _router(each.profile.name, each.protocol).match(request.method, request.path, asked, headers):
            return each, match
    return None


def _check_copy(headers: Mapping[str, str]) -> None:
    """Refuse a source of a copy that moto would take apart otherwise: only `bucket/key`, and a version behind it.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html#API_CopyObject_RequestSyntax
    """
    source = headers.get("x-amz-copy-source")
    if source is None:
        return
    path, mark, query = source.partition("?")
    plain = unquote(path)
    bucket = plain.removeprefix("/").partition("/")[0]
    strange = any(sign in path for sign in ";#") or ":" in bucket or not bucket
    if strange or (mark and not re.fullmatch(r"versionId=[A-Za-z0-9._-]+", query)):
        raise Refused(Undecodable("InvalidArgument", 400, "Copy Source must mention the source bucket and key"))


def _rest_call(found: Service, match: Match, request: Request, query: Sequence[tuple[str, str]]) -> Call:
    operation = match.route.operation
    sent = rest_values.Sent(match.labels, query, dict(request.headers), request.body)
    literals = frozenset(name for name, _ in match.route.needs)
    try:
        params = rest_values.params_of(operation.input, sent, literals) if operation.input else EMPTY
    except Unfit as why:
        raise Refused(unfit(found.protocol, found.profile.name, why)) from why
    return Call(found.profile.name, operation.name, params)


def _check_selectors(
    found: Service, route: Route, query: Sequence[tuple[str, str]], headers: Mapping[str, str]
) -> None:
    """Refuse what would select another operation of S3's: who performs the call could choose that one."""
    router = _router(found.profile.name, found.protocol)
    members = route.operation.input.members if route.operation.input else {}
    own = {(member.wire or name).lower() for name, member in members.items() if member.location}
    own |= {name.lower() for name, _ in route.needs}
    strange = {name for name, _ in query if name in router.selectors} | (headers.keys() & router.header_selectors)
    if conflicting := sorted(name for name in strange if name.lower() not in own):
        chosen = sorted(name for name, _ in route.needs)
        raise Refused(s3_conflict((*chosen, *conflicting)))


@cache
def _router(name: str, protocol: Protocol) -> Router:
    found = service(name, protocol)
    operations = (found.operation(each) for each in sorted(found.names))
    return Router(each for each in operations if each)


def _only(fields: Sequence[tuple[str, str]], name: str) -> str:
    values = [value for key, value in fields if key == name]
    if len(values) > 1:
        raise Unfit("malformed", name, "given more than once")
    return values[0] if values else ""


def _pairs(text: str) -> list[tuple[str, str]]:
    """The fields of a query or form. Raises ValueError (of which a UnicodeDecodeError is one)."""
    if not text:
        return []
    return parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MAX_VALUES)


def _is_form(headers: Mapping[str, str]) -> bool:
    return is_form(headers.get("content-type", ""))
