"""A foreign program: a tagged network, a node with a role that is passed to it, and all of it removed. boto3 only."""

import json
import os
from contextlib import suppress

import boto3  # type: ignore[import-untyped]
from botocore.exceptions import ClientError

REGION = os.environ["AWS_REGION"]
NAME = os.environ.get("PROGRAM_NAME", "shop")
OWNER = [] if os.environ.get("PROGRAM_TAGS") == "no" else [{"Key": "Owner", "Value": NAME}]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ec2, iam, s3, sts = (boto3.client(service) for service in ("ec2", "iam", "s3", "sts"))


def tagged(*types: str) -> list[dict[str, object]]:
    return [{"ResourceType": type_, "Tags": OWNER} for type_ in types if OWNER]


def role() -> str:
    name = f"{NAME}-node"
    # It looks before it makes: the answer is an error.
    with suppress(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=name)
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST), Tags=OWNER)
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="read", PolicyDocument=json.dumps(policy))
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return name


def forget(name: str) -> None:
    iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=name)
    iam.delete_instance_profile(InstanceProfileName=name)
    iam.delete_role_policy(RoleName=name, PolicyName="read")
    iam.delete_role(RoleName=name)


def main() -> None:
    print("I am", sts.get_caller_identity()["Arn"])
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", TagSpecifications=tagged("vpc"))["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", TagSpecifications=tagged("subnet"))
    subnet_id = subnet["Subnet"]["SubnetId"]
    group = ec2.create_security_group(
        GroupName=f"{NAME}-nodes", Description="nodes", VpcId=vpc, TagSpecifications=tagged("security-group")
    )["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    profile = role()
    instance = ec2.run_instances(
        ImageId=image,
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.micro",
        SubnetId=subnet_id,
        SecurityGroupIds=[group],
        IamInstanceProfile={"Name": profile},
        TagSpecifications=tagged("instance", "volume"),
    )["Instances"][0]["InstanceId"]
    ec2.describe_instances(InstanceIds=[instance])
    ec2.terminate_instances(InstanceIds=[instance])
    ec2.get_waiter("instance_terminated").wait(InstanceIds=[instance], WaiterConfig={"Delay": 1})
    ec2.delete_security_group(GroupId=group)
    ec2.delete_subnet(SubnetId=subnet_id)
    ec2.delete_vpc(VpcId=vpc)
    forget(profile)
    bucket = f"{NAME}-data"
    with suppress(ClientError):
        s3.head_bucket(Bucket=bucket)
    place = {"CreateBucketConfiguration": {"LocationConstraint": REGION}} if REGION != "us-east-1" else {}
    s3.create_bucket(Bucket=bucket, **place)
    s3.put_object(Bucket=bucket, Key=f"logs/{NAME}/one", Body=b"x")
    s3.get_object(Bucket=bucket, Key=f"logs/{NAME}/one")
    s3.delete_object(Bucket=bucket, Key=f"logs/{NAME}/one")
    s3.delete_bucket(Bucket=bucket)


if __name__ == "__main__":
    main()
