"""A World that waits out what passes by itself: throttling, and unanswered reads.

A throttled call was not carried out, so any call may be sent again. A call without an answer may have
been: only reads are repeated here, a write is looked up by the caller (`OutcomeUnknown`). botocore's own
retries do not make that difference (they would repeat a CreateAccessKey), so they are switched off.
Source: "Error retries and exponential backoff", AWS General Reference.
"""

from __future__ import annotations

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


def patient(world: World, clock: Clock, *, patience: float = PATIENCE) -> World:
    """The same World, with a pause and another try for up to `patience` seconds."""

    def ask(call: Call) -> Reply | None:
        deadline = clock.monotonic() + patience
        pause = FIRST_PAUSE
        while True:
            try:
                return world(call)
            except AwsError as error:
                repeatable = error.code in NOT_CARRIED_OUT or (isinstance(error, OutcomeUnknown) and call.reads_only)
                if not repeatable or clock.monotonic() + pause > deadline:
                    raise
            # Full jitter: clients that were throttled together do not come back together.
            clock.sleep(pause * clock.jitter())
            pause = min(pause * 2, LONGEST_PAUSE)

    return ask
