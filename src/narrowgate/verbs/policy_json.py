"""Requests and decisions to and from JSON values, in the words that the `policy` commands print and read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from narrowgate.policy import Explanation, Failure, Fault
from narrowgate.policy.decision import Deciding, Decision
from narrowgate.policy.lines import Number
from narrowgate.policy.place import shown
from narrowgate.policy.request_context import PrincipalType, Request, Requester

PRINCIPALS: Final[Mapping[PrincipalType, tuple[str, ...]]] = MappingProxyType(
    {"AWS": ("arn", "role_arn"), "Service": ("service",), "Federated": ("provider",), "Anonymous": ()}
)
"""The types of principal, and the fields that each has."""

WITHOUT_ROLE: Final[Mapping[str, str]] = MappingProxyType(
    {"user": "a user", "root": "an account root", "role": "a role itself", "federated-user": "a federated user session"}
)
"""The kinds of principal that are no session of a role, in words."""

PRINCIPAL_FIELDS: Final = frozenset({"type", *(name for names in PRINCIPALS.values() for name in names)})


class Faulty(Exception):
    """What was asked cannot be understood; `faults` say why."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__()
        self.faults = faults


def faulty(path: str, message: str) -> Faulty:
    """One fault, as an exception."""
    return Faulty(Fault(path, 0, 0, message))


def requester(value: object) -> Requester:
    """The principal that a JSON value names: an ARN, or an object with its type. Raises ValueError."""
    if type(value) is str:
        return Requester("AWS", value)
    if value is None:
        raise faulty("principal", 'is missing; an ARN, or {"type": "Anonymous"} for nobody')
    if not isinstance(value, dict):
        raise faulty("principal", "must be an ARN as text, or an object with a `type`")
    for name, text in value.items():
        if name not in PRINCIPAL_FIELDS:
            raise faulty("principal", f"{shown(name)} is not a field; there are {', '.join(sorted(PRINCIPAL_FIELDS))}")
        if text is not None and type(text) is not str:
            raise faulty(f"principal.{name}", "must be text")
    kind = next((known for known in PRINCIPALS if known == value.get("type")), None)
    if kind is None:
        raise faulty("principal.type", f"must be one of {', '.join(PRINCIPALS)}")
    who = Requester(kind, **{name: value.get(name) or "" for name in PRINCIPALS[kind]})
    if who.role_arn and (other := WITHOUT_ROLE.get(who.kind)):
        raise faulty(
            "principal.role_arn", f"goes with a session of that role; {shown(who.arn)} is {other}: leave it out"
        )
    return who


def context(value: object) -> Mapping[str, str | tuple[str, ...]]:
    """The context that a JSON value gives: texts, numbers and booleans, or lists of them. Raises ValueError."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise faulty("context", "must be an object of condition keys and their values")
    return {key: text if type(text) is str else _several(key, text) for key, text in value.items()}


def _several(key: str, value: object) -> str | tuple[str, ...]:
    if isinstance(value, list):
        return tuple(_one(key, item) for item in value)
    return () if value is None else _one(key, value)


def _one(key: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise faulty(f"context[{json.dumps(key)}]", "must be text, a number, a boolean, or a list of them")
    if isinstance(value, Number) and "e" in value.lower():
        # No operator reads it, and a Deny that compares it would not hold.
        raise faulty(f"context[{json.dumps(key)}]", f"the number {shown(value)} must be written without an exponent")
    return str(value)


def deciding_data(statement: Deciding) -> dict[str, object]:
    """A statement by its place, as the commands print it."""
    return {
        "layer": statement.layer,
        "policy": statement.policy,
        "index": statement.index,
        "sid": statement.sid,
        "effect": statement.effect,
    }


def decision_data(decision: Decision) -> dict[str, object]:
    """A decision as the commands print it, without the id."""
    return {
        "decision": decision.outcome,
        "layer": decision.layer,
        "statements": [deciding_data(statement) for statement in decision.statements],
        "not_evaluable": [deciding_data(statement) for statement in decision.not_evaluable],
    }


def request_data(asked: Request) -> dict[str, object]:
    """A request in the fields that `policy evaluate` reads."""
    made: dict[str, object] = {
        "principal": _principal_data(asked.principal),
        "action": asked.action,
        "resource": asked.resource,
        "context": {k: v if isinstance(v, str) else list(v) for k, v in sorted(asked.context.items())},
    }
    return {**made, "resource_account": asked.resource_account} if asked.resource_account else made


def _principal_data(who: Requester) -> object:
    if who.type == "AWS" and not who.role_arn:
        return who.arn
    given = {name: getattr(who, name) for name in PRINCIPALS[who.type]}
    return {"type": who.type, **{name: text for name, text in given.items() if text}}


def explanation_data(item: Explanation) -> dict[str, object]:
    """A statement and what failed in it, as `policy explain` prints it."""
    return {
        **deciding_data(item.place),
        "matched": item.matched,
        "not_evaluable": item.not_evaluable,
        "failed": [_failure_data(failure) for failure in item.failures],
        "void_variables": list(item.void),
    }


def _failure_data(failure: Failure) -> dict[str, object]:
    made: dict[str, object] = {
        "element": failure.element,
        "listed": list(failure.listed),
        "actual": None if failure.actual is None else list(failure.actual),
    }
    return {**made, "operator": failure.operator, "key": failure.key} if failure.operator else made
