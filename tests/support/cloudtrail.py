"""CloudTrail events, and files of them, for the tests that read some."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from narrowgate.adapters.cloudtrail import Trail, read_trail
from narrowgate.errors import UsageError

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci/Installer"
USER = f"arn:aws:iam::{ACCOUNT}:user/alice"


def user(arn: str = USER) -> dict[str, Any]:
    return {"type": "IAMUser", "arn": arn, "accountId": arn.split(":")[4], "userName": arn.rpartition("/")[2]}


def session(role: str, name: str, *, issuer: bool = True) -> dict[str, Any]:
    account = role.split(":")[4]
    told = {"sessionIssuer": {"type": "Role", "arn": role, "accountId": account}}
    arn = f"arn:aws:sts::{account}:assumed-role/{role.rpartition('/')[2]}/{name}"
    return {"type": "AssumedRole", "arn": arn, "accountId": account, **({"sessionContext": told} if issuer else {})}


def event(number: int, name: str = "GetUser", **more: Any) -> dict[str, Any]:
    return {
        "eventID": f"e-{number:03d}",
        "eventTime": f"2026-03-01T09:00:{number:02d}Z",
        "eventSource": "iam.amazonaws.com",
        "eventName": name,
        "eventType": "AwsApiCall",
        "awsRegion": "us-east-1",
        "userIdentity": user(),
        "requestParameters": {"userName": "u"},
        "recipientAccountId": ACCOUNT,
        **more,
    }


def file_of(folder: Path, value: Any, name: str = "trail.json") -> Path:
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def trail(folder: Path, *events: Mapping[str, Any], **chosen: str) -> Trail:
    return read_trail([file_of(folder, {"Records": events})], **chosen)


def ids(found: Trail) -> list[str]:
    return [each.source.split()[-1] for each in found.happenings]


def refused(paths: list[Path], **chosen: str) -> str:
    with pytest.raises(UsageError) as raised:
        read_trail(paths, **chosen)
    return raised.value.message
