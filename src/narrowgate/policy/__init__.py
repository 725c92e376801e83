"""IAM policies by meaning: read strictly, decide, explain, compare. Standard library only; usable alone. Pure.

`parse` and `from_value` turn a document into a `Document`, equal to every other spelling of the same
policy, or into `Faults`, which say what is wrong, where, and what to do. `evaluate` decides a request;
`covers` compares what policies allow. docs/policy-engine.md has the semantics.

Names are imported when first asked for: who only reads documents does not load the comparison.
"""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from narrowgate.policy.actions import ActionList
    from narrowgate.policy.arn import PARTITIONS, Arn, matches, parse_arn
    from narrowgate.policy.boxes import Grants, grants
    from narrowgate.policy.clause import Policy, Readable
    from narrowgate.policy.comparison import covers, difference, equivalent, intersection
    from narrowgate.policy.decision import DEFAULTS, LAYERS, Deciding, Decision, Layer, Layers, Outcome, Switches
    from narrowgate.policy.document import (
        Condition,
        Document,
        Effect,
        Kind,
        Patterns,
        Principal,
        Principals,
        ResourceUse,
        Statement,
        Text,
        Version,
        size,
    )
    from narrowgate.policy.evaluation import Evaluator, evaluate
    from narrowgate.policy.explanation import Explanation, Failure, explain
    from narrowgate.policy.grammar import from_value, parse
    from narrowgate.policy.loading import load
    from narrowgate.policy.minimisation import Minimised, NotMinimised, minimise
    from narrowgate.policy.permission_surface import Surface, SurfaceDifference, surface
    from narrowgate.policy.place import Fault, Faults, Place
    from narrowgate.policy.request_context import ANONYMOUS, Request, Requester, request
    from narrowgate.policy.verdict import Counterexample, Proved, Refuted, Universe, Unknown, Verdict

_NAMES: Final = {
    "actions": "ActionList",
    "arn": "PARTITIONS Arn matches parse_arn",
    "boxes": "Grants grants",
    "clause": "Policy Readable",
    "comparison": "covers difference equivalent intersection",
    "decision": "DEFAULTS LAYERS Deciding Decision Layer Layers Outcome Switches",
    "document": (
        "Condition Document Effect Kind Patterns Principal Principals ResourceUse Statement Text Version size"
    ),
    "evaluation": "Evaluator evaluate",
    "explanation": "Explanation Failure explain",
    "grammar": "from_value parse",
    "loading": "load",
    "minimisation": "Minimised NotMinimised minimise",
    "permission_surface": "Surface SurfaceDifference surface",
    "place": "Fault Faults Place",
    "request_context": "ANONYMOUS Request Requester request",
    "verdict": "Counterexample Proved Refuted Universe Unknown Verdict",
}
# INVARIANT: no module has the name of something that is exported, or importing it would hide that.
_HOMES: Final = MappingProxyType({name: module for module, names in _NAMES.items() for name in names.split()})

__all__ = [
    "ANONYMOUS",
    "DEFAULTS",
    "LAYERS",
    "PARTITIONS",
    "ActionList",
    "Arn",
    "Condition",
    "Counterexample",
    "Deciding",
    "Decision",
    "Document",
    "Effect",
    "Evaluator",
    "Explanation",
    "Failure",
    "Fault",
    "Faults",
    "Grants",
    "Kind",
    "Layer",
    "Layers",
    "Minimised",
    "NotMinimised",
    "Outcome",
    "Patterns",
    "Place",
    "Policy",
    "Principal",
    "Principals",
    "Proved",
    "Readable",
    "Refuted",
    "Request",
    "Requester",
    "ResourceUse",
    "Statement",
    "Surface",
    "SurfaceDifference",
    "Switches",
    "Text",
    "Universe",
    "Unknown",
    "Verdict",
    "Version",
    "covers",
    "difference",
    "equivalent",
    "evaluate",
    "explain",
    "from_value",
    "grants",
    "intersection",
    "load",
    "matches",
    "minimise",
    "parse",
    "parse_arn",
    "request",
    "size",
    "surface",
]


def __getattr__(name: str) -> object:
    """The exported name, imported now and kept."""
    module = _HOMES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f"{__name__}.{module}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
