"""`narrowgate policy harden` at a shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.person import ACCOUNT, Person

pytestmark = pytest.mark.slow

CASES = Path(__file__).parent.parent / "cases" / "harden"
HERE = ("--account", ACCOUNT, "--region", "eu-west-1")


@pytest.fixture
def alone(alone: Person) -> Person:
    """With an installer's and a node's file in the vendor's shape."""
    for name in ("installer", "node"):
        case = json.loads((CASES / f"a{'n' * (name == 'installer')} {name} in the vendor's shape.json").read_text())
        (alone.folder / f"{name}.json").write_text(json.dumps(case["original"]))
    return alone


def test_a_person_sees_what_is_closed_and_what_stays_open(alone: Person) -> None:
    done = alone.narrowgate("policy", "harden", "node.json", *HERE)
    assert done.code == 10 and done.err == ""
    assert "OPEN   the shared address" in done.out and "contained in the original: proved" in done.out
    closed = alone.narrowgate("policy", "harden", "node.json", *HERE, "--vpc", "vpc-1")
    assert closed.code == 0 and "closed the shared address" in closed.out


def test_the_policies_are_written_and_lie_within_the_original(alone: Person) -> None:
    done = alone.narrowgate(
        "policy", "harden", "installer.json", *HERE, "--own", "team=data", "-o", "made.json", "--json"
    )
    assert done.code == 0 and done.value["files"] == ["made.json"]
    compared = alone.narrowgate("policy", "compare", "installer.json", "made.json")
    assert compared.code == 0 and "A allows more than B" in compared.out


def test_a_spec_gives_the_place_and_the_reference_calls(alone: Person) -> None:
    alone.write(account=ACCOUNT)
    done = alone.narrowgate("policy", "harden", "installer.json", "--spec", "platform.yaml", "--json")
    assert done.code == 10
    assert done.value["whose"].startswith("the reference installer") and done.value["sufficient"]
    assert {each["status"] for each in done.value["actions"]} == {"observed", "unobserved"}
    assert "ec2:CreateLaunchTemplate" in {each["action"] for each in done.value["lacking"]}


def test_bad_options_are_usage_errors(alone: Person) -> None:
    assert alone.narrowgate("policy", "harden", "node.json").code == 2
    assert alone.narrowgate("policy", "harden", "nothing.json", *HERE).code == 2


def test_a_file_that_allows_everything_stays_open_and_says_so(alone: Person) -> None:
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    (alone.folder / "all.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": statement}))
    done = alone.narrowgate("policy", "harden", "all.json", *HERE, "--own", "team=data", "--json")
    assert done.code == 10
    still = {each["name"] for each in done.value["holes"] if each["open"]}
    assert {"pass-role-any-service", "administrator", "boundary-removed", "tag-in"} <= still


def test_what_the_file_allows_in_another_region_only_is_not_lost_in_silence(alone: Person) -> None:
    statement = {
        "Effect": "Allow",
        "Action": "ec2:TerminateInstances",
        "Resource": f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/*",
    }
    (alone.folder / "other.json").write_text(json.dumps({"Version": "2012-10-17", "Statement": statement}))
    done = alone.narrowgate("policy", "harden", "other.json", *HERE)
    assert done.code == 10 and "ec2:TerminateInstances" in done.out and "eu-west-1 right?" in done.out
    done = alone.narrowgate("policy", "harden", "other.json", *HERE, "-o", "made.json")
    assert done.code == 3 and "nothing is allowed" in done.err and not (alone.folder / "made.json").exists()
