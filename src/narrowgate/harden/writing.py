"""Narrowed grants as statements that fit AWS's quotas: one for each set of conditions, names folded. Pure.

INVARIANT: a wildcard is written only within a wildcard of the original, and only where every known action that it
selects is granted just so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from narrowgate.derive.scope import Conditions, Scope
from narrowgate.derive.statements import Statement, statements_of
from narrowgate.harden.context import Context
from narrowgate.harden.narrowing import located, service_of
from narrowgate.policy.actions import ActionList

MOST_TYPES = 6
"""Types of one action that are written one by one; more are `*` where the action has them all.

Of an action that the original grants by a wildcard none are: there are too many of them.
"""


class Narrowed(NamedTuple):
    """A grant of the result: the scope, and the action pattern and statement of the original that it lies within."""

    scope: Scope
    pattern: str
    at: tuple[int, int] = (0, 0)


def written(grants: Iterable[Narrowed], actions: ActionList, context: Context) -> tuple[Statement, ...]:
    """The statements that grant just these scopes, in the universe where a resource is of one of the action's types.

    Joined is only what comes from one statement of the original: it allows each of its actions on each of its
    resources, so that what is joined still lies within it, in any universe.
    """
    by_statement: dict[tuple[int, int], list[Narrowed]] = {}
    for grant in grants:
        by_statement.setdefault(grant.at, []).append(grant)
    made = [each for group in by_statement.values() for each in _written(group, actions, context)]
    return tuple(sorted(made, key=lambda s: (s.conditions, s.resources, s.actions)))


def _written(grants: Iterable[Narrowed], actions: ActionList, context: Context) -> Iterator[Statement]:
    precise: list[Scope] = []
    groups: dict[tuple[Conditions, frozenset[str], str], set[str]] = {}
    for (action, conditions, pattern), resources in _gathered(grants).items():
        most = 0 if "*" in pattern else MOST_TYPES
        folded = _folded_resources(action, resources, (actions, context), most)
        if "*" in pattern or len(folded) < len(resources):
            key = conditions, frozenset(folded), pattern if pattern.endswith("*") else ""
            groups.setdefault(key, set()).add(action)
        else:
            precise += [Scope(action, resource, conditions) for resource in resources]
    yield from statements_of(precise, actions)
    for (conditions, resources_, pattern), names in groups.items():
        yield Statement(_folded_actions(names, pattern, actions), tuple(sorted(resources_)), conditions)


def _gathered(grants: Iterable[Narrowed]) -> dict[tuple[str, Conditions, str], tuple[str, ...]]:
    found: dict[tuple[str, Conditions, str], dict[str, None]] = {}
    for scope, pattern, _ in grants:
        found.setdefault((scope.action, scope.conditions, pattern), {})[scope.resource] = None
    return {key: tuple(resources) for key, resources in found.items()}


def _folded_resources(
    action: str, resources: Sequence[str], known: tuple[ActionList, Context], most: int
) -> tuple[str, ...]:
    """The resources; more than `most` of one place, if they are all that the action has there, as one `...:*`."""
    actions, context = known
    heads: dict[str, list[str]] = {}
    for resource in resources:
        heads.setdefault(_head(resource), []).append(resource)
    all_: dict[str, set[str]] = {}
    for row in actions.types_of(action):
        for arn in row.arns:
            all_.setdefault(_head(located(arn, context)), set()).add(located(arn, context))
    made: list[str] = []
    for head, inside in heads.items():
        is_whole = len(inside) > most and set(inside) == all_.get(head)
        made += [f"{head}:*"] if is_whole else inside
    return tuple(made)


def _head(arn: str) -> str:
    return ":".join(arn.split(":", 5)[:5])


def _folded_actions(names: set[str], pattern: str, actions: ActionList) -> tuple[str, ...]:
    """The names, as prefixes where all known actions with the prefix are among them and the original has it."""
    fixed = pattern.lower().removesuffix("*")
    if not pattern or "*" in fixed or "?" in fixed or ":" not in fixed:
        return tuple(sorted(names))
    spelled = {name.lower(): name for name in actions.chosen(actions.select(f"{service_of(pattern)}:*"))}
    inside = {name for name in names if name.lower().startswith(fixed) and name.lower() in spelled}
    return tuple(sorted({*(names - inside), *_prefixes(fixed, spelled, {name.lower() for name in inside})}))


def _prefixes(prefix: str, known: Mapping[str, str], names: set[str]) -> Iterator[str]:
    """Names by prefixes; in lower case, as AWS compares actions. `known`: the known actions, as AWS spells them."""
    under = {name: spelled for name, spelled in known.items() if name.startswith(prefix)}
    ours = [name for name in under if name in names]
    if not ours:
        return
    if len(ours) == len(under) > 1:
        yield f"{under[ours[0]][: len(prefix)]}*"
    elif len(ours) == 1:
        yield under[ours[0]]
    else:
        if prefix in names:
            yield under[prefix]
        for letter in sorted({name[len(prefix)] for name in under if len(name) > len(prefix)}):
            yield from _prefixes(prefix + letter, under, names)
