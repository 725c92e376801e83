"""Where the `policy` commands write to: standard output, and what ends there other than well."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, TextIO

import click

from narrowgate.errors import UsageError

if TYPE_CHECKING:
    from narrowgate.cli.policy_view import Row


@contextmanager
def delivering() -> Iterator[None]:
    """Around writes to standard output that are flushed, and nothing else that can fail with OSError.

    A reader that left is not an error: what follows goes on, its output into nothing, so that the exit code
    is still the answer. Raises UsageError where standard output cannot be written.
    """
    if sys.stdout is None:
        raise UsageError("cannot write standard output: it is closed; send it to a file, a pipe or /dev/null")
    if isinstance(sys.stdout, TextIOWrapper):
        # A file's name may be no text: it is printed as it is, byte by byte.
        sys.stdout.reconfigure(errors="surrogateescape")
    try:
        yield
    except BrokenPipeError:
        _into_nothing(sys.stdout)
    except OSError as error:
        _into_nothing(sys.stdout)
        raise UsageError(f"cannot write standard output: {error.strerror or error}; send it elsewhere") from None
    except UnicodeEncodeError as error:
        missing = f"its encoding {error.encoding} does not have `{error.object[error.start]}`"
        raise UsageError(f"cannot write standard output: {missing}; set PYTHONIOENCODING=utf-8") from None


def show(rows: Iterable[Row], data: Mapping[str, Any], *, as_json: bool, known: str | None = None) -> None:
    """The result: rows for a person, or JSON; `known` is the `id` in it, as JSON. Raises UsageError."""
    from narrowgate.cli.policy_view import lines
    from narrowgate.cli.terminal import Terminal

    with delivering():
        if as_json:
            click.echo(_text(data, known))
        else:
            Terminal().show(lines(rows), data)


def say(text: str) -> None:
    """A line of news on stderr; where it cannot be written, the result is not worse for it."""
    try:
        click.echo(text, err=True)
    except OSError:
        _into_nothing(sys.stderr)


def _text(data: Mapping[str, Any], known: str | None) -> str:
    if known is None:
        return json.dumps(data, indent=2, sort_keys=True)
    text = json.dumps({**data, "id": None}, indent=2, sort_keys=True)
    # A number is printed as it was written, whatever its size: only a key of the outermost object stands two
    # blanks in, and no text holds a line end.
    return text.replace('\n  "id": null', f'\n  "id": {known}', 1)


def _into_nothing(stream: TextIO) -> None:
    """What the stream still holds would fail again at the end of the process, and change the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class Command(click.Command):
    """A command whose help may be read in part, too."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """As click's; the help is printed here."""
        with delivering():
            return super().make_context(info_name, args, parent, **extra)
        # The reader left while it was printed.
        raise click.exceptions.Exit(0)


class Group(Command, click.Group):
    """A group of such commands."""
