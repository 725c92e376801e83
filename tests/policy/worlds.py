"""Requests and layers drawn from small alphabets, so that patterns, values and principals collide.

One description serves hypothesis (`worlds`) and a plain seeded generator (`random_world`): all it asks
for is a number below another, and 0 is always the simplest choice.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import strategies as st
from policy.alphabet import (
    ACTIONS,
    CALLS,
    FAMILIES,
    OTHER_KEYS,
    PATTERNS,
    PRINCIPALS,
    REQUESTERS,
    ROLE_IDS,
    TRUST_ACTIONS,
    UNKNOWN,
    UNKNOWN_PRINCIPALS,
    USER_IDS,
    A,
    B,
)

from narrowgate.policy import Document, Kind, from_value
from narrowgate.policy.decision import Layers, Switches
from narrowgate.policy.request_context import Request, request

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class World:
    """What is asked, of which documents, under which switches."""

    request: Request
    layers: Layers
    switches: Switches


@dataclass(frozen=True, slots=True)
class Dice:
    """Choices out of one source of numbers: `below(n)` is at least 0 and less than n."""

    below: Callable[[int], int]

    def one(self, things: Sequence[T]) -> T:
        return things[self.below(len(things))]

    def often(self, times: int) -> bool:
        """False for 0, which is the simplest; True `times` times in ten."""
        return self.below(10) >= 10 - times

    def some(self, things: Sequence[T], most: int) -> list[T]:
        return [self.one(things) for _ in range(1 + self.below(most))]


def make(dice: Dice) -> World:
    """One world."""
    asked = _request(dice)
    return World(asked, _layers(dice, asked), _switches(dice))


def _request(dice: Dice) -> Request:
    action, resources = dice.one((*CALLS[:6], *CALLS))
    context = {key: _given(dice, family.given) for family in FAMILIES for key in family.keys if family.given}
    context |= {key: _given(dice, values) for key, values in OTHER_KEYS.items()}
    who = dice.one(REQUESTERS)
    context["aws:userid"] = dice.one(ROLE_IDS if who.role else USER_IDS)
    kept = {key: value for key, value in context.items() if dice.often(7)}
    resource = dice.one(resources)
    # Another account than the ARN's is refused.
    account = dice.one(("", "", "", "", A, A, B)) if not any(f":{owner}:" in resource for owner in (A, B)) else ""
    return request(who, action, resource, kept, account)


def _given(dice: Dice, values: Sequence[str]) -> str | list[str]:
    if dice.often(3):
        return [dice.one(values) for _ in range(dice.below(4))]
    return dice.one(values)


def _layers(dice: Dice, asked: Request) -> Layers:
    trust = asked.action.startswith("sts:") and asked.action != "sts:GetCallerIdentity"
    resource = _documents(dice, "trust" if trust else "resource", 2)[:1]
    session = _documents(dice, "identity", 2)[:1] if dice.often(3) else ()
    return Layers(
        identity=_documents(dice, "identity", 3),
        boundaries=_documents(dice, "boundary", 3) if dice.often(3) else (),
        session=session[0] if session else None,
        scps=_levels(dice, "scp") if dice.often(4) else (),
        rcps=_levels(dice, "rcp") if dice.often(3) else (),
        resource=resource[0] if resource else None,
        endpoints=_documents(dice, "resource", 3) if dice.often(2) else (),
    )


def _levels(dice: Dice, kind: Kind) -> tuple[tuple[Document, ...], ...]:
    return tuple(_documents(dice, kind, 3) for _ in range(1 + dice.below(2)))


def _documents(dice: Dice, kind: Kind, below: int) -> tuple[Document, ...]:
    return tuple(_document(dice, kind) for _ in range(dice.below(below)))


def _document(dice: Dice, kind: Kind) -> Document:
    statements = [_statement(dice, kind) for _ in range(1 + dice.below(3))]
    value: dict[str, Any] = {"Version": "2012-10-17", "Statement": statements}
    if kind not in ("scp", "rcp") and dice.often(2):
        value["Version"] = "2008-10-17"
    if value["Version"] == "2008-10-17" and dice.often(5):
        del value["Version"]
    for number, statement in enumerate(statements):
        if dice.often(2):
            statement["Sid"] = f"S{number}"
    found = from_value(value, kind, lenient=True)
    assert isinstance(found, Document), str(found)
    return found


def _statement(dice: Dice, kind: Kind) -> dict[str, Any]:
    if kind == "rcp" and dice.often(3):
        return {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    denies = kind == "rcp" or dice.often(2)
    made: dict[str, Any] = {"Effect": "Deny" if denies else "Allow"}
    if kind in ("resource", "trust"):
        negates = kind == "resource" and denies and dice.often(4)
        made["NotPrincipal" if negates else "Principal"] = _principal(dice, kind)
    if kind == "rcp":
        made["Principal"] = "*"
    negates_action = kind not in ("rcp", "trust") and dice.often(2)
    made["NotAction" if negates_action else "Action"] = dice.some(TRUST_ACTIONS if kind == "trust" else ACTIONS, 2)
    if kind != "trust":
        made["NotResource" if dice.often(2) else "Resource"] = dice.some(("*", "*", *PATTERNS), 3)
    if dice.often(4):
        made["Condition"] = dict(_condition(dice) for _ in range(1 + dice.below(2)))
    return made


def _principal(dice: Dice, kind: Kind) -> Any:
    return dice.one(UNKNOWN_PRINCIPALS) if kind == "resource" and dice.below(20) == 19 else dice.one(PRINCIPALS)


def _condition(dice: Dice) -> tuple[str, dict[str, list[str]]]:
    if dice.below(20) == 19:
        return dice.one(UNKNOWN), {"aws:RequestTag/a": ["a"]}
    family = dice.one(FAMILIES)
    key = dice.one(dice.one(FAMILIES).keys) if dice.often(2) else dice.one(family.keys)
    values = dice.some(family.listed, 2)
    if family.unreadable and dice.below(20) == 19:
        values.append(dice.one(family.unreadable))
    ending = "IfExists" if dice.often(3) and family.operators != ("Null",) else ""
    qualifier = dice.one(("", "", "", "ForAllValues:", "ForAnyValue:"))
    return qualifier + dice.one(family.operators) + ending, {dice.one((key, key.upper())): values}


def _switches(dice: Dice) -> Switches:
    return (
        Switches()
        if not dice.often(5)
        else Switches(
            resource_wildcards=dice.one(("segment-end", "whole")),
            everyone=dice.one(("limited", "unlimited")),
            not_principal=dice.one(("account-too", "any")),
            unresolved_variable=dice.one(("statement", "value")),
            many_values=dice.one(("any", "never")),
        )
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Worlds for hypothesis, which shrinks every choice towards the first."""
    return make(Dice(lambda n: draw(st.integers(0, n - 1))))


def random_world(rng: random.Random) -> World:
    """One world out of a seeded generator, for runs in volume."""
    return make(Dice(rng.randrange))
