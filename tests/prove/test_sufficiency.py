"""Sufficient: the cases, the fixes of what is missed, and what cannot be told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prove.example import HERE, INSTALLER, derived, document, evidence, happening, happenings, known

from narrowgate.calls import call
from narrowgate.catalogue.rule import reserved
from narrowgate.derive.evidence import Evidence, Origin, evidence_of
from narrowgate.policy import Layers
from narrowgate.policy.clause import Clause, Policy
from narrowgate.policy.request_context import Requester
from narrowgate.prove.sufficiency import Insufficient, Miss, Open, Sufficient, Unproven, sufficient

FILE = Path(__file__).parents[1] / "cases" / "prove" / "sufficiency.json"


def cases() -> Iterator[Any]:
    for name, case in json.loads(FILE.read_text()).items():
        yield pytest.param(case, id=name)


def layers_of(case: Mapping[str, Any]) -> Layers:
    def read(plain: Any, kind: str) -> Any:
        return document(json.dumps(plain), kind)

    def levels(name: str) -> tuple[Any, ...]:
        return tuple(tuple(read(each, name[:-1]) for each in level) for level in case.get(name, ()))

    given = [read(each, "identity") for each in case["identity"]] if "identity" in case else derived().documents
    return Layers(
        tuple(given),
        tuple(read(each, "boundary") for each in case.get("boundaries", ())),
        read(case["session"], "identity") if "session" in case else None,
        levels("scps"),
        levels("rcps"),
    )


def opened(found: object) -> tuple[Open, ...]:
    return found.why if isinstance(found, Unproven) else found.unproven if isinstance(found, Insufficient) else ()


@pytest.mark.parametrize("case", list(cases()))
def test_case(case: dict[str, Any]) -> None:
    expect = case["expect"]
    found = sufficient(evidence(), INSTALLER, layers_of(case), known(), context=case.get("context", {}))
    assert type(found).__name__ == expect["outcome"], found
    assert found.counted.calls == len(happenings())
    opens = opened(found)
    assert len(opens) == expect.get("open", 0), opens
    assert all(expect.get("why", "") in str(each) for each in opens)
    if isinstance(found, Insufficient):
        check_misses(found, expect)


def check_misses(found: Insufficient, expect: Mapping[str, Any]) -> None:
    assert len(found.misses) == expect["misses"]
    first = found.misses[0]
    assert {each.layer for each in found.misses} == {expect["layer"]}
    assert (first.uses[0].name, first.uses[0].happening.phase) == (expect["call"], expect["phase"])
    assert first.uses[0].happening.source in str(first)
    assert all(bool(each.fixes) is expect["fixed"] for each in found.misses)
    if "levels" in expect:
        assert [[fix.layer, fix.level] for fix in first.fixes] == expect["levels"]
    if "sid" in expect:
        assert [each.sid for each in first.statements] == [expect["sid"]]


def test_the_fixes_of_all_misses_together_suffice() -> None:
    found = sufficient(evidence(), INSTALLER, Layers(), known())
    assert isinstance(found, Insufficient)
    grants = tuple(fix.grant for miss in found.misses for fix in miss.fixes)
    assert isinstance(sufficient(evidence(), INSTALLER, Layers(identity=grants), known()), Sufficient)


def test_a_fix_is_narrow() -> None:
    fixes = {miss.uses[-1].name: miss for miss in missed(Layers())}
    statement = fixes["ec2:DeleteVpc"].fixes[0].statement
    assert statement == {
        "Effect": "Allow",
        "Action": "ec2:DeleteVpc",
        "Resource": "arn:aws:ec2:eu-west-1:123456789012:vpc/*",
        "Condition": {"StringEquals": {"aws:ResourceTag/narrowgate:installation": "demo"}},
    }


def missed(layers: Layers, of: Evidence | None = None) -> tuple[Miss, ...]:
    found = sufficient(of or evidence(), INSTALLER, layers, known())
    assert isinstance(found, Insufficient), found
    return found.misses


def test_a_call_that_is_added_is_missed() -> None:
    more = evidence((*happenings(), happening(call("ec2", "ModifyVpcAttribute", VpcId="vpc-1"), "operate")))
    (miss,) = missed(Layers(identity=derived().documents), more)
    assert (miss.asked.action, miss.uses[0].happening.phase, miss.layer) == (
        "ec2:ModifyVpcAttribute",
        "operate",
        "identity",
    )


def test_a_request_is_missed_once_and_names_all_its_calls() -> None:
    twice = evidence((*happenings(), *happenings()[1:2]))
    first, *_ = missed(Layers(), twice)
    assert [use.name for use in first.uses] == ["ec2:DescribeVpcs"] * 2


def test_evidence_without_a_call_proves_nothing() -> None:
    empty = evidence_of((), HERE, Origin("nobody's calls"))
    assert isinstance(sufficient(empty, INSTALLER, Layers(), known()), Unproven)


def test_an_operation_that_nobody_knows_is_open() -> None:
    more = evidence((*happenings(), happening(call("ec2", "InventSomething"))))
    found = sufficient(more, INSTALLER, Layers(identity=derived().documents), known())
    assert isinstance(found, Unproven)
    assert ["ec2:InventSomething" in str(each) for each in found.why] == [True]


def test_a_principal_whose_policies_are_not_given_is_open() -> None:
    others = (*happenings(), replace(happenings()[1], principal="node"))
    layers = {"installer": Layers(identity=derived().documents)}
    found = sufficient(evidence(others), {"installer": INSTALLER}, layers, known())
    assert isinstance(found, Unproven)
    assert [each.what for each in found.why] == ["the calls of `node`"]


def test_principals_have_their_own_policies() -> None:
    node = Requester(
        "AWS", "arn:aws:sts::123456789012:assumed-role/Node/i-1", role_arn="arn:aws:iam::123456789012:role/Node"
    )
    others = evidence((*happenings(), replace(happenings()[1], principal="node")))
    who = {"installer": INSTALLER, "node": node}
    documents = derived().documents
    both = {"installer": Layers(identity=documents), "node": Layers(identity=documents)}
    assert isinstance(sufficient(others, who, both, known()), Sufficient)
    found = sufficient(others, who, {**both, "node": Layers()}, known())
    assert isinstance(found, Insufficient)
    assert [miss.principal for miss in found.misses] == ["node"]


def test_a_policy_that_names_a_reserved_id_proves_nothing() -> None:
    arn = f"arn:aws:ec2:eu-west-1:123456789012:vpc/{reserved('vpc.main', 'VpcId')}"
    clause = Clause("Allow", ("ec2:DeleteVpc",), False, (arn,), False, None, (), None, True)
    layers = Layers(identity=(*derived().documents, Policy("identity", (clause,))))
    found = sufficient(evidence(), INSTALLER, layers, known())
    assert isinstance(found, Unproven)


def test_a_role_that_is_assumed_waits_for_its_trust_policy() -> None:
    arn = "arn:aws:iam::123456789012:role/app"
    made = evidence((happening(call("sts", "AssumeRole", RoleArn=arn, RoleSessionName="x")),))
    allowed = document(json.dumps({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn}]}))
    found = sufficient(made, INSTALLER, Layers(identity=(allowed,)), known())
    assert isinstance(found, Unproven)
    assert "policy of the resource" in str(found.why[0])
    (miss,) = missed(Layers(), made)
    assert miss.layer == "identity" and miss.fixes


def test_a_key_that_is_made_has_no_policy_of_its_own_yet() -> None:
    made = evidence((happening(call("kms", "CreateKey", Tags=[{"TagKey": "a", "TagValue": "b"}])),))
    layers = Layers(identity=derived(made).documents)
    assert isinstance(sufficient(made, INSTALLER, layers, known()), Sufficient)
