"""The infrastructure made, kept and unmade for real, as a user with nothing but the derived policy.

Every variant: the plan carried out converges, a further one is empty, the removal leaves the account as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
from support.clock import FakeClock
from support.platform import PLATFORM, cluster, given, other

from narrowgate.adapters.action_data import action_list
from narrowgate.adapters.apply import Outcome, Stage, apply
from narrowgate.adapters.aws import Endpoint, Identity, connect
from narrowgate.adapters.journal import Journal
from narrowgate.adapters.observe import observe
from narrowgate.adapters.sandbox.embedded import ADMIN, Embedded
from narrowgate.adapters.stop import Stop
from narrowgate.calls import Reply, World, call
from narrowgate.identities import installation_of
from narrowgate.infrastructure import Given, infrastructure
from narrowgate.plan import Plan, plan, removal
from narrowgate.platform import Existing, Platform
from narrowgate.policy import Document
from narrowgate.profiles import Existing as There
from narrowgate.profiles import Variant, profiles
from narrowgate.resource import Resource
from narrowgate.secret import Secret
from narrowgate.spec import Spec
from narrowgate.workload import installer_document

REGION: Final = "eu-west-1"
TRUST: Final = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},'
    '"Action":"sts:AssumeRole"}]}'
)
# Each public address is known only once it is there, and so are the nodes that get them.
ROUNDS: Final = 3
CENSUS: Final = (
    ("ec2", "DescribeVpcs", "Vpcs", "VpcId"),
    ("ec2", "DescribeSubnets", "Subnets", "SubnetId"),
    ("ec2", "DescribeInternetGateways", "InternetGateways", "InternetGatewayId"),
    ("ec2", "DescribeRouteTables", "RouteTables", "RouteTableId"),
    ("ec2", "DescribeSecurityGroups", "SecurityGroups", "GroupId"),
    ("ec2", "DescribePlacementGroups", "PlacementGroups", "GroupName"),
    ("ec2", "DescribeKeyPairs", "KeyPairs", "KeyName"),
    ("ec2", "DescribeLaunchTemplates", "LaunchTemplates", "LaunchTemplateId"),
    ("ec2", "DescribeAddresses", "Addresses", "AllocationId"),
    ("ec2", "DescribeNetworkInterfaces", "NetworkInterfaces", "NetworkInterfaceId"),
    ("ec2", "DescribeVolumes", "Volumes", "VolumeId"),
    ("autoscaling", "DescribeAutoScalingGroups", "AutoScalingGroups", "AutoScalingGroupName"),
)


@dataclass
class Account:
    """The embedded AWS after a setup, and the restricted user's World."""

    aws: Embedded
    spec: Spec
    folder: Path
    admin: World
    installer: World
    image: str

    @property
    def given(self) -> Given:
        """The node's profile and image."""
        profile = installation_of(self.spec, self.aws.account).arn("instance-profile", self.spec.instance_profile_name)
        return given(profile, self.image)

    def resources(self, platform: Platform, **more: Any) -> tuple[Resource, ...]:
        """What the platform needs."""
        at = installation_of(self.spec, self.aws.account)
        return infrastructure(platform, at, replace(self.given, **more))

    def ask(self, service: str, operation: str, **params: object) -> Reply:
        """A call of the administrator's."""
        reply = self.admin(call(service, operation, **params))
        assert reply is not None
        return reply

    def planned(self, resources: tuple[Resource, ...]) -> Plan:
        """The plan from what the installer sees."""
        return plan(resources, observe(resources, self.installer), self.spec.system)

    def carried_out(self, steps: Plan) -> Outcome:
        """The plan carried out as the installer, whole."""
        assert steps.refusals == ()
        journal = Journal(self.folder, FakeClock())
        journal.lock()
        try:
            stage = Stage({"installer": self.installer}, journal, FakeClock(), lambda step, event: None, Stop())
            outcome = apply(steps, stage)
        finally:
            journal.close()
        assert outcome.failed == {}, {steps.steps[at].call.name: str(why) for at, why in outcome.failed.items()}
        return outcome

    def installed(self, resources: tuple[Resource, ...]) -> list[Plan]:
        """Plans carried out until one is empty; those that were not."""
        made: list[Plan] = []
        for _ in range(ROUNDS + 1):
            steps = self.planned(resources)
            if steps.is_empty:
                return made
            self.carried_out(steps)
            made.append(steps)
        raise AssertionError([(s.call.name, s.why) for s in made[-1].steps])

    def planned_removal(self, resources: tuple[Resource, ...]) -> Plan:
        """How everything of ours is taken away."""
        return removal(resources, observe(resources, self.installer, whole=True), self.spec.system)

    def removed(self, resources: tuple[Resource, ...]) -> None:
        """Everything of ours taken away."""
        self.carried_out(self.planned_removal(resources))

    def census(self) -> Mapping[str, list[str]]:
        """What there is of each type, by id."""
        return {
            operation: sorted(each.text(id_) for each in self.ask(service, operation).items_of(member))
            for service, operation, member, id_ in CENSUS
        }


def world(aws: Embedded, key: tuple[str, str]) -> World:
    return connect(Identity(key[0], Secret(key[1])), Endpoint(REGION, "http://127.0.0.1", aws.transport))


@pytest.fixture
def account(embedded: Embedded, tmp_path: Path) -> Iterator[Account]:
    """The restricted user and the node's role, as `setup` makes them; the policy comes with the variant."""
    names = {part: dict(defaults) for part, defaults in profiles()["iguazio"].defaults.items()}
    spec = Spec.model_validate({"system": "demo", "region": REGION, **names})
    admin = world(embedded, ADMIN)
    image = admin(call("ec2", "DescribeImages", MaxResults=5))
    assert image is not None
    made = Account(embedded, spec, tmp_path, admin, admin, image.items_of("Images")[0].text("ImageId"))
    yield made
    reset(embedded)


def reset(aws: Embedded) -> None:
    """An empty account for the next."""
    from moto.iam.models import iam_backends

    for backend in tuple(iam_backends[aws.account].values()):
        backend.reset()


def enter(account: Account, variant: Variant) -> None:
    """Make the identities, with the policy that is derived for the variant."""
    spec, at = account.spec, installation_of(account.spec, account.aws.account)
    document = installer_document(spec, at, action_list(), variant)
    assert isinstance(document, Document)
    account.ask("iam", "CreateUser", UserName=spec.user_name)
    policy = account.ask("iam", "CreatePolicy", PolicyName="P", PolicyDocument=document.text())
    arn = policy.group("Policy").text("Arn")
    account.ask("iam", "AttachUserPolicy", UserName=spec.user_name, PolicyArn=arn)
    account.ask("iam", "CreateRole", RoleName=spec.role_name, AssumeRolePolicyDocument=TRUST)
    profile = {"InstanceProfileName": spec.instance_profile_name}
    account.ask("iam", "CreateInstanceProfile", **profile)
    account.ask("iam", "AddRoleToInstanceProfile", **profile, RoleName=spec.role_name)
    key = account.ask("iam", "CreateAccessKey", UserName=spec.user_name).group("AccessKey")
    secret = key["SecretAccessKey"]
    assert isinstance(secret, Secret)
    account.installer = world(account.aws, (key.text("AccessKeyId"), secret.reveal()))


SMALL: Final = other(data=cluster(1, "i3.2xlarge"), application=cluster(1))
VARIANTS: Final = {
    "as a person gets it": PLATFORM,
    "one node each": SMALL,
    "a whitelist": other(SMALL, whitelist=("198.51.100.0/24", "192.0.2.128/25")),
    "a placement group": other(SMALL, placement_group=True),
    "public addresses and support": other(SMALL, application=cluster(3), public_ips=True, support_access=True),
    "a zone, two hops, protected": other(
        SMALL, availability_zone=f"{REGION}a", metadata_hop_limit=2, termination_protection=True
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("platform", VARIANTS.values(), ids=list(VARIANTS))
def test_made_then_nothing_to_do_then_gone(account: Account, platform: Platform) -> None:
    enter(account, Variant())
    before = account.census()
    resources = account.resources(platform)
    account.installed(resources)
    assert account.planned(resources).is_empty
    account.removed(resources)
    assert account.census() == before
    assert all(found is None for found in observe(resources, account.installer, whole=True).values())


@pytest.mark.slow
def test_in_a_network_that_is_there_already(account: Account) -> None:
    vpc = account.ask("ec2", "CreateVpc", CidrBlock="10.0.0.0/16").group("Vpc").text("VpcId")
    subnet = account.ask("ec2", "CreateSubnet", VpcId=vpc, CidrBlock="10.0.0.0/24").group("Subnet").text("SubnetId")
    enter(account, Variant(network=There(vpc, subnet, "10.0.0.0/16")))
    before = account.census()
    resources = account.resources(other(SMALL, network=Existing(vpc=vpc, subnet=subnet, cidr="10.0.0.0/16")))
    account.installed(resources)
    assert account.census()["DescribeVpcs"] == before["DescribeVpcs"]
    account.removed(resources)
    assert account.census() == before
    account.ask("ec2", "DeleteSubnet", SubnetId=subnet)
    account.ask("ec2", "DeleteVpc", VpcId=vpc)


@pytest.mark.slow
def test_cut_after_every_step_it_goes_on_and_nothing_is_made_twice(account: Account) -> None:
    enter(account, Variant())
    before = account.census()
    resources = account.resources(other(SMALL, public_ips=True, placement_group=True))
    account.installed(resources)
    whole, steps = counted(account), len(account.planned_removal(resources).steps)
    account.removed(resources)
    for cut in range(1, steps):
        account.carried_out(first(account.planned(resources), cut))
        account.installed(resources)
        assert counted(account) == whole, cut
        account.carried_out(first(account.planned_removal(resources), cut))
        if cut % 5 == 0:
            account.installed(resources)
            assert counted(account) == whole, cut
        account.removed(resources)
        assert account.census() == before, cut


def counted(account: Account) -> Mapping[str, int]:
    """How many there are of each type."""
    return {name: len(ids) for name, ids in account.census().items()}


def first(steps: Plan, count: int) -> Plan:
    """The plan as far as its first steps."""
    return Plan(steps.steps[:count])


@pytest.mark.slow
def test_another_wish_is_a_change_in_place(account: Account) -> None:
    enter(account, Variant())
    account.installed(account.resources(SMALL))
    before = account.census()
    wishes = other(
        SMALL,
        application=cluster(2, "m5.8xlarge", 300),
        whitelist=("198.51.100.0/24",),
        metadata_hop_limit=2,
    )
    (changes,) = account.installed(account.resources(wishes, ssh=False))
    assert {step.change for step in changes.steps} == {"update"}
    after = account.census()
    assert {name for name in after if after[name] != before[name]} == {"DescribeNetworkInterfaces", "DescribeVolumes"}
    groups = account.ask("autoscaling", "DescribeAutoScalingGroups").items_of("AutoScalingGroups")
    assert {g.group("LaunchTemplate").text("Version") for g in groups} == {"2"}
    assert {i.text("InstanceType") for g in groups for i in g.items_of("Instances")} >= {"m5.8xlarge"}
    account.removed(account.resources(wishes))


@pytest.mark.slow
def test_what_somebody_changed_is_seen_and_put_right(account: Account) -> None:
    enter(account, Variant())
    resources = account.resources(other(SMALL, public_ips=True))
    account.installed(resources)
    drifted(account)
    steps = account.planned(resources)
    assert sorted({step.call.operation for step in steps.steps}) == [
        "AssociateAddress",
        "AuthorizeSecurityGroupIngress",
        "CreateLaunchTemplateVersion",
        "ModifyVpcAttribute",
        "RevokeSecurityGroupIngress",
        "SetInstanceProtection",
        "SuspendProcesses",
        "UpdateAutoScalingGroup",
    ]
    account.installed(resources)
    assert account.planned(resources).is_empty
    account.removed(resources)


def drifted(account: Account) -> None:
    """Something of each kind changed by hand."""
    seen = observe(account.resources(other(SMALL, public_ips=True)), account.installer)

    def id_of(address: str, member: str) -> str:
        found = seen[address]
        assert found is not None
        return found.text(member)

    off, vpc, group = {"Value": False}, id_of("vpc.main", "VpcId"), id_of("security_group.data", "GroupId")
    account.ask("ec2", "ModifyVpcAttribute", VpcId=vpc, EnableDnsHostnames=off)
    anyone = [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    account.ask("ec2", "AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=anyone)
    ours = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}]
    account.ask("ec2", "RevokeSecurityGroupIngress", GroupId=group, IpPermissions=ours)
    template = id_of("launch_template.application", "LaunchTemplateId")
    foreign = {"ImageId": account.image, "InstanceType": "m5.4xlarge"}
    account.ask("ec2", "CreateLaunchTemplateVersion", LaunchTemplateId=template, LaunchTemplateData=foreign)
    account.ask("autoscaling", "ResumeProcesses", AutoScalingGroupName="demo-data")
    groups = account.ask("autoscaling", "DescribeAutoScalingGroups").items_of("AutoScalingGroups")
    node = {g.text("AutoScalingGroupName"): g.items_of("Instances")[0].text("InstanceId") for g in groups}
    named = {"AutoScalingGroupName": "demo-data", "InstanceIds": [node["demo-data"]]}
    account.ask("autoscaling", "SetInstanceProtection", **named, ProtectedFromScaleIn=False)
    account.ask(
        "autoscaling",
        "TerminateInstanceInAutoScalingGroup",
        InstanceId=node["demo-application"],
        ShouldDecrementDesiredCapacity=False,
    )
