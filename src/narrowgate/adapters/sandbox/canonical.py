"""The canonical request that Signature Version 4 signs, and the signature that a secret gives it. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote_to_bytes

# Services of S3's family sign the path as it is sent; every other encodes it once more.
_S3: Final = frozenset({"s3", "s3express", "s3-outposts", "s3-object-lambda"})
_UNRESERVED: Final = "-_.~"


@dataclass(frozen=True, slots=True)
class Form:
    """A request as sent: the method, path and query, headers with lower-case names in the order of sending."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    presigned: bool


def is_s3(service: str) -> bool:
    """Whether a service (by signing name) signs as S3 does: plain path, bodies that need no hash."""
    return service in _S3


def payload_hash(body: bytes) -> str:
    """The SHA-256 of a body, in hexadecimal digits."""
    return hashlib.sha256(body).hexdigest()


def canonical_requests(form: Form, signed: tuple[str, ...], payload: str, *, plain: bool) -> tuple[str, ...]:
    """The canonical request: with path and query as sent and, where that differs, encoded anew as AWS does it.

    A client that sends what it signs, unencoded characters included, is thus taken at its word; either
    way the signature is over this very request.
    """
    path, _, query = form.target.partition("?")
    tail = f"{_headers(form.headers, signed)}\n{';'.join(signed)}\n{payload}"
    fields = _fields(query)
    targets = {
        (_path(path, plain=plain), _joined(fields)): None,
        (_path(path, plain=plain, anew=True), _joined((_anew(k), _anew(v)) for k, v in fields)): None,
    }
    return tuple(f"{form.method.upper()}\n{uri}\n{asked}\n{tail}" for uri, asked in targets)


def signature_with(
    secret: str, place: tuple[str, str, str], stamp: str, canonical: tuple[str, ...], value: str
) -> bool:
    """Whether `secret` signs one of the canonical requests with `value`; `place` is day, region, service."""
    key = _signing_key(secret, *place)
    # `|`, not `or`: the time must not tell which one it was.
    found = False
    for text in canonical:
        found |= hmac.compare_digest(_sign(key, _string_to_sign(text, place, stamp)).hex(), value)
    return found


def _string_to_sign(canonical: str, place: tuple[str, str, str], stamp: str) -> str:
    digest = hashlib.sha256(_bytes(canonical)).hexdigest()
    return f"AWS4-HMAC-SHA256\n{stamp}\n{'/'.join(place)}/aws4_request\n{digest}"


@lru_cache(maxsize=256)
def _signing_key(secret: str, day: str, region: str, service: str) -> bytes:
    """One key a day, region, service and secret: four of a call's five HMACs are made once."""
    key = _sign(_bytes(f"AWS4{secret}"), day)
    for part in (region, service, "aws4_request"):
        key = _sign(key, part)
    return key


def _sign(key: bytes, text: str) -> bytes:
    return hmac.digest(key, _bytes(text), "sha256")


def _path(path: str, *, plain: bool, anew: bool = False) -> str:
    if plain:
        return (quote(unquote_to_bytes(_octets(path)), safe=f"/{_UNRESERVED}") if anew else path) or "/"
    return quote(_normal(path), safe=f"/{_UNRESERVED}")


def _normal(path: str) -> bytes:
    """The path without `.`, `..` and repeated slashes."""
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            kept[-1:] = []
        elif part and part != ".":
            kept.append(part)
    last = "/" if path.endswith("/") and kept else ""
    return _octets("/" + "/".join(kept) + last)


def _fields(query: str) -> list[tuple[str, str]]:
    if not query:
        return []
    parts = (pair.partition("=") for pair in query.split("&"))
    return [(name, value) for name, _, value in parts if name != "X-Amz-Signature"]


def _joined(fields: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted(fields))


def _anew(text: str) -> str:
    return quote(unquote_to_bytes(_octets(text)), safe=_UNRESERVED)


def _headers(headers: tuple[tuple[str, str], ...], signed: tuple[str, ...]) -> str:
    """One line for each signed header: values trimmed, their inner spaces made one, repetitions joined by commas."""
    found: dict[str, list[str]] = {name: [] for name in signed}
    for name, value in headers:
        if name in found:
            found[name].append(" ".join(value.split()))
    return "".join(f"{name}:{','.join(values)}\n" for name, values in found.items())


def _octets(text: str) -> bytes:
    """The bytes of a path or query: servers hand them over as Latin-1, programs in this process as text."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return _bytes(text)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
