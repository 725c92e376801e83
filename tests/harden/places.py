"""A place to harden policies for, and the known actions, read once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from narrowgate.adapters.action_data import action_list
from narrowgate.catalogue.facts import Place
from narrowgate.derive.scope import Own
from narrowgate.harden.context import Context
from narrowgate.policy import Document, from_value
from narrowgate.policy.actions import ActionList

PLACE = Place("aws", "123456789012", "eu-west-1")


@cache
def known() -> ActionList:
    return action_list()


def document(value: Mapping[str, Any]) -> Document:
    made = from_value(value, "identity")
    assert isinstance(made, Document), made
    return made


def allow(action: Any, resource: Any = "*", **condition: Any) -> dict[str, Any]:
    made = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**made, "Condition": condition} if condition else made


def policy(*statements: Mapping[str, Any]) -> Document:
    return document({"Version": "2012-10-17", "Statement": list(statements)})


def context(told: Mapping[str, Any]) -> Context:
    """The context that a case tells: names of roles, of the profile and of the boundary, ids of VPCs and subnets."""

    def named(kind: str, name: str) -> str:
        return PLACE.arn("iam", f"{kind}/{name}", region="")

    return Context(
        PLACE,
        Own(MappingProxyType(dict(told.get("own", {})))),
        vpcs=tuple(told.get("vpcs", ())),
        subnets=tuple(told.get("subnets", ())),
        profile=named("instance-profile", told["profile"]) if "profile" in told else "",
        roles=tuple(named("role", name) for name in told.get("roles", ())),
        boundary=named("policy", told["boundary"]) if "boundary" in told else "",
    )
