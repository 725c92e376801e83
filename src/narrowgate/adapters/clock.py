"""Time and chance, as values that a caller passes on. The only module that reads the clock."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What waiting code needs: two readings, a sleep, and a jitter."""

    def now(self) -> datetime:
        """Wall-clock time in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def jitter(self) -> float:
        """A number from 0 up to 1, uniformly."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Wall-clock time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def jitter(self) -> float:
        """A number from 0 up to 1, uniformly."""
        return random.random()


@dataclass(frozen=True, slots=True)
class Shifted:
    """A clock that tells AWS's time where the machine's is off: dates of both are compared with each other."""

    clock: Clock
    ahead: timedelta
    """How much later it is in AWS."""

    def now(self) -> datetime:
        """Wall-clock time in UTC, by AWS."""
        return self.clock.now() + self.ahead

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return self.clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.clock.sleep(seconds)

    def jitter(self) -> float:
        """A number from 0 up to 1, uniformly."""
        return self.clock.jitter()
