"""One value in each gap: the values that comparisons with a list of values can tell apart. Pure.

Between two neighbours of the list every value compares in the same way; so the listed values, one in
each gap, one below and one above are all there is to try.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from itertools import islice, pairwise
from typing import Final

from narrowgate.policy import values

_UNIT: Final = 10**30
"""Units to one: a number has at most 30 digits behind the point, and so many before it."""


def around_numbers(listed: Iterable[str]) -> Iterator[str]:
    """The listed numbers, one between each two, one below and one above."""
    points = sorted({int(found * _UNIT) for text in listed if (found := values.number(text)) is not None})
    yield from _around(points, _UNIT, _UNIT, _decimal)


def _around(points: Sequence[int], whole: int, far: int, written: Callable[[int], str | None]) -> Iterator[str]:
    """The points, and in each gap the first value that can be written, if any can."""
    for before, after in pairwise((None, *points, None)):
        if before is not None and (text := written(before)) is not None:
            yield text
        tried = (text for at in _tries(before, after, whole, far) if (text := written(at)) is not None)
        yield from islice(tried, 1)


def _tries(before: int | None, after: int | None, whole: int, far: int) -> Iterator[int]:
    """Values of a gap: far or in the middle, the next whole one, and the nearest."""
    if before is None:
        yield from () if after is None else (after - far, after - 1)
        return
    tries = ((before + after) // 2 if after is not None else before + far, (before // whole + 1) * whole, before + 1)
    yield from (at for at in tries if before < at and (after is None or at < after))


def _decimal(number: int) -> str | None:
    """The number in decimals, from units; None where it has too many digits."""
    whole, fraction = divmod(abs(number), _UNIT)
    digits = f"{fraction:030d}".rstrip("0")
    text = ("-" if number < 0 else "") + (f"{whole}.{digits}" if digits else str(whole))
    return text if whole < _UNIT else None


def around_dates(listed: Iterable[str]) -> Iterator[str]:
    """The listed instants, one between each two, one before and one after."""
    points = sorted({found for text in listed if (found := values.instant(text)) is not None})
    yield from _around(points, values.NANOSECONDS, 86_400 * values.NANOSECONDS, _iso)


def _iso(instant: int) -> str | None:
    """The instant as ISO 8601; beyond the calendar as seconds since 1970; None where neither can say it."""
    seconds, fraction = divmod(instant, values.NANOSECONDS)
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    except OverflowError:
        text = str(seconds)
        return text if values.instant(text) == instant else None
    text = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    return f"{text}.{fraction:09d}Z" if fraction else f"{text}Z"


def around_networks(listed: Iterable[str]) -> Iterator[str]:
    """The first address of each stretch between the ends of the networks, in both versions."""
    ranges = [found for text in listed if (found := values.network(text)) is not None]
    for version, size in ((4, 32), (6, 128)):
        own = [each for each in ranges if each.version == version]
        ends = {0, *(each.first for each in own), *(each.last + 1 for each in own)}
        for start in sorted(ends):
            if start < 1 << size:
                yield str(IPv4Address(start) if version == 4 else IPv6Address(start))
