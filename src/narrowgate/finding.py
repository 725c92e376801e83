"""Finding: what a check has to say about a subject. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Severity: TypeAlias = Literal["high", "medium", "low", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`check` found something about `subject`. `evidence` is what was seen, `fix` what to do."""

    check: str
    severity: Severity
    subject: str
    evidence: str
    fix: str
