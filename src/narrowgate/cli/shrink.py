"""`narrowgate shrink`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from narrowgate.cli.run import at, options, read_options, yes
from narrowgate.cli.terminal import Terminal

if TYPE_CHECKING:
    from narrowgate.report.text import Line
    from narrowgate.shrinking import Shrinking
    from narrowgate.verbs.planning import Planned
    from narrowgate.verbs.shrink import Shrunk
    from narrowgate.verbs.site import Site


@click.command()
@options
@yes
def shrink(as_json: bool, yes: bool, **given: Any) -> int:
    """Take from the installer's policy what only the installation needed; the rest is proved to suffice."""
    terminal = Terminal(as_json=as_json)
    with at(replace(read_options(given), policy="shrunk"), terminal) as site:
        from narrowgate.cli import view
        from narrowgate.verbs.shrink import shrink as do

        def approve(found: Planned, proved: Shrinking) -> bool:
            terminal.expect(len(found.plan.steps))
            return terminal.ask(_question(site, found, proved), "Do this?", yes=yes, look="narrowgate plan")

        done = do(site, approve)
        terminal.show(_lines(site, done), {**view.identity(site), **_data(done)})
    return 0


def _question(site: Site, found: Planned, proved: Shrinking) -> Iterator[Line]:
    from narrowgate.cli import view
    from narrowgate.report import text

    yield from view.header(site, "shrink")
    yield from text.steps(found.plan)
    yield from _proof(proved)


def _proof(proved: Shrinking) -> Iterator[Line]:
    from narrowgate.report import text
    from narrowgate.report.text import Line

    phases = " and ".join(f"{len(names)} of {phase}" for phase, names in proved.calls.items())
    yield Line(
        f"  the policy goes from {proved.old:,} to {proved.new:,} characters; it loses {len(proved.gone)} actions:"
    )
    yield from (Line(f"    {action}", "faint") for action in proved.gone)
    yield Line("  proved in the model: it allows nothing that the policy in the account does not, and")
    yield Line(f"  {text.count_of(proved.requests, 'request')} of the reference installer's operations, {phases}")


def _lines(site: Site, done: Shrunk) -> Iterator[Line]:
    from narrowgate.cli import view
    from narrowgate.report import text
    from narrowgate.report.text import Line

    yield from view.header(site, "shrink")
    if done.shrinking is None:
        yield text.as_wanted(done.findings, "nothing to do")
    else:
        yield Line(f"done: {text.count_of(done.steps, 'step')}, verified by looking again", "good")
        yield from _proof(done.shrinking)
        yield Line("  setup keeps it so; for an upgrade, `narrowgate setup --widen` puts the whole policy in place")
    yield from view.findings(done.findings)


def _data(done: Shrunk) -> dict[str, Any]:
    from narrowgate.cli import view

    proved = done.shrinking
    shown = (
        {
            "proved": "in the model",
            "calls": {phase: list(names) for phase, names in proved.calls.items()},
            "requests": proved.requests,
            "gone": list(proved.gone),
            "old_size": proved.old,
            "new_size": proved.new,
        }
        if proved
        else None
    )
    return {"steps": done.steps, "shrinking": shown, "findings": view.found_data(done.findings)}
