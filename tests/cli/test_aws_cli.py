"""Somebody else's program, the AWS CLI, reads back exactly what the plan said."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cli.person import ACCOUNT, AWS, Person

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not AWS.exists(), reason=f"the AWS CLI is not installed at {AWS}"),
]


def tags(listed: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in listed}


def of(plan: dict[str, Any], call: str, address: str) -> dict[str, Any]:
    """The parameters of the one such step."""
    (found,) = [s["params"] for s in plan["steps"] if s["call"] == call and s["address"] == address]
    assert isinstance(found, dict)
    return found


def test_the_aws_cli_reads_back_what_the_plan_said(person: Person, prefix: str) -> None:
    boundary = f"{prefix}Boundary"
    allow = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    document = ("--policy-document", json.dumps(allow))
    person.aws("iam", "create-policy", "--policy-name", boundary, *document)
    person.write(name_prefix=prefix, path="/platform/", tags={"team": "data"}, permissions_boundary=boundary)
    plan = person.narrowgate("plan", "--json").value
    assert person.narrowgate("setup", "--yes").code == 0

    name = f"{prefix}Provazio"
    wanted = of(plan, "iam:CreateUser", "iam_user.installer")
    user = person.aws("iam", "get-user", "--user-name", name)["User"]
    assert (user["UserName"], user["Path"]) == (wanted["UserName"], wanted["Path"]) == (name, "/platform/")
    assert user["PermissionsBoundary"]["PermissionsBoundaryArn"] == wanted["PermissionsBoundary"]
    listed = person.aws("iam", "list-user-tags", "--user-name", name)["Tags"]
    assert tags(listed) == tags(wanted["Tags"])
    assert tags(listed)["team"] == "data"

    wanted = of(plan, "iam:CreatePolicy", "iam_policy.installer")
    arn = f"arn:aws:iam::{ACCOUNT}:policy/platform/{wanted['PolicyName']}"
    attached = person.aws("iam", "list-attached-user-policies", "--user-name", name)["AttachedPolicies"]
    assert attached == [{"PolicyName": wanted["PolicyName"], "PolicyArn": arn}]
    version = person.aws("iam", "get-policy-version", "--policy-arn", arn, "--version-id", "v1")["PolicyVersion"]
    assert version["IsDefaultVersion"] is True
    assert version["Document"] == json.loads(wanted["PolicyDocument"])

    wanted = of(plan, "iam:CreateRole", "iam_role.node")
    role = person.aws("iam", "get-role", "--role-name", f"{prefix}IguazioDataScienceNode")["Role"]
    assert (role["RoleName"], role["Path"]) == (wanted["RoleName"], wanted["Path"])
    assert role["AssumeRolePolicyDocument"] == json.loads(wanted["AssumeRolePolicyDocument"])
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == wanted["PermissionsBoundary"]
    assert tags(role["Tags"]) == tags(wanted["Tags"])

    wanted = of(plan, "iam:CreateInstanceProfile", "iam_instance_profile.node")
    asked = ("--instance-profile-name", wanted["InstanceProfileName"])
    profile = person.aws("iam", "get-instance-profile", *asked)["InstanceProfile"]
    assert profile["Path"] == wanted["Path"]
    assert tags(profile["Tags"]) == tags(wanted["Tags"])
    assert [r["RoleName"] for r in profile["Roles"]] == [role["RoleName"]]

    (key,) = person.aws("iam", "list-access-keys", "--user-name", name)["AccessKeyMetadata"]
    held = (person.folder / "credentials.csv").read_text()
    assert key["Status"] == "Active"
    assert key["AccessKeyId"] in held


def test_the_stored_key_works_in_the_aws_cli(person: Person, prefix: str) -> None:
    assert person.narrowgate("setup", "--yes").code == 0
    key, secret = (person.folder / "credentials.csv").read_text().splitlines()[1].split(",")
    user = Person(person.folder, {**person.environ, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret})
    assert user.aws("sts", "get-caller-identity")["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/{prefix}Provazio"


def test_what_somebody_changed_with_the_aws_cli_is_drift(person: Person, prefix: str) -> None:
    assert person.narrowgate("setup", "--yes").code == 0
    name = f"{prefix}Provazio"
    person.aws("iam", "create-login-profile", "--user-name", name, "--password", "Correct-Horse-1")
    person.aws("iam", "untag-user", "--user-name", name, "--tag-keys", "narrowgate:address")
    done = person.narrowgate("drift")
    assert done.code == 10
    assert "console_password" in done.out
    assert "iam:TagUser" in done.out
    # What others added is shown, and removed only with --force.
    done = person.narrowgate("teardown", "--yes")
    assert done.code == 3
    assert "console password" in done.err
    assert person.narrowgate("teardown", "--yes", "--force").code == 0
