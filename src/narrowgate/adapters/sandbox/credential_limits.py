"""What temporary credentials may not call, whatever their policies say. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from narrowgate.adapters.sandbox.answer import Fault
from narrowgate.adapters.sandbox.identities import Key

# IAM takes such a key for one that does not exist; the words are those that people report of it.
_NOT_FOR_IAM: Final = Fault("InvalidClientTokenId", 403, "The security token included in the request is invalid")
_LONG_TERM_ONLY: Final = frozenset({"GetSessionToken", "GetFederationToken"})
_LEFT_IN_STS: Final[Mapping[str, frozenset[str]]] = {
    "User": frozenset({"AssumeRole", "GetCallerIdentity"}),
    "FederatedUser": frozenset({"GetCallerIdentity"}),
}
"""What STS leaves to the sessions of GetSessionToken and of GetFederationToken, by `aws:PrincipalType`."""


def limit_of(key: Key, service: str, operation: str) -> Fault | None:
    """Why credentials of this sort cannot make the call; None where policies decide.

    `service` is botocore's name. Keys without a session token have no limits.
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
    """
    if not key.token:
        return None
    kind = str(key.principal.context.get("aws:PrincipalType", ""))
    if service == "iam":
        return _NOT_FOR_IAM if kind in _LEFT_IN_STS and not _has_multi_factor(key, kind) else None
    if service != "sts":
        return None
    left = _LEFT_IN_STS.get(kind)
    is_barred = operation in _LONG_TERM_ONLY if left is None else operation not in left
    return Fault("AccessDenied", 403, f"Cannot call {operation} with session credentials") if is_barred else None


def _has_multi_factor(key: Key, kind: str) -> bool:
    """Whether a user gave a code when the session was made; a federated user has no device."""
    return kind == "User" and key.principal.context.get("aws:MultiFactorAuthPresent") == "true"
