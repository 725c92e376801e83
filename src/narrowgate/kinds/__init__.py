"""The kinds of resource, one module each with a constant `KIND`; they find themselves. Pure."""

from __future__ import annotations

import importlib
import pkgutil

from narrowgate.resource import Kind


def kinds() -> tuple[Kind, ...]:
    """Every kind, by name."""
    modules = (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    return tuple(sorted((m.KIND for m in modules if hasattr(m, "KIND")), key=lambda kind: kind.name))
