"""Networks as AWS has them, where moto 5.2.5 does not: one test for each gap, with the page that it follows."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from adapters.sandbox.network import TAG, Net, network
from adapters.sandbox.support import client, refusal

from narrowgate.adapters.sandbox.embedded import Embedded

pytestmark = pytest.mark.slow

BUSY = ("DependencyViolation", 400)


@pytest.fixture
def net(aws: Embedded) -> Net:
    """A network."""
    return network(aws)


def test_the_interface_of_a_terminated_instance_is_gone(net: Net) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html"""
    node = net.run()[0]["InstanceId"]
    address = net.ec2.allocate_address(Domain="vpc")["AllocationId"]
    before = net.interfaces()[0]
    assert [each["NetworkInterfaceId"] for each in net.instance(node)["NetworkInterfaces"]] == [
        before["NetworkInterfaceId"]
    ]
    assert before["Attachment"]["DeleteOnTermination"]
    net.ec2.associate_address(AllocationId=address, NetworkInterfaceId=before["NetworkInterfaceId"])
    assert net.ec2.describe_addresses()["Addresses"][0]["InstanceId"] == node
    net.ec2.terminate_instances(InstanceIds=[node])
    assert net.interfaces() == []
    told = net.instance(node)
    assert (told["State"]["Name"], told["NetworkInterfaces"]) == ("terminated", [])
    assert not {"PrivateIpAddress", "SubnetId", "VpcId"} & {name for name, value in told.items() if value}
    left = net.ec2.describe_addresses()["Addresses"][0]
    assert not left.get("AssociationId") and not left.get("NetworkInterfaceId")
    assert net.run(PrivateIpAddress=before["PrivateIpAddress"])
    net.ec2.terminate_instances(InstanceIds=[node])
    assert len(net.interfaces()) == 1


def test_an_interface_that_is_to_stay_is_free_afterwards(net: Net) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-eni.html"""
    made = net.ec2.create_network_interface(SubnetId=net.subnet, Groups=[net.group])["NetworkInterface"]
    node = net.run()[0]["InstanceId"]
    id_ = made["NetworkInterfaceId"]
    net.ec2.attach_network_interface(NetworkInterfaceId=id_, InstanceId=node, DeviceIndex=1)
    assert refusal(net.ec2.delete_network_interface, NetworkInterfaceId=id_)[0] == "InvalidParameterValue"
    net.ec2.terminate_instances(InstanceIds=[node])
    assert [(each["NetworkInterfaceId"], each["Status"]) for each in net.interfaces()] == [(id_, "available")]
    net.ec2.delete_network_interface(NetworkInterfaceId=id_)
    assert net.interfaces() == []


def test_interfaces_are_found_by_every_address_and_by_their_instance(net: Net) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html"""
    node = net.run()[0]["InstanceId"]
    id_ = net.interfaces(attachment__instance_id=node)[0]["NetworkInterfaceId"]
    net.ec2.assign_private_ip_addresses(NetworkInterfaceId=id_, PrivateIpAddresses=["10.4.0.77"])
    net.run()
    found = net.interfaces(addresses__private_ip_address="10.4.0.77")
    assert [each["NetworkInterfaceId"] for each in found] == [id_]
    assert len(net.interfaces(status="in-use")) == 2
    filters = [{"Name": "network-interface.addresses.private-ip-address", "Values": ["10.4.0.77"]}]
    found = net.ec2.describe_instances(Filters=filters)["Reservations"]
    assert [each["InstanceId"] for one in found for each in one["Instances"]] == [node]


def test_the_groups_of_an_interface_are_its_own(net: Net) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyNetworkInterfaceAttribute.html"""
    other = net.ec2.create_security_group(VpcId=net.vpc, GroupName="other", Description="other")["GroupId"]
    node = net.run(SecurityGroupIds=[net.group])[0]["InstanceId"]
    id_ = net.interfaces()[0]["NetworkInterfaceId"]
    net.ec2.modify_network_interface_attribute(NetworkInterfaceId=id_, Groups=[other])
    assert [each["GroupId"] for each in net.interfaces()[0]["Groups"]] == [other]
    assert [each["GroupId"] for each in net.instance(node)["SecurityGroups"]] == [other]
    net.ec2.modify_instance_attribute(InstanceId=node, Groups=[net.group, other])
    assert [each["GroupId"] for each in net.interfaces()[0]["Groups"]] == [net.group, other]


def test_a_group_of_another_vpc_is_refused(net: Net) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (InvalidParameter)"""
    default = net.ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])
    strange = next(each["GroupId"] for each in default["SecurityGroups"] if each["VpcId"] != net.vpc)
    given = {"ImageId": net.image, "SubnetId": net.subnet, "MinCount": 1, "MaxCount": 1}
    assert refusal(net.ec2.run_instances, **given, SecurityGroupIds=[strange]) == ("InvalidParameter", 400)


def test_a_full_subnet_refuses_all_of_a_launch(net: Net) -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html: 11 of 16 addresses can be used"""
    small = net.ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.4.9.0/28")["Subnet"]["SubnetId"]
    given = {"ImageId": net.image, "SubnetId": small, "MinCount": 1}
    assert refusal(net.ec2.run_instances, **given, MaxCount=12)[0] == "InsufficientFreeAddressesInSubnet"
    assert net.interfaces() == []
    assert len(net.ec2.run_instances(**given, MaxCount=11)["Instances"]) == 11
    taken = {each["PrivateIpAddress"] for each in net.interfaces()}
    assert len(taken) == 11
    assert refusal(net.ec2.create_network_interface, SubnetId=small)[0] == "InsufficientFreeAddressesInSubnet"
    assert refusal(net.ec2.run_instances, **given, MaxCount=1, PrivateIpAddress=min(taken))[0] == (
        "InvalidIPAddress.InUse"
    )


def test_no_address_is_drawn_from_a_reserved_range(net: Net) -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/subnet-cidr-reservation.html"""
    small = net.ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.4.9.0/28")["Subnet"]["SubnetId"]
    reserved = net.ec2.create_subnet_cidr_reservation(
        SubnetId=small,
        Cidr="10.4.9.8/29",
        ReservationType="explicit",
        TagSpecifications=[{"ResourceType": "subnet-cidr-reservation", "Tags": [TAG]}],
    )["SubnetCidrReservation"]
    id_ = reserved["SubnetCidrReservationId"]
    found = net.ec2.get_subnet_cidr_reservations(SubnetId=small)["SubnetIpv4CidrReservations"]
    assert [(each["SubnetCidrReservationId"], each["Cidr"], each["Tags"]) for each in found] == [
        (id_, "10.4.9.8/29", [TAG])
    ]
    net.run(SubnetId=small, MaxCount=4)
    assert refusal(net.ec2.create_network_interface, SubnetId=small)[0] == "InsufficientFreeAddressesInSubnet"
    assert not any(
        ip_address(each["PrivateIpAddress"]) in ip_network("10.4.9.8/29") for each in net.interfaces(subnet_id=small)
    )
    assert net.run(SubnetId=small, PrivateIpAddress="10.4.9.9")
    net.ec2.delete_subnet_cidr_reservation(SubnetCidrReservationId=id_)
    assert net.ec2.get_subnet_cidr_reservations(SubnetId=small)["SubnetIpv4CidrReservations"] == []
    assert net.run(SubnetId=small)
    code = refusal(net.ec2.delete_subnet_cidr_reservation, SubnetCidrReservationId=id_)[0]
    assert code == "InvalidSubnetCidrReservationID.NotFound"


def test_a_vpc_with_anything_in_it_is_not_deleted(net: Net) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteVpc.html"""
    gateway = net.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    net.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=net.vpc)
    table = net.ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    steps = (
        (net.ec2.delete_subnet, {"SubnetId": net.subnet}),
        (net.ec2.detach_internet_gateway, {"InternetGatewayId": gateway, "VpcId": net.vpc}),
        (net.ec2.delete_route_table, {"RouteTableId": table}),
        (net.ec2.delete_security_group, {"GroupId": net.group}),
    )
    for step, params in steps:
        assert refusal(net.ec2.delete_vpc, VpcId=net.vpc) == BUSY
        step(**params)
    net.ec2.delete_vpc(VpcId=net.vpc)
    assert net.vpc not in [each["VpcId"] for each in net.ec2.describe_vpcs()["Vpcs"]]
    for listed, name in (
        (net.ec2.describe_network_acls, "NetworkAcls"),
        (net.ec2.describe_route_tables, "RouteTables"),
    ):
        assert net.vpc not in [each["VpcId"] for each in listed()[name]]


def test_a_subnet_with_an_interface_is_not_deleted(net: Net) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSubnet.html"""
    table = net.ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    net.ec2.associate_route_table(RouteTableId=table, SubnetId=net.subnet)
    net.ec2.create_subnet_cidr_reservation(SubnetId=net.subnet, Cidr="10.4.0.80/28", ReservationType="explicit")
    node = net.run()[0]["InstanceId"]
    assert refusal(net.ec2.delete_subnet, SubnetId=net.subnet) == BUSY
    net.ec2.terminate_instances(InstanceIds=[node])
    net.ec2.delete_subnet(SubnetId=net.subnet)
    assert net.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Associations"] == []
    net.ec2.delete_route_table(RouteTableId=table)
    assert refusal(net.ec2.get_subnet_cidr_reservations, SubnetId=net.subnet)[0] == "InvalidSubnetID.NotFound"


def test_a_route_table_in_use_is_not_deleted(net: Net) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteRouteTable.html"""
    table = net.ec2.create_route_table(VpcId=net.vpc)["RouteTable"]["RouteTableId"]
    held = net.ec2.associate_route_table(RouteTableId=table, SubnetId=net.subnet)["AssociationId"]
    main = net.ec2.describe_route_tables(Filters=[{"Name": "association.main", "Values": ["true"]}])["RouteTables"]
    for id_ in (table, next(each["RouteTableId"] for each in main if each["VpcId"] == net.vpc)):
        assert refusal(net.ec2.delete_route_table, RouteTableId=id_) == BUSY
    net.ec2.disassociate_route_table(AssociationId=held)
    net.ec2.delete_route_table(RouteTableId=table)


def test_a_security_group_in_use_is_not_deleted(net: Net) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteSecurityGroup.html"""
    other = net.ec2.create_security_group(VpcId=net.vpc, GroupName="other", Description="other")["GroupId"]
    own = [{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "UserIdGroupPairs": [{"GroupId": net.group}]}]
    net.ec2.authorize_security_group_ingress(GroupId=net.group, IpPermissions=own)
    net.ec2.authorize_security_group_ingress(GroupId=other, IpPermissions=own)
    node = net.run(SecurityGroupIds=[net.group])[0]["InstanceId"]
    assert refusal(net.ec2.delete_security_group, GroupId=net.group) == BUSY
    net.ec2.terminate_instances(InstanceIds=[node])
    assert refusal(net.ec2.delete_security_group, GroupId=net.group) == BUSY
    net.ec2.revoke_security_group_ingress(GroupId=other, IpPermissions=own)
    net.ec2.delete_security_group(GroupId=net.group)
    default = net.ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])
    id_ = default["SecurityGroups"][0]["GroupId"]
    assert refusal(net.ec2.delete_security_group, GroupId=id_) == ("CannotDelete", 400)
    assert refusal(net.ec2.delete_security_group, GroupId=net.group)[0] == "InvalidGroup.NotFound"


def test_a_gateway_in_use_is_neither_detached_nor_deleted(net: Net) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DetachInternetGateway.html"""
    gateway = net.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    net.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=net.vpc)
    net.run()
    address = net.ec2.allocate_address(Domain="vpc")["AllocationId"]
    interface = net.interfaces()[0]["NetworkInterfaceId"]
    held = net.ec2.associate_address(AllocationId=address, NetworkInterfaceId=interface)["AssociationId"]
    at = {"InternetGatewayId": gateway, "VpcId": net.vpc}
    assert refusal(net.ec2.detach_internet_gateway, **at) == BUSY
    assert refusal(net.ec2.delete_internet_gateway, InternetGatewayId=gateway) == BUSY
    assert refusal(net.ec2.release_address, AllocationId=address) == ("InvalidIPAddress.InUse", 400)
    net.ec2.disassociate_address(AssociationId=held)
    net.ec2.release_address(AllocationId=address)
    net.ec2.detach_internet_gateway(**at)
    net.ec2.delete_internet_gateway(InternetGatewayId=gateway)


def test_an_address_moves_from_one_interface_to_another(net: Net) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateAddress.html"""
    net.run(MaxCount=2)
    one, two = (each["NetworkInterfaceId"] for each in net.interfaces())
    address = net.ec2.allocate_address(Domain="vpc")
    given = {"AllocationId": address["AllocationId"], "AllowReassociation": True}
    net.ec2.associate_address(NetworkInterfaceId=one, **given)
    net.ec2.associate_address(NetworkInterfaceId=two, **given)
    found = {each["NetworkInterfaceId"]: each.get("Association", {}).get("PublicIp") for each in net.interfaces()}
    assert found == {one: None, two: address["PublicIp"]}
    assert [each["NetworkInterfaceId"] for each in net.interfaces(association__public_ip=address["PublicIp"])] == [two]


def test_placement_groups(net: Net) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreatePlacementGroup.html and its siblings"""
    tags = [{"ResourceType": "placement-group", "Tags": [TAG]}]
    made = net.ec2.create_placement_group(GroupName="demo", Strategy="cluster", TagSpecifications=tags)
    assert (made["PlacementGroup"]["State"], made["PlacementGroup"]["Tags"]) == ("available", [TAG])
    net.ec2.create_placement_group(GroupName="wide", Strategy="partition", PartitionCount=3)
    by_tag = [{"Name": f"tag:{TAG['Key']}", "Values": ["demo"]}]
    found = net.ec2.describe_placement_groups(Filters=by_tag)["PlacementGroups"]
    assert [(each["GroupName"], each["Strategy"]) for each in found] == [("demo", "cluster")]
    assert refusal(net.ec2.create_placement_group, GroupName="demo")[0] == "InvalidPlacementGroup.Duplicate"
    assert refusal(net.ec2.describe_placement_groups, GroupNames=["no"])[0] == "InvalidPlacementGroup.Unknown"
    node = net.run(Placement={"GroupName": "demo"})[0]["InstanceId"]
    assert net.instance(node)["Placement"]["GroupName"] == "demo"
    assert refusal(net.ec2.delete_placement_group, GroupName="demo") == ("InvalidPlacementGroup.InUse", 400)
    net.ec2.terminate_instances(InstanceIds=[node])
    net.ec2.delete_placement_group(GroupName="demo")
    left = net.ec2.describe_placement_groups()["PlacementGroups"]
    assert [each["GroupName"] for each in left] == ["wide"]
    assert refusal(net.ec2.delete_placement_group, GroupName="demo")[0] == "InvalidPlacementGroup.Unknown"


def test_the_quotas_of_a_new_account(net: Net) -> None:
    """https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html"""
    for _ in range(5):
        net.ec2.allocate_address(Domain="vpc")
    assert refusal(net.ec2.allocate_address, Domain="vpc") == ("AddressLimitExceeded", 400)
    for number in range(3):
        net.ec2.create_vpc(CidrBlock=f"10.{10 + number}.0.0/16")
    assert refusal(net.ec2.create_vpc, CidrBlock="10.20.0.0/16") == ("VpcLimitExceeded", 400)
    rules = [
        {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
        for port in range(1, 62)
    ]
    over = "RulesPerSecurityGroupLimitExceeded"
    assert refusal(net.ec2.authorize_security_group_ingress, GroupId=net.group, IpPermissions=rules)[0] == over
    assert net.ec2.describe_security_groups(GroupIds=[net.group])["SecurityGroups"][0]["IpPermissions"] == []
    net.ec2.authorize_security_group_ingress(GroupId=net.group, IpPermissions=rules[:60])
    assert refusal(net.ec2.authorize_security_group_ingress, GroupId=net.group, IpPermissions=rules[60:])[0] == over


def test_service_quotas_tell_them(net: Net) -> None:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html"""
    quotas = client(net.aws, "service-quotas")
    known = {("ec2", "L-0263D0A3"): 5, ("vpc", "L-F678F1CE"): 5, ("vpc", "L-0EA8095F"): 60}
    for (service, code), value in known.items():
        assert quotas.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"] == value
        assert code in [each["QuotaCode"] for each in quotas.list_service_quotas(ServiceCode=service)["Quotas"]]
    default = quotas.get_aws_default_service_quota(ServiceCode="ec2", QuotaCode="L-1216C47A")["Quota"]
    assert (default["Value"], default["Adjustable"]) == (5, True)
    code = refusal(quotas.get_service_quota, ServiceCode="ec2", QuotaCode="L-00000000")[0]
    assert code == "NoSuchResourceException"


def test_a_quota_is_raised_on_request(net: Net) -> None:
    """https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_RequestServiceQuotaIncrease.html"""
    quotas = client(net.aws, "service-quotas")
    at = {"ServiceCode": "ec2", "QuotaCode": "L-0263D0A3"}
    assert refusal(quotas.request_service_quota_increase, DesiredValue=5, **at)[0] == "IllegalArgumentException"
    quotas.request_service_quota_increase(DesiredValue=6, **at)
    assert quotas.get_service_quota(**at)["Quota"]["Value"] == 6
    for _ in range(6):
        net.ec2.allocate_address(Domain="vpc")
    assert refusal(net.ec2.allocate_address, Domain="vpc") == ("AddressLimitExceeded", 400)
