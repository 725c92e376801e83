"""The administrator's policy: what it lets through and what not, its size, both ARNs of a name under a path.

That it suffices is shown by the laws of the verbs, which all run under it on the enforcing sandbox.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from support.identity_spec import ACCOUNT, SINKS, identity_spec

from narrowgate.adapters.action_data import action_list
from narrowgate.adapters.sink_calls import sink_calls
from narrowgate.administrator import administrators, policy_text
from narrowgate.calls import Call, Fields
from narrowgate.catalogue.authorization import Requests, requests_of
from narrowgate.catalogue.facts import Place, nothing_known
from narrowgate.derive.derivation import Derived
from narrowgate.policy import Document, Layers, Requester, covers, evaluate, from_value, parse, size
from narrowgate.policy.actions import ActionList
from narrowgate.policy.verdict import Proved

CASES = json.loads((Path(__file__).parent / "cases" / "administrator" / "limits.json").read_text())
ADMIN = Requester("AWS", f"arn:aws:iam::{ACCOUNT}:user/admin")
QUOTA = 6_144
ALL: dict[str, Any] = {
    "path": "/platform/production/",
    "name_prefix": "corp-",
    "tags": {"Team": "data"},
    "permissions_boundary": "Bound",
}


@cache
def actions() -> ActionList:
    return action_list()


def derived(**settings: Any) -> Derived:
    spec = identity_spec(**settings)
    return administrators(spec, ACCOUNT, actions(), sink_calls(spec))


def text_of(**settings: Any) -> str:
    spec = identity_spec(**settings)
    return policy_text(spec, ACCOUNT, actions(), sink_calls(spec))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_it_lets_through_what_the_verbs_need_and_no_more(case: dict[str, Any]) -> None:
    service, operation = case["call"].split(":")
    documents = derived(**case.get("spec", {})).documents
    place = Place("aws", ACCOUNT, case.get("region", "eu-west-1"))
    asked = requests_of(Call(service, operation, Fields(case["params"])), place, nothing_known, actions())
    assert isinstance(asked, Requests)
    decisions = [
        evaluate(each.asked_by(ADMIN, {}), Layers(identity=documents)).outcome for each in asked.authorizations
    ]
    assert all(outcome == "allowed" for outcome in decisions) is case["allowed"], decisions


@pytest.mark.parametrize("region", ["eu-west-1", "cn-north-1", "us-gov-west-1"])
def test_with_every_option_it_is_one_managed_policy(region: str) -> None:
    (document,) = derived(region=region, **ALL).documents
    assert size(document.text()) <= QUOTA


def test_what_is_too_long_for_one_policy_is_several_and_one_text() -> None:
    long = "/" + "a" * 250 + "/" + "b" * 250 + "/"
    documents = derived(**{**ALL, "path": long}).documents
    assert len(documents) > 1
    assert all(size(document.text()) <= QUOTA for document in documents)
    whole = parse(text_of(**{**ALL, "path": long}), "identity")
    assert isinstance(whole, Document)
    assert isinstance(covers((whole,), documents), Proved)
    assert isinstance(covers(documents, (whole,)), Proved)


def test_under_a_path_both_arns_of_a_name_are_granted() -> None:
    documents = derived(path="/team/").documents
    for action, name in (
        ("CreateAccessKey", "user/team/Ann"),
        ("CreateAccessKey", "user/Ann"),
        ("GetRole", "role/Node"),
    ):
        one = from_value(
            {
                "Version": "2012-10-17",
                "Statement": {
                    "Effect": "Allow",
                    "Action": f"iam:{action}",
                    "Resource": f"arn:aws:iam::{ACCOUNT}:{name}",
                },
            },
            "identity",
        )
        assert isinstance(one, Document)
        assert isinstance(covers(documents, (one,)), Proved), (action, name)


def test_what_is_there_already_is_looked_at_under_its_path_from_the_first_look() -> None:
    grants = derived(path="/team/").grants
    phases = {
        g.scope.resource.rpartition(":")[2]: {use.happening.phase for use in g.uses}
        for g in grants
        if g.scope.action == "iam:GetUser"
    }
    assert set(phases) == {"user/team/Ann", "user/Ann"}
    assert "preflight" in phases["user/team/Ann"]


def test_every_grant_has_the_calls_that_need_it() -> None:
    found = derived(**ALL)
    assert all(grant.uses for grant in found.grants)
    wide = {grant.scope.action for grant in found.grants if grant.scope.wide and grant.scope.resource == "*"}
    assert wide == {"ssm:DescribeParameters"}


def test_the_same_spec_gives_the_same_bytes() -> None:
    assert text_of(**ALL) == text_of(**ALL)


def test_without_a_sink_in_aws_nothing_is_granted_outside_iam() -> None:
    services = {grant.scope.action.partition(":")[0] for grant in derived(credentials=SINKS[:1]).grants}
    assert services == {"iam"}


def test_a_key_of_the_persons_is_used_through_the_parameter_only() -> None:
    key = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/0d1b3a5c-0000-4000-8000-000000000000"
    sinks = [{"sink": "ssm", "name": "/demo/installer", "key_id": key}]
    granted = {g.scope.action: g.scope.resource for g in derived(credentials=sinks).grants if "kms:" in g.scope.action}
    assert granted == {"kms:Encrypt": key, "kms:Decrypt": key}
