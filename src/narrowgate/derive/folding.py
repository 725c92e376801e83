"""Scopes written shorter, where a policy would be too long: what bears our tag, of whatever type. Pure.

`arn:...:ec2:REGION:ACCOUNT:*/*` takes the place of types, one by one. `exactly`: only where that adds nothing that AWS
could ask about, as the action has no other type whose tags count. Otherwise the action reaches our own things of its
other types too. Region, account and the tag stay.
INVARIANT: no scope without a condition on a tag is folded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from narrowgate.derive.scope import Conditions, Scope
from narrowgate.policy.actions import ActionList
from narrowgate.policy.arn import matches
from narrowgate.policy.service import ResourceType

ANY_TYPE: Final = "*/*"
_RESOURCE_TAG: Final = "aws:ResourceTag/"
_CREATE_ACTION: Final = "ec2:CreateAction"


def folded(scopes: Iterable[Scope], actions: ActionList, *, exactly: bool, names: bool = False) -> tuple[Scope, ...]:
    """The scopes, those of one action on things with a tag of the program's as a single one.

    `names`: the last resort: what is named exactly, and asked for its tag besides, too.
    """
    granted: dict[tuple[str, Conditions], list[Scope]] = {}
    for scope in scopes:
        granted.setdefault((scope.action, scope.conditions), []).append(scope)
    found = (each for group in granted.values() for each in _folded(group, actions if exactly else None, names))
    return tuple(dict.fromkeys(found))


def _folded(group: list[Scope], actions: ActionList | None, names: bool) -> Iterator[Scope]:
    """The scopes of one action under the same conditions."""
    types = [scope for scope in group if _root(scope.resource, names)]
    yield from (scope for scope in group if not _root(scope.resource, names))
    roots = {_root(scope.resource, names) for scope in types}
    root = roots.pop() if len(roots) == 1 else ""
    if root and _folds(types, root, actions):
        yield types[0]._replace(resource=root + ANY_TYPE)
    else:
        yield from types


def _root(resource: str, names: bool) -> str:
    """`arn:aws:ec2:eu-west-1:123456789012:` of what names a whole type, or where that is wanted one name of it."""
    root, colon, rest = resource.rpartition(":")
    is_type = rest.count("/") == 1 and (names or rest.endswith("/*")) and not rest.startswith("*")
    return root + colon if is_type else ""


def _folds(group: list[Scope], root: str, actions: ActionList | None) -> bool:
    conditions = group[0].conditions
    if any(key == _CREATE_ACTION for _, key, _ in conditions):
        # What is tagged at its creation is of a type that the creating action allows: AWS's own example folds it.
        # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
        return True
    if not any(operator == "StringEquals" and key.startswith(_RESOURCE_TAG) for operator, key, _ in conditions):
        return False
    return actions is None or _fills(group, root, actions)


def _fills(group: list[Scope], root: str, actions: ActionList) -> bool:
    """Whether no type is left that AWS could ask about and that none of the scopes is for."""
    known = actions.action(group[0].action)
    named = frozenset(scope.resource for scope in group)
    return known is not None and all(root + f"{kind.name}/*" in named for kind in known.types if _is_asked(kind, root))


def _is_asked(kind: ResourceType, root: str) -> bool:
    """Whether a resource of the type can be below the root and is asked about with its tags."""
    keys = kind.keys or kind.type_keys
    below = any(matches(pattern, f"{root}{kind.name}/x") for pattern in kind.arns)
    return below and any(key.startswith(_RESOURCE_TAG) for key in keys)
