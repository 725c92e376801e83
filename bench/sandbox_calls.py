"""The calls that the sandbox is measured with: signed once, sent by hand, so that no client is measured. Pure.

A call with `{n}` in it is another call at each turn: its names were never seen before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import urlencode

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REGION: Final = "eu-west-1"
HOST: Final = "127.0.0.1"
USER: Final = "bench-user"
ACCOUNT: Final = "123456789012"
IMAGE: Final = "ami-12c6146b"
"""One that moto has in every account."""
DRY_RUN: Final = 412
"""The status of EC2's answer to a DryRun that would have succeeded."""
NEIGHBOURS: Final = 20
"""Users and roles that are in the account besides."""

Key: TypeAlias = tuple[str, str]

_VERSIONS: Final = {"iam": "2010-05-08", "sts": "2011-06-15", "ec2": "2016-11-15"}
_TARGETS: Final = {"ssm": "AmazonSSM", "secretsmanager": "secretsmanager", "dynamodb": "DynamoDB_20120810"}
_FORM: Final = "application/x-www-form-urlencoded; charset=utf-8"
_JSON: Final = "application/x-amz-json-1.1"


@dataclass(frozen=True, slots=True)
class Wire:
    """A call as it goes over the wire, without its signature; `status` is that of the right answer."""

    name: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: str
    status: int = 200

    @property
    def service(self) -> str:
        """The signing name of the service."""
        return self.name.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Signed:
    """One request, ready to be sent."""

    name: str
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    status: int


Send: TypeAlias = Callable[[Signed], tuple[int, bytes]]
"""Status and body of the answer."""


def query(name: str, /, **params: str) -> Wire:
    """A call of IAM, STS or EC2; `__` in the name of a parameter stands for a dot."""
    service, _, action = name.partition(":")
    fields = {key.replace("__", "."): value for key, value in params.items()}
    body = urlencode({"Action": action, "Version": _VERSIONS[service], **fields}, safe="{}")
    return Wire(name, "POST", "/", (("Content-Type", _FORM),), body, DRY_RUN if params.get("DryRun") else 200)


def target(name: str, /, **params: Any) -> Wire:
    """A call of a service that speaks JSON."""
    service, _, action = name.partition(":")
    headers = (("Content-Type", _JSON), ("X-Amz-Target", f"{_TARGETS[service]}.{action}"))
    return Wire(name, "POST", "/", headers, json.dumps(params))


def mix(subnet: str) -> tuple[Wire, ...]:
    """One turn: identity reads and writes, descriptions, a launch as DryRun, reads and writes of data."""
    tags = {"Tags__member__1__Key": "owner", "Tags__member__1__Value": "bench"}
    launch = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": "1", "MaxCount": "1", "SubnetId": subnet}
    profile = {"IamInstanceProfile__Name": "bench-node", "DryRun": "true"}
    return (
        query("sts:GetCallerIdentity"),
        query("iam:GetUser", UserName=USER),
        query("iam:GetRole", RoleName="bench-node"),
        query("iam:CreateUser", UserName="made-{n}", Path="/bench/", **tags),
        query("iam:ListAttachedUserPolicies", UserName="made-{n}"),
        query("iam:DeleteUser", UserName="made-{n}"),
        query("ec2:DescribeVpcs"),
        query("ec2:DescribeSubnets", Filter__1__Name="subnet-id", Filter__1__Value__1=subnet),
        query("ec2:DescribeInstances"),
        query("ec2:RunInstances", **launch, **profile),
        target("ssm:PutParameter", Name="/bench/{n}", Value="{n}", Type="String"),
        target("ssm:GetParameter", Name="/bench/{n}"),
        target("secretsmanager:GetSecretValue", SecretId="bench/secret"),
        target("dynamodb:PutItem", TableName="bench", Item={"id": {"S": "{n}"}}),
        target("dynamodb:GetItem", TableName="bench", Key={"id": {"S": "{n}"}}),
        Wire("s3:GetObject", "GET", "/bench-bucket/folder/object", (), ""),
    )


def turns(subnet: str, first: int, count: int) -> Iterator[Wire]:
    """The mix `count` times, each turn with a number of its own."""
    for number in range(first, first + count):
        for wire in mix(subnet):
            yield numbered(wire, number)


def numbered(wire: Wire, number: int) -> Wire:
    """The call of one turn."""
    said, body = str(number), wire.body.replace("{n}", str(number))
    return Wire(wire.name, wire.method, wire.target.replace("{n}", said), wire.headers, body, wire.status)


def signed(wire: Wire, key: Key, host: str = HOST) -> Signed:
    """The call, signed now: it is right for 15 minutes. `host` may have a port."""
    headers = dict(wire.headers)
    made = AWSRequest(wire.method, f"http://{host}{wire.target}", headers, wire.body.encode())
    signer = S3SigV4Auth if wire.service == "s3" else SigV4Auth
    signer(Credentials(*key), wire.service, REGION).add_auth(made)
    sent = {**dict(made.headers.items()), "Host": host}
    return Signed(wire.name, wire.method, wire.target, sent, wire.body.encode(), wire.status)


def prepare(send: Send, admin: Key, host: str = HOST) -> tuple[Key, str]:
    """Make what the mix is about: the key of the user with the policy, and a subnet. Raises ValueError."""

    def made(wire: Wire) -> str:
        status, body = send(signed(wire, admin, host))
        if status != wire.status:
            raise ValueError(f"{wire.name} answered {status}: {body.decode('utf-8', 'replace')[:300]}")
        return body.decode()

    for wire in _given():
        made(wire)
    key = made(query("iam:CreateAccessKey", UserName=USER))
    subnet = made(query("ec2:DescribeSubnets"))
    return (_found("AccessKeyId", key), _found("SecretAccessKey", key)), _found("subnetId", subnet)


def _given() -> Iterator[Wire]:
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
    yield query("iam:CreateUser", UserName=USER)
    yield query("iam:CreatePolicy", PolicyName="bench", PolicyDocument=document(STATEMENTS))
    yield query("iam:AttachUserPolicy", UserName=USER, PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/bench")
    yield query("iam:CreateRole", RoleName="bench-node", AssumeRolePolicyDocument=document([trust]))
    yield query("iam:CreateInstanceProfile", InstanceProfileName="bench-node")
    yield query("iam:AddRoleToInstanceProfile", InstanceProfileName="bench-node", RoleName="bench-node")
    for number in range(NEIGHBOURS):
        name, own = f"neighbour-{number}", document(STATEMENTS[:5])
        yield query("iam:CreateUser", UserName=name)
        yield query("iam:PutUserPolicy", UserName=name, PolicyName="own", PolicyDocument=own)
        yield query("iam:CreateRole", RoleName=name, AssumeRolePolicyDocument=document([trust]))
        yield query("iam:PutRolePolicy", RoleName=name, PolicyName="own", PolicyDocument=own)
    yield target("secretsmanager:CreateSecret", Name="bench/secret", SecretString="worth nothing")
    yield target(
        "dynamodb:CreateTable",
        TableName="bench",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    place = f"<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
    yield Wire("s3:CreateBucket", "PUT", "/bench-bucket", (), place)
    yield Wire("s3:PutObject", "PUT", "/bench-bucket/folder/object", (), "a text of some length " * 20)


def document(statements: Sequence[Mapping[str, Any]]) -> str:
    """The text of a policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _found(name: str, answer: str) -> str:
    found = re.search(f"<{name}>([^<]+)</{name}>", answer)
    if found is None:
        raise ValueError(f"the answer has no {name}")
    return found[1]


def _arns(service: str, *resources: str) -> list[str]:
    return [f"arn:aws:{service}:{resource}" for resource in resources]


_HERE: Final = f"{REGION}:{ACCOUNT}"
_EQUALS: Final = "StringEquals"
STATEMENTS: Final[Sequence[Mapping[str, Any]]] = (
    {
        "Sid": "ReadIdentity",
        "Effect": "Allow",
        "Action": ["iam:Get*", "iam:List*", "sts:GetCallerIdentity"],
        "Resource": "*",
    },
    {
        "Sid": "MakeUsers",
        "Effect": "Allow",
        "Action": ["iam:CreateUser", "iam:TagUser"],
        "Resource": _arns("iam", f":{ACCOUNT}:user/bench/*"),
        "Condition": {_EQUALS: {"aws:RequestTag/owner": "bench"}},
    },
    {
        "Sid": "DropUsers",
        "Effect": "Allow",
        "Action": ["iam:DeleteUser", "iam:UpdateUser"],
        "Resource": _arns("iam", f":{ACCOUNT}:user/bench/*"),
        "Condition": {_EQUALS: {"aws:ResourceTag/owner": "bench"}},
    },
    {
        "Sid": "PassNodes",
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": _arns("iam", f":{ACCOUNT}:role/bench-*"),
        "Condition": {_EQUALS: {"iam:PassedToService": "ec2.amazonaws.com"}},
    },
    {
        "Sid": "Look",
        "Effect": "Allow",
        "Action": ["ec2:Describe*", "autoscaling:Describe*", "elasticloadbalancing:Describe*"],
        "Resource": "*",
        "Condition": {_EQUALS: {"aws:RequestedRegion": [REGION, "us-east-1"]}},
    },
    {
        "Sid": "LaunchInto",
        "Effect": "Allow",
        "Action": "ec2:RunInstances",
        "Resource": _arns(
            "ec2",
            f"{_HERE}:subnet/*",
            f"{_HERE}:security-group/*",
            f"{_HERE}:network-interface/*",
            f"{REGION}::image/*",
        ),
    },
    {
        "Sid": "LaunchSmall",
        "Effect": "Allow",
        "Action": "ec2:RunInstances",
        "Resource": _arns("ec2", f"{_HERE}:instance/*", f"{_HERE}:volume/*"),
        "Condition": {"StringLikeIfExists": {"ec2:InstanceType": ["t3.*", "m5.*"]}},
    },
    {
        "Sid": "Settings",
        "Effect": "Allow",
        "Action": ["ssm:GetParameter*", "ssm:PutParameter", "secretsmanager:GetSecretValue"],
        "Resource": [
            *_arns("ssm", f"{_HERE}:parameter/bench/*"),
            *_arns("secretsmanager", f"{_HERE}:secret:bench/*"),
        ],
    },
    {
        "Sid": "Data",
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "s3:GetObject", "s3:ListBucket"],
        "Resource": [*_arns("dynamodb", f"{_HERE}:table/bench"), "arn:aws:s3:::bench-bucket/folder/*"],
    },
    {
        "Sid": "OnlySecure",
        "Effect": "Deny",
        "Action": "*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    },
)
"""The ten statements of the user's policy."""
