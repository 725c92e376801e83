"""`narrowgate sandbox`."""

from __future__ import annotations

from pathlib import Path

import click

from narrowgate.cli.terminal import Terminal


@click.command()
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    default=Path(".narrowgate/sandbox"),
    show_default=True,
    help="Where its state is kept.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port; by default a free one.")
@click.option("--delay", type=click.FloatRange(0, 60), default=0.0, help="Seconds added to every call.")
@click.option("--region", default="us-east-1", show_default=True, help="The region in the printed variables.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout.")
def sandbox(state: Path, port: int, delay: float, region: str, as_json: bool) -> int:
    """Run the embedded AWS on 127.0.0.1 until Ctrl-C, for any AWS client.

    It does not enforce policies yet. Its state is kept; `--sandbox` verbs beside it use the same.
    """
    from narrowgate.adapters.stop import Stop
    from narrowgate.report.text import Line
    from narrowgate.verbs.sandbox import running, variables

    terminal = Terminal(as_json=as_json)
    stop = Stop()
    stop.listen()
    # Guarded: SIGINT and SIGTERM end it alike, and no word of a server that is gone stays behind.
    with stop.guarded(), running(state, port=port, delay=delay) as url:
        given = variables(url, region)
        lines = [Line(f"export {name}={value}") for name, value in given.items()]
        terminal.show(lines, given)
        terminal.say("the embedded AWS is running; stop it with Ctrl-C")
        stop.wait()
    terminal.say("stopped; its state is kept")
    return 0
