"""The suite of the proofs runs, at tiny sizes, and says what it found; what counts as loose is pinned by cases."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from bench.policy_clock import Figures
from bench.policy_table import Machine
from bench.proofs_policies import MANAGED, default_spec, ours, theirs
from bench.proofs_run import Results, Settings, measure
from bench.proofs_runs import Enforced, Twice, missing
from bench.proofs_surface import Counted, counted
from bench.proofs_table import as_json, table
from bench.proofs_times import IDENTITY, MAKE, PARTIES, PLAN, PROVE, SHARE
from narrowgate.adapters.action_data import action_list
from narrowgate.verbs.identity_rehearsal import Enforced as Verbs

MACHINE = Machine(0.5, 0.6, ())
ACTIONS = lru_cache(action_list)
REGION_ONLY = {"StringEquals": {"aws:RequestedRegion": "eu-west-1", "ec2:Region": "eu-west-1"}}
INSTANCES = "arn:aws:ec2:eu-west-1:123456789012:instance/*"


def count(action: str, resource: str, condition: dict[str, Any] | None = None, **more: Any) -> Counted:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition or {}, **more}
    return counted("case", [json.dumps({"Version": "2012-10-17", "Statement": [statement]})], ACTIONS())


@pytest.mark.parametrize(
    ("action", "resource", "condition", "loose", "untagged", "bare"),
    [
        ("ec2:TerminateInstances", "*", None, 1, 1, 1),
        ("ec2:TerminateInstances", "*", REGION_ONLY, 1, 1, 0),
        ("ec2:TerminateInstances", INSTANCES, REGION_ONLY, 1, 1, 0),
        ("ec2:TerminateInstances", "arn:aws:ec2:*:*:*", None, 1, 1, 1),
        ("EC2:terminateinstances", "arn:*:ec2:*:*:instance/*", None, 1, 1, 1),
        ("ec2:TerminateInstances", INSTANCES, {"StringEquals": {"aws:ResourceTag/team": "a"}}, 0, 0, 0),
        ("ec2:TerminateInstances", INSTANCES, {"StringEquals": {"ec2:InstanceType": "t3.micro"}}, 0, 1, 0),
        ("ec2:TerminateInstances", "arn:aws:ec2:eu-west-1:123456789012:instance/i-1", None, 0, 0, 0),
        ("ec2:DescribeInstances", "*", None, 0, 0, 0),
        # AWS can scope neither.
        ("ec2:EnableEbsEncryptionByDefault", "*", None, 0, 0, 0),
        ("iam:PassRole", "arn:aws:iam::123456789012:role/*", {"StringEquals": {"iam:PassedToService": "x"}}, 0, 1, 0),
        ("iam:PassRole", "arn:aws:iam::123456789012:role/mine-*", None, 0, 0, 0),
        ("s3:PutObject", "arn:aws:s3:::*", None, 1, 1, 0),
        ("s3:PutObject", "arn:aws:s3:::mine/*", None, 0, 0, 0),
        # One type is enough, whatever the others are scoped by.
        ("ec2:RunInstances", "arn:aws:ec2:eu-west-1::image/*", None, 1, 1, 0),
    ],
)
def test_loose_is_what_no_tag_and_no_name_scopes_although_aws_could(
    action: str, resource: str, condition: dict[str, Any] | None, loose: int, untagged: int, bare: int
) -> None:
    found = count(action, resource, condition)
    assert (found.loose_actions, found.untagged_actions, found.bare) == (loose, untagged, bare)


def test_what_a_deny_takes_away_is_not_counted_and_a_narrower_deny_is_told() -> None:
    allow = {"Effect": "Allow", "Action": "ec2:TerminateInstances", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": "ec2:*", "Resource": "*"}
    narrow = {**deny, "Condition": {"StringNotEquals": {"aws:ResourceTag/team": "a"}}}

    def both(other: dict[str, Any]) -> Counted:
        return counted("case", [json.dumps({"Version": "2012-10-17", "Statement": [allow, other]})], ACTIONS())

    assert (both(deny).mutating, both(deny).loose, both(deny).conditional_denies) == (0, (), 0)
    assert (both(narrow).loose_actions, both(narrow).conditional_denies) == (1, 1)


def test_every_resource_but_one_is_every_resource() -> None:
    statement = {"Effect": "Allow", "Action": "ec2:TerminateInstances", "NotResource": INSTANCES + "x"}
    found = counted("case", [json.dumps({"Version": "2012-10-17", "Statement": [statement]})], ACTIONS())
    assert found.loose_actions == 1


def test_a_file_that_is_no_identity_policy_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text("{}")
    with pytest.raises(ValueError, match=r"the file mine\.json is no identity policy"):
        list(theirs(ACTIONS(), [file]))


@pytest.mark.slow
def test_ours_is_loose_only_where_the_certificate_says_why(tmp_path: Path) -> None:
    spec, file = default_spec(tmp_path)
    found = {each.name: each for each in ours(spec, file, ACTIONS())}
    assert list(found) == ["narrowgate: installer", "narrowgate: node", "narrowgate: administrator"]
    assert [each.unlisted for each in found.values()] == [(), (), ()]
    assert [each.bare for each in found.values()] == [0, 0, 0]
    assert found["narrowgate: installer"].loose == (("ec2:RunInstances", "arn:aws:ec2:eu-west-1::image/*"),)
    assert all(each.share <= 1 for each in found.values())
    # Not named, it would be told.
    unnamed = replace(found["narrowgate: installer"], listed=())
    assert unnamed.unlisted == unnamed.loose
    text = "\n".join(table(_made(unnamed), MACHINE))
    assert "not listed in the certificate (goal 0, MISSED): 1" in text
    assert "ec2:RunInstances on arn:aws:ec2:eu-west-1::image/*: NOTHING" in text


@pytest.mark.slow
def test_the_policies_of_peers_are_there_and_counted_by_the_same_rule() -> None:
    found = {each.name: each for each in theirs(ACTIONS())}
    assert list(found) == list(MANAGED)
    for each in found.values():
        assert each.listed is None
        assert each.bare <= each.loose_actions <= each.untagged_actions <= each.mutating <= each.actions
    kops, *_ = found.values()
    assert len(kops.sizes) == 7 and kops.loose_actions > 500


@pytest.mark.slow
def test_a_run_has_every_measure_and_says_what_is_missing() -> None:
    results = measure(Settings(rounds=1), lambda _: None)
    lines, found = "\n".join(table(results, MACHINE)), as_json(results, MACHINE)
    assert json.loads(json.dumps(found)) is not None
    assert [m["name"] for m in found["measures"] if m["goal"]] == [IDENTITY, PROVE]
    assert all(m["reached"] > 0 for m in found["measures"])
    assert {IDENTITY, PARTIES, MAKE} < set(found["first"])
    assert "ours, loose and not listed in the certificate (goal 0, met): 0" in lines
    for name in ("boto3", "AWS CLI", "JavaScript SDK"):
        assert (name in {each.name for each in results.programs}) is (missing(name) == "")
    assert all(each.ended_well and not each.denials and each.calls[0] == each.calls[1] for each in results.programs)
    assert [each.name for each in results.enforced] == ["installer", "node"]
    assert all(each.asked == each.calls and not each.denied for each in results.enforced)
    assert results.verbs is not None and results.verbs.verbs == ("setup", "drift", "rotate", "teardown")
    assert "denied or not decided (goal 0, met): 0 and 0" in lines


def test_goals_are_met_or_missed_and_denials_told() -> None:
    good = "\n".join(table(_made(), MACHINE))
    assert "MISSED" not in good and "BUSY" not in good
    assert "5.0 met" in good and "50% of a plan" in good
    bad = replace(
        _made(wall=10.0),
        programs=(Twice("boto3", (9, 8), ("ec2:CreateVpc: no",), False, 1, 2, 1, 1, (("a:B", "*", "why"),)),),
        enforced=(Enforced("node", 4, 3, ("refused",), ("a call: why",)),),
        verbs=Verbs(("setup",), 3, "iam:GetUser on x"),
        skipped={"AWS CLI": "not installed"},
    )
    text = "\n".join(table(bad, MACHINE))
    for told in (
        "0.5 MISSED",
        "THE MACHINE WAS BUSY",
        "denied (goal 0, MISSED): 1 of 8 calls",
        "boto3: ec2:CreateVpc: no",
        "boto3: a:B on *: why",
        "denied or not decided (goal 0, MISSED): 1 and 1",
        "node: refused",
        "node: a call: why",
        "denied (goal none, MISSED): iam:GetUser on x",
        "AWS CLI: skipped, not installed",
    ):
        assert told in text


def _made(*ours_: Counted, wall: float = 1.0) -> Results:
    def figures(seconds: float) -> Figures:
        return {"count": 1, "wall": seconds, "cpu": min(seconds, 1.0)}

    times = {name: [figures(wall)] for name in (IDENTITY, PARTIES, PROVE, PLAN)}
    times |= {MAKE: [figures(1.0)], SHARE: [figures(0.5)]}
    return Results(ours_, (), times, {IDENTITY: figures(2.0)})
