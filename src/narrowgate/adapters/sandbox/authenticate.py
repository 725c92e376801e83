"""Who calls: the first, small piece of authentication. An access key is known and active, or refused.

Signatures and session tokens are not verified yet. Only reads moto's state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from narrowgate.adapters.sandbox.answer import Fault
from narrowgate.adapters.sandbox.request import Request, Style

ADMIN: Final = ("AKIASANDBOXADMIN0000", "sandbox/administrator/secret/0000000000")
"""The administrator's access key id and secret, the same in every sandbox: worth nothing elsewhere."""
ADMIN_USER: Final = "sandbox-admin"
ADMIN_USER_ID: Final = "AIDASANDBOXADMIN00000"

# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
UNSIGNED_OPERATIONS: Final = frozenset({"AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"})

_INVALID: Final = "The security token included in the request is invalid."
_EXPIRED: Final = "The security token included in the request is expired"
_MISSING: Final = "Request is missing Authentication Token"

Trouble = Literal["missing", "unknown", "expired"]
# The codes and statuses that each family of services gives; the tables are in the user guides of IAM
# (CommonErrors), EC2 (ec2-api-errors), DynamoDB (Programming.Errors) and S3 (ErrorResponses).
FAULTS: Final[dict[tuple[Trouble, Style], Fault]] = {
    ("missing", "query"): Fault("MissingAuthenticationToken", 403, _MISSING),
    ("missing", "ec2"): Fault("MissingAuthenticationToken", 403, _MISSING),
    ("missing", "json"): Fault("MissingAuthenticationTokenException", 400, _MISSING),
    ("missing", "rest-json"): Fault("MissingAuthenticationTokenException", 403, _MISSING),
    ("missing", "rest-xml"): Fault("AccessDenied", 403, "Access Denied"),
    ("unknown", "query"): Fault("InvalidClientTokenId", 403, _INVALID),
    ("unknown", "ec2"): Fault("AuthFailure", 401, "AWS was not able to validate the provided access credentials"),
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
}


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller: the administrator, a user or a role session, by its access key."""

    kind: Literal["admin", "user", "session", "anonymous"]
    key_id: str


def authenticate(request: Request, account: str) -> Caller | Fault:
    """The caller, or the fault with which its service refuses the key."""
    if not request.scope:
        if request.operation in UNSIGNED_OPERATIONS:
            return Caller("anonymous", "")
        return FAULTS["missing", request.style]
    found = _find(request.scope.key_id, account, request.scope.region)
    return found if isinstance(found, Caller) else FAULTS[found, request.style]


def _find(key_id: str, account: str, region: str) -> Caller | Trouble:
    from moto.iam.models import iam_backends
    from moto.utilities.utils import get_partition

    if key_id == ADMIN[0]:
        return Caller("admin", key_id)
    # A partition is a world of its own: a key of `aws` is unknown in `aws-cn`.
    partition = get_partition(region)
    key = iam_backends[account][partition].access_keys.get(key_id)
    if key is None:
        return "unknown"
    if key.user_name is None:
        return _session(key_id, account, partition)
    return Caller("user", key_id) if key.status == "Active" else "unknown"


def _session(key_id: str, account: str, partition: str) -> Caller | Trouble:
    from moto.core.utils import utcnow
    from moto.sts.models import sts_backends

    role: Any = sts_backends[account][partition].get_assumed_role_from_access_key(key_id)
    if role is None:
        return "unknown"
    return Caller("session", key_id) if utcnow() < role.expiration else "expired"
