"""What every command shares: options, the terminal, questions, exit codes."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from narrowgate.errors import Interrupted, NarrowgateError

if TYPE_CHECKING:
    from narrowgate.cli.terminal import Terminal
    from narrowgate.verbs.site import Options, Site, Surroundings

FINDINGS = 10
Command = TypeVar("Command", bound=Callable[..., Any])


def guarded(command: click.Command) -> int:
    """Run the command and turn whatever happens into an exit code and a message on stderr."""
    try:
        result = command.main(prog_name="narrowgate", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort) as error:
        return _say(_stopped(error, touched=False))
    except NarrowgateError as error:
        return _say(error)
    except BrokenPipeError:
        # The reader went away: not worth a word.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:  # noqa: BLE001 - the very top: a bug of ours must end in exit code 1 and a way to report it
        traceback.print_exc()
        click.echo("narrowgate: this is a bug of ours; please report it with the lines above", err=True)
        return 1
    return result if isinstance(result, int) else 0


def _stopped(error: BaseException, *, touched: bool) -> Interrupted:
    """Stopped by the person, who may have left the cursor behind a question or a `^C`."""
    if isinstance(error, click.Abort) or sys.stderr.isatty():
        click.echo(err=True)
    if touched:
        return Interrupted("stopped; what was done is kept and journalled: run the same command again to go on")
    return Interrupted("stopped; nothing was touched")


def _say(error: NarrowgateError) -> int:
    # Where nobody can read it, the exit code still tells.
    with suppress(OSError):
        for line in error.message.splitlines():
            click.secho(f"narrowgate: {line}", fg="red", err=True)
    return error.exit_code


def options(command: Command) -> Command:
    """The options of every verb that works at a spec."""
    for option in reversed(
        (
            click.option(
                "--spec",
                "spec",
                type=click.Path(path_type=Path),
                default=Path("platform.yaml"),
                show_default=True,
                help="The spec.",
            ),
            click.option("--sandbox", is_flag=True, help="Work on the embedded AWS, its state kept beside the spec."),
            click.option("--aws-profile", metavar="NAME", help="The administrator's AWS profile."),
            click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout."),
        )
    ):
        command = option(command)
    return command


def deciding(command: Command) -> Command:
    """The options of every verb that plans changes."""
    adopt = click.option("--adopt", is_flag=True, help="Take over things that have our names but not our tag.")
    beside = click.option("--beside", multiple=True, metavar="KEY_ID", help="An access key of somebody else to keep.")
    return adopt(beside(command))


def read_options(given: dict[str, Any]) -> Options:
    """What the shared options said, as the verbs want it."""
    from narrowgate.verbs.site import Options

    return Options(**{**given, "beside": frozenset(given.get("beside", ()))})


yes = click.option("--yes", is_flag=True, help="Do not ask.")


def surroundings(terminal: Terminal) -> Surroundings:
    """The real clock and environment; Ctrl-C sets the stop."""
    from narrowgate.adapters.clock import SystemClock
    from narrowgate.adapters.stop import Stop
    from narrowgate.verbs.site import Surroundings

    stop = Stop()
    stop.listen()
    return Surroundings(SystemClock(), os.environ, terminal, stop)


@contextmanager
def at(options: Options, terminal: Terminal) -> Iterator[Site]:
    """The opened site, for one verb."""
    from narrowgate.verbs.site import open_site

    def meanwhile() -> None:
        # What every verb shows its results with, and what that imports.
        importlib.import_module("narrowgate.cli.view")

    try:
        with terminal.live(), open_site(options, surroundings(terminal), meanwhile=meanwhile) as site:
            yield site
    except (KeyboardInterrupt, click.Abort) as error:
        raise _stopped(error, touched=terminal.touched) from None
