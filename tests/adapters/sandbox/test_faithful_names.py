"""Names, paths, tags and other parameters: AWS's rules, and its words where they are broken."""

from __future__ import annotations

from typing import Any

import pytest
from adapters.sandbox.support import DOCUMENT, TRUST, Client, client, refusal
from botocore.exceptions import ClientError

from narrowgate.adapters.sandbox.administrator import ADMIN
from narrowgate.adapters.sandbox.embedded import Embedded
from narrowgate.adapters.sandbox.engine import Engine
from narrowgate.adapters.sandbox.request import Request, Scope

pytestmark = pytest.mark.slow

NAME_WORDS = "It must contain only alphanumeric characters and/or the following: +=,.@_-"
PATH_WORDS = "It must begin and end with / and contain only alphanumeric characters and/or / characters."
TAKEN = "EntityAlreadyExists"


@pytest.fixture
def iam(aws: Embedded) -> Client:
    """IAM as the administrator."""
    return client(aws, "iam")


def told(call: Any, **params: Any) -> tuple[str, str]:
    """Code and message with which the call is refused."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    error: Any = caught.value.response["Error"]
    return error["Code"], error["Message"]


def too_long(value: str, where: str, most: int) -> str:
    rule = f"Member must have length less than or equal to {most}"
    return f"1 validation error detected: Value '{value}' at '{where}' failed to satisfy constraint: {rule}"


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html and its siblings
@pytest.mark.parametrize(
    ("operation", "parameter", "most", "others"),
    [
        ("create_user", "UserName", 64, {}),
        ("create_group", "GroupName", 128, {}),
        ("create_role", "RoleName", 64, {"AssumeRolePolicyDocument": TRUST}),
        ("create_policy", "PolicyName", 128, {"PolicyDocument": DOCUMENT}),
        ("create_instance_profile", "InstanceProfileName", 128, {}),
    ],
)
def test_names_have_aws_lengths_and_characters(
    iam: Client, operation: str, parameter: str, most: int, others: dict[str, str]
) -> None:
    create, where = getattr(iam, operation), parameter[0].lower() + parameter[1:]
    create(**{parameter: "a" * most}, **others)
    long = "b" * (most + 1)
    assert told(create, **{parameter: long}, **others) == ("ValidationError", too_long(long, where, most))
    for wrong in ("a b", "a/b", "ä", "a:b", "a*"):
        message = f"The specified value for {where} is invalid. {NAME_WORDS}"
        assert told(create, **{parameter: wrong}, **others) == ("ValidationError", message)
    create(**{parameter: "A+=,.@_-9"}, **others)


@pytest.mark.parametrize("path", ["a", "/a", "a/", "/a b/", "/ä/"])
def test_paths_begin_and_end_with_a_slash(iam: Client, path: str) -> None:
    message = ("ValidationError", f"The specified value for path is invalid. {PATH_WORDS}")
    assert told(iam.create_user, UserName="x", Path=path) == message
    assert told(iam.create_policy, PolicyName="x", PolicyDocument=DOCUMENT, Path=path) == message
    iam.create_user(UserName="x", Path="/a/b.c/")


def test_several_faults_are_counted(iam: Client) -> None:
    code, message = told(iam.create_user, UserName="a" * 65, Path="/" + "a" * 512 + "/")
    assert code == "ValidationError"
    assert message.startswith("2 validation errors detected: Value '")


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html#API_CreateRole_RequestParameters
def test_ranges_and_choices_are_kept(iam: Client) -> None:
    create = {"RoleName": "r", "AssumeRolePolicyDocument": TRUST}
    code, message = told(iam.create_role, **create, MaxSessionDuration=43201)
    assert code == "ValidationError"
    assert message.endswith(
        "'maxSessionDuration' failed to satisfy constraint: Member must have value less than or equal to 43200"
    )
    assert refusal(iam.list_policies, Scope="Mine")[0] == "ValidationError"
    assert refusal(iam.list_users, MaxItems=1001)[0] == "ValidationError"


def test_arns_of_policies_are_arns(iam: Client) -> None:
    iam.create_user(UserName="x")
    wrong = "arn:aws:iam::123:policy/short"
    assert told(iam.attach_user_policy, UserName="x", PolicyArn=wrong) == (
        "ValidationError",
        f"ARN {wrong} is not valid.",
    )


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html: names are unique, not by case
def test_renaming_clashes_without_regard_to_case(iam: Client) -> None:
    for name in ("x", "y"):
        iam.create_user(UserName=name)
        iam.create_group(GroupName=name)
    assert told(iam.create_group, GroupName="X") == (TAKEN, "Group with name X already exists.")
    assert told(iam.update_group, GroupName="x", NewGroupName="Y") == (TAKEN, "Group with name Y already exists.")
    assert told(iam.update_user, UserName="x", NewUserName="Y") == (TAKEN, "User with name Y already exists.")
    assert told(iam.create_user, UserName="sandbox-admin")[0] == TAKEN
    iam.update_group(GroupName="x", NewGroupName="X", NewPath="/p/")
    assert iam.get_group(GroupName="X")["Group"]["Path"] == "/p/"


def test_clash_is_told_in_awss_words(iam: Client) -> None:
    iam.create_policy(PolicyName="x", PolicyDocument=DOCUMENT)
    iam.create_instance_profile(InstanceProfileName="x")
    taken = "A policy called X already exists. Duplicate names are not allowed."
    assert told(iam.create_policy, PolicyName="X", PolicyDocument=DOCUMENT) == (TAKEN, taken)
    assert told(iam.create_instance_profile, InstanceProfileName="X") == (TAKEN, "Instance Profile X already exists.")


# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules
def test_tag_keys_are_unique_without_regard_to_case(iam: Client) -> None:
    twice = [{"Key": "Team", "Value": "a"}, {"Key": "team", "Value": "b"}]
    assert refusal(iam.create_user, UserName="x", Tags=twice) == ("InvalidInput", 400)
    iam.create_user(UserName="x", Tags=twice[:1])
    iam.tag_user(UserName="x", Tags=twice[1:])
    assert iam.list_user_tags(UserName="x")["Tags"] == twice[1:]
    iam.untag_user(UserName="x", TagKeys=["TEAM"])
    assert iam.list_user_tags(UserName="x")["Tags"] == []
    assert refusal(iam.tag_user, UserName="x", Tags=[{"Key": "aws:x", "Value": ""}])[0] == "InvalidInput"
    assert refusal(iam.tag_user, UserName="x", Tags=[{"Key": "a*", "Value": ""}])[0] == "ValidationError"
    iam.tag_user(UserName="x", Tags=[{"Key": "Größe 1/2", "Value": "ü @+-=._:"}])


@pytest.mark.parametrize(
    ("operation", "params", "message"),
    [
        ("get_user", {"UserName": "ghost"}, "The user with name ghost cannot be found."),
        ("get_role", {"RoleName": "ghost"}, "The role with name ghost cannot be found."),
        ("get_group", {"GroupName": "ghost"}, "The group with name ghost cannot be found."),
        ("delete_group", {"GroupName": "ghost"}, "The group with name ghost cannot be found."),
        ("get_instance_profile", {"InstanceProfileName": "ghost"}, "Instance Profile ghost cannot be found."),
        ("get_user_policy", {"UserName": "x", "PolicyName": "p"}, "The user policy with name p cannot be found."),
        ("get_login_profile", {"UserName": "x"}, "Login Profile for User x cannot be found."),
    ],
)
def test_missing_is_told_in_awss_words(iam: Client, operation: str, params: dict[str, str], message: str) -> None:
    iam.create_user(UserName="x")
    assert told(getattr(iam, operation), **params) == ("NoSuchEntity", message)


# https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
@pytest.mark.parametrize(
    ("form", "code"),
    [
        (b"Action=CreateUser&Version=2010-05-08", b"<Code>ValidationError</Code>"),
        (b"Action=CreateUser&Version=2010-05-08&UserName=", b"<Code>ValidationError</Code>"),
        (b"Action=ListUsers&Version=2010-05-08&MaxItems=many", b"<Code>ValidationError</Code>"),
        (b"Action=Serialized&Version=2010-05-08", b"<Code>InvalidAction</Code>"),
    ],
)
def test_raw_requests_are_refused_cleanly(form: bytes, code: bytes) -> None:
    headers = (("content-type", "application/x-www-form-urlencoded"),)
    request = Request("POST", "/", headers, form, Scope(ADMIN[0], "us-east-1", "iam"))
    answer = Engine(1).perform(request)
    assert answer.status == 400
    assert code in answer.body
