"""Where a scope and a statement of the original meet: a scope that allows nothing the statement does not. Pure.

INVARIANT: what leaves here lies within the statement: its resource within one of the statement's, its conditions
with the statement's in conjunction. `covers` proves it of the whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from narrowgate.derive.scope import Condition, Conditions, Scope
from narrowgate.policy.arn import matches

_OPEN: Final = re.compile(r"\$\{[^}]*\}|[*?]")


def met(scope: Scope, resource: str, conditions: Conditions) -> Scope | None:
    """The scope within a resource pattern and conditions of the original; None where they have nothing in common."""
    common = meet(scope.resource, resource)
    if common is None:
        return None
    return scope._replace(resource=common, conditions=joined(scope.conditions, conditions))


def meet(ours: str, theirs: str) -> str | None:
    """A pattern within both; where neither includes the other, theirs, if it may have anything in common with ours.

    Ours has a literal or a whole `*` in each of the first five segments.
    """
    if theirs == "*" or ours == theirs:
        return ours
    if ours == "*":
        return theirs
    mine, its = _segments(ours), _segments(theirs)
    head = [_segment(one, other) for one, other in zip(mine[:5], its[:5], strict=True)]
    tail = _tail(mine[5], its[5])
    if tail is None or any(part is None for part in head):
        return None
    return ":".join([*(part or "" for part in head), tail])


def _segments(pattern: str) -> list[str]:
    parts = pattern.split(":", 5)
    # A star that ends a segment may cross colons: `arn:aws:ec2:*` is every ARN of EC2.
    return parts + ["*"] * (6 - len(parts))


def _segment(ours: str, theirs: str) -> str | None:
    if theirs == "*" or matches(theirs, ours):
        return ours
    return theirs if matches(ours, theirs) else None


def _tail(ours: str, theirs: str) -> str | None:
    if matches(ours, theirs):
        return theirs
    if matches(theirs, ours):
        return ours
    one, other = _fixed(ours), _fixed(theirs)
    return theirs if one.startswith(other) or other.startswith(one) else None


def _fixed(pattern: str) -> str:
    """What a pattern begins with in any case."""
    found = _OPEN.search(pattern)
    return pattern[: found.start()] if found else pattern


def joined(ours: Conditions, theirs: Conditions) -> Conditions:
    """Both in conjunction; one condition can stand once by operator and key, so values are intersected."""
    made: dict[tuple[str, str], Condition] = {(op, key.lower()): (op, key, values) for op, key, values in theirs}
    for operator, key, values in ours:
        at = operator, key.lower()
        made[at] = (operator, key, _values(operator, values, made[at][2])) if at in made else (operator, key, values)
    return tuple(sorted(made.values()))


def _values(operator: str, ours: tuple[str, ...], theirs: tuple[str, ...]) -> tuple[str, ...]:
    """Values within theirs: fewer of a positive operator, more of a negated one."""
    if "Not" in operator:
        return tuple(sorted({*ours, *theirs}))
    return tuple(sorted(value for value in ours if _is_within(value, theirs))) or theirs


def _is_within(value: str, patterns: Iterable[str]) -> bool:
    return value in patterns
