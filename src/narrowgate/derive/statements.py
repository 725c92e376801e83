"""Scopes written as statements: as few as say the same about every resource that an action can have. Pure.

Statements are joined where the only new pairs of action and resource are ones that AWS never asks about: the resource
is of a type that the action has not. `covers` in the typed universe proves it; the tests do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from narrowgate.derive.folding import ANY_TYPE
from narrowgate.derive.scope import Conditions, Scope
from narrowgate.policy.actions import ActionList
from narrowgate.policy.arn import matches
from narrowgate.policy.document import Document
from narrowgate.policy.grammar import from_value

_CREATE_ACTION: Final = "ec2:CreateAction"


@dataclass(frozen=True, slots=True)
class Statement:
    """Actions on resources under conditions; all sorted."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Conditions


def statements_of(scopes: Iterable[Scope], actions: ActionList) -> tuple[Statement, ...]:
    """The statements that grant the scopes."""
    granted: dict[Conditions, dict[str, set[str]]] = {}
    for scope in scopes:
        granted.setdefault(scope.conditions, {}).setdefault(scope.action, set()).add(scope.resource)
    made = [
        statement for conditions, by_action in granted.items() for statement in _joined(by_action, conditions, actions)
    ]
    return tuple(sorted(_of_one_creation(made), key=lambda s: (s.conditions, s.resources, s.actions)))


def document_of(statements: Iterable[Statement]) -> Document:
    """The statements as one document, of whatever length. Raises ValueError for what is no policy."""
    made = from_value({"Version": "2012-10-17", "Statement": [_written(each) for each in statements]}, "identity")
    if not isinstance(made, Document):
        raise ValueError(f"the statements make no policy: {made}")
    return made


def _written(statement: Statement) -> Mapping[str, Any]:
    made: dict[str, Any] = {
        "Effect": "Allow",
        "Action": list(statement.actions),
        "Resource": list(statement.resources),
    }
    for operator, key, values in statement.conditions:
        made.setdefault("Condition", {}).setdefault(operator, {})[key] = list(values)
    return made


def _joined(by_action: Mapping[str, set[str]], conditions: Conditions, actions: ActionList) -> list[Statement]:
    """Statements of the same conditions, joined where no action gets a resource that it could use."""
    alike: dict[frozenset[str], list[str]] = {}
    for action, resources in sorted(by_action.items()):
        alike.setdefault(frozenset(resources), []).append(action)
    parts = [(tuple(names), found) for found, names in sorted(alike.items(), key=lambda item: sorted(item[0]))]
    apart = [{n for n, other in enumerate(parts) if not _adds_nothing(part, other, actions)} for part in parts]
    # Where the part that fits beside the fewest others is placed first, fewer statements may be left.
    orders = (range(len(parts)), sorted(range(len(parts)), key=lambda n: -len(apart[n])))
    groups = min((_grouped(order, apart) for order in orders), key=len)
    return [_together([parts[place] for place in group], conditions) for group in groups]


def _grouped(order: Iterable[int], apart: Sequence[set[int]]) -> list[list[int]]:
    """Each part in the first group that it fits into."""
    groups: list[list[int]] = []
    for place in order:
        group = next((each for each in groups if apart[place].isdisjoint(each)), None)
        if group is None:
            groups.append([place])
        else:
            group.append(place)
    return groups


_Part: TypeAlias = tuple[tuple[str, ...], frozenset[str]]
"""Actions that are all granted on the same resources."""


def _together(parts: Sequence[_Part], conditions: Conditions) -> Statement:
    actions = sorted(action for names, _ in parts for action in names)
    return Statement(tuple(actions), tuple(sorted(frozenset().union(*(found for _, found in parts)))), conditions)


def _adds_nothing(one: _Part, other: _Part, actions: ActionList) -> bool:
    """Whether the two together grant no pair that is new and that AWS could ask about."""
    crossing = [
        (action, resource)
        for names, own, theirs in ((one[0], one[1], other[1]), (other[0], other[1], one[1]))
        for action in names
        for resource in theirs - own
    ]
    return not any(_is_of(action, resource, actions) for action, resource in crossing)


def _is_of(action: str, resource: str, actions: ActionList) -> bool:
    """Whether the resource may be one of the action's; of an action that is not known, it may."""
    found = actions.action(action)
    if found is None or resource == "*" or resource.endswith(f":{ANY_TYPE}"):
        return True
    # A wildcard of ours stands for an id; a sample of it is of the same type.
    sample = resource.replace("*", "x").replace("?", "x")
    return any(matches(pattern, sample) for kind in found.types for pattern in kind.arns)


def _of_one_creation(statements: Sequence[Statement]) -> list[Statement]:
    """Tagging at creation as one statement: which operation creates says already which types it can tag.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
    """
    return _merged(statements, lambda s: s.actions == ("ec2:CreateTags",) and any(_creates(c) for c in s.conditions))


def _creates(condition: tuple[str, str, tuple[str, ...]]) -> bool:
    return condition[1] == _CREATE_ACTION


def _merged(statements: Sequence[Statement], fits: Callable[[Statement], bool]) -> list[Statement]:
    """The statements, those that fit joined where they differ in resources and in `ec2:CreateAction` only."""
    kept = [each for each in statements if not fits(each)]
    groups: dict[Conditions, list[Statement]] = {}
    for each in statements:
        if fits(each):
            groups.setdefault(tuple(c for c in each.conditions if not _creates(c)), []).append(each)
    for rest, group in groups.items():
        values = {value for each in group for c in each.conditions if _creates(c) for value in c[2]}
        conditions = tuple(sorted((*rest, ("StringEquals", _CREATE_ACTION, tuple(sorted(values))))))
        resources = {resource for each in group for resource in each.resources}
        kept.append(Statement(("ec2:CreateTags",), tuple(sorted(resources)), conditions))
    return kept
