"""Checks, one module each with a constant `CHECK`; they find themselves. Pure: subject in, findings out."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from narrowgate.calls import EMPTY, Fields
from narrowgate.finding import Finding
from narrowgate.policy import Document
from narrowgate.resource import Observed
from narrowgate.spec import Spec


@dataclass(frozen=True, slots=True)
class Subject:
    """What a check may look at: what is wanted, what is there, and the policies."""

    spec: Spec
    seen: Mapping[str, Observed]
    policies: Mapping[str, Document] = field(default_factory=dict)
    """The policies to be attached, by their name in AWS."""

    def at(self, address: str) -> Fields:
        """What was seen at the address; empty when nothing is there."""
        return self.seen.get(address) or EMPTY


@dataclass(frozen=True, slots=True)
class Check:
    """One check: a name, one sentence, and the function."""

    name: str
    doc: str
    about: Literal["account", "policy", "spec"]
    """What it looks at: what is in the account (and may drift), the policies that the person chose, or the spec."""
    find: Callable[[Subject], Iterable[Finding]]


def checks() -> tuple[Check, ...]:
    """Every check, by name."""
    modules = (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    return tuple(sorted((m.CHECK for m in modules if hasattr(m, "CHECK")), key=lambda check: check.name))


def findings(subject: Subject, *, about: str = "") -> tuple[Finding, ...]:
    """Everything that the checks find; with `about`, only those of one sort."""
    return tuple(f for check in checks() if about in ("", check.about) for f in check.find(subject))
