"""A site's results as lines and as data: one description for the terminal, one for `--json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from narrowgate.finding import Finding
from narrowgate.fit import MANAGED_POLICY_QUOTA
from narrowgate.plan import Plan, as_data
from narrowgate.report import text
from narrowgate.report.text import Line, Size
from narrowgate.verbs.planning import Planned
from narrowgate.verbs.site import Site


def header(site: Site, verb: str) -> Line:
    """Where we are and as whom."""
    at = site.installation
    where = f"account {at.account}, {at.partition}, {at.region}"
    return Line(f"narrowgate {verb}: system {at.system}, {where}, as {site.caller}", "title")


def names(site: Site) -> Mapping[str, str]:
    """AWS's name of each address."""
    return {r.address: r.name for r in site.resources}


def planned(site: Site, found: Planned, *, policies: bool = False) -> Iterator[Line]:
    """A whole plan."""
    yield header(site, "plan")
    yield from text.steps(found.plan, names(site))
    yield from text.refusals(found.plan.refusals)
    yield text.summary(found.plan) if not found.plan.refusals else Line("refused: nothing will be done", "bad")
    yield from _part("policies", text.sizes(_sizes(found)))
    yield from _part("findings", text.findings(found.findings))
    yield from _part("where AWS has no place for an option", text.unsupported(found.unsupported))
    if policies:
        for policy in found.policies:
            yield from _part(policy.name, (Line(line) for line in policy.text.splitlines()))


def planned_data(site: Site, found: Planned) -> dict[str, Any]:
    """A whole plan as data."""
    return {
        **identity(site),
        "steps": as_data(found.plan.steps),
        "refusals": [asdict(r) for r in found.plan.refusals],
        "policies": [
            {"address": p.address, "name": p.name, "source": p.source, "size": p.size, "quota": MANAGED_POLICY_QUOTA}
            for p in found.policies
        ],
        "findings": found_data(found.findings),
        "unsupported": [{"option": o, "address": a, "why": w} for o, a, w in found.unsupported],
    }


def identity(site: Site) -> dict[str, Any]:
    """Account, partition, region, system and caller, as data."""
    at = site.installation
    return {
        "account": at.account,
        "partition": at.partition,
        "region": at.region,
        "system": at.system,
        "caller": site.caller,
    }


def found_data(items: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings as data."""
    return [asdict(item) for item in items]


def findings(items: Sequence[Finding]) -> Iterator[Line]:
    """Findings with their title."""
    yield from _part("findings", text.findings(items))


def removal(site: Site, plan: Plan) -> Iterator[Line]:
    """A teardown's steps."""
    yield header(site, "teardown")
    yield from text.steps(plan, names(site))
    if plan.steps:
        yield text.summary(plan)


def _sizes(found: Planned) -> Iterator[Size]:
    for p in found.policies:
        yield Size(p.name, p.source, p.statements, p.size, MANAGED_POLICY_QUOTA)


def _part(title: str, lines: Iterable[Line]) -> Iterator[Line]:
    inside = list(lines)
    if inside:
        yield Line()
        yield Line(title, "title")
        yield from inside
