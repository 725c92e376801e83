"""A program of somebody else's, run as a process of its own until it ends, is late, or we are stopped.

INVARIANT: when `run_program` returns or raises, no process of the program's group is left. A child that made itself a
session of its own is no longer of it.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from narrowgate.errors import UsageError

GRACE: Final = 5.0
"""Seconds that a program has to end after SIGTERM."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended: its exit code, of one that a signal ended the negative number. `is_late`: we ended it."""

    code: int
    is_late: bool = False

    @property
    def is_good(self) -> bool:
        """Whether it ended by itself, and with exit code 0."""
        return self.code == 0 and not self.is_late

    def __str__(self) -> str:
        if self.is_late:
            return "was stopped when its time was over"
        return f"was ended by {signal.Signals(-self.code).name}" if self.code < 0 else f"ended with code {self.code}"


def run_program(command: Sequence[str], environ: Mapping[str, str], *, seconds: float | None = None) -> Ran:
    """Run a program with this environment and no input; what it prints goes to our stderr.

    It is in a session of its own, so that a Ctrl-C at the terminal is ours, and its children end with it.
    Raises UsageError where it cannot be started.
    """
    try:
        process = subprocess.Popen(
            command, env=environ, stdin=subprocess.DEVNULL, stdout=2, stderr=2, start_new_session=True
        )
    except OSError as error:
        raise UsageError(_unstartable(command[0], error)) from None
    try:
        return Ran(process.wait(seconds))
    except subprocess.TimeoutExpired:
        _end(process)
        return Ran(process.returncode, is_late=True)
    finally:
        _end(process)


def _unstartable(name: str, error: OSError) -> str:
    hints = {
        FileNotFoundError: "there is no such command; is it spelled rightly, and in PATH?",
        PermissionError: "it may not be executed; give the program that runs it, such as `sh` or `python3`, first",
    }
    why = hints.get(type(error), f"{(error.strerror or 'the system gave no reason').lower()}")
    return f"cannot run `{name}`: {why}"


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what is left of its group: first kindly."""
    _signal(process, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE)
    _signal(process, signal.SIGKILL)
    process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    # The group is gone when the last of it is.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
