"""The reference installer of the Iguazio platform: what it looks at first, and what it makes. Pure.

The calls are written down from what the vendor's guide says an installation creates; they are no recording of the
vendor's installer. Nothing is made without the ownership tags where AWS can tag.
Source: the API pages of each operation, Amazon EC2 and EC2 Auto Scaling API Reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from narrowgate.calls import Fields, Ref, call
from narrowgate.profiles.iguazio_names import (
    CLUSTERS,
    NODES,
    RESERVED_CIDR,
    SUBNET_CIDR,
    VPC_CIDR,
    Addressed,
    Names,
    Steps,
    autoscaling,
    ec2,
    on,
)

TYPES: Final = {"data": "i3.2xlarge", "application": "m5.4xlarge"}
VOLUMES: Final = {"data": 400, "application": 250}
PORTS: Final = {
    "data": ((80, 80), (443, 443)),
    "application": ((80, 80), (443, 443), (6443, 6443), (8081, 8081), (8443, 8443), (30000, 32000)),
}
"""What the whitelisted networks reach."""
ALL: Final = ((-1, -1),)
ANYONE: Final = "0.0.0.0/0"
WHITELIST: Final = "203.0.113.0/24"
SUPPORT: Final = "192.0.2.1/32"
INSTALLER: Final = "192.0.2.2/32"
PUBLIC: Final = "198.51.100.1/32"
QUOTAS: Final = ("ec2", "vpc")
"""Services whose quotas bite: Elastic IPs, vCPUs; VPCs, rules of a security group.

https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
"""
IMAGE: Final = Ref("image.node", "ImageId")
"""Which image the nodes start from is not known."""
PUBLIC_KEY: Final = Ref("key_pair.main", "PublicKeyMaterial")
"""The person's."""
SERVICE: Final = "autoscaling.amazonaws.com"


def preflight(names: Names) -> Steps:
    """What decides whether an installation can begin."""
    yield call("sts", "GetCallerIdentity"), ""
    for service in QUOTAS:
        yield call("service-quotas", "ListServiceQuotas", ServiceCode=service), ""
    yield ec2("DescribeImages", ImageIds=(IMAGE,))
    yield ec2("DescribeInstanceTypes", InstanceTypes=tuple(TYPES.values()))
    yield ec2("DescribeInstanceTypeOfferings", LocationType="availability-zone")
    yield from looks(names)


def looks(names: Names) -> Steps:
    """Reads of everything that an installation consists of, by its tag."""
    ours = (Fields(Name="tag:narrowgate:installation", Values=(names.system,)),)
    for operation in (
        "DescribeVpcs",
        "DescribeSubnets",
        "DescribeInternetGateways",
        "DescribeRouteTables",
        "DescribeSecurityGroups",
        "DescribeSecurityGroupRules",
        "DescribePlacementGroups",
        "DescribeKeyPairs",
        "DescribeLaunchTemplates",
        "DescribeAddresses",
        "DescribeInstances",
        "DescribeNetworkInterfaces",
        "DescribeVolumes",
    ):
        yield ec2(operation, Filters=ours)
    yield autoscaling("DescribeAutoScalingGroups", AutoScalingGroupNames=tuple(map(names.of, CLUSTERS)))


def install(names: Names) -> Steps:
    """Everything in the order of its needs."""
    if names.ground.variant.network is None:
        yield from _new_network(names)
    yield ec2("GetSubnetCidrReservations", SubnetId=names.subnet)
    yield names.makes(
        "CreateSubnetCidrReservation",
        "subnet_cidr_reservation.shared",
        "subnet-cidr-reservation",
        SubnetId=names.subnet,
        Cidr=RESERVED_CIDR,
        ReservationType="explicit",
    )
    for cluster in CLUSTERS:
        yield from _security_group(names, cluster)
    yield names.makes(
        "CreatePlacementGroup", "placement_group.main", "placement-group", GroupName=names.system, Strategy="cluster"
    )
    yield names.makes("ImportKeyPair", "key_pair.main", "key-pair", KeyName=names.system, PublicKeyMaterial=PUBLIC_KEY)
    yield call("iam", "CreateServiceLinkedRole", AWSServiceName=SERVICE), ""
    for cluster in CLUSTERS:
        yield from _nodes(names, cluster)
    for cluster in CLUSTERS:
        yield from _addresses(names, cluster)


def _new_network(names: Names) -> Steps:
    vpc, gateway = on("vpc.main", "VpcId"), on("internet_gateway.main", "InternetGatewayId")
    table, subnet = on("route_table.main", "RouteTableId"), on("subnet.main", "SubnetId")
    yield names.makes("CreateVpc", "vpc.main", "vpc", CidrBlock=VPC_CIDR)
    yield ec2("ModifyVpcAttribute", VpcId=vpc, EnableDnsSupport=Fields(Value=True))
    yield ec2("ModifyVpcAttribute", VpcId=vpc, EnableDnsHostnames=Fields(Value=True))
    yield ec2("DescribeVpcAttribute", VpcId=vpc, Attribute="enableDnsHostnames")
    yield names.makes("CreateInternetGateway", "internet_gateway.main", "internet-gateway")
    yield ec2("AttachInternetGateway", VpcId=vpc, InternetGatewayId=gateway)
    yield names.makes("CreateRouteTable", "route_table.main", "route-table", VpcId=vpc)
    yield ec2("CreateRoute", RouteTableId=table, DestinationCidrBlock=ANYONE, GatewayId=gateway)
    yield names.makes("CreateSubnet", "subnet.main", "subnet", VpcId=vpc, CidrBlock=SUBNET_CIDR)
    yield ec2("ModifySubnetAttribute", SubnetId=subnet, MapPublicIpOnLaunch=Fields(Value=True))
    yield ec2("AssociateRouteTable", RouteTableId=table, SubnetId=subnet)


# Security groups


def _security_group(names: Names, cluster: str) -> Steps:
    yield names.makes(
        "CreateSecurityGroup",
        f"security_group.{cluster}",
        "security-group",
        VpcId=names.vpc,
        GroupName=names.of(cluster),
        Description=f"{cluster} nodes of {names.system}",
    )
    sources = (
        ("whitelist", WHITELIST, PORTS[cluster]),
        ("support", SUPPORT, ALL),
        ("installer", INSTALLER, ((22, 22),)),
        ("vpc", names.cidr, ALL),
    )
    for source, cidr, ports in sources:
        yield rule(names, cluster, source, cidr, ports)


def rule(names: Names, cluster: str, source: str, cidr: str, ports: tuple[tuple[int, int], ...]) -> Addressed:
    """The rules of one row of the guide's table, with tags: by them they are found again."""
    return names.makes(
        "AuthorizeSecurityGroupIngress",
        f"security_group_rule.{cluster}-{source}",
        "security-group-rule",
        GroupId=on(f"security_group.{cluster}", "GroupId"),
        IpPermissions=tuple(_permission(cidr, first, last) for first, last in ports),
    )


def _permission(cidr: str, first: int, last: int) -> Fields:
    ranges = (Fields(CidrIp=cidr),)
    if first < 0:
        return Fields(IpProtocol="-1", IpRanges=ranges)
    return Fields(IpProtocol="tcp", FromPort=first, ToPort=last, IpRanges=ranges)


# Nodes


def template_of(names: Names, cluster: str) -> Fields:
    """`LaunchTemplateData` of a cluster."""
    address = f"auto_scaling_group.{cluster}"
    return Fields(
        ImageId=IMAGE,
        InstanceType=TYPES[cluster],
        KeyName=names.system,
        IamInstanceProfile=Fields(Arn=names.instance_profile),
        SecurityGroupIds=(on(f"security_group.{cluster}", "GroupId"),),
        MetadataOptions=Fields(HttpTokens="required", HttpPutResponseHopLimit=1),
        BlockDeviceMappings=(
            Fields(DeviceName="/dev/sda1", Ebs=Fields(VolumeSize=VOLUMES[cluster], VolumeType="gp3", Encrypted=True)),
        ),
        Placement=Fields(GroupName=names.system),
        TagSpecifications=names.tagged(address, "instance", "volume", "network-interface"),
    )


def pinned(cluster: str, version: str) -> Fields:
    """The cluster's launch template in one version: a group on `$Latest` would start whatever comes later."""
    return Fields(LaunchTemplateId=on(f"launch_template.{cluster}", "LaunchTemplateId"), Version=version)


def _nodes(names: Names, cluster: str) -> Steps:
    yield names.makes(
        "CreateLaunchTemplate",
        f"launch_template.{cluster}",
        "launch-template",
        LaunchTemplateName=names.of(cluster),
        LaunchTemplateData=template_of(names, cluster),
    )
    # What a group would be refused, a dry run tells before the group is made.
    yield ec2("RunInstances", LaunchTemplate=pinned(cluster, "1"), SubnetId=names.subnet, DryRun=True, **_ONE)
    if names.ground.variant.launch == "instances":
        for node in NODES:
            launch = call("ec2", "RunInstances", LaunchTemplate=pinned(cluster, "1"), SubnetId=names.subnet, **_ONE)
            yield launch, f"instance.{cluster}{node}"
    else:
        yield from _group(names, cluster)


_ONE: Final = {"MinCount": 1, "MaxCount": 1}


def group_of(names: Names, cluster: str) -> Mapping[str, object]:
    """The parameters that make a cluster's group."""
    size = len(NODES)
    return {
        "AutoScalingGroupName": names.of(cluster),
        "LaunchTemplate": pinned(cluster, "1"),
        "VPCZoneIdentifier": names.subnet,
        "MinSize": size,
        "MaxSize": size,
        "DesiredCapacity": size,
        "NewInstancesProtectedFromScaleIn": cluster == "data",
        "Tags": tuple(_propagated(names, cluster)),
    }


def _group(names: Names, cluster: str) -> Steps:
    made = call("autoscaling", "CreateAutoScalingGroup", **group_of(names, cluster))
    yield made, f"auto_scaling_group.{cluster}"
    yield autoscaling("DescribeScalingActivities", AutoScalingGroupName=names.of(cluster))
    if cluster == "data":
        # A replaced data node loses what its NVMe disks hold.
        yield suspended(names, cluster, "SuspendProcesses")
        yield protected(names, cluster, True)


def _propagated(names: Names, cluster: str) -> Iterator[Fields]:
    group = Fields(PropagateAtLaunch=True, ResourceType="auto-scaling-group", ResourceId=names.of(cluster))
    for tag in names.tags(f"auto_scaling_group.{cluster}"):
        yield Fields(tag, **group)


def suspended(names: Names, cluster: str, operation: str) -> Addressed:
    """Replacement of a cluster's nodes suspended or resumed."""
    return autoscaling(
        operation, AutoScalingGroupName=names.of(cluster), ScalingProcesses=("ReplaceUnhealthy", "AZRebalance")
    )


def protected(names: Names, cluster: str, on_: bool) -> Addressed:
    """Protection of a cluster's nodes from scale-in, on or off."""
    return autoscaling(
        "SetInstanceProtection",
        AutoScalingGroupName=names.of(cluster),
        InstanceIds=tuple(on(f"instance.{cluster}{node}", "InstanceId") for node in NODES),
        ProtectedFromScaleIn=on_,
    )


def _addresses(names: Names, cluster: str) -> Steps:
    for node in NODES:
        address = f"elastic_ip.{cluster}{node}"
        yield names.makes("AllocateAddress", address, "elastic-ip", Domain="vpc")
        yield (
            call(
                "ec2",
                "AssociateAddress",
                AllocationId=on(address, "AllocationId"),
                InstanceId=on(f"instance.{cluster}{node}", "InstanceId"),
            ),
            f"elastic_ip_association.{cluster}{node}",
        )
    other = CLUSTERS[1 - CLUSTERS.index(cluster)]
    yield rule(names, other, f"{cluster}-public", PUBLIC, ALL)
