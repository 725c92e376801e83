"""One installation for each partition, a sample of each kind, and a World of recorded replies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from narrowgate.calls import Call, Fields, Ref, Reply, World
from narrowgate.kinds import (
    auto_scaling_group,
    elastic_ip,
    iam_access_key,
    iam_instance_profile,
    iam_policy,
    iam_policy_attachment,
    iam_role,
    iam_user,
    internet_gateway,
    key_pair,
    launch_template,
    placement_group,
    route_table,
    secretsmanager_secret,
    security_group,
    ssm_parameter,
    subnet,
    subnet_cidr_reservation,
    vpc,
)
from narrowgate.kinds.security_rule import Rule
from narrowgate.policy import Document, from_value
from narrowgate.resource import Installation, Observed, Resource
from narrowgate.secret import Secret

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
GROUPS = ("abc-data", "abc-application")


def template(at: Installation) -> launch_template.Wanted:
    return launch_template.Wanted(
        name="abc-data",
        group="auto_scaling_group.data",
        image="ami-1",
        instance_type="i3.2xlarge",
        key_name="abc",
        instance_profile=at.arn("instance-profile", "Nodes"),
        security_group="security_group.data",
        disk=launch_template.Disk("/dev/sda1", 400, "gp2"),
        user_data="IyEvYmluL3No",
    )


def rules(public: frozenset[str]) -> frozenset[Rule]:
    return frozenset({Rule("10.0.0.0/16"), Rule("203.0.113.4/32", "tcp", 22, 22), *(Rule(f"{a}/32") for a in public)})


def group_of(at: Installation) -> Resource:
    wanted = auto_scaling_group.Wanted(
        "abc-data", GROUPS, 3, Ref("subnet.main", "SubnetId"), ("launch_template.data", template(at)), keeps_data=True
    )
    return auto_scaling_group.resource(at, "auto_scaling_group.data", wanted)


SAMPLES: Mapping[str, Callable[[Installation], Resource]] = {
    "auto_scaling_group": group_of,
    "elastic_ip": lambda at: elastic_ip.resource(
        at, "elastic_ip.data1", ("elastic_ip.data1", "elastic_ip.data2"), ("auto_scaling_group.data",)
    ),
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
    "internet_gateway": lambda at: internet_gateway.resource(at, "internet_gateway.main", "vpc.main"),
    "key_pair": lambda at: key_pair.resource(at, "key_pair.main", "abc", "ssh-ed25519 AAAA ann@example"),
    "launch_template": lambda at: launch_template.resource(at, "launch_template.data", template(at)),
    "placement_group": lambda at: placement_group.resource(at, "placement_group.main", "abc"),
    "route_table": lambda at: route_table.resource(at, "route_table.main", "vpc.main", "internet_gateway.main"),
    "secretsmanager_secret": lambda at: secretsmanager_secret.resource(at, "secretsmanager_secret.key1", "team/key"),
    "security_group": lambda at: security_group.resource(
        at,
        "security_group.data",
        security_group.Wanted("abc-data", "data nodes", Ref("vpc.main", "VpcId"), rules, "elastic_ip.application"),
    ),
    "ssm_parameter": lambda at: ssm_parameter.resource(at, "ssm_parameter.key1", "/team/key", "alias/k"),
    "subnet": lambda at: subnet.resource(
        at, "subnet.main", subnet.Wanted("10.0.0.0/24", "us-east-1a", True, "vpc.main", "route_table.main")
    ),
    "subnet_cidr_reservation": lambda at: subnet_cidr_reservation.resource(
        at, "subnet_cidr_reservation.shared", "10.0.0.200/32", Ref("subnet.main", "SubnetId")
    ),
    "vpc": lambda at: vpc.resource(at, "vpc.main", "10.0.0.0/16"),
}


def replying(replies: Mapping[str, Any]) -> World:
    """Answers a call by its name, or by its name and the values of its parameters; None where nothing is recorded."""

    def answer(call: Call) -> Reply | None:
        assert call.reads_only, f"{call.name} is no read"
        named = f"{call.name} {' '.join(str(v) for v in call.params.values())}"
        found = replies.get(named, replies.get(call.name))
        return None if found is None else Fields(told(found))

    return answer


def told(value: Any) -> Any:
    """A recorded value as the adapter tells it: what is written `{"$secret": TEXT}` is a Secret."""
    if isinstance(value, dict):
        if set(value) == {"$secret"}:
            return Secret(value["$secret"])
        return {name: told(inner) for name, inner in value.items()}
    return [told(inner) for inner in value] if isinstance(value, list) else value


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
