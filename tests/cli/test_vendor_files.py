"""Policy files in the shape of the vendor's: an EC2 one, and an EKS one with placeholders."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cli.person import ACCOUNT, Person

pytestmark = pytest.mark.slow

ROLE = "IguazioDataScienceNode"


def allow(action: Any, resource: Any = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


EC2 = {
    "Version": "2012-10-17",
    "Statement": [
        allow(["ec2:Describe*", "autoscaling:Describe*"]),
        allow(["ec2:RunInstances", "ec2:CreateVpc", "ec2:CreateSubnet", "ec2:CreateTags", "ec2:AllocateAddress"]),
        allow(["autoscaling:CreateAutoScalingGroup", "autoscaling:UpdateAutoScalingGroup"]),
        allow("iam:PassRole", f"arn:aws:iam::*:role/{ROLE}"),
    ],
}
EKS = {
    "Version": "2012-10-17",
    "Statement": [
        allow("ec2:*"),
        allow("eks:*"),
        allow(["iam:CreateRole", "iam:AttachRolePolicy"], ["arn:aws:iam::$AWS_ACCOUNT_ID:role/eksctl-*"]),
        allow(
            "iam:PassRole",
            ["arn:aws:iam::$AWS_ACCOUNT_ID:role/eksctl-*", f"arn:aws:iam::${{AWS_ACCOUNT_ID}}:role/{ROLE}"],
        ),
    ],
}


def write(person: Person, policy: Any, **wanted: Any) -> None:
    (person.folder / "vendor.json").write_text(json.dumps(policy, indent=2))
    person.write(installer={"policy_source": {"file": "vendor.json"}}, **wanted)


@pytest.mark.parametrize(("policy", "findings"), [(EC2, {"pass_role"}), (EKS, {"pass_role", "whole_services"})])
def test_a_vendors_file_sets_up_cleanly(alone: Person, policy: Any, findings: set[str]) -> None:
    write(alone, policy)
    planned = alone.narrowgate("plan", "--sandbox", "--json").value
    assert {f["check"] for f in planned["findings"]} == findings
    sent = next(s for s in planned["steps"] if s["address"] == "iam_policy.installer")["params"]["PolicyDocument"]
    assert "$" not in sent
    assert ("AWS_ACCOUNT_ID" in json.dumps(policy)) is (ACCOUNT in sent)
    done = alone.narrowgate("setup", "--sandbox", "--yes")
    assert done.code == 0, done.err
    # The findings about a policy that the person chose are no drift.
    assert alone.narrowgate("drift", "--sandbox").code == 0
    assert alone.narrowgate("teardown", "--sandbox", "--yes").code == 0


@pytest.mark.parametrize("wanted", [{"path": "/x/"}, {"name_prefix": "x-"}, {"node": {"role": "Another"}}])
@pytest.mark.parametrize("policy", [EC2, EKS])
def test_a_role_that_the_file_does_not_reach_is_refused(person: Person, policy: Any, wanted: dict[str, Any]) -> None:
    write(person, policy, **wanted)
    line = next(at for at, text in enumerate(json.dumps(policy, indent=2).splitlines(), 1) if f"role/{ROLE}" in text)
    for verb in ("plan", "setup"):
        done = person.narrowgate(verb, *(("--yes",) if verb == "setup" else ()))
        assert done.code == 2
        assert f"vendor.json:{line}:" in done.err
        assert ROLE in done.err


def test_a_hard_coded_partition_is_refused(person: Person) -> None:
    write(person, EC2, region="cn-north-1")
    done = person.narrowgate("plan", AWS_ACCESS_KEY_ID=person.environ["AWS_ACCESS_KEY_ID"])
    line = next(at for at, text in enumerate(json.dumps(EC2, indent=2).splitlines(), 1) if "arn:aws:" in text)
    assert done.code == 2, done.err
    assert f"vendor.json:{line}:" in done.err
    assert "aws-cn" in done.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"Version": "2012-10-17",', "vendor.json:1:"),
        (json.dumps(EC2).replace("Allow", "Permit", 1), "Permit"),
        (json.dumps(EC2).replace("arn:aws:iam::*", "arn:aws:iam::$ACCOUNT"), "$ACCOUNT"),
        (json.dumps(EC2).replace('"Statement"', '"Version": "2012-10-17", "Statement"'), "Version"),
        (
            json.dumps({"Version": "2012-10-17", "Statement": [allow([f"ec2:Action{n:04}" for n in range(500)])]}),
            "6144",
        ),
    ],
)
def test_what_aws_would_reject_is_refused_before_any_call(person: Person, text: str, words: str) -> None:
    write(person, EC2)
    (person.folder / "vendor.json").write_text(text)
    done = person.narrowgate("setup", "--yes")
    assert done.code == 2
    assert words in done.err


def test_a_missing_policy_file_is_named(person: Person) -> None:
    person.write(installer={"policy_source": {"file": "nowhere.json"}})
    done = person.narrowgate("plan")
    assert done.code == 2
    assert "nowhere.json" in done.err
