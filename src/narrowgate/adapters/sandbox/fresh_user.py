"""A fresh IAM user of the embedded AWS with some managed policies and nothing else, and its access key."""

from __future__ import annotations

from collections.abc import Sequence

from narrowgate.adapters.aws import Identity
from narrowgate.calls import Call, Reply, World, call
from narrowgate.secret import Secret


def fresh_user(admin: World, name: str, policies: Sequence[str]) -> tuple[str, Identity]:
    """The user's ARN and key; `policies` are texts, which become managed policies `NAME-1` and so on."""
    made = answered(admin, call("iam", "CreateUser", UserName=name))
    for number, text in enumerate(policies, 1):
        policy = answered(admin, call("iam", "CreatePolicy", PolicyName=f"{name}-{number}", PolicyDocument=text))
        arn = policy.group("Policy").text("Arn")
        answered(admin, call("iam", "AttachUserPolicy", UserName=name, PolicyArn=arn))
    key = answered(admin, call("iam", "CreateAccessKey", UserName=name)).group("AccessKey")
    secret = key["SecretAccessKey"]
    assert isinstance(secret, Secret)
    return made.group("User").text("Arn"), Identity(key.text("AccessKeyId"), secret)


def answered(admin: World, made: Call) -> Reply:
    """The reply to a call about something that is there."""
    reply = admin(made)
    assert reply is not None, made.name
    return reply
