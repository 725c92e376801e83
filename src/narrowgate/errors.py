"""Every error that a person meets, and the exit code of each.

    NarrowgateError            1  never raised itself
    ├── UsageError             2  a bad spec, a bad option, a question that nobody can answer
    ├── Refused                3  ownership, safety, or the person said no
    ├── NotPermitted           4  AWS denied the call, or there are no usable credentials
    ├── AwsError               5  AWS answered with another error
    │   └── OutcomeUnknown     5  no answer came: the call may or may not have taken effect
    └── Interrupted            6  stopped by the person; what was done is kept and can be resumed

Exit code 10 (findings, drift, refuted, unknown) is an answer, not an error. Pure.
"""

from __future__ import annotations

from typing import ClassVar


class NarrowgateError(Exception):
    """The root. `message` says what, which thing and what to do; lower case, no final period."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class UsageError(NarrowgateError):
    """The spec or the command line is wrong; nothing was called."""

    exit_code = 2


class Refused(NarrowgateError):
    """We will not do it: the thing is not ours, it is not safe, or the person said no."""

    exit_code = 3


class NotPermitted(NarrowgateError):
    """AWS denied the call, or the credentials are missing, expired or root's."""

    exit_code = 4

    def __init__(self, message: str, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class AwsError(NarrowgateError):
    """AWS answered with an error. `code` is AWS's own error code, such as `LimitExceeded`."""

    exit_code = 5

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class OutcomeUnknown(AwsError):
    """No answer, or a server error, came back: whether the call took effect must be looked up."""


class Interrupted(NarrowgateError):
    """Ctrl-C or SIGTERM; the same command goes on where it stopped."""

    exit_code = 6
