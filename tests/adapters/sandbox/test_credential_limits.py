"""What temporary credentials may not call, whatever their policies say."""

from __future__ import annotations

from typing import Any

import pytest
from adapters.sandbox.support import EVERYTHING, allow_everything, client, new_key, refusal, session_client
from botocore.exceptions import ClientError

from narrowgate.adapters.sandbox.answer import Fault
from narrowgate.adapters.sandbox.credential_limits import limit_of
from narrowgate.adapters.sandbox.embedded import Embedded
from narrowgate.adapters.sandbox.identities import Key, Principal
from narrowgate.policy.request_context import Requester

pytestmark = pytest.mark.slow

TRUSTED = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"%s"}}]}'
NOT_FOR_IAM = ("InvalidClientTokenId", 403)
LONG_TERM_ONLY = ("AccessDenied", 403)


def key(kind: str, *, multi_factor: bool = False, token: str = "t") -> Key:
    context = {"aws:PrincipalType": kind, "aws:MultiFactorAuthPresent": "true" if multi_factor else "false"}
    requester = Requester("AWS", "arn:aws:iam::123456789012:user/x")
    return Key("ASIA", "secret", True, Principal(requester, context), token)


# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
@pytest.mark.parametrize(
    ("whose", "service", "operation", "code"),
    [
        (key("User"), "iam", "ListUsers", "InvalidClientTokenId"),
        (key("User", multi_factor=True), "iam", "ListUsers", ""),
        (key("User"), "sts", "AssumeRole", ""),
        (key("User"), "sts", "GetCallerIdentity", ""),
        (key("User"), "sts", "DecodeAuthorizationMessage", "AccessDenied"),
        (key("User", multi_factor=True), "sts", "GetSessionToken", "AccessDenied"),
        (key("User"), "ec2", "DescribeInstances", ""),
        (key("FederatedUser"), "iam", "ListUsers", "InvalidClientTokenId"),
        (key("FederatedUser", multi_factor=True), "iam", "ListUsers", "InvalidClientTokenId"),
        (key("FederatedUser"), "sts", "AssumeRole", "AccessDenied"),
        (key("FederatedUser"), "sts", "GetCallerIdentity", ""),
        (key("FederatedUser"), "s3", "ListBuckets", ""),
        (key("AssumedRole"), "iam", "ListUsers", ""),
        (key("AssumedRole"), "sts", "AssumeRole", ""),
        (key("AssumedRole"), "sts", "DecodeAuthorizationMessage", ""),
        (key("AssumedRole"), "sts", "GetSessionToken", "AccessDenied"),
        (key("AssumedRole"), "sts", "GetFederationToken", "AccessDenied"),
        (key("User", token=""), "iam", "ListUsers", ""),
        (key("User", token=""), "sts", "GetSessionToken", ""),
    ],
)
def test_the_table_of_limits(whose: Key, service: str, operation: str, code: str) -> None:
    found = limit_of(whose, service, operation)
    assert found is None if not code else isinstance(found, Fault) and (found.code, found.status) == (code, 403)


def sessions(aws: Embedded) -> dict[str, dict[str, Any]]:
    """Credentials of each sort, all of them of somebody who may do everything."""
    iam = client(aws, "iam")
    iam.create_user(UserName="x")
    allow_everything(iam, "x")
    own = client(aws, "sts", new_key(iam, "x"))
    role = iam.create_role(RoleName="role", AssumeRolePolicyDocument=TRUSTED % aws.account)["Role"]["Arn"]
    iam.put_role_policy(RoleName="role", PolicyName="all", PolicyDocument=EVERYTHING)
    return {
        "user": own.get_session_token()["Credentials"],
        "federated": own.get_federation_token(Name="bob", Policy=EVERYTHING)["Credentials"],
        "role": own.assume_role(RoleArn=role, RoleSessionName="session")["Credentials"],
    }


def test_iam_takes_no_session_of_a_user(aws: Embedded) -> None:
    given = sessions(aws)
    assert refusal(session_client(aws, "iam", given["user"]).list_users) == NOT_FOR_IAM
    assert refusal(session_client(aws, "iam", given["federated"]).list_users) == NOT_FOR_IAM
    assert session_client(aws, "iam", given["role"]).list_users()["Users"]
    for kind in given:
        assert "Vpcs" in session_client(aws, "ec2", given[kind]).describe_vpcs()
        assert session_client(aws, "sts", given[kind]).get_caller_identity()["Account"] == aws.account


def test_sts_gives_no_sessions_to_sessions(aws: Embedded) -> None:
    given = sessions(aws)
    for kind in given:
        sts = session_client(aws, "sts", given[kind])
        assert refusal(sts.get_session_token) == LONG_TERM_ONLY
        assert refusal(sts.get_federation_token, Name="bob") == LONG_TERM_ONLY
    with pytest.raises(ClientError, match="Cannot call GetSessionToken with session credentials"):
        session_client(aws, "sts", given["role"]).get_session_token()


def test_only_a_federated_user_cannot_go_on_to_a_role(aws: Embedded) -> None:
    given = sessions(aws)
    wanted = {"RoleArn": f"arn:aws:iam::{aws.account}:role/role", "RoleSessionName": "next"}
    assert session_client(aws, "sts", given["user"]).assume_role(**wanted)["Credentials"]
    assert session_client(aws, "sts", given["role"]).assume_role(**wanted)["Credentials"]
    assert refusal(session_client(aws, "sts", given["federated"]).assume_role, **wanted) == LONG_TERM_ONLY
