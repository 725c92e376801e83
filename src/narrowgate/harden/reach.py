"""What a policy lets its holder do to others in the account: forbidden requests, each decided before and after. Pure.

A hole is closed when a request that the original allows is refused by the narrowed policy; nothing is told from the
text of a policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from narrowgate.catalogue.authorization import Authorization
from narrowgate.catalogue.facts import GLOBAL, HOME, Place
from narrowgate.harden.context import Context
from narrowgate.harden.narrowing import located, part_of, sets_tags
from narrowgate.harden.observed import Judge
from narrowgate.harden.original import Allowed
from narrowgate.policy.actions import ActionList
from narrowgate.policy.document import Document, Statement
from narrowgate.policy.request_context import Value
from narrowgate.policy.service import MUTATING, Action, ResourceType

ANOTHER: Final = "another"
OTHER_ACCOUNT: Final = "999999999999"
_ADMINISTRATOR: Final = "policy/AdministratorAccess"


@dataclass(frozen=True, slots=True)
class Reached:
    """A changing action on a resource type, by which others' things can be reached."""

    action: str
    type: str


@dataclass(frozen=True, slots=True)
class Hole:
    """Something dangerous that the original allows; whether the narrowed policy still does, and what would close it."""

    name: str
    what: str
    is_open: bool
    fix: str = ""


def regions_of(action: str, place: Place) -> tuple[str, ...]:
    """Where a request of an action may go: to the place's region or its partition's home; passing goes along."""
    home = HOME.get(place.partition, place.region)
    is_global = action.partition(":")[0] in GLOBAL and action != "iam:PassRole"
    return (home,) if is_global else tuple(dict.fromkeys((place.region, home)))


def may(judge: Judge, action: str, resource: str, keys: Mapping[str, Value], place: Place, type_: str = "") -> bool:
    """Whether the request is allowed in any region that it may go to."""
    return any(
        judge.allows(Authorization(action, resource, {**keys, "aws:RequestedRegion": region}, type=type_))
        for region in regions_of(action, place)
    )


def reached(
    documents: Sequence[Document], allows: Sequence[Allowed], context: Context, actions: ActionList
) -> tuple[Reached, ...]:
    """The pairs of a changing action and a type of which others' things in the account can be reached."""
    judge = Judge(documents, context.place)
    found: dict[Reached, None] = {}
    for name in sorted({name for allow in allows for name in allow.names}):
        action = actions.action(name)
        if action is not None and action.level in MUTATING and name not in _SEPARATE:
            for row in _others(action):
                if any(
                    may(judge, asked.action, asked.resource, asked.context, context.place, row.name)
                    for asked in _foreign(action, row, context)
                ):
                    found[Reached(name, row.name)] = None
    return tuple(found)


_SEPARATE: Final = frozenset({"iam:PassRole", "iam:CreateServiceLinkedRole"})


def _others(action: Action) -> Iterator[ResourceType]:
    return (row for row in action.types if part_of(action, row) in ("existing", "tagged"))


def _foreign(action: Action, row: ResourceType, context: Context) -> Iterator[Authorization]:
    """The request for somebody else's thing: tagged otherwise, in another VPC, with another instance profile."""
    place = context.place
    keys: dict[str, Value] = {
        "ec2:Vpc": place.arn("ec2", f"vpc/vpc-{ANOTHER}"),
        "ec2:Subnet": place.arn("ec2", f"subnet/subnet-{ANOTHER}"),
        "ec2:InstanceProfile": place.arn("iam", f"instance-profile/{ANOTHER}", region=""),
    }
    keys |= {f"aws:ResourceTag/{name}": ANOTHER for name in context.own.tags}
    keys |= {f"aws:RequestTag/{name}": value for name, value in context.own.tags.items()}
    for arn in row.arns:
        yield Authorization(action.name, located(arn, context).replace("*", ANOTHER), keys, type=row.name)


def holes(
    original: Sequence[Document], documents: Sequence[Document], allows: Sequence[Allowed], context: Context
) -> tuple[Hole, ...]:
    """The dangerous things that the original allows by passing and making roles, each asked of both."""
    before, after = _Probe(tuple(original), context), _Probe(tuple(documents), context)
    passed = _roles(allows, "iam:PassRole", context.place)
    made = _roles(allows, "iam:CreateRole", context.place)
    return tuple(
        Hole(name, what, after.ask(name, passed, made), fix)
        for name, (what, fix) in _QUESTIONS.items()
        if before.ask(name, passed, made)
    )


def among(before: Sequence[Reached], after: Sequence[Reached]) -> tuple[Hole, ...]:
    """The dangerous things among what reaches others: addresses taken, instances ended."""
    were, are = ({each.action for each in found} for found in (before, after))
    return tuple(
        Hole(name, what, bool(are & actions), fix) for name, (what, fix, actions) in _DEEDS.items() if were & actions
    )


def tagging_in(
    original: Sequence[Document],
    documents: Sequence[Document],
    allows: Sequence[Allowed],
    known: tuple[Context, ActionList],
) -> tuple[Hole, ...]:
    """Whether what has no owner can be tagged as the program's own, and so come within what its tag opens."""
    were, are = (_taggers(each, allows, *known) for each in (original, documents))
    if not were:
        return ()
    what = f"things without the tag tagged as the program's own, by {', '.join((are or were)[:5])}"
    return (Hole("tag-in", what, bool(are), "`--drop ACTION`"),)


def _taggers(
    documents: Sequence[Document], allows: Sequence[Allowed], context: Context, actions: ActionList
) -> tuple[str, ...]:
    """The tagging actions that put the program's tag on something that has none, outside a creation."""
    judge, own = Judge(documents, context.place), context.own.tags
    keys: dict[str, Value] = {"aws:TagKeys": tuple(own)}
    keys |= {f"aws:RequestTag/{name}": value for name, value in own.items()}
    names = sorted({name for allow in allows for name in allow.names}) if own else []
    found = [action for name in names if (action := actions.action(name)) and action.level == "Tagging"]
    return tuple(
        action.name
        for action in found
        if any(
            may(judge, action.name, located(arn, context).replace("*", ANOTHER), keys, context.place, row.name)
            for row in action.types
            for arn in row.arns
            if sets_tags(action, row)
        )
    )


_DEEDS: Final[Mapping[str, tuple[str, str, frozenset[str]]]] = {
    "assign-any-interface": (
        "the shared address, or any other, put on any network interface of the account, or taken from it",
        "`--own KEY=VALUE`, `--vpc ID` or `--subnet ID`",
        frozenset({"ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses"}),
    ),
    "terminate-any-instance": (
        "anyone's instances stopped or terminated",
        "`--own KEY=VALUE` or `--node-profile ARN`",
        frozenset({"ec2:StopInstances", "ec2:TerminateInstances"}),
    ),
}
_QUESTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "pass-role-any-service": ("a role passed to any service", "`--pass-to SERVICE`"),
    "pass-role-any-account": ("a role passed in any account", "`--account ID`"),
    "pass-any-role": ("any role of the account passed to EC2", "`--pass-role ARN`"),
    "pass-service-linked-role": ("service-linked roles passed", ""),
    "administrator": (
        "administrator in three calls: make a role that trusts oneself, give it AdministratorAccess, assume it",
        "`--boundary ARN`",
    ),
    "boundary-removed": ("the permissions boundary of roles that it makes taken away", "`--drop ACTION`"),
}


def _roles(allows: Sequence[Allowed], action: str, place: Place) -> tuple[str, ...]:
    """A role of the account for each resource pattern of an action's Allows."""
    patterns = {resource for allow in allows if action in allow.names for resource in allow.resources}
    tails = {pattern.split(":", 5)[-1] if pattern.count(":") >= 5 else "role/*" for pattern in patterns}
    named = sorted(tail for tail in tails if tail.startswith(("role/", "*")))
    return tuple(place.arn("iam", tail.replace("*", ANOTHER, 1).replace("*", ANOTHER), region="") for tail in named)


@dataclass(frozen=True, slots=True)
class _Probe:
    """Asks the documents for what nobody should be allowed."""

    documents: tuple[Document, ...]
    context: Context

    def ask(self, question: str, passed: Sequence[str], made: Sequence[str]) -> bool:
        """Whether what the question names is allowed, with any of the roles."""
        place = self.context.place
        ec2 = place.principal("ec2")
        ours = [role for role in passed if ":role/aws-service-role/" not in role]
        match question:
            case "pass-role-any-service":
                return self._passes(place, ours, place.principal("lambda"))
            case "pass-role-any-account":
                there = Place(place.partition, OTHER_ACCOUNT, place.region)
                return self._passes(there, [role.replace(place.account, OTHER_ACCOUNT) for role in ours], ec2)
            case "pass-any-role":
                return self._passes(place, [place.arn("iam", f"role/{ANOTHER}", region="")], ec2)
            case "pass-service-linked-role":
                linked = [role for role in passed if role not in ours]
                return any(self._passes(place, linked, place.principal(each)) for each in ("ec2", "autoscaling"))
            case "administrator":
                return any(self._becomes_administrator(role) for role in made)
        return any(self._becomes_unbounded(role) for role in made)

    def _passes(self, place: Place, roles: Sequence[str], service: str) -> bool:
        judge = Judge(self.documents, place)
        return any(may(judge, "iam:PassRole", role, {"iam:PassedToService": service}, place) for role in roles)

    def _becomes_administrator(self, role: str) -> bool:
        judge = Judge(self.documents, self.context.place)
        administrator = f"arn:{self.context.place.partition}:iam::aws:{_ADMINISTRATOR}"
        place = self.context.place
        return may(judge, "iam:CreateRole", role, {}, place) and (
            may(judge, "iam:AttachRolePolicy", role, {"iam:PolicyARN": administrator}, place)
            or may(judge, "iam:PutRolePolicy", role, {}, place)
        )

    def _becomes_unbounded(self, role: str) -> bool:
        judge = Judge(self.documents, self.context.place)
        bound: dict[str, Value] = {"iam:PermissionsBoundary": self.context.boundary} if self.context.boundary else {}
        place = self.context.place
        return may(judge, "iam:CreateRole", role, bound, place) and any(
            may(judge, f"iam:{verb}RolePermissionsBoundary", role, bound, place) for verb in ("Delete", "Put")
        )


def unread(kept: Sequence[Statement]) -> Iterator[Hole]:
    """Allows that are kept as they are: what they let through is not looked into."""
    count = sum(statement.effect == "Allow" for statement in kept)
    if count:
        what = f"{count} Allow with NotAction, NotResource or variables, kept as it is: what it reaches is not known"
        yield Hole("unread statements", what, is_open=True, fix="write it with Action and Resource")
