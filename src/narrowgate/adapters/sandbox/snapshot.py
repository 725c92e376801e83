"""A sandbox in one file, to be loaded into a state folder here or elsewhere.

    {"narrowgate sandbox": 1, "sandbox": {...}, "used": {...}, "operator": [...], "calls": 2, "sha256": "..."}
    {"n":1,...}
    {"n":2,...}

The first line holds `sandbox.json`, `used.json` and `operator.json`, and vouches for the rest, which is
`calls.jsonl`. No name of a file is in it, so nothing is written outside the folder. Secrets are in it, as they
are in the folder.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from narrowgate.adapters.files import write_private
from narrowgate.adapters.last_denial import FILE as LAST_DENIAL
from narrowgate.adapters.sandbox.administrator import OPERATOR_FILE
from narrowgate.adapters.sandbox.state import Identity, State
from narrowgate.errors import Refused

FORMAT: Final = 1
MARK: Final = "narrowgate sandbox"
IDENTITY, USED, CALLS = "sandbox.json", "used.json", "calls.jsonl"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files of a state folder; `calls` are whole lines, `operator` policies of the administrator's other key."""

    identity: dict[str, Any]
    used: dict[str, Any]
    operator: list[str]
    calls: bytes

    @property
    def count(self) -> int:
        """How many changing calls it has."""
        return self.calls.count(b"\n")


def taken_of(folder: Path) -> Snapshot:
    """The state of a sandbox, which may run meanwhile. Raises Refused where there is none, or it is not readable.

    It is of one moment: the calls are only ever added to, and the last uses are read before them.
    """
    try:
        used = json.loads((folder / USED).read_bytes()) if (folder / USED).exists() else {}
        operator = json.loads((folder / OPERATOR_FILE).read_bytes()) if (folder / OPERATOR_FILE).exists() else []
        identity = json.loads((folder / IDENTITY).read_bytes())
        calls = (folder / CALLS).read_bytes()
    except FileNotFoundError:
        raise Refused(f"there is no sandbox in `{folder}`: name its folder with `--state`") from None
    except (OSError, ValueError) as error:
        raise Refused(f"cannot read the sandbox in `{folder}`: {getattr(error, 'strerror', None) or error}") from None
    # A line without its end is being written.
    return Snapshot(identity, used, operator, calls[: calls.rfind(b"\n") + 1])


def save(snapshot: Snapshot, path: Path) -> None:
    """Write it to a file of its own, 0600. Raises Refused where there is one already."""
    if os.path.lexists(path):
        raise Refused(f"cannot save to `{path}`: there is something already. choose another file")
    write_private(path, _head(snapshot) + snapshot.calls)


def load(path: Path) -> Snapshot:
    """The snapshot in a file. Raises Refused for what is none, is damaged, or is of another format."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise Refused(f"cannot read `{path}`: {(error.strerror or '').lower()}") from None
    head, _, calls = text.partition(b"\n")
    try:
        found = json.loads(head)
        kind = found[MARK]
        snapshot = Snapshot(dict(found["sandbox"]), dict(found["used"]), list(found["operator"]), calls)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Refused(f"`{path}` is no saved sandbox: save one with `narrowgate sandbox save`") from None
    if kind != FORMAT:
        raise Refused(f"cannot load `{path}`: it is of format {kind}, and this reads {FORMAT}. save it again")
    if _head(snapshot) != head + b"\n":
        raise Refused(f"cannot load `{path}`: it was cut short or changed. save it again")
    return snapshot


def put(snapshot: Snapshot, folder: Path, *, replace: bool) -> None:
    """Make the folder's state that of the snapshot. Raises Refused where a sandbox is in it, unless `replace`.

    Also for one that runs, and for a snapshot that could not be started from; the folder is then as it was.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not replace and any((folder / name).exists() for name in (IDENTITY, CALLS)):
        raise Refused(f"there is a sandbox in `{folder}`: choose another `--state`, or say `--replace`")
    with _unpacked(snapshot, folder) as fresh, _alone(folder) as calls:
        # In this order a crash in between leaves an empty sandbox, never calls of the one with ids of the other.
        os.ftruncate(calls, 0)
        (folder / LAST_DENIAL).unlink(missing_ok=True)
        for name in (IDENTITY, USED, OPERATOR_FILE, CALLS):
            (fresh / name).replace(folder / name)


@contextmanager
def _unpacked(snapshot: Snapshot, folder: Path) -> Iterator[Path]:
    """A new folder inside with the files, which were opened once as a sandbox would."""
    fresh = Path(tempfile.mkdtemp(prefix=".loading-", dir=folder))
    try:
        write_private(fresh / IDENTITY, json.dumps(snapshot.identity, indent=1).encode() + b"\n")
        write_private(fresh / USED, json.dumps(snapshot.used, indent=1).encode())
        write_private(fresh / OPERATOR_FILE, json.dumps(snapshot.operator, indent=1).encode())
        write_private(fresh / CALLS, snapshot.calls)
        _try(fresh)
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _try(folder: Path) -> None:
    from moto.core import DEFAULT_ACCOUNT_ID

    try:
        State(folder, Identity(1, DEFAULT_ACCOUNT_ID, version("moto"))).close()
    except Refused as why:
        inside = why.message.partition(": ")[2].partition(". to start anew")[0]
        raise Refused(f"cannot load the sandbox: {inside}") from None


@contextmanager
def _alone(folder: Path) -> Iterator[int]:
    """The open file of the calls, which no running sandbox has."""
    calls = os.open(folder / CALLS, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        _take(calls, folder)
        yield calls
    finally:
        os.close(calls)


def _take(calls: int, folder: Path) -> None:
    try:
        fcntl.flock(calls, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Refused(f"a sandbox runs on `{folder}`: stop it first, or choose another `--state`") from None


def _head(snapshot: Snapshot) -> bytes:
    fields = {
        MARK: FORMAT,
        "sandbox": snapshot.identity,
        "used": snapshot.used,
        "operator": snapshot.operator,
        "calls": snapshot.count,
        "sha256": sha256(snapshot.calls).hexdigest(),
    }
    return json.dumps(fields).encode() + b"\n"
