"""`narrowgate plan`, `status` and `drift`: they look, and touch nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from narrowgate.cli.run import FINDINGS, at, deciding, options, read_options
from narrowgate.cli.terminal import Terminal

if TYPE_CHECKING:
    from narrowgate.report.text import Line
    from narrowgate.verbs.site import Site
    from narrowgate.verbs.status import Status

MARKS = {"there": ("ok", "good"), "missing": ("--", "bad"), "differs": ("~~", "change"), "refused": ("!!", "bad")}


@click.command()
@options
@deciding
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Also write the plan to a file, for `setup --plan`."
)
@click.option("--policies", is_flag=True, help="Also show both policies in full.")
def plan(as_json: bool, output: Path | None, policies: bool, **given: Any) -> int:
    """Show what would be created, changed or deleted, and why. Touches nothing."""
    terminal = Terminal(as_json=as_json)
    with at(read_options(given), terminal) as site:
        from narrowgate.cli import view
        from narrowgate.verbs import planning

        found = planning.proved(site, planning.make(site))
        terminal.show(view.planned(site, found, policies=policies), view.planned_data(site, found))
        if output is not None:
            _write(output, planning.bound(site, found))
            terminal.say(f"the plan is in {output}; do exactly that with `narrowgate setup --plan {output}`")
        return 3 if found.plan.refusals else 0


@click.command()
@options
def status(as_json: bool, **given: Any) -> int:
    """Show what exists: every object, every key, which sinks hold it."""
    terminal = Terminal(as_json=as_json)
    with at(read_options(given), terminal) as site:
        from narrowgate.cli import view
        from narrowgate.verbs.status import status as look

        found = look(site)
        terminal.show(_status_lines(site, found), {**view.identity(site), **asdict(found)})
    return 0


@click.command()
@options
@deciding
def drift(as_json: bool, **given: Any) -> int:
    """Show what differs from the spec, by meaning. Exit code 10 when anything does."""
    terminal = Terminal(as_json=as_json)
    with at(read_options(given), terminal) as site:
        from narrowgate.cli import view
        from narrowgate.plan import as_data
        from narrowgate.verbs import planning

        found = planning.make(site)
        findings = planning.drifted(site, found)
        data = {
            **view.identity(site),
            "steps": as_data(found.plan.steps),
            "refusals": [asdict(r) for r in found.plan.refusals],
            "findings": view.found_data(findings),
        }
        terminal.show(_drift_lines(site, found, findings), data)
        return FINDINGS if findings or not found.plan.is_empty else 0


def _drift_lines(site: Site, found: Any, findings: Any) -> Iterator[Line]:
    from narrowgate.cli import view
    from narrowgate.report import text

    yield from view.header(site, "drift")
    yield from text.steps(found.plan)
    yield from text.refusals(found.plan.refusals)
    if found.plan.is_empty:
        yield text.as_wanted(findings, "no drift")
    yield from view.findings(findings)


def _status_lines(site: Site, found: Status) -> Iterator[Line]:
    from narrowgate.cli import view
    from narrowgate.report.text import Line, column

    yield from view.header(site, "status")
    wide = column(item.address for item in found.items)
    for item in found.items:
        mark, tone = MARKS[item.state]
        detail = f"  {item.detail}" if item.detail else ""
        yield Line(f"  {mark} {item.address:{wide}} {item.name}{detail}", tone, wide + 6)  # type: ignore[arg-type]
    for key in found.keys:
        yield Line()
        yield Line(f"  key {key.key}  {key.status}{', current' if key.current else ''}", "title")
        yield Line(f"      made {key.created}, {key.last_used}", "faint")
        yield Line(f"      held by {', '.join(key.sinks) or 'no sink'}", "faint")
    yield from view.findings(found.findings)


def _write(path: Path, plan: dict[str, Any]) -> None:
    from narrowgate.errors import UsageError

    try:
        path.write_text(json.dumps(plan, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write the plan to `{path}`: {error.strerror}") from None
