"""Launches as AWS makes them, where moto 5.2.5 does not: one test for each gap, with the page that it follows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from adapters.sandbox.network import SPECIFICATIONS, TAG, Net, network
from adapters.sandbox.support import TRUST, client, new_key, plain, refusal

from narrowgate.adapters.sandbox.embedded import Embedded
from narrowgate.adapters.sandbox.weather import CALM, parse_weather

pytestmark = pytest.mark.slow


@pytest.fixture
def net(aws: Embedded) -> Net:
    """A network."""
    return network(aws)


def test_every_instance_of_a_launch_has_the_profile(net: Net) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html"""
    nodes = net.run(MaxCount=3, IamInstanceProfile={"Name": "node"})
    profile = net.iam.get_instance_profile(InstanceProfileName="node")["InstanceProfile"]
    told = {"Arn": profile["Arn"], "Id": profile["InstanceProfileId"]}
    assert [net.instance(each["InstanceId"])["IamInstanceProfile"] for each in nodes] == [told] * 3
    found = net.ec2.describe_instances(Filters=[{"Name": "iam-instance-profile.arn", "Values": [profile["Arn"]]}])
    assert len(found["Reservations"][0]["Instances"]) == 3
    assert len(net.ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]) == 3


def test_an_unknown_profile_and_one_without_a_role_are_refused(net: Net) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html"""
    net.iam.create_instance_profile(InstanceProfileName="empty")
    arn = f"arn:aws:iam::{net.aws.account}:instance-profile/missing"
    for named in ({"Name": "missing"}, {"Arn": arn}, {"Name": "empty"}):
        given = {"ImageId": net.image, "MinCount": 1, "MaxCount": 1, "IamInstanceProfile": named}
        assert refusal(net.ec2.run_instances, **given) == ("InvalidParameterValue", 400)
    assert net.ec2.describe_instances()["Reservations"] == []


def test_the_profile_of_an_instance_is_replaced(net: Net) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceIamInstanceProfileAssociation.html"""
    net.profile("other")
    node = net.run(IamInstanceProfile={"Name": "node"})[0]["InstanceId"]
    held = net.ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"][0]
    net.ec2.replace_iam_instance_profile_association(
        AssociationId=held["AssociationId"], IamInstanceProfile={"Name": "other"}
    )
    assert net.instance(node)["IamInstanceProfile"]["Arn"].endswith("/other")
    assert refusal(net.ec2.associate_iam_instance_profile, InstanceId=node, IamInstanceProfile={"Name": "missing"}) == (
        "InvalidParameterValue",
        400,
    )


def test_tags_reach_instances_volumes_and_interfaces(net: Net) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html (TagSpecification)"""
    for node in net.run(MaxCount=2, TagSpecifications=SPECIFICATIONS):
        told = net.instance(node["InstanceId"])
        volume = told["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
        assert told["Tags"] == [TAG]
        assert net.ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Tags"] == [TAG]
    filters = [{"Name": f"tag:{TAG['Key']}", "Values": ["demo"]}]
    assert len(net.ec2.describe_network_interfaces(Filters=filters)["NetworkInterfaces"]) == 2
    assert net.interfaces(tag_key="none") == []


def test_a_template_gives_what_the_call_leaves_open(net: Net) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/use-launch-templates-to-control-launching-instances.html"""
    id_ = net.template(
        MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
        BlockDeviceMappings=[{"DeviceName": "/dev/xvdz", "Ebs": {"VolumeSize": 40, "VolumeType": "gp3"}}],
        UserData="aGVsbG8=",
    )
    reply = net.ec2.run_instances(
        LaunchTemplate={"LaunchTemplateId": id_, "Version": "1"}, SubnetId=net.subnet, MinCount=1, MaxCount=1
    )
    told = net.instance(reply["Instances"][0]["InstanceId"])
    tags = {each["Key"]: each["Value"] for each in told["Tags"]}
    assert tags == {
        TAG["Key"]: "demo",
        "aws:ec2launchtemplate:id": id_,
        "aws:ec2launchtemplate:version": "1",
    }
    assert told["InstanceType"] == "m5.4xlarge"
    assert told["MetadataOptions"]["HttpTokens"] == "required"
    assert [each["GroupId"] for each in told["SecurityGroups"]] == [net.group]
    assert told["IamInstanceProfile"]["Arn"].endswith("/node")
    assert sorted(each["DeviceName"] for each in told["BlockDeviceMappings"])[-1] == "/dev/xvdz"
    assert len(told["BlockDeviceMappings"]) == 2
    assert net.interfaces(attachment__instance_id=told["InstanceId"])[0]["TagSet"] == [TAG]


def test_a_new_version_begins_with_its_source(net: Net) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplateVersion.html"""
    id_ = net.template()
    made = net.ec2.create_launch_template_version(
        LaunchTemplateId=id_, SourceVersion="1", LaunchTemplateData={"InstanceType": "i3.2xlarge"}
    )["LaunchTemplateVersion"]
    assert made["LaunchTemplateData"]["InstanceType"] == "i3.2xlarge"
    assert made["LaunchTemplateData"]["ImageId"] == net.image
    net.ec2.create_tags(Resources=[id_], Tags=[TAG])
    assert net.ec2.describe_launch_templates(LaunchTemplateIds=[id_])["LaunchTemplates"][0]["Tags"] == [TAG]


def test_what_a_launch_names_must_be_there(net: Net) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"""
    missing: dict[str, dict[str, Any]] = {
        "InvalidAMIID.NotFound": {"ImageId": "ami-0123456789abcdef0"},
        "InvalidKeyPair.NotFound": {"KeyName": "missing"},
        "InvalidGroup.NotFound": {"SecurityGroupIds": ["sg-0123456789abcdef0"]},
        "InvalidSubnetID.NotFound": {"SubnetId": "subnet-0123456789abcdef0"},
        "InvalidPlacementGroup.Unknown": {"Placement": {"GroupName": "missing"}},
    }
    for code, params in missing.items():
        given = {"ImageId": net.image, "SubnetId": net.subnet, "MinCount": 1, "MaxCount": 1, **params}
        assert refusal(net.ec2.run_instances, **given) == (code, 400)
    assert net.ec2.describe_instances()["Reservations"] == []


def test_the_same_token_launches_once(net: Net) -> None:
    """https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html"""
    given = {"ImageId": net.image, "SubnetId": net.subnet, "MinCount": 1, "ClientToken": "t"}
    first, again = net.ec2.run_instances(**given, MaxCount=2), net.ec2.run_instances(**given, MaxCount=2)
    assert plain(first) == plain(again)
    assert refusal(net.ec2.run_instances, **given, MaxCount=1) == ("IdempotentParameterMismatch", 400)
    assert len(net.interfaces()) == 2
    template = {"LaunchTemplateName": "t", "LaunchTemplateData": {"ImageId": net.image}, "ClientToken": "t"}
    assert plain(net.ec2.create_launch_template(**template)) == plain(net.ec2.create_launch_template(**template))


def test_a_refused_call_does_not_use_up_its_token(net: Net) -> None:
    """https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html"""
    given = {"ImageId": net.image, "SubnetId": net.subnet, "MinCount": 1, "MaxCount": 1, "ClientToken": "t"}
    given["IamInstanceProfile"] = {"Name": "late"}
    assert refusal(net.ec2.run_instances, **given)[0] == "InvalidParameterValue"
    net.iam.create_role(RoleName="late", AssumeRolePolicyDocument=TRUST)
    net.iam.create_instance_profile(InstanceProfileName="late")
    net.iam.add_role_to_instance_profile(InstanceProfileName="late", RoleName="late")
    assert len(net.ec2.run_instances(**given)["Instances"]) == 1


def test_a_spot_instance_is_told_as_one(net: Net) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Instance.html"""
    spot, plain_one = net.run(InstanceMarketOptions={"MarketType": "spot"})[0], net.run()[0]
    assert net.instance(spot["InstanceId"])["InstanceLifecycle"] == "spot"
    assert "InstanceLifecycle" not in net.instance(plain_one["InstanceId"])
    told = net.ec2.describe_instance_status(InstanceIds=[spot["InstanceId"]])["InstanceStatuses"]
    assert [each["InstanceId"] for each in told] == [spot["InstanceId"]]


def test_instance_types_are_offered(net: Net) -> None:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstanceTypeOfferings.html"""
    wanted = ["i3.2xlarge", "m5.4xlarge"]
    types = net.ec2.describe_instance_types(InstanceTypes=wanted)["InstanceTypes"]
    assert {each["InstanceType"]: each["VCpuInfo"]["DefaultVCpus"] for each in types} == {
        "i3.2xlarge": 8,
        "m5.4xlarge": 16,
    }
    offered = net.ec2.describe_instance_type_offerings(
        LocationType="availability-zone",
        Filters=[{"Name": "instance-type", "Values": wanted}, {"Name": "location", "Values": ["eu-west-1a"]}],
    )["InstanceTypeOfferings"]
    assert sorted(each["InstanceType"] for each in offered) == wanted


def test_a_new_profile_is_not_seen_at_once() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html"""
    weather = parse_weather("ec2:consistency=600,autoscaling:consistency=600")
    with Embedded() as aws:
        net = network(aws)
        aws.change_weather(weather)
        assert len(net.run(IamInstanceProfile={"Name": "node"})) == 1
        net.profile("late")
        with pytest.raises(net.ec2.exceptions.ClientError, match=r"\(late\).*Invalid IAM Instance Profile name"):
            net.run(IamInstanceProfile={"Name": "late"})
        id_ = net.template(IamInstanceProfile={"Name": "late"})
        with pytest.raises(net.ec2.exceptions.ClientError, match=r"InvalidParameterValue.*Invalid IAM"):
            net.run(LaunchTemplate={"LaunchTemplateId": id_})
        with pytest.raises(net.scaling.exceptions.ClientError, match=r"ValidationError.*fully-formed.*Invalid IAM"):
            net.scale(id_, size=1)
        assert len(net.interfaces()) == 1
        aws.change_weather(CALM)
        net.scale(id_, size=1)
        assert len(net.run(IamInstanceProfile={"Name": "late"})) == 1


def test_a_placement_group_is_decided_about_by_its_tags(net: Net) -> None:
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html (placement-group)"""
    net.iam.create_user(UserName="x")
    statement = {
        "Effect": "Allow",
        "Action": "ec2:DeletePlacementGroup",
        "Resource": f"arn:aws:ec2:*:{net.aws.account}:placement-group/*",
        "Condition": {"StringEquals": {f"aws:ResourceTag/{TAG['Key']}": "demo"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    net.iam.put_user_policy(UserName="x", PolicyName="p", PolicyDocument=document)
    theirs = client(net.aws, "ec2", new_key(net.iam, "x"))
    net.ec2.create_placement_group(
        GroupName="ours", TagSpecifications=[{"ResourceType": "placement-group", "Tags": [TAG]}]
    )
    net.ec2.create_placement_group(GroupName="strange")
    assert refusal(theirs.delete_placement_group, GroupName="strange")[0] == "UnauthorizedOperation"
    theirs.delete_placement_group(GroupName="ours")
