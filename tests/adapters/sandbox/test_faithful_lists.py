"""Lists of IAM: pages, filters, and AWS's own managed policies among them."""

from __future__ import annotations

from typing import Any

import pytest
from adapters.sandbox.support import DOCUMENT, TRUST, Client, client, refusal

from narrowgate.adapters.sandbox.embedded import Embedded

pytestmark = pytest.mark.slow

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture
def iam(aws: Embedded) -> Client:
    """IAM as the administrator."""
    return client(aws, "iam")


def filled(iam: Client) -> str:
    """Five of everything, all of it hanging on one policy, one user, one role and one group; the policy."""
    arns = [
        iam.create_policy(PolicyName=f"p{n}", PolicyDocument=DOCUMENT, Path="/p/")["Policy"]["Arn"] for n in range(5)
    ]
    for n in range(5):
        tags = [{"Key": f"k{m}", "Value": "v"} for m in range(5)]
        iam.create_user(UserName=f"u{n}", Path=f"/{n}/", Tags=tags)
        iam.create_group(GroupName=f"g{n}", Path=f"/{n}/")
        iam.create_role(RoleName=f"r{n}", Path=f"/{n}/", AssumeRolePolicyDocument=TRUST, Tags=tags)
        iam.create_instance_profile(InstanceProfileName=f"i{n}", Path=f"/{n}/", Tags=tags)
        iam.add_role_to_instance_profile(InstanceProfileName=f"i{n}", RoleName="r0")
        iam.attach_user_policy(UserName=f"u{n}", PolicyArn=arns[0])
        iam.attach_role_policy(RoleName=f"r{n}", PolicyArn=arns[0])
        iam.attach_group_policy(GroupName=f"g{n}", PolicyArn=arns[0])
        iam.add_user_to_group(GroupName=f"g{n}", UserName="u0")
    for n in range(5):
        if n:
            iam.attach_user_policy(UserName="u0", PolicyArn=arns[n])
            iam.attach_role_policy(RoleName="r0", PolicyArn=arns[n])
            iam.attach_group_policy(GroupName="g0", PolicyArn=arns[n])
            iam.add_user_to_group(GroupName="g0", UserName=f"u{n}")
            iam.create_policy_version(PolicyArn=arns[0], PolicyDocument=DOCUMENT)
        iam.put_user_policy(UserName="u0", PolicyName=f"q{n}", PolicyDocument=DOCUMENT)
        iam.put_role_policy(RoleName="r0", PolicyName=f"q{n}", PolicyDocument=DOCUMENT)
        iam.put_group_policy(GroupName="g0", PolicyName=f"q{n}", PolicyDocument=DOCUMENT)
    return str(arns[0])


LISTS: list[tuple[str, dict[str, Any], int]] = [
    ("list_users", {}, 5),
    ("list_groups", {}, 5),
    ("list_roles", {}, 5),
    ("list_instance_profiles", {}, 5),
    ("list_instance_profiles_for_role", {"RoleName": "r0"}, 5),
    ("list_policies", {"Scope": "Local"}, 5),
    ("list_attached_user_policies", {"UserName": "u0"}, 5),
    ("list_attached_role_policies", {"RoleName": "r0"}, 5),
    ("list_attached_group_policies", {"GroupName": "g0"}, 5),
    ("list_user_policies", {"UserName": "u0"}, 5),
    ("list_role_policies", {"RoleName": "r0"}, 5),
    ("list_group_policies", {"GroupName": "g0"}, 5),
    ("list_groups_for_user", {"UserName": "u0"}, 5),
    ("get_group", {"GroupName": "g0"}, 5),
    ("list_user_tags", {"UserName": "u0"}, 5),
    ("list_role_tags", {"RoleName": "r0"}, 5),
    ("list_instance_profile_tags", {"InstanceProfileName": "i0"}, 5),
    ("list_policy_versions", {"PolicyArn": ""}, 5),
    ("list_entities_for_policy", {"PolicyArn": ""}, 15),
    ("get_account_authorization_details", {}, 20),
]


def things(reply: dict[str, Any]) -> list[Any]:
    return [one for value in reply.values() if isinstance(value, list) for one in value]


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html and its siblings
def test_every_list_comes_in_pages_of_the_size_that_was_asked_for(iam: Client) -> None:
    arn = filled(iam)
    for operation, params, count in LISTS:
        given = {name: value or arn for name, value in params.items()}
        whole = getattr(iam, operation)(**given)
        assert len(things(whole)) == count, operation
        assert (whole["IsTruncated"], "Marker" in whole) == (False, False), operation
        seen: list[Any] = []
        marker: dict[str, str] = {}
        pages = 0
        for _ in range(9):
            pages += 1
            page = getattr(iam, operation)(**given, MaxItems=3, **marker)
            seen += things(page)
            if not page["IsTruncated"]:
                break
            assert len(things(page)) == 3, operation
            marker = {"Marker": page["Marker"]}
        assert pages == -(-count // 3), operation
        assert sorted(map(repr, seen)) == sorted(map(repr, things(whole))), operation


def test_default_page_has_a_hundred_and_names_are_in_order(iam: Client) -> None:
    for n in reversed(range(101)):
        iam.create_user(UserName=f"u{n:03}")
    page = iam.list_users()
    assert (len(page["Users"]), page["IsTruncated"]) == (100, True)
    assert [user["UserName"] for user in page["Users"]] == [f"u{n:03}" for n in range(100)]
    assert [u["UserName"] for u in iam.list_users(Marker=page["Marker"])["Users"]] == ["u100"]
    pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 7})
    assert len([user for one in pages for user in one["Users"]]) == 101


def test_false_marker_is_refused(iam: Client) -> None:
    iam.create_user(UserName="x")
    iam.create_user(UserName="y")
    marker = iam.list_users(MaxItems=1)["Marker"]
    for operation, false in ((iam.list_users, "7"), (iam.list_users, "a b"), (iam.list_roles, marker)):
        assert refusal(operation, Marker=false) == ("ValidationError", 400)


def test_path_prefix_selects(iam: Client) -> None:
    arn = filled(iam)
    for operation in ("list_users", "list_groups", "list_roles", "list_instance_profiles"):
        assert len(things(getattr(iam, operation)(PathPrefix="/3/"))) == 1, operation
    assert len(things(iam.list_entities_for_policy(PolicyArn=arn, PathPrefix="/3/"))) == 3
    assert len(things(iam.list_entities_for_policy(PolicyArn=arn, EntityFilter="Role"))) == 5
    assert things(iam.list_policies(Scope="Local", PathPrefix="/q/")) == []


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListEntitiesForPolicy.html
def test_boundary_is_a_usage_of_a_policy(iam: Client) -> None:
    arn = iam.create_policy(PolicyName="p", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    iam.create_user(UserName="x", PermissionsBoundary=arn)
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["PermissionsBoundaryUsageCount"] == 2
    found = iam.list_entities_for_policy(PolicyArn=arn, PolicyUsageFilter="PermissionsBoundary")
    assert ([u["UserName"] for u in found["PolicyUsers"]], len(found["PolicyRoles"])) == (["x"], 1)
    assert things(iam.list_entities_for_policy(PolicyArn=arn, PolicyUsageFilter="PermissionsPolicy")) == []
    assert len(things(iam.list_policies(PolicyUsageFilter="PermissionsBoundary"))) == 1
    assert things(iam.list_policies(OnlyAttached=True)) == []
    boundary = {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}
    assert iam.get_role(RoleName="r")["Role"]["PermissionsBoundary"] == boundary
    details = iam.get_account_authorization_details()
    assert details["UserDetailList"][0]["PermissionsBoundary"] == boundary
    assert details["RoleDetailList"][0]["PermissionsBoundary"] == boundary


# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
def test_awss_own_policies_are_there_when_asked_for(iam: Client) -> None:
    policy = iam.get_policy(PolicyArn=ADMINISTRATOR)["Policy"]
    assert policy["PolicyName"] == "AdministratorAccess"
    document = iam.get_policy_version(PolicyArn=ADMINISTRATOR, VersionId="v1")["PolicyVersion"]["Document"]
    assert document["Statement"] == [{"Action": "*", "Effect": "Allow", "Resource": "*"}]
    iam.create_user(UserName="x", PermissionsBoundary="arn:aws:iam::aws:policy/job-function/ViewOnlyAccess")
    iam.attach_user_policy(UserName="x", PolicyArn=ADMINISTRATOR)
    assert iam.list_attached_user_policies(UserName="x")["AttachedPolicies"][0]["PolicyArn"] == ADMINISTRATOR
    attached = iam.list_policies(Scope="AWS", OnlyAttached=True)["Policies"]
    assert [(p["PolicyName"], p["AttachmentCount"]) for p in attached] == [("AdministratorAccess", 1)]
    names = {p["PolicyName"] for p in iam.get_account_authorization_details()["Policies"]}
    assert names == {"AdministratorAccess", "ViewOnlyAccess"}


def test_all_of_awss_policies_are_listed(iam: Client) -> None:
    page = iam.list_policies(Scope="AWS", MaxItems=1000)
    rest = iam.list_policies(Scope="AWS", MaxItems=1000, Marker=page["Marker"])
    arns = [p["Arn"] for p in (*page["Policies"], *rest["Policies"])]
    assert len(set(arns)) == len(arns) > 1400
    assert ADMINISTRATOR in arns
    assert iam.list_policies(Scope="Local")["Policies"] == []


@pytest.mark.parametrize(
    "missing",
    [
        "arn:aws:iam::aws:policy/NoSuchPolicy",
        "arn:aws:iam::aws:policy/other/AdministratorAccess",
        "arn:aws-cn:iam::aws:policy/AdministratorAccess",
    ],
)
def test_what_aws_does_not_have_is_missing(iam: Client, missing: str) -> None:
    iam.create_user(UserName="x")
    assert refusal(iam.get_policy, PolicyArn=missing) == ("NoSuchEntity", 404)
    assert refusal(iam.attach_user_policy, UserName="x", PolicyArn=missing) == ("NoSuchEntity", 404)
    assert refusal(iam.put_user_permissions_boundary, UserName="x", PermissionsBoundary=missing)[0] == "NoSuchEntity"


def test_nobody_changes_awss_policies(iam: Client) -> None:
    denied = ("AccessDenied", 403)
    assert refusal(iam.delete_policy, PolicyArn=ADMINISTRATOR) == denied
    assert refusal(iam.create_policy_version, PolicyArn=ADMINISTRATOR, PolicyDocument=DOCUMENT) == denied
    assert refusal(iam.tag_policy, PolicyArn=ADMINISTRATOR, Tags=[{"Key": "k", "Value": "v"}]) == denied


def test_reading_awss_policies_does_not_shift_what_comes_later() -> None:
    made = []
    for reads in (True, False):
        with Embedded(seed=7) as aws:
            iam = client(aws, "iam")
            iam.create_user(UserName="x")
            if reads:
                iam.get_policy(PolicyArn=ADMINISTRATOR)
                iam.list_policies()
            iam.attach_user_policy(UserName="x", PolicyArn=ADMINISTRATOR)
            bound = "arn:aws:iam::aws:policy/ReadOnlyAccess"
            user = iam.create_user(UserName="y", PermissionsBoundary=bound)["User"]
            key = iam.create_access_key(UserName="y")["AccessKey"]
            unique = iam.get_policy(PolicyArn=ADMINISTRATOR)["Policy"]["PolicyId"]
            made.append((user["UserId"], key["AccessKeyId"], key["SecretAccessKey"], unique))
    assert made[0] == made[1]


# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
def test_service_linked_role_has_awss_name_and_is_the_services(iam: Client) -> None:
    role = iam.create_service_linked_role(AWSServiceName="elasticloadbalancing.amazonaws.com")["Role"]
    assert role["RoleName"] == "AWSServiceRoleForElasticLoadBalancing"
    assert role["Arn"].endswith(
        ":role/aws-service-role/elasticloadbalancing.amazonaws.com/AWSServiceRoleForElasticLoadBalancing"
    )
    again = refusal(iam.create_service_linked_role, AWSServiceName="elasticloadbalancing.amazonaws.com")
    assert again == ("InvalidInput", 400)
    assert refusal(iam.delete_role, RoleName=role["RoleName"])[0] == "UnmodifiableEntity"
    assert refusal(iam.put_role_policy, RoleName=role["RoleName"], PolicyName="p", PolicyDocument=DOCUMENT) == (
        "UnmodifiableEntity",
        400,
    )


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteVirtualMFADevice.html
def test_device_in_use_is_not_deleted(iam: Client) -> None:
    iam.create_user(UserName="x")
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="d")["VirtualMFADevice"]["SerialNumber"]
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
    iam.enable_mfa_device(UserName="x", SerialNumber=serial, **codes)
    assert refusal(iam.delete_virtual_mfa_device, SerialNumber=serial) == ("DeleteConflict", 409)
    iam.deactivate_mfa_device(UserName="x", SerialNumber=serial)
    iam.delete_virtual_mfa_device(SerialNumber=serial)


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServiceLastAccessedDetails.html
def test_last_access_is_not_made_up(iam: Client) -> None:
    assert refusal(iam.generate_service_last_accessed_details, Arn=ADMINISTRATOR) == ("NotImplemented", 501)
