"""IAM policies by meaning: read strictly, compare, decide. Standard library only; usable alone. Pure.

`parse` and `from_value` turn a document into a `Document`, equal to every other spelling of the same
policy, or into `Faults`, which say what is wrong, where, and what to do.
"""

from narrowgate.policy.arn import PARTITIONS, Arn, matches, parse_arn
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
from narrowgate.policy.grammar import from_value, parse
from narrowgate.policy.place import Fault, Faults, Place

__all__ = [
    "PARTITIONS",
    "Arn",
    "Condition",
    "Document",
    "Effect",
    "Fault",
    "Faults",
    "Kind",
    "Patterns",
    "Place",
    "Principal",
    "Principals",
    "ResourceUse",
    "Statement",
    "Text",
    "Version",
    "from_value",
    "matches",
    "parse",
    "parse_arn",
    "size",
]
