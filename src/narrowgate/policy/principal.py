"""Principals of resource and trust policies: their forms, and when two spellings are one. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import re
from typing import Final

from narrowgate.policy.arn import PARTITIONS, Arn, is_pattern, parse_arn
from narrowgate.policy.placeholder import ACCOUNT

TYPES: Final = ("AWS", "Service", "Federated", "CanonicalUser")
EVERYONE: Final = ("AWS", "*")

_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.IGNORECASE)
_UNIQUE_ID = re.compile(r"A[A-Z0-9]{15,127}")
_CANONICAL_USER = re.compile(r"[0-9a-f]{64}")


def principal_fault(kind: str, name: str) -> str | None:
    """What is wrong with a principal of one of the four types; None when nothing is."""
    match kind:
        case "AWS":
            return _aws_fault(name)
        case "Service":
            return None if _HOST.fullmatch(name) else "a service is named like `ec2.amazonaws.com`"
        case "Federated":
            return _federated_fault(name)
    return None if _CANONICAL_USER.fullmatch(name) else "a canonical user is 64 hexadecimal digits"


def _aws_fault(name: str) -> str | None:
    if name == "*" or ACCOUNT.fullmatch(name) or _UNIQUE_ID.fullmatch(name):
        return None
    if is_pattern(name):
        return "`*` stands for everyone or nobody; it cannot be a part of a principal"
    arn = parse_arn(name)
    if arn is None or arn.partition not in PARTITIONS:
        return "an AWS principal is `*`, an account of 12 digits, or the ARN of a root, user, role or session"
    return None if _is_identity(arn) else "this ARN is not that of a root, user, role or session"


def _is_identity(arn: Arn) -> bool:
    if arn.region:
        return False
    # CloudFront's origin access identities live in an account called `cloudfront`.
    if arn.service == "iam" and arn.account == "cloudfront":
        return arn.resource.startswith("user/")
    if not ACCOUNT.fullmatch(arn.account):
        return False
    if arn.service == "iam":
        return arn.resource == "root" or re.fullmatch(r"(?:user|role)/.+", arn.resource) is not None
    return arn.service == "sts" and re.fullmatch(_SESSION, arn.resource) is not None


_SESSION = r"assumed-role/[^/]+/[^/]+|federated-user/[^/]+"


def _federated_fault(name: str) -> str | None:
    """AWS: "Federated principals must be valid domain names or SAML metadata ARNs"."""
    arn = parse_arn(name)
    if arn is None:
        return None if _HOST.fullmatch(name) else "a federated principal is a domain name or a provider's ARN"
    is_provider = arn.service == "iam" and arn.resource.startswith(("saml-provider/", "oidc-provider/"))
    fits = is_provider and arn.partition in PARTITIONS and ACCOUNT.fullmatch(arn.account) and not arn.region
    return None if fits and not is_pattern(name) else "this ARN is not that of a SAML or OIDC provider"


def canonical_principal(kind: str, name: str) -> tuple[str, str]:
    """The principal as it means: an account's number and its root ARN are one.

    Account numbers are unique across partitions, so the partition of a root ARN adds nothing. No
    other spelling is merged: a role's ARN is not its unique id, which dies with the role.
    """
    if kind != "AWS" or ACCOUNT.fullmatch(name):
        return kind, name
    arn = parse_arn(name)
    if arn is None or arn.service != "iam" or arn.region or arn.resource != "root":
        return kind, name
    is_root = arn.partition in PARTITIONS and ACCOUNT.fullmatch(arn.account) is not None
    return kind, arn.account if is_root else name
