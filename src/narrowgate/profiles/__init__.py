"""Platforms as data: the names and policies that the vendor's guide gives. One module each. Pure."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from narrowgate.calls import Call
from narrowgate.resource import Installation


@dataclass(frozen=True, slots=True)
class Profile:
    """One platform. Its policies are hand-written until they are derived from calls."""

    name: str
    doc: str
    defaults: Mapping[str, Mapping[str, str]]
    """The names of the spec's `installer` and `node`."""
    installer_policy: Callable[[Installation, str], Mapping[str, Any]]
    """The installer's policy document, given the node role's name."""
    node_policy: Callable[[Installation], Mapping[str, Any]]
    """The nodes' policy document."""
    evidence: Call
    """A harmless read in the service that the installer's key is for."""


def profiles() -> Mapping[str, Profile]:
    """Every profile, by name."""
    modules = (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    found = [m.PROFILE for m in modules if hasattr(m, "PROFILE")]
    return {p.name: p for p in sorted(found, key=lambda p: p.name)}
