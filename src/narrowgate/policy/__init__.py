"""IAM policies by meaning: read strictly, compare, decide. Standard library only; usable alone. Pure.

`parse` and `from_value` turn a document into a `Document`, equal to every other spelling of the same
policy, or into `Faults`, which say what is wrong, where, and what to do.
"""

from narrowgate.policy.arn import PARTITIONS, Arn, matches, parse_arn
from narrowgate.policy.boxes import Grants, grants
from narrowgate.policy.clause import Policy, Readable
from narrowgate.policy.compare import covers, difference, equivalent, intersection
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
from narrowgate.policy.evaluate import Evaluator, evaluate
from narrowgate.policy.explain import Explanation, Failure, explain
from narrowgate.policy.grammar import from_value, parse
from narrowgate.policy.loading import load
from narrowgate.policy.place import Fault, Faults, Place
from narrowgate.policy.request import ANONYMOUS, Request, Requester, request
from narrowgate.policy.verdict import Counterexample, Proved, Refuted, Universe, Unknown, Verdict

__all__ = [
    "ANONYMOUS",
    "DEFAULTS",
    "LAYERS",
    "PARTITIONS",
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
    "parse",
    "parse_arn",
    "request",
    "size",
]
