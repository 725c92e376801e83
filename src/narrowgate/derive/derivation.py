"""From evidence to the least policy: every grant with the calls that need it. Pure.

INVARIANT: what leaves here allows every request of the evidence that was asked for; `derive` looks itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from narrowgate.catalogue.authorization import Authorization
from narrowgate.derive.evidence import Evidence, Use
from narrowgate.derive.folding import folded
from narrowgate.derive.ownership import own_of
from narrowgate.derive.scope import Own, Scope, scope_of
from narrowgate.derive.statements import document_of, statements_of
from narrowgate.policy.actions import ActionList
from narrowgate.policy.arn import matches
from narrowgate.policy.decision import ALWAYS_ALLOWED, Layers
from narrowgate.policy.document import Document
from narrowgate.policy.evaluation import Evaluator
from narrowgate.policy.minimisation import Minimised, NotMinimised, minimise
from narrowgate.policy.request_context import Requester
from narrowgate.policy.splitting import Holder


@dataclass(frozen=True, slots=True)
class Grant:
    """A scope with the uses that need it, in their order."""

    scope: Scope
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Derived:
    """The documents, each within AWS's quota for a managed policy, and what they were derived from."""

    documents: tuple[Document, ...]
    grants: tuple[Grant, ...]
    own: Own
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class NotDerived:
    """Why there is no policy, one sentence each."""

    why: tuple[str, ...]


def derive(
    evidence: Evidence, actions: ActionList, *, own: Own | None = None, holder: Holder = "user"
) -> Derived | NotDerived:
    """The least policy for the calls of some evidence.

    `own`: the tags by which the program's own things are told; what the calls themselves show, if not given.
    """
    if not evidence.uses:
        return NotDerived((f"{evidence.whose}: no call is left to derive from",))
    marked = own if own is not None else own_of(evidence)
    return written(evidence, grants_of(evidence, marked), marked, actions, holder=holder)


def written(
    evidence: Evidence, grants: tuple[Grant, ...], own: Own, actions: ActionList, *, holder: Holder
) -> Derived | NotDerived:
    """The documents of some grants: as exact as one document has room for, else exact and several."""
    scopes = without_included(grant.scope for grant in grants)
    try:
        made = minimise((document_of(statements_of(scopes, actions)),), principal=holder)
    except ValueError as error:
        return NotDerived((f"{evidence.whose}: {error}",))
    for exactly, names in ((True, False), (False, False), (False, True)):
        if not isinstance(made, Minimised) or len(made.documents) == 1:
            break
        short = document_of(statements_of(folded(scopes, actions, exactly=exactly, names=names), actions))
        shorter = minimise((short,), principal=holder)
        if isinstance(shorter, Minimised) and len(shorter.documents) == 1:
            made = shorter
    if isinstance(made, NotMinimised):
        return NotDerived(made.why)
    if why := tuple(_denied(evidence, made.documents)):
        return NotDerived(why)
    return Derived(made.documents, grants, own, evidence)


def _denied(evidence: Evidence, documents: Sequence[Document]) -> Iterable[str]:
    """What of the evidence the documents do not allow, as a sentence: a fault of ours, or calls that make no sense.

    What other policies than the principal's own refuse (a trust, a key's) is not theirs to allow.
    """
    judge = Evaluator(Layers(identity=tuple(documents)))
    who = Requester("AWS", evidence.place.arn("iam", "user/program", region=""))
    for use in evidence.uses:
        for asked in decided(use):
            try:
                decision = judge.evaluate(asked.asked_by(who, {}))
            except ValueError as error:
                yield f"{use.name}: {error}"
                continue
            if decision.outcome != "allowed" and decision.layer == "identity":
                yield f"{use.name}: what was derived does not allow `{asked.action}` on `{asked.resource}`"


def without_included(scopes: Iterable[Scope]) -> tuple[Scope, ...]:
    """The scopes without those that another one includes: the same action, no less of the resource, no more asked."""
    each = tuple(dict.fromkeys(scopes))
    by_action: dict[str, list[Scope]] = {}
    for scope in each:
        by_action.setdefault(scope.action, []).append(scope)
    return tuple(scope for scope in each if not any(_includes(other, scope) for other in by_action[scope.action]))


def _includes(other: Scope, scope: Scope) -> bool:
    is_another = (other.resource, other.conditions) != (scope.resource, scope.conditions)
    return is_another and set(other.conditions) <= set(scope.conditions) and matches(other.resource, scope.resource)


def grants_of(evidence: Evidence, own: Own) -> tuple[Grant, ...]:
    """The grants that the evidence needs, each once, in the order in which they are first needed."""
    found: dict[Scope, list[Use]] = {}
    for use in evidence.uses:
        for asked in decided(use):
            scope = scope_of(asked, own, evidence.drawn, evidence.place)
            users = found.setdefault(scope, [])
            if not users or users[-1] is not use:
                users.append(use)
    return tuple(Grant(scope, tuple(uses)) for scope, uses in found.items())


def decided(use: Use) -> Iterable[Authorization]:
    """The requests of a use that policies decide."""
    return (asked for asked in use.authorizations if asked.action.lower() not in ALWAYS_ALLOWED)


def by_phase(uses: Sequence[Use]) -> Mapping[str, tuple[str, ...]]:
    """The names of the calls, each once, by phase."""
    found: dict[str, dict[str, None]] = {}
    for use in uses:
        found.setdefault(use.happening.phase, {})[use.name] = None
    return MappingProxyType({phase: tuple(names) for phase, names in found.items()})
