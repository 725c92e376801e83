"""The journal beside the spec: intent before, outcome after each write, never a secret.

One JSON object a line, each chained to the one before by a hash, so that an edited or damaged file is
noticed: it is kept aside and never trusted. A last line that a crash cut short is dropped. The file is
locked while a mutating command runs.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from narrowgate.adapters.clock import Clock
from narrowgate.calls import EMPTY, Call, Fields, Reply, masked
from narrowgate.errors import Refused

FOLDER = ".narrowgate"
FILE = "journal.jsonl"
# The embedded AWS is another world: what was done there proves nothing about an account, and the reverse.
SANDBOX_FILE = "sandbox-journal.jsonl"
# Members of replies worth remembering: ids that later runs recognise things by.
REMEMBERED = ("AccessKeyId", "UserId", "RoleId", "PolicyId", "InstanceProfileId", "Arn", "VersionId", "CreateDate")


class Journal:
    """What we did, in order. One instance writes; readers of one process share it."""

    def __init__(self, folder: Path, clock: Clock, file: str = FILE) -> None:
        self._path = folder / FOLDER / file
        self._clock = clock
        self._guard = threading.Lock()
        self._lock_file: int | None = None
        self._out: int | None = None
        self.set_aside: Path | None = None
        """Where a corrupted journal was moved to, if one was met."""
        self._entries, self._sum = self._load()

    @property
    def entries(self) -> tuple[Mapping[str, Any], ...]:
        """Every line, oldest first."""
        return tuple(self._entries)

    def lock(self) -> None:
        """Take the journal for this process. Raises Refused when another command has it, or it cannot be written."""
        try:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            self._lock_file = _locked(self._path.parent / "lock")
            self._entries, self._sum = self._load()
            self._open()
        except OSError as error:
            self.close()
            raise Refused(f"cannot write the journal `{self._path}`: {error.strerror}; nothing was touched") from None

    def close(self) -> None:
        """Give the journal back."""
        for handle in (self._out, self._lock_file):
            if handle is not None:
                os.close(handle)
        self._out = self._lock_file = None

    def begin(self, verb: str, scope: Mapping[str, Any]) -> None:
        """A command starts; `scope` says what it was asked to work on (the spec, the account)."""
        self._append({"event": "run", "verb": verb, "scope": scope})

    def intent(self, address: str, call: Call, note: Fields) -> int:
        """A write is about to be made. Returns the number that its outcome refers to."""
        entry = {"event": "intent", "address": address, "call": call.name, "params": masked(call.params)}
        return self._append({**entry, **({"note": masked(note)} if note else {})})

    def outcome(self, of: int, reply: Reply | None) -> None:
        """The write was answered; only ids and dates of the reply are kept."""
        self._append({"event": "outcome", "of": of, "ids": _ids(reply or EMPTY)})

    def failure(self, of: int, code: str) -> None:
        """The write was refused and had no effect; `code` is AWS's."""
        self._append({"event": "failure", "of": of, "code": code})

    def mark(self, event: str, **facts: str) -> None:
        """A stage of a rotation was reached."""
        self._append({"event": event, **facts})

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        self._out = os.open(self._path, flags, 0o600)
        os.fchmod(self._out, 0o600)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(folder)
        os.close(folder)

    def _append(self, entry: dict[str, Any]) -> int:
        if self._out is None:
            raise Refused("the journal is not locked by this command")
        with self._guard:
            number = len(self._entries)
            body = {"n": number, "at": self._clock.now().isoformat(), **entry}
            chained = _chained(self._sum, body)
            line = json.dumps({**body, "sum": chained}, separators=(",", ":")) + "\n"
            self._write(line.encode())
            self._sum = chained
            self._entries.append(body)
            return number

    def _write(self, line: bytes) -> None:
        assert self._out is not None
        size = os.fstat(self._out).st_size
        try:
            if os.write(self._out, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._out)
        except OSError as error:
            # Half a line in the middle would make the whole journal untrustworthy.
            os.ftruncate(self._out, size)
            raise Refused(f"cannot write the journal `{self._path}`: {error.strerror}") from None

    def _load(self) -> tuple[list[dict[str, Any]], str]:
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return [], ""
        except OSError as error:
            raise Refused(f"cannot read the journal `{self._path}`: {error.strerror}") from None
        whole = text[: text.rfind(b"\n") + 1]
        entries: list[dict[str, Any]] = []
        last = ""
        for entry in _lines(whole):
            body = {k: v for k, v in entry.items() if k != "sum"}
            last = _chained(last, body)
            if entry.get("n") != len(entries) or entry.get("sum") != last:
                self._put_aside()
                return [], ""
            entries.append(body)
        if len(whole) < len(text) and self._lock_file is not None:
            os.truncate(self._path, len(whole))
        return entries, last

    def _put_aside(self) -> None:
        """Only the holder of the lock moves the file; a reader just does not trust it."""
        kept = next(p for i in range(1000) if not (p := self._path.with_suffix(f".corrupt-{i}")).exists())
        if self._lock_file is not None:
            self._path.rename(kept)
        self.set_aside = kept if self._lock_file is not None else self._path


def _locked(path: Path) -> int:
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 64, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(lock)
        raise Refused(
            f"another narrowgate command is at work on this spec (process {holder}): wait for it, or stop it"
        ) from None
    os.truncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


def _lines(text: bytes) -> Iterator[dict[str, Any]]:
    """Each line as an object; an empty one, which no check accepts, for what is not."""
    for line in text.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            entry = {}
        yield entry if isinstance(entry, dict) else {}


def _chained(before: str, body: Mapping[str, Any]) -> str:
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{before}{text}".encode()).hexdigest()[:16]


def _ids(reply: Reply) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in reply.items():
        if isinstance(value, Fields):
            found.update(_ids(value))
        elif key in REMEMBERED and isinstance(value, str):
            found[key] = value
    return found
