"""Temporary credentials: of roles, users and federated users; what limits them and what they stand for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from adapters.sandbox.support import DOCUMENT, NO_RETRY, REGION, Client, client, new_key, refusal
from botocore.exceptions import ClientError

from narrowgate.adapters.sandbox.administrator import ADMIN
from narrowgate.adapters.sandbox.embedded import Embedded
from narrowgate.adapters.sandbox.passcode import code_at
from narrowgate.adapters.sandbox.sessions import Session, session_of

pytestmark = pytest.mark.slow

ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
DENIED = ("AccessDenied", 403)
INVALID = ("ValidationError", 400)


def with_token(aws: Embedded, service: str, given: dict[str, Any]) -> Client:
    """A client with temporary credentials."""
    made: Client = botocore.session.Session().create_client(
        service,
        region_name=REGION,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        config=NO_RETRY,
    )
    made.meta.events.register("before-send", aws.transport)
    return made


def found(aws: Embedded, given: dict[str, Any]) -> Session:
    session = session_of(given["AccessKeyId"], aws.account, "aws")
    assert session is not None
    return session


def a_role(aws: Embedded, name: str = "r", **more: Any) -> str:
    """A role that the account trusts, and that may do everything."""
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
                "Principal": {"AWS": aws.account},
            }
        ],
    }
    iam = client(aws, "iam")
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), **more)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=ALL)
    return arn


def a_user(aws: Embedded, name: str = "x") -> tuple[str, str]:
    """The key of a user who may do everything."""
    iam = client(aws, "iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=ALL)
    return new_key(iam, name)


# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
def test_role_session_keeps_what_it_was_given(aws: Embedded) -> None:
    role = a_role(aws, Path="/p/")
    policy = client(aws, "iam").create_policy(PolicyName="p", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    reply = client(aws, "sts").assume_role(
        RoleArn=role,
        RoleSessionName="session",
        Policy=ALL,
        PolicyArns=[{"arn": policy}],
        Tags=[{"Key": "team", "Value": "a"}],
        SourceIdentity="someone",
        DurationSeconds=900,
    )
    session = found(aws, reply["Credentials"])
    role_id = client(aws, "iam").get_role(RoleName="r")["Role"]["RoleId"]
    assert reply["AssumedRoleUser"] == {"AssumedRoleId": f"{role_id}:session", "Arn": session.arn}
    assert session.arn == f"arn:aws:sts::{aws.account}:assumed-role/r/session"
    assert (session.kind, session.owner, session.owner_id) == ("role", role, role_id)
    assert (session.policy, session.policy_arns, session.documents) == (ALL, (policy,), (ALL, DOCUMENT))
    assert (session.tags, session.source_identity) == ((("team", "a"),), "someone")
    assert (session.secret, session.token) == (
        reply["Credentials"]["SecretAccessKey"],
        reply["Credentials"]["SessionToken"],
    )
    assert session.expires - session.issued == timedelta(seconds=900)
    assert session.expires == reply["Credentials"]["Expiration"]
    assert session.is_limited
    assert 0 < reply["PackedPolicySize"] <= 100
    assert session.secret not in repr(session)
    assert session.token not in repr(session)


def test_session_ends_with_its_role(aws: Embedded) -> None:
    role, iam = a_role(aws), client(aws, "iam")
    given = client(aws, "sts").assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    assert found(aws, given).owner == role
    iam.delete_role_policy(RoleName="r", PolicyName="all")
    iam.delete_role(RoleName="r")
    a_role(aws)
    assert session_of(given["AccessKeyId"], aws.account, "aws") is None
    assert session_of(ADMIN[0], aws.account, "aws") is None


# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage-assume.html
def test_duration_is_that_of_the_role(aws: Embedded) -> None:
    role, sts = a_role(aws, MaxSessionDuration=7200), client(aws, "sts")
    ask = {"RoleArn": role, "RoleSessionName": "session"}
    given = sts.assume_role(**ask, DurationSeconds=7200)["Credentials"]
    with pytest.raises(ClientError, match="exceeds the MaxSessionDuration set for this role"):
        sts.assume_role(**ask, DurationSeconds=7201)
    assert refusal(sts.assume_role, **ask, DurationSeconds=43201) == INVALID
    chained = with_token(aws, "sts", given)
    with pytest.raises(ClientError, match="exceeds the 1 hour session limit for roles assumed by role chaining"):
        chained.assume_role(**ask, DurationSeconds=3601)
    assert found(aws, chained.assume_role(**ask)["Credentials"]).chained


@pytest.mark.parametrize("name", ["a", "a" * 65, "a b", "ä/"])
def test_session_names_have_awss_form(aws: Embedded, name: str) -> None:
    role, sts = a_role(aws), client(aws, "sts")
    code = refusal(sts.assume_role, RoleArn=role, RoleSessionName=name) if len(name) > 1 else INVALID
    assert code == INVALID
    sts.assume_role(RoleArn=role, RoleSessionName="A1+=,.@-_")


def test_missing_role_is_refused_like_a_forbidden_one(aws: Embedded) -> None:
    for account in (aws.account, "999988887777"):
        arn = f"arn:aws:iam::{account}:role/missing"
        assert refusal(client(aws, "sts").assume_role, RoleArn=arn, RoleSessionName="session") == DENIED


# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining
def test_transitive_tags_and_source_identity_follow_the_chain(aws: Embedded) -> None:
    role, other, sts = a_role(aws), a_role(aws, "s"), client(aws, "sts")
    tags = [{"Key": "Team", "Value": "a"}, {"Key": "own", "Value": "b"}]
    ask = {"RoleSessionName": "session"}
    first = sts.assume_role(RoleArn=role, **ask, Tags=tags, TransitiveTagKeys=["Team"], SourceIdentity="me")
    chained = with_token(aws, "sts", first["Credentials"])
    second = found(aws, chained.assume_role(RoleArn=other, **ask)["Credentials"])
    assert (second.tags, second.transitive, second.source_identity) == ((("Team", "a"),), ("Team",), "me")
    more = chained.assume_role(RoleArn=other, **ask, Tags=[{"Key": "new", "Value": "c"}])
    assert found(aws, more["Credentials"]).tags == (("Team", "a"), ("new", "c"))
    clash = refusal(chained.assume_role, RoleArn=other, **ask, Tags=[{"Key": "team", "Value": "z"}])
    assert clash == ("InvalidParameterValue", 400)
    lacking = refusal(sts.assume_role, RoleArn=role, **ask, TransitiveTagKeys=["Team"])
    assert lacking == ("InvalidParameterValue", 400)
    assert refusal(chained.assume_role, RoleArn=other, **ask, SourceIdentity="another") == DENIED


def test_session_policy_is_a_policy(aws: Embedded) -> None:
    ask = {"RoleArn": a_role(aws), "RoleSessionName": "session"}
    sts = client(aws, "sts")
    assert refusal(sts.assume_role, **ask, Policy="{}") == ("MalformedPolicyDocument", 400)
    assert refusal(sts.assume_role, **ask, Policy=ALL + " " * 2049) == INVALID
    missing = f"arn:aws:iam::{aws.account}:policy/missing"
    assert refusal(sts.assume_role, **ask, PolicyArns=[{"arn": missing}])[0] == "NoSuchEntity"
    own = sts.assume_role(**ask, PolicyArns=[{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}])
    assert len(found(aws, own["Credentials"]).documents) == 1
    assert not found(aws, sts.assume_role(**ask)["Credentials"]).is_limited


# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
def test_session_of_a_user_is_the_user(aws: Embedded) -> None:
    sts = client(aws, "sts", a_user(aws))
    given = sts.get_session_token()["Credentials"]
    mine = with_token(aws, "sts", given)
    assert mine.get_caller_identity()["Arn"] == f"arn:aws:iam::{aws.account}:user/x"
    assert mine.get_caller_identity()["UserId"] == sts.get_caller_identity()["UserId"]
    session = found(aws, given)
    assert (session.kind, session.multi_factor, session.is_limited) == ("user", False, False)
    assert session.expires - session.issued == timedelta(hours=12)
    client(aws, "iam").update_user(UserName="x", NewUserName="y")
    assert found(aws, given).arn == f"arn:aws:iam::{aws.account}:user/y"
    assert refusal(sts.get_session_token, DurationSeconds=129601) == INVALID
    assert refusal(mine.get_session_token) == DENIED


def test_administrator_has_sessions_too(aws: Embedded) -> None:
    given = client(aws, "sts").get_session_token()["Credentials"]
    assert with_token(aws, "sts", given).get_caller_identity()["Arn"].endswith("user/sandbox-admin")


# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
def test_federated_user_has_a_name_and_is_limited(aws: Embedded) -> None:
    sts = client(aws, "sts", a_user(aws))
    reply = sts.get_federation_token(Name="bob", Policy=DOCUMENT, Tags=[{"Key": "team", "Value": "a"}])
    session = found(aws, reply["Credentials"])
    arn = f"arn:aws:sts::{aws.account}:federated-user/bob"
    assert reply["FederatedUser"] == {"FederatedUserId": f"{aws.account}:bob", "Arn": arn}
    assert (session.kind, session.arn, session.documents) == ("federated", arn, (DOCUMENT,))
    assert session.tags == (("team", "a"),)
    assert with_token(aws, "sts", reply["Credentials"]).get_caller_identity()["Arn"] == arn
    # Without a policy it may do nothing, which is a limit too.
    assert found(aws, sts.get_federation_token(Name="eve")["Credentials"]).is_limited
    assert refusal(sts.get_federation_token, Name="b b") == INVALID


# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html
def test_one_time_code_counts_if_it_is_right(aws: Embedded) -> None:
    key, iam = a_user(aws), client(aws, "iam")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="d")["VirtualMFADevice"]
    serial, seed = device["SerialNumber"], device["Base32StringSeed"].decode()
    iam.enable_mfa_device(UserName="x", SerialNumber=serial, AuthenticationCode1="123456", AuthenticationCode2="654321")
    sts, now = client(aws, "sts", key), datetime.now(UTC)
    right = code_at(seed, now)
    near = {code_at(seed, now + timedelta(seconds=30 * step)) for step in (-2, -1, 0, 1, 2)}
    wrong = next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in near)
    assert found(aws, sts.get_session_token(SerialNumber=serial, TokenCode=right)["Credentials"]).multi_factor
    assert refusal(sts.get_session_token, SerialNumber=serial, TokenCode=wrong) == DENIED
    assert refusal(client(aws, "sts").get_session_token, SerialNumber=serial, TokenCode=right) == DENIED


# https://datatracker.ietf.org/doc/html/rfc6238#appendix-B, the last six digits of its SHA-1 values
@pytest.mark.parametrize(("second", "code"), [(59, "287082"), (1111111109, "081804"), (2000000000, "279037")])
def test_codes_are_those_of_the_rfc(second: int, code: str) -> None:
    seed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert code_at(seed, datetime.fromtimestamp(second, UTC)) == code


# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
def test_account_stands_in_the_key_id(aws: Embedded) -> None:
    sts = client(aws, "sts")
    for key_id in (a_user(aws)[0], sts.get_session_token()["Credentials"]["AccessKeyId"], ADMIN[0]):
        assert sts.get_access_key_info(AccessKeyId=key_id)["Account"] == aws.account
    assert refusal(sts.get_access_key_info, AccessKeyId="AKIA1111111111111111") == INVALID


def test_sessions_survive_a_restart(tmp_path: Path) -> None:
    with Embedded(tmp_path) as aws:
        sts = client(aws, "sts", a_user(aws))
        role = client(aws, "sts").assume_role(RoleArn=a_role(aws), RoleSessionName="session", Policy=ALL)
        given = [
            sts.get_session_token()["Credentials"],
            sts.get_federation_token(Name="bob", Policy=DOCUMENT)["Credentials"],
            role["Credentials"],
        ]
        before = [found(aws, one) for one in given]
    with Embedded(tmp_path) as aws:
        assert [found(aws, one) for one in given] == before
