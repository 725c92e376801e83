"""`narrowgate policy harden` as a verb: where the place comes from, what is refused, what is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from adapters.sandbox.recordings import made

from narrowgate.adapters.sandbox.recording import line_of
from narrowgate.calls import call
from narrowgate.errors import UsageError
from narrowgate.policy import Proved
from narrowgate.verbs.harden import Answer, Asked, Site, hardened
from narrowgate.verbs.harden_json import answer_data
from narrowgate.verbs.policy_files import Files

CASES = Path(__file__).parent.parent / "cases" / "harden"
ACCOUNT = "123456789012"
HERE = Site(account=ACCOUNT, region="eu-west-1")


@pytest.fixture
def vendor(tmp_path: Path) -> Path:
    """An installer's file in the vendor's shape, with a placeholder."""
    case = json.loads((CASES / "an installer in the vendor's shape.json").read_text(encoding="utf-8"))
    path = tmp_path / "vendor.json"
    path.write_text(
        json.dumps(case["original"]).replace("arn:aws:iam::*:role/Nodes", "arn:aws:iam::$AWS_ACCOUNT_ID:role/Nodes")
    )
    return path


def answered(file: Path, **asked: Any) -> Answer:
    return hardened(Asked(str(file), **{"place": HERE, **asked}), Files(lambda: b""))


def test_placeholders_are_filled_in_and_the_result_is_contained(vendor: Path) -> None:
    answer = answered(vendor, place=Site(account=ACCOUNT, region="eu-west-1", own=("team=data",)))
    assert answer.made.contained == Proved("open")
    text = "".join(document.text() for document in answer.made.documents)
    assert f"arn:aws:iam::{ACCOUNT}:role/Nodes" in text and "$AWS" not in text
    assert not any(hole.is_open for hole in answer.holes) and not answer.reached_after
    assert answer.is_clean


def test_without_anything_that_marks_its_own_it_is_not_called_closed(vendor: Path) -> None:
    answer = answered(vendor)
    assert {hole.name for hole in answer.holes if hole.is_open} == {"assign-any-interface", "terminate-any-instance"}
    assert not answer.is_clean
    wide = next(each.wide for each in answer.told if each.action == "ec2:AssignPrivateIpAddresses")
    assert "`--own KEY=VALUE` or `--vpc ID` or `--subnet ID` would" in wide[0]


def test_a_services_principals_that_roles_are_passed_to_are_told(vendor: Path) -> None:
    assert "roles are passed to ec2.amazonaws.com only" in answered(vendor).assumed
    other = Site(account=ACCOUNT, region="eu-west-1", pass_to=("eks.amazonaws.com",))
    assert "roles are passed to eks.amazonaws.com only" in answered(vendor, place=other).assumed


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"place": Site(region="eu-west-1")}, "the account is not known"),
        ({"place": Site(account=ACCOUNT)}, "the region is not known"),
        ({"place": Site(account="1", region="eu-west-1")}, "`1` is no account"),
        ({"place": Site(account=ACCOUNT, region="nowhere")}, "`nowhere` is no region"),
        ({"place": Site(account=ACCOUNT, region="eu-west-1", own=("a=b",), untagged=True)}, "give one"),
        ({"place": Site(account=ACCOUNT, region="eu-west-1", own=("a",))}, "is no tag"),
        ({"drop": ("s3:GetObject",)}, "cannot drop `s3:GetObject`: the file does not allow it"),
        ({"drop_unobserved": True}, "`--drop-unobserved` needs evidence"),
    ],
)
def test_what_cannot_be_is_said(vendor: Path, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("`", ".")):
        answered(vendor, **asked)


def test_a_placeholder_that_is_left_over_is_a_fault_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "v.json"
    statement = {"Effect": "Allow", "Action": "iam:GetRole", "Resource": "arn:aws:iam::$OTHER_ACCOUNT:role/x"}
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    with pytest.raises(UsageError, match=r"v\.json:1:\d+: .*OTHER_ACCOUNT"):
        answered(path)


def test_the_answer_as_data_tells_every_action(vendor: Path) -> None:
    data = answer_data(answered(vendor))
    json.dumps(data)
    assert {each["status"] for each in data["actions"]} == {"unobserved"}
    assert len(data["actions"]) == data["before"]["actions"] == data["after"]["actions"]
    assert data["contained"] == {"verdict": "proved", "universe": "open"}
    assert data["before"]["scopable"] > data["after"]["scopable"] == 0
    assert data["whose"] is None


INSTALLER = Path(__file__).parent.parent / "cases" / "cloudtrail" / "installer.json"


def test_events_give_the_place_the_tags_and_what_is_needed(vendor: Path) -> None:
    answer = answered(vendor, place=Site(), trails=(str(INSTALLER),))
    assert answer.made.context.place.account == "111122223333" and answer.made.context.own.tags
    assert not answer.made.missing and answer.made.contained == Proved("open")
    assert answer.evidence is not None and "CloudTrail" in answer.evidence.whose
    status = {each.action: each.status for each in answer.told if each.changes}
    assert status["ec2:RunInstances"] == "observed" and status["ec2:StopInstances"] == "unobserved"
    assert answer.lacks


def test_a_recording_is_evidence(vendor: Path, tmp_path: Path) -> None:
    run = made(call("ec2", "CreateSubnet", VpcId="vpc-1", CidrBlock="10.0.0.0/24"))
    (tmp_path / "run.jsonl").write_text(line_of(run))
    answer = answered(vendor, place=Site(), recordings=(str(tmp_path / "run.jsonl"),), drop_unobserved=True)
    assert {each.action for each in answer.told if each.status == "observed"} == {"ec2:CreateSubnet"}
    assert not answer.made.missing


def test_evidence_of_another_account_is_refused(vendor: Path) -> None:
    with pytest.raises(UsageError, match="111122223333"):
        answered(vendor, trails=(str(INSTALLER),))


def test_what_is_left_out_of_the_evidence_is_told(vendor: Path, tmp_path: Path) -> None:
    unknown = made(call("ec2", "NobodyKnowsIt"))
    (tmp_path / "run.jsonl").write_text(line_of(unknown) + line_of(made(call("ec2", "DescribeVpcs"))))
    site = Site(account=ACCOUNT, region="eu-west-1", own=("team=data",))
    answer = answered(vendor, place=site, recordings=(str(tmp_path / "run.jsonl"),))
    assert not answer.is_clean
    assert "ec2:NobodyKnowsIt" in {each["what"] for each in answer_data(answer)["leftOut"]}
