"""`narrowgate teardown`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from narrowgate.cli.run import FINDINGS, at, options, read_options, yes
from narrowgate.cli.terminal import Terminal

if TYPE_CHECKING:
    from narrowgate.report.text import Line
    from narrowgate.verbs.site import Site
    from narrowgate.verbs.teardown import Removal, TornDown


@click.command()
@options
@yes
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and stop.")
@click.option("--force", is_flag=True, help="Also remove what others attached to our user, role and policies.")
def teardown(as_json: bool, yes: bool, dry_run: bool, force: bool, **given: Any) -> int:
    """Remove everything that is ours, and verify that it is gone. Exit code 10 when something is left."""
    terminal = Terminal(as_json=as_json)
    with at(read_options(given), terminal) as site:
        from narrowgate.cli import view
        from narrowgate.plan import as_data
        from narrowgate.verbs import teardown as verb

        if dry_run:
            wanted = verb.planned(site)
            terminal.show(_plan(site, wanted), {**view.identity(site), "steps": as_data(wanted.plan.steps)})
            verb.refuse_extras(wanted, force=force)
            return 0

        def approve(wanted: Removal) -> bool:
            terminal.expect(len(wanted.plan.steps))
            return terminal.ask(_plan(site, wanted), "Remove all this?", yes=yes, look="narrowgate teardown --dry-run")

        done = verb.teardown(site, approve, force=force)
        terminal.show(_lines(done), {**view.identity(site), **asdict(done)})
        return FINDINGS if done.left else 0


def _plan(site: Site, wanted: Removal) -> Iterator[Line]:
    from narrowgate.cli import view
    from narrowgate.report import text
    from narrowgate.report.text import Line

    yield from view.removal(site, wanted.plan)
    if not wanted.plan.steps:
        yield Line("nothing of ours is there", "good")
    yield from text.refusals(wanted.strangers)


def _lines(done: TornDown) -> Iterator[Line]:
    from narrowgate.report import text
    from narrowgate.report.text import Line

    if done.left:
        yield Line(f"still there after {text.count_of(done.steps, 'step')}:", "bad")
        for identity in done.left:
            yield Line(f"  {identity}", "bad")
    elif done.steps:
        yield Line(f"gone: {text.count_of(done.steps, 'step')}, verified by looking again", "good")
    else:
        yield Line("nothing of ours is there", "good")
    yield from text.refusals(done.strangers)
