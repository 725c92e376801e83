"""What every command shares: options, the terminal, questions, exit codes."""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from narrowgate.errors import Interrupted, NarrowgateError, Refused, UsageError

if TYPE_CHECKING:
    from narrowgate.plan import Step
    from narrowgate.report.text import Line
    from narrowgate.verbs.site import Options, Site, Surroundings

FINDINGS = 10
COLOURS: dict[str, dict[str, Any]] = {
    "title": {"bold": True},
    "good": {"fg": "green"},
    "change": {"fg": "yellow"},
    "bad": {"fg": "red"},
}
Command = TypeVar("Command", bound=Callable[..., Any])


def guarded(command: click.Command) -> int:
    """Run the command and turn whatever happens into an exit code and a message on stderr."""
    try:
        result = command.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _say(Interrupted("stopped; nothing was under way, and what was done before is kept"))
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


def _say(error: NarrowgateError) -> int:
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
            click.option("--profile", "aws_profile", metavar="NAME", help="The administrator's AWS profile."),
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


@dataclass(slots=True)
class Terminal:
    """Where results and news go: results to stdout, news to stderr."""

    as_json: bool = False
    quiet: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def say(self, text: str) -> None:
        """A line of news."""
        self.news([_line(text)])

    def step(self, step: Step, event: str) -> None:
        """A step as it happens; its start is shown on a terminal only."""
        from narrowgate.report.text import step_news

        if event != "start" or sys.stderr.isatty():
            self.news([step_news(step, event)])

    def news(self, lines: Iterable[Line]) -> None:
        """Lines on stderr."""
        if not self.quiet:
            with self._lock:
                for line in lines:
                    click.secho(line.text, err=True, **COLOURS.get(line.tone, {}))

    def show(self, lines: Iterable[Line], data: object) -> None:
        """The result: lines for a person, or JSON."""
        if self.as_json:
            click.echo(json.dumps(data, indent=2, sort_keys=True))
            return
        for line in lines:
            click.secho(line.text, **COLOURS.get(line.tone, {}))

    def ask(self, lines: Iterable[Line], question: str, *, yes: bool) -> bool:
        """Show and ask; True when a question was asked. Raises Refused at no, UsageError without a terminal."""
        if yes:
            return False
        if not sys.stdin.isatty():
            raise UsageError(
                "this changes the account, and there is no terminal to ask on: "
                "look with `narrowgate plan`, then say `--yes`"
            )
        self.news(lines)
        if not click.confirm(question, default=False, err=True):
            raise Refused("you said no; nothing was touched")
        return True


def _line(text: str) -> Line:
    from narrowgate.report.text import Line

    return Line(text)


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

    with open_site(options, surroundings(terminal)) as site:
        yield site
