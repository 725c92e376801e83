"""The person's wish to stop: Ctrl-C, SIGTERM."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Stop:
    """Set once by a signal. While `guarded`, work in hand is finished first; otherwise it is left at once."""

    def __init__(self) -> None:
        # Not a threading.Event: a handler that runs while the main thread is inside one can wait for ever.
        self._asked = False
        self._guards = 0

    def set(self) -> None:
        """Ask for the stop."""
        self._asked = True

    def is_set(self) -> bool:
        """Whether a stop was asked for."""
        return self._asked

    def wait(self) -> None:
        """Do nothing until it is set."""
        while not self._asked:
            time.sleep(0.1)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Writes are under way: a signal must not tear them."""
        self._guards += 1
        try:
            yield
        finally:
            self._guards -= 1

    def listen(self) -> None:
        """Let SIGINT and SIGTERM set it. Outside a guard the signal also raises KeyboardInterrupt."""

        def heard(number: int, frame: FrameType | None) -> None:
            self.set()
            if not self._guards:
                raise KeyboardInterrupt

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, heard)
