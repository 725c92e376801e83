"""From events to a policy: what the files tell is enough for every request, and for the next installation too."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from narrowgate.adapters.action_data import action_list
from narrowgate.adapters.cloudtrail import read_trail
from narrowgate.catalogue.authorization import Authorization
from narrowgate.derive.derivation import Derived, decided, derive
from narrowgate.derive.evidence import Evidence, evidence_of
from narrowgate.policy import Document, Layers, evaluate, from_value
from narrowgate.policy.actions import ActionList
from narrowgate.policy.request_context import Requester

INSTALLER = Path(__file__).parents[1] / "cases" / "cloudtrail" / "installer.json"
WHO = Requester("AWS", "arn:aws:iam::111122223333:role/ci/Installer")
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": "sts:AssumeRole",
    },
}
EC2 = "arn:aws:ec2:eu-west-1:111122223333"


@cache
def known() -> ActionList:
    return action_list()


@cache
def trust() -> Document:
    read = from_value(TRUST, "trust")
    assert isinstance(read, Document), read
    return read


def evidence(path: Path = INSTALLER) -> Evidence:
    trail = read_trail([path])
    return evidence_of(trail.happenings, trail.place, trail.origin, actions=known())


@cache
def derived() -> Derived:
    made = derive(evidence(), known(), holder="role")
    assert isinstance(made, Derived), made
    return made


def asked(found: Evidence) -> Iterator[Authorization]:
    for use in found.uses:
        yield from decided(use)


def denied(found: Evidence) -> list[str]:
    """The actions of the evidence that the policy does not allow; the trust policy of a role that is assumed does."""
    plain = Layers(identity=derived().documents)
    trusting = Layers(identity=derived().documents, resource=trust())
    return [
        one.action
        for one in asked(found)
        if evaluate(one.asked_by(WHO, {}), trusting if one.action == "sts:AssumeRole" else plain).outcome != "allowed"
    ]


def anew(folder: Path, *replaced: tuple[str, str]) -> Evidence:
    """The evidence of the same events with other ids."""
    text = INSTALLER.read_text()
    for old, new in replaced:
        text = text.replace(old, new)
    path = folder / "again.json"
    path.write_text(text)
    return evidence(path)


def test_every_request_of_the_trail_is_allowed() -> None:
    found = evidence()
    assert [left.what for left in found.left_out] == ["ec2:CreateVolume"]
    assert len(list(asked(found))) > 50 and denied(found) == []


def test_a_second_installation_with_other_ids_is_allowed(tmp_path: Path) -> None:
    ids = ["vpc-0a1", "subnet-0b1", "sg-0c1", "i-0e1", "eni-0f1", "lt-0g1", "key-AbCdEf"]
    others = [(each, each[:-3] + "999") for each in ids]
    assert denied(anew(tmp_path, *others)) == []


def test_another_installations_things_are_not_allowed(tmp_path: Path) -> None:
    other = set(denied(anew(tmp_path, ('"value": "one"', '"value": "two"'))))
    assert {"ec2:CreateVpc", "ec2:RunInstances", "ec2:DeleteVpc", "ec2:TerminateInstances", "ec2:CreateTags"} <= other


def test_an_instance_is_launched_into_what_the_program_made() -> None:
    (launch,) = [grant.scope for grant in derived().grants if _is(grant.scope, "ec2:RunInstances", "subnet")]
    assert launch.resource == f"{EC2}:subnet/*"
    conditions = json.loads(json.dumps(launch.conditions, default=str))
    assert "aws:ResourceTag/installation" in str(conditions) and "one" in str(conditions)


def test_the_role_that_is_passed_is_exact() -> None:
    (passed,) = {grant.scope.resource for grant in derived().grants if grant.scope.action == "iam:PassRole"}
    assert passed == "arn:aws:iam::111122223333:role/nodes/Node"


def _is(scope: Any, action: str, type_: str) -> bool:
    return bool(scope.action == action and f":{type_}/" in scope.resource)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("CreateSubnet", lambda event: event["responseElements"]["subnet"].pop("subnetId")),
        ("RunInstances", lambda event: event["requestParameters"].pop("tagSpecificationSet")),
        ("AddRoleToInstanceProfile", lambda event: event.update(errorCode="AccessDenied")),
        ("CreateVpc", lambda event: event["requestParameters"].pop("tagSpecificationSet")),
    ],
)
def test_what_an_event_does_not_tell_changes_the_policy(
    name: str, change: Callable[[Any], object], tmp_path: Path
) -> None:
    records = json.loads(INSTALLER.read_text())
    change(next(each for each in records["Records"] if each["eventName"] == name))
    path = tmp_path / "less.json"
    path.write_text(json.dumps(records))
    made = derive(evidence(path), known(), holder="role")
    assert isinstance(made, Derived)
    assert {grant.scope for grant in made.grants} != {grant.scope for grant in derived().grants}
