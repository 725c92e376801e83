"""Quotas of IAM: the last that fits, and the first that does not.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from adapters.sandbox.support import DOCUMENT, TRUST, Client, client
from botocore.exceptions import ClientError

from narrowgate.adapters.sandbox.embedded import Embedded
from narrowgate.policy.document import size

pytestmark = pytest.mark.slow


@pytest.fixture
def iam(aws: Embedded) -> Client:
    """IAM as the administrator."""
    return client(aws, "iam")


def exceeded(call: Any, **params: Any) -> str:
    """The message of the LimitExceeded with which the call is refused."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    error: Any = caught.value.response["Error"]
    assert error["Code"] == "LimitExceeded"
    return str(error["Message"])


def long(length: int) -> str:
    """An identity policy of that many characters, and as much white space."""
    empty = json.dumps({"Version": "2012-10-17", "Statement": [statement("")]}, separators=(",", ":"))
    padded = statement("a" * (length - len(empty)))
    text = json.dumps({"Version": "2012-10-17", "Statement": [padded]}, separators=(",", ":"))
    assert size(text) == length
    return text + " \n\t" * length


def statement(padding: str) -> dict[str, str]:
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::b/{padding}"}


def long_trust(length: int) -> str:
    """A trust policy of that many characters."""
    document = json.loads(TRUST)
    document["Statement"][0]["Sid"] = ""
    empty = len(json.dumps(document, separators=(",", ":")))
    document["Statement"][0]["Sid"] = "a" * (length - empty)
    return json.dumps(document, indent=4)


def test_managed_policy_has_at_most_6144_characters(iam: Client) -> None:
    arn = iam.create_policy(PolicyName="p", PolicyDocument=long(6144))["Policy"]["Arn"]
    message = "Cannot exceed quota for PolicySize: 6144"
    assert exceeded(iam.create_policy, PolicyName="q", PolicyDocument=long(6145)) == message
    assert exceeded(iam.create_policy_version, PolicyArn=arn, PolicyDocument=long(6145)) == message


@pytest.mark.parametrize(("kind", "most"), [("user", 2048), ("role", 10240), ("group", 5120)])
def test_inline_policies_of_one_entity_share_a_quota(iam: Client, kind: str, most: int) -> None:
    name = {f"{kind.capitalize()}Name": "x"}
    trust = {"AssumeRolePolicyDocument": TRUST} if kind == "role" else {}
    getattr(iam, f"create_{kind}")(**name, **trust)
    put = getattr(iam, f"put_{kind}_policy")
    put(**name, PolicyName="a", PolicyDocument=long(1000))
    put(**name, PolicyName="b", PolicyDocument=long(most - 1000))
    # A policy that is replaced does not count.
    put(**name, PolicyName="b", PolicyDocument=long(most - 1000))
    message = f"Maximum policy size of {most} bytes exceeded for {kind} x"
    assert exceeded(put, **name, PolicyName="b", PolicyDocument=long(most - 999)) == message


def test_trust_policy_has_at_most_2048_characters(iam: Client) -> None:
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=long_trust(2048))
    message = "Cannot exceed quota for ACLSizePerRole: 2048"
    assert exceeded(iam.create_role, RoleName="s", AssumeRolePolicyDocument=long_trust(2049)) == message
    assert exceeded(iam.update_assume_role_policy, RoleName="r", PolicyDocument=long_trust(2049)) == message


@pytest.mark.parametrize("kind", ["User", "Role", "Group"])
def test_ten_managed_policies_are_attached_at_most(iam: Client, kind: str) -> None:
    name = {f"{kind}Name": "x"}
    trust = {"AssumeRolePolicyDocument": TRUST} if kind == "Role" else {}
    getattr(iam, f"create_{kind.lower()}")(**name, **trust)
    arns = [iam.create_policy(PolicyName=f"p{n}", PolicyDocument=DOCUMENT)["Policy"]["Arn"] for n in range(11)]
    attach = getattr(iam, f"attach_{kind.lower()}_policy")
    for arn in (*arns[:10], arns[0]):
        attach(**name, PolicyArn=arn)
    assert exceeded(attach, **name, PolicyArn=arns[10]) == f"Cannot exceed quota for PoliciesPer{kind}: 10"


def test_user_is_in_ten_groups_at_most(iam: Client) -> None:
    iam.create_user(UserName="x")
    for number in range(11):
        iam.create_group(GroupName=f"g{number}")
    for number in (*range(10), 0):
        iam.add_user_to_group(GroupName=f"g{number}", UserName="x")
    message = exceeded(iam.add_user_to_group, GroupName="g10", UserName="x")
    assert message == "Cannot exceed quota for GroupsPerUser: 10"


def test_versions_keys_and_roles_of_a_profile(iam: Client) -> None:
    arn = iam.create_policy(PolicyName="p", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT)
    message = exceeded(iam.create_policy_version, PolicyArn=arn, PolicyDocument=DOCUMENT)
    assert message.startswith("A managed policy can have up to 5 versions.")
    iam.create_user(UserName="x")
    iam.create_access_key(UserName="x"), iam.create_access_key(UserName="x")
    assert exceeded(iam.create_access_key, UserName="x") == "Cannot exceed quota for AccessKeysPerUser: 2"
    iam.create_instance_profile(InstanceProfileName="i")
    for role in ("r", "s"):
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)
    iam.add_role_to_instance_profile(InstanceProfileName="i", RoleName="r")
    message = exceeded(iam.add_role_to_instance_profile, InstanceProfileName="i", RoleName="s")
    assert message == "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1"


@pytest.mark.parametrize("kind", ["User", "Role", "Policy", "InstanceProfile"])
def test_fifty_tags_at_most(iam: Client, kind: str) -> None:
    name, tag = tagged(iam, kind)
    tag(**name, Tags=[{"Key": f"k{n}", "Value": "v"} for n in range(50)])
    tag(**name, Tags=[{"Key": "K7", "Value": "again in another case"}])
    message = exceeded(tag, **name, Tags=[{"Key": "one more", "Value": "v"}])
    assert message == f"Cannot exceed quota for TagsPer{kind}: 50"


def tagged(iam: Client, kind: str) -> tuple[dict[str, str], Any]:
    if kind == "Policy":
        arn = iam.create_policy(PolicyName="x", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
        return {"PolicyArn": arn}, iam.tag_policy
    name, snake = {f"{kind}Name": "x"}, "instance_profile" if kind == "InstanceProfile" else kind.lower()
    trust = {"AssumeRolePolicyDocument": TRUST} if kind == "Role" else {}
    getattr(iam, f"create_{snake}")(**name, **trust)
    return name, getattr(iam, f"tag_{snake}")


@pytest.mark.slow
def test_account_has_300_groups_at_most(iam: Client) -> None:
    for number in range(300):
        iam.create_group(GroupName=f"g{number}")
    assert exceeded(iam.create_group, GroupName="g") == "Cannot exceed quota for GroupsPerAccount: 300"
