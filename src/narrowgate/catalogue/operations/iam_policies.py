"""IAM: managed and inline policies, permissions boundaries, and what simulates them.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
`iam:PermissionsBoundary` is the boundary that the user or role has, which Facts tell; only where the call sets
one, it is that one.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
"""

from __future__ import annotations

from typing import Final

from narrowgate.catalogue.iam import (
    BOUNDARY,
    TAG_KEYS,
    alike,
    bounded,
    by_arn,
    changes,
    create,
    existing,
    makes,
    new_policy,
    unscoped,
)
from narrowgate.catalogue.rule import Table, key, request_tags, tag_keys

_USER: Final = existing("user", "UserName")
_ROLE: Final = existing("role", "RoleName")
_GROUP: Final = existing("group", "GroupName")
_POLICY: Final = by_arn("PolicyArn", "policy")
_ATTACHED: Final = (key("iam:PolicyARN", "PolicyArn"),)
_BOUNDARY: Final = (key(BOUNDARY, "PermissionsBoundary"),)

TABLE: Final = Table(
    "iam",
    {
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
        "CreatePolicy": create("CreatePolicy", "TagPolicy", new_policy),
        **alike(
            _POLICY,
            "CreatePolicyVersion",
            "DeletePolicy",
            "DeletePolicyVersion",
            "GetPolicy",
            "GetPolicyVersion",
            "ListEntitiesForPolicy",
            "ListPolicyTags",
            "ListPolicyVersions",
            "SetDefaultPolicyVersion",
        ),
        **alike(_POLICY, "TagPolicy", keys=(request_tags(),)),
        **alike(_POLICY, "UntagPolicy", keys=(tag_keys(),)),
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachUserPolicy.html
        **alike(_USER, "AttachUserPolicy", "DetachUserPolicy", keys=_ATTACHED),
        **alike(_ROLE, "AttachRolePolicy", "DetachRolePolicy", keys=_ATTACHED),
        **alike(_GROUP, "AttachGroupPolicy", "DetachGroupPolicy", keys=_ATTACHED),
        **alike(_USER, "PutUserPolicy", "GetUserPolicy", "DeleteUserPolicy"),
        **alike(_ROLE, "PutRolePolicy", "GetRolePolicy", "DeleteRolePolicy"),
        **alike(_GROUP, "PutGroupPolicy", "GetGroupPolicy", "DeleteGroupPolicy"),
        **alike(_USER, "ListUserPolicies", "ListAttachedUserPolicies"),
        **alike(_ROLE, "ListRolePolicies", "ListAttachedRolePolicies"),
        **alike(_GROUP, "ListGroupPolicies", "ListAttachedGroupPolicies"),
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPermissionsBoundary.html
        **alike(_USER, "PutUserPermissionsBoundary", keys=_BOUNDARY),
        **alike(_ROLE, "PutRolePermissionsBoundary", keys=_BOUNDARY),
        **alike(_USER, "DeleteUserPermissionsBoundary"),
        **alike(_ROLE, "DeleteRolePermissionsBoundary"),
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
        **alike(
            by_arn("PolicySourceArn", "user", "group", "role"),
            "SimulatePrincipalPolicy",
            "GetContextKeysForPrincipalPolicy",
        ),
        **unscoped("ListPolicies", "SimulateCustomPolicy", "GetContextKeysForCustomPolicy"),
    },
    {
        "CreatePolicy": makes("policy", "PolicyName"),
        "PutUserPermissionsBoundary": changes("user", "UserName", bounded),
        "PutRolePermissionsBoundary": changes("role", "RoleName", bounded),
        "DeleteUserPermissionsBoundary": changes("user", "UserName", bounded),
        "DeleteRolePermissionsBoundary": changes("role", "RoleName", bounded),
    },
    tag_keys=TAG_KEYS,
    home=True,
)
