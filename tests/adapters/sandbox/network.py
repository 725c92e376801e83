"""What the tests of EC2 and Auto Scaling share: a network, a profile, a template, a group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adapters.sandbox.support import TRUST, Client, client

from narrowgate.adapters.sandbox.embedded import Embedded

TAG = {"Key": "narrowgate:installation", "Value": "demo"}
SPECIFICATIONS = [{"ResourceType": each, "Tags": [TAG]} for each in ("instance", "volume", "network-interface")]


@dataclass
class Net:
    """A network with its clients and ids."""

    aws: Embedded
    ec2: Client
    scaling: Client
    iam: Client
    vpc: str
    subnet: str
    group: str
    image: str

    def run(self, **params: Any) -> list[dict[str, Any]]:
        """Instances of the subnet."""
        given = {"ImageId": self.image, "SubnetId": self.subnet, "MinCount": 1, "MaxCount": 1, **params}
        found: list[dict[str, Any]] = self.ec2.run_instances(**given)["Instances"]
        return found

    def template(self, name: str = "node", **data: Any) -> str:
        """A launch template with the node's profile, group and tags."""
        made = {
            "ImageId": self.image,
            "InstanceType": "m5.4xlarge",
            "IamInstanceProfile": {"Name": "node"},
            "SecurityGroupIds": [self.group],
            "TagSpecifications": SPECIFICATIONS,
            **data,
        }
        reply = self.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=made)
        return str(reply["LaunchTemplate"]["LaunchTemplateId"])

    def scale(self, template: str, name: str = "data", size: int = 2, **more: Any) -> None:
        """A group of the template's first version."""
        self.scaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            MinSize=0,
            MaxSize=10,
            DesiredCapacity=size,
            VPCZoneIdentifier=self.subnet,
            LaunchTemplate={"LaunchTemplateId": template, "Version": "1"},
            **more,
        )

    def told(self, name: str = "data") -> dict[str, Any]:
        """The group as it is described."""
        found: dict[str, Any] = self.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        return dict(found["AutoScalingGroups"][0])

    def members(self, name: str = "data") -> list[str]:
        """The ids of the group's instances."""
        return [each["InstanceId"] for each in self.told(name)["Instances"]]

    def instance(self, id_: str) -> dict[str, Any]:
        """The instance as it is described."""
        found: dict[str, Any] = self.ec2.describe_instances(InstanceIds=[id_])
        return dict(found["Reservations"][0]["Instances"][0])

    def interfaces(self, **filters: str) -> list[dict[str, Any]]:
        """The interfaces that pass filters, whose names have `_` for `-` and `__` for `.`."""
        given = [
            {"Name": name.replace("__", ".").replace("_", "-"), "Values": [value]} for name, value in filters.items()
        ]
        found: list[dict[str, Any]] = self.ec2.describe_network_interfaces(Filters=given)["NetworkInterfaces"]
        return found

    def profile(self, name: str = "node") -> None:
        """An instance profile with its role."""
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
        self.iam.create_instance_profile(InstanceProfileName=name)
        self.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)


def network(aws: Embedded) -> Net:
    """A VPC with one subnet of 250 addresses, a security group, and the profile `node`."""
    ec2 = client(aws, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.4.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.4.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="nodes", Description="nodes")["GroupId"]
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    made = Net(aws, ec2, client(aws, "autoscaling"), client(aws, "iam"), vpc, subnet, group, image)
    made.profile()
    return made
