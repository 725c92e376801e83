"""A statement stripped to what deciding needs: plain texts, no places. Pure.

Documents are for people and for faults; policies are for decisions. A policy of a thousand
actions is then a thousand strings and not ten thousand objects.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from narrowgate.policy.document import NEW_VERSION, Document, Effect, Kind, Principals, Statement

Term: TypeAlias = tuple[str, str, tuple[str, ...]]
"""One condition: operator and key as written, values."""

Names: TypeAlias = tuple[bool, tuple[tuple[str, str], ...]]
"""A Principal element: whether it is NotPrincipal, and the type and name of each principal."""


class Clause(NamedTuple):
    """One statement. `resources` is None in trust policies, `principals` where there are none.

    `has_variables`: whether `${...}` is a variable here, which Version 2012-10-17 makes it.
    """

    effect: Effect
    actions: tuple[str, ...]
    not_actions: bool
    resources: tuple[str, ...] | None
    not_resources: bool
    principals: Names | None
    terms: tuple[Term, ...]
    sid: str | None
    has_variables: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """A document ready to be decided upon: its kind and its clauses, in order."""

    kind: Kind
    clauses: tuple[Clause, ...]


Readable: TypeAlias = "Document | Policy"


def policy_of(document: Readable) -> Policy:
    """The policy that a document is."""
    if isinstance(document, Policy):
        return document
    modern = document.version == NEW_VERSION
    return Policy(document.kind, tuple(_clause(statement, modern) for statement in document.statements))


def policies_of(documents: Iterable[Readable]) -> tuple[Policy, ...]:
    """The policies that some documents are."""
    return tuple(policy_of(document) for document in documents)


def _clause(statement: Statement, modern: bool) -> Clause:
    resources = statement.resources
    return Clause(
        statement.effect,
        tuple(action.value for action in statement.actions.items),
        statement.actions.negated,
        None if resources is None else tuple(resource.value for resource in resources.items),
        resources is not None and resources.negated,
        _names(statement.principals),
        tuple((c.operator, c.key, tuple(v.value for v in c.values)) for c in statement.conditions),
        statement.sid,
        modern,
    )


def _names(principals: Principals | None) -> Names | None:
    if principals is None:
        return None
    return principals.negated, tuple((item.kind, item.name) for item in principals.items)
