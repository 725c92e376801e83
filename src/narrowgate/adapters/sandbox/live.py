"""The live view of a running sandbox: lines pass through a queue to a thread that writes them.

INVARIANT: no call waits for whoever reads: a terminal that stands still, or a pipe that is full, costs lines,
which are counted and told of.
"""

from __future__ import annotations

import queue
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from narrowgate.adapters.sandbox.live_lines import lines_of
from narrowgate.report.text import Line, count_of

if TYPE_CHECKING:
    from narrowgate.adapters.sandbox.layer import Seen

ROOM: Final = 4096
"""Lines that wait at most."""
LOOK: Final = 0.1
"""Seconds between two looks at whether there is room, or the end came."""
LAST: Final = 1.0
"""Seconds that the lines left over have in the end."""


class Live:
    """A watcher that shows calls; close it in the end.

    `write` writes one line, and may raise OSError: then nobody reads any more, and it is not called again.
    `ready` waits so many seconds at most for room, and says whether there is.
    """

    def __init__(self, write: Callable[[Line], None], ready: Callable[[float], bool], *, verbose: bool = False) -> None:
        self._write = write
        self._ready = ready
        self._verbose = verbose
        self._queue: queue.Queue[Line] = queue.Queue(ROOM)
        self._missed = 0
        self._closing = threading.Event()
        self._last = 0.0
        self._thread = threading.Thread(target=self._run, name="narrowgate-watch", daemon=True)
        self._thread.start()

    def __call__(self, seen: Seen) -> None:
        """Show one call, if there is room."""
        if not self._thread.is_alive():
            return
        lines = list(lines_of(seen, verbose=self._verbose))
        if self._missed:
            lines.insert(0, Line(f"{'':13}({count_of(self._missed, 'call')} not shown: the reader is slow)", "change"))
        if len(lines) > ROOM - self._queue.qsize():
            self._missed += 1
            return
        self._missed = 0
        # Only this puts, under the layer's lock: the room that was seen is still there.
        for line in lines:
            self._queue.put_nowait(line)

    def close(self) -> None:
        """Show what is left, for a second at most."""
        self._last = time.monotonic() + LAST
        self._closing.set()
        self._thread.join(LAST + 2 * LOOK)

    def _run(self) -> None:
        for line in self._lines():
            try:
                self._write(line)
            except OSError:
                return

    def _lines(self) -> Iterator[Line]:
        """The lines, each when there is room for it, until the end of the view."""
        while not self._is_over():
            with suppress(queue.Empty):
                line = self._queue.get(timeout=LOOK)
                while not self._ready(LOOK):
                    if self._is_over():
                        return
                yield line

    def _is_over(self) -> bool:
        if not self._closing.is_set():
            return False
        return self._queue.empty() or time.monotonic() > self._last


def room(descriptor: int) -> Callable[[float], bool]:
    """Whether a short write to the descriptor will not wait; a reader that left is found out by writing."""

    def ready(seconds: float) -> bool:
        # One for each look: two threads cannot share one.
        looking = select.poll()
        looking.register(descriptor, select.POLLOUT)
        return bool(looking.poll(seconds * 1000))

    return ready
