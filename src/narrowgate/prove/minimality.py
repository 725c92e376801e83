"""Minimal: nothing can go that no call misses, and no limit that no wrong request passes. Pure.

Every mutant is decided by the engine on a statement that was written and read again. Which calls there are and which
requests are wrong comes from the same catalogue as the policy: a mutant that is killed shows that the policy says no
more and no less than the catalogue asks, not that the catalogue is right about AWS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from narrowgate.derive.evidence import Evidence
from narrowgate.derive.ownership import own_of
from narrowgate.derive.scope import Own, Scope
from narrowgate.derive.statements import document_of, statements_of
from narrowgate.policy.actions import ActionList
from narrowgate.policy.arn import matches
from narrowgate.policy.clause import Clause, policy_of
from narrowgate.policy.decision import Layers
from narrowgate.policy.document import Document
from narrowgate.policy.request_context import Requester
from narrowgate.policy.statement import selects
from narrowgate.prove.alternatives import others_of
from narrowgate.prove.doubt import mentions
from narrowgate.prove.forbidden import Conditioned, ForbiddenRequest, generated
from narrowgate.prove.mutants import Mutant, mutants_of
from narrowgate.prove.standing import Standing
from narrowgate.prove.sufficiency import called, named, needs_of
from narrowgate.prove.trial import Trial


@dataclass(frozen=True, slots=True)
class Kill:
    """A mutant, and the call that it would miss or the wrong request that it would let through."""

    mutant: Mutant
    by: str


@dataclass(frozen=True, slots=True)
class Minimal:
    """Every mutant is killed. `forbidden`: how many requests were to be refused, and are.

    `told`: those that are allowed by a declared grant.
    """

    kills: tuple[Kill, ...]
    forbidden: int
    told: tuple[ForbiddenRequest, ...] = ()


@dataclass(frozen=True, slots=True)
class NotMinimal:
    """Something is spare.

    `redundant`: what can go and no call misses it. `widenings`: limits that can go and no wrong request passes.
    `allowed`: requests that must be refused, and that the documents allow as they are.
    """

    redundant: tuple[Mutant, ...]
    widenings: tuple[Mutant, ...]
    allowed: tuple[ForbiddenRequest, ...]
    kills: tuple[Kill, ...]
    forbidden: int
    told: tuple[ForbiddenRequest, ...] = ()


Minimality: TypeAlias = "Minimal | NotMinimal"


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known beside the calls. `forbidden`: what must be refused, besides what is generated from the evidence.

    `declared`: grants that reach further than they should, and are told with their reasons: what they allow is told,
    and refutes nothing.
    """

    forbidden: tuple[ForbiddenRequest, ...] = ()
    declared: tuple[Scope, ...] = ()


def minimal(
    evidence: Evidence,
    documents: Sequence[Document],
    who: Requester | Standing,
    actions: ActionList,
    *,
    own: Own | None = None,
    beside: Beside = Beside(),  # it cannot change
) -> Minimality:
    """Whether the identity policies of one principal say nothing that the evidence does not need.

    All calls of the evidence are taken to be the principal's; other layers of a Standing do not matter. Raises
    ValueError for a document that is no identity policy.
    """
    if any(document.kind not in ("identity", "boundary") for document in documents):
        raise ValueError("minimal is asked about identity policies")
    marked = own if own is not None else own_of(evidence)
    wrong = (*beside.forbidden, *generated(evidence, marked, actions, _conditioned(documents)))
    standing = who if isinstance(who, Standing) else Standing(who, Layers())
    trial, passed = _opened(standing, documents, evidence, wrong)
    told = _allowed_by(standing, beside.declared, passed, actions)
    allowed = tuple(each for each in passed if each not in told)
    others = others_of(evidence, actions)
    kills: list[Kill] = []
    left: list[Mutant] = []
    for number, document in enumerate(documents):
        for mutant in mutants_of(number, document, others):
            by = trial.killer(mutant)
            kills.append(Kill(mutant, by)) if by else left.append(mutant)
    if not left and not allowed:
        return Minimal(tuple(kills), len(trial.refused), told)
    redundant = tuple(each for each in left if each.sense == "narrower")
    widenings = tuple(each for each in left if each.sense == "wider")
    return NotMinimal(redundant, widenings, allowed, tuple(kills), len(trial.refused), told)


def _conditioned(documents: Sequence[Document]) -> Conditioned:
    """The keys on which the statements depend that are about an action and a resource."""
    clauses = [(selects(c), _about(c), mentions(c)) for document in documents for c in policy_of(document).clauses]

    def keys(action: str, resource: str) -> frozenset[str]:
        return frozenset(key for test, about, all_ in clauses if test(action) and about(resource) for key in all_)

    return keys


def _about(clause: Clause) -> Callable[[str], bool]:
    """Whether a statement may be about a resource; where that is hard to tell, it may."""
    patterns = clause.resources or ()
    if clause.not_resources or any("$" in pattern for pattern in patterns):
        return lambda _: True
    return lambda resource: any(matches(pattern, resource) for pattern in patterns)


def _allowed_by(
    standing: Standing, declared: tuple[Scope, ...], wrong: Sequence[ForbiddenRequest], actions: ActionList
) -> tuple[ForbiddenRequest, ...]:
    """Those of the requests that the declared grants allow by themselves."""
    if not declared or not wrong:
        return ()
    trial = Trial(standing, [document_of(statements_of([scope], actions)) for scope in declared])
    passed = trial.allowed([trial.asked(each.name, each.asked) for each in wrong])
    return tuple(each for each, is_allowed in zip(wrong, passed, strict=True) if is_allowed)


def _opened(
    standing: Standing, documents: Sequence[Document], evidence: Evidence, wrong: Sequence[ForbiddenRequest]
) -> tuple[Trial, tuple[ForbiddenRequest, ...]]:
    """The trial of the documents, and the wrong requests that they allow, which then can tell nothing."""
    first = Trial(standing, documents)
    needed = [first.asked(f"{called(n.uses[0])}: {named(n.asked)}", n.asked) for n in needs_of(evidence)]
    barred = [first.asked(each.name, each.asked) for each in wrong]
    met, passed = first.allowed(needed), first.allowed(barred)
    trial = Trial(
        standing,
        documents,
        tuple(each for each, is_allowed in zip(needed, met, strict=True) if is_allowed),
        tuple(each for each, is_allowed in zip(barred, passed, strict=True) if not is_allowed),
    )
    return trial, tuple(each for each, is_allowed in zip(wrong, passed, strict=True) if is_allowed)
