"""IAM: users and groups. Source: the Service Authorization Reference and the API page of each operation.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from typing import Final

from narrowgate.catalogue.iam import (
    BOUNDARY,
    TAG_KEYS,
    alike,
    changes,
    create,
    existing,
    listing,
    makes,
    new,
    renamed,
    tagged,
    user_or_caller,
)
from narrowgate.catalogue.rule import Rule, Table, key, request_tags, tag_keys

_USER: Final = existing("user", "UserName")
_GROUP: Final = existing("group", "GroupName")

TABLE: Final = Table(
    "iam",
    {
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
        # A user that does not exist yet has no boundary: `iam:PermissionsBoundary` is the one that is asked for.
        "CreateUser": create("CreateUser", "TagUser", new("user", "UserName"), key(BOUNDARY, "PermissionsBoundary")),
        **alike(user_or_caller, "GetUser"),
        **alike(_USER, "DeleteUser", "ListGroupsForUser", "ListUserTags"),
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html
        "UpdateUser": (Rule("iam:UpdateUser", renamed("user", "UserName", "NewUserName")),),
        **alike(_USER, "TagUser", keys=(request_tags(),)),
        **alike(_USER, "UntagUser", keys=(tag_keys(),)),
        # The members are told of the group, never of the user: AWS asks about the group alone.
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddUserToGroup.html
        **alike(_GROUP, "AddUserToGroup", "RemoveUserFromGroup", "DeleteGroup", "GetGroup"),
        **alike(new("group", "GroupName"), "CreateGroup"),
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateGroup.html
        "UpdateGroup": (Rule("iam:UpdateGroup", renamed("group", "GroupName", "NewGroupName")),),
        **listing(ListUsers="user", ListGroups="group"),
    },
    {
        "CreateUser": makes("user", "UserName"),
        "CreateGroup": makes("group", "GroupName"),
        "TagUser": changes("user", "UserName", tagged),
        "UntagUser": changes("user", "UserName", tagged),
    },
    tag_keys=TAG_KEYS,
    home=True,
)
