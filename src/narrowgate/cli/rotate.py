"""`narrowgate rotate`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from narrowgate.cli.run import FINDINGS, at, options, read_options, yes
from narrowgate.cli.terminal import Terminal

if TYPE_CHECKING:
    from narrowgate.report.text import Line
    from narrowgate.rotation import Move
    from narrowgate.verbs.rotate import Rotated
    from narrowgate.verbs.site import Site

REFUSED = 3
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Duration(click.ParamType[timedelta]):
    """`90s`, `15m`, `24h`, `7d`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """The duration, or a usage error."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(\d{1,6})([smhd])", str(value))
        if not found:
            self.fail(f"`{value}` is not a duration such as 90s, 15m, 24h or 7d", param, ctx)
        return timedelta(seconds=int(found[1]) * UNITS[found[2]])


@click.command()
@options
@yes
@click.option(
    "--quiet", type=Duration(), default="1h", show_default=True, help="How long the old key must stay unused."
)
@click.option(
    "--grace",
    type=Duration(),
    default="1h",
    show_default=True,
    help="How long it stays inactive before it is deleted.",
)
@click.option(
    "--retire", default="", metavar="KEY_ID", help="Replace this key, though narrowgate cannot account for it."
)
@click.option(
    "--no-wait", is_flag=True, help="Stop where time must pass; the same command goes on later (exit code 10)."
)
@click.option("--undo", is_flag=True, help="Switch the deactivated old key of an unfinished rotation on again.")
@click.option("--dry-run", is_flag=True, help="Show the next move, and stop.")
def rotate(as_json: bool, undo: bool, dry_run: bool, yes: bool, **given: Any) -> int:
    """Replace the access key without an outage: make, store, prove, watch, deactivate, delete."""
    from narrowgate.rotation import Pace, Stuck
    from narrowgate.verbs import rotate as verb

    asked = verb.Asked(Pace(given.pop("quiet"), given.pop("grace")), given.pop("retire"), not given.pop("no_wait"))
    terminal = Terminal(as_json=as_json)
    with at(read_options(given), terminal) as site:
        from narrowgate.cli import view

        if undo:
            ask = partial(terminal.ask, question="Switch it on?", yes=yes, look="narrowgate status")
            key = verb.undo(site, lambda old: ask(_undoing(old)))
            terminal.show(_undone(key), {**view.identity(site), "active": key})
            return 0
        if dry_run:
            move = verb.first_move(site, asked)
            terminal.show(_question(site, move), {**view.identity(site), "move": type(move).__name__})
            return REFUSED if isinstance(move, Stuck) else 0

        def approve(move: Move) -> bool:
            return terminal.ask(_question(site, move), "Go on?", yes=yes, look="narrowgate rotate --dry-run")

        done = verb.rotate(site, asked, approve)
        terminal.show(_lines(done), {**view.identity(site), **asdict(done)})
        return FINDINGS if done.waiting else 0


def _question(site: Site, move: Move) -> Iterator[Line]:
    from narrowgate.cli import view
    from narrowgate.report.text import Line
    from narrowgate.rotation import Begin, Stuck, Wait

    yield from view.header(site, "rotate")
    match move:
        case Begin(old):
            yield Line(f"  a new key for {site.spec.user_name} takes the place of `{old}`, in this order:")
            for sink in site.keeping.sinks:
                yield Line(f"    store it in {sink}")
            yield Line("    prove that it works; watch the old key until it is unused; deactivate it; delete it")
        case Stuck(message):
            yield Line(f"  {message}", "bad")
        case Wait(until, why):
            yield Line(f"  an unfinished rotation waits until {until.isoformat(timespec='seconds')}: {why}")
        case _:
            yield Line(f"  an unfinished rotation goes on with: {type(move).__name__.lower()}")


def _undoing(key: str) -> Iterator[Line]:
    from narrowgate.report.text import Line

    yield Line(f"  the deactivated old key `{key}` becomes active again")


def _undone(key: str) -> Iterator[Line]:
    from narrowgate.report.text import Line

    yield Line(f"the old key `{key}` is active again; `narrowgate rotate` goes on when you want", "good")


def _lines(done: Rotated) -> Iterator[Line]:
    from narrowgate.report.text import Line

    if done.waiting:
        yield Line(f"not finished: {done.waiting}", "change")
        yield Line("run `narrowgate rotate` again then; it goes on from here")
    else:
        yield Line(f"done: the old key `{done.old}` is deleted, the sinks hold the new one", "good")
