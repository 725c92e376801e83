"""A clock that nobody waits for."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime, timedelta


class FakeClock:
    """Starts now and stands still; a sleep moves it on. Chance is seeded."""

    def __init__(self, seed: int = 1) -> None:
        self._start = datetime.now(UTC)
        self._passed = 0.0
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        """The start and what was slept since."""
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        """Seconds slept."""
        return self._passed

    def sleep(self, seconds: float) -> None:
        """Move on."""
        with self._lock:
            self._passed += seconds
            self.sleeps.append(seconds)

    def jitter(self) -> float:
        """The next number of the seed."""
        with self._lock:
            return self._random.random()
