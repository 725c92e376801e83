"""What the tests of the policy simulator share: policies, context entries, results."""

from __future__ import annotations

import json
from typing import Any

ACCOUNT = "123456789012"
STRANGER = "999999999999"
BOB = f"arn:aws:iam::{ACCOUNT}:user/bob"
OBJECT = "arn:aws:s3:::bucket/key"
# https://docs.aws.amazon.com/cli/latest/reference/iam/simulate-custom-policy.html
AFTER = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*",'
    '"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}'
)


def document(effect: str, action: str, resource: str = "*", **more: Any) -> str:
    """A policy of one statement."""
    statement = {"Effect": effect, "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def entry(key: str, *values: str, type_: str = "string") -> dict[str, Any]:
    """A context entry."""
    return {"ContextKeyName": key, "ContextKeyValues": list(values), "ContextKeyType": type_}


def one(reply: dict[str, Any]) -> dict[str, Any]:
    """The only result."""
    (result,) = reply["EvaluationResults"]
    made: dict[str, Any] = result
    return made
