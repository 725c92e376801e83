"""Accounts of an organization: how the management account uses them, and what SCPs leave of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from adapters.sandbox.support import (
    Client,
    allow_everything,
    client,
    new_key,
    plain,
    refusal,
    session_client,
)

from narrowgate.adapters.sandbox.administrator import ADMIN
from narrowgate.adapters.sandbox.embedded import Embedded

pytestmark = pytest.mark.slow

DENIED = ("AccessDenied", 403)
DENIED_IN_EC2 = ("UnauthorizedOperation", 403)
ROLE = "OrganizationAccountAccessRole"


def an_organization(aws: Embedded) -> Client:
    """The client of an organization that uses SCPs."""
    made = client(aws, "organizations")
    made.create_organization(FeatureSet="ALL")
    root = made.list_roots()["Roots"][0]["Id"]
    made.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
    return made


def a_member(organizations: Client, name: str = "member", **more: Any) -> str:
    """The number of a new account."""
    status = organizations.create_account(Email=f"{name}@example.com", AccountName=name, **more)["CreateAccountStatus"]
    assert status["State"] == "SUCCEEDED"
    return str(status["AccountId"])


def credentials(aws: Embedded, member: str, role: str = ROLE) -> dict[str, Any]:
    """Credentials of the access role of a member."""
    reply = client(aws, "sts").assume_role(RoleArn=f"arn:aws:iam::{member}:role/{role}", RoleSessionName="visit")
    made: dict[str, Any] = reply["Credentials"]
    return made


def an_scp(organizations: Client, name: str, effect: str, action: str) -> str:
    """The id of a new SCP."""
    document = {"Version": "2012-10-17", "Statement": [{"Effect": effect, "Action": action, "Resource": "*"}]}
    given = {"Name": name, "Description": "d", "Type": "SERVICE_CONTROL_POLICY", "Content": json.dumps(document)}
    return str(organizations.create_policy(**given)["Policy"]["PolicySummary"]["Id"])


# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_access.html
def test_the_management_account_uses_a_member_by_its_access_role(aws: Embedded) -> None:
    member = a_member(an_organization(aws))
    given = credentials(aws, member)
    told = session_client(aws, "sts", given).get_caller_identity()
    assert (told["Account"], told["Arn"]) == (member, f"arn:aws:sts::{member}:assumed-role/{ROLE}/visit")
    iam = session_client(aws, "iam", given)
    assert iam.create_user(UserName="x")["User"]["Arn"] == f"arn:aws:iam::{member}:user/x"
    assert not client(aws, "iam").list_users()["Users"]
    vpc = session_client(aws, "ec2", given).create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]
    assert vpc["OwnerId"] == member
    assert vpc["VpcId"] not in [each["VpcId"] for each in client(aws, "ec2").describe_vpcs()["Vpcs"]]


def test_the_access_role_is_an_administrator_that_trusts_the_management_account(aws: Embedded) -> None:
    member = a_member(an_organization(aws), RoleName="Custom")
    iam = session_client(aws, "iam", credentials(aws, member, "Custom"))
    role = iam.get_role(RoleName="Custom")["Role"]
    assert role["Arn"] == f"arn:aws:iam::{member}:role/Custom"
    assert role["MaxSessionDuration"] == 3600
    trusted = role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
    assert trusted == {"AWS": f"arn:aws:iam::{aws.account}:root"}
    attached = iam.list_attached_role_policies(RoleName="Custom")["AttachedPolicies"]
    assert [each["PolicyName"] for each in attached] == ["AdministratorAccess"]


def test_in_another_partition_everything_is_of_that_partition(aws: Embedded) -> None:
    region = "cn-north-1"
    organizations = client(aws, "organizations", ADMIN, region)
    organizations.create_organization(FeatureSet="ALL")
    member = a_member(organizations)
    sts = client(aws, "sts", ADMIN, region)
    arn = f"arn:aws-cn:iam::{member}:role/{ROLE}"
    assert sts.assume_role(RoleArn=arn, RoleSessionName="visit")["AssumedRoleUser"]["Arn"].startswith("arn:aws-cn:sts:")
    wrong = {"RoleArn": f"arn:aws:iam::{member}:role/{ROLE}", "RoleSessionName": "visit"}
    assert refusal(client(aws, "sts").assume_role, **wrong) == DENIED


def test_the_management_account_has_no_access_role_and_no_ghost(aws: Embedded) -> None:
    organizations = an_organization(aws)
    assert not client(aws, "iam").list_roles()["Roles"]
    member = a_member(organizations)
    told = {each["Id"] for each in organizations.list_accounts()["Accounts"]}
    from moto.iam.models import iam_backends

    assert told == {aws.account, member} == set(iam_backends)


def test_a_user_needs_permission_to_go_there_and_strangers_never_get_there(aws: Embedded) -> None:
    organizations = an_organization(aws)
    one, two = a_member(organizations, "one"), a_member(organizations, "two")
    iam = client(aws, "iam")
    iam.create_user(UserName="x")
    wanted = {"RoleArn": f"arn:aws:iam::{one}:role/{ROLE}", "RoleSessionName": "visit"}
    sts = client(aws, "sts", new_key(iam, "x"))
    assert refusal(sts.assume_role, **wanted) == DENIED
    allow_everything(iam, "x")
    assert sts.assume_role(**wanted)["Credentials"]
    assert refusal(session_client(aws, "sts", credentials(aws, two)).assume_role, **wanted) == DENIED
    nobody = {**wanted, "RoleArn": "arn:aws:iam::999999999999:role/r"}
    assert refusal(client(aws, "sts").assume_role, **nobody) == DENIED


# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
def test_a_deny_on_the_root_holds_in_members_and_not_in_the_management_account(aws: Embedded) -> None:
    organizations = an_organization(aws)
    given = credentials(aws, a_member(organizations))
    root = organizations.list_roots()["Roots"][0]["Id"]
    ec2 = session_client(aws, "ec2", given)
    assert ec2.describe_vpcs()
    organizations.attach_policy(PolicyId=an_scp(organizations, "no", "Deny", "ec2:Describe*"), TargetId=root)
    assert refusal(ec2.describe_vpcs) == DENIED_IN_EC2
    # A user, for nothing at all limits the sandbox's administrator.
    iam = client(aws, "iam")
    iam.create_user(UserName="x")
    allow_everything(iam, "x")
    assert client(aws, "ec2", new_key(iam, "x")).describe_vpcs()


def test_every_level_between_root_and_account_must_allow(aws: Embedded) -> None:
    organizations = an_organization(aws)
    root = organizations.list_roots()["Roots"][0]["Id"]
    outer = organizations.create_organizational_unit(ParentId=root, Name="outer")["OrganizationalUnit"]["Id"]
    inner = organizations.create_organizational_unit(ParentId=outer, Name="inner")["OrganizationalUnit"]["Id"]
    member = a_member(organizations)
    given = credentials(aws, member)
    ec2, iam = session_client(aws, "ec2", given), session_client(aws, "iam", given)
    only = an_scp(organizations, "only", "Allow", "ec2:*")
    organizations.attach_policy(PolicyId=only, TargetId=outer)
    organizations.detach_policy(PolicyId="p-FullAWSAccess", TargetId=outer)
    assert iam.list_users()
    organizations.move_account(AccountId=member, SourceParentId=root, DestinationParentId=inner)
    assert refusal(iam.list_users) == DENIED
    assert ec2.describe_vpcs()
    organizations.attach_policy(PolicyId=an_scp(organizations, "no", "Deny", "ec2:*"), TargetId=member)
    assert refusal(ec2.describe_vpcs) == DENIED_IN_EC2
    organizations.move_account(AccountId=member, SourceParentId=inner, DestinationParentId=root)
    assert iam.list_users()


def test_a_members_own_user_is_limited_too(aws: Embedded) -> None:
    organizations = an_organization(aws)
    member = a_member(organizations)
    iam = session_client(aws, "iam", credentials(aws, member))
    iam.create_user(UserName="x")
    allow_everything(iam, "x")
    own = new_key(iam, "x")
    assert client(aws, "sts", own).get_caller_identity()["Arn"] == f"arn:aws:iam::{member}:user/x"
    assert client(aws, "iam", own).list_users()["Users"]
    organizations.attach_policy(PolicyId=an_scp(organizations, "no", "Deny", "iam:*"), TargetId=member)
    assert refusal(client(aws, "iam", own).list_users) == DENIED


@pytest.mark.parametrize("later", ["by the same credentials", "by new ones"])
def test_a_restart_makes_the_same_accounts_ids_and_credentials(tmp_path: Path, later: str) -> None:
    folder = tmp_path / "state"
    with Embedded(folder) as one:
        organizations = an_organization(one)
        member = a_member(organizations)
        given = credentials(one, member)
        session_client(one, "iam", given).create_user(UserName="x")
        session_client(one, "ec2", given).create_vpc(CidrBlock="10.9.0.0/16")
        before = _everything(one, given, organizations)
    with Embedded(folder) as again:
        used = given if later == "by the same credentials" else credentials(again, member)
        assert _everything(again, used, client(again, "organizations")) == before


def _everything(aws: Embedded, given: dict[str, Any], organizations: Client) -> list[Any]:
    iam, ec2 = session_client(aws, "iam", given), session_client(aws, "ec2", given)
    role = iam.get_role(RoleName=ROLE)["Role"]
    role.pop("RoleLastUsed", None)
    return [
        plain(organizations.list_accounts()),
        role,
        plain(iam.list_users()),
        sorted(each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"]),
    ]
