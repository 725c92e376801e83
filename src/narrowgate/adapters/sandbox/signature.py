"""AWS Signature Version 4 as a server sees it: what a request claims, and whether a secret made it. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
The clock is an argument. Messages are AWS's where AWS gives one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypeAlias
from urllib.parse import unquote

from narrowgate.adapters.sandbox.canonical import Form, canonical_requests, is_s3, payload_hash, signature_with
from narrowgate.adapters.sandbox.request import Scope

Headers: TypeAlias = Sequence[tuple[str, str]]

ALGORITHM: Final = "AWS4-HMAC-SHA256"
SKEW_SECONDS: Final = 15 * 60
MAX_EXPIRES: Final = 7 * 24 * 3600
STAMP: Final = "%Y%m%dT%H%M%SZ"
UNSIGNED_PAYLOAD: Final = "UNSIGNED-PAYLOAD"
# What S3 takes in place of a hash where the body is not signed.
S3_PAYLOADS: Final = frozenset({UNSIGNED_PAYLOAD, "STREAMING-UNSIGNED-PAYLOAD-TRAILER"})
_HEX: Final = re.compile(r"[0-9a-f]{64}")
_STAMP: Final = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
# Where year, month, day, hour, minute and second stand in a stamp.
_FIELDS: Final = ((0, 4), (4, 6), (6, 8), (9, 11), (11, 13), (13, 15))
_DAY: Final = re.compile(r"\d{8}", re.ASCII)
_NAMES: Final = re.compile(r"[^\s;A-Z]+(;[^\s;A-Z]+)*")
_V2: Final = "signature version 2 is not supported: sign with version 4"
_V4A: Final = "signature version 4A (AWS4-ECDSA-P256-SHA256) is not supported: sign with version 4"


@dataclass(frozen=True, slots=True)
class Unsigned:
    """The request carries no signature of any kind."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """The request carries something that is no valid signature; `why` is for the client."""

    why: str


@dataclass(frozen=True, slots=True)
class Signature:
    """What a well-formed signature claims; `matches` says whether it is true.

    `day` is the date of the credential scope, `at` the instant of signing. `expires` is in seconds,
    None for the Authorization header. `payload` is what was signed for the body.
    """

    scope: Scope
    day: str
    at: datetime
    expires: int | None
    signed_headers: tuple[str, ...]
    token: str | None = field(repr=False)
    payload: str
    value: str = field(repr=False)
    canonical: tuple[str, ...] = field(repr=False)


Claim: TypeAlias = "Signature | Unsigned | Malformed"


@dataclass(frozen=True, slots=True)
class _Parts:
    """The fields of a signature as text, before they are judged together."""

    credential: str
    signed: str
    value: str
    stamp: str
    token: str | None
    expires: str | None
    presigned: bool


class _Bad(Exception):
    """Why a signature is malformed."""


def signature_of(method: str, target: str, headers: Headers, body: bytes) -> Claim:
    """The signature that a request claims.

    `target` is path and query as sent; `headers` is all that the client sent, names in lower case, the
    Host included, a repeated header as several pairs.
    """
    try:
        parts = _parts(target, headers, body)
        if parts is None:
            return Unsigned()
        return _signature(parts, Form(method, target, tuple(headers), parts.presigned), body)
    except _Bad as bad:
        return Malformed(str(bad))


def matches(signature: Signature, secret: str) -> bool:
    """Whether this secret made the signature. Compares in constant time."""
    scope = signature.scope
    place = (signature.day, scope.region, scope.service)
    return signature_with(secret, place, signature.at.strftime(STAMP), signature.canonical, signature.value)


def freshness(signature: Signature, now: datetime) -> str | None:
    """Why the signature's time is not right at `now` (aware); None where it is."""
    if signature.day != signature.at.strftime("%Y%m%d"):
        return (
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{signature.day}' != '{signature.at:%Y%m%d}', from '{signature.at:{STAMP}}'."
        )
    age = (now - signature.at).total_seconds()
    early, late = (0, signature.expires) if signature.expires is not None else (SKEW_SECONDS, SKEW_SECONDS)
    if -early <= age <= late:
        return None
    at, when = signature.at.strftime(STAMP), now.astimezone(UTC).strftime(STAMP)
    if age < -early:
        return f"Signature not yet current: {at} is still later than {when}"
    # A presigned URL ends exactly where it says; a header may be as old as the skew.
    return f"Signature expired: {at} is now earlier than {when} ({late} s)"


def _parts(target: str, headers: Headers, body: bytes) -> _Parts | None:
    if any(ord(letter) < 0x20 for letter in target):
        raise _Bad("a request target has no control characters")
    given = [value for name, value in headers if name == "authorization"]
    query = _query(target)
    if len(given) > 1:
        raise _Bad("a request has one Authorization header")
    if given and "X-Amz-Algorithm" in query:
        raise _Bad(
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter or the Authorization header"
        )
    if given:
        return _of_header(given[0].strip(), headers)
    if "X-Amz-Algorithm" in query or "X-Amz-Signature" in query or "X-Amz-Credential" in query:
        return _of_query(query)
    if "AWSAccessKeyId" in query or (b"AWSAccessKeyId=" in body[:65536] and b"SignatureVersion=" in body[:65536]):
        raise _Bad(_V2)
    return None


def _of_header(authorization: str, headers: Headers) -> _Parts:
    kind, _, rest = authorization.partition(" ")
    _check_algorithm(kind)
    fields: dict[str, str] = {}
    for part in rest.split(","):
        name, equals, value = part.strip().partition("=")
        if not equals or name in fields or name not in ("Credential", "SignedHeaders", "Signature"):
            raise _Bad(f"Authorization header has a part that is not understood: '{name}'")
        fields[name] = value
    lacking = [name for name in ("Credential", "Signature", "SignedHeaders") if name not in fields]
    if lacking:
        raise _Bad(" ".join(f"Authorization header requires '{name}' parameter." for name in lacking))
    stamp = _one(headers, "x-amz-date") or _one(headers, "date")
    if not stamp:
        raise _Bad("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    token = _one(headers, "x-amz-security-token")
    return _Parts(fields["Credential"], fields["SignedHeaders"], fields["Signature"], stamp, token, None, False)


def _of_query(query: dict[str, list[str]]) -> _Parts:
    asked = {name: values for name, values in query.items() if name.startswith("X-Amz-")}
    if repeated := sorted(name for name, values in asked.items() if len(values) > 1):
        raise _Bad(f"'{repeated[0]}' is given more than once")
    one = {name: values[0] for name, values in asked.items()}
    _check_algorithm(one.get("X-Amz-Algorithm", ""))
    needed = ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date")
    if lacking := [name for name in needed if not one.get(name)]:
        raise _Bad(f"AWS query-string parameters must include {', '.join(repr(name) for name in lacking)}")
    credential, value, signed, stamp = (one[name] for name in needed)
    return _Parts(credential, signed, value, stamp, one.get("X-Amz-Security-Token"), one.get("X-Amz-Expires"), True)


def _signature(parts: _Parts, form: Form, body: bytes) -> Signature:
    scope, day = _scope(parts.credential)
    if not _HEX.fullmatch(parts.value):
        raise _Bad("a signature is 64 hexadecimal digits in lower case")
    signed = _signed_headers(parts.signed, form.headers)
    payload = _payload(form, scope.service, body)
    canonical = canonical_requests(form, signed, payload, plain=is_s3(scope.service))
    expires = _expires(parts.expires, scope.service) if parts.presigned else None
    return Signature(scope, day, _instant(parts.stamp), expires, signed, parts.token, payload, parts.value, canonical)


def _scope(credential: str) -> tuple[Scope, str]:
    parts = credential.split("/")
    if len(parts) != 5 or not all(parts):
        raise _Bad(f"Credential must have exactly 5 slash-delimited elements, not {len(parts)}")
    key_id, day, region, service, end = parts
    if end != "aws4_request":
        raise _Bad(f"Credential should be scoped with a valid terminator: 'aws4_request', not '{end}'")
    if not _DAY.fullmatch(day):
        raise _Bad(f"Credential should be scoped with a date of the form YYYYMMDD, not '{day}'")
    if service != service.lower():
        raise _Bad(f"Credential should be scoped to correct service: '{service.lower()}'")
    return Scope(key_id, region, service), day


def _signed_headers(text: str, headers: Headers) -> tuple[str, ...]:
    if not _NAMES.fullmatch(text):
        raise _Bad("SignedHeaders is a list of header names in lower case, separated by ';'")
    signed = tuple(text.split(";"))
    if list(signed) != sorted(set(signed)):
        raise _Bad("SignedHeaders must be sorted, each header once")
    if "host" not in signed:
        raise _Bad("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    unsigned = sorted({name for name, _ in headers if name.startswith("x-amz-")} - set(signed))
    if unsigned:
        raise _Bad(f"There were headers present in the request which were not signed: {', '.join(unsigned)}")
    return signed


def _payload(form: Form, service: str, body: bytes) -> str:
    """What was signed for the body. Presigned S3 URLs sign none; elsewhere it is the hash of the body."""
    claimed = _one(form.headers, "x-amz-content-sha256")
    if claimed is None:
        return UNSIGNED_PAYLOAD if form.presigned and is_s3(service) else payload_hash(body)
    if _HEX.fullmatch(claimed):
        if claimed != payload_hash(body):
            raise _Bad("The provided 'x-amz-content-sha256' header does not match what was computed.")
        return claimed
    if claimed.startswith("STREAMING-AWS4"):
        raise _Bad("a body of signed chunks is not supported: sign the whole body")
    if claimed not in S3_PAYLOADS or not is_s3(service):
        raise _Bad("x-amz-content-sha256 must be the hash of the body; only S3 takes UNSIGNED-PAYLOAD")
    return claimed


def _expires(text: str | None, service: str) -> int:
    if text is None and not is_s3(service):
        return SKEW_SECONDS
    if text is None or not re.fullmatch(r"\d{1,9}", text, re.ASCII) or int(text) < 1:
        raise _Bad("X-Amz-Expires must be a number of seconds, at least 1")
    if int(text) > MAX_EXPIRES:
        raise _Bad(f"X-Amz-Expires must be less than a week (in seconds) that is {MAX_EXPIRES}")
    return int(text)


def _instant(stamp: str) -> datetime:
    """An X-Amz-Date, or a Date header of HTTP's form or of that same form."""
    try:
        if _STAMP.fullmatch(stamp):
            # By hand: `strptime` takes ten times as long, at every call.
            year, month, day, hour, minute, second = (int(stamp[start:stop]) for start, stop in _FIELDS)
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        at = parsedate_to_datetime(stamp)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _Bad("Date must be in ISO-8601 'basic format', as in 20261124T093000Z") from error


def _check_algorithm(kind: str) -> None:
    if kind == ALGORITHM:
        return
    if kind.startswith("AWS4-ECDSA"):
        raise _Bad(_V4A)
    if kind == "AWS":
        raise _Bad(_V2)
    raise _Bad(f"Unsupported AWS 'algorithm': '{kind[:40]}'; sign with {ALGORITHM}")


def _one(headers: Headers, name: str) -> str | None:
    found = [value.strip() for key, value in headers if key == name]
    if len(found) > 1:
        raise _Bad(f"'{name}' is given more than once")
    return found[0] if found else None


def _query(target: str) -> dict[str, list[str]]:
    """The decoded fields of the query. `+` stays a plus: no signer writes a space so."""
    fields: dict[str, list[str]] = {}
    for pair in target.partition("?")[2].split("&"):
        name, _, value = pair.partition("=")
        fields.setdefault(unquote(name), []).append(unquote(value))
    return fields
