"""One clause, compiled: which actions it selects, and the tests that decide whether it matches. Pure.

INVARIANT: an Allow that cannot be evaluated never matches, a Deny does wherever its Principal, Action
and Resource match.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from narrowgate.policy import matching
from narrowgate.policy.clause import Clause
from narrowgate.policy.condition import parse_operator
from narrowgate.policy.decision import Deciding, Switches
from narrowgate.policy.grant import DIRECT, EVERYONE_DIRECTLY, Grants, Strength, grants, is_unknowable
from narrowgate.policy.predicate import Holds, holds
from narrowgate.policy.request_context import Context, Request
from narrowgate.policy.resource_matching import resource_test
from narrowgate.policy.variable import Variable, template

Matches: TypeAlias = Callable[[Request], Strength]
"""How directly the statement names the principal, where it matches; 0 where it does not."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A clause with its tests. `resource` is None where every resource is meant.

    `not_evaluable`: its conditions are not tested, and it says so.
    """

    clause: Clause
    place: Deciding
    grants: Grants | None
    resource: Callable[[Request], bool] | None
    conditions: tuple[Holds, ...]
    variables: tuple[Variable, ...]
    not_evaluable: bool
    matches: Matches | None = field(init=False)
    """The whole test but for the action; None where it always matches, with full strength."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "matches", _whole(self))


def compiled(clause: Clause, place: Deciding, switches: Switches, *, bounded: bool = False) -> Compiled:
    """The clause with its tests; `bounded`: the principal has a permissions boundary."""
    modern = clause.has_variables
    conditions = tuple(holds(term, has_variables=modern, switches=switches) for term in clause.terms)
    unknowable = clause.principals is not None and is_unknowable(clause.principals)
    evaluable = None not in conditions and not unknowable
    return Compiled(
        clause,
        place,
        _grants(clause, unknowable, switches, bounded),
        resource_test(clause, whole=switches.resource_wildcards == "whole"),
        tuple(test for test in conditions if test is not None) if evaluable else (),
        _variables(clause, evaluable) if modern and switches.unresolved_variable == "statement" else (),
        not evaluable,
    )


def _grants(clause: Clause, unknowable: bool, switches: Switches, bounded: bool) -> Grants | None:
    """Whoever a canonical user is: the principal may be it, and is exempt only where it is listed otherwise."""
    if clause.principals is None or (unknowable and not clause.principals[0]):
        return None
    if clause.principals == EVERYONE_DIRECTLY and switches.everyone == "unlimited":
        return None
    return grants(clause.principals, switches, bounded=bounded)


def selects(clause: Clause) -> Callable[[str], bool]:
    """Whether the Action or NotAction element selects an action, given in lower case."""
    texts = "\n".join(clause.actions).lower().split("\n")
    test = matching.one_of(texts, matching.glob)
    return (lambda action: not test(action)) if clause.not_actions else test


def _variables(clause: Clause, evaluable: bool) -> tuple[Variable, ...]:
    """The variables that must be resolved; those of conditions that are not tested need not."""
    texts = list(clause.resources or ())
    for name, _, listed in clause.terms if evaluable else ():
        operator = parse_operator(name)
        texts.extend(listed if operator and operator.takes_variables else ())
    found = (variable for text in texts if "${" in text for variable in template(text).variables)
    return tuple(variable for variable in dict.fromkeys(found) if variable.default is None)


def _whole(it: Compiled) -> Matches | None:
    """The tests joined, cheapest first; made for the common shapes by hand, since each runs a million times."""
    conditions = _all(it.conditions, it.variables)
    resource, named = it.resource, it.grants
    if named is None and conditions is None:
        return None if resource is None else (lambda request: DIRECT if resource(request) else 0)
    if named is None:
        return _unnamed(resource, conditions)

    def test(request: Request) -> Strength:
        strength = named(request)
        if strength and resource is not None and not resource(request):
            return 0
        return strength if strength and (conditions is None or conditions(request.context)) else 0

    return test


def _unnamed(resource: Callable[[Request], bool] | None, conditions: Holds | None) -> Matches:
    if conditions is None:
        raise AssertionError("a clause without any test has none")
    if resource is None:
        return lambda request: DIRECT if conditions(request.context) else 0
    return lambda request: DIRECT if resource(request) and conditions(request.context) else 0


def _all(conditions: tuple[Holds, ...], variables: tuple[Variable, ...]) -> Holds | None:
    """One test for all conditions and for the variables that must be resolved."""
    if variables:
        return _voidable(conditions, variables)
    if len(conditions) <= 1:
        return conditions[0] if conditions else None
    if len(conditions) == 2:
        one, two = conditions
        return lambda context: one(context) and two(context)
    return lambda context: all(holds(context) for holds in conditions)


def _voidable(conditions: tuple[Holds, ...], variables: tuple[Variable, ...]) -> Holds:
    def test(context: Context) -> bool:
        if any(variable.value(context) is None for variable in variables):
            return False
        return all(holds(context) for holds in conditions)

    return test
