"""The request of a denial, decided with policies that are at hand; and what must be added to them. Pure.

INVARIANT: a policy that was not given never decides. Where one is needed, one that allows everything stands in,
and `assumed` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from narrowgate.explain_denial.advice import crosses
from narrowgate.explain_denial.denied import Denied
from narrowgate.explain_denial.grant import TRUST_ACTIONS, Grant, grant
from narrowgate.explain_denial.owners import principal_arn, principal_element
from narrowgate.policy.actions import ActionList
from narrowgate.policy.clause import Readable
from narrowgate.policy.decision import Decision, Layer, Layers
from narrowgate.policy.document import Document, Kind
from narrowgate.policy.evaluation import evaluate
from narrowgate.policy.explanation import Explanation, explain
from narrowgate.policy.grammar import from_value
from narrowgate.policy.request_context import Request, request

Names = Mapping[Layer, tuple[str, ...]]
VERSION: Final = "2012-10-17"
_MOST: Final = 12  # layers and levels that may lack an Allow, one after another


@dataclass(frozen=True, slots=True)
class Given:
    """Policies at hand; `names` has what each is called, and only the layers that were given."""

    layers: Layers = field(default_factory=Layers)
    names: Names = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Decided:
    """What the given policies say. `explanations` are those of their statements that concern the action.

    `grants`: what they lack, layer by layer; `after`: the decision with these added.
    """

    decision: Decision
    explanations: tuple[Explanation, ...]
    assumed: tuple[Layer, ...]
    grants: tuple[Grant, ...]
    after: Decision


def asked(denied: Denied) -> Request | str:
    """The request of the denial, or why there is none to decide."""
    who = denied.requester
    if who is None or not denied.action or not denied.resource:
        missing = [name for name in ("principal", "action", "resource") if not getattr(denied, name)]
        return f"the {' and the '.join(missing)} must be known" if missing else "the principal is not known by its ARN"
    context = {"aws:principalarn": principal_arn(denied), **denied.context} if who.arn else denied.context
    try:
        return request(who, denied.action, denied.resource, context, denied.resource_account)
    except ValueError as error:
        return str(error)


def decided(denied: Denied, given: Given, actions: ActionList) -> Decided | str:
    """The decision with the given policies; or why none can be made."""
    made = asked(denied)
    if isinstance(made, str):
        return made
    layers, assumed = _complete(denied, given)
    first = decision = evaluate(made, layers)
    grants: list[Grant] = []
    while decision.outcome == "implicitDeny" and decision.layer and len(grants) < _MOST:
        found = grant(denied, decision.layer, actions)
        more = added(layers, found, made) if found else layers
        if found is None or more == layers:
            break
        grants.append(found)
        layers, decision = more, evaluate(made, more)
    own = tuple(e for e in explain(made, _complete(denied, given)[0]) if _is_given(e, given, denied))
    return Decided(first, own, assumed, tuple(grants), decision)


def _is_given(item: Explanation, given: Given, denied: Denied) -> bool:
    """Whether the statement is of a policy at hand, and concerns the action."""
    about = not any(failure.element in ("Action", "NotAction") for failure in item.failures)
    return about and item.place.layer in given.names


def _complete(denied: Denied, given: Given) -> tuple[Layers, tuple[Layer, ...]]:
    """The layers, with stand-ins for those that are needed and not given."""
    layers = given.layers
    assumed: list[Layer] = []
    if "identity" not in given.names:
        layers = replace(layers, identity=(_everything("identity"),))
        assumed.append("identity")
    needs = crosses(denied) or denied.action.lower() in TRUST_ACTIONS or denied.action.startswith("kms:")
    if needs and "resource" not in given.names and (who := principal_element(denied)) is not None:
        trust = denied.action.lower() in TRUST_ACTIONS
        layers = replace(layers, resource=_everything("trust" if trust else "resource", who))
        assumed.append("resource")
    return layers, tuple(assumed)


def _everything(kind: Kind, who: Any = None) -> Document:
    # A trust policy has no wildcard for its actions.
    statement: dict[str, Any] = {"Effect": "Allow", "Action": sorted(TRUST_ACTIONS) if kind == "trust" else "*"}
    if kind != "trust":
        statement["Resource"] = "*"
    return document(kind, statement if who is None else {**statement, "Principal": who})


def document(kind: Kind, statement: Mapping[str, Any]) -> Document:
    """A document of one statement. Raises ValueError where it is not sound: a bug of ours."""
    found = from_value({"Version": VERSION, "Statement": [dict(statement)]}, kind)
    if not isinstance(found, Document):
        raise ValueError(f"a grant that is no policy: {found}")
    return found


def added(layers: Layers, more: Grant, made: Request) -> Layers:
    """The layers with the grant in its place; in each document or level that does not allow it yet."""
    new = document(more.kind, more.statement)
    match more.layer:
        case "identity":
            return replace(layers, identity=(*layers.identity, new))
        case "boundary":
            return replace(layers, boundaries=tuple(_extended(each, new, made) for each in layers.boundaries))
        case "endpoint":
            return replace(layers, endpoints=tuple(_extended(each, new, made) for each in layers.endpoints))
        case "session":
            return replace(layers, session=_extended(layers.session, new, made) if layers.session else new)
        case "resource":
            return replace(layers, resource=_extended(layers.resource, new, made) if layers.resource else new)
        case "scp":
            return replace(layers, scps=tuple(_level(level, new, made) for level in layers.scps))
    return layers


def _level(level: tuple[Readable, ...], new: Document, made: Request) -> tuple[Readable, ...]:
    return level if any(_allows(each, made) for each in level) else (*level, new)


def _extended(old: Readable, new: Document, made: Request) -> Readable:
    """The document with the new statement, unless it allows already."""
    if _allows(old, made) or not isinstance(old, Document):
        return old
    return replace(old, statements=(*old.statements, *new.statements))


def _allows(each: Readable, made: Request) -> bool:
    """Whether an Allow of the document matches, whoever is named."""
    alone = Layers(scps=((each,),)) if each.kind != "resource" else Layers(resource=each)
    return any(found.matched and found.effect == "Allow" for found in explain(made, alone))
