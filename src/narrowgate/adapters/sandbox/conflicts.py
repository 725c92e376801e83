"""What must be gone before an IAM entity can be deleted, and what must exist before it is named.

Reads moto's IAM backend (passed as `iam`) and raises moto's exceptions, which it renders as AWS does.
Messages are those of https://docs.aws.amazon.com/IAM/latest/APIReference/ (DeleteUser, DeletePolicy).
"""

from __future__ import annotations

from typing import Any

from moto.iam.exceptions import DeleteConflictException, IAMException, NotFoundException


def refuse_user(iam: Any, name: str) -> None:
    """Raises DeleteConflict while keys, policies, groups, a password, devices or certificates remain."""
    user = iam.get_user(name)
    remaining = {
        "must delete access keys first": user.access_keys,
        "must detach all policies first": user.managed_policies,
        "must delete policies first": user.policies,
        "must remove user from group first": iam.get_groups_for_user(name),
        "must delete login profile first": user.password,
        "must delete MFA device first": user.mfa_devices,
        "must delete signing certificates first": user.signing_certificates,
        "must delete SSH public keys first": user.ssh_public_keys,
    }
    for step, left in remaining.items():
        if left:
            raise DeleteConflictException(f"Cannot delete entity, {step}.")


def refuse_group(iam: Any, name: str) -> None:
    """Raises DeleteConflict while the group has members or policies."""
    group = iam.get_group(name)
    remaining = {
        "must remove users from group first": group.users,
        "must detach all policies first": group.managed_policies,
        "must delete policies first": group.policies,
    }
    for step, left in remaining.items():
        if left:
            raise DeleteConflictException(f"Cannot delete entity, {step}.")


def refuse_policy(iam: Any, arn: str) -> None:
    """Raises DeleteConflict while the policy is attached, is a boundary, or has other versions."""
    policy = iam.get_policy(arn)
    if _holders(iam, arn) or any(bounded(iam, arn)):
        raise DeleteConflictException("Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise DeleteConflictException(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's"
            " versions. The default version is deleted with the policy."
        )


def require_policy(iam: Any, arn: str | None) -> None:
    """Raises NoSuchEntity where a boundary names no policy."""
    if arn and arn not in iam.managed_policies:
        raise NotFoundException(f"Scope ARN: {arn} does not exist or is not attachable.")


def require_attachable(iam: Any, arn: str) -> None:
    """Raises NoSuchEntity where a policy that is to be attached does not exist."""
    if arn not in iam.managed_policies:
        raise NotFoundException(f"Policy {arn} does not exist or is not attachable.")


def refuse_service_linked(role: Any) -> None:
    """Raises UnmodifiableEntity for a role that only its service may change.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
    """
    if role.path.startswith("/aws-service-role/"):
        raise IAMException(
            "UnmodifiableEntity",
            f"Cannot perform the operation on the protected role '{role.name}' - this role is only modifiable by AWS",
        )


def bounded(iam: Any, arn: str) -> tuple[list[Any], list[Any]]:
    """The users and the roles whose boundary the policy is."""
    users = [user for user in iam.users.values() if _boundary_of(user) == arn]
    return users, [role for role in iam.get_roles() if role.permissions_boundary_arn == arn]


def _boundary_of(user: Any) -> str:
    return str((getattr(user, "permissions_boundary", None) or {}).get("PermissionsBoundaryArn", ""))


def _holders(iam: Any, arn: str) -> bool:
    everyone = (*iam.users.values(), *iam.get_roles(), *iam.groups.values())
    return any(arn in holder.managed_policies for holder in everyone)
