"""Roles and instance profiles, as AWS answers where moto 5.2.5 does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.exceptions import InvalidInput, NotFoundException
from moto.iam.responses import IamResponse

from narrowgate.adapters.sandbox import conflicts, documents, managed, names, quotas, tagging
from narrowgate.adapters.sandbox.faithful_base import Checked
from narrowgate.adapters.sandbox.unique import born, unique_id

# What only the service itself may do to its role.
_PROTECTED: Final = frozenset(
    {"DeleteRole", "AttachRolePolicy", "DetachRolePolicy", "PutRolePolicy", "DeleteRolePolicy"}
    | {"UpdateAssumeRolePolicy", "PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary"}
)
# Service to the end of its role's name and its managed policy, where moto makes another name:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
SERVICE_ROLES: Final[Mapping[str, tuple[str, str]]] = {
    "autoscaling.amazonaws.com": ("AutoScaling", "AutoScalingServiceRolePolicy"),
    "elasticloadbalancing.amazonaws.com": ("ElasticLoadBalancing", "AWSElasticLoadBalancingServiceRolePolicy"),
    "eks.amazonaws.com": ("AmazonEKS", "AmazonEKSServiceRolePolicy"),
    "eks-nodegroup.amazonaws.com": ("AmazonEKSNodegroup", "AWSServiceRoleForAmazonEKSNodegroup"),
    "spot.amazonaws.com": ("EC2Spot", "AWSEC2SpotServiceRolePolicy"),
}


class Roles(Checked, IamResponse):  # type: ignore[misc]  # moto is not typed
    """What IAM says of roles."""

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
    def create_role(self) -> Any:
        """Trust policy, boundary and name as AWS wants them."""
        name, trust = self._get_param("RoleName"), self._get_param("AssumeRolePolicyDocument")
        existing = [role.name for role in self.backend.get_roles()]
        names.refuse_twin(f"Role with name {name} already exists.", name, existing)
        documents.check_trust(self.backend, trust)
        quotas.require_trust_size(trust)
        conflicts.require_policy(self.backend, self._get_param("PermissionsBoundary"))
        tagging.check(self._get_param("Tags", []))
        quotas.require_account_room("Roles", existing)
        return born(super().create_role(), self.backend.get_role(name))

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html
    def update_assume_role_policy(self) -> Any:
        """AWS's grammar; at most 2,048 characters."""
        role, trust = self.backend.get_role(self._get_param("RoleName")), self._get_param("PolicyDocument")
        documents.check_trust(self.backend, trust)
        quotas.require_trust_size(trust)
        role.assume_role_policy_document = trust
        return EmptyResult()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePermissionsBoundary.html
    def put_role_permissions_boundary(self) -> Any:
        """The boundary must exist."""
        conflicts.require_policy(self.backend, self._get_param("PermissionsBoundary"))
        return super().put_role_permissions_boundary()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html
    def update_role(self) -> Any:
        """What is not given stays."""
        role = self.backend.get_role(self._get_param("RoleName"))
        role.description = self._get_param("Description", role.description)
        role.max_session_duration = self._get_param("MaxSessionDuration", role.max_session_duration)
        return EmptyResult()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
    def put_role_policy(self) -> Any:
        """AWS's grammar; at most 10,240 characters in all."""
        role, text = self.backend.get_role(self._get_param("RoleName")), self._get_param("PolicyDocument")
        documents.check_identity(text)
        quotas.require_inline_size("role", role, self._get_param("PolicyName"), text)
        return super().put_role_policy()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html
    def attach_role_policy(self) -> Any:
        """Attaching again changes nothing; at most ten."""
        role = self.backend.get_role(self._get_param("RoleName"))
        if self._get_param("PolicyArn") in role.managed_policies:
            return EmptyResult()
        conflicts.require_attachable(self.backend, self._get_param("PolicyArn"))
        quotas.require_attachable("Role", role)
        return super().attach_role_policy()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagRole.html
    def tag_role(self) -> Any:
        """Keys are unique without regard to case; at most fifty."""
        role = self.backend.get_role(self._get_param("RoleName"))
        role.tags = tagging.merged("Role", role.tags, self._get_param("Tags", []))
        return EmptyResult()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagRole.html
    def untag_role(self) -> Any:
        """Keys are found without regard to case."""
        role = self.backend.get_role(self._get_param("RoleName"))
        role.tags = tagging.without(role.tags, self._get_param("TagKeys", []))
        return EmptyResult()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html
    def create_service_linked_role(self) -> Any:
        """The role's name as AWS makes it, its policy attached; InvalidInput where it is there."""
        service = self._get_param("AWSServiceName")
        if service.count(".") < 2:
            raise InvalidInput(f"Service {service} is not a valid service principal.")
        name = self._service_role_name(service)
        if name.lower() in {role.name.lower() for role in self.backend.get_roles()}:
            raise InvalidInput(
                f"Service role name {name} has been taken in this account, please try a different suffix."
            )
        result = super().create_service_linked_role()
        role = result.result["Role"]
        role.name = name
        self._attach_service_policy(role, service)
        return born(result, role)

    def _service_role_name(self, service: str) -> str:
        suffix = f"_{given}" if (given := self._get_param("CustomSuffix")) else ""
        ending = SERVICE_ROLES[service][0] if service in SERVICE_ROLES else ""
        return f"AWSServiceRoleFor{ending}{suffix}" if ending else f"AWSServiceRoleFor{service.split('.')[0]}{suffix}"

    def _attach_service_policy(self, role: Any, service: str) -> None:
        if service not in SERVICE_ROLES:
            return
        start = f"arn:{self.partition}:iam::aws:policy/"
        for path in ("aws-service-role/", ""):
            arn = f"{start}{path}{SERVICE_ROLES[service][1]}"
            managed.require(self.backend, arn)
            if policy := self.backend.managed_policies.get(arn):
                policy.attach_to(role)
                return

    def _refuse_protected(self) -> None:
        if self._operation in _PROTECTED:
            conflicts.refuse_service_linked(self.backend.get_role(self._get_param("RoleName")))


class InstanceProfiles(Checked, IamResponse):  # type: ignore[misc]  # moto is not typed
    """What IAM says of instance profiles."""

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateInstanceProfile.html
    def create_instance_profile(self) -> Any:
        """Names are unique without regard to case; at most 1,000."""
        name = self._get_param("InstanceProfileName")
        names.refuse_twin(f"Instance Profile {name} already exists.", name, self.backend.instance_profiles)
        tagging.check(self._get_param("Tags", []))
        quotas.require_account_room("InstanceProfiles", self.backend.instance_profiles)
        result = super().create_instance_profile()
        return born(result, result.result["InstanceProfile"], unique_id(self.current_account, "AIPA"))

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfiles.html
    def list_instance_profiles(self) -> Any:
        """With PathPrefix."""
        prefix = self._get_param("PathPrefix", "/")
        found = [p for p in self.backend.get_instance_profiles() if p.path.startswith(prefix)]
        return ActionResult({"InstanceProfiles": found})

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfilesForRole.html
    def list_instance_profiles_for_role(self) -> Any:
        """NoSuchEntity where there is no such role."""
        self.backend.get_role(self._get_param("RoleName"))
        return super().list_instance_profiles_for_role()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfileTags.html
    def list_instance_profile_tags(self) -> Any:
        """Missing in moto."""
        return ActionResult({"Tags": self._profile().tags})

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagInstanceProfile.html
    def tag_instance_profile(self) -> Any:
        """Keys are unique without regard to case; at most fifty."""
        profile = self._profile()
        profile.tags = tagging.merged("InstanceProfile", profile.tags, self._get_param("Tags", []))
        return EmptyResult()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagInstanceProfile.html
    def untag_instance_profile(self) -> Any:
        """Keys are found without regard to case."""
        profile = self._profile()
        profile.tags = tagging.without(profile.tags, self._get_param("TagKeys", []))
        return EmptyResult()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveRoleFromInstanceProfile.html
    def remove_role_from_instance_profile(self) -> Any:
        """NoSuchEntity where the role is not in it; moto fails."""
        role = self._get_param("RoleName")
        if role not in (held.name for held in self._profile().roles):
            raise NotFoundException(f"The role with name {role} cannot be found.")
        return super().remove_role_from_instance_profile()

    def _profile(self) -> Any:
        return self.backend.get_instance_profile(self._get_param("InstanceProfileName"))
