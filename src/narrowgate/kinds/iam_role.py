"""The nodes' role, trusted by EC2 of its partition and by nobody else. Pure.

Source: CreateRole, UpdateAssumeRolePolicy, PutRolePermissionsBoundary, IAM API reference; a role's path
cannot be changed. "AWS service principals": EC2's is ec2.amazonaws.com.cn in the China regions.
"""

from __future__ import annotations

from functools import partial
from typing import TypeAlias

from narrowgate.calls import Fields, call
from narrowgate.kinds.drafts import Extra, rebounded, removals, retagged, unmoved
from narrowgate.policy import Document, from_value
from narrowgate.resource import Draft, Installation, Kind, Obstacle, Resource, Script, tag_list, tags_in

KIND = Kind("iam_role", "the nodes' role", options=("path", "name_prefix", "tags", "permissions_boundary"))
EXTRAS = (
    Extra("OtherPolicies", "DetachRolePolicy", "PolicyArn", "attached policy"),
    Extra("InlinePolicies", "DeleteRolePolicy", "PolicyName", "inline policy"),
    Extra("OtherProfiles", "RemoveRoleFromInstanceProfile", "InstanceProfileName", "place in instance profile"),
)


Ours: TypeAlias = tuple[frozenset[str], frozenset[str]]


def trust(installation: Installation) -> Document:
    """The trust policy: EC2 may assume the role, nothing else may."""
    document = from_value(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": f"ec2.{installation.service_suffix}"},
                "Action": "sts:AssumeRole",
            },
        },
        "trust",
    )
    assert isinstance(document, Document)
    return document


def resource(installation: Installation, address: str, name: str, ours: Ours) -> Resource:
    """The role `name`; `ours` are the ARNs of policies and the names of profiles that are ours to attach."""
    create = call(
        "iam",
        "CreateRole",
        RoleName=name,
        Path=installation.path,
        AssumeRolePolicyDocument=trust(installation).text(),
        PermissionsBoundary=installation.boundary,
        Tags=tag_list(installation.tags_of(address)),
    )
    return Resource(
        address=address,
        name=name,
        identity=installation.arn("role", name),
        needs=(),
        read=partial(_read, name, ours, trust(installation)),
        create=(Draft(create, "create", f"trusted by ec2.{installation.service_suffix} only"),),
        change=partial(_change, installation, address, name),
        delete=partial(_delete, name),
    )


def _read(name: str, ours: Ours, trusted: Document, whole: bool) -> Script:
    role, policies, inline = yield (
        call("iam", "GetRole", RoleName=name),
        call("iam", "ListAttachedRolePolicies", RoleName=name),
        call("iam", "ListRolePolicies", RoleName=name),
    )
    if role is None:
        return None
    profiles = (yield call("iam", "ListInstanceProfilesForRole", RoleName=name)) if whole else None
    found = role.group("Role")
    attached, holding = ours
    arns = (p.text("PolicyArn") for p in (policies or Fields()).items_of("AttachedPolicies"))
    holders = (p.text("InstanceProfileName") for p in (profiles or Fields()).items_of("InstanceProfiles"))
    return Fields(
        Arn=found["Arn"],
        Path=found["Path"],
        Tags=tags_in(found),
        Boundary=found.group("PermissionsBoundary").text("PermissionsBoundaryArn"),
        Trusts=_other_trust(found, trusted),
        OtherPolicies=tuple(a for a in arns if a not in attached),
        InlinePolicies=(inline or Fields()).texts("PolicyNames"),
        OtherProfiles=tuple(p for p in holders if p not in holding),
    )


def _change(installation: Installation, address: str, name: str, found: Fields) -> tuple[Draft | Obstacle, ...]:
    if stuck := unmoved(found, installation.path, "a role"):
        return stuck
    trusting: tuple[Draft, ...] = ()
    if found.text("Trusts"):
        document = trust(installation).text()
        update = call("iam", "UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=document)
        trusting = (Draft(update, "update", f"it trusts {found.text('Trusts')}"),)
    return (
        *retagged(found, installation.tags_of(address), lambda tags: call("iam", "TagRole", RoleName=name, Tags=tags)),
        *trusting,
        *rebounded(
            found,
            installation.boundary,
            lambda arn: call("iam", "PutRolePermissionsBoundary", RoleName=name, PermissionsBoundary=arn),
        ),
    )


def _delete(name: str, found: Fields) -> tuple[Draft, ...]:
    gone = Draft(call("iam", "DeleteRole", RoleName=name), "delete", "the nodes' role")
    return (*removals(EXTRAS, ("RoleName", name), found), gone)


def _other_trust(role: Fields, wanted: Document) -> str:
    """Whom the role trusts, in words, where that is not exactly what is wanted; the empty string where it is."""
    value = role.get("AssumeRolePolicyDocument")
    found = from_value(value, "trust") if isinstance(value, Fields) else None
    if not isinstance(found, Document):
        return "what cannot be read as a trust policy"
    if found == wanted:
        return ""
    allowed = (s.principals for s in found.statements if s.effect == "Allow" and s.principals)
    names = sorted({f"{'all but ' if p.negated else ''}{item.name}" for p in allowed for item in p.items})
    return f"{', '.join(names) or 'nobody'}, in other words than wanted"
