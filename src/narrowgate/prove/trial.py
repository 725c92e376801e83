"""Mutants on trial: which call a mutant would miss, which wrong request it would let through. Pure.

INVARIANT: a mutant is judged beside all else that the documents say. To look at fewer statements, only this is used:
one more Allow never refuses anything. Where a Deny is changed, nothing is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from narrowgate.catalogue.authorization import Authorization
from narrowgate.policy.clause import Clause, Policy, policy_of
from narrowgate.policy.decision import Layers
from narrowgate.policy.document import Document
from narrowgate.policy.evaluation import Evaluator
from narrowgate.policy.request_context import Request
from narrowgate.policy.statement import selects
from narrowgate.prove.consent import consenting
from narrowgate.prove.mutants import Mutant
from narrowgate.prove.standing import Standing

Place: TypeAlias = tuple[int, int]
"""A statement: the numbers of its document and of itself, from 0."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, with the name of what asks it."""

    name: str
    request: Request

    @property
    def action(self) -> str:
        """The action, in lower case."""
        return self.request.action.lower()


@dataclass(slots=True)
class Trial:
    """The documents of one principal, the requests that they must allow and those that they must refuse.

    `needed` and `refused` must be what they are said to be: `allowed` tells.
    """

    standing: Standing
    documents: Sequence[Document]
    needed: tuple[Asked, ...] = ()
    refused: tuple[Asked, ...] = ()
    _clauses: dict[Place, Clause] = field(init=False)
    _refused: dict[str, list[Asked]] = field(init=False, default_factory=dict)
    _missing: dict[Place, tuple[Asked, ...]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._clauses = {
            (number, index): clause
            for number, document in enumerate(self.documents)
            for index, clause in enumerate(policy_of(document).clauses)
        }
        for each in self.refused:
            self._refused.setdefault(each.action, []).append(each)

    def asked(self, name: str, one: Authorization) -> Asked:
        """A request of the principal."""
        return Asked(name, one.asked_by(self.standing.requester, self.standing.carried))

    def allowed(self, requests: Iterable[Asked]) -> tuple[bool, ...]:
        """Which of the requests the documents allow."""
        evaluator = self._evaluator(self._clauses.values())
        return tuple(_allows(evaluator, each) for each in requests)

    def killer(self, mutant: Mutant) -> str:
        """The name of a request that tells the mutant from the documents; the empty string where none does."""
        place = mutant.document, mutant.statement
        clause = self._clauses[place]
        requests: Sequence[Asked]
        if mutant.sense == "narrower":
            requests = self._missed_without(place) if clause.effect == "Allow" else self.needed
        else:
            requests = self._refused_of(mutant)
        if mutant.changed is None and clause.effect == "Allow":
            return next((each.name for each in requests), "")
        rest = self._beside(place)
        changed = () if mutant.changed is None else policy_of(mutant.changed).clauses
        if clause.effect == "Allow":
            # What else is allowed does not matter: of these requests the other Allows allow none.
            rest = tuple(each for each in rest if each.effect == "Deny")
        evaluator = self._evaluator((*rest, *changed))
        wanted = mutant.sense == "wider"
        return next((each.name for each in requests if _allows(evaluator, each) is wanted), "")

    def _refused_of(self, mutant: Mutant) -> Sequence[Asked]:
        """The requests to be refused of which the mutant speaks; all, where it does not say."""
        if mutant.changed is None:
            return self.refused
        tests = [selects(clause) for clause in policy_of(mutant.changed).clauses]
        if any(clause.effect == "Deny" for clause in policy_of(mutant.changed).clauses):
            return self.refused
        chosen = [action for action in self._refused if any(test(action) for test in tests)]
        return [each for action in chosen for each in self._refused[action]]

    def _missed_without(self, place: Place) -> tuple[Asked, ...]:
        """The needed requests that nothing else allows than this statement."""
        found = self._missing.get(place)
        if found is None:
            evaluator = self._evaluator(self._beside(place))
            test = selects(self._clauses[place])
            found = tuple(each for each in self.needed if test(each.action) and not _allows(evaluator, each))
            self._missing[place] = found
        return found

    def _beside(self, place: Place) -> tuple[Clause, ...]:
        return tuple(clause for at, clause in self._clauses.items() if at != place)

    def _evaluator(self, clauses: Iterable[Clause]) -> Evaluator:
        identity = Policy("identity", tuple(clauses))
        return Evaluator(Layers(identity=(identity,), resource=consenting(self.standing.requester.account)))


def _allows(evaluator: Evaluator, asked: Asked) -> bool:
    return evaluator.evaluate(asked.request).outcome == "allowed"
