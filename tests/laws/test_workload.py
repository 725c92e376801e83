"""The reference installer's calls made for real, as a user with nothing but the derived policy: what the gate decides.

Counted are the gate's decisions, not results: the embedded AWS does not perform every operation yet. What it leaves
out of a launch (tags on network interfaces) an administrator adds here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest

from narrowgate.adapters.action_data import action_list
from narrowgate.adapters.aws import Endpoint, Identity, connect
from narrowgate.adapters.sandbox.embedded import ADMIN, Embedded
from narrowgate.adapters.sandbox.gate import Allowed, Refused
from narrowgate.calls import Call, Fields, Ref, Reply, Value, World, call, resolve
from narrowgate.errors import AwsError, NotPermitted
from narrowgate.happening import Happening
from narrowgate.identities import Documents, installation_of
from narrowgate.profiles import Forbidden, Ground, profiles
from narrowgate.profiles.iguazio_forbidden import STRANGE_ROLE
from narrowgate.resource import Installation
from narrowgate.secret import Secret
from narrowgate.spec import Spec
from narrowgate.workload import default_documents, installer_happenings

REGION: Final = "eu-west-1"
TRUST: Final = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},'
    '"Action":"sts:AssumeRole"}]}'
)
KEY: Final = (
    b"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDusXfgTE4eBP50NglSzCSEGnIL6+cr6m3H6cZANOQ+P1o/W4BdtcAL3sor4iGi7SOeJgo8kweyM"
    b"Qrhrt6HaKGgromRiz37LQx+4YsMUE+WpPCzvbj0Yq6cyBd5UDmxKPBRrXI/yCPxKOOQHp+OGiXGpZpVRUaXFVcXm+XSq3NImj2eGqGNBi3gsr93wH+"
    b"T6pWA+X6gaWFmkLLfYnB9JcJVPp9tDd9QOpTQqLRJiyJHtpvYc1DRyeMgxJ+TyFTKqtg6KJRxEwVxKTEXwvxpDg+ZGYAW6uLCmCzCJRUHbjAyRcSOf"
    b"zY0XKUj4OX4eFvPxXJ1TzcVU5tDGMxnGPqS+p8D"
)
IDS: Final = (
    "AllocationId",
    "AssociationId",
    "GroupId",
    "InstanceId",
    "InternetGatewayId",
    "LaunchTemplateId",
    "NetworkInterfaceId",
    "RouteTableId",
    "SecurityGroupRuleId",
    "SubnetCidrReservationId",
    "SubnetId",
    "VpcId",
)
# Refused for another action of the call before the one that is meant: the installer has neither.
REFUSED_EARLIER: Final = {"pass the node role to another service"}


@dataclass
class Bench:
    """The embedded AWS with the restricted user in it, and what is known of ids so far."""

    aws: Embedded
    spec: Spec
    ids: dict[Ref, Value] = field(default_factory=dict)
    seen: list[Any] = field(default_factory=list)
    key: tuple[str, str] = ("", "")
    worlds: dict[tuple[str, str], World] = field(default_factory=dict)

    @property
    def at(self) -> Installation:
        """The installation."""
        return installation_of(self.spec, self.aws.account)

    def world(self, key: tuple[str, str], region: str = REGION) -> World:
        """The World of a key."""
        found = self.worlds.get((key[0], region))
        if found is None:
            endpoint = Endpoint(region, "http://127.0.0.1", self.aws.transport)
            found = self.worlds[key[0], region] = connect(Identity(key[0], Secret(key[1])), endpoint)
        return found

    def admin(self, service: str, operation: str, **params: object) -> Reply:
        """A call of the administrator's."""
        reply = self.world(ADMIN)(call(service, operation, **params))
        assert reply is not None
        return reply

    def decided(self, asked: Call, region: str = REGION) -> tuple[Reply | None, Any]:
        """What became of a call of the installer's, and the gate's verdict."""
        params = resolve(asked.params, lambda ref: self.ids[ref])
        assert isinstance(params, Fields)
        before = len(self.seen)
        try:
            reply = self.world(self.key, region)(Call(asked.service, asked.operation, params))
        except (AwsError, NotPermitted):
            reply = None
        assert len(self.seen) == before + 1, "a call is asked once"
        return reply, self.seen[-1].verdict

    def learn(self, address: str, reply: Value) -> None:
        """Remember the ids in a reply under an address."""
        for name in IDS:
            if (found := first(reply, name)) is not None:
                self.ids[Ref(address, name)] = found


def first(value: Value, name: str) -> str | None:
    """The first text of that name anywhere in a reply."""
    inner: tuple[Value, ...] = ()
    if isinstance(value, Fields):
        if isinstance(found := value.get(name), str):
            return found
        inner = tuple(value.values())
    elif isinstance(value, tuple):
        inner = value
    return next((found for each in inner if (found := first(each, name)) is not None), None)


@pytest.fixture(scope="module")
def bench(embedded: Embedded) -> Bench:
    """The account after a setup: user, policy, role, instance profile."""
    names = {part: dict(defaults) for part, defaults in profiles()["iguazio"].defaults.items()}
    spec = Spec.model_validate({"system": "demo", "region": REGION, **names})
    made = Bench(embedded, spec)
    app: Any = embedded.app
    app.conditions = replace(app.conditions, watchers=(made.seen.append,))
    documents = default_documents(spec, made.at, action_list())
    assert isinstance(documents, Documents)
    made.admin("iam", "CreateUser", UserName=spec.user_name)
    policy = made.admin("iam", "CreatePolicy", PolicyName="P", PolicyDocument=documents.installer.text())
    arn = policy.group("Policy").text("Arn")
    made.admin("iam", "AttachUserPolicy", UserName=spec.user_name, PolicyArn=arn)
    for role in (spec.role_name, STRANGE_ROLE):
        made.admin("iam", "CreateRole", RoleName=role, AssumeRolePolicyDocument=TRUST)
        made.admin("iam", "CreateInstanceProfile", InstanceProfileName=role)
        made.admin("iam", "AddRoleToInstanceProfile", InstanceProfileName=role, RoleName=role)
    key = made.admin("iam", "CreateAccessKey", UserName=spec.user_name).group("AccessKey")
    secret = key["SecretAccessKey"]
    assert isinstance(secret, Secret)
    made.key = (key.text("AccessKeyId"), secret.reveal())
    # Six nodes with public addresses are one more than a new account may have, and strangers have one too.
    quota = {"ServiceCode": "ec2", "QuotaCode": "L-0263D0A3"}
    made.admin("service-quotas", "RequestServiceQuotaIncrease", DesiredValue=20.0, **quota)
    image = made.admin("ec2", "DescribeImages", MaxResults=5).items_of("Images")[0]
    made.ids[Ref("image.node", "ImageId")] = image.text("ImageId")
    made.ids[Ref("key_pair.main", "PublicKeyMaterial")] = KEY
    return made


def strangers(bench: Bench) -> None:
    """Things of another installation, and things without tags."""
    for whose, tag in (("theirs", "Another"), ("nobodys", "")):
        for address, operation, params in things(bench, whose):
            type_ = address.replace("_", "-")
            tags = ({"ResourceType": type_, "Tags": [{"Key": "narrowgate:installation", "Value": tag}]},)
            given = {"TagSpecifications": tags} if tag else {}
            # One after the other: the later ones name the earlier ones.
            resolved = resolve(Fields(params), lambda ref: bench.ids[ref])
            assert isinstance(resolved, Fields)
            bench.learn(f"{whose}.{address}", bench.admin("ec2", operation, **resolved, **given))


def things(bench: Bench, whose: str) -> Iterator[tuple[str, str, dict[str, object]]]:
    """What a stranger has, in order; the parameters of its creation."""
    vpc, subnet = Ref(f"{whose}.vpc", "VpcId"), Ref(f"{whose}.subnet", "SubnetId")
    image = Ref("image.node", "ImageId")
    yield "vpc", "CreateVpc", {"CidrBlock": "10.8.0.0/16"}
    yield "subnet", "CreateSubnet", {"VpcId": vpc, "CidrBlock": "10.8.0.0/24"}
    yield "security_group", "CreateSecurityGroup", {"VpcId": vpc, "GroupName": "g", "Description": "d"}
    yield "route_table", "CreateRouteTable", {"VpcId": vpc}
    yield "internet_gateway", "CreateInternetGateway", {}
    yield "network_interface", "CreateNetworkInterface", {"SubnetId": subnet}
    yield "elastic_ip", "AllocateAddress", {"Domain": "vpc"}
    yield (
        "launch_template",
        "CreateLaunchTemplate",
        {"LaunchTemplateName": whose, "LaunchTemplateData": {"ImageId": image}},
    )
    yield "instance", "RunInstances", {"ImageId": image, "SubnetId": subnet, "MinCount": 1, "MaxCount": 1}


def grown(bench: Bench, group: str) -> None:
    """Learn the nodes that a group launched, and tag their interfaces as AWS does by the template."""
    cluster = group.partition(".")[2]
    listed = bench.admin("autoscaling", "DescribeAutoScalingGroups", AutoScalingGroupNames=[f"demo-{cluster}"])
    nodes = listed.items_of("AutoScalingGroups")[0].items_of("Instances")
    for number, node in enumerate(nodes, 1):
        found = bench.admin("ec2", "DescribeInstances", InstanceIds=[node.text("InstanceId")])
        interface = first(found, "NetworkInterfaceId")
        bench.ids[Ref(f"instance.{cluster}{number}", "InstanceId")] = node.text("InstanceId")
        bench.ids[Ref(f"instance.{cluster}{number}", "NetworkInterfaceId")] = interface
        tags = [{"Key": "narrowgate:installation", "Value": "demo"}]
        bench.admin("ec2", "CreateTags", Resources=[interface], Tags=tags)


def mended(bench: Bench, cluster: str) -> None:
    """Learn the nodes that a group replaced, and give them their addresses back, as a repair does."""
    grown(bench, f"group.{cluster}")
    for number in (1, 2, 3):
        address = bench.ids[Ref(f"elastic_ip.{cluster}{number}", "AllocationId")]
        interface = bench.ids[Ref(f"instance.{cluster}{number}", "NetworkInterfaceId")]
        given = {"AllocationId": address, "NetworkInterfaceId": interface, "AllowReassociation": True}
        made = bench.admin("ec2", "AssociateAddress", **given)
        bench.learn(f"elastic_ip_association.{cluster}{number}", made)


def made_all(bench: Bench, happenings: tuple[Happening, ...]) -> tuple[int, list[tuple[str, str, str]]]:
    """How many calls were made, and those that the gate did not allow, with what it said."""
    refused: list[tuple[str, str, str]] = []
    for each in happenings:
        reply, verdict = bench.decided(each.call)
        if not isinstance(verdict, Allowed):
            refused.append((each.phase, each.call.name, str(verdict)[:2_000]))
        if reply is not None and each.address:
            bench.learn(each.address, reply)
        if each.call.operation == "CreateAutoScalingGroup":
            grown(bench, each.address)
        if each.call.operation == "ResumeProcesses":
            mended(bench, each.call.params.text("AutoScalingGroupName").removeprefix("demo-"))
    return len(happenings), refused


@pytest.mark.slow
def test_every_call_is_allowed_and_every_forbidden_one_refused(bench: Bench) -> None:
    """In the order of a life; what is forbidden is tried where the installation stands."""
    calls = installer_happenings(bench.spec, bench.at)
    before = tuple(each for each in calls if each.phase in ("preflight", "install"))
    count, refused = made_all(bench, before)
    assert (count, refused) == (len(before), [])
    strangers(bench)
    for each in profiles()["iguazio"].forbidden(Ground(bench.spec, bench.at)):
        check(bench, each)
    after = calls[len(before) :]
    count, refused = made_all(bench, after)
    assert (count, refused) == (len(after), [])


def check(bench: Bench, each: Forbidden) -> None:
    """The gate refuses the call, and for the action and the type that are meant."""
    _, verdict = bench.decided(each.call, each.region or REGION)
    assert isinstance(verdict, Refused), each.name
    if each.name not in REFUSED_EARLIER:
        denied = verdict.denial.request
        assert denied.action == each.action, each.name
        assert f":{each.type}" in denied.resource or not each.type, (each.name, denied.resource)
