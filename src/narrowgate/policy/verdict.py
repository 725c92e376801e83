"""What a comparison says: proved, refuted by a request, or unknown with the reasons. Pure.

INVARIANT: a Refuted holds a request that was decided by `evaluate` on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from narrowgate.policy.decision import Decision, Layers
from narrowgate.policy.request_context import Request

Universe: TypeAlias = Literal["open", "closed", "typed"]
"""Which requests there are. Open: any action, on any ARN or `*`. Closed: the known actions. Typed: the
known actions, each on resources of its own types, or on `*` where it has none."""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A request that the right side allows and the left does not, with both decisions.

    `left_layers` and `right_layers` are what `evaluate` was given, so that it can be replayed.
    """

    request: Request
    left: Decision
    right: Decision
    left_layers: Layers
    right_layers: Layers


@dataclass(frozen=True, slots=True)
class Proved:
    """It holds for every request of the universe, in the model."""

    universe: Universe


@dataclass(frozen=True, slots=True)
class Refuted:
    """It does not hold, for there is this request, of the narrowest universe that has one."""

    counterexample: Counterexample
    universe: Universe


@dataclass(frozen=True, slots=True)
class Unknown:
    """It was neither proved nor refuted; why, one sentence each. Counts as failure."""

    why: tuple[str, ...]


Verdict: TypeAlias = "Proved | Refuted | Unknown"
