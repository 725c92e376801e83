"""Auto Scaling as AWS has it, where moto 5.2.5 does not: one test for each gap, with the page that it follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from adapters.sandbox.network import TAG, Net, network
from adapters.sandbox.support import client, plain, refusal

from narrowgate.adapters.sandbox.embedded import Embedded

pytestmark = pytest.mark.slow

ROLE = "AWSServiceRoleForAutoScaling"


@pytest.fixture
def net(aws: Embedded) -> Net:
    """A network."""
    return network(aws)


def activities(net: Net, **more: Any) -> list[dict[str, Any]]:
    found = net.scaling.describe_scaling_activities(AutoScalingGroupName="data", **more)
    return list(found["Activities"])


def resize(net: Net, size: int) -> None:
    net.scaling.set_desired_capacity(AutoScalingGroupName="data", DesiredCapacity=size)


def protect(net: Net, ids: list[str], *, protected: bool) -> None:
    net.scaling.set_instance_protection(AutoScalingGroupName="data", InstanceIds=ids, ProtectedFromScaleIn=protected)


def test_a_group_launches_by_its_template(net: Net) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html"""
    id_ = net.template(MetadataOptions={"HttpTokens": "required"})
    net.ec2.create_launch_template_version(LaunchTemplateId=id_, LaunchTemplateData={"ImageId": net.image})
    net.ec2.modify_launch_template(LaunchTemplateId=id_, DefaultVersion="2")
    net.ec2.create_placement_group(GroupName="demo", Strategy="cluster")
    tags = [{"Key": "Name", "Value": "node", "PropagateAtLaunch": True}, {"Key": "own", "Value": "group"}]
    net.scale(id_, Tags=tags, PlacementGroup="demo")
    for member in net.told()["Instances"]:
        assert member["LaunchTemplate"]["Version"] == "1"
        node = net.instance(member["InstanceId"])
        assert {each["Key"]: each["Value"] for each in node["Tags"]} == {
            TAG["Key"]: "demo",
            "Name": "node",
            "aws:autoscaling:groupName": "data",
            "aws:ec2launchtemplate:id": id_,
            "aws:ec2launchtemplate:version": "1",
        }
        assert node["IamInstanceProfile"]["Arn"].endswith("/node")
        assert node["MetadataOptions"]["HttpTokens"] == "required"
        assert node["Placement"]["GroupName"] == "demo"
        assert [each["GroupId"] for each in node["SecurityGroups"]] == [net.group]
        assert net.interfaces(attachment__instance_id=member["InstanceId"])[0]["TagSet"] == [TAG]
        volume = node["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
        assert net.ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Tags"] == [TAG]
    assert refusal(net.ec2.delete_placement_group, GroupName="demo")[0] == "InvalidPlacementGroup.InUse"


def test_of_a_tag_that_both_give_the_groups_counts(net: Net) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html"""
    net.scale(net.template(), size=1, Tags=[{**TAG, "Value": "group", "PropagateAtLaunch": True}])
    tags = net.instance(net.members()[0])["Tags"]
    assert {each["Key"]: each["Value"] for each in tags}[TAG["Key"]] == "group"


def test_instances_are_spread_over_the_subnets(net: Net) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html"""
    other = net.ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.4.1.0/24", AvailabilityZone="eu-west-1b")["Subnet"]
    id_ = net.template()
    net.scaling.create_auto_scaling_group(
        AutoScalingGroupName="data",
        MinSize=3,
        MaxSize=4,
        VPCZoneIdentifier=f"{net.subnet},{other['SubnetId']}",
        LaunchTemplate={"LaunchTemplateId": id_},
    )
    held = [net.instance(each)["SubnetId"] for each in net.members()]
    assert sorted((held.count(net.subnet), held.count(other["SubnetId"]))) == [1, 2]


def test_the_service_linked_role_comes_with_the_first_group_and_remains(net: Net) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html"""
    assert refusal(net.iam.get_role, RoleName=ROLE)[0] == "NoSuchEntity"
    net.scale(net.template(), size=1)
    role = net.iam.get_role(RoleName=ROLE)["Role"]
    assert role["Path"] == "/aws-service-role/autoscaling.amazonaws.com/"
    assert net.told()["ServiceLinkedRoleARN"] == role["Arn"]
    attached = net.iam.list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]
    assert [each["PolicyName"] for each in attached] == ["AutoScalingServiceRolePolicy"]
    net.scaling.delete_auto_scaling_group(AutoScalingGroupName="data", ForceDelete=True)
    assert net.iam.get_role(RoleName=ROLE)["Role"] == role
    assert refusal(net.iam.delete_role, RoleName=ROLE)[0] == "UnmodifiableEntity"


def test_a_template_is_tried_when_a_group_is_made_or_changed(net: Net) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-launch-template.html"""
    wrong: dict[str, dict[str, Any]] = {
        "image": {"ImageId": "ami-0123456789abcdef0"},
        "group": {"SecurityGroupIds": ["sg-0123456789abcdef0"]},
        "key": {"KeyName": "missing"},
        "profile": {"IamInstanceProfile": {"Name": "missing"}},
    }
    net.scale(net.template("right"), name="right", size=1)
    for name, data in wrong.items():
        id_ = net.template(name, **data)
        given = {"LaunchTemplate": {"LaunchTemplateId": id_}, "MinSize": 1, "MaxSize": 1}
        with pytest.raises(net.scaling.exceptions.ClientError, match="You must use a valid fully-formed launch templ"):
            net.scaling.create_auto_scaling_group(AutoScalingGroupName=name, VPCZoneIdentifier=net.subnet, **given)
        code = refusal(net.scaling.update_auto_scaling_group, AutoScalingGroupName="right", **given)
        assert code == ("ValidationError", 400)
    assert [
        each["AutoScalingGroupName"] for each in net.scaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    ] == ["right"]
    assert net.told("right")["LaunchTemplate"]["LaunchTemplateName"] == "right"


def test_a_launch_that_fails_is_told_by_an_activity(net: Net) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html"""
    small = net.ec2.create_subnet(VpcId=net.vpc, CidrBlock="10.4.9.0/28")["Subnet"]["SubnetId"]
    net.run(SubnetId=small, MaxCount=10)
    net.subnet = small
    net.scale(net.template(), size=2)
    assert len(net.members()) == 1
    failed, fine = activities(net)
    assert (failed["StatusCode"], fine["StatusCode"]) == ("Failed", "Successful")
    assert failed["StatusMessage"].startswith("There are not enough free addresses in subnet")
    assert failed["StatusMessage"].endswith("Launching EC2 instance failed.")
    assert "Status Reason: There are not enough" in failed["Description"] and small in failed["Details"]
    assert net.members()[0] in fine["Description"]


def test_what_is_gone_when_a_group_grows_is_told_by_an_activity(net: Net) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-instancelaunchfailure.html"""
    net.scale(net.template(), size=0)
    net.ec2.delete_security_group(GroupId=net.group)
    resize(net, 2)
    assert net.members() == []
    assert net.told()["DesiredCapacity"] == 2
    assert [each["StatusMessage"] for each in activities(net)] == [
        f"The security group '{net.group}' does not exist. Launching EC2 instance failed."
    ]


def test_scale_in_spares_protected_instances(net: Net) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-protection.html"""
    net.scale(net.template(), size=3, NewInstancesProtectedFromScaleIn=True)
    ids = net.members()
    protect(net, ids[1:2], protected=False)
    assert net.members() == ids
    resize(net, 1)
    assert net.members() == [ids[0], ids[2]]
    assert activities(net)[0]["StatusCode"] == "Failed"
    protect(net, ids[2:], protected=False)
    assert net.members() == ids[:1]
    states = [net.instance(each)["State"]["Name"] for each in ids]
    assert states == ["running", "terminated", "terminated"]


def test_suspended_processes_do_nothing(net: Net) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html"""
    net.scale(net.template(), size=2)
    at = {"AutoScalingGroupName": "data"}
    ids = net.members()
    net.scaling.suspend_processes(**at, ScalingProcesses=["Launch", "Terminate"])
    assert sorted(each["ProcessName"] for each in net.told()["SuspendedProcesses"]) == ["Launch", "Terminate"]
    resize(net, 3)
    assert net.members() == ids
    net.scaling.resume_processes(**at, ScalingProcesses=["Launch"])
    assert len(net.members()) == 3
    resize(net, 1)
    assert len(net.members()) == 3
    net.scaling.resume_processes(**at)
    assert len(net.members()) == 1


def test_a_terminated_instance_is_replaced_unless_that_is_suspended(net: Net) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html"""
    net.scale(net.template(), size=2, NewInstancesProtectedFromScaleIn=True)
    first, second = net.members()
    net.ec2.terminate_instances(InstanceIds=[first])
    assert len(net.members()) == 2 and first not in net.members()
    at = {"AutoScalingGroupName": "data"}
    net.scaling.suspend_processes(**at, ScalingProcesses=["ReplaceUnhealthy", "AZRebalance"])
    net.ec2.terminate_instances(InstanceIds=[second])
    health = {each["InstanceId"]: each["HealthStatus"] for each in net.told()["Instances"]}
    assert (len(health), health[second]) == (2, "Unhealthy")
    net.scaling.resume_processes(**at)
    assert len(net.members()) == 2 and second not in net.members()


def test_an_instance_that_is_said_to_be_unhealthy_is_replaced(net: Net) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceHealth.html"""
    net.scale(net.template(), size=1)
    old = net.members()
    net.scaling.set_instance_health(InstanceId=old[0], HealthStatus="Unhealthy")
    assert len(net.members()) == 1 and net.members() != old
    code = refusal(net.scaling.set_instance_health, InstanceId=old[0], HealthStatus="Healthy")
    assert code == ("ValidationError", 400)


def test_an_instance_is_terminated_with_and_without_replacement(net: Net) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_TerminateInstanceInAutoScalingGroup.html"""
    net.scale(net.template(), size=2)
    end = net.scaling.terminate_instance_in_auto_scaling_group
    first, second = net.members()
    done = end(InstanceId=first, ShouldDecrementDesiredCapacity=False)["Activity"]
    assert first in done["Description"]
    assert len(net.members()) == 2
    end(InstanceId=second, ShouldDecrementDesiredCapacity=True)
    assert (len(net.members()), net.told()["DesiredCapacity"]) == (1, 1)
    assert len(net.interfaces()) == 1


def test_a_group_with_instances_is_deleted_by_force_only(net: Net) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteAutoScalingGroup.html"""
    net.scale(net.template(), size=2, NewInstancesProtectedFromScaleIn=True)
    ids = net.members()
    assert refusal(net.scaling.delete_auto_scaling_group, AutoScalingGroupName="data") == ("ResourceInUse", 400)
    net.scaling.delete_auto_scaling_group(AutoScalingGroupName="data", ForceDelete=True)
    assert [net.instance(each)["State"]["Name"] for each in ids] == ["terminated"] * 2
    assert net.interfaces() == []
    assert net.ec2.describe_volumes()["Volumes"] == []
    assert refusal(net.scaling.describe_scaling_activities, AutoScalingGroupName="data")[0] == "ValidationError"
    told = activities(net, IncludeDeletedGroups=True)
    assert [each["Description"].split()[0] for each in told] == ["Terminating"] * 2 + ["Launching"] * 2
    assert {each["AutoScalingGroupState"] for each in told} == {"Deleted"}
    assert refusal(net.scaling.delete_auto_scaling_group, AutoScalingGroupName="data")[0] == "ValidationError"


def test_names_and_sizes_are_refused_as_aws_does(net: Net) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html"""
    id_ = net.template()
    net.scale(id_, size=1)
    given = {"LaunchTemplate": {"LaunchTemplateId": id_}, "VPCZoneIdentifier": net.subnet, "MinSize": 1}
    make = net.scaling.create_auto_scaling_group
    assert refusal(make, AutoScalingGroupName="data", MaxSize=1, **given) == ("AlreadyExists", 400)
    for wrong in ({"MaxSize": 0}, {"MaxSize": 2, "DesiredCapacity": 3}):
        assert refusal(make, AutoScalingGroupName="x", **given, **wrong) == ("ValidationError", 400)
    given["VPCZoneIdentifier"] = "subnet-0123456789abcdef0"
    assert refusal(make, AutoScalingGroupName="x", MaxSize=1, **given) == ("ValidationError", 400)
    set_ = net.scaling.set_desired_capacity
    for group, size in (("data", 11), ("missing", 1)):
        assert refusal(set_, AutoScalingGroupName=group, DesiredCapacity=size) == ("ValidationError", 400)


def test_an_update_is_for_the_instances_to_come(net: Net) -> None:
    """https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html"""
    id_ = net.template()
    net.scale(id_, size=1)
    net.ec2.create_launch_template_version(
        LaunchTemplateId=id_, SourceVersion="1", LaunchTemplateData={"InstanceType": "i3.2xlarge"}
    )
    update = net.scaling.update_auto_scaling_group
    update(AutoScalingGroupName="data", LaunchTemplate={"LaunchTemplateId": id_, "Version": "2"})
    assert net.told()["Instances"][0]["LaunchTemplate"]["Version"] == "1"
    update(AutoScalingGroupName="data", MinSize=2)
    versions = [each["LaunchTemplate"]["Version"] for each in net.told()["Instances"]]
    assert versions == ["1", "2"]
    assert net.instance(net.members()[1])["InstanceType"] == "i3.2xlarge"


def test_a_restart_leaves_everything_as_it_was(tmp_path: Path) -> None:
    """The calls that are performed again make the same instances, addresses, activities and tags."""

    def told(net: Net) -> list[Any]:
        calls: tuple[tuple[Any, dict[str, Any]], ...] = (
            (net.ec2.describe_instances, {}),
            (net.ec2.describe_network_interfaces, {}),
            (net.ec2.describe_volumes, {}),
            (net.ec2.describe_addresses, {}),
            (net.ec2.describe_placement_groups, {}),
            (net.ec2.describe_tags, {}),
            (net.scaling.describe_auto_scaling_groups, {}),
            (net.scaling.describe_scaling_activities, {"IncludeDeletedGroups": True}),
        )
        return [plain(call(**params)) for call, params in calls]

    with Embedded(tmp_path) as aws:
        net = network(aws)
        net.ec2.create_placement_group(GroupName="demo")
        net.scale(net.template(), size=3)
        net.scaling.suspend_processes(AutoScalingGroupName="data", ScalingProcesses=["ReplaceUnhealthy"])
        net.ec2.terminate_instances(InstanceIds=net.members()[:1])
        net.scaling.resume_processes(AutoScalingGroupName="data")
        resize(net, 2)
        given = {"ImageId": net.image, "SubnetId": net.subnet, "MinCount": 1, "MaxCount": 1, "ClientToken": "t"}
        first = plain(net.ec2.run_instances(**given))
        before = told(net)
    with Embedded(tmp_path) as aws:
        net.ec2, net.scaling = client(aws, "ec2"), client(aws, "autoscaling")
        assert told(net) == before
        assert plain(net.ec2.run_instances(**given)) == first
        assert told(net) == before
