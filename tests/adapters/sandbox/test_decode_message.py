"""DecodeAuthorizationMessage: what the gate encoded, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from adapters.sandbox.support import DOCUMENT, Client, client, new_key, refusal
from botocore.exceptions import ClientError

from narrowgate.adapters.sandbox.embedded import Embedded

pytestmark = pytest.mark.slow

INVALID = ("InvalidAuthorizationMessageException", 400)


def denied_message(aws: Embedded) -> str:
    """The encoded message of a RunInstances that a Deny forbids to the user x."""
    iam = client(aws, "iam")
    iam.create_user(UserName="x")
    deny = DOCUMENT.replace('"Effect"', '"Sid":"No","Effect"').replace("Allow", "Deny")
    iam.put_user_policy(UserName="x", PolicyName="p", PolicyDocument=deny)
    ec2: Client = client(aws, "ec2", new_key(iam, "x"))
    with pytest.raises(ClientError) as caught:
        ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1, DryRun=True)
    found = re.search(r"Encoded authorization failure message: (\S+)", str(caught.value))
    assert found
    return found[1]


# https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
def test_the_message_tells_who_what_where_and_why(aws: Embedded) -> None:
    reply = client(aws, "sts").decode_authorization_message(EncodedMessage=denied_message(aws))
    told = json.loads(reply["DecodedMessage"])
    assert (told["allowed"], told["explicitDeny"]) == (False, True)
    assert told["context"]["principal"]["arn"] == f"arn:aws:iam::{aws.account}:user/x"
    assert told["context"]["action"] == "ec2:RunInstances"
    assert told["context"]["resource"].startswith("arn:aws:ec2:eu-west-1:")
    assert [each["statementId"] for each in told["matchedStatements"]["items"]] == ["No"]
    keys = {each["key"] for each in told["context"]["conditions"]["items"]}
    assert {"aws:requestedregion", "aws:username"} <= keys


def test_to_decode_is_a_permission_of_its_own(aws: Embedded) -> None:
    message = denied_message(aws)
    iam = client(aws, "iam")
    sts = client(aws, "sts", new_key(iam, "x"))
    assert refusal(sts.decode_authorization_message, EncodedMessage=message) == ("AccessDenied", 403)
    allow = DOCUMENT.replace("ec2:*", "sts:DecodeAuthorizationMessage")
    iam.put_user_policy(UserName="x", PolicyName="q", PolicyDocument=allow)
    assert json.loads(sts.decode_authorization_message(EncodedMessage=message)["DecodedMessage"])


@pytest.mark.parametrize(
    "change", [lambda m: "x", lambda m: m[:-2], lambda m: m[:10] + "_" + m[11:], lambda m: "é" + m]
)
def test_no_other_text_is_decoded(aws: Embedded, change: Callable[[str], str]) -> None:
    message = change(denied_message(aws))
    assert refusal(client(aws, "sts").decode_authorization_message, EncodedMessage=message) == INVALID


def test_a_message_of_another_sandbox_is_not_decoded() -> None:
    with Embedded(seed=1) as one:
        message = denied_message(one)
    with Embedded(seed=2) as other:
        assert refusal(client(other, "sts").decode_authorization_message, EncodedMessage=message) == INVALID


def test_a_message_is_decoded_after_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with Embedded(folder) as one:
        message = denied_message(one)
    with Embedded(folder) as again:
        assert client(again, "sts").decode_authorization_message(EncodedMessage=message)["DecodedMessage"]
