"""`narrowgate sandbox` and what is asked of a sandbox: its variables, weather, phase, saving and loading."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgate.cli.terminal import Terminal

if TYPE_CHECKING:
    from narrowgate.adapters.sandbox.live import Live
    from narrowgate.report.text import Line
    from narrowgate.verbs.sandbox import Running, Wanted

LOOK = 0.1
"""Seconds between two looks at what is asked of a running sandbox."""
WEATHER = "NARROWGATE_SANDBOX_WEATHER"

HOW = (
    "boto3, the AWS CLI, the SDKs for JavaScript (v3) and Go (v2), Terraform: set these variables, change nothing else",
    "the administrator may do everything; a user or a role that you make may do what its policies say, and no more",
)


def at_state(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--state` of the commands below; by default that of `narrowgate sandbox --state`."""
    return click.option("--state", type=click.Path(path_type=Path), help="Where the sandbox's state is kept.")(command)


as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
region_option = click.option(
    "--region", default="us-east-1", show_default=True, help="The region in the printed variables."
)


@click.group(invoke_without_command=True)
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    default=Path(".narrowgate/sandbox"),
    show_default=True,
    help="Where its state is kept.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port; by default a free one.")
@click.option("--delay", type=click.FloatRange(0, 60), default=0.0, help="Seconds added to every call.")
@click.option(
    "--weather",
    default="off",
    show_default=True,
    metavar="TEXT",
    envvar=WEATHER,
    show_envvar=True,
    help="What goes wrong, such as `throttle=0.3,iam:consistency=5,seed=7`.",
)
@click.option("--watch", is_flag=True, help="Show every call and its decision on stderr.")
@click.option("-v", "--verbose", is_flag=True, help="Watch, with every action that a call needs.")
@click.option(
    "--record", type=click.Path(path_type=Path), metavar="FILE", help="Add every call to FILE, as JSON lines."
)
@click.option("--phase", default="", metavar="NAME", help="What the recorded calls are part of.")
@region_option
@as_json_option
@click.pass_context
def sandbox(ctx: click.Context, /, as_json: bool, region: str, **given: Any) -> int:
    """Run the embedded AWS on 127.0.0.1 until Ctrl-C, for any AWS client.

    It enforces policies: the administrator, whose key it prints, may do everything, everybody else what their
    policies say. Its state is kept; `--sandbox` verbs beside it use the same. The commands below work on one
    that runs (`env`, `weather`, `phase`, `save`) or does not (`save`, `load`).
    """
    if ctx.invoked_subcommand is not None:
        _only_state(ctx)
        return 0
    return _serve(Terminal(as_json=as_json), region, as_json=as_json, **given)


@sandbox.command()
@at_state
@region_option
@as_json_option
@click.pass_context
def env(ctx: click.Context, state: Path | None, region: str, as_json: bool) -> int:
    """Print the variables of the running sandbox: `eval "$(narrowgate sandbox env)"`."""
    from narrowgate.adapters.sandbox.wishes import served_from
    from narrowgate.verbs.sandbox import variables

    _show(Terminal(as_json=as_json), variables(served_from(_state(ctx, state)).url, region))
    return 0


@sandbox.command()
@click.argument("text", required=False)
@at_state
@click.pass_context
def weather(ctx: click.Context, text: str | None, state: Path | None) -> int:
    """Change the weather of the running sandbox; without TEXT, show it.

    TEXT is `off`, or settings for all, a service or an operation: `throttle=0.3,ec2:slow=0.2..1.5`,
    `iam:CreateUser:drop-after=1`. There are consistency, throttle, fail, drop-before, drop-after, slow, seed.
    """
    from narrowgate.adapters.sandbox.wishes import Wish, ask, served_from
    from narrowgate.verbs.sandbox import weather_of

    folder = _state(ctx, state)
    wanted = None if text is None else str(weather_of(text))
    click.echo((served_from(folder) if wanted is None else ask(folder, Wish(weather=wanted))).weather)
    return 0


@sandbox.command()
@click.argument("name")
@at_state
@click.pass_context
def phase(ctx: click.Context, name: str, state: Path | None) -> int:
    """Begin a phase of the running sandbox's recording."""
    from narrowgate.adapters.sandbox.wishes import Wish, ask

    click.echo(ask(_state(ctx, state), Wish(phase=name)).phase)
    return 0


@sandbox.command()
@click.argument("file", type=click.Path(path_type=Path))
@at_state
@click.pass_context
def save(ctx: click.Context, file: Path, state: Path | None) -> int:
    """Save the sandbox to FILE, secrets included. It may run meanwhile."""
    from narrowgate.adapters.sandbox.snapshot import save as save_to
    from narrowgate.adapters.sandbox.snapshot import taken_of
    from narrowgate.report.text import count_of

    snapshot = taken_of(_state(ctx, state))
    save_to(snapshot, file)
    Terminal().say(f"saved {count_of(snapshot.count, 'changing call')} to {file}")
    return 0


@sandbox.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Forget the sandbox that is there.")
@at_state
@click.pass_context
def load(ctx: click.Context, file: Path, replace: bool, state: Path | None) -> int:
    """Make the sandbox that FILE holds: the same ids, keys and policies."""
    from narrowgate.adapters.sandbox.snapshot import load as load_from
    from narrowgate.adapters.sandbox.snapshot import put
    from narrowgate.report.text import count_of

    snapshot, folder = load_from(file), _state(ctx, state)
    put(snapshot, folder, replace=replace)
    Terminal().say(f"loaded {count_of(snapshot.count, 'changing call')} into {folder}")
    return 0


def _serve(terminal: Terminal, region: str, *, as_json: bool, state: Path, **given: Any) -> int:
    from narrowgate.adapters.stop import Stop
    from narrowgate.verbs.sandbox import Wanted, serving, variables, weather_of

    stop = Stop()
    stop.listen()
    is_watched = given.pop("watch") | given["verbose"]
    with stop.guarded(), _live(terminal, wanted=is_watched, verbose=given.pop("verbose")) as (live, say):
        given["weather"] = weather_of(given["weather"])
        wanted = Wanted(**given, watchers=(live,) if live else ())
        # Guarded: SIGINT and SIGTERM end it alike, and no word of a server that is gone stays behind.
        with serving(state, wanted, say) as it:
            _show(terminal, variables(it.served.url, region))
            for line in () if as_json else HOW:
                say(line)
            for line in _conditions(state, wanted):
                say(line)
            say("the embedded AWS is running; stop it with Ctrl-C")
            _until(stop.is_set, it, say)
        say("stopped; its state is kept")
    return 0


def _until(is_over: Callable[[], bool], it: Running, say: Callable[[str], None]) -> None:
    while not is_over():
        if news := it.look():
            say(news)
        time.sleep(LOOK)


def _conditions(state: Path, wanted: Wanted) -> Iterator[str]:
    yield f'in another shell: eval "$(narrowgate sandbox env --state {shlex.quote(str(state))})"'
    if not wanted.weather.is_off:
        yield f"weather: {wanted.weather}"
    if wanted.record:
        yield f"recording to {wanted.record}" + (f", phase {wanted.phase}" if wanted.phase else "")


@contextmanager
def _live(terminal: Terminal, *, wanted: bool, verbose: bool) -> Iterator[tuple[Live | None, Callable[[str], None]]]:
    """The live view, if it is wanted, and a way to say something; both never wait for a reader that stands still."""
    from narrowgate.adapters.sandbox.live import Live, room

    ready = room(sys.stderr.fileno())

    def write(line: Line) -> None:
        try:
            terminal.tell(line)
        except OSError:
            # What Python still holds for it must not fail at the very end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
            raise

    def say(text: str) -> None:
        from narrowgate.report.text import Line

        if ready(0):
            with suppress(OSError):
                write(Line(text))

    if not wanted:
        yield None, say
        return
    with closing(Live(write, ready, verbose=verbose)) as live:
        yield live, say


def _show(terminal: Terminal, given: Mapping[str, str]) -> None:
    """The variables, for a shell or as JSON. What would be taken before them is unset."""
    from narrowgate.report.text import Line

    lines = [Line(f"export {name}={value}") for name, value in given.items()]
    terminal.show([*lines, Line("unset AWS_SESSION_TOKEN AWS_PROFILE")], given)
    sys.stdout.flush()


def _state(ctx: click.Context, given: Path | None) -> Path:
    assert ctx.parent is not None
    above: Path = ctx.parent.params["state"]
    return given or above


def _only_state(ctx: click.Context) -> None:
    """Refuse options that only serving knows, before a command that does not serve."""
    from click.core import ParameterSource

    for option in ctx.command.params:
        source = ctx.get_parameter_source(option.name or "")
        if source is ParameterSource.COMMANDLINE and option.name != "state":
            raise click.UsageError(f"`{option.opts[-1]}` does nothing before `{ctx.invoked_subcommand}`; put it behind")
