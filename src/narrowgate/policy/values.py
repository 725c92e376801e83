"""What the texts of condition values stand for: numbers, instants, addresses. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
Read strictly: `5abc` is no number. None everywhere for a text that does not have the form.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Final, NamedTuple, TypeAlias

Exact: TypeAlias = "int | Fraction"

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
_EPOCH: Final = re.compile(r"[0-9]{5,19}")
_DATE: Final = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?(Z|[+-][0-9]{2}:[0-9]{2}))?)?)?"
)
_NETWORK: Final = re.compile(r"[0-9A-Fa-f.:]+(?:/[0-9]{1,3})?")
_EPOCH_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
NANOSECONDS: Final = 1_000_000_000
_LONGEST_ADDRESS: Final = 45


class Range(NamedTuple):
    """Addresses from first to last, both included, as numbers; `version` is 4 or 6."""

    version: int
    first: int
    last: int


def number(text: str) -> Exact | None:
    """The number, exactly."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    return int(text) if found.group(1) is None else Fraction(text)


def instant(text: str) -> int | None:
    """Nanoseconds since 1970, from ISO 8601 or seconds since 1970."""
    if _EPOCH.fullmatch(text):
        return int(text) * NANOSECONDS
    found = _DATE.fullmatch(text)
    return _moment(found) if found else None


def _moment(found: re.Match[str]) -> int | None:
    texts = zip(found.groups()[:6], "011000", strict=True)
    year, month, day, hour, minute, second = (int(text or default) for text, default in texts)
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        elapsed = moment - _offset(found.group(8)) - _EPOCH_START
    except (ValueError, OverflowError):
        return None
    fraction = int((found.group(7) or "").ljust(9, "0"))
    return (elapsed.days * 86_400 + elapsed.seconds) * NANOSECONDS + fraction


def _offset(zone: str | None) -> timedelta:
    """The zone as a distance from UTC. Raises ValueError for one that no clock has."""
    if zone is None or zone == "Z":
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError(zone)
    distance = timedelta(hours=hours, minutes=minutes)
    return -distance if zone[0] == "-" else distance


def address(text: str) -> tuple[int, int] | None:
    """Version and number of one IP address."""
    return _address(text) if len(text) <= _LONGEST_ADDRESS else None


@lru_cache(maxsize=4_096)
def _address(text: str) -> tuple[int, int] | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return None if "%" in text else (found.version, int(found))


def network(text: str) -> Range | None:
    """The addresses of a network in CIDR form without host bits, or of one address."""
    # ip_network also reads `10.0.0.0/255.0.0.0`, which AWS does not have.
    if not _NETWORK.fullmatch(text):
        return None
    try:
        found = ip_network(text)
    except ValueError:
        return None
    return Range(found.version, int(found.network_address), int(found.broadcast_address))


def truth(text: str) -> str | None:
    """`true` or `false`, without regard to case."""
    lower = text.lower()
    return lower if lower in ("true", "false") else None
