"""What the tests of the embedded AWS share: clients without sockets, and the shape of an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from narrowgate.adapters.sandbox.embedded import ADMIN, Embedded

Client = Any
REGION = "eu-west-1"
DOCUMENT = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"}]}'
TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
    '"Principal":{"Service":"ec2.amazonaws.com"}}]}'
)
TRUST_ACCOUNT = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
    '"Principal":{"AWS":"123456789012"}}]}'
)
NO_RETRY = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})


def client(aws: Embedded, service: str, key: tuple[str, str] = ADMIN, region: str = REGION) -> Client:
    """A botocore client of the embedded AWS, called without a socket."""
    made: Client = botocore.session.Session().create_client(
        service,
        region_name=region,
        aws_access_key_id=key[0],
        aws_secret_access_key=key[1],
        config=NO_RETRY,
    )
    made.meta.events.register("before-send", aws.transport)
    return made


def session_client(aws: Embedded, service: str, given: dict[str, str], region: str = REGION) -> Client:
    """A client with temporary credentials, as STS gives them."""
    made: Client = botocore.session.Session().create_client(
        service,
        region_name=region,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        config=NO_RETRY,
    )
    made.meta.events.register("before-send", aws.transport)
    return made


EVERYTHING = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


def allow_everything(iam: Client, user: str) -> None:
    """Make the user an administrator."""
    iam.put_user_policy(UserName=user, PolicyName="everything", PolicyDocument=EVERYTHING)


FORM = {"content-type": "application/x-www-form-urlencoded"}


def raw(aws: Embedded, service: str, body: bytes, path: str = "/", headers: dict[str, str] = FORM) -> tuple[int, bytes]:
    """Status and body of the answer to a request that is no operation of botocore's, signed by the administrator."""
    request = AWSRequest("POST", f"http://127.0.0.1{path}", dict(headers), body)
    SigV4Auth(Credentials(*ADMIN), service, REGION).add_auth(request)
    answer = aws.transport(request.prepare())
    return answer.status_code, answer.content


def new_key(iam: Client, user: str) -> tuple[str, str]:
    """A new access key of the user."""
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def refusal(call: Callable[..., Any], **params: Any) -> tuple[str, int]:
    """The error code and HTTP status with which the call is refused."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    response: Any = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def plain(reply: dict[str, Any]) -> dict[str, Any]:
    """The reply without its metadata."""
    return {name: value for name, value in reply.items() if name != "ResponseMetadata"}
