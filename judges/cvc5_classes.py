"""Numbers, dates and addresses as finitely many classes, each with one value that stands for it.

The operators of these families only ask where a value lies among the literals, so a value per literal
and one between each two of them (or one per piece of the address space) is all that can be told apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from fractions import Fraction
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

UNREADABLE: Final = "x"
"""Stands for every value that the operators of the family cannot read."""

_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_EPOCH: Final = re.compile(r"[0-9]{5,}")
_DATE: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:\d\d))?)?)?", re.ASCII
)
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = 10**9
_FIRST: Final = -62135596800 * _SECOND
_LAST: Final = 253402300799 * _SECOND


def number(text: str) -> Fraction | None:
    """A number, exactly."""
    return Fraction(text) if _NUMBER.fullmatch(text) else None


def instant(text: str) -> Fraction | None:
    """Nanoseconds since 1970."""
    if _EPOCH.fullmatch(text):
        return Fraction(int(text) * _SECOND)
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    *parts, fraction, zone = found.groups()
    year, month, day, hour, minute, second = (int(part) if part else 0 for part in parts)
    try:
        at = datetime(year, month or 1, day or 1, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    seconds = (at - _START) // timedelta(seconds=1)
    return Fraction((seconds - _offset(zone or "Z")) * _SECOND + int((fraction or "").ljust(9, "0")))


def _offset(zone: str) -> int:
    if zone == "Z":
        return 0
    seconds = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
    return -seconds if zone[0] == "-" else seconds


_ORDER: Final[dict[str, Callable[[Fraction, Fraction], bool]]] = {
    "Equals": lambda value, literal: value == literal,
    "NotEquals": lambda value, literal: value == literal,
    "LessThan": lambda value, literal: value < literal,
    "LessThanEquals": lambda value, literal: value <= literal,
    "GreaterThan": lambda value, literal: value > literal,
    "GreaterThanEquals": lambda value, literal: value >= literal,
}


def holds(family: str, operator: str, value: str, literals: Iterable[str]) -> bool:
    """Whether the value meets one of the literals; of a negated operator, what it negates."""
    if family == "ip":
        address = _address(value)
        return address is not None and any(address in ip_network(literal) for literal in literals)
    read = number if family == "Numeric" else instant
    left = read(value)
    if left is None:
        return False
    relation = _ORDER[operator.removeprefix(family)]
    return any(relation(left, right) for right in map(read, literals) if right is not None)


def representatives(family: str, literals: Iterable[str]) -> tuple[str, ...]:
    """One value of every class that the literals can tell apart, in order; the unreadable ones last."""
    if family == "ip":
        found = _addresses([ip_network(literal) for literal in literals])
    elif family == "Numeric":
        found = [_decimal(value) for value in _between(_read(literals, number), Fraction(1), None)]
    else:
        instants = [at for at in _between(_read(literals, instant), Fraction(_SECOND), 1) if _FIRST <= at <= _LAST]
        found = [_iso(int(at)) for at in instants]
    return (*found, UNREADABLE)


def _read(literals: Iterable[str], read: Callable[[str], Fraction | None]) -> list[Fraction]:
    return sorted({value for value in map(read, literals) if value is not None})


def _between(values: list[Fraction], step: Fraction, grain: int | None) -> list[Fraction]:
    """Below, each value, between each two (where the grain leaves room), above."""
    made = [values[0] - step]
    for left, right in zip(values, [*values[1:], values[-1] + 2 * step], strict=True):
        middle = (left + right) / 2
        if grain is not None:
            middle = Fraction(int(middle // _SECOND * _SECOND if right - left > 2 * _SECOND else middle // grain))
        made += [left, middle] if left < middle < right else [left]
    return made


def _decimal(value: Fraction) -> str:
    return f"{Context(prec=200).divide(Decimal(value.numerator), Decimal(value.denominator)):f}"


def _iso(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, _SECOND)
    fraction = f".{rest:09d}" if rest else ""
    return (_START + timedelta(seconds=seconds)).isoformat().replace("+00:00", f"{fraction}Z")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _addresses(networks: list[IPv4Network | IPv6Network]) -> list[str]:
    """One address for each set of networks that some address lies in; boundaries are enough."""
    starts: list[IPv4Address | IPv6Address] = [IPv4Address(0), IPv6Address(0)]
    for network in networks:
        starts.append(network.network_address)
        after = int(network.broadcast_address) + 1
        if after < 2**network.max_prefixlen:
            starts.append(type(network.network_address)(after))
    return list({tuple(at in network for network in networks): str(at) for at in starts}.values())
