"""The sandbox's state on disk: who it is, and every changing call in order, replayed at the next start.

    <folder>/            0700
      sandbox.json       format, seed, account and moto's version: what a replay depends on
      calls.jsonl        0600; one changing call a line; locked by the process that uses it
      operator.json      0600; the policies of the administrator's other key, if anybody gave it some
      used.json          0600; when each access key was last used, at most a second old

Bodies are kept whole, secrets in them included: they open nothing but this sandbox. Signatures and
session tokens are not kept.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from narrowgate.adapters.sandbox.administrator import OPERATOR_FILE
from narrowgate.adapters.sandbox.request import Request, Scope
from narrowgate.errors import Refused

FORMAT: Final = 1
# How often at most `used.json` is written again, in seconds.
USE_INTERVAL: Final = 1.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One changing call: its place in the sequence (from 1), when it was made, and what it was."""

    sequence: int
    at: datetime
    request: Request


@dataclass(frozen=True, slots=True)
class Identity:
    """What a replay to identical ids depends on."""

    seed: int
    account: str
    moto: str


class State:
    """An open state folder. Raises Refused where another process has it, or where it is not readable."""

    def __init__(self, folder: Path, identity: Identity) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._restored = False
        self._used: dict[str, list[str]] = {}
        self._noted = 0.0
        self._calls = _locked(folder / "calls.jsonl")
        try:
            self.identity = _identity(folder / "sandbox.json", identity)
            self.entries = _entries(folder / "calls.jsonl", self._calls)
        except BaseException:
            self.close()
            raise

    def append(self, entry: Entry) -> None:
        """Write one call at the end."""
        line = json.dumps(_to_json(entry), separators=(",", ":")) + "\n"
        _write_all(self._calls, line.encode())

    def operator(self) -> tuple[str, ...]:
        """The policies of the administrator's other key, from their file; none where there is none."""
        try:
            found = json.loads((self._folder / OPERATOR_FILE).read_text())
        except (OSError, ValueError):
            return ()
        return tuple(text for text in found if isinstance(text, str)) if isinstance(found, list) else ()

    def note_use(self, *, now: bool = False) -> None:
        """Keep when the access keys were last used: at once if `now`, else at most every second."""
        if not now and time.monotonic() - self._noted < USE_INTERVAL:
            return
        self._noted = time.monotonic()
        if (used := last_used(self.identity.account)) != self._used:
            _replace(self._folder / "used.json", json.dumps(used, indent=1))
            self._used = used

    def restore_use(self) -> None:
        """Tell moto when the access keys were last used. A missing file is an empty one."""
        path = self._folder / "used.json"
        try:
            self._used = json.loads(path.read_text()) if path.exists() else {}
            _restore(self.identity.account, self._used)
        except (ValueError, TypeError, AttributeError) as why:
            raise _unreadable(path, str(why)) from None
        self._restored = True

    def close(self) -> None:
        """Keep the last uses, and let another process have the folder."""
        if self._restored:
            self.note_use(now=True)
            self._restored = False
        if self._calls >= 0:
            os.close(self._calls)
            self._calls = -1


def last_used(account: str) -> dict[str, list[str]]:
    """Access key id to date, service and region of its last use, of the users' keys that moto has."""
    return {
        key.access_key_id: [key.last_used.timestamp.isoformat(), key.last_used.service, key.last_used.region]
        for key in _keys(account)
        if key.user_name and key.last_used
    }


def _restore(account: str, used: dict[str, list[str]]) -> None:
    from moto.iam.models import AccessKeyLastUsed

    for key in _keys(account):
        if key.access_key_id in used:
            when, service, region = used[key.access_key_id]
            key.last_used = AccessKeyLastUsed(datetime.fromisoformat(when), service, region)


def _keys(account: str) -> list[Any]:
    from moto.iam.models import iam_backends

    return [key for iam in iam_backends[account].values() for key in iam.access_keys.values()]


def _locked(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Refused(
            f"cannot open the sandbox in `{path.parent}`: another process uses it."
            " stop that one, or choose another folder"
        ) from None
    return descriptor


def _identity(path: Path, wanted: Identity) -> Identity:
    """The identity on disk, or the wanted one, written, where the folder is new. The seed stays as it was."""
    if not path.exists():
        fields = {"format": FORMAT, "seed": wanted.seed, "account": wanted.account, "moto": wanted.moto}
        _replace(path, json.dumps(fields, indent=1) + "\n")
        return wanted
    try:
        fields = json.loads(path.read_text())
        found = Identity(int(fields["seed"]), str(fields["account"]), str(fields["moto"]))
        known = fields["format"] == FORMAT
    except (ValueError, KeyError, TypeError) as why:
        raise _unreadable(path, str(why)) from None
    if not known or (found.account, found.moto) != (wanted.account, wanted.moto):
        raise _unreadable(path, f"it is of account {found.account} and moto {found.moto}")
    return found


def _entries(path: Path, descriptor: int) -> tuple[Entry, ...]:
    text = path.read_bytes()
    whole = text.rfind(b"\n") + 1
    # A line without its end was being written when the process died: its call had no effect yet.
    if whole < len(text):
        os.ftruncate(descriptor, whole)
    lines = text[:whole].splitlines()
    return tuple(_entry(path, number, line) for number, line in enumerate(lines, 1))


def _entry(path: Path, number: int, line: bytes) -> Entry:
    try:
        entry = _from_json(json.loads(line))
    except (ValueError, KeyError, TypeError) as why:
        raise _unreadable(path, f"line {number}: {why}") from None
    if entry.sequence != number:
        raise _unreadable(path, f"line {number}: call {entry.sequence} is out of order")
    return entry


def _unreadable(path: Path, why: str) -> Refused:
    return Refused(f"cannot read the sandbox's state `{path}`: {why}. to start anew, delete the folder `{path.parent}`")


def _to_json(entry: Entry) -> dict[str, Any]:
    request = entry.request
    return {
        "n": entry.sequence,
        "at": entry.at.isoformat(),
        "scope": str(request.scope) if request.scope else None,
        "method": request.method,
        "target": request.target,
        "headers": dict(request.headers),
        **_body_to_json(request.body),
    }


def _from_json(fields: dict[str, Any]) -> Entry:
    scope = Scope(*fields["scope"].split("/")) if fields["scope"] else None
    body = fields["body"].encode() if "body" in fields else b64decode(fields["base64"], validate=True)
    headers = tuple(sorted((str(k), str(v)) for k, v in fields["headers"].items()))
    request = Request(fields["method"], fields["target"], headers, body, scope)
    return Entry(int(fields["n"]), datetime.fromisoformat(fields["at"]), request)


def _body_to_json(body: bytes) -> dict[str, str]:
    try:
        return {"body": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": b64encode(body).decode()}


def _replace(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        _write_all(descriptor, text.encode())
    finally:
        os.close(descriptor)
    fresh.replace(path)


def _write_all(descriptor: int, text: bytes) -> None:
    while text:
        text = text[os.write(descriptor, text) :]
