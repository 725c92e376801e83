"""The same ten calls as a plain sequential boto3 script, run as a process: `guide_boto3.py FOLDER`."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import boto3  # type: ignore[import-untyped]


def main(folder: Path) -> None:
    """Make the two identities of the guide, and save the key."""
    sts, iam = boto3.client("sts"), boto3.client("iam")
    account = sts.get_caller_identity()["Account"]
    user, role = "Provazio", "IguazioDataScienceNode"
    policy, node_policy = "ManageIguazioSystems", "AssignPrivateIPAddresses"
    iam.create_policy(PolicyName=policy, PolicyDocument=(folder / "installer.json").read_text())
    iam.create_user(UserName=user)
    iam.attach_user_policy(UserName=user, PolicyArn=f"arn:aws:iam::{account}:policy/{policy}")
    key = iam.create_access_key(UserName=user)["AccessKey"]
    with (folder / "key.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [["Access key ID", "Secret access key"], [key["AccessKeyId"], key["SecretAccessKey"]]]
        )
    iam.create_policy(PolicyName=node_policy, PolicyDocument=(folder / "node.json").read_text())
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=(folder / "trust.json").read_text())
    iam.attach_role_policy(RoleName=role, PolicyArn=f"arn:aws:iam::{account}:policy/{node_policy}")
    iam.create_instance_profile(InstanceProfileName=role)
    iam.add_role_to_instance_profile(InstanceProfileName=role, RoleName=role)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
