"""An IAM user without a console password. Pure.

Source: CreateUser, UpdateUser, DeleteUser and PutUserPermissionsBoundary, IAM API reference; DeleteUser
lists what must be removed from a user before AWS lets it go.
"""

from __future__ import annotations

from functools import partial

from narrowgate.calls import Call, Fields, Reply, call
from narrowgate.kinds.drafts import Extra, rebounded, removals, retagged
from narrowgate.resource import Draft, Installation, Kind, Obstacle, Resource, Script, tag_list, tags_in

KIND = Kind("iam_user", "the restricted user", options=("path", "name_prefix", "tags", "permissions_boundary"))
EXTRAS = (
    Extra("OtherPolicies", "DetachUserPolicy", "PolicyArn", "attached policy"),
    Extra("InlinePolicies", "DeleteUserPolicy", "PolicyName", "inline policy"),
    Extra("Groups", "RemoveUserFromGroup", "GroupName", "membership in group"),
    Extra("LoginProfiles", "DeleteLoginProfile", "", "console password"),
    Extra("MfaDevices", "DeactivateMFADevice", "SerialNumber", "MFA device"),
    Extra("SshKeys", "DeleteSSHPublicKey", "SSHPublicKeyId", "SSH public key"),
    Extra("Certificates", "DeleteSigningCertificate", "CertificateId", "signing certificate"),
)


def resource(installation: Installation, address: str, name: str, attached: frozenset[str]) -> Resource:
    """The user `name`; `attached` are the ARNs of policies that are ours to attach."""
    create = call(
        "iam",
        "CreateUser",
        UserName=name,
        Path=installation.path,
        PermissionsBoundary=installation.boundary,
        Tags=tag_list(installation.tags_of(address)),
    )
    return Resource(
        address=address,
        name=name,
        identity=installation.arn("user", name),
        needs=(),
        read=partial(_read, name, attached),
        create=(Draft(create, "create", "programmatic access only: no console password"),),
        change=partial(_change, installation, address, name),
        delete=partial(_delete, name),
    )


def _read(name: str, attached: frozenset[str], whole: bool) -> Script:
    user, policies, inline, groups, login = yield (
        call("iam", "GetUser", UserName=name),
        call("iam", "ListAttachedUserPolicies", UserName=name),
        call("iam", "ListUserPolicies", UserName=name),
        call("iam", "ListGroupsForUser", UserName=name),
        call("iam", "GetLoginProfile", UserName=name),
    )
    if user is None:
        return None
    found = user.group("User")
    devices = (yield _device_calls(name)) if whole else (None, None, None)
    return Fields(
        Arn=found["Arn"],
        Path=found["Path"],
        Tags=tags_in(found),
        Boundary=found.group("PermissionsBoundary").text("PermissionsBoundaryArn"),
        OtherPolicies=tuple(a for a in _ids(policies, "AttachedPolicies", "PolicyArn") if a not in attached),
        InlinePolicies=(inline or Fields()).texts("PolicyNames"),
        Groups=_ids(groups, "Groups", "GroupName"),
        LoginProfiles=("",) if login is not None else (),
        MfaDevices=_ids(devices[0], "MFADevices", "SerialNumber"),
        SshKeys=_ids(devices[1], "SSHPublicKeys", "SSHPublicKeyId"),
        Certificates=_ids(devices[2], "Certificates", "CertificateId"),
    )


def _change(installation: Installation, address: str, name: str, found: Fields) -> tuple[Draft | Obstacle, ...]:
    moved: tuple[Draft, ...] = ()
    if found.text("Path") != installation.path:
        why = f"its path is {found.text('Path')}, wanted is {installation.path}"
        moved = (Draft(call("iam", "UpdateUser", UserName=name, NewPath=installation.path), "update", why),)
    return (
        *moved,
        *retagged(found, installation.tags_of(address), lambda tags: call("iam", "TagUser", UserName=name, Tags=tags)),
        *rebounded(
            found,
            installation.boundary,
            lambda arn: call("iam", "PutUserPermissionsBoundary", UserName=name, PermissionsBoundary=arn),
        ),
    )


def _delete(name: str, found: Fields) -> tuple[Draft, ...]:
    gone = Draft(call("iam", "DeleteUser", UserName=name), "delete", "the restricted user")
    return (*removals(EXTRAS, ("UserName", name), found), gone)


def _device_calls(name: str) -> tuple[Call, ...]:
    """What else DeleteUser trips over; service-specific credentials are told by its DeleteConflict."""
    return tuple(
        call("iam", operation, UserName=name)
        for operation in ("ListMFADevices", "ListSSHPublicKeys", "ListSigningCertificates")
    )


def _ids(reply: Reply | None, group: str, member: str) -> tuple[str, ...]:
    return tuple(item.text(member) for item in (reply or Fields()).items_of(group))
