"""Proof by use that a key works: several answers in a row, from STS and from the service it is for.

GetCallerIdentity needs no permission and tells only that STS knows the key; the target service has its own
view, later. An answer "not permitted" from it still shows that it knows the key, and is told apart.
Source: "Changes that I make are not always immediately visible", IAM User Guide.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from narrowgate.adapters.aws import BAD_CREDENTIALS
from narrowgate.adapters.clock import Clock
from narrowgate.calls import Call, Reply, World, call
from narrowgate.errors import AwsError, NotPermitted

IN_A_ROW = 3
PATIENCE = 120.0
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 5.0


@dataclass(frozen=True, slots=True)
class Proof:
    """What the key was seen to do."""

    caller: str
    service: str
    permitted: bool
    """Whether the read in the service was allowed, not only authenticated."""


def prove_key(world: World, user: str, read: Call, clock: Clock) -> Proof:
    """Use the key until it worked `IN_A_ROW` times in STS and in the service of `read`.

    `user` is the ARN that STS must name. Raises AwsError when the key does not work in time.
    """
    deadline = clock.monotonic() + PATIENCE
    pause, row, permitted = FIRST_PAUSE, 0, True
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="evidence") as pool:
        while row < IN_A_ROW:
            identity, answer = pool.map(lambda asked: _try(world, asked), (call("sts", "GetCallerIdentity"), read))
            caller = identity.text("Arn") if isinstance(identity, Reply) else ""
            if caller == user and answer is not None:
                row, permitted = row + 1, permitted and answer is not False
                continue
            if caller and caller != user:
                raise AwsError(f"the new key belongs to `{caller}` instead of `{user}`", code="WrongPrincipal")
            if clock.monotonic() + pause > deadline:
                raise AwsError(
                    f"the key of `{user}` is not accepted by {read.service} after {PATIENCE:.0f} s; "
                    f"run the same command again later",
                    code="NotPropagated",
                )
            row, permitted = 0, True
            clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
    return Proof(user, read.service, permitted)


def _try(world: World, asked: Call) -> Reply | bool | None:
    """The reply; False where the key is known but the call denied; None where the key is not known yet."""
    try:
        return world(asked) or Reply()
    except NotPermitted as error:
        if error.code in BAD_CREDENTIALS:
            return None
        return False
