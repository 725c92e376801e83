"""Where the `policy` commands read from: files and standard input, whole or line by line."""

from __future__ import annotations

import select
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import FileIO
from typing import TYPE_CHECKING

from narrowgate.cli.policy_output import delivering, say

if TYPE_CHECKING:
    from narrowgate.verbs.policy_batch import Sink, Source, Tally
    from narrowgate.verbs.policy_files import Files

WRONG_INPUT = 2
CHUNK = 64 * 1024


def files() -> Files:
    """The files of this machine."""
    from narrowgate.verbs.policy_files import Files

    return Files(_standard_input)


def in_batch(name: str, answer: Callable[[Source, Sink], Tally]) -> int:
    """Answer the lines of a file, or of standard input, on standard output; the exit code.

    A reader that leaves ends it, with exit code 0. Raises UsageError.
    """
    tally = None
    with delivering(), _opened(name) as file:
        tally = answer(Incoming(name, file), sys.stdout.buffer)
    if tally is None or not tally.wrong:
        return 0
    say(f"{tally.wrong} of {tally.lines} lines could not be answered: see their `error`")
    return WRONG_INPUT


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file whose bytes are given as they come in; without a buffer, which takes what does not wait for an end."""

    name: str
    file: FileIO

    def read1(self, size: int = -1, /) -> bytes:
        """At most `size` bytes; b"" at the end. Raises UsageError."""
        from narrowgate.verbs.policy_files import unreadable

        try:
            while (found := self.file.read(size)) is None:
                # Whoever shares our standard input may have set it not to wait.
                select.select([self.file], [], [])
        except OSError as error:
            raise unreadable(self.name, error) from None
        return found


def _opened(name: str) -> FileIO:
    from narrowgate.errors import UsageError
    from narrowgate.verbs.policy_files import STDIN, opened

    if name != STDIN:
        return opened(name)
    if sys.stdin is None:
        raise UsageError("cannot read standard input: it is closed; send something to it, or name a file")
    return FileIO(sys.stdin.fileno(), closefd=False)


def _standard_input() -> bytes:
    from narrowgate.verbs.policy_files import LONGEST_FILE, STDIN

    with _opened(STDIN) as file:
        source, parts, size = Incoming(STDIN, file), list[bytes](), 0
        while size <= LONGEST_FILE and (part := source.read1(CHUNK)):
            parts.append(part)
            size += len(part)
    return b"".join(parts)
