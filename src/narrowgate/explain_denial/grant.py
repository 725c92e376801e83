"""The smallest statement that allows one request, for the kind of document that it belongs in. Pure.

INVARIANT: no grant has a resource wider than the one that was asked about. What is not known is not made up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from narrowgate.catalogue.rule import RESERVED
from narrowgate.explain_denial.denied import Denied
from narrowgate.explain_denial.owners import document_of, principal_arn, principal_element
from narrowgate.policy.actions import ActionList
from narrowgate.policy.arn import parse_arn
from narrowgate.policy.decision import Layer
from narrowgate.policy.document import Kind
from narrowgate.policy.request_context import several

TRUST_ACTIONS: Final = frozenset(
    {
        "sts:assumerole",
        "sts:assumerolewithsaml",
        "sts:assumerolewithwebidentity",
        "sts:setcontext",
        "sts:setsourceidentity",
        "sts:tagsession",
    }
)
_KINDS: Final[Mapping[Layer, Kind]] = {
    "identity": "identity",
    "boundary": "boundary",
    "session": "identity",
    "scp": "scp",
    "rcp": "rcp",
    "resource": "resource",
    "endpoint": "resource",
}
_SCOPED: Final[Mapping[str, tuple[str, str]]] = {
    "ec2:createtags": ("StringEquals", "ec2:CreateAction"),
    "elasticloadbalancing:addtags": ("StringEquals", "elasticloadbalancing:CreateAction"),
    "iam:attachgrouppolicy": ("ArnEquals", "iam:PolicyARN"),
    "iam:attachrolepolicy": ("ArnEquals", "iam:PolicyARN"),
    "iam:attachuserpolicy": ("ArnEquals", "iam:PolicyARN"),
    "iam:createrole": ("StringEquals", "iam:PermissionsBoundary"),
    "iam:createservicelinkedrole": ("StringEquals", "iam:AWSServiceName"),
    "iam:createuser": ("StringEquals", "iam:PermissionsBoundary"),
    "iam:passrole": ("StringEquals", "iam:PassedToService"),
    "iam:putrolepermissionsboundary": ("StringEquals", "iam:PermissionsBoundary"),
    "iam:putuserpermissionsboundary": ("StringEquals", "iam:PermissionsBoundary"),
}
"""The condition that scopes an action which could otherwise be used to rise: operator and key.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/create-service-linked-role.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
"""
_DEMANDED: Final = frozenset({"iam:passrole", "iam:createservicelinkedrole"})


@dataclass(frozen=True, slots=True)
class Grant:
    """A statement, the layer that lacks it, the document it goes in, and what must be known about it."""

    layer: Layer
    kind: Kind
    document: str
    statement: Mapping[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """The resource of a grant, and why it is written so."""

    resource: str
    note: str = ""


def grant(denied: Denied, layer: Layer, actions: ActionList) -> Grant | None:
    """The statement for a layer; None where something is not known that it needs, or no Allow helps there."""
    if not denied.action or layer == "rcp":
        return None
    in_trust = layer == "resource" and denied.action.lower() in TRUST_ACTIONS
    where = place(denied, actions)
    who = principal_element(denied) if layer == "resource" else None
    if (where is None and not in_trust) or (layer == "resource" and who is None):
        return None
    statement: dict[str, Any] = {"Effect": "Allow"}
    if layer in ("resource", "endpoint"):
        statement["Principal"] = who if layer == "resource" else "*"
    statement["Action"] = denied.action
    if where is not None and not in_trust:
        statement["Resource"] = "*" if _is_key_policy(denied, layer) else where.resource
    condition = _condition(denied, layer)
    if condition:
        statement["Condition"] = condition
    notes = tuple(_notes(denied, layer, None if in_trust else where))
    return Grant(layer, "trust" if in_trust else _KINDS[layer], document_of(denied, layer), statement, notes)


def _is_key_policy(denied: Denied, layer: Layer) -> bool:
    """A key policy speaks of its own key, which it calls `*`.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html
    """
    return layer == "resource" and denied.action.startswith("kms:")


def place(denied: Denied, actions: ActionList) -> Place | None:
    """The resource of the request as a statement names it; None where it is not known."""
    told, known = denied.resource, actions.action(denied.action)
    if not told or RESERVED in told:
        return None
    if known is not None and not known.types:
        # AWS's messages name a resource for some of these too, such as the path that ListUsers lists.
        return Place("*", f"AWS cannot scope `{denied.action}`: its resource is always `*`")
    if told == "*":
        if known is None:
            return Place("*", f"`{denied.action}` is not among the known actions: AWS asked about the resource `*`")
        return Place("*", f"AWS asked about `*` here, although `{denied.action}` can be scoped in other calls")
    if parse_arn(told) is None:
        return _by_name(denied, actions)
    if told.endswith("/*") and ":s3:::" not in told:
        return Place(_literal(told), "the `*` is AWS's own: what the call makes has no id yet")
    return Place(_literal(told))


def _literal(arn: str) -> str:
    """The ARN as a pattern for itself alone, but for a `*` that AWS itself writes.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    text = arn.replace("${", "${$}{").replace("?", "${?}")
    return text.replace("*", "${*}") if ":s3:::" in arn else text


def _by_name(denied: Denied, actions: ActionList) -> Place | None:
    """The ARN of a resource that the message only names, where the action has one type with one open end."""
    types = actions.types_of(denied.action)
    patterns = {pattern for type_ in types for pattern in type_.arns}
    who = parse_arn(denied.principal)
    if len(patterns) != 1 or who is None or len(denied.resource) > 512:
        return None
    arn = parse_arn(patterns.pop())
    if arn is None or arn.resource.count("*") != 1 or not arn.resource.endswith("*"):
        return None
    region = "" if not arn.region else denied.region or "*"
    account = "" if not arn.account else denied.resource_account or who.account
    suffix = "-??????" if arn.service == "secretsmanager" else ""
    made = f"{arn.resource[:-1]}{_literal(denied.resource)}{suffix}"
    open_ = ", and no region: write it for the `*`" if region == "*" else ""
    drawn = "; the `??????` are the six characters that AWS adds to a secret's name" if suffix else ""
    return Place(f"arn:{who.partition}:{arn.service}:{region}:{account}:{made}", f"AWS gave only a name{open_}{drawn}")


def _condition(denied: Denied, layer: Layer) -> dict[str, dict[str, Any]]:
    """The conditions of the statement, as far as the values are known."""
    made: dict[str, dict[str, Any]] = {}
    if layer == "endpoint" and (arn := principal_arn(denied)):
        # In the policy of an endpoint, an ARN as Principal does not do for every kind of endpoint.
        # https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
        made["ArnEquals"] = {"aws:PrincipalArn": arn}
    if scoped := _SCOPED.get(denied.action.lower()):
        operator, key = scoped
        values = several(denied.context.get(key.lower()))
        if values:
            made.setdefault(operator, {})[key] = values[0] if len(values) == 1 else list(values)
    return made


def _notes(denied: Denied, layer: Layer, where: Place | None) -> Iterator[str]:
    if where is not None and where.note:
        yield where.note
    scoped = _SCOPED.get(denied.action.lower())
    if scoped and not denied.context.get(scoped[1].lower()):
        tagging_new = scoped[1].endswith(":CreateAction") and denied.resource.endswith("/*")
        if denied.action.lower() in _DEMANDED or tagging_new:
            yield f"add the condition {scoped[0]} {scoped[1]}: its value is not told, and without it this is too wide"
    if layer in ("resource", "endpoint") and denied.requester is not None:
        who = denied.requester
        if who.kind == "assumed-role" and not denied.role_arn:
            yield f"the role's ARN is written without a path: if the role `{who.role}` has one, add it"
    if layer == "session":
        yield "a session policy grants nothing: the role must be allowed it too"
    if layer == "boundary":
        yield "a boundary grants nothing: an identity policy must allow it too"
    if layer == "scp":
        yield "an SCP grants nothing: it must allow at every level, and the account's own policies too"
    if layer == "endpoint":
        yield "an endpoint policy grants nothing: it only lets pass what is allowed elsewhere"
