"""AWS's quotas on IAM entities, and the words with which it refuses to exceed them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: the default values, which
the sandbox cannot be asked to raise. Raises moto's exceptions, which it renders as AWS does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any, Final

from moto.iam.exceptions import LimitExceededException

from narrowgate.policy.document import size

ATTACHED: Final = 10
"""Managed policies of one user, group or role."""
MANAGED_SIZE: Final = 6144
"""Characters of one managed policy, without white space."""
TRUST_SIZE: Final = 2048
INLINE_SIZES: Final[Mapping[str, int]] = {"user": 2048, "role": 10240, "group": 5120}
"""Characters of all inline policies of one entity together, without white space."""
GROUPS_OF_USER: Final = 10
TAGS: Final = 50
PER_ACCOUNT: Final[Mapping[str, int]] = {
    "Users": 5000,
    "Roles": 1000,
    "Groups": 300,
    "Policies": 1500,
    "InstanceProfiles": 1000,
}


def require_room(quota: str, held: Sized, most: int) -> None:
    """Raises LimitExceeded where one more would be too many."""
    if len(held) >= most:
        raise LimitExceededException(f"Cannot exceed quota for {quota}: {most}")


def require_account_room(things: str, held: Sized) -> None:
    """Raises LimitExceeded where the account has as many users, roles, ... as it may."""
    require_room(f"{things}PerAccount", held, PER_ACCOUNT[things])


def require_attachable(kind: str, holder: Any) -> None:
    """Raises LimitExceeded at the eleventh managed policy of a `User`, `Role` or `Group`."""
    require_room(f"PoliciesPer{kind}", holder.managed_policies, ATTACHED)


def require_managed_size(document: str) -> None:
    """Raises LimitExceeded for a managed policy that is too long."""
    if size(document) > MANAGED_SIZE:
        raise LimitExceededException(f"Cannot exceed quota for PolicySize: {MANAGED_SIZE}")


def require_trust_size(document: str) -> None:
    """Raises LimitExceeded for a trust policy that is too long."""
    if size(document) > TRUST_SIZE:
        raise LimitExceededException(f"Cannot exceed quota for ACLSizePerRole: {TRUST_SIZE}")


def require_inline_size(kind: str, holder: Any, name: str, document: str) -> None:
    """Raises LimitExceeded where the inline policies of a `user`, `role` or `group` get too long together."""
    others = sum(size(text) for other, text in holder.policies.items() if other != name)
    if others + size(document) > INLINE_SIZES[kind]:
        most = INLINE_SIZES[kind]
        raise LimitExceededException(f"Maximum policy size of {most} bytes exceeded for {kind} {holder.name}")
