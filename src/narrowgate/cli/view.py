"""A site's results as lines and as data: one description for the terminal, one for `--json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from narrowgate.finding import Finding
from narrowgate.fit import MANAGED_POLICY_QUOTA
from narrowgate.plan import Plan, as_data
from narrowgate.report import text
from narrowgate.report.certificate import TONES
from narrowgate.report.text import Line, Size
from narrowgate.verbs.planning import Planned
from narrowgate.verbs.site import Site

MOST_DETAILS = 5


def header(site: Site, verb: str) -> Iterator[Line]:
    """As whom and where we are."""
    at = site.installation
    who = site.caller.split(":", 5)[-1]
    yield Line(f"narrowgate {verb}: system {at.system}, as {who}", "title", 2)
    yield Line(f"account {at.account}, {at.partition}, {at.region}", "title", 2)


def planned(site: Site, found: Planned, *, policies: bool = False) -> Iterator[Line]:
    """A whole plan."""
    yield from header(site, "plan")
    yield from text.steps(found.plan)
    yield from text.refusals(found.plan.refusals)
    if found.plan.refusals:
        yield Line("refused: nothing will be done", "bad")
    elif found.plan.is_empty:
        yield text.as_wanted(found.findings, "nothing to do")
    else:
        yield text.summary(found.plan)
    yield from _part("policies", text.sizes(_sizes(found)))
    yield from _part("do they suffice", _proofs(found))
    yield from _part("findings", text.findings(found.findings))
    yield from _part("where AWS has no place for an option", text.unsupported(found.unsupported))
    if policies:
        for policy in found.policies:
            yield from _part(policy.name, (Line(line) for line in policy.text.splitlines()))


def _proofs(found: Planned) -> Iterator[Line]:
    for proof in found.proofs:
        in_model = "proved in the model" if proof.outcome == "proved" else proof.outcome
        yield Line(f"  {proof.name}: {in_model}, for {proof.whose}: {proof.summary}", TONES[proof.outcome], 4)
        for detail in proof.details[:MOST_DETAILS]:
            yield Line(f"    {detail}", TONES[proof.outcome], 6)


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
        "proofs": [asdict(proof) for proof in found.proofs],
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
    yield from header(site, "teardown")
    yield from text.steps(plan)
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
