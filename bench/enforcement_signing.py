"""Requests that are not signed as a client would: old, presigned, with another secret, changed, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.credentials import Credentials

Send: TypeAlias = Callable[[AWSPreparedRequest], AWSResponse]


@dataclass(frozen=True, slots=True)
class Signing:
    """How a request is signed: `age` in seconds (negative: in the future), presigned for `expires` seconds.

    `tail` is put at the end of the body after signing. `length`: the Content-Length is signed too, as some
    SDKs do.
    """

    age: int = 0
    presigned: bool = False
    expires: int = 900
    anonymous: bool = False
    tail: str = ""
    length: bool = False


PLAIN = Signing()
_OWN = ("authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256")


@dataclass(frozen=True, slots=True)
class Signer:
    """A `before-send` handler that signs each request anew; `send` answers it."""

    credentials: Credentials
    service: str
    region: str
    how: Signing
    send: Send

    def __call__(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        made = self._get(request) if self.how.presigned else _bare(request, request.method or "POST", request.body)
        if not self.how.anonymous:
            if not self.how.length:
                del made.headers["Content-Length"]
            at = datetime.now(UTC) - timedelta(seconds=self.how.age)
            _dated(self._auth(), at.strftime("%Y%m%dT%H%M%SZ")).add_auth(made)
        prepared = made.prepare()
        if self.how.tail:
            body = prepared.body.encode() if isinstance(prepared.body, str) else bytes(made.data or b"")
            prepared.body = body + self.how.tail.encode()
            prepared.headers["Content-Length"] = str(len(prepared.body))
        return self.send(prepared)

    def _get(self, request: AWSPreparedRequest) -> AWSRequest:
        """The request as a GET; a form in the body becomes the query."""
        body = request.body.decode() if isinstance(request.body, bytes) else str(request.body or "")
        made = _bare(request, "GET", dict(parse_qsl(body)) if body else None)
        del made.headers["Content-Type"]
        del made.headers["Content-Length"]
        return made

    def _auth(self) -> Any:
        where = (self.credentials, self.service, self.region)
        if self.how.presigned:
            kind = S3SigV4QueryAuth if self.service == "s3" else SigV4QueryAuth
            return kind(*where, expires=self.how.expires)
        return (S3SigV4Auth if self.service == "s3" else SigV4Auth)(*where)


def _bare(request: AWSPreparedRequest, method: str, body: Any) -> AWSRequest:
    """The request without its signature."""
    kept = {name: _text(value) for name, value in request.headers.items() if name.lower() not in _OWN}
    return AWSRequest(method, request.url, kept, body)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _dated(auth: Any, stamp: str) -> Any:
    """The signer with an instant of its own: botocore's reads the clock in the one method that is replaced."""

    class Dated(type(auth)):  # type: ignore[misc]  # a class of botocore's, known only now
        """Signs at `stamp`."""

        def add_auth(self, request: AWSRequest) -> None:
            request.context["timestamp"] = stamp
            self._modify_request_before_signing(request)
            text = self.string_to_sign(request, self.canonical_request(request))
            self._inject_signature_to_request(request, self.signature(text, request))

    made = Dated.__new__(Dated)
    made.__dict__.update(auth.__dict__)
    return made
