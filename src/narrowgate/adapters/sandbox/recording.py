"""The recording: every call that the sandbox answered, one JSON line each, without secrets.

    {"at":"2026-01-01T00:00:00+00:00","n":4,"phase":"setup","principal":"arn:aws:iam::1:user/x","key":"AKIA...",
     "region":"eu-west-1","service":"iam","operation":"CreateUser","params":{"UserName":"y"},
     "status":200,"error":"","ids":{"User":{"UserId":"AIDA..."}},"decision":{...}}

A line that could not be written is counted: the next one that can says how many are missing before it
(`lost`), because a policy that is derived from a recording with holes may lack something.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NoReturn, TypeGuard

from narrowgate.adapters.sandbox.recording_file import RecordingFile, Sink
from narrowgate.adapters.sandbox.secret_members import shown, shown_value
from narrowgate.calls import EMPTY, Call, Fields, unmasked
from narrowgate.errors import Refused
from narrowgate.policy.decision import Decision
from narrowgate.policy.request_context import Request

_LEARNED: Final = re.compile(r"(?:.*[a-z]|)(?:Ids?|ID|Arns?|ARN|Names?)")
_PHASE: Final = re.compile(r"[a-z0-9][a-z0-9 _.-]{0,63}|")
_TEXTS: Final = ("at", "phase", "principal", "key", "region", "service", "operation", "error")
_NUMBERS: Final = ("n", "status")
_MAPPINGS: Final = ("params", "ids", "decision")
_MEMBERS: Final = frozenset((*_TEXTS, *_NUMBERS, *_MAPPINGS))


@dataclass(frozen=True, slots=True)
class Result:
    """What AWS answered: HTTP status, error code ("" for none), and the ids, ARNs and names of what was made.

    `status` 0: the connection was dropped.
    """

    status: int
    error: str = ""
    ids: Fields = EMPTY


@dataclass(frozen=True, slots=True)
class Recorded:
    """One call as it was recorded.

    `sequence` is the number of the call in the sandbox; `principal` an ARN, `key_id` an access key id, both
    "" where it is not known. `decision` is the gate's (`decision_of`), empty where none was made. `lost`:
    how many calls before this one are missing in the recording.
    """

    at: datetime
    sequence: int
    principal: str
    key_id: str
    region: str
    call: Call
    result: Result
    decision: Fields = EMPTY
    phase: str = ""
    lost: int = 0


class Recorder:
    """Writes calls as they come, at the end of a file or to a sink. Safe from several threads.

    `tell` is told once, the first time that a line cannot be written; the call itself goes on. Raises
    Refused for a file that cannot be used.
    """

    def __init__(self, sink: Path | Sink, *, tell: Callable[[str], None], phase: str = "") -> None:
        self._sink = RecordingFile(sink) if isinstance(sink, Path) else sink
        self._tell = tell
        self._told = False
        self._lock = threading.Lock()
        # A file whose last line was cut short by a crash lacks that call.
        self.lost = 1 if isinstance(self._sink, RecordingFile) and self._sink.was_cut else 0
        """How many calls are missing at the end."""
        self.phase = phase

    @property
    def phase(self) -> str:
        """What the calls from now on are part of, such as `setup` or `install`; "" for nothing in particular."""
        return self._phase

    @phase.setter
    def phase(self, label: str) -> None:
        """Begin a phase. Raises Refused for a label that is not plain."""
        if not _PHASE.fullmatch(label):
            raise Refused(f"`{label}` is no name for a phase: use up to 64 small letters, digits, `-`, `_`, `.`")
        self._phase = label

    def record(self, recorded: Recorded) -> None:
        """Write one call down, as part of the current phase. A full disk is told of, not raised."""
        with self._lock:
            line = line_of(replace(recorded, phase=self._phase, lost=self.lost))
            try:
                self._sink.write(line.encode())
                self.lost = 0
            except OSError as error:
                self.lost += 1
                self._tell_once(error)

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._sink.close()

    def _tell_once(self, error: OSError) -> None:
        if not self._told:
            self._told = True
            self._tell(f"the recording cannot be written ({error.strerror}): calls are missing in it from now on")


def learned(call: Call, reply: Mapping[str, object]) -> Fields:
    """The ids, ARNs and names in the reply of a call that makes or changes something; of a read, nothing.

    The members keep their places: `{"User": {"UserId": ..., "Arn": ...}}`. A Secret is never among them.
    """
    if call.reads_only:
        return EMPTY
    found = _learned({name: value for name, value in reply.items() if name != "ResponseMetadata"})
    return Fields(found) if isinstance(found, dict) else EMPTY


def decision_of(decided: Iterable[tuple[Request, Decision]]) -> Fields:
    """The gate's decisions on one call in the form of a recording: the outcome of the whole, and of each request."""
    requests = tuple(_request(asked, decision) for asked, decision in decided)
    denied = next((one for one in requests if one["outcome"] != "allowed"), None)
    if denied is not None:
        return Fields(outcome=denied["outcome"], layer=denied["layer"], requests=requests)
    return Fields(outcome="allowed", requests=requests)


def line_of(recorded: Recorded) -> str:
    """The line of one call, with its end. Secrets are masked by their type and by where they stand."""
    call, result = recorded.call, recorded.result
    fields: dict[str, object] = {
        "at": recorded.at.isoformat(),
        "n": recorded.sequence,
        "phase": recorded.phase,
        "principal": recorded.principal,
        "key": recorded.key_id,
        "region": recorded.region,
        "service": call.service,
        "operation": call.operation,
        "params": shown(call),
        "status": result.status,
        "error": result.error,
        "ids": shown_value(result.ids),
        "decision": shown_value(recorded.decision),
        **({"lost": recorded.lost} if recorded.lost else {}),
    }
    return json.dumps(fields, separators=(",", ":"), allow_nan=False) + "\n"


def read_recording(text: str) -> Iterator[Recorded]:
    """The calls of a recording, in the order of its lines. Raises Refused at the first line that is damaged."""
    lines = text.split("\n")
    for number, line in enumerate(lines[:-1] if not lines[-1] else lines, 1):
        try:
            yield _recorded(json.loads(line, parse_constant=_no_constant))
        except (ValueError, TypeError, RecursionError) as why:
            raise Refused(
                f"cannot read line {number} of the recording: {why}. it was damaged or cut short: record again"
            ) from None


def _request(asked: Request, decision: Decision) -> Fields:
    statements = [
        {"layer": s.layer, "policy": s.policy, "index": s.index, "sid": s.sid, "effect": s.effect}
        for s in (*decision.statements, *decision.not_evaluable)
    ]
    return Fields(
        action=asked.action,
        resource=asked.resource,
        outcome=decision.outcome,
        layer=decision.layer,
        statements=statements,
    )


def _recorded(fields: object) -> Recorded:
    if not _is_line(fields):
        raise ValueError("it is not a recorded call")
    at = datetime.fromisoformat(fields["at"])
    if at.tzinfo is None:
        raise ValueError("its time has no zone")
    return Recorded(
        at,
        fields["n"],
        fields["principal"],
        fields["key"],
        fields["region"],
        Call(fields["service"], fields["operation"], _fields(fields["params"])),
        Result(fields["status"], fields["error"], _fields(fields["ids"])),
        _fields(fields["decision"]),
        fields["phase"],
        fields.get("lost", 0),
    )


def _is_line(fields: object) -> TypeGuard[dict[str, Any]]:
    """Whether there is every member, of its type, and no other: then nothing of a line is lost in reading it."""
    return (
        isinstance(fields, dict)
        and fields.keys() - {"lost"} == _MEMBERS
        and all(isinstance(fields[name], str) for name in _TEXTS)
        # `type`: true is an int to isinstance.
        and all(type(fields[name]) is int and fields[name] >= 0 for name in _NUMBERS)
        and all(isinstance(fields[name], dict) for name in _MAPPINGS)
        and ("lost" not in fields or (type(fields["lost"]) is int and fields["lost"] > 0))
    )


def _fields(found: Mapping[str, object]) -> Fields:
    made = unmasked(found)
    # A mapping that is itself a reference is no mapping of members.
    if not isinstance(made, Fields):
        raise ValueError("a reference stands where members are wanted")
    return made


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _learned(value: object) -> object:
    """What is left of a reply when only ids, ARNs and names are; None where nothing is."""
    if isinstance(value, Mapping):
        kept = {name: found for name, inner in value.items() if (found := _of_member(str(name), inner)) is not None}
        return kept or None
    if isinstance(value, list | tuple):
        return [found for inner in value if (found := _learned(inner)) is not None] or None
    return None


def _of_member(name: str, value: object) -> object:
    if not _LEARNED.fullmatch(name):
        return _learned(value)
    if isinstance(value, list | tuple) and all(isinstance(inner, str) for inner in value):
        return list(value) or None
    return value if isinstance(value, str) else _learned(value)
