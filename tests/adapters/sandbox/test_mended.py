"""What once passed and was more than was allowed, or was not kept: each refused, or kept, since."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from adapters.sandbox.support import (
    REGION,
    TRUST,
    Client,
    allow_everything,
    client,
    new_key,
    refusal,
)
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from narrowgate.adapters.sandbox.embedded import ADMIN, Embedded

pytestmark = pytest.mark.slow

FORM = "application/x-www-form-urlencoded"
Key = tuple[str, str]


def sent(aws: Embedded, who: Key, service: str, method: str, path: str, body: bytes, **headers: str) -> tuple[int, str]:
    """Status and text of the answer to a signed request of any shape."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest(method, f"http://127.0.0.1{path}", named, body)
    (S3SigV4Auth if service == "s3" else SigV4Auth)(Credentials(*who), service, REGION).add_auth(request)
    answer = aws.transport(request.prepare())
    return answer.status_code, answer.content.decode("utf-8", "replace")


def user(aws: Embedded, *statements: dict[str, Any]) -> Key:
    """The key of a new user with a policy."""
    import json

    iam = client(aws, "iam")
    iam.create_user(UserName="u")
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document)
    return new_key(iam, "u")


def allow(action: str | list[str], resource: str = "*", **condition: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"Effect": "Allow", "Action": action, "Resource": resource}
    return made | ({"Condition": condition} if condition else {})


def deny(action: str, resource: str = "*") -> dict[str, Any]:
    return {**allow(action, resource), "Effect": "Deny"}


@pytest.mark.parametrize(
    ("method", "kind"), [("GET", FORM), ("POST", f"{FORM}x"), ("POST", f"{FORM}, text/plain"), ("PUT", FORM)]
)
def test_parameters_come_from_one_place(aws: Embedded, method: str, kind: str) -> None:
    boundary = f"arn:aws:iam::{aws.account}:policy/b"
    client(aws, "iam").create_policy(
        PolicyName="b", PolicyDocument=TRUST.replace('"Principal":{"Service":"ec2.amazonaws.com"}', '"Resource":"*"')
    )
    key = user(aws, allow("iam:CreateUser", StringEquals={"iam:PermissionsBoundary": boundary}))
    body = urlencode({"PermissionsBoundary": boundary}).encode()
    path = "/?Action=CreateUser&Version=2010-05-08&UserName=unbounded"
    assert sent(aws, key, "iam", method, path, body, content_type=kind)[0] in (400, 403, 404)
    assert refusal(client(aws, "iam").get_user, UserName="unbounded") == ("NoSuchEntity", 404)


def test_a_form_in_a_body_names_no_version_and_no_operation(aws: Embedded) -> None:
    s3, eks = client(aws, "s3"), client(aws, "eks")
    s3.create_bucket(Bucket="mine", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="mine", Key="k", Body=b"x")
    key = user(aws, allow(["s3:GetObject", "s3:DeleteObject", "eks:ListClusters"]))
    for method in ("GET", "DELETE"):
        assert sent(aws, key, "s3", method, "/mine/k", b"versionId=1", content_type=FORM)[0] == 400
    part = b'--x\r\nContent-Disposition: form-data; name="Action"\r\n\r\nDeleteCluster\r\n--x--\r\n'
    kind = "multipart/form-data; boundary=x"
    assert sent(aws, key, "eks", "GET", "/clusters", part, content_type=kind)[0] == 400
    assert s3.get_object(Bucket="mine", Key="k")["Body"].read() == b"x"
    assert eks.list_clusters()["clusters"] == []


@pytest.mark.parametrize(
    "source",
    [
        "secret/key#.txt",
        "secret/key;.txt",
        "secret/key?x=.txt",
        "///secret/key",
        "http://mine/secret/key",
        "/%2fsecret/key",
    ],
)
def test_the_source_of_a_copy_means_one_thing(aws: Embedded, source: str) -> None:
    s3 = client(aws, "s3")
    for bucket in ("mine", "secret"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="secret", Key="key", Body=b"x")
    key = user(aws, allow("s3:*"), deny("s3:GetObject", "arn:aws:s3:::secret/key"))
    assert sent(aws, key, "s3", "PUT", "/mine/copy", b"", x_amz_copy_source=source)[0] in (400, 403)


def tagged(kind: str, *pairs: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": [{"Key": k, "Value": v} for k, v in pairs]}]


def test_tags_are_of_what_the_call_makes_each_once_and_not_awss(aws: Embedded) -> None:
    ec2 = client(aws, "ec2")
    for tags in (
        tagged("subnet", ("team", "a")),
        tagged("vpc", ("team", "a"), ("team", "b")),
        tagged("vpc", ("team", "a"), ("Team", "b")),
        tagged("vpc", ("aws:cloudformation:stack-name", "x")),
    ):
        assert refusal(ec2.create_vpc, CidrBlock="10.9.0.0/16", TagSpecifications=tags) == (
            "InvalidParameterValue",
            400,
        )
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16", TagSpecifications=tagged("vpc", ("team", "a")))["Vpc"]["VpcId"]
    marked = [{"Key": "aws:autoscaling:groupName", "Value": "mine"}]
    assert refusal(ec2.create_tags, Resources=[vpc], Tags=marked) == ("InvalidParameterValue", 400)


@pytest.mark.parametrize("version", ["01", " 1", "9", "", "latest"])
def test_a_version_of_a_launch_template_is_one(aws: Embedded, version: str) -> None:
    ec2 = client(aws, "ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    ec2.create_launch_template(LaunchTemplateName="t", LaunchTemplateData={"ImageId": image, "InstanceType": "t3.nano"})
    launch = {"MinCount": 1, "MaxCount": 1, "LaunchTemplate": {"LaunchTemplateName": "t", "Version": version}}
    assert refusal(ec2.run_instances, **launch) == ("InvalidParameterValue", 400)
    assert ec2.describe_instances()["Reservations"] == []


def test_a_secret_is_the_same_by_every_spelling_of_its_arn(aws: Embedded) -> None:
    arn = client(aws, "secretsmanager").create_secret(Name="prod", SecretString="x")["ARN"]
    mine = client(aws, "secretsmanager", user(aws, allow("secretsmanager:*"), deny("secretsmanager:*", arn)))
    for spelling in (arn, "prod", arn[:-7], arn[:-6] + "AAAAAA"):
        code, _ = refusal(mine.get_secret_value, SecretId=spelling)
        assert code in ("AccessDeniedException", "ResourceNotFoundException")


def test_a_call_that_names_nothing_is_asked_about(aws: Embedded) -> None:
    key = user(aws, allow("s3:ListAllMyBuckets"))
    assert refusal(client(aws, "autoscaling", key).create_or_update_tags, Tags=[{"Key": "k"}])[0] == "AccessDenied"


def test_a_new_key_can_be_tagged(aws: Embedded) -> None:
    made = client(aws, "kms").create_key(Tags=[{"TagKey": "team", "TagValue": "a"}])
    assert made["KeyMetadata"]["Enabled"]


def test_a_change_is_kept_and_seen_however_it_was_sent(tmp_path: Path) -> None:
    with Embedded(tmp_path) as aws:
        key = user(aws, allow("iam:ListUsers"))
        path = "/?Action=DeleteUserPolicy&Version=2010-05-08&UserName=u&PolicyName=p"
        assert sent(aws, ADMIN, "iam", "GET", path, b"")[0] == 200
        assert refusal(client(aws, "iam", key).list_users) == ("AccessDenied", 403)
    with Embedded(tmp_path) as aws:
        iam: Client = client(aws, "iam")
        assert iam.list_user_policies(UserName="u")["PolicyNames"] == []
        allow_everything(iam, "u")


def test_a_list_in_a_header_is_read_in_linear_time(aws: Embedded) -> None:
    """60,000 blanks took 18 s, and each doubling four times as long; this many would never end."""
    client(aws, "s3").create_bucket(Bucket="mine", CreateBucketConfiguration={"LocationConstraint": REGION})
    parts = "a" + " " * 2_000_000 + "a"
    assert sent(aws, ADMIN, "s3", "GET", "/mine/k?attributes=", b"", x_amz_object_attributes=parts)[0] >= 400
