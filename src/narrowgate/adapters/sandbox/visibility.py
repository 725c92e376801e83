"""Eventual consistency: what one part of AWS knows of IAM is what IAM was some seconds ago.

    "Changes that I make are not always immediately visible":
    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency

Reads no clock and knows nothing of IAM: a snapshot is whatever `take` gives, and is never changed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, TypeVar

T = TypeVar("T")

ALWAYS: Final = datetime.min.replace(tzinfo=UTC)
"""The instant of what was there from the beginning."""


@dataclass(frozen=True, slots=True)
class History(Generic[T]):
    """What a value was and since when, no further back than `keep`.

    `entries` are (since, value), oldest first, at least one: the first has held ever before.
    """

    entries: tuple[tuple[datetime, T], ...]
    keep: timedelta

    def __post_init__(self) -> None:
        assert self.entries, "a history has a first value"

    @property
    def latest(self) -> T:
        """The value of now."""
        return self.entries[-1][1]

    def at(self, instant: datetime) -> T:
        """What the value was at an instant: the change of that very instant has happened."""
        return self.entries[max(self._before(instant), 0)][1]

    def noted(self, since: datetime, value: T) -> History[T]:
        """The history with the value since that instant; what nobody can ask for any more is forgotten.

        A clock that was set back counts as standing still. A value like the one before is no change.
        """
        last, before = self.entries[-1]
        if value == before:
            return self
        # INVARIANT: instants ascend, each only once.
        since = max(since, last)
        older = self.entries[:-1] if since == last else self.entries
        return replace(self, entries=(*older, (since, value)))._kept(since)

    def _kept(self, now: datetime) -> History[T]:
        # The one that held at the edge is still asked for.
        oldest = max(self._before(now - self.keep), 0) if now - ALWAYS >= self.keep else 0
        return replace(self, entries=self.entries[oldest:]) if oldest else self

    def _before(self, instant: datetime) -> int:
        """The place of the entry that held at the instant; -1 before the first."""
        return bisect_right(self.entries, instant, key=lambda entry: entry[0]) - 1


@dataclass(frozen=True, slots=True)
class Change:
    """The last call that may have changed identities: its place in the layer's sequence (from 1), its instant."""

    sequence: int = 0
    at: datetime = ALWAYS


NO_CHANGE: Final = Change()


class Views(Generic[T]):
    """The snapshots of one sandbox. Not safe from several threads: the layer holds a lock.

    `take` makes a snapshot of how things are; it is called only when a change came in between.
    `longest` is the largest delay that will be asked for.
    """

    def __init__(self, take: Callable[[], T], longest: timedelta) -> None:
        self._take = take
        self._longest = longest
        self._sequence = -1
        self._history: History[T] | None = None

    def seen(self, change: Change, now: datetime, delay: timedelta) -> T:
        """What somebody sees at `now` who learns of everything `delay` late.

        `change` is the last one that was performed. Ask at every call before it is performed, whoever
        makes it: then no change is missed, and a snapshot is of the change whose instant it gets.
        """
        history = self._noted(change)
        return history.latest if not delay else history.at(now - delay)

    def _noted(self, change: Change) -> History[T]:
        if self._history is None:
            self._history = History(((change.at, self._take()),), self._longest)
        elif change.sequence != self._sequence:
            self._history = self._history.noted(change.at, self._take())
        self._sequence = change.sequence
        return self._history
