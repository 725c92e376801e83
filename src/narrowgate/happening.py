"""A call as a source tells it: made by somebody, or still to be made; before anything is concluded from it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from narrowgate.calls import EMPTY, Call, Fields

Phase: TypeAlias = Literal["preflight", "setup", "install", "operate", "failover", "rotate", "shrink", "teardown"]
PHASES: Final[tuple[Phase, ...]] = (
    "preflight",
    "setup",
    "install",
    "operate",
    "failover",
    "rotate",
    "shrink",
    "teardown",
)
"""The phases of an installation's life, in order. Evidence of others may have another name, or none (`""`)."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One call as a source tells it, before anything is concluded from it.

    `principal`: `admin`, `installer`, `node`, or an ARN. `region` where it went. `reply`: ids, ARNs and names in
    AWS's member names, of a call that was answered; empty for a call that is only planned. `address`: the
    resource of ours whose step it is, as Refs name it. `failed`: the error code of a call that AWS refused or
    could not do. `source`: where it stands, for a person: `build.jsonl line 7`. `without_effect`: AWS allowed it
    and then did nothing, because of another error, or as it was a dry run: it is needed, and made nothing.
    """

    call: Call
    region: str
    principal: str = ""
    phase: str = ""
    reply: Fields = EMPTY
    address: str = ""
    failed: str = ""
    source: str = ""
    without_effect: bool = False
