"""AWS's actions as one value: names, access levels, resource types, condition keys. Pure.

The names are there at once. Everything else is asked of two callables given at construction: columns
over all the names, and the details of one service, each once.

INVARIANT: `names` is strictly ascending in lower case; bit i of every bitset stands for `names[i]`.
INVARIANT: `select(pattern)` has bit i exactly when `matches(pattern.lower(), names[i].lower())`.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast

from narrowgate.policy.global_keys import GLOBAL_KEYS
from narrowgate.policy.service import OPEN, Action, Columns, ResourceType, Service, columns_of, ordered

T = TypeVar("T")

SELECTED_KEPT: Final = 4096
"""Action patterns whose bitsets are kept; at most 3 kB each."""

LONGEST_KEPT: Final = 256
"""Characters of a pattern that is worth keeping; no action has a name that long."""

_BEYOND: Final = "\U0010ffff"


def bitset(positions: Iterable[int], length: int) -> int:
    """The bitset of positions, all below `length`."""
    made = bytearray((length >> 3) + 1)
    for position in positions:
        made[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(made, "little")


def span(low: int, high: int) -> int:
    """The bitset of the positions from `low` up to, but without, `high`."""
    return ((1 << high - low) - 1) << low if high > low else 0


def _expression(pattern: str) -> re.Pattern[str]:
    """The pattern as a regex that never goes back: each piece is taken where it first fits."""
    head, *rest = (re.escape(piece).replace(r"\?", ".") for piece in pattern.split("*"))
    if not rest:
        return re.compile(head, re.DOTALL)
    return re.compile(head + "".join(f"(?>.*?{piece})" for piece in rest[:-1]) + f".*{rest[-1]}", re.DOTALL)


@dataclass(frozen=True, slots=True, eq=False)
class ActionList:
    """All the actions that are known, with their details on demand. Two lists are equal only if the same.

    `columns` and `service` (by prefix, in lower case; None for one that does not exist) are called at
    most once for each answer.
    """

    names: tuple[str, ...]
    columns_source: Callable[[], Columns] = field(repr=False)
    service_source: Callable[[str], Service | None] = field(repr=False)
    lower: tuple[str, ...] = field(init=False, repr=False)
    index: Mapping[str, int] = field(init=False, repr=False)
    _kept: dict[object, Any] = field(init=False, repr=False, default_factory=dict)
    _selected: Callable[[str], int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        lower = tuple("\n".join(self.names).lower().split("\n")) if self.names else ()
        if len(lower) != len(self.names) or not all(a < b for a, b in pairwise(lower)):
            raise ValueError("the names of an action list ascend in lower case, each once")
        object.__setattr__(self, "lower", lower)
        object.__setattr__(self, "index", MappingProxyType(dict(zip(lower, range(len(lower)), strict=True))))
        object.__setattr__(self, "_selected", lru_cache(SELECTED_KEPT)(self._select))

    def once(self, make: Callable[[ActionList], T]) -> T:
        """What `make` makes of this list: made at the first call, then kept with the list."""
        if make not in self._kept:
            self._kept[make] = make(self)
        return cast(T, self._kept[make])

    @property
    def columns(self) -> Columns:
        """Level, number of types and own keys of every action."""
        return self.once(_columns)

    @property
    def everything(self) -> int:
        """The bitset of all the actions."""
        return span(0, len(self.names))

    def select(self, pattern: str) -> int:
        """The bitset of the actions that an action pattern matches.

        As in a policy: over the whole `service:Name`, without regard to case, `*` and `?` wild.
        """
        lower = pattern.lower()
        found = self.index.get(lower)
        if found is not None:
            return 1 << found
        return self._selected(lower) if len(lower) <= LONGEST_KEPT else self._select(lower)

    def _select(self, pattern: str) -> int:
        pattern = re.sub(r"\*+", "*", pattern)
        stop = re.search(r"[*?]", pattern)
        # A pattern with more characters than any name matches none; nor is it worth a large regex.
        if stop is None or len(pattern) - pattern.count("*") > self.once(_longest):
            return 0
        prefix, rest = pattern[: stop.start()], pattern[stop.start() :]
        low, high = bisect_left(self.lower, prefix), bisect_left(self.lower, prefix + _BEYOND)
        if rest == "*":
            return span(low, high)
        return self._search(pattern, low, high)

    def _search(self, pattern: str, low: int, high: int) -> int:
        # One fixed piece of the pattern rules most names out, faster than the regex would.
        piece = max(re.split(r"[*?]", pattern), key=len)
        fits, lower = _expression(pattern).fullmatch, self.lower
        return bitset((i for i in range(low, high) if piece in lower[i] and fits(lower[i])), len(lower))

    def chosen(self, bits: int) -> tuple[str, ...]:
        """The names that a bitset stands for, in order."""
        return tuple(self.names[i] for i in positions(bits))

    def service(self, name: str) -> Service | None:
        """The details of a service, by its prefix in any case; None where there is none."""
        key = ("service", name.lower())
        if key not in self._kept:
            self._kept[key] = self.service_source(name.lower())
        return cast("Service | None", self._kept[key])

    def action(self, name: str) -> Action | None:
        """The details of an action, by its name in any case; None where it is not known."""
        prefix, _, _ = name.partition(":")
        return self.once(_Details(prefix.lower())).get(name.lower())

    def types_of(self, name: str) -> tuple[ResourceType, ...]:
        """The resource types of an action, by its name in any case; none where it is not known."""
        found = self.action(name)
        return found.types if found else ()

    def key_type(self, key: str) -> str | None:
        """The type of a condition key, by its name in any case; None where it is not known.

        Global keys from AWS's page, others from the service whose prefix they have, then from the
        services that define keys under foreign prefixes.
        """
        lower = key.lower()
        prefix, _, _ = lower.partition(":")
        for place in (prefix, *self.columns.foreign):
            if found := self.once(_KeyTypes(place)).of(lower):
                return found
        return None


def positions(bits: int) -> tuple[int, ...]:
    """The positions of the ones of a bitset, ascending."""
    return tuple(at for low, high in runs(bits) for at in range(low, high))


def runs(bits: int) -> Iterator[tuple[int, int]]:
    """The runs of ones of a bitset, ascending: first position, and the one after the last."""
    digits = bin(bits)[:1:-1]  # finding in a text is much faster than shifting a large integer
    low = digits.find("1")
    while low >= 0:
        high = digits.find("0", low)
        if high < 0:
            yield low, len(digits)
            return
        yield low, high
        low = digits.find("1", high)


def _longest(actions: ActionList) -> int:
    return max(map(len, actions.lower), default=0)


def _columns(actions: ActionList) -> Columns:
    made = actions.columns_source()
    if not len(made.levels) == len(made.types) == len(made.own_keys) == len(actions.names):
        raise ValueError("the columns of an action list are as long as its names")
    return made


@dataclass(frozen=True, slots=True)
class _Details:
    """Makes the actions of a service, by lower-case name."""

    service: str

    def __call__(self, actions: ActionList) -> dict[str, Action]:
        found = actions.service(self.service)
        return {action.name.lower(): action for action in ordered(found.actions)} if found else {}


@dataclass(frozen=True, slots=True)
class _Keys:
    exact: Mapping[str, str]
    open: tuple[tuple[re.Pattern[str], str], ...]

    def of(self, key: str) -> str | None:
        """The type of a key in lower case; of several names that fit, the most exact one's."""
        if found := self.exact.get(key):
            return found
        return next((type_ for name, type_ in self.open if name.fullmatch(key)), None)


@dataclass(frozen=True, slots=True)
class _KeyTypes:
    """Makes the condition keys of a service or, for `aws`, the global ones."""

    service: str

    def __call__(self, actions: ActionList) -> _Keys:
        found = actions.service(self.service)
        keys = {key.name.lower(): key.type for key in found.keys} if found else {}
        known = dict(GLOBAL_KEYS) if self.service == "aws" else keys
        globs = {name: OPEN.sub("*", name) for name in known if OPEN.search(name)}
        by_length = sorted(globs, key=lambda name: (-len(globs[name]), name))
        return _Keys(known, tuple((_expression(globs[name]), known[name]) for name in by_length))


def list_of(services: Iterable[Service]) -> ActionList:
    """An action list of services that are at hand."""
    by_name = {service.name.lower(): service for service in services}
    actions = ordered(action for service in by_name.values() for action in service.actions)
    names = tuple(action.name for action in actions)
    return ActionList(names, lambda: columns_of(actions), by_name.get)
