"""The smallest statements that would allow a request which is refused, layer by layer. Pure.

INVARIANT: the fixes of a miss, put in together, allow its request: they are tried, not supposed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from narrowgate.catalogue.authorization import Authorization
from narrowgate.derive.evidence import Evidence
from narrowgate.derive.scope import Own, scope_of
from narrowgate.derive.statements import document_of, statements_of
from narrowgate.policy.actions import ActionList
from narrowgate.policy.clause import Policy, Readable, policies_of
from narrowgate.policy.decision import Layer, Layers
from narrowgate.policy.document import Document
from narrowgate.policy.evaluation import evaluate
from narrowgate.policy.request_context import Request
from narrowgate.prove.consent import consenting

MOST_LAYERS: Final = 16
"""In how many documents one request is allowed before it is told without a fix."""

_Levels: TypeAlias = "tuple[tuple[Readable, ...], ...]"


@dataclass(frozen=True, slots=True)
class Fix:
    """The smallest statement that a layer lacks. `level`: which of several boundaries or SCPs' levels, from 0."""

    layer: Layer
    level: int
    grant: Document

    @property
    def statement(self) -> Mapping[str, object]:
        """The statement as JSON."""
        found: Mapping[str, object] = json.loads(self.grant.text())["Statement"][0]
        return found


@dataclass(frozen=True, slots=True)
class Repair:
    """What grants are made of: the evidence, how it marks its own, the known actions."""

    evidence: Evidence
    own: Own
    actions: ActionList

    def grant(self, asked: Authorization) -> Document:
        """The narrowest document that allows the request, also when AWS draws other ids."""
        scope = scope_of(asked, self.own, self.evidence.drawn, self.evidence.place)
        return document_of(statements_of([scope], self.actions))

    def fixes(self, asked: Authorization, wanted: Request, layers: Layers) -> tuple[Fix, ...]:
        """The statements that allow the request; none where a Deny stands in the way, or an owner's policy lacks."""
        grant = self.grant(asked)
        made: list[Fix] = []
        for _ in range(MOST_LAYERS):
            found = evaluate(wanted, layers)
            if found.outcome == "allowed":
                return tuple(made)
            if found.outcome == "explicitDeny" or found.layer is None:
                return ()
            more = tuple(_with(layers, found.layer, grant, wanted))
            if not more:
                return ()
            made += [Fix(found.layer, level, grant) for level, _ in more]
            layers = more[-1][1]
        return ()


def _with(layers: Layers, layer: Layer, grant: Document, wanted: Request) -> Iterator[tuple[int, Layers]]:
    """The layers with the grant wherever this one lacks it, in one document more each time."""
    match layer:
        case "identity":
            yield 0, replace(layers, identity=(*layers.identity, grant))
        case "session":
            yield 0, replace(layers, session=_joined((layers.session,) if layers.session else (), grant))
        case "boundary":
            for level, found in _levels(tuple((each,) for each in layers.boundaries), grant, wanted):
                yield level, replace(layers, boundaries=tuple(_joined(each) for each in found))
        case "endpoint":
            for level, found in _levels(tuple((each,) for each in layers.endpoints), grant, wanted):
                yield level, replace(layers, endpoints=tuple(_joined(each) for each in found))
        case "scp":
            for level, found in _levels(layers.scps, grant, wanted):
                yield level, replace(layers, scps=found)


def _levels(levels: _Levels, grant: Document, wanted: Request) -> Iterator[tuple[int, _Levels]]:
    """The levels with the grant in each that does not allow the request."""
    for level, documents in enumerate(levels):
        alone = Layers(identity=documents, resource=consenting(wanted.principal.account))
        if evaluate(wanted, alone).outcome != "allowed":
            levels = (*levels[:level], (*documents, grant), *levels[level + 1 :])
            yield level, levels


def _joined(documents: tuple[Readable, ...], *more: Document) -> Policy:
    """Several documents as one, which allows what any of them does."""
    policies = policies_of((*documents, *more))
    return Policy(policies[0].kind, tuple(clause for policy in policies for clause in policy.clauses))
