"""What the tests of the recording share: a recorded call, and the one call of a line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from narrowgate.adapters.sandbox.recording import Recorded, Result, read_recording
from narrowgate.calls import Call

NOW: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)


def made(asked: Call, **more: Any) -> Recorded:
    """The call as recorded, by user x; `more` are other fields."""
    plain = Recorded(NOW, 1, "arn:aws:iam::123456789012:user/x", "AKIAX", "eu-west-1", asked, Result(200))
    return replace(plain, **more)


def one(line: str) -> Recorded:
    """The one call of a line."""
    (found,) = read_recording(line)
    return found
