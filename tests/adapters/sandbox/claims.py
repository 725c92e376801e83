"""Claims of signatures, made by hand."""

from __future__ import annotations

from datetime import UTC, datetime

from narrowgate.adapters.sandbox.signature import Claim, Malformed, Signature, signature_of

KEY = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
AT = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
STAMP = "20150830T123600Z"
SCOPE = f"{KEY}/20150830/us-east-1/service/aws4_request"


def good(claim: Claim) -> Signature:
    """The signature of a well-formed claim."""
    assert isinstance(claim, Signature), claim
    return claim


def bad(claim: Claim) -> str:
    """Why a claim is malformed."""
    assert isinstance(claim, Malformed), claim
    return claim.why


def header(
    authorization: str, *more: tuple[str, str], target: str = "/", body: bytes = b"", method: str = "GET"
) -> Claim:
    """The claim of a request with this Authorization header."""
    base = [("host", "example.amazonaws.com"), ("x-amz-date", STAMP), ("authorization", authorization)]
    return signature_of(method, target, [*base, *more], body)


def authorization(value: str, names: str = "host;x-amz-date", scope: str = SCOPE) -> str:
    """An Authorization header."""
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={value}"


ANY = "0" * 64
