"""One value in each gap: the values that comparisons with a list of values can tell apart. Pure.

Between two neighbours of the list every value compares in the same way; so the listed values, one in
each gap, one below and one above are all there is to try.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from ipaddress import IPv4Address, IPv6Address

from narrowgate.policy import values


def around_numbers(listed: Iterable[str]) -> Iterator[str]:
    """The listed numbers, one between each two, one below and one above."""
    points = sorted({Fraction(found) for text in listed if (found := values.number(text)) is not None})
    yield from (_decimal(point) for point in _and_between(points, Fraction(1), Fraction(2)))


def _and_between(points: Sequence[Fraction], step: Fraction, half: Fraction) -> Iterator[Fraction]:
    for place, point in enumerate(points):
        if place == 0:
            yield point - step
        yield point
        yield point + step if place + 1 == len(points) else (point + points[place + 1]) / half


def _decimal(number: Fraction) -> str:
    """The number in decimals, which end: denominators are products of twos and fives."""
    places = 0
    while number.denominator != 1 and (number * 10**places).denominator != 1:
        places += 1
    digits = str(abs(int(number * 10**places))).rjust(places + 1, "0")
    whole, fraction = digits[: len(digits) - places], digits[len(digits) - places :]
    return ("-" if number < 0 else "") + (f"{whole}.{fraction}" if fraction else whole)


def around_dates(listed: Iterable[str]) -> Iterator[str]:
    """The listed instants, one between each two, one before and one after."""
    points = sorted({found for text in listed if (found := values.instant(text)) is not None})
    day = 86_400 * values.NANOSECONDS
    for place, point in enumerate(points):
        if place == 0:
            yield from _iso(point - day)
        yield from _iso(point)
        after = point + day if place + 1 == len(points) else (point + points[place + 1]) // 2
        if after != point:
            yield from _iso(after)


def _iso(instant: int) -> Iterator[str]:
    """The instant as ISO 8601; nothing where the calendar ends."""
    seconds, fraction = divmod(instant, values.NANOSECONDS)
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        return
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    yield f"{text}.{fraction:09d}Z" if fraction else f"{text}Z"


def around_networks(listed: Iterable[str]) -> Iterator[str]:
    """The first address of each stretch between the ends of the networks, in both versions."""
    ranges = [found for text in listed if (found := values.network(text)) is not None]
    for version, size in ((4, 32), (6, 128)):
        own = [each for each in ranges if each.version == version]
        ends = {0, *(each.first for each in own), *(each.last + 1 for each in own)}
        for start in sorted(ends):
            if start < 1 << size:
                yield str(IPv4Address(start) if version == 4 else IPv6Address(start))
