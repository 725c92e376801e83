"""What the tests of the embedded AWS share: clients without sockets, and the shape of an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from narrowgate.adapters.sandbox.embedded import ADMIN, Embedded

Client = Any
REGION = "eu-west-1"
DOCUMENT = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:*","Resource":"*"}]}'
TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
    '"Principal":{"Service":"ec2.amazonaws.com"}}]}'
)
NO_RETRY = Config(retries={"total_max_attempts": 1})


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
