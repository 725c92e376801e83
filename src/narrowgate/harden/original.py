"""The vendor's statements as grants to be narrowed: each action with a resource pattern and conditions. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from narrowgate.derive.scope import Conditions
from narrowgate.policy.actions import ActionList
from narrowgate.policy.document import Document, Statement

_VARIABLE: Final = re.compile(r"\$\{[^}]*\}")


class Allowed(NamedTuple):
    """One Allow of the original, for one action pattern: what it selects, where, under which conditions."""

    pattern: str
    names: tuple[str, ...]
    """The known actions that the pattern selects; none where the reference knows none."""
    resources: tuple[str, ...]
    conditions: Conditions
    at: tuple[int, int]
    """Document and statement, by number."""


def allowed(documents: Sequence[Document], actions: ActionList) -> Iterator[Allowed]:
    """What the Allow statements say that name actions and resources; see `verbatim` for the others."""
    for number, document in enumerate(documents):
        for index, statement in enumerate(document.statements):
            if not _is_verbatim(statement):
                for item in statement.actions.items:
                    names = actions.chosen(actions.select(item.value))
                    yield Allowed(item.value, names, _resources(statement), conditions_of(statement), (number, index))


def verbatim(documents: Iterable[Document]) -> tuple[Statement, ...]:
    """The statements that are kept as they are: Deny, NotAction, NotResource, and variables in some resources only."""
    return tuple(statement for document in documents for statement in document.statements if _is_verbatim(statement))


def conditions_of(statement: Statement) -> Conditions:
    """The conditions of a statement."""
    return tuple((c.operator, c.key, tuple(v.value for v in c.values)) for c in statement.conditions)


def _is_verbatim(statement: Statement) -> bool:
    negated = statement.actions.negated or (statement.resources is not None and statement.resources.negated)
    return statement.effect == "Deny" or negated or _may_be_void_elsewhere(statement)


def _may_be_void_elsewhere(statement: Statement) -> bool:
    """Whether a variable without a value in one resource voids what the statement says of another.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    variables = {tuple(sorted(_VARIABLE.findall(resource))) for resource in _resources(statement)}
    return len(variables) > 1


def _resources(statement: Statement) -> tuple[str, ...]:
    return tuple(item.value for item in statement.resources.items) if statement.resources else ()
