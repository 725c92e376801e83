"""From evidence to the least policy: every grant with the calls that need it. Pure.

INVARIANT: what leaves here allows every request of the evidence that was asked for; `derive` looks itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from narrowgate.catalogue.authorization import Authorization
from narrowgate.derive.evidence import Evidence, Use
from narrowgate.derive.ownership import own_of
from narrowgate.derive.scope import Own, Scope, scope_of
from narrowgate.derive.statements import document_of, statements_of
from narrowgate.policy.actions import ActionList
from narrowgate.policy.decision import ALWAYS_ALLOWED
from narrowgate.policy.document import Document
from narrowgate.policy.minimisation import NotMinimised, minimise
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
    grants = grants_of(evidence, marked)
    written = document_of(statements_of([grant.scope for grant in grants], actions))
    made = minimise((written,), principal=holder)
    if isinstance(made, NotMinimised):
        return NotDerived(made.why)
    return Derived(made.documents, grants, marked, evidence)


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
