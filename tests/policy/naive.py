"""A judge for the policy engine: docs/policy-engine.md written down once more, obvious before fast.

INVARIANT: it imports no evaluator and no matcher of `narrowgate.policy`, only the types.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from policy.naive_values import NEGATED, Expanded, compare, expand, glob, readable, segmented, taken_apart

from narrowgate.policy.decision import LAYERS, Deciding, Decision, Layer, Layers, Switches
from narrowgate.policy.document import Condition, Document, Patterns, Principal, Principals, Statement
from narrowgate.policy.request_context import Request, Requester

Levels: TypeAlias = "tuple[tuple[object, ...], ...]"
Rows: TypeAlias = "frozenset[str]"
"""How a Principal element names who asks: `itself`, `role`, `everyone`, `account`, `unknown`."""

DEFAULT = Switches()


@dataclass(frozen=True, slots=True)
class Found:
    """A statement that matches or is not evaluable: where it stands, and how it names who asks."""

    deciding: Deciding
    level: int
    matches: bool
    evaluable: bool
    rows: Rows


@dataclass(frozen=True, slots=True)
class Asked:
    """The request with what else a statement needs to know."""

    request: Request
    switches: Switches
    has_boundary: bool


def decide(request: Request, layers: Layers, switches: Switches = DEFAULT) -> Decision:
    """The decision of docs/policy-engine.md."""
    if request.principal.type == "AWS" and request.action.lower() in ("sts:getcalleridentity", "sts:getsessiontoken"):
        return Decision("allowed", None)
    levels = {layer: _levels(layer, request, layers) for layer in LAYERS}
    asked = Asked(request, switches, bool(levels["boundary"]))
    found = [f for layer in LAYERS for f in _layer_findings(layer, levels[layer], asked)]
    unknown = tuple(f.deciding for f in found if not f.evaluable)
    if denies := tuple(f.deciding for f in found if f.matches and f.deciding.effect == "Deny"):
        return Decision("explicitDeny", denies[0].layer, denies, unknown)
    if request.principal.kind == "root" and request.action.lower() == "sts:assumerole":
        return Decision("implicitDeny", "identity", (), unknown)
    allows = [f for f in found if f.matches and f.deciding.effect == "Allow"]
    ways = _ways(asked, allows)
    failing = [
        [layer for layer in LAYERS if layer in way and not _allows(layer, levels[layer], request, allows)]
        for way in ways
    ]
    if all(failing):
        return Decision("implicitDeny", failing[-1][0], (), unknown)
    way = ways[failing.index([])]
    named = tuple(f.deciding for f in allows if f.deciding.layer in (*way, "resource"))
    return Decision("allowed", "identity" if "identity" in way else "resource", named, unknown)


# The layers


def _levels(layer: Layer, request: Request, layers: Layers) -> Levels:
    """The documents of a layer that applies, by levels that must each allow; () where it does not."""
    who = request.principal
    if layer == "rcp":
        return () if _is_service_linked(who) else layers.rcps
    if layer == "resource":
        return ((layers.resource,),) if layers.resource else ()
    if layer == "endpoint":
        return tuple((document,) for document in layers.endpoints)
    if who.type != "AWS":
        return ()
    if layer == "scp":
        return () if _is_service_linked(who) else layers.scps
    if layer == "identity":
        return (layers.identity,)
    if layer == "boundary":
        # Only users and roles have one; a session counts as whose it is.
        return () if who.kind == "root" else tuple((document,) for document in layers.boundaries)
    if layers.session is None:
        # A federated user always has one: without it, it may do nothing by itself.
        return ((),) if who.kind == "federated-user" else ()
    return ((layers.session,),)


def _is_service_linked(who: Requester) -> bool:
    """A role or session under the path of such roles; where only a session's ARN is known, its name tells."""
    if who.kind == "role":
        return ":role/aws-service-role/" in who.arn
    if who.kind == "assumed-role" and who.role_arn:
        return ":role/aws-service-role/" in who.role_arn
    return ":assumed-role/AWSServiceRoleFor" in who.arn


def _layer_findings(layer: Layer, levels: Levels, asked: Asked) -> Iterator[Found]:
    policy = 0
    for level, documents in enumerate(levels):
        for document in documents:
            assert isinstance(document, Document), "the judge reads documents only"
            for index, statement in enumerate(document.statements):
                matches, evaluable, rows = _judge(statement, document.version == "2012-10-17", asked)
                if matches or not evaluable:
                    deciding = Deciding(layer, policy, index, statement.sid, statement.effect)
                    yield Found(deciding, level, matches, evaluable, rows)
            policy += 1


def _allows(layer: Layer, levels: Levels, request: Request, allows: list[Found]) -> bool:
    if layer == "identity" and request.principal.kind == "root":
        return True
    if layer == "resource" and not levels:
        return False
    return all(any(f.deciding.layer == layer and f.level == n for f in allows) for n in range(len(levels)))


def _ways(asked: Asked, allows: list[Found]) -> tuple[tuple[Layer, ...], ...]:
    """The layers that must allow: any of these ways will do, and the last one names what is missing.

    By the identity policies first, then by the most generous row that the resource policy reaches.
    """
    request = asked.request
    if request.principal.type != "AWS":
        return (("resource", "endpoint"),)
    by_both: tuple[Layer, ...] = ("scp", "resource", "identity", "boundary", "session", "endpoint")
    if request.principal.account != _owner(request):
        return (by_both,)
    by_identity = by_both if _always_has_policy(request) else ("scp", "identity", "boundary", "session", "endpoint")
    rows = {row for f in allows if f.deciding.layer == "resource" for row in f.rows}
    names_root = request.principal.kind == "root" and "account" in rows
    if "itself" in rows or names_root or ("everyone" in rows and asked.switches.everyone == "unlimited"):
        return (by_identity, ("scp", "resource", "endpoint"))
    if "role" in rows or "everyone" in rows:
        return (by_identity, ("scp", "resource", "boundary", "session", "endpoint"))
    return (by_identity,)


def _owner(request: Request) -> str:
    parts = request.resource.split(":")
    in_arn = parts[4] if len(parts) > 5 and re.fullmatch("[0-9]{12}", parts[4]) else ""
    return request.resource_account or in_arn or request.principal.account


def _always_has_policy(request: Request) -> bool:
    """Whether a role is assumed or a key is used: both always have a policy, whether it is given or not."""
    action, parts = request.action.lower(), request.resource.split(":", 5)
    if len(parts) < 6:
        return False
    assumes = action.startswith("sts:assumerole") or action in (
        "sts:tagsession",
        "sts:setsourceidentity",
        "sts:setcontext",
    )
    is_role = parts[2] == "iam" and parts[5].startswith("role/")
    is_key = parts[2] == "kms" and parts[5].startswith("key/")
    return (assumes and is_role) or (action.startswith("kms:") and is_key)


# A statement


def _judge(statement: Statement, variables: bool, asked: Asked) -> tuple[bool, bool, Rows]:
    """Whether it matches, whether it is evaluable (True where that does not matter), how it names."""
    principal, rows = _principal(statement.principals, asked)
    action = _action(statement.actions, asked.request)
    resource = _resource(statement.resources, variables, asked)
    if not (principal and action and resource):
        return False, True, rows
    if "unknown" in rows or not all(_is_evaluable(c, variables) for c in statement.conditions):
        return statement.effect == "Deny", False, rows
    return all(_condition(c, variables, asked) for c in statement.conditions), True, rows


def _action(actions: Patterns, request: Request) -> bool:
    named = any(glob(expand(p.value.lower()), request.action.lower()) for p in actions.items)
    return named != actions.negated


def _resource(resources: Patterns | None, variables: bool, asked: Asked) -> bool:
    if resources is None:
        return True
    named = False
    for pattern in resources.items:
        expanded = expand(pattern.value, asked.request.context if variables else None)
        if expanded is None and asked.switches.unresolved_variable == "statement":
            return False
        named = named or (expanded is not None and _resource_matches(expanded, asked))
    return named != resources.negated


def _resource_matches(expanded: Expanded, asked: Asked) -> bool:
    if asked.switches.resource_wildcards == "segment-end":
        expanded = segmented(expanded)
    return glob(expanded, asked.request.resource)


# Principals


def _principal(principals: Principals | None, asked: Asked) -> tuple[bool, Rows]:
    if principals is None:
        return True, frozenset({"everyone"})
    rows = frozenset(row for p in principals.items if (row := _row(p, asked.request)))
    if not principals.negated:
        return bool(rows), rows
    if asked.has_boundary:
        return True, rows
    return not _is_listed(rows - {"unknown"}, asked), rows


def _is_listed(rows: Rows, asked: Asked) -> bool:
    """Whether NotPrincipal exempts who asks."""
    who = asked.request.principal
    if who.type != "AWS" or asked.switches.not_principal == "any":
        return bool(rows)
    itself = "itself" in rows or "role" in rows or who.kind == "root"
    return "everyone" in rows or (itself and "account" in rows)


def _row(principal: Principal, request: Request) -> str:
    """The row of the table in which this name of who asks stands; "" where it is not named."""
    who, name = request.principal, principal.name
    if principal.kind == "CanonicalUser":
        return "unknown"
    if principal.kind == "Service":
        return "itself" if who.type == "Service" and who.service == name else ""
    if principal.kind == "Federated":
        return "itself" if who.type == "Federated" and who.provider == name else ""
    if name == "*":
        return "everyone"
    if who.type != "AWS":
        return ""
    account = re.fullmatch("([0-9]{12})|arn:[^:]+:iam::([0-9]{12}):root", name)
    if account:
        return "account" if who.account in account.groups() else ""
    if re.fullmatch("[A-Z0-9]+", name):
        return _unique_id_row(name, request)
    if name == who.arn and who.kind != "role":
        return "itself"
    return "role" if _is_role_of(name, request) else ""


def _unique_id_row(name: str, request: Request) -> str:
    given = request.context.get("aws:userid", ())
    values = (given,) if isinstance(given, str) else given
    userid = values[0] if len(values) == 1 else ""
    if userid != name and not userid.startswith(name + ":"):
        return ""
    is_role = request.principal.kind in ("role", "assumed-role") or userid != name
    return "role" if is_role else "itself"


def _is_role_of(name: str, request: Request) -> bool:
    who, parts = request.principal, name.split(":")
    if who.kind == "role":
        return name == who.arn
    if who.kind != "assumed-role":
        return False
    if who.role_arn:
        return name == who.role_arn
    is_role = parts[2] == "iam" and parts[5].startswith("role/")
    return is_role and parts[4] == who.account and parts[5].split("/")[-1] == who.arn.split("/")[1]


# Conditions


def _is_evaluable(condition: Condition, variables: bool) -> bool:
    _, name, _ = taken_apart(condition.operator)
    return all(readable(name, value.value, variables) for value in condition.values)


def _condition(condition: Condition, variables: bool, asked: Asked) -> bool:
    """Whether an evaluable condition holds. An unresolved variable makes it fail, which voids the statement."""
    qualifier, name, if_exists = taken_apart(condition.operator)
    context = asked.request.context if variables and name.startswith(("String", "Arn")) else None
    listed = [expand(value.value, context) for value in condition.values]
    if None in listed and asked.switches.unresolved_variable == "statement":
        return False
    given = asked.request.context.get(condition.key.lower(), ())
    values = (given,) if isinstance(given, str) else given
    if name == "Null":
        return any((v.value.lower() == "true") == (not values) for v in condition.values)
    if not values:
        return if_exists or qualifier == "ForAllValues:" or (name in NEGATED and not qualifier)
    holds = [_value_holds(name, value, [e for e in listed if e is not None]) for value in values]
    if qualifier:
        return all(holds) if qualifier == "ForAllValues:" else any(holds)
    if len(values) > 1 and asked.switches.many_values == "never":
        return False
    return all(holds) if name in NEGATED else any(holds)


def _value_holds(name: str, value: str, listed: list[Expanded]) -> bool:
    """Whether one value of the request holds by itself: meets one of the listed, or, negated, none."""
    met = any(compare(name, pattern, value) for pattern in listed)
    return met != (name in NEGATED)
