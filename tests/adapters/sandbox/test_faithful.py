"""IAM as AWS answers, where moto 5.2.5 does not: one test for each gap, with the page that it follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from adapters.sandbox.support import DOCUMENT, TRUST, Client, allow_everything, client, new_key, refusal

from narrowgate.adapters.sandbox.embedded import Embedded

pytestmark = pytest.mark.slow

TAGS = [{"Key": "owner", "Value": "narrowgate"}]


@pytest.fixture
def iam(aws: Embedded) -> Client:
    """IAM as the administrator."""
    return client(aws, "iam")


def a_policy(iam: Client, name: str = "p") -> str:
    arn: str = iam.create_policy(PolicyName=name, PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    return arn


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
def test_boundary_of_a_new_user_comes_back(iam: Client) -> None:
    boundary = a_policy(iam)
    iam.create_user(UserName="x", PermissionsBoundary=boundary)
    assert iam.get_user(UserName="x")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    assert "PermissionsBoundary" not in iam.list_users()["Users"][0]


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPermissionsBoundary.html
def test_boundary_of_a_user_is_put_and_deleted(iam: Client) -> None:
    boundary = a_policy(iam)
    iam.create_user(UserName="x")
    iam.put_user_permissions_boundary(UserName="x", PermissionsBoundary=boundary)
    assert iam.get_user(UserName="x")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary
    iam.delete_user_permissions_boundary(UserName="x")
    assert "PermissionsBoundary" not in iam.get_user(UserName="x")["User"]


def test_boundary_must_exist(iam: Client, aws: Embedded) -> None:
    missing = f"arn:aws:iam::{aws.account}:policy/missing"
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    assert refusal(iam.create_user, UserName="x", PermissionsBoundary=missing)[0] == "NoSuchEntity"
    assert refusal(iam.put_role_permissions_boundary, RoleName="r", PermissionsBoundary=missing)[0] == "NoSuchEntity"
    assert iam.list_users()["Users"] == []


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html and its siblings
def test_tags_come_back(iam: Client) -> None:
    iam.create_user(UserName="x", Tags=TAGS)
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, Tags=TAGS)
    iam.create_instance_profile(InstanceProfileName="i", Tags=TAGS)
    arn = iam.create_policy(PolicyName="p", PolicyDocument=DOCUMENT, Tags=TAGS)["Policy"]["Arn"]
    assert iam.get_user(UserName="x")["User"]["Tags"] == TAGS
    assert iam.get_role(RoleName="r")["Role"]["Tags"] == TAGS
    assert iam.get_policy(PolicyArn=arn)["Policy"]["Tags"] == TAGS
    assert iam.get_instance_profile(InstanceProfileName="i")["InstanceProfile"]["Tags"] == TAGS


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfileTags.html
def test_tags_of_an_instance_profile_are_listed(iam: Client) -> None:
    iam.create_instance_profile(InstanceProfileName="i", Tags=TAGS)
    assert iam.list_instance_profile_tags(InstanceProfileName="i")["Tags"] == TAGS
    iam.untag_instance_profile(InstanceProfileName="i", TagKeys=["owner"])
    assert iam.list_instance_profile_tags(InstanceProfileName="i")["Tags"] == []
    assert refusal(iam.list_instance_profile_tags, InstanceProfileName="j") == ("NoSuchEntity", 404)


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicyVersion.html
def test_policy_has_at_most_five_versions(iam: Client) -> None:
    arn = a_policy(iam)
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT)
    assert refusal(iam.create_policy_version, PolicyArn=arn, PolicyDocument=DOCUMENT) == ("LimitExceeded", 409)


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html
def test_user_has_at_most_two_keys(iam: Client) -> None:
    iam.create_user(UserName="x")
    new_key(iam, "x"), new_key(iam, "x")
    assert refusal(iam.create_access_key, UserName="x") == ("LimitExceeded", 409)


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
def test_user_has_at_most_ten_attached_policies_and_attaching_again_is_nothing(iam: Client) -> None:
    iam.create_user(UserName="x")
    arns = [a_policy(iam, f"p{n}") for n in range(11)]
    for arn in arns[:10]:
        iam.attach_user_policy(UserName="x", PolicyArn=arn)
        iam.attach_user_policy(UserName="x", PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arns[0])["Policy"]["AttachmentCount"] == 1
    assert refusal(iam.attach_user_policy, UserName="x", PolicyArn=arns[10]) == ("LimitExceeded", 409)


def _key(iam: Client) -> None:
    new_key(iam, "x")


def _attached(iam: Client) -> None:
    iam.attach_user_policy(UserName="x", PolicyArn=a_policy(iam))


def _inline(iam: Client) -> None:
    iam.put_user_policy(UserName="x", PolicyName="p", PolicyDocument=DOCUMENT)


def _group(iam: Client) -> None:
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="x")


def _password(iam: Client) -> None:
    iam.create_login_profile(UserName="x", Password="correct horse battery staple")


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html
@pytest.mark.parametrize("hang_on", [_key, _attached, _inline, _group, _password])
def test_user_with_anything_left_is_not_deleted(iam: Client, hang_on: Callable[[Any], None]) -> None:
    iam.create_user(UserName="x")
    hang_on(iam)
    assert refusal(iam.delete_user, UserName="x") == ("DeleteConflict", 409)


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html
def test_policy_in_use_is_not_deleted(iam: Client) -> None:
    arn = a_policy(iam)
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    assert refusal(iam.delete_policy, PolicyArn=arn) == ("DeleteConflict", 409)
    iam.detach_role_policy(RoleName="r", PolicyArn=arn)
    iam.create_user(UserName="x", PermissionsBoundary=arn)
    assert refusal(iam.delete_policy, PolicyArn=arn) == ("DeleteConflict", 409)
    iam.delete_user_permissions_boundary(UserName="x")
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT)
    assert refusal(iam.delete_policy, PolicyArn=arn) == ("DeleteConflict", 409)
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    iam.delete_policy(PolicyArn=arn)
    assert refusal(iam.get_policy, PolicyArn=arn) == ("NoSuchEntity", 404)


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html
def test_role_in_an_instance_profile_is_not_deleted(iam: Client) -> None:
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    iam.create_instance_profile(InstanceProfileName="i")
    iam.add_role_to_instance_profile(InstanceProfileName="i", RoleName="r")
    assert refusal(iam.delete_role, RoleName="r") == ("DeleteConflict", 409)
    assert refusal(iam.delete_instance_profile, InstanceProfileName="i") == ("DeleteConflict", 409)
    iam.remove_role_from_instance_profile(InstanceProfileName="i", RoleName="r")
    again = refusal(iam.remove_role_from_instance_profile, InstanceProfileName="i", RoleName="r")
    assert again == ("NoSuchEntity", 404)
    iam.delete_role(RoleName="r")


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroup.html
def test_group_with_a_member_is_not_deleted(iam: Client) -> None:
    iam.create_user(UserName="x")
    _group(iam)
    assert refusal(iam.delete_group, GroupName="g") == ("DeleteConflict", 409)


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: names are unique, not by case
@pytest.mark.parametrize("name", ["x", "X"])
def test_taken_name_exists_already(iam: Client, name: str) -> None:
    taken = ("EntityAlreadyExists", 409)
    iam.create_user(UserName="x")
    iam.create_role(RoleName="x", AssumeRolePolicyDocument=TRUST)
    iam.create_instance_profile(InstanceProfileName="x")
    a_policy(iam, "x")
    assert refusal(iam.create_user, UserName=name) == taken
    assert refusal(iam.create_role, RoleName=name, AssumeRolePolicyDocument=TRUST) == taken
    assert refusal(iam.create_instance_profile, InstanceProfileName=name) == taken
    assert refusal(iam.create_policy, PolicyName=name, PolicyDocument=DOCUMENT, Path="/q/") == taken


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html
def test_renamed_user_keeps_tags_and_keys(iam: Client, aws: Embedded) -> None:
    iam.create_user(UserName="x", Tags=TAGS)
    iam.create_user(UserName="taken")
    key = new_key(iam, "x")
    assert refusal(iam.update_user, UserName="x", NewUserName="taken") == ("EntityAlreadyExists", 409)
    iam.update_user(UserName="x", NewUserName="y")
    assert iam.get_user(UserName="y")["User"]["Tags"] == TAGS
    assert iam.get_access_key_last_used(AccessKeyId=key[0])["UserName"] == "y"
    assert client(aws, "sts", key).get_caller_identity()["Arn"].endswith("user/y")


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html
def test_updated_role_keeps_what_is_not_given(iam: Client) -> None:
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, Description="d", MaxSessionDuration=7200)
    iam.update_role(RoleName="r", MaxSessionDuration=3600)
    role = iam.get_role(RoleName="r")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("d", 3600)


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html
def test_without_a_name_a_key_call_is_about_the_caller(iam: Client, aws: Embedded) -> None:
    iam.create_user(UserName="x")
    iam.create_user(UserName="y")
    allow_everything(iam, "x")
    own, other = new_key(iam, "x"), new_key(iam, "y")
    mine = client(aws, "iam", own)
    assert mine.list_access_keys()["AccessKeyMetadata"][0]["AccessKeyId"] == own[0]
    assert refusal(mine.delete_access_key, AccessKeyId=other[0]) == ("NoSuchEntity", 404)
    assert refusal(iam.list_access_keys) == ("NoSuchEntity", 404)
    mine.delete_access_key(AccessKeyId=own[0])
    assert refusal(mine.list_access_keys) == ("InvalidClientTokenId", 403)


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
def test_unique_ids_and_dates_have_awss_form(iam: Client) -> None:
    user = iam.create_user(UserName="x")["User"]
    policy = iam.create_policy(PolicyName="p", PolicyDocument=DOCUMENT)["Policy"]
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]
    profile = iam.create_instance_profile(InstanceProfileName="i")["InstanceProfile"]
    ids = [user["UserId"], policy["PolicyId"], role["RoleId"], profile["InstanceProfileId"]]
    assert [one[:4] for one in ids] == ["AIDA", "ANPA", "AROA", "AIPA"]
    assert {len(one) for one in ids} == {21}
    dates = [user["CreateDate"], policy["CreateDate"], policy["UpdateDate"], role["CreateDate"]]
    assert {date.microsecond for date in dates} == {0}
    version = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId="v1")["PolicyVersion"]
    assert version["CreateDate"] == policy["CreateDate"]
