"""Sufficient: every request of every call of some evidence is allowed, through all the layers that are given. Pure.

INVARIANT: what is not known is not proved. A principal without documents, a call that was left out, a decision that
depends on a value nobody told: each makes the answer Unproven, with its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

from narrowgate.catalogue.authorization import Authorization
from narrowgate.derive.derivation import decided
from narrowgate.derive.evidence import Evidence, Use
from narrowgate.derive.ownership import own_of
from narrowgate.derive.scope import Own
from narrowgate.policy.actions import ActionList
from narrowgate.policy.decision import Deciding, Layer, Layers, Outcome
from narrowgate.policy.request_context import Requester, Value
from narrowgate.prove.consent import consenting
from narrowgate.prove.doubt import Allowed, Denied, Doubtful, Judge
from narrowgate.prove.repair import Fix, Repair
from narrowgate.prove.spelling import spelled
from narrowgate.prove.standing import Standing


@dataclass(frozen=True, slots=True)
class Counted:
    """How much was looked at: calls, and different requests of them."""

    calls: int
    requests: int


@dataclass(frozen=True, slots=True)
class Miss:
    """A request that calls need and that is refused.

    `layer` and `statements`: what refuses it. `fixes`: what allows it, put in together; none where no grant does.
    """

    principal: str
    asked: Authorization
    uses: tuple[Use, ...]
    outcome: Outcome
    layer: Layer | None
    statements: tuple[Deciding, ...]
    fixes: tuple[Fix, ...] = ()

    def __str__(self) -> str:
        return f"{called(self.uses[0])}: {named(self.asked)}: {self.outcome} by {self.layer}"


@dataclass(frozen=True, slots=True)
class Open:
    """A request that is neither allowed nor refused for certain, or a call that could not be looked at; and why."""

    what: str
    why: str
    uses: tuple[Use, ...] = ()
    statements: tuple[Deciding, ...] = ()

    def __str__(self) -> str:
        by = f"{called(self.uses[0])}: " if self.uses else ""
        return f"{by}{self.what}: {self.why}"


@dataclass(frozen=True, slots=True)
class Sufficient:
    """Every request is allowed, in the model."""

    counted: Counted


@dataclass(frozen=True, slots=True)
class Insufficient:
    """Some requests are refused. `unproven`: what could not be told besides."""

    misses: tuple[Miss, ...]
    counted: Counted
    unproven: tuple[Open, ...] = ()


@dataclass(frozen=True, slots=True)
class Unproven:
    """No request is refused for certain, but not everything could be told. Counts as failure."""

    why: tuple[Open, ...]
    counted: Counted


Sufficiency: TypeAlias = "Sufficient | Insufficient | Unproven"

NOTHING: Mapping[str, Value] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Need:
    """One request of one principal, with the calls that need it, in their order."""

    principal: str
    asked: Authorization
    uses: tuple[Use, ...]


def sufficient(
    evidence: Evidence,
    who: Requester | Mapping[str, Requester],
    layers: Layers | Mapping[str, Layers],
    actions: ActionList,
    *,
    own: Own | None = None,
    context: Mapping[str, Value] = NOTHING,
) -> Sufficiency:
    """Whether every call of the evidence is allowed.

    `who` and `layers`: everybody's, or by the principal that the calls name (`installer`, `node`). `own`: as for
    `derive`, for the grants that would help. `context`: what is known of the principals beside their ARNs.
    """
    names = {use.happening.principal for use in evidence.uses}
    judges = {name: Judge(each) for name in names if (each := _standing(name, who, layers, context)) is not None}
    repair = Repair(evidence, own if own is not None else own_of(evidence), actions)
    needs = needs_of(evidence)
    told = [found for need in needs if need.principal in judges and (found := _asked(need, judges, repair)) is not None]
    misses = tuple(each for each in told if isinstance(each, Miss))
    unproven = (*_unseen(evidence, frozenset(judges)), *(each for each in told if isinstance(each, Open)))
    counted = Counted(len(evidence.uses), len(needs))
    if misses:
        return Insufficient(misses, counted, unproven)
    return Unproven(unproven, counted) if unproven else Sufficient(counted)


def needs_of(evidence: Evidence) -> tuple[Need, ...]:
    """Every different request of the evidence that policies decide, in the order in which they are first needed."""
    found: dict[tuple[object, ...], tuple[Authorization, list[Use]]] = {}
    for use in evidence.uses:
        for asked in decided(use):
            _, users = found.setdefault((use.happening.principal, *identity(asked)), (asked, []))
            if not users or users[-1] is not use:
                users.append(use)
    return tuple(Need(str(key[0]), asked, tuple(uses)) for key, (asked, uses) in found.items())


def identity(asked: Authorization) -> tuple[object, ...]:
    """What makes two requests the same one."""
    context = tuple(sorted((key.lower(), value) for key, value in asked.context.items()))
    return asked.action.lower(), asked.resource, context, asked.unknown, asked.resource_account


def called(use: Use) -> str:
    """A call for a person: its name, phase and source."""
    happening = use.happening
    phase = f" in {happening.phase}" if happening.phase else ""
    return use.name + phase + (f" ({happening.source})" if happening.source else "")


def named(asked: Authorization) -> str:
    """A request for a person: action and resource; ids that are not drawn yet as `<vpc.main.VpcId>`."""
    return f"`{asked.action}` on `{spelled(asked.resource)}`"


def _standing(
    name: str,
    who: Requester | Mapping[str, Requester],
    layers: Layers | Mapping[str, Layers],
    context: Mapping[str, Value],
) -> Standing | None:
    requester = who if isinstance(who, Requester) else who.get(name)
    meets = layers if isinstance(layers, Layers) else layers.get(name)
    return None if requester is None or meets is None else Standing(requester, meets, context)


def _unseen(evidence: Evidence, judged: frozenset[str]) -> Iterator[Open]:
    """What the answer cannot speak of."""
    for left in evidence.left_out:
        if left.serious:
            yield Open(left.what + (f" ({left.source})" if left.source else ""), left.why)
    for name in sorted({use.happening.principal for use in evidence.uses} - judged):
        yield Open(f"the calls of `{name}`", "whose policies they meet is not given")
    if not evidence.uses:
        yield Open(evidence.whose, "there is no call to look at")


def _asked(need: Need, judges: Mapping[str, Judge], repair: Repair) -> Miss | Open | None:
    judge = judges[need.principal]
    match judge.answer(need.asked):
        case Allowed():
            return None
        case Doubtful(why, statements):
            return Open(named(need.asked), why, need.uses, statements)
        case Denied(decision):
            if _waits_for_owner(need.asked, decision.layer, judge.standing):
                if need.asked.new:
                    # What the call makes has no policy yet: the identity policies alone decide.
                    return None
                why = "the policy of the resource, which must allow it too, is not given"
                return Open(named(need.asked), why, need.uses)
            return _miss(need, judge.standing, Denied(decision), repair)


def _waits_for_owner(asked: Authorization, layer: Layer | None, standing: Standing) -> bool:
    """Whether only the resource's own policy is wanting, and nobody gave it."""
    if layer != "resource" or standing.layers.resource is not None:
        return False
    consent = replace(standing.layers, resource=consenting(standing.requester.account))
    return isinstance(Judge(replace(standing, layers=consent)).answer(asked), Allowed)


def _miss(need: Need, standing: Standing, answer: Denied, repair: Repair) -> Miss:
    decision, layers = answer.decision, standing.layers
    if decision.layer == "resource" and layers.resource is None:
        # Beyond what the owner must say, the principal's own policies lack it: that is what is told.
        layers = replace(layers, resource=consenting(standing.requester.account))
        inner = Judge(replace(standing, layers=layers)).answer(need.asked)
        decision = inner.decision if isinstance(inner, Denied) else decision
    wanted = need.asked.asked_by(standing.requester, standing.carried)
    fixes = repair.fixes(need.asked, wanted, layers)
    return Miss(need.principal, need.asked, need.uses, decision.outcome, decision.layer, decision.statements, fixes)
