"""What neither the installer nor a node of the Iguazio platform may ever do, each with a call that would. Pure.

Strangers' things are named by Refs: `theirs.*` belongs to another installation, `nobodys.*` has no tags.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from narrowgate.calls import Call, Fields, Ref, call
from narrowgate.profiles import Forbidden, Ground
from narrowgate.profiles.iguazio_facts import OTHER
from narrowgate.profiles.iguazio_install import SERVICE, group_of, pinned, template_of
from narrowgate.profiles.iguazio_names import SHARED_ADDRESS, Names
from narrowgate.resource import INSTALLATION

STRANGE_ROLE: Final = "Administrators"
_WHOSE: Final = {"theirs": "another installation's", "nobodys": "an untagged"}
_ANYONE: Final = (Fields(IpProtocol="-1", IpRanges=(Fields(CidrIp="0.0.0.0/0"),)),)


def forbidden(ground: Ground) -> tuple[Forbidden, ...]:
    """Every forbidden call by name; Refs name strangers' things and our own."""
    names = Names(ground)
    touching = (each for whose, words in _WHOSE.items() for each in _touching(names, whose, words))
    return (*touching, *_tagging(names), *_elsewhere(names), *_passing(names), *_rising(names), *_reading(names))


def _touching(names: Names, whose: str, words: str) -> Iterator[Forbidden]:
    """Changes of what is not ours."""
    vpc, subnet = Ref(f"{whose}.vpc", "VpcId"), Ref(f"{whose}.subnet", "SubnetId")
    group, table = Ref(f"{whose}.security_group", "GroupId"), Ref(f"{whose}.route_table", "RouteTableId")
    gateway = Ref(f"{whose}.internet_gateway", "InternetGatewayId")
    yield _ec2(f"delete {words} VPC", "DeleteVpc", VpcId=vpc)
    yield _ec2(f"delete {words} subnet", "DeleteSubnet", SubnetId=subnet)
    yield _ec2(f"delete {words} security group", "DeleteSecurityGroup", GroupId=group)
    yield _ec2(f"open {words} security group", "AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=_ANYONE)
    yield _ec2(f"delete {words} route table", "DeleteRouteTable", RouteTableId=table)
    route = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": Ref("internet_gateway.main", "InternetGatewayId")}
    yield _ec2(f"add a route to {words} route table", "CreateRoute", RouteTableId=table, **route)
    yield _ec2(f"delete {words} internet gateway", "DeleteInternetGateway", InternetGatewayId=gateway)
    inside = names.makes("CreateSubnet", "subnet.main", "subnet", VpcId=vpc, CidrBlock="10.0.9.0/24")[0]
    yield Forbidden(f"create a subnet in {words} VPC", inside, "ec2:CreateSubnet", "vpc")
    yield from _touching_nodes(whose, words)
    yield from _launching(names, whose, words)


def _touching_nodes(whose: str, words: str) -> Iterator[Forbidden]:
    """Changes of others' nodes, their addresses and their templates."""
    instance, interface = Ref(f"{whose}.instance", "InstanceId"), Ref(f"{whose}.network_interface", _INTERFACE)
    for operation, verb in _LIVES:
        yield _ec2(f"{verb} {words} instance", operation, InstanceIds=(instance,))
    for operation, verb in _MOVES:
        name = f"{verb} {words} interface"
        yield _ec2(name, operation, NetworkInterfaceId=interface, PrivateIpAddresses=(SHARED_ADDRESS,))
    address = Ref(f"{whose}.elastic_ip", "AllocationId")
    yield _ec2(f"release {words} address", "ReleaseAddress", AllocationId=address)
    own = Ref("instance.data1", "InstanceId")
    take = call("ec2", "AssociateAddress", AllocationId=address, InstanceId=own)
    yield Forbidden(f"take {words} address", take, "ec2:AssociateAddress", "elastic-ip")
    template = Ref(f"{whose}.launch_template", "LaunchTemplateId")
    yield _ec2(f"delete {words} launch template", "DeleteLaunchTemplate", LaunchTemplateId=template)


_INTERFACE: Final = "NetworkInterfaceId"
_LIVES: Final = (("TerminateInstances", "terminate"), ("StopInstances", "stop"), ("StartInstances", "start"))
_MOVES: Final = (
    ("AssignPrivateIpAddresses", "assign the shared address to"),
    ("UnassignPrivateIpAddresses", "take the shared address from"),
)


def _launching(names: Names, whose: str, words: str) -> Iterator[Forbidden]:
    """Launches of ours with what is not ours."""
    group, subnet = Ref(f"{whose}.security_group", "GroupId"), Ref(f"{whose}.subnet", "SubnetId")
    template = Fields(LaunchTemplateId=Ref(f"{whose}.launch_template", "LaunchTemplateId"), Version="1")
    launches = (
        ("in", "subnet", _launch(names, SubnetId=subnet)),
        ("with", "security-group", _launch(names, SecurityGroupIds=(group,))),
        ("from", "launch-template", _launch(names, LaunchTemplate=template)),
    )
    for how, type_, launch in launches:
        yield Forbidden(f"launch {how} {words} {type_.replace('-', ' ')}", launch, "ec2:RunInstances", type_)


def _launch(names: Names, **other: object) -> Call:
    """A launch as the template makes it, with something other."""
    launched = {**template_of(names, "data"), "SubnetId": names.subnet, "MinCount": 1, "MaxCount": 1, **other}
    return call("ec2", "RunInstances", **launched)


def _tagging(names: Names) -> Iterator[Forbidden]:
    """Tags on what exists: they would bring it within reach of the grants by tag, or out of it."""
    ours = Fields(Key=INSTALLATION, Value=names.system)
    own = Ref("instance.data1", "InstanceId")
    for whose, words in _WHOSE.items():
        instance = Ref(f"{whose}.instance", "InstanceId")
        yield _ec2(f"mark {words} instance as ours", "CreateTags", Resources=(instance,), Tags=(ours,))
    theirs = Fields(Key=INSTALLATION, Value=OTHER)
    yield _ec2("mark our own instance as another's", "CreateTags", Resources=(own,), Tags=(theirs,))
    yield _ec2("take the mark off our own instance", "DeleteTags", Resources=(own,), Tags=(ours,))


def _elsewhere(names: Names) -> Iterator[Forbidden]:
    """The same calls where they have no business."""
    other = next(region for region in _REGIONS[names.ground.installation.partition] if region != names.region)
    vpc = names.makes("CreateVpc", "vpc.main", "vpc", CidrBlock="10.0.0.0/16")[0]
    yield Forbidden("create a VPC in another region", vpc, "ec2:CreateVpc", region=other)
    look = call("ec2", "DescribeInstances")
    yield Forbidden("look at instances in another region", look, "ec2:DescribeInstances", region=other)
    yield _ec2("create a VPC without a tag", "CreateVpc", CidrBlock="10.0.0.0/16")
    tags = (Fields(ResourceType="vpc", Tags=(Fields(Key=INSTALLATION, Value=OTHER),)),)
    yield _ec2("create a VPC for another installation", "CreateVpc", CidrBlock="10.0.0.0/16", TagSpecifications=tags)
    address = "auto_scaling_group.data"
    for type_ in _LAUNCHED:
        others = (each for each in _LAUNCHED if each != type_)
        launch = _launch(names, TagSpecifications=names.tagged(address, *others))
        yield Forbidden(f"launch without a tag on the {type_}", launch, "ec2:RunInstances", type_)
    more = Fields(ResourceType="instance", Tags=(*names.tags(address), _ADMIN))
    launch = _launch(names, TagSpecifications=(more, *names.tagged(address, *_LAUNCHED[1:])))
    yield Forbidden("launch with a tag of others", launch, "ec2:CreateTags", "instance")
    group = call("autoscaling", "DeleteAutoScalingGroup", AutoScalingGroupName=f"{OTHER}-data")
    yield Forbidden("delete another installation's group", group, "autoscaling:DeleteAutoScalingGroup")


_LAUNCHED: Final = ("instance", "volume", "network-interface")
_ADMIN: Final = Fields(Key="team", Value="administrators")
_REGIONS: Final = {
    "aws": ("us-east-1", "eu-west-1"),
    "aws-cn": ("cn-north-1", "cn-northwest-1"),
    "aws-us-gov": ("us-gov-west-1", "us-gov-east-1"),
}


def _passing(names: Names) -> Iterator[Forbidden]:
    """Roles given to services."""
    at = names.ground.installation
    # The facts do not know this profile: the role in it is one that nobody named.
    strange = Fields(Arn=at.arn("instance-profile", STRANGE_ROLE))
    yield Forbidden("launch with another role", _launch(names, IamInstanceProfile=strange), "iam:PassRole")
    role = at.arn("role", names.ground.spec.role_name)
    hook = call(
        "autoscaling",
        "PutLifecycleHook",
        AutoScalingGroupName=names.of("data"),
        LifecycleHookName="hook",
        LifecycleTransition="autoscaling:EC2_INSTANCE_LAUNCHING",
        NotificationTargetARN=f"arn:{at.partition}:sqs:{at.region}:{at.account}:queue",
        RoleARN=role,
    )
    yield Forbidden("pass the node role to another service", hook, "iam:PassRole")
    for operation in ("CreateAutoScalingGroup", "UpdateAutoScalingGroup"):
        group = {**group_of(names, "data"), "LaunchTemplate": pinned("data", "$Latest")}
        if operation == "UpdateAutoScalingGroup":
            del group["Tags"]
        name = f"let a group follow the latest template: {operation}"
        yield Forbidden(name, call("autoscaling", operation, **group), f"autoscaling:{operation}")
    strange_service = SERVICE.replace("autoscaling", "spot")
    yield _iam("make another service-linked role", "CreateServiceLinkedRole", AWSServiceName=strange_service)


def _rising(names: Names) -> Iterator[Forbidden]:
    """Whatever gives an identity more than it has."""
    spec, at = names.ground.spec, names.ground.installation
    administrator = f"arn:{at.partition}:iam::aws:policy/AdministratorAccess"
    policy = at.arn("policy", spec.installer_policy_name)
    user, role, trust = spec.user_name, spec.role_name, '{"Version":"2012-10-17","Statement":[]}'
    yield _iam("attach a policy to the installer", "AttachUserPolicy", UserName=user, PolicyArn=administrator)
    yield _iam("attach a policy to the node role", "AttachRolePolicy", RoleName=role, PolicyArn=administrator)
    yield _iam("write an inline policy", "PutUserPolicy", UserName=user, PolicyName="x", PolicyDocument=trust)
    yield _iam("rewrite its own policy", "CreatePolicyVersion", PolicyArn=policy, PolicyDocument=trust)
    yield _iam("take the boundary off", "DeleteUserPermissionsBoundary", UserName=user)
    yield _iam("create an access key for itself", "CreateAccessKey", UserName=user)
    yield _iam("create a user", "CreateUser", UserName="other")
    yield _iam("make a role", "CreateRole", RoleName="other", AssumeRolePolicyDocument=trust)
    yield _iam("rewrite who may assume the node role", "UpdateAssumeRolePolicy", RoleName=role, PolicyDocument=trust)
    profile = spec.instance_profile_name
    yield _iam(
        "put another role into the instance profile",
        "AddRoleToInstanceProfile",
        InstanceProfileName=profile,
        RoleName=STRANGE_ROLE,
    )
    assume = call("sts", "AssumeRole", RoleArn=at.arn("role", STRANGE_ROLE), RoleSessionName="session")
    yield Forbidden("assume another role", assume, "sts:AssumeRole")


def _reading(names: Names) -> Iterator[Forbidden]:
    """What is secret."""
    secret = call("secretsmanager", "GetSecretValue", SecretId="theirs")
    yield Forbidden("read somebody's secret", secret, "secretsmanager:GetSecretValue")
    parameter = call("ssm", "GetParameter", Name="/theirs", WithDecryption=True)
    yield Forbidden("read somebody's parameter", parameter, "ssm:GetParameter")
    own = Ref("instance.data1", "InstanceId")
    yield _ec2("read an instance's user data", "DescribeInstanceAttribute", InstanceId=own, Attribute="userData")


def _ec2(name: str, operation: str, /, **params: object) -> Forbidden:
    return Forbidden(name, call("ec2", operation, **params), f"ec2:{operation}")


def _iam(name: str, operation: str, **params: object) -> Forbidden:
    return Forbidden(name, call("iam", operation, **params), f"iam:{operation}")
