"""A World that waits out what passes by itself: throttling, and unanswered reads.

A throttled call was not carried out, so any call may be sent again. A call without an answer may have
been: only reads are repeated here, a write is looked up by the caller (`OutcomeUnknown`). botocore's own
retries do not make that difference (they would repeat a CreateAccessKey), so they are switched off.
Source: "Error retries and exponential backoff", AWS General Reference.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from narrowgate.adapters.clock import Clock
from narrowgate.calls import Call, Reply, World
from narrowgate.errors import AwsError, OutcomeUnknown

# Carried out by nobody: safe to repeat whatever the operation.
NOT_CARRIED_OUT = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestLimitExceeded",
        "TooManyRequestsException",
        "PriorRequestNotComplete",
        "SlowDown",
        "NotReached",  # ours: no connection could be opened
    }
)
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 8.0
PATIENCE = 60.0
UNREACHED_PATIENCE = 15.0  # a refused connection or an unknown host seldom passes by itself
TELL_AFTER = 3.0


def patient(
    world: World, clock: Clock, *, patience: float = PATIENCE, tell: Callable[[str], None] | None = None
) -> World:
    """The same World, with a pause and another try for up to `patience` seconds.

    `tell` is told when that takes longer than TELL_AFTER seconds: once, however many calls wait together.
    """
    telling = threading.Lock()

    def ask(call: Call) -> Reply | None:
        start, pause = clock.monotonic(), FIRST_PAUSE
        tells = late = False
        try:
            while True:
                try:
                    return world(call)
                except AwsError as error:
                    waited = clock.monotonic() - start
                    left = _limit(error, call, patience) - waited
                    if pause > left:
                        raise
                    if tell and not late and waited >= TELL_AFTER:
                        late, tells = True, telling.acquire(blocking=False)
                        if tells:
                            tell(_waiting(call, error, left))
                # Full jitter: clients that were throttled together do not come back together.
                clock.sleep(pause * clock.jitter())
                pause = min(pause * 2, LONGEST_PAUSE)
        finally:
            if tells:
                telling.release()

    return ask


def _limit(error: AwsError, call: Call, patience: float) -> float:
    """For how many seconds to try again after this error."""
    if error.code == "NotReached":
        return min(patience, UNREACHED_PATIENCE)
    if error.code in NOT_CARRIED_OUT:
        return patience
    # NotAws: a login page stays until a person logs in.
    return patience if isinstance(error, OutcomeUnknown) and call.reads_only and error.code != "NotAws" else 0.0


def _waiting(call: Call, error: AwsError, left: float) -> str:
    return f"AWS does not answer `{call.name}` ({error.code}); trying for another {left:.0f} s, Ctrl-C stops"
