"""What the faithful services may ask of the gate: decisions, and encoded messages. One for each engine."""

from __future__ import annotations

from dataclasses import dataclass, field

from narrowgate.adapters.sandbox.denial import Seal
from narrowgate.adapters.sandbox.gate import Gate


@dataclass(frozen=True, slots=True)
class Desk:
    """The gate and the seal of one sandbox."""

    gate: Gate
    seal: Seal = field(repr=False)
