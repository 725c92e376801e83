"""Every case of tests/cases/checks: what was seen, the policies, and what each check says of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from narrowgate.calls import Fields
from narrowgate.checks import Subject, checks, findings
from narrowgate.policy import Document, from_value
from narrowgate.spec import Spec

FOLDER = Path(__file__).parents[1] / "cases" / "checks"
CASES = sorted(FOLDER.glob("*/*.json"))
BY_NAME = {check.name: check for check in checks()}
WISHES: dict[str, Any] = {
    "system": "abc",
    "region": "us-east-1",
    "installer": {"user": "Ann", "policy": "Installing"},
    "node": {"role": "Node", "policy": "Noding", "instance_profile": "Node"},
}
PLATFORM: dict[str, Any] = {
    "network": {"new": {"cidr": "10.0.0.0/16", "subnet": "10.0.0.0/24"}},
    "image": {"id": "ami-0123456789abcdef0"},
    "data": {"nodes": 1, "instance_type": "i3.2xlarge", "volume": {"size": 400}},
    "application": {"nodes": 1, "instance_type": "m5.4xlarge", "volume": {"size": 250}},
    "installer_cidr": "203.0.113.4/32",
    "public_key": "id_ed25519.pub",
    "shared_address": "10.0.0.200",
}
SPEC = Spec.model_validate(WISHES)


def document(value: Any) -> Document:
    found = from_value(value, "identity")
    assert isinstance(found, Document), str(found)
    return found


def subject(case: dict[str, Any]) -> Subject:
    seen = {address: None if found is None else Fields(found) for address, found in case.get("seen", {}).items()}
    policies = {
        address: document({"Version": "2012-10-17", "Statement": statements})
        for address, statements in case.get("policies", {}).items()
    }
    return Subject(spec(case), seen, policies)


def spec(case: dict[str, Any]) -> Spec:
    if "platform" not in case:
        return SPEC
    return Spec.model_validate({**WISHES, "platform": {**PLATFORM, **case["platform"]}})


def test_every_check_fires_in_a_case_and_is_silent_in_another() -> None:
    cases = [(path.parent.name, json.loads(path.read_text())["findings"]) for path in CASES]
    assert {name for name, found in cases if found} == set(BY_NAME)
    assert {name for name, found in cases if not found} == set(BY_NAME)


@pytest.mark.parametrize("path", CASES, ids=lambda p: f"{p.parent.name}: {p.stem}")
def test_case(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    found = list(BY_NAME[path.parent.name].find(subject(case)))
    assert len(found) == len(case["findings"]), found
    for finding, want in zip(found, case["findings"], strict=True):
        assert finding.check == path.parent.name
        assert (finding.severity, finding.subject) == (want["severity"], want["subject"])
        assert want["says"] in finding.evidence
        assert finding.fix


def test_nothing_is_found_where_nothing_is() -> None:
    assert findings(Subject(SPEC, {})) == ()


def test_checks_of_one_sort_are_those_of_that_sort() -> None:
    everything = json.loads((FOLDER / "pass_role" / "a role of any account and service.json").read_text())
    whole = subject({**everything, "seen": {"iam_user.installer": {"LoginProfiles": [""]}}})
    assert {f.check for f in findings(whole)} == {"pass_role", "console_password"}
    assert {f.check for f in findings(whole, about="account")} == {"console_password"}
    assert {f.check for f in findings(whole, about="policy")} == {"pass_role"}


@pytest.mark.parametrize("name", BY_NAME)
def test_every_check_says_what_it_is(name: str) -> None:
    assert BY_NAME[name].doc
    assert not BY_NAME[name].doc.endswith(".")
    assert BY_NAME[name].about in ("account", "policy", "spec")
