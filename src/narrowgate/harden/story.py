"""What a person is told of a hardened policy: action by action, what is lacking, what AWS has closed. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from narrowgate.derive.evidence import Use
from narrowgate.harden.grants import Grant
from narrowgate.harden.hardening import Hardened
from narrowgate.harden.known_services import RETIRED
from narrowgate.harden.narrowing import is_linked
from narrowgate.harden.observed import Needed
from narrowgate.policy.actions import ActionList
from narrowgate.policy.service import MUTATING

Status: TypeAlias = Literal["observed", "unobserved", "dropped"]

LINKED_NOT_PASSED: Final = (
    "passing service-linked roles is left out: with its default role a service has nothing passed. Who names one of "
    "another suffix for an auto-scaling group needs it: say so with `--pass-role ARN --pass-to SERVICE`"
)


@dataclass(frozen=True, slots=True)
class Told:
    """One action of the original: whether it was observed, by which calls, and why its grants stay wide."""

    action: str
    changes: bool
    status: Status
    calls: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lack:
    """What the original does not allow although a call of the evidence needs it. `on`: the resource patterns' types."""

    action: str
    types: tuple[str, ...]
    calls: tuple[str, ...]


def told(found: Hardened, actions: ActionList) -> tuple[Told, ...]:
    """Every known action that the original's Allows select, by name."""
    by_name: dict[str, list[Grant]] = {}
    for grant in found.grants:
        for name in grant.names:
            by_name.setdefault(name, []).append(grant)
    names = sorted({name for allow in found.allows for name in allow.names})
    return tuple(_told(name, by_name.get(name, []), found, actions) for name in names)


def _told(name: str, grants: list[Grant], found: Hardened, actions: ActionList) -> Told:
    action = actions.action(name)
    changes = action is not None and action.level in MUTATING
    calls = found.seen.calls(name)
    status: Status = "observed" if calls and grants else "unobserved" if grants else "dropped"
    return Told(name, changes, status, calls, tuple(dict.fromkeys(g.scope.wide for g in grants if g.scope.wide)))


def lacks(found: Hardened) -> tuple[Lack, ...]:
    """What the original lacks for the evidence, by action."""
    by_action: dict[str, list[Needed]] = {}
    for each in found.seen.lacking:
        by_action.setdefault(each.asked.action, []).append(each)
    return tuple(
        Lack(name, tuple(sorted({n.asked.type for n in needed} - {""})), _calls(n.use for n in needed))
        for name, needed in sorted(by_action.items())
    )


def _calls(uses: Iterator[Use]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(use.name for use in uses))


def notes(found: Hardened, actions: ActionList) -> tuple[str, ...]:
    """What is dead, retired or spelled otherwise in the original, a sentence each."""
    return tuple(dict.fromkeys((*_of_actions(found), *_of_patterns(found, actions), *_of_roles(found))))


def _of_actions(found: Hardened) -> Iterator[str]:
    for name in sorted({name for allow in found.allows for name in allow.names}):
        if name in RETIRED:
            yield f"{name}: {RETIRED[name]}"


def _of_patterns(found: Hardened, actions: ActionList) -> Iterator[str]:
    for allow in found.allows:
        if not allow.names:
            yield f"{allow.pattern}: no action that is known; kept, as AWS may know it"
        elif allow.pattern != allow.names[0] and allow.pattern.lower() == allow.names[0].lower():
            yield f"{allow.pattern}: AWS spells it {allow.names[0]}; case does not count, it is the same action"
    if found.kept:
        yield "statements with Deny, NotAction, NotResource, or variables in some resources only are kept as they are"


def _of_roles(found: Hardened) -> Iterator[str]:
    for allow in found.allows:
        for resource in allow.resources:
            if "iam:CreateServiceLinkedRole" in allow.names and ":role/" in resource and not is_linked(resource):
                yield f"iam:CreateServiceLinkedRole on {resource}: dead, such roles are under role/aws-service-role/"
            if "iam:PassRole" in allow.names and is_linked(resource):
                yield LINKED_NOT_PASSED
        if "iam:CreateServiceLinkedRole" in allow.names and not _names_service(allow.conditions):
            yield (
                "iam:CreateServiceLinkedRole without iam:AWSServiceName makes the role of any service; kept for the "
                "services whose roles the file's own actions have made"
            )


def _names_service(conditions: tuple[tuple[str, str, tuple[str, ...]], ...]) -> bool:
    return any(key.lower() == "iam:awsservicename" for _, key, _ in conditions)
