"""One request to the embedded AWS, in the one form in which it is performed, journalled and replayed.

What a client sent is reduced to what decides the outcome: no signature, no session token, no dates
of the client's, no host. Live and replayed requests therefore reach moto in identical form.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import parse_qsl, quote, unquote, urlencode

Environ: TypeAlias = dict[str, Any]
Style: TypeAlias = Literal["query", "ec2", "json", "rest-json", "rest-xml"]
"""How a service speaks, which decides the form of its errors."""

FORM: Final = "application/x-www-form-urlencoded"
MAX_BODY: Final = 16 * 1024 * 1024
# The longest thing that a form carries is a template of 51,200 characters; a form has one more name for each value.
MAX_FORM: Final = 1024 * 1024
READ_PREFIXES: Final = (
    "Get",
    "List",
    "Describe",
    "Head",
    "Simulate",
    "Lookup",
    "BatchGet",
    "Decode",
    "Query",
    "Scan",
)
# These hand out credentials: repeating one makes another.
READ_EXCEPTIONS: Final = frozenset({"GetSessionToken", "GetFederationToken"})
REST_XML: Final = frozenset({"s3", "route53", "cloudfront"})
DROPPED: Final = frozenset(
    {"authorization", "host", "user-agent", "connection", "content-length", "transfer-encoding", "expect"}
    | {"x-amz-security-token", "x-amz-date", "accept-encoding", "date", "accept"}
    | {"origin", "cookie", "referer"}
)
# `X-Moto-*` would let a client choose its account.
DROPPED_PREFIXES: Final = ("x-moto-", "amz-sdk-", "x-amz-user-agent", "sec-")
_HEADER_CREDENTIAL: Final = re.compile(r"Credential=([^,\s]+)")


class BodyRefused(Exception):
    """The body is longer than MAX_BODY bytes (a form: MAX_FORM), or of no sensible length; it was not read."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A credential scope: who signed (access key id), for which region and service (signing name)."""

    key_id: str
    region: str
    service: str

    def __str__(self) -> str:
        return f"{self.key_id}/{self.region}/{self.service}"


@dataclass(frozen=True, slots=True)
class Request:
    """A request without its signature. `target` is path and query as sent; `scope` None if unsigned."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)
    scope: Scope | None

    @property
    def path(self) -> str:
        """The path as sent, percent-encoded."""
        return self.target.partition("?")[0]

    @property
    def operation(self) -> str:
        """AWS's name of the operation; for REST services, which name none, the empty string."""
        if target := dict(self.headers).get("x-amz-target", ""):
            return target.rpartition(".")[2]
        return next((value for name, value in self.form if name == "Action"), "")

    @property
    def form(self) -> tuple[tuple[str, str], ...]:
        """The fields of the query string and of a form body, in order."""
        query = self.target.partition("?")[2]
        form = self.body.decode("utf-8", "replace") if self._is_form else ""
        return (*parse_qsl(query, keep_blank_values=True), *parse_qsl(form, keep_blank_values=True))

    @property
    def style(self) -> Style:
        """How the service speaks, told from the request alone."""
        service = self.scope.service if self.scope else ""
        if "x-amz-target" in dict(self.headers):
            return "json"
        if service == "ec2":
            return "ec2"
        if service in REST_XML:
            return "rest-xml"
        return "query" if self._is_form or self.operation else "rest-json"

    @property
    def mutates(self) -> bool:
        """Whether the call may change something, by AWS's naming; without a name, by the HTTP method."""
        if name := self.operation:
            return name in READ_EXCEPTIONS or not name.startswith(READ_PREFIXES)
        return self.method not in ("GET", "HEAD", "OPTIONS")

    @property
    def _is_form(self) -> bool:
        return is_form(dict(self.headers).get("content-type", ""))


def is_form(content_type: str) -> bool:
    """Whether a Content-Type is that of a form in UTF-8, and not only begins like it."""
    kind, _, parameters = content_type.lower().partition(";")
    return kind.strip() == FORM and parameters.strip() in ("", "charset=utf-8")


def parse(environ: Environ) -> Request:
    """The request that a WSGI server received. Raises BodyRefused."""
    headers = dict(headers_of(environ))
    target, presigned = _unsigned_target(raw_target(environ))
    scope = scope_of(headers.get("authorization", "")) or scope_of(presigned)
    kept = tuple(sorted((name, value) for name, value in headers.items() if _is_kept(name)))
    return Request(environ["REQUEST_METHOD"], target, kept, _body(environ), scope)


def scope_of(authorization: str) -> Scope | None:
    """The credential scope of an `Authorization` header (or of a presigned `Credential=...`)."""
    if not (found := _HEADER_CREDENTIAL.search(authorization)):
        return None
    parts = found[1].split("/")
    return Scope(parts[0], parts[2], parts[3].lower()) if len(parts) == 5 else None


def environ_of(request: Request) -> Environ:
    """The WSGI environ in which moto gets the request: always from `localhost`, so that it takes the
    region from the credential scope, never from a host name or a user agent.
    """
    path, _, query = request.target.partition("?")
    environ: Environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path, "latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": request.target,
        "CONTENT_LENGTH": str(len(request.body)),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
    }
    environ |= {_environ_key(name): value for name, value in request.headers}
    environ |= _wsgi(request.body)
    if request.scope:
        environ["HTTP_AUTHORIZATION"] = _authorization(request.scope)
    return environ


def wsgi_environ(method: str, target: str, headers: Mapping[str, str], body: bytes) -> Environ:
    """The WSGI environ of a request that never was on a socket."""
    environ: Environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": unquote(target.partition("?")[0], "latin-1"),
        "RAW_URI": target,
        "CONTENT_LENGTH": str(len(body)),
    }
    environ |= {_environ_key(name): value for name, value in headers.items() if name.lower() != "content-length"}
    return environ | _wsgi(body)


def _wsgi(body: bytes) -> Environ:
    return {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def _authorization(scope: Scope) -> str:
    credential = f"{scope.key_id}/00000000/{scope.region}/{scope.service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=unsigned"


def _environ_key(header: str) -> str:
    key = header.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def headers_of(environ: Environ) -> tuple[tuple[str, str], ...]:
    """All headers that a client sent, names in lower case."""
    named = ((key[5:].lower().replace("_", "-"), value) for key, value in environ.items() if key.startswith("HTTP_"))
    plain = (("content-type", environ.get("CONTENT_TYPE")), ("content-length", environ.get("CONTENT_LENGTH")))
    return (*named, *((name, value) for name, value in plain if value))


def _is_kept(header: str) -> bool:
    return header not in DROPPED and not header.startswith(DROPPED_PREFIXES)


def raw_target(environ: Environ) -> str:
    """Path and query as sent."""
    raw = str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or "")
    if not raw:
        raw = quote(environ.get("PATH_INFO", "/"), encoding="latin-1")
        raw += f"?{query}" if (query := environ.get("QUERY_STRING", "")) else ""
    without_host = re.sub(r"^https?://[^/?]*", "", raw)
    return without_host if without_host.startswith("/") else f"/{without_host}"


def _unsigned_target(target: str) -> tuple[str, str]:
    """The target without a presigned URL's signature, and `Credential=...` where it had one."""
    if "X-Amz-Credential=" not in target:
        return target, ""
    path, _, query = target.partition("?")
    fields = parse_qsl(query, keep_blank_values=True)
    kept = urlencode([(name, value) for name, value in fields if not name.startswith("X-Amz-")])
    return f"{path}?{kept}" if kept else path, f"Credential={dict(fields).get('X-Amz-Credential', '')}"


def _body(environ: Environ) -> bytes:
    length = str(environ.get("CONTENT_LENGTH") or "")
    form = str(environ.get("CONTENT_TYPE") or "").lower().startswith("application/x-www-form-urlencoded")
    most = MAX_FORM if form else MAX_BODY
    if not length:
        # A chunked body, whose end the server tells; anything else has none.
        body: bytes = environ["wsgi.input"].read(most + 1) if environ.get("wsgi.input_terminated") else b""
    elif not length.isdecimal() or int(length) > most:
        raise BodyRefused
    else:
        body = environ["wsgi.input"].read(int(length))
    if len(body) > most:
        raise BodyRefused
    return body
