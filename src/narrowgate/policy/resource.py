"""Resource strings: which AWS takes, and what is wrong with the others. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from narrowgate.policy.arn import PARTITIONS, Arn, is_pattern, matches, parse_arn
from narrowgate.policy.place import shown
from narrowgate.policy.placeholder import ACCOUNT, REGION, leftover_in_arn, leftover_message
from narrowgate.policy.variable import VARIABLE

# AWS owns what stands under these names in the place of an account.
AWS_ACCOUNTS: Final = frozenset({"aws", "amazon", "aws-marketplace", "third-party"})

IAM_RESOURCES: Final = (
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
    "role-template/",
)
S3_REGIONAL: Final = (
    "accesspoint/",
    "access-grants/",
    "async-request/",
    "job/",
    "storage-lens/",
    "storage-lens-group/",
)

_VARIABLE_START = re.compile(r"\$\{")


def resource_fault(text: str) -> str | None:
    """What is wrong with a Resource or NotResource string; None when nothing is.

    Shorter forms such as `arn:aws:logs:*`, which IAM completes with stars, are refused: Access
    Analyzer calls them an error (MISSING_ARN_FIELD), and they hide how much they cover. An empty last
    part is taken, for AWS's own AmazonDevOpsGuruOrganizationsAccess has one; it matches nothing.
    """
    if text == "*":
        return None
    if left := leftover_in_arn(text):
        return leftover_message(left)
    arn = parse_arn(text)
    if arn is None:
        return f'{shown(text)} must be "*" or an ARN of six parts, arn:partition:service:region:account:name'
    wrong = next(_arn_faults(arn), None)
    return f"{shown(text)}: {wrong}" if wrong else None


def _arn_faults(arn: Arn) -> Iterator[str]:
    if not any(matches(arn.partition, known) for known in PARTITIONS):
        yield f"partition {shown(arn.partition)} is not valid"
    if not re.fullmatch(r"[a-z0-9-]+", arn.service):
        yield f"service {shown(arn.service)}: lower case, and no wildcard or variable stands here"
    if not (arn.region == "" or is_open(arn.region) or REGION.fullmatch(arn.region)):
        yield f"{shown(arn.region)} is not a region, or a placeholder that is not filled in"
    if not (arn.account in AWS_ACCOUNTS or arn.account == "" or _is_account(arn.account)):
        yield f"account {shown(arn.account)}: not 12 digits, or a placeholder that is not filled in"
    yield from _service_faults(arn)


def _is_account(text: str) -> bool:
    """12 digits, or a pattern or variable that could be them."""
    bare = VARIABLE.sub("*", text)
    return ACCOUNT.fullmatch(bare) is not None or (is_open(text) and re.fullmatch(r"[0-9a-z*?-]+", bare) is not None)


def is_open(text: str) -> bool:
    """Whether a wildcard or a policy variable leaves the part open."""
    return is_pattern(text) or "${" in text


def _service_faults(arn: Arn) -> Iterator[str]:
    if arn.service == "iam" and arn.region:
        yield "an IAM resource cannot contain region information"
    if arn.service == "iam" and arn.resource not in ("*", "root") and not arn.resource.startswith(IAM_RESOURCES):
        yield 'an IAM resource path must either be "*" or start with ' + ", ".join(IAM_RESOURCES)
    if arn.service == "s3" and not arn.resource.startswith(S3_REGIONAL):
        yield from _bucket_faults(arn)


def _bucket_faults(arn: Arn) -> Iterator[str]:
    """Buckets are named worldwide. AWS's own policies write `*` for the account, never a number."""
    if arn.region:
        yield "a bucket cannot contain region information"
    if arn.account and not is_open(arn.account):
        yield "a bucket cannot contain an account"


def variable_fault(text: str) -> str | None:
    """What is wrong with the policy variables of a string, under Version 2012-10-17.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    A default value is in single quotes after a comma and a space.
    """
    at = 0
    while start := _VARIABLE_START.search(text, at):
        whole = VARIABLE.match(text, start.start())
        if whole is None:
            return f"{shown(text[start.start() :])} is not a policy variable, such as `${{aws:username}}`"
        at = whole.end()
    return None
