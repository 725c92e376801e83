"""Policy documents that IAM does not take, and the words with which it refuses them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from adapters.sandbox.support import TRUST, Client, client, refusal
from botocore.exceptions import ClientError

from narrowgate.adapters.sandbox.embedded import Embedded

pytestmark = pytest.mark.slow

SYNTAX = "Syntax errors in policy."
GOOD: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
TRUSTING: dict[str, Any] = {
    "Effect": "Allow",
    "Action": "sts:AssumeRole",
    "Principal": {"Service": "ec2.amazonaws.com"},
}


@pytest.fixture
def iam(aws: Embedded) -> Client:
    """IAM as the administrator."""
    return client(aws, "iam")


def document(*statements: dict[str, Any], version: str = "2012-10-17") -> str:
    return json.dumps({"Version": version, "Statement": statements})


def malformed(call: Any, **params: Any) -> str:
    """The message of the MalformedPolicyDocument with which the call is refused."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    error: Any = caught.value.response["Error"]
    assert error["Code"] == "MalformedPolicyDocument"
    return str(error["Message"])


IDENTITY = [
    ("{", SYNTAX),
    ("[]", SYNTAX),
    (document(), SYNTAX),
    ('{"Version":"2012-10-17"}', SYNTAX),
    (document(GOOD, version="2008-10-17"), "Policy document must be version 2012-10-17 or greater."),
    (document({"Effect": "Allow", "Resource": "*"}), "Policy statement must contain actions."),
    (document({"Effect": "Allow", "Action": "s3:*"}), "Policy statement must contain resources."),
    (document({**GOOD, "Action": "foo"}), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
    (document({**GOOD, "Resource": "foo"}), 'Resource foo must be in ARN format or "*".'),
    (document({**GOOD, "Principal": "*"}), "Policy document should not specify a principal."),
    (document({**GOOD, "NotPrincipal": {"AWS": "*"}}), "Policy document should not specify a principal."),
    (document({**GOOD, "Condition": {"Foo": {"aws:a": "b"}}}), SYNTAX),
    (document({**GOOD, "Condition": {"Bool": {"aws:SecureTransport": "maybe"}}}), SYNTAX),
    (document({**GOOD, "NotAction": "s3:*"}), SYNTAX),
    (document({**GOOD, "Extra": 1}), SYNTAX),
    (document({**GOOD, "Sid": "a"}, {**GOOD, "Sid": "a"}), "Statement IDs (SID) in a single policy must be unique."),
    (
        document({**GOOD, "Sid": "a b"}),
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression"
        " [0-9A-Za-z]*",
    ),
    ('{"Version":"2012-10-17","Statement":[' + json.dumps(GOOD) + '],"Version":"2012-10-17"}', SYNTAX),
]


@pytest.mark.parametrize(("text", "message"), IDENTITY)
def test_malformed_identity_policy_is_refused_wherever_it_is_put(iam: Client, text: str, message: str) -> None:
    iam.create_user(UserName="x")
    iam.create_group(GroupName="x")
    iam.create_role(RoleName="x", AssumeRolePolicyDocument=TRUST)
    arn = iam.create_policy(PolicyName="good", PolicyDocument=document(GOOD))["Policy"]["Arn"]
    assert malformed(iam.create_policy, PolicyName="p", PolicyDocument=text) == message
    assert malformed(iam.create_policy_version, PolicyArn=arn, PolicyDocument=text) == message
    for kind in ("User", "Group", "Role"):
        put = getattr(iam, f"put_{kind.lower()}_policy")
        assert malformed(put, **{f"{kind}Name": "x"}, PolicyName="p", PolicyDocument=text) == message


TRUSTS = [
    ("{", "This policy contains invalid Json"),
    (document({**TRUSTING, "Resource": "*"}), "Has prohibited field Resource"),
    (document({**TRUSTING, "Action": "s3:GetObject"}), "AssumeRole policy may only specify STS AssumeRole actions."),
    (document({"Effect": "Allow", "Action": "sts:AssumeRole"}), "Missing required field Principal"),
    (document({"Effect": "Allow", "Principal": {"AWS": "*"}}), "Missing required field Action"),
    (document({"Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}), "Missing required field Effect"),
    (document({**TRUSTING, "Principal": {"AWS": "nobody"}}), 'Invalid principal in policy: "AWS":"nobody"'),
    (document({**TRUSTING, "Principal": {"Service": "ec2"}}), 'Invalid principal in policy: "SERVICE":"ec2"'),
]


# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-custom.html
@pytest.mark.parametrize(("text", "message"), TRUSTS)
def test_malformed_trust_policy_is_refused(iam: Client, text: str, message: str) -> None:
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    assert malformed(iam.create_role, RoleName="s", AssumeRolePolicyDocument=text) == message
    assert malformed(iam.update_assume_role_policy, RoleName="r", PolicyDocument=text) == message
    assert refusal(iam.get_role, RoleName="s")[0] == "NoSuchEntity"


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
def test_trusted_user_must_exist(iam: Client, aws: Embedded) -> None:
    arn = f"arn:aws:iam::{aws.account}:user/x"
    text = document({**TRUSTING, "Principal": {"AWS": arn}})
    message = f'Invalid principal in policy: "AWS":"{arn}"'
    assert malformed(iam.create_role, RoleName="r", AssumeRolePolicyDocument=text) == message
    iam.create_user(UserName="x")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=text)
    elsewhere = document({**TRUSTING, "Principal": {"AWS": "arn:aws:iam::999988887777:user/y"}})
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=elsewhere)


def test_characters_beyond_latin_are_refused(iam: Client) -> None:
    text = document({**GOOD, "Resource": "arn:aws:s3:::b/Ω"}).replace("\\u03a9", "Ω")
    assert refusal(iam.create_policy, PolicyName="p", PolicyDocument=text) == ("ValidationError", 400)
