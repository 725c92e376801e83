"""The vendor's guide scripted with the AWS CLI: its ten commands, one after the other."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

AWS = Path(sys.executable).parent / "aws"
ACCOUNT = "123456789012"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


def commands(folder: Path) -> tuple[tuple[str, ...], ...]:
    """The ten commands; the policies are files in `folder`."""
    user, role = "Provazio", "IguazioDataScienceNode"
    policy, node_policy = "ManageIguazioSystems", "AssignPrivateIPAddresses"
    arn = f"arn:aws:iam::{ACCOUNT}:policy"
    document = f"file://{folder}"
    profile = ("--instance-profile-name", role)
    return (
        ("sts", "get-caller-identity"),
        ("iam", "create-policy", "--policy-name", policy, "--policy-document", f"{document}/installer.json"),
        ("iam", "create-user", "--user-name", user),
        ("iam", "attach-user-policy", "--user-name", user, "--policy-arn", f"{arn}/{policy}"),
        ("iam", "create-access-key", "--user-name", user),
        ("iam", "create-policy", "--policy-name", node_policy, "--policy-document", f"{document}/node.json"),
        ("iam", "create-role", "--role-name", role, "--assume-role-policy-document", f"{document}/trust.json"),
        ("iam", "attach-role-policy", "--role-name", role, "--policy-arn", f"{arn}/{node_policy}"),
        ("iam", "create-instance-profile", *profile),
        ("iam", "add-role-to-instance-profile", *profile, "--role-name", role),
    )


def write_documents(folder: Path, policies: Mapping[str, str]) -> None:
    """The files that the commands read: `installer.json`, `node.json`, `trust.json`."""
    for name, text in {**policies, "trust": json.dumps(TRUST)}.items():
        (folder / f"{name}.json").write_text(text, encoding="utf-8")


def run(folder: Path, environ: Mapping[str, str]) -> None:
    """Run the ten commands. Raises CalledProcessError when one fails."""
    for command in commands(folder):
        subprocess.run([str(AWS), *command], env=dict(environ), check=True, stdout=subprocess.DEVNULL)
