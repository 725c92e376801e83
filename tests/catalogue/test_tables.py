"""Every table against botocore's models and the Service Authorization Reference: nothing in it is made up.

Each operation is asked about with a synthetic call that has every parameter, and with the calls of the
cases; between them every rule must say something.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from catalogue.catalogued import HERE, Case, cases
from catalogue.synthetic import full_call, model

from narrowgate.adapters.action_data import action_list
from narrowgate.calls import Call
from narrowgate.catalogue.authorization import tables
from narrowgate.catalogue.facts import Place, nothing_known
from narrowgate.catalogue.rule import Asked, Rule, Table, Target
from narrowgate.policy.global_keys import GLOBAL_KEYS
from narrowgate.policy.matching import glob, one_of

KNOWN = action_list()
OPERATIONS = [(table, name) for table in tables().values() for name in table.rules]
CASES = tuple(cases())


def _calls(table: Table, operation: str) -> Iterator[tuple[Call, Case | None]]:
    yield full_call(table.service, operation), None
    for case in CASES:
        if case.call.service == table.service and case.call.operation == operation:
            yield case.call, case


def _asked(call: Call, case: Case | None) -> Asked:
    place: Place = case.place if case else HERE
    return Asked(call, place, case.facts if case else nothing_known)


def _fired(rule: Rule, table: Table, operation: str) -> Iterator[tuple[Target, set[str]]]:
    for call, case in _calls(table, operation):
        asked = _asked(call, case)
        for target in rule.on(asked) if rule.when(asked) else ():
            yield target, {name for keys in rule.keys for name in keys(asked, target)}


@pytest.mark.parametrize(("table", "operation"), OPERATIONS, ids=lambda x: x if isinstance(x, str) else x.service)
def test_the_operation_exists(table: Table, operation: str) -> None:
    assert operation in model(table.service).operation_names


@pytest.mark.parametrize(("table", "operation"), OPERATIONS, ids=lambda x: x if isinstance(x, str) else x.service)
def test_actions_resource_types_and_keys_exist(table: Table, operation: str) -> None:
    for rule in table.rules[operation]:
        action = KNOWN.action(rule.action)
        assert action is not None, f"{rule.action} does not exist"
        assert action.name == rule.action, f"AWS writes {action.name}"
        types = {type_.name: type_ for type_ in action.types}
        fired = list(_fired(rule, table, operation))
        assert fired, f"neither the synthetic call nor a case makes {rule.action} be asked for"
        for target, keys in fired:
            if target.arn == "*" and not target.type:
                assert not any(t.required for t in action.types), f"{rule.action} has resource types"
                possible = set(action.keys)
            else:
                assert target.type in types, f"{rule.action} has no resource type {target.type}, only {sorted(types)}"
                type_ = types[target.type]
                possible = {*action.keys, *type_.keys, *type_.type_keys}
            assert {k for k in keys if not _is_possible(k, possible)} == set(), f"{rule.action} on {target}"


def _is_possible(key: str, possible: set[str]) -> bool:
    """Global keys that speak of the request and not of tags are always there."""
    lower = key.lower()
    general = lower in GLOBAL_KEYS and lower not in ("aws:tagkeys",)
    return general or any(lower == p.lower() or (_opens(p) and lower.startswith(_opens(p))) for p in possible)


def _opens(key: str) -> str:
    """What comes before the open part of a key such as `aws:RequestTag/${TagKey}`."""
    head, sign, _ = key.lower().partition("${")
    return head if sign else ""


@pytest.mark.parametrize(("table", "operation"), OPERATIONS, ids=lambda x: x if isinstance(x, str) else x.service)
def test_arns_fit_their_type(table: Table, operation: str) -> None:
    """The ARN of a target is one that the reference's pattern for the type allows."""
    for rule in table.rules[operation]:
        for target, _ in _fired(rule, table, operation):
            # Where the call itself gives the ARN, the synthetic one has none.
            if target.arn == "*" or target.arn.startswith("x-"):
                continue
            types = {type_.name: type_ for type_ in KNOWN.types_of(rule.action)}
            patterns = tuple(pattern for pattern in types[target.type].arns)
            assert one_of(patterns, glob)(target.arn), f"{target.arn} is not {patterns}"


@pytest.mark.parametrize("table", tables().values(), ids=lambda table: table.service)
def test_effects_belong_to_operations(table: Table) -> None:
    assert set(table.effects) <= set(table.rules)
    for operation, effects in table.effects.items():
        for call, case in _calls(table, operation):
            for made in effects(_asked(call, case)):
                assert made.arn.startswith("arn:")
