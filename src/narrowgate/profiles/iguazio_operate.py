"""The reference installer of the Iguazio platform after the installation, and the nodes' own calls. Pure.

Source: the API pages of each operation, Amazon EC2 and EC2 Auto Scaling API Reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from narrowgate.calls import Fields, call
from narrowgate.profiles.iguazio_install import (
    ALL,
    INSTALLER,
    PUBLIC,
    looks,
    pinned,
    protected,
    rule,
    suspended,
    template_of,
)
from narrowgate.profiles.iguazio_names import (
    CLUSTERS,
    NODES,
    SHARED_ADDRESS,
    Addressed,
    Names,
    Steps,
    autoscaling,
    ec2,
    on,
)

_LIVES: Final = ("StopInstances", "StartInstances", "TerminateInstances")


def operate(names: Names) -> Steps:
    """Status, repair, change."""
    yield from looks(names)
    yield ec2("DescribeLaunchTemplateVersions", LaunchTemplateId=on("launch_template.data", "LaunchTemplateId"))
    for cluster in CLUSTERS:
        yield from _repair(names, cluster)
        yield from _change(names, cluster)
        if names.ground.variant.launch == "groups":
            yield from _regroup(names, cluster)


def _repair(names: Names, cluster: str) -> Steps:
    """A node that its group replaced has neither its public address nor rules for it."""
    address = f"{cluster}{NODES[0]}"
    yield (
        call(
            "ec2",
            "AssociateAddress",
            AllocationId=on(f"elastic_ip.{address}", "AllocationId"),
            NetworkInterfaceId=on(f"instance.{address}", "NetworkInterfaceId"),
            AllowReassociation=True,
        ),
        f"elastic_ip_association.{address}",
    )
    other = CLUSTERS[1 - CLUSTERS.index(cluster)]
    yield revoked(other, f"{cluster}-public")
    yield rule(names, other, f"{cluster}-public", PUBLIC, ALL)


def _change(names: Names, cluster: str) -> Steps:
    """The installer's SSH rule goes, and comes back for repairs; nodes are stopped, started, given up.

    A group takes a stopped node for an unhealthy one and replaces it, unless that is suspended.
    """
    yield revoked(cluster, "installer")
    yield rule(names, cluster, "installer", INSTALLER, ((22, 22),))
    grouped = names.ground.variant.launch == "groups"
    if grouped:
        yield suspended(names, cluster, "SuspendProcesses")
    for operation in _LIVES:
        yield ec2(operation, InstanceIds=(on(f"instance.{cluster}{NODES[-1]}", "InstanceId"),))
    if grouped:
        yield suspended(names, cluster, "ResumeProcesses")


def revoked(cluster: str, source: str) -> Addressed:
    """One row of the guide's table taken back, by the id of its rule."""
    return ec2(
        "RevokeSecurityGroupIngress",
        GroupId=on(f"security_group.{cluster}", "GroupId"),
        SecurityGroupRuleIds=(on(f"security_group_rule.{cluster}-{source}", "SecurityGroupRuleId"),),
    )


def _regroup(names: Names, cluster: str) -> Steps:
    """Another version of the template, another size; the update always names the pinned version.

    Without a template in the call, AWS could not be asked for a version: `autoscaling:LaunchTemplateVersionSpecified`
    would be absent, and a grant without it would let a group follow `$Latest`.
    """
    size = len(NODES) + 1
    yield ec2(
        "CreateLaunchTemplateVersion",
        LaunchTemplateId=on(f"launch_template.{cluster}", "LaunchTemplateId"),
        LaunchTemplateData=template_of(names, cluster),
    )
    yield resized(names, cluster, size, "2")
    yield autoscaling("DescribeScalingActivities", AutoScalingGroupName=names.of(cluster))
    if cluster == "data":
        yield suspended(names, cluster, "SuspendProcesses")
        yield protected(names, cluster, True)


def resized(names: Names, cluster: str, size: int, version: str) -> Addressed:
    """A group of another size, on a pinned version of its template and in its subnet."""
    return autoscaling(
        "UpdateAutoScalingGroup",
        AutoScalingGroupName=names.of(cluster),
        LaunchTemplate=pinned(cluster, version),
        VPCZoneIdentifier=names.subnet,
        MinSize=size,
        MaxSize=size,
        DesiredCapacity=size,
    )


def teardown(names: Names) -> Steps:
    """Everything of ours, in the reverse order; the service-linked role stays."""
    yield from looks(names)
    for cluster in CLUSTERS:
        yield from _released(cluster)
    for cluster in CLUSTERS:
        yield from _emptied(names, cluster)
    yield from looks(names)
    for cluster in CLUSTERS:
        yield ec2("DeleteLaunchTemplate", LaunchTemplateId=on(f"launch_template.{cluster}", "LaunchTemplateId"))
    yield ec2("DeleteKeyPair", KeyName=names.system)
    yield ec2("DeletePlacementGroup", GroupName=names.system)
    for cluster in CLUSTERS:
        yield ec2("DeleteSecurityGroup", GroupId=on(f"security_group.{cluster}", "GroupId"))
    yield ec2("GetSubnetCidrReservations", SubnetId=names.subnet)
    reservation = on("subnet_cidr_reservation.shared", "SubnetCidrReservationId")
    yield ec2("DeleteSubnetCidrReservation", SubnetCidrReservationId=reservation)
    if names.ground.variant.network is None:
        yield from _network_gone()
    yield from looks(names)


def _released(cluster: str) -> Steps:
    for node in NODES:
        yield ec2("DisassociateAddress", AssociationId=on(f"elastic_ip_association.{cluster}{node}", "AssociationId"))
        yield ec2("ReleaseAddress", AllocationId=on(f"elastic_ip.{cluster}{node}", "AllocationId"))


def _emptied(names: Names, cluster: str) -> Steps:
    if names.ground.variant.launch == "groups":
        yield protected(names, cluster, False)
        yield resized(names, cluster, 0, "1")
        yield autoscaling("DescribeScalingActivities", AutoScalingGroupName=names.of(cluster))
        # What the group launched since is protected too: the nodes go with it.
        yield autoscaling("DeleteAutoScalingGroup", AutoScalingGroupName=names.of(cluster), ForceDelete=True)
    else:
        nodes = tuple(on(f"instance.{cluster}{node}", "InstanceId") for node in NODES)
        yield ec2("TerminateInstances", InstanceIds=nodes)


def _network_gone() -> Steps:
    vpc, gateway = on("vpc.main", "VpcId"), on("internet_gateway.main", "InternetGatewayId")
    # The subnet takes its association with the route table along.
    yield ec2("DeleteSubnet", SubnetId=on("subnet.main", "SubnetId"))
    yield ec2("DeleteRouteTable", RouteTableId=on("route_table.main", "RouteTableId"))
    yield ec2("DetachInternetGateway", VpcId=vpc, InternetGatewayId=gateway)
    yield ec2("DeleteInternetGateway", InternetGatewayId=gateway)
    yield ec2("DeleteVpc", VpcId=vpc)


def failover(names: Names) -> Iterator[Addressed]:
    """What a node does with its role: look who holds the shared address, take it, give it up."""
    interface = on("instance.data1", "NetworkInterfaceId")
    held = (Fields(Name="addresses.private-ip-address", Values=(SHARED_ADDRESS,)),)
    yield ec2("DescribeInstances", InstanceIds=(on("instance.data1", "InstanceId"),))
    yield ec2("DescribeNetworkInterfaces", Filters=held)
    yield ec2(
        "AssignPrivateIpAddresses",
        NetworkInterfaceId=interface,
        PrivateIpAddresses=(SHARED_ADDRESS,),
        AllowReassignment=True,
    )
    yield ec2("UnassignPrivateIpAddresses", NetworkInterfaceId=interface, PrivateIpAddresses=(SHARED_ADDRESS,))
