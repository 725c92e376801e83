"""What the evidence needs of the original: which of its statements allow each request, and which requests none does.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from narrowgate.catalogue.authorization import Authorization
from narrowgate.catalogue.facts import Place
from narrowgate.derive.derivation import decided
from narrowgate.derive.evidence import Evidence, Use
from narrowgate.policy.decision import Layers
from narrowgate.policy.document import Document
from narrowgate.policy.evaluation import Evaluator
from narrowgate.policy.request_context import Requester


class Needed(NamedTuple):
    """A request of the evidence, with its use and the Allow statements (document, statement) that allow it."""

    use: Use
    asked: Authorization
    by: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Observed:
    """The requests that the original allows, and those that it does not."""

    needed: tuple[Needed, ...] = ()
    lacking: tuple[Needed, ...] = ()

    _by_action: dict[str, tuple[Needed, ...]] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for each in self.needed:
            name = each.asked.action.lower()
            self._by_action[name] = (*self._by_action.get(name, ()), each)

    def of(self, action: str) -> tuple[Needed, ...]:
        """The requests for an action, by its name in any case."""
        return self._by_action.get(action.lower(), ())

    def calls(self, action: str) -> tuple[str, ...]:
        """The calls that need an action, each once."""
        return tuple(dict.fromkeys(each.use.name for each in self.of(action)))


def observed(evidence: Evidence | None, documents: Sequence[Document]) -> Observed:
    """Every request of the evidence held against the original."""
    if evidence is None:
        return Observed()
    judge = Judge(documents, evidence.place)
    found = [Needed(use, asked, judge.allowing(asked)) for use in evidence.uses for asked in decided(use)]
    return Observed(tuple(each for each in found if each.by), tuple(each for each in found if not each.by))


class Judge:
    """Decides requests of some user of the account by identity policies alone."""

    def __init__(self, documents: Sequence[Document], place: Place) -> None:
        self._evaluator = Evaluator(Layers(identity=tuple(documents)))
        self._who = place.arn("iam", "user/program", region="")

    def allowing(self, asked: Authorization) -> tuple[tuple[int, int], ...]:
        """The Allow statements that decide for the request; none where it is not allowed."""
        decision = self._evaluator.evaluate(asked.asked_by(Requester("AWS", self._who), {}))
        if decision.outcome != "allowed":
            return ()
        return tuple((place.policy, place.index) for place in decision.statements) or ((-1, -1),)

    def allows(self, asked: Authorization) -> bool:
        """Whether the request is allowed."""
        return bool(self.allowing(asked))

    def refused(self, needed: Iterable[Needed]) -> Iterator[Needed]:
        """The requests that are not allowed."""
        return (each for each in needed if not self.allowing(each.asked))
