"""Who a caller is, and which keys are refused."""

from __future__ import annotations

import botocore.session
import pytest
from adapters.sandbox.support import (
    TRUST_ACCOUNT,
    Client,
    allow_everything,
    client,
    new_key,
    plain,
    refusal,
    session_client,
)
from botocore import UNSIGNED
from botocore.config import Config

from narrowgate.adapters.sandbox.authenticate import FAULTS
from narrowgate.adapters.sandbox.embedded import Embedded

UNKNOWN = ("AKIAUNKNOWNUNKNOWN00", "x")


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_administrator_is_an_iam_user_of_the_regions_partition(aws: Embedded, region: str, partition: str) -> None:
    arn = f"arn:{partition}:iam::{aws.account}:user/sandbox-admin"
    assert client(aws, "sts", region=region).get_caller_identity()["Arn"] == arn
    assert client(aws, "iam", region=region).get_user()["User"]["Arn"] == arn


def test_users_key_is_its_user(aws: Embedded) -> None:
    iam = client(aws, "iam")
    made = iam.create_user(UserName="x", Path="/team/")["User"]
    identity = client(aws, "sts", new_key(iam, "x")).get_caller_identity()
    assert plain(identity) == {"UserId": made["UserId"], "Account": aws.account, "Arn": made["Arn"]}
    assert made["UserId"].startswith("AIDA")


def test_role_session_is_its_role(aws: Embedded) -> None:
    client(aws, "iam").create_role(RoleName="r", AssumeRolePolicyDocument=TRUST_ACCOUNT)
    given = client(aws, "sts").assume_role(
        RoleArn=f"arn:aws:iam::{aws.account}:role/r", RoleSessionName="session", DurationSeconds=900
    )["Credentials"]
    session = session_client(aws, "sts", given)
    assert session.get_caller_identity()["Arn"] == f"arn:aws:sts::{aws.account}:assumed-role/r/session"


@pytest.mark.parametrize(
    ("service", "operation", "expected"),
    [
        ("sts", "get_caller_identity", ("InvalidClientTokenId", 403)),
        ("iam", "list_users", ("InvalidClientTokenId", 403)),
        ("ec2", "describe_vpcs", ("AuthFailure", 401)),
        ("secretsmanager", "list_secrets", ("UnrecognizedClientException", 400)),
        ("eks", "list_clusters", ("UnrecognizedClientException", 403)),
        ("s3", "list_buckets", ("InvalidAccessKeyId", 403)),
    ],
)
def test_unknown_key_is_refused_in_the_services_own_form(
    aws: Embedded, service: str, operation: str, expected: tuple[str, int]
) -> None:
    assert refusal(getattr(client(aws, service, UNKNOWN), operation)) == expected


def test_inactive_key_is_refused_until_it_is_active_again(aws: Embedded) -> None:
    iam = client(aws, "iam")
    iam.create_user(UserName="x")
    key = new_key(iam, "x")
    iam.update_access_key(UserName="x", AccessKeyId=key[0], Status="Inactive")
    call = client(aws, "sts", key).get_caller_identity
    assert refusal(call) == ("InvalidClientTokenId", 403)
    iam.update_access_key(UserName="x", AccessKeyId=key[0], Status="Active")
    assert call()["Arn"].endswith("user/x")


def test_deleted_key_is_refused(aws: Embedded) -> None:
    iam = client(aws, "iam")
    iam.create_user(UserName="x")
    key = new_key(iam, "x")
    iam.delete_access_key(UserName="x", AccessKeyId=key[0])
    assert refusal(client(aws, "sts", key).get_caller_identity) == ("InvalidClientTokenId", 403)


def test_key_of_one_partition_is_unknown_in_another(aws: Embedded) -> None:
    iam = client(aws, "iam")
    iam.create_user(UserName="x")
    key = new_key(iam, "x")
    assert refusal(client(aws, "sts", key, "cn-north-1").get_caller_identity) == ("InvalidClientTokenId", 403)


def test_unsigned_call_is_refused(aws: Embedded) -> None:
    sts: Client = botocore.session.Session().create_client(
        "sts", region_name="eu-west-1", config=Config(signature_version=UNSIGNED)
    )
    sts.meta.events.register("before-send", aws.transport)
    assert refusal(sts.get_caller_identity) == ("MissingAuthenticationToken", 403)


def test_every_trouble_has_a_form_for_every_style() -> None:
    styles = {"query", "ec2", "json", "rest-json", "rest-xml"}
    assert {style for _, style in FAULTS} == styles
    assert len(FAULTS) == 6 * len(styles)


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKeyLastUsed.html
def test_last_use_is_not_available_before_the_first_and_true_after(aws: Embedded) -> None:
    iam = client(aws, "iam")
    iam.create_user(UserName="x")
    key = new_key(iam, "x")
    before = plain(iam.get_access_key_last_used(AccessKeyId=key[0]))
    assert before == {"UserName": "x", "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}
    # A use that is not allowed is a use.
    refusal(client(aws, "secretsmanager", key, "us-west-2").list_secrets)
    used = iam.get_access_key_last_used(AccessKeyId=key[0])["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("secretsmanager", "us-west-2")
    assert used["LastUsedDate"].microsecond == 0
    allow_everything(iam, "x")
    client(aws, "iam", key).list_users()
    used = iam.get_access_key_last_used(AccessKeyId=key[0])["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("iam", "us-east-1")


def test_refused_call_is_no_use(aws: Embedded) -> None:
    iam = client(aws, "iam")
    iam.create_user(UserName="x")
    key = new_key(iam, "x")
    iam.update_access_key(UserName="x", AccessKeyId=key[0], Status="Inactive")
    refusal(client(aws, "sts", key).get_caller_identity)
    assert iam.get_access_key_last_used(AccessKeyId=key[0])["AccessKeyLastUsed"]["ServiceName"] == "N/A"
