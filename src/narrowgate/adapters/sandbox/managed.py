"""AWS's own managed policies, put into moto's IAM when they are first asked for.

moto has them as one long JSON text. Reading all of it at every start would cost half a second; one policy
is cut out of the text in a millisecond. Only the default version of each is known.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def require(iam: Any, arn: str | None) -> None:
    """Put the policy into IAM, if `arn` is that of one of AWS's; nothing where AWS has no such policy.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
    """
    if not arn or arn in iam.managed_policies or not is_of_aws(arn):
        return
    text = _text()
    name = arn.rpartition("/")[2]
    start = text.find(f"\n {json.dumps(name)}:{{")
    if start < 0:
        return
    end = text.index("\n }", start) + len("\n }")
    with _unseen():
        _add(iam, json.loads("{" + text[start:end] + "}"), only=arn)


def require_all(iam: Any) -> None:
    """Put all of them into IAM: half a second, once."""
    if getattr(iam, "has_every_policy_of_aws", False):
        return
    with _unseen():
        _add(iam, json.loads(_text()))
    iam.has_every_policy_of_aws = True


def is_of_aws(arn: str) -> bool:
    """Whether the ARN is that of a policy which AWS owns."""
    return ":iam::aws:policy/" in arn


def _add(iam: Any, descriptions: dict[str, Any], only: str = "") -> None:
    from moto.iam.models import AWSManagedPolicy

    for name, description in descriptions.items():
        policy = AWSManagedPolicy.from_data(name, iam.account_id, iam.region_name, description)
        # INVARIANT: the id does not depend on when the policy was asked for.
        policy.id = f"ANPA{base64.b32encode(hashlib.sha256(name.encode()).digest()).decode()[:17]}"
        if policy.arn not in iam.managed_policies and only in ("", policy.arn):
            iam.managed_policies[policy.arn] = policy
            iam.aws_managed_policies.append(policy)


@contextmanager
def _unseen() -> Iterator[None]:
    """Leave moto's randomness as it was: moto draws an id, and a read must not shift what comes later."""
    from moto.moto_api._internal import mock_random

    before = mock_random.getstate()
    try:
        yield
    finally:
        mock_random.setstate(before)


def _text() -> str:
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    return str(aws_managed_policies_data)
