"""`narrowgate setup`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgate.cli.run import at, deciding, options, read_options, yes
from narrowgate.cli.terminal import Terminal

if TYPE_CHECKING:
    from narrowgate.report.text import Line
    from narrowgate.verbs.planning import Planned
    from narrowgate.verbs.setup import Setup
    from narrowgate.verbs.site import Site


@click.command()
@options
@deciding
@yes
@click.option(
    "--plan", "plan_file", type=click.Path(path_type=Path), help="Do exactly this plan, without asking, or refuse."
)
@click.option("--widen", is_flag=True, help="Put the installer's whole policy back in place of the shrunk one.")
@click.option("--unproven", is_flag=True, help="Set up a policy although it is refuted as insufficient.")
def setup(as_json: bool, yes: bool, plan_file: Path | None, widen: bool, **given: Any) -> int:
    """Make the user, its key, the role, the policies and the instance profile; store the key; verify."""
    terminal = Terminal(as_json=as_json)
    asked = read_options(given)
    with at(replace(asked, policy="whole") if widen else asked, terminal) as site:
        from narrowgate.cli import view
        from narrowgate.verbs.setup import setup as do

        def approve(found: Planned) -> bool:
            terminal.expect(len(found.plan.steps))
            return terminal.ask(
                view.planned(site, found), "Do this?", yes=yes or plan_file is not None, look="narrowgate plan"
            )

        done = do(site, approve, plan_file=plan_file)
        data = {**view.identity(site), "steps": done.steps, "findings": view.found_data(done.findings)}
        terminal.show(_lines(site, done), {**data, "proof": asdict(done.proof) if done.proof else None})
    return 0


def _lines(site: Site, done: Setup) -> Iterator[Line]:
    from narrowgate.cli import view
    from narrowgate.report import text
    from narrowgate.report.text import Line

    yield from view.header(site, "setup")
    if not done.steps:
        yield text.as_wanted(done.findings, "nothing to do")
    else:
        yield Line(f"done: {text.count_of(done.steps, 'step')}, verified by looking again", "good")
        yield Line(f"  user              {site.user_arn}")
        yield Line(f"  instance profile  {site.spec.instance_profile_name}")
        for sink in site.keeping.sinks:
            yield Line(f"  credentials in    {sink}")
    if done.proof:
        allowed = "and its policy allows it to look" if done.proof.permitted else "its policy denies the probing read"
        yield Line(f"  the key works: AWS STS and {done.proof.service.upper()} accept it, {allowed}")
    yield from view.findings(done.findings)
