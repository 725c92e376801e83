"""What `plan` says of the policies, and which of them `setup` refuses."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from support.account import Setting

from narrowgate.adapters.sandbox.recording import Recorded, Result, line_of
from narrowgate.calls import Call, call
from narrowgate.errors import Refused, UsageError
from narrowgate.verbs import planning
from narrowgate.verbs.policy_proofs import PolicyProof
from narrowgate.verbs.setup import setup

# Another account than the spec's: recordings are of the embedded AWS.
RECORDER = "arn:aws:iam::999999999999:user/vendor"


def yes(_: object) -> bool:
    return False


def proofs(setting: Setting) -> tuple[PolicyProof, ...]:
    with setting.site() as site:
        return planning.proved(site, planning.make(site)).proofs


def vendors(setting: Setting, actions: list[str], *calls: Call) -> None:
    """A vendor's file for the installer, and a recording of the vendor's program."""
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    role = "arn:aws:iam::$AWS_ACCOUNT_ID:role/IguazioDataScienceNode"
    passing: dict[str, Any] = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role}
    policy = {"Version": "2012-10-17", "Statement": [statement, passing]}
    (setting.folder / "vendor.json").write_text(json.dumps(policy))
    now = datetime(2026, 1, 1, tzinfo=UTC)
    lines = [
        line_of(Recorded(now, n, RECORDER, "AKIA", setting.region, made, Result(200)))
        for n, made in enumerate(calls, 1)
    ]
    (setting.folder / "vendor.jsonl").write_text("".join(lines))
    setting.write(installer={"policy_source": {"file": "vendor.json", "evidence": "vendor.jsonl"}})


def test_derived_policies_are_proved_for_the_reference_calls(setting: Setting) -> None:
    installer, node = proofs(setting)
    assert (installer.outcome, node.outcome) == ("proved", "proved")
    assert installer.whose.startswith("the reference installer") and "188 calls" in installer.summary


def test_a_file_without_evidence_is_not_asked_about(setting: Setting) -> None:
    vendors(setting, ["ec2:DescribeVpcs"])
    setting.write(installer={"policy_source": {"file": "vendor.json"}})
    installer, _ = proofs(setting)
    assert (installer.outcome, installer.whose) == ("not asked", "the program that vendor.json is for")
    with setting.site() as site:
        assert setup(site, yes).steps > 0


def test_a_file_is_proved_for_the_recording_of_its_program(setting: Setting) -> None:
    vendors(setting, ["ec2:Describe*"], call("ec2", "DescribeVpcs"))
    installer, _ = proofs(setting)
    assert (installer.outcome, installer.whose) == ("proved", f"{RECORDER} in vendor.jsonl")


def test_a_file_that_does_not_suffice_is_refused_unless_told(setting: Setting) -> None:
    vendors(setting, ["ec2:Describe*"], call("ec2", "DescribeVpcs"), call("ec2", "CreateVpc", CidrBlock="10.0.0.0/16"))
    before = setting.census()
    with setting.site() as site, pytest.raises(Refused, match=r"(?s)does not suffice.*ec2:CreateVpc.*--unproven"):
        setup(site, yes)
    assert setting.census() == before
    with setting.site(unproven=True) as site:
        assert setup(site, yes).steps > 0


def test_a_boundary_that_was_not_looked_at_is_said(setting: Setting) -> None:
    allow = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    setting.iam().create_policy(PolicyName="Edge", PolicyDocument=json.dumps(allow))
    setting.write(permissions_boundary="Edge")
    assert all("boundary is not looked at" in proof.summary for proof in proofs(setting))


def test_evidence_that_is_not_there_is_told_with_its_line(setting: Setting) -> None:
    vendors(setting, ["ec2:Describe*"], call("ec2", "DescribeVpcs"))
    (setting.folder / "vendor.jsonl").unlink()
    with pytest.raises(UsageError, match=r"platform.yaml:\d+: installer.policy_source.evidence: cannot read"):
        proofs(setting)
