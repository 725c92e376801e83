"""The file that a recording is written to: append-only, whole lines, its owner's only, one writer."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from narrowgate.errors import Refused

BEGINNING: Final = b'{"at":"'
"""How every line begins; a file that begins otherwise is somebody else's."""


class Sink(Protocol):
    """Where lines go."""

    def write(self, line: bytes) -> None:
        """Take a whole line, or nothing of it. Raises OSError."""
        ...

    def close(self) -> None:
        """No more lines come."""
        ...


class RecordingFile:
    """A file opened for one recorder. Raises Refused where it cannot be, is no recording, or has another writer.

    A last line that a crash cut short is taken away, and `was_cut` says so.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            self._file = os.open(path, flags, 0o600)
        except OSError as error:
            raise self._refusal(f"{error.strerror}. choose another file") from None
        try:
            self._take()
            self.was_cut = self._mend()
        except BaseException:
            self.close()
            raise

    def write(self, line: bytes) -> None:
        """Add a line. Raises OSError, and leaves the file as it was, where there is no room."""
        size = os.fstat(self._file).st_size
        try:
            if os.write(self._file, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            # Half a line would take the next one with it.
            with suppress(OSError):
                os.ftruncate(self._file, size)
            raise

    def close(self) -> None:
        """Let another recorder have the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _take(self) -> None:
        if not stat.S_ISREG(os.fstat(self._file).st_mode):
            raise self._refusal("it is not a file. choose another one")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise self._refusal("another sandbox writes it. choose another file") from None
        head = os.pread(self._file, len(BEGINNING), 0)
        if not BEGINNING.startswith(head):
            raise self._refusal("there is something else in it. choose another file")
        os.fchmod(self._file, 0o600)

    def _mend(self) -> bool:
        size = os.fstat(self._file).st_size
        if size == 0 or os.pread(self._file, 1, size - 1) == b"\n":
            return False
        os.ftruncate(self._file, self._path.read_bytes().rfind(b"\n") + 1)
        return True

    def _refusal(self, why: str) -> Refused:
        return Refused(f"cannot record to `{self._path}`: {why}")
