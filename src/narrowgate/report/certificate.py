"""A certificate as lines for a person: what is proved, what is not, and what stays wide and why. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

from narrowgate.prove.certificate import Certificate, Claim, Outcome
from narrowgate.report.text import Line, Tone, count_of

TONES: Final[Mapping[Outcome, Tone]] = {"proved": "good", "refuted": "bad", "unknown": "change", "not asked": "faint"}
"""How each outcome is shown."""
_WIDE: Final = len("not asked")


def lines(certificate: Certificate) -> Iterator[Line]:
    """The certificate, the outcome first."""
    told = certificate
    yield Line(f"{told.outcome}, {told.standing}: {told.whose}", TONES[told.outcome], 2)
    yield from _whose(told)
    yield Line("claims", "title")
    for claim in told.claims:
        yield from _claim(claim)
    yield from _unscoped(told)
    yield from _gaps(told)
    yield Line("rests on", "title")
    versions = told.versions
    yield Line(
        f"  narrowgate {versions.narrowgate or 'untold'}, its catalogue of {told.operations:,} operations", hang=4
    )
    data = f"  action data {versions.action_data or 'untold'}, botocore {versions.botocore or 'untold'}"
    yield Line(data, hang=4)
    for number, document in enumerate(told.documents):
        yield Line(f"  policy {number + 1}: {document.size:,} characters, sha256 {document.sha256}", hang=4)
    if told.made:
        yield Line(f"  made {told.made}")


def _whose(told: Certificate) -> Iterator[Line]:
    who = ", ".join(name or "somebody" for name in told.principals) or "nobody"
    yield Line(f"  calls of {who} in account {told.account}, {told.region}", hang=4)
    phases = ", ".join(f"{phase or 'no phase'} {count_of(calls, 'call')}" for phase, calls in told.phases)
    yield Line(f"  {phases or 'no call'}", hang=4)


def _claim(claim: Claim) -> Iterator[Line]:
    summary = f": {claim.summary}" if claim.summary else ""
    yield Line(f"  {claim.outcome:{_WIDE}} {claim.name}{summary}", TONES[claim.outcome], _WIDE + 3)
    for detail in claim.details:
        yield Line(f"    {detail.text}", TONES[claim.outcome], 6)
        for layer, statement in detail.fix:
            yield Line(f"      in {layer}: {json.dumps(statement)}", "faint", 8)


def _unscoped(told: Certificate) -> Iterator[Line]:
    if not told.unscoped:
        return
    yield Line("not limited to its own", "title")
    alike: dict[tuple[str, str], list[str]] = {}
    for each in told.unscoped:
        # A call that is named as its action says nothing more.
        calls = [name for name in each.calls if name != each.action]
        shown = f"{each.action} ({', '.join(calls)})" if calls else each.action
        alike.setdefault((each.resource, each.why), []).append(shown)
    for (resource, why), actions in alike.items():
        yield Line(f"  on {resource}: {why}", hang=4)
        yield Line(f"    {', '.join(actions)}", "faint", 4)


def _gaps(told: Certificate) -> Iterator[Line]:
    if told.left_out:
        yield Line("left out", "title")
    for left in told.left_out:
        where = f" ({left.source})" if left.source else ""
        yield Line(f"  {left.what}{where}: {left.why}", "change", 4)
    if told.blind:
        yield Line("what the source cannot tell", "title")
    for text in told.blind:
        yield Line(f"  {text}", "change", 4)
    if told.mechanical:
        yield Line("known by general rules only, not read operation by operation", "title")
        yield Line(f"  {', '.join(told.mechanical)}", "faint", 2)
