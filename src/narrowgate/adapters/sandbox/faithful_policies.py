"""Managed policies and the lists that tell of the whole account, as AWS answers where moto 5.2.5 does not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.exceptions import LimitExceededException, NoSuchEntity
from moto.iam.responses import IamResponse

from narrowgate.adapters.sandbox import conflicts, documents, managed, names, quotas, tagging
from narrowgate.adapters.sandbox.faithful_base import AccessDenied, Checked
from narrowgate.adapters.sandbox.unique import born, in_seconds, unique_id

MAX_VERSIONS: Final = 5
# What nobody may do to a policy of AWS's.
_CHANGES: Final = frozenset(
    {"CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion", "SetDefaultPolicyVersion", "TagPolicy"}
    | {"UntagPolicy"}
)


class Policies(Checked, IamResponse):  # type: ignore[misc]  # moto is not typed
    """What IAM says of managed policies."""

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
    def create_policy(self) -> Any:
        """Names are unique in the account, whatever the path and the case; at most 6,144 characters."""
        name, text = self._get_param("PolicyName"), self._get_param("PolicyDocument")
        local = [policy.name for policy in self._local()]
        taken = f"A policy called {name} already exists. Duplicate names are not allowed."
        names.refuse_twin(taken, name, local)
        documents.check_identity(text)
        quotas.require_managed_size(text)
        tagging.check(self._get_param("Tags", []))
        quotas.require_account_room("Policies", local)
        result = super().create_policy()
        policy = result.result["Policy"]
        in_seconds(policy.versions[0])
        return born(result, self._counted(policy), unique_id(self.current_account, "ANPA"))

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicyVersion.html
    def create_policy_version(self) -> Any:
        """AWS's grammar and size; the date in whole seconds."""
        policy, text = self._policy(), self._get_param("PolicyDocument")
        documents.check_identity(text)
        quotas.require_managed_size(text)
        if len(policy.versions) >= MAX_VERSIONS:
            raise LimitExceededException(
                f"A managed policy can have up to {MAX_VERSIONS} versions."
                " Before you create a new version, you must delete an existing version."
            )
        result = super().create_policy_version()
        policy.update_date = result.result["PolicyVersion"].create_date.replace(microsecond=0)
        return born(result, result.result["PolicyVersion"])

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicyVersion.html
    def get_policy_version(self) -> Any:
        """NoSuchEntity in AWS's words."""
        self._require_version()
        return super().get_policy_version()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicyVersion.html
    def delete_policy_version(self) -> Any:
        """NoSuchEntity in AWS's words."""
        self._require_version()
        return super().delete_policy_version()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html
    def delete_policy(self) -> Any:
        """DeleteConflict while it is attached, is a boundary, or has other versions."""
        conflicts.refuse_policy(self.backend, self._get_param("PolicyArn"))
        return super().delete_policy()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicy.html
    def get_policy(self) -> Any:
        """With how often it is a boundary."""
        return ActionResult({"Policy": self._counted(self._policy())})

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagPolicy.html
    def tag_policy(self) -> Any:
        """At most fifty."""
        policy = self._policy()
        tags = tagging.merged("Policy", tagging.of_policy(policy), self._get_param("Tags", []))
        tagging.set_of_policy(policy, tags)
        return EmptyResult()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicies.html
    def list_policies(self) -> Any:
        """AWS's own among them; with PolicyUsageFilter."""
        scope, attached = self._get_param("Scope", "All"), self._get_bool_param("OnlyAttached", False)
        usage, prefix = self._get_param("PolicyUsageFilter"), self._get_param("PathPrefix", "/")
        # One that is used somewhere is there already.
        if scope != "Local" and not attached and not usage:
            managed.require_all(self.backend)
        found = (self._counted(p) for p in self._scoped(scope) if p.path.startswith(prefix))
        return ActionResult({"Policies": [p for p in found if _is_used(p, attached, usage)]})

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListEntitiesForPolicy.html
    def list_entities_for_policy(self) -> Any:
        """With the filters by entity, path and usage; a boundary is a usage too."""
        arn = self._policy().arn
        everyone = (*self.backend.users.values(), *self.backend.get_roles(), *self.backend.groups.values())
        usage = self._get_param("PolicyUsageFilter")
        users, roles = conflicts.bounded(self.backend, arn) if usage != "PermissionsPolicy" else ([], [])
        holders = [h for h in everyone if arn in h.managed_policies] if usage != "PermissionsBoundary" else []
        return ActionResult(
            {
                "PolicyUsers": self._filtered("User", self.backend.users.values(), (*users, *holders)),
                "PolicyRoles": self._filtered("Role", self.backend.get_roles(), (*roles, *holders)),
                "PolicyGroups": self._filtered("Group", self.backend.groups.values(), holders),
            }
        )

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
    def get_account_authorization_details(self) -> Any:
        """Of AWS's own policies those that are used; the rest is no detail of the account."""
        wanted = self._get_param("Filter", [])
        local, aws = self._local(), (self._counted(p) for p in self._scoped("AWS"))
        used = [policy for policy in aws if _is_used(policy, True, "") or policy.permissions_boundary_usage_count]
        shown = {
            "UserDetailList": ("User", self.backend.users.values()),
            "GroupDetailList": ("Group", self.backend.groups.values()),
            "RoleDetailList": ("Role", self.backend.get_roles()),
        }
        details = {key: list(things) if not wanted or kind in wanted else [] for key, (kind, things) in shown.items()}
        policies = [self._counted(p) for p in local] if not wanted or "LocalManagedPolicy" in wanted else []
        policies += used if not wanted or "AWSManagedPolicy" in wanted else []
        return ActionResult({**details, "Policies": [_detail(p) for p in policies]})

    def _policy(self) -> Any:
        return self.backend.get_policy(self._get_param("PolicyArn"))

    def _local(self) -> list[Any]:
        return self._scoped("Local")

    def _scoped(self, scope: str) -> list[Any]:
        everything = self.backend.managed_policies.values()
        return [p for p in everything if scope == "All" or managed.is_of_aws(p.arn) == (scope == "AWS")]

    def _counted(self, policy: Any) -> Any:
        users, roles = conflicts.bounded(self.backend, policy.arn)
        policy.permissions_boundary_usage_count = len(users) + len(roles)
        return policy

    def _filtered(self, kind: str, things: Iterable[Any], chosen: Iterable[Any]) -> list[Any]:
        wanted, prefix = self._get_param("EntityFilter"), self._get_param("PathPrefix", "/")
        if wanted in ("User", "Role", "Group") and wanted != kind:
            return []
        ids = {id(one) for one in chosen}
        return [one for one in things if id(one) in ids and one.path.startswith(prefix)]

    def _require_version(self) -> None:
        policy, version = self._policy(), self._get_param("VersionId")
        if version not in (v.version_id for v in policy.versions):
            raise NoSuchEntity(f"Policy {policy.arn} version {version} does not exist or is not attachable.")

    def _refuse_aws_owned(self) -> None:
        arn = self._get_param("PolicyArn")
        if arn and self._operation in _CHANGES and managed.is_of_aws(arn):
            raise AccessDenied(f"Access denied: {arn} is a policy of AWS's, which no account can change.")


def _is_used(policy: Any, attached: bool, usage: str | None) -> bool:
    bounds = bool(policy.permissions_boundary_usage_count)
    if usage == "PermissionsBoundary":
        return bounds
    if usage == "PermissionsPolicy" or attached:
        return bool(policy.attachment_count)
    return True


def _detail(policy: Any) -> dict[str, Any]:
    # moto finds name and id of a policy by the name of its shape, which is another one here.
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version_id,
        "AttachmentCount": policy.attachment_count,
        "PermissionsBoundaryUsageCount": policy.permissions_boundary_usage_count,
        "IsAttachable": policy.is_attachable,
        "Description": policy.description or None,
        "CreateDate": policy.create_date,
        "UpdateDate": policy.update_date,
        "PolicyVersionList": policy.policy_version_list,
    }
