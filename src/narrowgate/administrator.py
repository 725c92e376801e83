"""The least policy with which an administrator can run setup, drift, rotate and teardown of one spec. Pure.

Hand-written: nobody has derived it from calls or proved it minimal. The laws of the verbs run under it on
the enforcing sandbox, so what is missing in it fails there. It names our things by ARN; what lists things
has no resource in AWS.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from narrowgate.spec import Spec

LOOK = (
    "ec2:DescribeInstances",
    "iam:ListInstanceProfiles",
    "iam:ListPolicies",
    "iam:ListRoles",
    "iam:ListUsers",
    "ssm:DescribeParameters",
)
USER = (
    "iam:CreateAccessKey",
    "iam:CreateUser",
    "iam:DeleteAccessKey",
    "iam:DeleteLoginProfile",
    "iam:DeleteUser",
    "iam:DetachUserPolicy",
    "iam:GetLoginProfile",
    "iam:GetUser",
    "iam:ListAccessKeys",
    "iam:ListAttachedUserPolicies",
    "iam:ListGroupsForUser",
    "iam:ListMFADevices",
    "iam:ListSSHPublicKeys",
    "iam:ListSigningCertificates",
    "iam:ListUserPolicies",
    "iam:PutUserPermissionsBoundary",
    "iam:TagUser",
    "iam:UpdateAccessKey",
    "iam:UpdateUser",
)
ROLE = (
    "iam:CreateRole",
    "iam:DeleteRole",
    "iam:DetachRolePolicy",
    "iam:GetRole",
    "iam:ListAttachedRolePolicies",
    "iam:ListInstanceProfilesForRole",
    "iam:ListRolePolicies",
    "iam:PutRolePermissionsBoundary",
    "iam:TagRole",
    "iam:UpdateAssumeRolePolicy",
)
POLICY = (
    "iam:CreatePolicy",
    "iam:CreatePolicyVersion",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:ListEntitiesForPolicy",
    "iam:ListPolicyVersions",
    "iam:TagPolicy",
)
PROFILE = (
    "iam:AddRoleToInstanceProfile",
    "iam:CreateInstanceProfile",
    "iam:DeleteInstanceProfile",
    "iam:GetInstanceProfile",
    "iam:RemoveRoleFromInstanceProfile",
    "iam:TagInstanceProfile",
)
FORCE_USER = (
    "iam:DeactivateMFADevice",
    "iam:DeleteSSHPublicKey",
    "iam:DeleteSigningCertificate",
    "iam:DeleteUserPolicy",
)
FORCE_POLICY = ("iam:DetachGroupPolicy", "iam:DetachRolePolicy", "iam:DetachUserPolicy")
HOLDERS = ("group", "role", "user")
SECRET = (
    "secretsmanager:CreateSecret",
    "secretsmanager:DeleteSecret",
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:RestoreSecret",
    "secretsmanager:TagResource",
)
PARAMETER = (
    "ssm:AddTagsToResource",
    "ssm:DeleteParameter",
    "ssm:GetParameter",
    "ssm:ListTagsForResource",
    "ssm:PutParameter",
)

Statement = Mapping[str, Any]


def policy_text(spec: Spec, account: str) -> str:
    """The policy document for one spec in an account, as JSON text."""
    statements = [*_identities(spec, account), *_sinks(spec, account)]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))


def _identities(spec: Spec, account: str) -> list[Statement]:
    def arns(kind: str, name: str) -> list[str]:
        """With its path; and without, which is how AWS knows a name that does not exist yet."""
        root = f"arn:{spec.partition}:iam::{account}:{kind}"
        return sorted({f"{root}{spec.path}{name}", f"{root}/{name}"})

    user, role = arns("user", spec.user_name), arns("role", spec.role_name)
    installer, node = arns("policy", spec.installer_policy_name), arns("policy", spec.node_policy_name)
    boundary, iam = spec.boundary_arn(account), f"arn:{spec.partition}:iam::{account}"
    suffix = ".cn" if spec.partition == "aws-cn" else ""
    return [
        _allow("Look", LOOK, ["*"]),
        _allow("User", USER, user),
        _allow("UserPolicy", ["iam:AttachUserPolicy"], user, ArnEquals={"iam:PolicyARN": installer}),
        _allow("Role", ROLE, role),
        _allow("RolePolicy", ["iam:AttachRolePolicy"], role, ArnEquals={"iam:PolicyARN": node}),
        _allow("Pass", ["iam:PassRole"], role, StringEquals={"iam:PassedToService": f"ec2.amazonaws.com{suffix}"}),
        _allow("Policies", POLICY, [*installer, *node]),
        _allow("Profile", PROFILE, arns("instance-profile", spec.instance_profile_name)),
        # Whose a key is, that a file names, is not known before it is asked about.
        _allow("LastUsed", ["iam:GetAccessKeyLastUsed"], [f"{iam}:user/*"]),
        *_forced(iam, user, role, [*installer, *node]),
        *([_allow("Boundary", ["iam:GetPolicy"], [boundary])] if boundary else []),
    ]


def _forced(iam: str, user: list[str], role: list[str], policies: list[str]) -> list[Statement]:
    """What `teardown --force` takes off our things that others put there; without that option it is not needed."""
    holders = [f"{iam}:{kind}/*" for kind in HOLDERS]
    return [
        _allow("ForceUser", FORCE_USER, user),
        _allow("ForceRole", ["iam:DeleteRolePolicy"], role),
        _allow("ForceGroup", ["iam:RemoveUserFromGroup"], [f"{iam}:group/*"]),
        _allow("ForceProfile", ["iam:RemoveRoleFromInstanceProfile"], [f"{iam}:instance-profile/*"]),
        _allow("ForcePolicy", FORCE_POLICY, holders, ArnEquals={"iam:PolicyARN": policies}),
    ]


def _sinks(spec: Spec, account: str) -> list[Statement]:
    """What the sinks in AWS need; Secrets Manager adds six characters of its own to a secret's name."""
    names = [(choice.sink, str((choice.model_extra or {}).get("name", ""))) for choice in spec.credentials]
    here = f"{spec.region}:{account}"
    secrets = [
        f"arn:{spec.partition}:secretsmanager:{here}:secret:{n}-??????" for s, n in names if s == "secretsmanager"
    ]
    parameters = [f"arn:{spec.partition}:ssm:{here}:parameter/{n.lstrip('/')}" for s, n in names if s == "ssm"]
    made = [_allow("Secret", SECRET, secrets)] if secrets else []
    return [*made, *([_allow("Parameter", PARAMETER, parameters)] if parameters else [])]


def _allow(
    sid: str, actions: Sequence[str], resources: Sequence[str], **condition: Mapping[str, str | list[str]]
) -> Statement:
    made = {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return {**made, "Condition": condition} if condition else made
