"""One-time codes of virtual MFA devices (RFC 6238: SHA-1, six digits, every thirty seconds). Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Final

STEP: Final = 30
DIGITS: Final = 6


def is_valid(seed: str, code: str, at: datetime) -> bool:
    """Whether the code is that of the instant, of the step before it or of the one after it.

    `seed` is the device's Base32StringSeed.
    https://docs.aws.amazon.com/IAM/latest/APIReference/API_VirtualMFADevice.html
    """
    step = int(at.timestamp()) // STEP
    return any(hmac.compare_digest(code.encode(), _code(seed, step + off).encode()) for off in (-1, 0, 1))


def code_at(seed: str, at: datetime) -> str:
    """The code that a device shows at an instant."""
    return _code(seed, int(at.timestamp()) // STEP)


def _code(seed: str, step: int) -> str:
    digest = hmac.digest(base64.b32decode(seed), step.to_bytes(8, "big"), hashlib.sha1)
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"
