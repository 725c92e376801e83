"""How much policies allow, and how much of that is loose: one definition for ours and for everybody's. Pure.

A mutating action (AWS's levels Write, Tagging, Permissions management) is *loose* where some Allow statement

- has no condition, or conditions on the region only (`aws:RequestedRegion`, `ec2:Region`), and
- allows the action on `*`, or on a whole resource type of it (`arn:...:instance/*`; a region and an account in the
  ARN do not narrow a type), and
- AWS could scope it there: the action has that resource type, or a tag key of its own (`aws:RequestTag`,
  `aws:ResourceTag` or a service's `...ResourceTag`), by the Service Authorization Reference.

One loose type is enough, also where the statements for the action's other types are scoped. *Untagged* is the
stricter count: the same with any conditions at all, as long as none of them is on a tag (`iam:PassedToService` on every
role counts then). *Bare* is what published counts come nearest to: allowed on every resource of every type without any
condition, also none on the region, although AWS could scope it.

A Deny scopes nothing here, except that what it takes away whole is not allowed; `conditional_denies` tells of others.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from narrowgate.policy import Document, parse, size
from narrowgate.policy.actions import ActionList
from narrowgate.policy.arn import matches
from narrowgate.policy.document import Statement
from narrowgate.policy.permission_surface import surface
from narrowgate.policy.service import MUTATING, Action

QUOTA: Final = 6144
"""Characters of a managed policy: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html."""
Listed: TypeAlias = tuple[str, str, str]
"""Action, resource, and the reason that the certificate gives."""
REGIONS: Final = frozenset({"aws:requestedregion", "ec2:region"})


@dataclass(frozen=True, slots=True)
class Counted:
    """What some policies of one principal allow together. `loose`, `untagged`: action and resource, by action.

    `listed`: the loose ones that the certificate names, with the reason; None where there is no certificate.
    `sizes`: characters of each policy, as AWS counts them.
    """

    name: str
    actions: int
    mutating: int
    bare: int
    loose: tuple[tuple[str, str], ...]
    untagged: tuple[tuple[str, str], ...]
    sizes: tuple[int, ...]
    conditional_denies: int
    listed: tuple[Listed, ...] | None = None

    @property
    def loose_actions(self) -> int:
        """How many actions are loose."""
        return len({action for action, _ in self.loose})

    @property
    def untagged_actions(self) -> int:
        """How many actions no tag scopes on some whole type."""
        return len({action for action, _ in self.untagged})

    @property
    def unlisted(self) -> tuple[tuple[str, str], ...]:
        """What is loose and no certificate names."""
        named = {(action, resource) for action, resource, _ in self.listed or ()}
        return tuple(pair for pair in self.loose if pair not in named)

    @property
    def share(self) -> float:
        """Of the quota, the fullest policy."""
        return max(self.sizes) / QUOTA


def counted(name: str, texts: Sequence[str], actions: ActionList, listed: Iterable[Listed] | None = None) -> Counted:
    """Count policies together, by their JSON. `listed`: what a certificate names.

    Raises ValueError for a text that is no identity policy.
    """
    documents = [_document(name, text) for text in texts]
    whole = surface(documents, actions)
    statements = [statement for document in documents for statement in document.statements]
    allows = [each for each in statements if each.effect == "Allow"]
    mutating = [action for level in MUTATING for action in whole.actions_at(level)]
    bare = frozenset(whole.unrestricted)
    wanted = [found for action in mutating if (found := actions.action(action)) is not None]
    return Counted(
        name=name,
        actions=len(whole.actions),
        mutating=len(mutating),
        bare=sum(action.name in bare and _is_scopable(action) for action in wanted),
        loose=_pairs(wanted, allows, _has_region_only),
        untagged=_pairs(wanted, allows, _has_no_tag),
        sizes=tuple(map(size, texts)),
        conditional_denies=sum(each.effect == "Deny" and bool(each.conditions) for each in statements),
        listed=None if listed is None else tuple(sorted(set(listed))),
    )


def _document(name: str, text: str) -> Document:
    found = parse(text, "identity")
    if not isinstance(found, Document):
        raise ValueError(f"{name} is no identity policy: {found}")
    return found


def _pairs(
    actions: Iterable[Action], allows: Sequence[Statement], is_open: Callable[[Statement], bool]
) -> tuple[tuple[str, str], ...]:
    unscoped = [statement for statement in allows if is_open(statement)]
    found = {
        (action.name, resource)
        for action in actions
        for statement in unscoped
        if statement.names_action(action.name)
        for resource in _whole(action, statement)
    }
    return tuple(sorted(found))


def _has_region_only(statement: Statement) -> bool:
    return all(condition.key.lower() in REGIONS for condition in statement.conditions)


def _has_no_tag(statement: Statement) -> bool:
    return not any("tag/" in c.key.lower() or c.key.lower() == "aws:tagkeys" for c in statement.conditions)


def _whole(action: Action, statement: Statement) -> Iterator[str]:
    """The resources of a statement that are `*` or all of a type, where AWS could scope the action."""
    given = statement.resources
    patterns = ("*",) if given is None or given.negated else tuple(item.value for item in given.items)
    for pattern in patterns:
        if pattern.strip("*") == "":
            if _is_scopable(action):
                yield pattern
        elif any(_covers(pattern, arn) for type_ in action.types for arn in type_.arns if arn != "*"):
            yield pattern


def _covers(pattern: str, type_arn: str) -> bool:
    """Whether a resource is all of a type, in whatever partition, region and account."""
    ours, theirs = pattern.split(":", 5), type_arn.split(":", 5)
    if len(ours) == len(theirs) == 6:
        theirs = [theirs[0], ours[1], theirs[2], *ours[3:5], theirs[5]]
    return matches(pattern, ":".join(theirs))


def _is_scopable(action: Action) -> bool:
    return bool(action.types) or any("tag/" in key.lower() for key in action.keys)
