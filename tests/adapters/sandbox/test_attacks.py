"""Attacks on the gate that are refused: each tries to have more done than was allowed, or to stop the sandbox."""

from __future__ import annotations

import json
import threading
from itertools import product
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from adapters.sandbox.support import (
    EVERYTHING,
    FORM,
    REGION,
    TRUST,
    Client,
    client,
    new_key,
    refusal,
    session_client,
)
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from narrowgate.adapters.sandbox.embedded import ADMIN, Embedded

pytestmark = pytest.mark.slow

Key = tuple[str, str]
IAM, EC2 = "2010-05-08", "2016-11-15"
ACCOUNT = "123456789012"
BUCKET = b"<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>"


def _policy(*statements: tuple[str, str | list[str], str | list[str]]) -> str:
    made = [{"Effect": effect, "Action": action, "Resource": on} for effect, action, on in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": made})


def _user(aws: Embedded, name: str, policy: str) -> Key:
    iam = client(aws, "iam")
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
    return new_key(iam, name)


def _send(aws: Embedded, key: Key, service: str, line: str, **more: Any) -> tuple[int, bytes]:
    """Status and body of the answer to a signed request; `line` is method and path, `more` headers and body."""
    method, _, path = line.partition(" ")
    request = AWSRequest(method, f"http://127.0.0.1{path}", dict(more.get("headers", {})), more.get("body", b""))
    (S3SigV4Auth if service == "s3" else SigV4Auth)(Credentials(*key), service, REGION).add_auth(request)
    answer = aws.transport(request.prepare())
    return answer.status_code, answer.content


def _form(aws: Embedded, key: Key, service: str, version: str, **fields: str) -> tuple[int, bytes]:
    body = urlencode({"Version": version, **fields}).encode()
    return _send(aws, key, service, "POST /", headers=FORM, body=body)


def _buckets(aws: Embedded, *names: str) -> None:
    for name in names:
        assert _send(aws, ADMIN, "s3", f"PUT /{name}", body=BUCKET)[0] == 200
        assert _send(aws, ADMIN, "s3", f"PUT /{name}/key", body=b"TOP")[0] == 200


def _users(aws: Embedded) -> set[str]:
    return {user["UserName"] for user in client(aws, "iam").list_users()["Users"]}


# One call decided, another performed


DELETIONS: Final[tuple[tuple[str, dict[str, str], str], ...]] = (
    ("POST /?Action=GetUser", FORM, "Action=DeleteUser&Version=2010-05-08&UserName=victim"),
    ("POST /?Action=DeleteUser&UserName=victim", FORM, "Action=GetUser&Version=2010-05-08"),
    ("POST /", FORM, "Action=GetUser&Action=DeleteUser&Version=2010-05-08&UserName=victim"),
    ("POST /", {**FORM, "action": "DeleteUser"}, "Action=GetUser&Version=2010-05-08&UserName=victim"),
    ("POST /", {**FORM, "X-Amz-Target": "x.DeleteUser"}, "Action=GetUser&Version=2010-05-08&UserName=victim"),
    ("POST /", {"content-type": "text/plain"}, "Action=DeleteUser&Version=2010-05-08&UserName=victim"),
    ("PUT /?Action=DeleteUser&Version=2010-05-08&UserName=victim", {}, ""),
    ("POST /x?Action=DeleteUser&Version=2010-05-08&UserName=victim", {}, ""),
    ("POST /", FORM, "Action=GetUser&Version=2010-05-08&UserName=u&UserName=victim"),
    ("POST /", FORM, "Action=GetUser&Version=2010-05-08&UserName=victim;Action=DeleteUser"),
    (
        "POST /",
        {**FORM, "x-moto-account-id": "999999999999"},
        "Action=DeleteUser&Version=2010-05-08&UserName=victim",
    ),
    (
        "POST /",
        {**FORM, "x-http-method-override": "DELETE"},
        "Action=DeleteUser&Version=2010-05-08&UserName=victim",
    ),
    ("POST /", FORM, "%41ction=DeleteUser&Version=2010-05-08&UserName=victim"),
)


def test_a_reader_of_iam_users_deletes_none(aws: Embedded) -> None:
    key = _user(aws, "u", _policy(("Allow", "iam:GetUser", "*")))
    client(aws, "iam").create_user(UserName="victim")
    for line, headers, body in DELETIONS:
        status, _ = _send(aws, key, "iam", line, headers=headers, body=body.encode())
        assert 400 <= status < 500, (line, headers, body)
    assert "victim" in _users(aws)


@pytest.mark.parametrize(
    "body",
    [
        '{"Name":"ok","Value":"x","Type":"String","Name":"other"}',
        '{"Name":"other","Value":"&Name=ok&","Type":"String"}',
        '{"Name":"other","name":"ok","Value":"x","Type":"String"}',
        "Action=PutParameter&Name=other&Value=x&Type=String",
        '\ufeff{"Name":"other","Value":"x","Type":"String"}',
    ],
)
def test_no_spelling_of_json_puts_another_parameter(aws: Embedded, body: str) -> None:
    key = _user(aws, "u", _policy(("Allow", "ssm:PutParameter", "arn:aws:ssm:*:*:parameter/ok")))
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "AmazonSSM.PutParameter"}
    assert _send(aws, key, "ssm", "POST /", headers=headers, body=body.encode())[0] == 400
    assert client(aws, "ssm").describe_parameters()["Parameters"] == []


@pytest.mark.parametrize("body", [b'{"x":"&Action=DeleteParameter&Name=p&","Name":"p"}', b'{"Name":"p"}&Action=x'])
def test_a_json_body_is_not_read_as_a_form(aws: Embedded, body: bytes) -> None:
    client(aws, "ssm").put_parameter(Name="p", Value="x", Type="String")
    key = _user(aws, "u", _policy(("Allow", "ssm:GetParameter", "*")))
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "AmazonSSM.GetParameter"}
    _send(aws, key, "ssm", "POST /", headers=headers, body=body)
    assert len(client(aws, "ssm").describe_parameters()["Parameters"]) == 1


# S3


PATHS: Final = (
    *("/secret/key", "//secret/key", "/%73ecret/key", "/secret%2Fkey", "/%2fsecret/key", "/mine/../secret/key"),
    *("/mine/%2e%2e/secret/key", "/secret/k%65y", "/%2573ecret/key", "/secret//key", "/secret/key?x=1"),
)


def test_no_spelling_of_a_path_reads_a_denied_object(aws: Embedded) -> None:
    _buckets(aws, "mine", "secret")
    denied = ["arn:aws:s3:::secret", "arn:aws:s3:::secret/*"]
    key = _user(aws, "u", _policy(("Allow", "s3:*", "*"), ("Deny", "s3:*", denied)))
    for path, host in product(PATHS, ("127.0.0.1", "secret.s3.amazonaws.com")):
        status, body = _send(aws, key, "s3", f"GET {path}", headers={"Host": host})
        assert status in (403, 404, 405), path
        assert b"TOP" not in body, path


MORE: Final = (
    *("x-amz-copy-source: secret/key", "x-amz-acl: public-read", "x-amz-grant-read: id=1", "x-amz-tagging: a=b"),
    *("x-amz-object-lock-mode: GOVERNANCE", "x-amz-rename-source: /mine/key", "x-amz-target: S3.DeleteBucket"),
)


def test_a_header_that_asks_for_more_needs_more(aws: Embedded) -> None:
    _buckets(aws, "mine", "secret")
    key = _user(aws, "u", _policy(("Allow", "s3:PutObject", "*")))
    for header in MORE:
        name, _, value = header.partition(": ")
        assert _send(aws, key, "s3", "PUT /mine/new", headers={name: value})[0] in (400, 403), header
    assert _send(aws, ADMIN, "s3", "GET /mine/new")[0] == 404


BATCHES: Final = (
    "<Object><Key>key</Key></Object><Object><Key>keep</Key></Object>",
    "<Object><Key>key</Key><Key>keep</Key></Object>",
    '<q:Object xmlns:q="urn:x"><q:Key>keep</q:Key></q:Object>',
    "<object><Key>keep</Key></object><Object><Key>key</Key></Object>",
    "<X><Object><Key>keep</Key></Object></X><Object><Key>key</Key></Object>",
)


def test_no_batch_deletes_what_may_not_be_deleted(aws: Embedded) -> None:
    _buckets(aws, "mine")
    _send(aws, ADMIN, "s3", "PUT /mine/keep", body=b"x")
    key = _user(aws, "u", _policy(("Allow", "s3:DeleteObject", "arn:aws:s3:::mine/key")))
    for objects in BATCHES:
        _send(aws, key, "s3", "POST /mine?delete", body=f"<Delete>{objects}</Delete>".encode())
    assert _send(aws, ADMIN, "s3", "GET /mine/keep")[0] == 200


def test_a_form_for_browsers_uploads_nothing(aws: Embedded) -> None:
    _buckets(aws, "mine")
    part = 'Content-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    body = "--x\r\n" + "--x\r\n".join((part.format("key", "key"), part.format("file", "EVIL"))) + "--x--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=x"}
    assert _send(aws, ADMIN, "s3", "POST /mine", headers=headers, body=body.encode())[0] == 405
    assert _send(aws, ADMIN, "s3", "GET /mine/key")[1] == b"TOP"


# What is beside the first resource


def _instance(aws: Embedded) -> tuple[str, str]:
    ec2 = client(aws, "ec2")
    image = ec2.register_image(Name="own", RootDeviceName="/dev/sda1")["ImageId"]
    return image, ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]


def test_every_role_is_passed_by_who_may(aws: Embedded) -> None:
    image, instance = _instance(aws)
    iam, ec2 = client(aws, "iam"), client(aws, "ec2")
    iam.create_role(RoleName="big", AssumeRolePolicyDocument=TRUST)
    iam.create_instance_profile(InstanceProfileName="big")
    iam.add_role_to_instance_profile(InstanceProfileName="big", RoleName="big")
    contents = {"ImageId": image, "IamInstanceProfile": {"Name": "big"}}
    ec2.create_launch_template(LaunchTemplateName="big", LaunchTemplateData=contents)
    key = _user(aws, "u", _policy(("Allow", ["ec2:*", "autoscaling:*", "iam:CreateServiceLinkedRole"], "*")))
    mine, groups, once = client(aws, "ec2", key), client(aws, "autoscaling", key), {"MinCount": 1, "MaxCount": 1}
    profile, template = {"Name": "big"}, {"LaunchTemplateName": "big", "Version": "$Latest"}
    denied = ("UnauthorizedOperation", 403)
    assert refusal(mine.run_instances, ImageId=image, IamInstanceProfile=profile, **once) == denied
    assert refusal(mine.run_instances, LaunchTemplate=template, **once) == denied
    assert refusal(mine.associate_iam_instance_profile, InstanceId=instance, IamInstanceProfile=profile) == denied
    wanted = {"AutoScalingGroupName": "g", "MinSize": 0, "MaxSize": 1, "AvailabilityZones": [f"{REGION}a"]}
    assert refusal(groups.create_auto_scaling_group, LaunchTemplate=template, **wanted) == ("AccessDenied", 403)
    launch = {"LaunchConfigurationName": "c", "ImageId": image, "InstanceType": "t3.micro"}
    assert refusal(groups.create_launch_configuration, IamInstanceProfile="big", **launch) == ("AccessDenied", 403)


def test_a_call_on_two_instances_needs_both(aws: Embedded) -> None:
    (_, one), ec2 = _instance(aws), client(aws, "ec2")
    other = ec2.run_instances(ImageId=client(aws, "ec2").describe_images(Owners=["self"])["Images"][0]["ImageId"],
                              MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]  # fmt: skip
    allowed = ["ec2:TerminateInstances", "ec2:CreateTags"]
    mine = client(aws, "ec2", _user(aws, "u", _policy(("Allow", allowed, f"arn:aws:ec2:*:*:instance/{one}"))))
    assert refusal(mine.terminate_instances, InstanceIds=[one, other])[1] == 403
    assert refusal(mine.create_tags, Resources=[one, other], Tags=[{"Key": "a", "Value": "b"}])[1] == 403


# Who somebody is


def test_a_key_belongs_to_its_token(aws: Embedded) -> None:
    one, other = (client(aws, "sts", _user(aws, name, EVERYTHING)).get_session_token()["Credentials"] for name in "ab")
    for given in ({**one, "SessionToken": other["SessionToken"]}, {**one, "SessionToken": ""}):
        assert refusal(session_client(aws, "sts", given).get_caller_identity)[1] == 403


def test_a_session_does_not_outlive_its_user(aws: Embedded) -> None:
    iam, key = client(aws, "iam"), _user(aws, "u", EVERYTHING)
    mine: Client = session_client(aws, "ec2", client(aws, "sts", key).get_session_token()["Credentials"])
    assert mine.describe_vpcs()["Vpcs"]
    iam.delete_access_key(UserName="u", AccessKeyId=key[0])
    iam.delete_user_policy(UserName="u", PolicyName="p")
    iam.delete_user(UserName="u")
    assert refusal(mine.describe_vpcs) == ("AuthFailure", 401)
    _user(aws, "u", EVERYTHING)
    assert refusal(mine.describe_vpcs) == ("AuthFailure", 401)


def test_own_keys_only_without_a_name(aws: Embedded) -> None:
    mine = client(aws, "iam", _user(aws, "u", _policy(("Allow", "iam:*AccessKey*", f"arn:aws:iam::{ACCOUNT}:user/u"))))
    other = _user(aws, "other", EVERYTHING)
    assert refusal(mine.update_access_key, AccessKeyId=other[0], Status="Inactive")[0] == "NoSuchEntity"
    assert refusal(mine.delete_access_key, AccessKeyId=other[0])[0] == "NoSuchEntity"
    assert client(aws, "sts", other).get_caller_identity()["Arn"].endswith("user/other")


# Stopping it


@pytest.mark.parametrize("text", ["\\ud800", "\\u0000", "a\\udfff\\ud800"])
def test_a_text_that_is_none_is_answered(aws: Embedded, text: str) -> None:
    key = _user(aws, "u", _policy(("Allow", "ssm:GetParameter", "arn:aws:ssm:*:*:parameter/ok")))
    headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": "AmazonSSM.GetParameter"}
    for caller in (key, ADMIN):
        body = f'{{"Name":"{text}"}}'.encode()
        assert _send(aws, caller, "ssm", "POST /", headers=headers, body=body)[0] == 400


def test_eight_callers_at_once_are_all_answered(aws: Embedded) -> None:
    statuses: list[int] = []

    def work(number: int) -> None:
        for turn in range(5):
            statuses.append(_form(aws, ADMIN, "iam", IAM, Action="CreateUser", UserName=f"u{number}-{turn}")[0])
            statuses.append(_form(aws, ADMIN, "ec2", EC2, Action="DescribeVpcs")[0])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses == [200] * 80
    assert len(_users(aws)) == 40


def test_a_refused_call_is_not_journalled(tmp_path: Path) -> None:
    with Embedded(tmp_path) as aws:
        key = _user(aws, "u", _policy(("Allow", "iam:GetUser", "*")))
        before = (tmp_path / "calls.jsonl").read_bytes()
        assert _form(aws, key, "iam", IAM, Action="CreateUser", UserName="x")[0] == 403
        assert _form(aws, ADMIN, "ec2", EC2, Action="CreateVpc", CidrBlock="10.0.0.0/16", DryRun="true")[0] == 412
        assert (tmp_path / "calls.jsonl").read_bytes() == before
