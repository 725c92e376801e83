"""Where the `policy` commands read from: files and standard input, whole or line by line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from narrowgate.verbs.policy_batch import Sink, Source, Tally
    from narrowgate.verbs.policy_files import Files

WRONG_INPUT = 2


def files() -> Files:
    """The files of this machine."""
    from narrowgate.verbs.policy_files import LONGEST_FILE, Files

    return Files(lambda: sys.stdin.buffer.read(LONGEST_FILE))


def in_batch(name: str, answer: Callable[[Source, Sink], Tally]) -> int:
    """Answer the lines of a file, or of standard input, on standard output; the exit code."""
    try:
        with _opened(name) as source:
            tally = answer(source, sys.stdout.buffer)
    except BrokenPipeError:
        # The reader has seen enough. Click would make it exit code 1, a bug of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if tally.wrong:
        click.echo(f"{tally.wrong} of {tally.lines} lines could not be answered: see their `error`", err=True)
    return WRONG_INPUT if tally.wrong else 0


def _opened(name: str) -> BufferedReader:
    from narrowgate.errors import UsageError

    try:
        return open(sys.stdin.fileno(), "rb", closefd=False) if name == "-" else Path(name).open("rb")
    except OSError as error:
        raise UsageError(f"cannot read `{name}`: {error.strerror}; name a file of JSON lines, or `-`") from None
