"""Contained: some documents allow nothing that a ceiling does not. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from narrowgate.policy.actions import ActionList
from narrowgate.policy.clause import Readable
from narrowgate.policy.comparison import Granting, covers
from narrowgate.policy.verdict import Proved, Verdict


def contained(documents: Sequence[Readable], ceiling: Granting, actions: ActionList) -> Verdict:
    """Whether the ceiling allows everything that the documents of one principal do.

    `ceiling`: a vendor's documents or a boundary, which allow together what any of them does; several that must each
    allow are `grants(*one, ceilings=others)`. Proved for every request if that can be proved, else for every request
    that AWS can ask about: an action on a resource of its own types. Refuted by a request, or Unknown.
    """
    of_all = covers(ceiling, documents, universe="open", actions=actions)
    return of_all if isinstance(of_all, Proved) else covers(ceiling, documents, universe="typed", actions=actions)
