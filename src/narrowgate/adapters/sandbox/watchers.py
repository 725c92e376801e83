"""Who watches the calls: the recording, and the file with the last denial.

Both write before the client has its answer, so that whoever has it also finds them written.
INVARIANT: a watcher never raises: the call goes on whatever becomes of the note.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from narrowgate.adapters.last_denial import FILE
from narrowgate.adapters.sandbox.denial import decoded_message
from narrowgate.adapters.sandbox.gate import Allowed, Refused
from narrowgate.adapters.sandbox.recording import Recorded, Recorder, decision_of
from narrowgate.adapters.sandbox.replies import result_of
from narrowgate.calls import EMPTY, Call, Fields

if TYPE_CHECKING:
    from narrowgate.adapters.sandbox.layer import Seen

LONGEST_NAME = 128


class RecordingWatcher:
    """Records every call: refused ones, and those that could not be read (without parameters), among them."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def __call__(self, seen: Seen) -> None:
        """Write the line of one call."""
        self._recorder.record(recorded_of(seen))


class LastDenialWatcher:
    """Keeps the last denial in the state folder, as DecodeAuthorizationMessage would tell it; 0600, replaced whole."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def __call__(self, seen: Seen) -> None:
        """Write it, if the call was denied. A full disk keeps the one before."""
        if isinstance(seen.verdict, Refused):
            text = json.dumps(decoded_message(seen.verdict.denial), indent=1) + "\n"
            with suppress(OSError):
                _replace(self._path, text.encode())


def recorded_of(seen: Seen) -> Recorded:
    """One call as it is recorded."""
    scope = seen.request.scope
    return Recorded(
        at=seen.at,
        sequence=seen.sequence,
        principal=principal_of(seen),
        key_id=seen.key.id if seen.key else scope.key_id[:LONGEST_NAME] if scope else "",
        region=scope.region[:LONGEST_NAME] if scope else "",
        call=seen.call or named_call(seen),
        result=result_of(seen),
        decision=_decision(seen),
    )


def principal_of(seen: Seen) -> str:
    """The ARN of who proved to have made the call; "" where nobody did."""
    return seen.key.principal.requester.arn if seen.key else ""


def named_call(seen: Seen) -> Call:
    """What a request that could not be read says it is."""
    service = seen.request.scope.service if seen.request.scope else ""
    return Call(service[:LONGEST_NAME], seen.request.operation[:LONGEST_NAME], EMPTY)


def _decision(seen: Seen) -> Fields:
    if isinstance(seen.verdict, Allowed | Refused):
        return decision_of(seen.verdict.decided)
    return EMPTY


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_name(f"{path.name}.new")
    # What a crash left behind is no obstacle, and a link is not followed.
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    fresh.replace(path)
