"""A sink in a file: this does the reading and writing; a Form says what the bytes mean.

INVARIANT: bytes that a form objects to are never written over.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from narrowgate.adapters.files import edit_private, probe_writable, read_private
from narrowgate.adapters.sinks import Context, Credential, Pair
from narrowgate.errors import Refused
from narrowgate.secret import Secret


@dataclass(frozen=True, slots=True)
class Held:
    """A key found in a file, perhaps in part; `marked` when a mark with our name names this very key.

    A mark proves no key ours: another installation of the same name leaves the same one.
    """

    key_id: str
    secret: Secret | None
    marked: bool = False


class Form(Protocol):
    """What the bytes of a file mean: bytes in, bytes out."""

    def objection(self, content: bytes) -> str | None:
        """Why these bytes cannot be edited without loss; None where they can."""

    def held(self, content: bytes) -> Held | None:
        """The key in our place in these bytes. Whatever the bytes are, raises nothing."""

    def put(self, content: bytes | None, credential: Credential) -> bytes:
        """The bytes with the credential in our place. Raises Refused; a probe rehearses it."""

    def drop(self, content: bytes) -> bytes | None:
        """The bytes without the credential; None where nothing is left."""


REHEARSAL: Final = Credential(
    access_key_id="AKIAREHEARSAL0000000",
    secret=Secret("rehearsal/of+a/secret+of/the+usual/size00"),
    user_name="rehearsal",
    account="000000000000",
    region="us-east-1",
    data_instance_profile="rehearsal",
    app_instance_profile="rehearsal",
)
"""What a probe puts, in memory only, to see whether a store would succeed."""


@dataclass(frozen=True, slots=True)
class FileSink:
    """The sink that keeps a credential in the file at `path`, in the given form.

    A form that writes one `section` and leaves the others to other sinks has its name here.
    """

    path: Path
    form: Form
    label: str
    replace: bool = False
    section: str = ""

    def probe(self, ours: frozenset[str] = frozenset()) -> None:
        """See Sink."""
        probe_writable(self.path)
        content = read_private(self.path)
        self._put(content, REHEARSAL)
        held = self.form.held(content or b"")
        if held and not (self.replace or held.key_id in ours or (held.marked and not held.secret)):
            what = f"the key `{held.key_id}`" if held.key_id else "a secret without its key id"
            raise Refused(
                f"cannot use {self.label}: it holds {what}, which is not known to be "
                "ours. move it away, choose another place, or set `replace: true` to lose it"
            )

    def store(self, credential: Credential) -> None:
        """See Sink."""
        edit_private(self.path, lambda before: self._put(before, credential))

    def holds(self) -> frozenset[str]:
        """See Sink."""
        held = self._held()
        return frozenset({held.key_id}) if held and held.key_id and held.secret else frozenset()

    def load(self, key_id: str) -> Pair | None:
        """See Sink."""
        held = self._held()
        return (key_id, held.secret) if held and held.key_id == key_id and held.secret else None

    def forget(self, key_id: str) -> bool:
        """See Sink."""
        if not self._has(self._read(), key_id):
            return False
        edit_private(self.path, lambda before: self._drop(before, key_id))
        return True

    def describe(self) -> str:
        """See Sink."""
        return self.label

    def place(self) -> str:
        """See Sink. Raises Refused for what no system takes as a path."""
        try:
            return os.path.realpath(self.path)
        except ValueError:
            raise Refused(f"cannot use {self.label}: that is not a path. choose another") from None

    def part(self) -> str:
        """See Sink."""
        return self.section

    def _read(self) -> bytes:
        return read_private(self.path) or b""

    def _held(self) -> Held | None:
        return self.form.held(self._read())

    def _has(self, content: bytes, key_id: str) -> bool:
        held = self.form.held(content)
        return held is not None and held.key_id == key_id

    def _put(self, before: bytes | None, credential: Credential) -> bytes:
        if before is not None:
            self._check(before)
        return self.form.put(before, credential)

    def _drop(self, before: bytes | None, key_id: str) -> bytes | None:
        if before is None or not self._has(before, key_id):
            return before
        return self.form.drop(before)

    def _check(self, content: bytes) -> None:
        if why := self.form.objection(content):
            raise Refused(f"cannot use {self.label}: {why}")


def place(context: Context, path: str) -> Path:
    """The path that a person wrote in a spec: `~` is their home, a relative one is in the spec's folder."""
    if path == "~" or path.startswith("~/"):
        home = context.environ.get("HOME")
        if not home:
            raise Refused(f"cannot use `{path}`: the variable `HOME` is not set. give the whole path")
        return Path(home, path[2:])
    return context.folder / path


def mark(context: Context, key_id: str) -> str:
    """The comment that says which installation wrote a key, without what begins a comment."""
    return f"narrowgate: {context.installation} key {key_id}"


def text_of(content: bytes) -> str | None:
    """The bytes as UTF-8 text; None where they are not. (The codec's own error would carry them.)"""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def newline_of(content: bytes | None) -> str:
    """The line ending of the first line; a plain newline where there is none."""
    lines = (content or b"").splitlines(keepends=True)
    ending = lines[0][len(lines[0].rstrip(b"\r\n")) :] if lines else b""
    return ending.decode() if ending in (b"\r\n", b"\r") else "\n"
