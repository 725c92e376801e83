"""Who calls: the signature of a request against the keys of the census and of STS's sessions. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal, TypeAlias

from narrowgate.adapters.sandbox.answer import Fault
from narrowgate.adapters.sandbox.identities import Key
from narrowgate.adapters.sandbox.request import Style
from narrowgate.adapters.sandbox.signature import Claim, Malformed, Signature, Unsigned, freshness, matches

Trouble: TypeAlias = Literal["missing", "unknown", "expired", "mismatch", "stale", "malformed"]
Find: TypeAlias = Callable[[str], "Key | None"]
"""The key with an access key id, wherever it is kept."""

_INVALID: Final = "The security token included in the request is invalid."
_EXPIRED: Final = "The security token included in the request is expired"
_MISSING: Final = "Request is missing Authentication Token"
_MISMATCH: Final = (
    "The request signature we calculated does not match the signature you provided."
    " Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)
_EC2: Final = "AWS was not able to validate the provided access credentials"

# The codes and statuses that each family of services gives; the tables are in the user guides of IAM
# (CommonErrors), EC2 (ec2-api-errors), DynamoDB (Programming.Errors) and S3 (ErrorResponses). Where a
# message is empty, what is wrong with the signature is told in its place.
FAULTS: Final[dict[tuple[Trouble, Style], Fault]] = {
    ("missing", "query"): Fault("MissingAuthenticationToken", 403, _MISSING),
    ("missing", "ec2"): Fault("MissingAuthenticationToken", 403, _MISSING),
    ("missing", "json"): Fault("MissingAuthenticationTokenException", 400, _MISSING),
    ("missing", "rest-json"): Fault("MissingAuthenticationTokenException", 403, _MISSING),
    ("missing", "rest-xml"): Fault("AccessDenied", 403, "Access Denied"),
    ("unknown", "query"): Fault("InvalidClientTokenId", 403, _INVALID),
    ("unknown", "ec2"): Fault("AuthFailure", 401, _EC2),
    ("unknown", "json"): Fault("UnrecognizedClientException", 400, _INVALID),
    ("unknown", "rest-json"): Fault("UnrecognizedClientException", 403, _INVALID),
    ("unknown", "rest-xml"): Fault(
        "InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records."
    ),
    ("expired", "query"): Fault("ExpiredToken", 403, _EXPIRED),
    ("expired", "ec2"): Fault("RequestExpired", 400, "Request has expired."),
    ("expired", "json"): Fault("ExpiredTokenException", 400, _EXPIRED),
    ("expired", "rest-json"): Fault("ExpiredTokenException", 403, _EXPIRED),
    ("expired", "rest-xml"): Fault("ExpiredToken", 400, "The provided token has expired."),
    ("mismatch", "query"): Fault("SignatureDoesNotMatch", 403, _MISMATCH),
    ("mismatch", "ec2"): Fault("AuthFailure", 401, _EC2),
    ("mismatch", "json"): Fault("InvalidSignatureException", 400, _MISMATCH),
    ("mismatch", "rest-json"): Fault("InvalidSignatureException", 403, _MISMATCH),
    ("mismatch", "rest-xml"): Fault("SignatureDoesNotMatch", 403, _MISMATCH),
    ("stale", "query"): Fault("SignatureDoesNotMatch", 403, ""),
    ("stale", "ec2"): Fault("RequestExpired", 400, "Request has expired."),
    ("stale", "json"): Fault("InvalidSignatureException", 400, ""),
    ("stale", "rest-json"): Fault("InvalidSignatureException", 403, ""),
    ("stale", "rest-xml"): Fault(
        "RequestTimeTooSkewed", 403, "The difference between the request time and the current time is too large."
    ),
    ("malformed", "query"): Fault("IncompleteSignature", 400, ""),
    ("malformed", "ec2"): Fault("AuthFailure", 401, ""),
    ("malformed", "json"): Fault("IncompleteSignatureException", 400, ""),
    ("malformed", "rest-json"): Fault("IncompleteSignatureException", 403, ""),
    ("malformed", "rest-xml"): Fault("AuthorizationHeaderMalformed", 400, ""),
}


# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
_PRESIGNED: Final = Fault("AccessDenied", 403, "Request has expired")


def authenticate(claim: Claim, style: Style, find: Find, now: datetime) -> Key | Fault:
    """The key that signed, or the fault with which the service refuses the request.

    Temporary credentials need their session token; an active key, a signature of the last 15 minutes that its
    secret made, and a token that has not expired.
    """
    match claim:
        case Unsigned():
            return _fault("missing", style)
        case Malformed():
            return _fault("malformed", style, claim.why)
        case Signature():
            return _signed(claim, style, find, now)


def _signed(signature: Signature, style: Style, find: Find, now: datetime) -> Key | Fault:
    key = find(signature.scope.key_id)
    if key is None or not key.is_active or (signature.token or "") != key.token:
        return _fault("unknown", style)
    if not matches(signature, key.secret):
        return _fault("mismatch", style)
    if why := freshness(signature, now):
        is_presigned = style == "rest-xml" and signature.expires is not None
        return _PRESIGNED if is_presigned else _fault("stale", style, why)
    return _fault("expired", style) if key.expires is not None and key.expires <= now else key


def _fault(trouble: Trouble, style: Style, why: str = "") -> Fault:
    found = FAULTS[trouble, style]
    return found if found.message else Fault(found.code, found.status, why)
