"""Which requests the operation of a denial makes AWS decide, by the catalogue and the action data. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from narrowgate.catalogue.authorization import Authorization, Requests, UnknownOperation, requests_of, tables
from narrowgate.catalogue.facts import HOME, Place, nothing_known
from narrowgate.catalogue.rule import RESERVED, Rule
from narrowgate.explain_denial.denied import Denied
from narrowgate.policy.actions import ActionList
from narrowgate.policy.arn import parse_arn
from narrowgate.policy.request_context import Value

PASSED_TO: Final[Mapping[str, str]] = {
    "autoscaling": "ec2.amazonaws.com",
    "batch": "batch.amazonaws.com",
    "cloudformation": "cloudformation.amazonaws.com",
    "codebuild": "codebuild.amazonaws.com",
    "codepipeline": "codepipeline.amazonaws.com",
    "ec2": "ec2.amazonaws.com",
    "ecs": "ecs-tasks.amazonaws.com",
    "eks": "eks.amazonaws.com",
    "events": "events.amazonaws.com",
    "glue": "glue.amazonaws.com",
    "iam": "ec2.amazonaws.com",
    "lambda": "lambda.amazonaws.com",
    "rds": "rds.amazonaws.com",
    "sagemaker": "sagemaker.amazonaws.com",
    "scheduler": "scheduler.amazonaws.com",
    "states": "states.amazonaws.com",
}
"""To whom the operations of a service pass roles. IAM itself does so to put one in an instance profile.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

_CREATE_ACTION: Final[Mapping[str, str]] = {
    "ec2:createtags": "ec2:createaction",
    "elasticloadbalancing:addtags": "elasticloadbalancing:createaction",
}
"""Actions that tag what another operation makes, and the key that names that operation."""

_LINKED: Final = "role/aws-service-role/"


@dataclass(frozen=True, slots=True)
class Next:
    """Another request of the same call. `on` is its resource, or in words what it is asked on; "" where not known."""

    action: str
    on: str = ""
    certain: bool = False
    """Whether the call's parameters say that it is asked; else only some calls of the operation ask it."""


def completed(denied: Denied, actions: ActionList) -> Denied:
    """The denial with what its operation tells: the service, the action, and keys that follow from the call."""
    found = _with_service(denied, actions)
    found = _with_action(found, actions)
    if found.action and not found.resource and not types_of(found.action, actions):
        found = replace(found, resource="*") if actions.action(found.action) else found
    found = _with_owner(found)
    return replace(found, context={**_implied(found), **found.context})


def types_of(action: str, actions: ActionList) -> tuple[str, ...]:
    """The names of the action's resource types; none where AWS cannot scope it, or it is not known."""
    return tuple(type_.name for type_ in actions.types_of(action))


def _with_service(denied: Denied, actions: ActionList) -> Denied:
    """The service of an operation that only one service has, or that the denied action is of."""
    if not denied.operation:
        return denied
    if denied.service and actions.service(_prefix(denied.service)) is not None:
        known = _prefix(denied.service)
        if denied.source == "event" or not denied.action or _has(known, denied.operation, actions):
            return replace(denied, service=known)
    catalogued = set(_catalogued(denied.operation))
    homes = catalogued | set(_named(denied.operation, actions))
    if len(homes) == 1:
        return replace(denied, service=homes.pop())
    # The catalogue has the services that an installer calls: of MediaStore's PutObject and S3's, S3's is meant.
    likely = next(iter(catalogued)) if len(catalogued) == 1 else ""
    return replace(denied, service=likely, guessed_service=bool(likely))


def _prefix(service: str) -> str:
    table = tables().get(service)
    return (table.prefix or table.service) if table else service


def _has(prefix: str, operation: str, actions: ActionList) -> bool:
    return prefix in _catalogued(operation) or actions.action(f"{prefix}:{operation}") is not None


def _catalogued(operation: str) -> tuple[str, ...]:
    return tuple(table.prefix or table.service for table in tables().values() if operation in table.rules)


def _named(operation: str, actions: ActionList) -> tuple[str, ...]:
    return tuple(name.partition(":")[0] for name in actions.chosen(actions.select(f"*:{operation}")))


def candidates(denied: Denied, actions: ActionList) -> tuple[str, ...]:
    """The actions that may have been meant, where the denial does not name one."""
    if denied.action or not denied.operation:
        return ()
    if denied.service:
        return tuple(dict.fromkeys(rule.action for rule in rules_of(denied)))
    return tuple(f"{home}:{denied.operation}" for home in sorted(set(_named(denied.operation, actions))))


def rules_of(denied: Denied) -> tuple[Rule, ...]:
    """The catalogue's rules for the operation; none where it does not know it."""
    for table in tables().values():
        if (table.prefix or table.service) == denied.service and denied.operation in table.rules:
            return table.rules[denied.operation]
    return ()


def _with_action(denied: Denied, actions: ActionList) -> Denied:
    """The one action of the operation, where there is one; its resource, where the parameters name one."""
    if denied.action:
        found = actions.action(denied.action)
        return replace(denied, action=found.name) if found else denied
    asked = authorizations(denied, actions)
    if len(asked) == 1:
        told = asked[0]
        return replace(denied, action=told.action, resource=denied.resource or told.resource)
    names = tuple(dict.fromkeys(rule.action for rule in rules_of(denied)))
    if len(names) == 1:
        return replace(denied, action=names[0])
    if not names and denied.service and (found := actions.action(f"{denied.service}:{denied.operation}")):
        return replace(denied, action=found.name)
    return denied


def _with_owner(denied: Denied) -> Denied:
    """An owner that contradicts the ARN, or has no ARN, is none."""
    arn = parse_arn(denied.resource)
    account = denied.resource_account
    fits = arn is not None and account.isdecimal() and len(account) == 12 and arn.account in ("", account)
    return denied if fits or not account else replace(denied, resource_account="")


def authorizations(denied: Denied, actions: ActionList) -> tuple[Authorization, ...]:
    """All that AWS decides for the call; none where its parameters are not known."""
    arn = parse_arn(denied.principal)
    if denied.call is None or arn is None:
        return ()
    place = Place(arn.partition, arn.account, denied.region or HOME.get(arn.partition, "us-east-1"))
    found: Requests | UnknownOperation = requests_of(denied.call, place, nothing_known, actions)
    return () if isinstance(found, UnknownOperation) else found.authorizations


def _implied(denied: Denied) -> Mapping[str, Value]:
    """The keys on which AWS's practice scopes the action, as far as the call tells them."""
    made: dict[str, Value] = {}
    if denied.call is not None:
        arn = parse_arn(denied.principal)
        region = denied.region or (HOME.get(arn.partition, "") if arn else "")
        place = Place(arn.partition if arn else "aws", arn.account if arn else "", region)
        found = requests_of(denied.call, place, nothing_known)
        if isinstance(found, Requests):
            same = [a for a in found.authorizations if (a.action, a.resource) == (denied.action, denied.resource)]
            made |= {key.lower(): value for each in same[:1] for key, value in each.context.items()}
    lower, asked_for = denied.action.lower(), denied.resource.split(":", 5)[-1]
    if lower == "iam:passrole" and denied.operation and denied.service in PASSED_TO:
        made.setdefault("iam:passedtoservice", PASSED_TO[denied.service])
    elif lower == "iam:createservicelinkedrole" and asked_for.startswith(_LINKED):
        made.setdefault("iam:awsservicename", asked_for.removeprefix(_LINKED).partition("/")[0])
    elif (key := _CREATE_ACTION.get(lower)) and denied.operation not in ("", "CreateTags", "AddTags"):
        made.setdefault(key, denied.operation)
    return made


def following(denied: Denied, actions: ActionList) -> tuple[Next, ...]:
    """The other requests of the same call, in the catalogue's order; each may be denied next."""
    asked = authorizations(denied, actions)
    if asked:
        others = [a for a in asked if (a.action, a.resource) != (denied.action, denied.resource)]
        told = [Next(a.action, "" if RESERVED in a.resource else a.resource, certain=True) for a in others]
        return tuple(dict.fromkeys(told))
    operation = denied.operation or denied.action.partition(":")[2]
    known = denied if denied.operation else replace(denied, operation=operation)
    return tuple(dict.fromkeys((*_same_action(known, actions), *_other_actions(known))))


def _same_action(denied: Denied, actions: ActionList) -> Iterator[Next]:
    """The same action on the other types of resource that it always asks about."""
    required = [type_ for type_ in actions.types_of(denied.action) if type_.required]
    kind = denied.resource.split(":", 5)[-1].split("/")[0]
    if len(required) > 1 and denied.resource:
        yield from (Next(denied.action, type_.name, certain=True) for type_ in required if type_.name != kind)


def _other_actions(denied: Denied) -> Iterator[Next]:
    names = dict.fromkeys(rule.action for rule in rules_of(denied))
    yield from (Next(name) for name in names if name.lower() != denied.action.lower())
