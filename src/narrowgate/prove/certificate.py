"""The certificate: whose calls, what was proved about which documents, over which data, and what was not. Pure.

INVARIANT: the whole is proved only if everything that was asked is. No clock is read, and nothing is left out: every
unscoped grant, every Unknown and every serious gap of the source stands in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from narrowgate.catalogue.authorization import tables
from narrowgate.derive.derivation import Grant
from narrowgate.derive.evidence import Evidence, LeftOut
from narrowgate.policy.document import Document, size
from narrowgate.policy.verdict import Proved, Refuted, Verdict
from narrowgate.prove.minimality import Minimal, Minimality
from narrowgate.prove.spelling import spelled
from narrowgate.prove.sufficiency import Insufficient, Miss, Sufficiency, Sufficient

Outcome: TypeAlias = Literal["proved", "refuted", "unknown", "not asked"]
ClaimName: TypeAlias = Literal["sufficient", "enforced", "minimal", "contained", "live"]
CLAIMS: Final[tuple[ClaimName, ...]] = ("sufficient", "enforced", "minimal", "contained", "live")
"""What can be asked, in the order in which it is told."""


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing that a claim rests on or fails by. `fix`: statements that would help, as JSON, by layer."""

    text: str
    phase: str = ""
    source: str = ""
    layer: str = ""
    fix: tuple[tuple[str, Mapping[str, object]], ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """What was asked and what came of it. `summary`: a sentence; `details`: what it fails by, or is open."""

    name: ClaimName
    outcome: Outcome
    summary: str = ""
    details: tuple[Detail, ...] = ()


@dataclass(frozen=True, slots=True)
class Versions:
    """The data and code that the proofs rest on; the empty string for what was not told."""

    narrowgate: str
    botocore: str
    action_data: str


@dataclass(frozen=True, slots=True)
class Unscoped:
    """A grant that reaches beyond the program's own things, and why; the calls that need it."""

    action: str
    resource: str
    why: str
    calls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hashed:
    """A document by the SHA-256 of its text, and its length as AWS counts it."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was proved about some documents. `phases`: the calls of each; `blind`: what its source cannot tell.

    `operations`: how many the catalogue knows. `made`: when, if somebody told.
    """

    whose: str
    principals: tuple[str, ...]
    account: str
    region: str
    phases: tuple[tuple[str, int], ...]
    claims: tuple[Claim, ...]
    documents: tuple[Hashed, ...]
    versions: Versions
    operations: int
    unscoped: tuple[Unscoped, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    blind: tuple[str, ...] = ()
    mechanical: tuple[str, ...] = ()
    made: str = ""
    outcome: Outcome = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "outcome", whole(claim.outcome for claim in self.claims))

    @property
    def standing(self) -> Literal["in the model", "confirmed live"]:
        """Whether AWS itself was asked, and agreed."""
        is_live = any(claim.name == "live" and claim.outcome == "proved" for claim in self.claims)
        return "confirmed live" if is_live else "in the model"


def whole(outcomes: Iterable[Outcome]) -> Outcome:
    """What several claims come to: proved only if everything asked is, refuted if anything is."""
    asked = {outcome for outcome in outcomes if outcome != "not asked"}
    if not asked:
        return "not asked"
    return "refuted" if "refuted" in asked else "unknown" if "unknown" in asked else "proved"


def certificate(
    evidence: Evidence,
    documents: Sequence[Document],
    claims: Iterable[Claim],
    versions: Versions,
    *,
    unscoped: Iterable[Unscoped] = (),
    made: str = "",
) -> Certificate:
    """The certificate of some documents; what was not claimed was not asked. Raises ValueError for a claim twice."""
    given = tuple(claims)
    by_name = {claim.name: claim for claim in given}
    if len(by_name) != len(given):
        raise ValueError("a certificate has each claim once")
    return Certificate(
        evidence.whose,
        tuple(sorted({use.happening.principal for use in evidence.uses})),
        evidence.place.account,
        evidence.place.region,
        tuple((p, sum(use.happening.phase == p for use in evidence.uses)) for p in evidence.phases),
        tuple(by_name.get(name, Claim(name, "not asked")) for name in CLAIMS),
        tuple(Hashed(hashlib.sha256(each.text().encode()).hexdigest(), size(each.text())) for each in documents),
        versions,
        sum(len(table.rules) for table in tables().values()),
        tuple(unscoped),
        tuple(left for left in evidence.left_out if left.serious),
        evidence.blind,
        tuple(sorted({use.name for use in evidence.uses if use.mechanical})),
        made,
    )


def unscoped_of(grants: Iterable[Grant]) -> tuple[Unscoped, ...]:
    """The grants that stay wide, each with the calls that need it, in order."""
    found: dict[tuple[str, str, str], dict[str, None]] = {}
    for grant in grants:
        if grant.scope.wide:
            key = (grant.scope.action, grant.scope.resource, grant.scope.wide)
            found.setdefault(key, {}).update((use.name, None) for use in grant.uses)
    return tuple(Unscoped(*key, tuple(calls)) for key, calls in sorted(found.items()))


def sufficiency_claim(found: Sufficiency) -> Claim:
    """What the proof of sufficiency came to."""
    counted = f"{_count(found.counted.calls, 'call')}, {_count(found.counted.requests, 'different request')}"
    if isinstance(found, Sufficient):
        return Claim("sufficient", "proved", f"{counted}: all allowed")
    if isinstance(found, Insufficient):
        told = (*map(_missed, found.misses), *(Detail(str(each)) for each in found.unproven))
        return Claim("sufficient", "refuted", f"{counted}: {len(found.misses)} refused", told)
    return Claim(
        "sufficient",
        "unknown",
        f"{counted}: none refused for certain, {len(found.why)} open",
        tuple(Detail(str(each)) for each in found.why),
    )


def _missed(miss: Miss) -> Detail:
    first = miss.uses[0].happening
    fixes = tuple((fix.layer, fix.statement) for fix in miss.fixes)
    return Detail(str(miss), first.phase, first.source, miss.layer or "", fixes)


def minimality_claim(found: Minimality) -> Claim:
    """What the trial of the mutants came to."""
    if isinstance(found, Minimal):
        summary = (
            f"{len(found.kills)} changes, each noticed by a call or by one of {found.forbidden} forbidden requests"
        )
        return Claim("minimal", "proved", summary)
    tried = len(found.kills) + len(found.redundant) + len(found.widenings)
    details = (
        *(Detail(f"no call misses it: {each}") for each in found.redundant),
        *(Detail(f"no forbidden request tells it: {each}") for each in found.widenings),
        *(Detail(f"allowed, and should not be: {each.name}") for each in found.allowed),
    )
    summary = (
        f"of {tried} changes {len(found.redundant) + len(found.widenings)} are not noticed; "
        f"{len(found.allowed)} forbidden requests are allowed"
    )
    return Claim("minimal", "refuted", summary, details)


def containment_claim(verdict: Verdict, ceiling: str) -> Claim:
    """What the comparison with a ceiling, named for a person, came to."""
    if isinstance(verdict, Proved):
        every = "every request" if verdict.universe == "open" else "every request that AWS can ask about"
        return Claim("contained", "proved", f"allows nothing beyond {ceiling}, for {every}")
    if isinstance(verdict, Refuted):
        asked = verdict.counterexample.request
        context = "".join(f", {key} {value}" for key, value in sorted(asked.context.items()))
        told = f"`{asked.action}` on `{spelled(asked.resource)}`{context}"
        return Claim("contained", "refuted", f"allows what {ceiling} does not", (Detail(told),))
    return Claim("contained", "unknown", f"compared with {ceiling}", tuple(map(Detail, verdict.why)))


def as_data(made: Certificate) -> dict[str, object]:
    """The certificate as JSON-ready data, the same for the same certificate."""
    data: dict[str, object] = {
        "outcome": made.outcome,
        "standing": made.standing,
        "whose": made.whose,
        "account": made.account,
        "region": made.region,
        "principals": list(made.principals),
        "phases": [{"phase": phase, "calls": calls} for phase, calls in made.phases],
        "claims": [_claim_data(claim) for claim in made.claims],
        "documents": [{"sha256": each.sha256, "size": each.size} for each in made.documents],
        "unscoped": [
            {"action": each.action, "resource": each.resource, "why": each.why, "calls": list(each.calls)}
            for each in made.unscoped
        ],
        "left_out": [{"what": each.what, "why": each.why, "source": each.source} for each in made.left_out],
        "blind": list(made.blind),
        "mechanical": list(made.mechanical),
        "versions": {
            "narrowgate": made.versions.narrowgate,
            "botocore": made.versions.botocore,
            "action_data": made.versions.action_data,
            "catalogue_operations": made.operations,
        },
    }
    return {**data, "made": made.made} if made.made else data


def _claim_data(claim: Claim) -> dict[str, object]:
    details = [dict(_detail_data(each)) for each in claim.details]
    return {"name": claim.name, "outcome": claim.outcome, "summary": claim.summary, "details": details}


def _detail_data(detail: Detail) -> Iterator[tuple[str, object]]:
    yield "text", detail.text
    for name, text in (("phase", detail.phase), ("source", detail.source), ("layer", detail.layer)):
        if text:
            yield name, text
    if detail.fix:
        yield "fix", [{"layer": layer, "statement": dict(statement)} for layer, statement in detail.fix]


def _count(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
