"""From a vendor's policy, evidence and a place to the narrowed policy, with what is proved and what stays open. Pure.

INVARIANT: what leaves here says of itself whether it is contained in the original and sufficient for the evidence:
by `covers`, and by a decision about every request; nothing is taken for granted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from narrowgate.derive.evidence import Evidence
from narrowgate.derive.statements import document_of
from narrowgate.harden.context import NOTHING_DROPPED, Choice, Context
from narrowgate.harden.grants import Grant, Maker
from narrowgate.harden.known_services import launched_by, linked_by
from narrowgate.harden.narrowing import service_of
from narrowgate.harden.observed import Judge, Needed, Observed, observed
from narrowgate.harden.original import Allowed, allowed, verbatim
from narrowgate.harden.writing import Narrowed, written
from narrowgate.policy.actions import ActionList
from narrowgate.policy.comparison import covers
from narrowgate.policy.document import NEW_VERSION, Document, Statement, size
from narrowgate.policy.minimisation import Minimised, NotMinimised, minimise
from narrowgate.policy.splitting import Holder
from narrowgate.policy.verdict import Verdict

OLD_TEXT: Final = (
    "it is of Version 2008-10-17 and has a `${`, which is text there and a variable in the Version that is written"
)


@dataclass(frozen=True, slots=True)
class Hardened:
    """The narrowed documents and what is known of them.

    `contained`: whether the original allows all that they allow. `missing`: requests of the evidence that the
    original allows and they do not: none, or it is a fault of ours. `grants`: every grant with what it is for.
    """

    original: tuple[Document, ...]
    documents: tuple[Document, ...]
    grants: tuple[Grant, ...]
    allows: tuple[Allowed, ...]
    kept: tuple[Statement, ...]
    """Statements that are kept as they are: Deny, NotAction, NotResource."""
    seen: Observed
    missing: tuple[Needed, ...]
    contained: Verdict
    context: Context

    @property
    def size(self) -> int:
        """The characters of the documents as AWS counts them."""
        return sum(size(document.text()) for document in self.documents)


@dataclass(frozen=True, slots=True)
class NotHardened:
    """Why there is no narrowed policy, one sentence each."""

    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be narrowed, by what evidence, for which place."""

    documents: tuple[Document, ...]
    evidence: Evidence | None
    context: Context
    choice: Choice = NOTHING_DROPPED
    holder: Holder = "user"


def harden(task: Task, actions: ActionList) -> Hardened | NotHardened:
    """The narrowest policy that the original contains, the evidence needs and that keeps what nobody observed."""
    if any(document.version != NEW_VERSION and "${" in document.text() for document in task.documents):
        return NotHardened((OLD_TEXT,))
    allows = tuple(allowed(task.documents, actions))
    names = sorted({name for allow in allows for name in allow.names})
    seen = observed(task.evidence, task.documents)
    context = _with_services(task.context, seen, names)
    maker = Maker(actions, context, task.choice, seen, task.evidence, linked_by(names))
    kept = verbatim(task.documents)
    made = _fitted(maker, allows, kept, task.holder)
    if isinstance(made, NotMinimised):
        return NotHardened(made.why)
    grants, documents = made
    judge = Judge(documents, context.place)
    return Hardened(
        original=task.documents,
        documents=documents,
        grants=grants,
        allows=allows,
        kept=kept,
        seen=seen,
        missing=tuple(judge.refused(seen.needed)),
        contained=covers(task.documents, documents, actions=actions),
        context=context,
    )


def _with_services(context: Context, seen: Observed, names: Sequence[str]) -> Context:
    """Where nobody says to which services roles are passed: those observed and those that the file lets launch."""
    if context.services:
        return context
    launched = {context.place.principal(name) for name in launched_by(names)}
    told = {str(each.asked.context.get("iam:PassedToService", "")) for each in seen.of("iam:PassRole")}
    return replace(context, services=tuple(sorted((launched | told) - {""})))


def _fitted(
    maker: Maker, allows: tuple[Allowed, ...], kept: tuple[Statement, ...], holder: Holder
) -> tuple[tuple[Grant, ...], tuple[Document, ...]] | NotMinimised:
    """The grants and their documents; while they do not fit, the service with the most grants keeps its wildcard."""
    while True:
        grants = tuple(grant for allow in allows for grant in maker.grants(allow))
        made = _documents(grants, kept, maker, holder)
        if isinstance(made, Minimised):
            return grants, made.documents
        largest = _largest(grants, maker.wide)
        if not largest:
            return made
        maker = replace(maker, wide=maker.wide | {largest})


def _documents(
    grants: Sequence[Grant], kept: Sequence[Statement], maker: Maker, holder: Holder
) -> Minimised | NotMinimised:
    narrowed = (Narrowed(grant.scope, grant.pattern, grant.at) for grant in grants)
    made = written(narrowed, maker.actions, maker.context)
    statements = document_of(made).statements if made else ()
    whole = Document("identity", (*statements, *kept), NEW_VERSION)
    return minimise((whole,), principal=holder, keep_denies=True)


def _largest(grants: Sequence[Grant], wide: frozenset[str]) -> str:
    """The service of which a wildcard was written out most; the empty string where none is left."""
    counts: dict[str, int] = {}
    for grant in grants:
        service = service_of(grant.pattern)
        if "*" in grant.pattern and service not in wide:
            counts[service] = counts.get(service, 0) + 1
    return max(sorted(counts), key=counts.__getitem__, default="")
