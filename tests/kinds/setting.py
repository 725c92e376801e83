"""One installation for each partition, a sample of each kind, and a World of recorded replies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from narrowgate.calls import Call, Fields, Reply, World
from narrowgate.kinds import (
    iam_access_key,
    iam_instance_profile,
    iam_policy,
    iam_policy_attachment,
    iam_role,
    iam_user,
    secretsmanager_secret,
    ssm_parameter,
)
from narrowgate.policy import Document, from_value
from narrowgate.resource import Installation, Observed, Resource

ACCOUNT = "123456789012"
PARTITIONS = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}]}


def installation(partition: str = "aws", *, boundary: bool = True) -> Installation:
    return Installation(
        system="abc",
        account=ACCOUNT,
        partition=partition,
        region=PARTITIONS[partition],
        path="/team/",
        tags=Fields(Team="x"),
        boundary=f"arn:{partition}:iam::{ACCOUNT}:policy/Boundary" if boundary else None,
    )


def document(value: Mapping[str, Any] = POLICY) -> Document:
    found = from_value(value, "identity")
    assert isinstance(found, Document)
    return found


KEY = iam_access_key.Wanted(
    ("Ann", "iam_user.installer"), ("csv", "env"), ("ssm_parameter.key1",), beside=frozenset({"AKIABESIDE"})
)
SAMPLES: Mapping[str, Callable[[Installation], Resource]] = {
    "iam_access_key": lambda at: iam_access_key.resource(at, "iam_access_key.installer", KEY),
    "iam_instance_profile": lambda at: iam_instance_profile.resource(
        at, "iam_instance_profile.node", "Nodes", ("Node", "iam_role.node")
    ),
    "iam_policy": lambda at: iam_policy.resource(
        at, "iam_policy.installer", "Installing", document(), frozenset({("User", "Ann")})
    ),
    "iam_policy_attachment": lambda at: iam_policy_attachment.resource(
        at,
        "iam_policy_attachment.installer",
        ("User", "Ann", "iam_user.installer"),
        ("Installing", "iam_policy.installer"),
    ),
    "iam_role": lambda at: iam_role.resource(
        at, "iam_role.node", "Node", (frozenset({at.arn("policy", "Noding")}), frozenset({"Nodes"}))
    ),
    "iam_user": lambda at: iam_user.resource(
        at, "iam_user.installer", "Ann", frozenset({at.arn("policy", "Installing")})
    ),
    "secretsmanager_secret": lambda at: secretsmanager_secret.resource(at, "secretsmanager_secret.key1", "team/key"),
    "ssm_parameter": lambda at: ssm_parameter.resource(at, "ssm_parameter.key1", "/team/key", "alias/k"),
}


def replying(replies: Mapping[str, Any]) -> World:
    """Answers a call by its name, or by its name and the values of its parameters; None where nothing is recorded."""

    def answer(call: Call) -> Reply | None:
        assert call.reads_only, f"{call.name} is no read"
        named = f"{call.name} {' '.join(str(v) for v in call.params.values())}"
        found = replies.get(named, replies.get(call.name))
        return None if found is None else Fields(found)

    return answer


def observe(resource: Resource, world: World, *, whole: bool = False) -> Observed:
    """Drive the resource's script to its end."""
    script = resource.read(whole)
    question = next(script)
    while True:
        reply: Any = world(question) if isinstance(question, Call) else tuple(world(c) for c in question)
        try:
            question = script.send(reply)
        except StopIteration as end:
            found: Observed = end.value
            return found
