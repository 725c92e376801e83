"""Groups and their members, as AWS answers where moto 5.2.5 does not."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.responses import IamResponse

from narrowgate.adapters.sandbox import conflicts, documents, names, quotas
from narrowgate.adapters.sandbox.faithful_base import Checked
from narrowgate.adapters.sandbox.unique import born, unique_id


class Groups(Checked, IamResponse):  # type: ignore[misc]  # moto is not typed
    """What IAM says of groups."""

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateGroup.html
    def create_group(self) -> Any:
        """Names are unique without regard to case; at most 300."""
        self._refuse_group_twin(self._get_param("GroupName"))
        quotas.require_account_room("Groups", self.backend.groups)
        result = super().create_group()
        return born(result, result.result["Group"], unique_id(self.current_account, "AGPA"))

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateGroup.html
    def update_group(self) -> Any:
        """A new path alone counts too; a name that differs from another's only by case exists already."""
        group, new = self.backend.get_group(self._get_param("GroupName")), self._get_param("NewGroupName")
        if new and new.lower() != group.name.lower():
            self._refuse_group_twin(new)
        group.path = self._get_param("NewPath", group.path)
        if new and new != group.name:
            # moto detaches and attaches every policy instead.
            self.backend.groups[new] = self.backend.groups.pop(group.name)
            group.name = new
        return EmptyResult()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroup.html
    def delete_group(self) -> Any:
        """DeleteConflict while it has members or policies."""
        conflicts.refuse_group(self.backend, self._get_param("GroupName"))
        return super().delete_group()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroups.html
    def list_groups(self) -> Any:
        """With PathPrefix."""
        prefix = self._get_param("PathPrefix", "/")
        return ActionResult({"Groups": [g for g in self.backend.groups.values() if g.path.startswith(prefix)]})

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddUserToGroup.html
    def add_user_to_group(self) -> Any:
        """A user is in at most ten groups; adding again changes nothing."""
        group, user = self._get_param("GroupName"), self._get_param("UserName")
        joined = self.backend.get_groups_for_user(user)
        if self.backend.get_group(group) not in joined:
            quotas.require_room("GroupsPerUser", joined, quotas.GROUPS_OF_USER)
        return super().add_user_to_group()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutGroupPolicy.html
    def put_group_policy(self) -> Any:
        """AWS's grammar; at most 5,120 characters in all."""
        group, text = self.backend.get_group(self._get_param("GroupName")), self._get_param("PolicyDocument")
        documents.check_identity(text)
        quotas.require_inline_size("group", group, self._get_param("PolicyName"), text)
        return super().put_group_policy()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachGroupPolicy.html
    def attach_group_policy(self) -> Any:
        """Attaching again changes nothing; at most ten."""
        group = self.backend.get_group(self._get_param("GroupName"))
        if self._get_param("PolicyArn") in group.managed_policies:
            return EmptyResult()
        conflicts.require_attachable(self.backend, self._get_param("PolicyArn"))
        quotas.require_attachable("Group", group)
        return super().attach_group_policy()

    def _refuse_group_twin(self, name: str) -> None:
        names.refuse_twin(f"Group with name {name} already exists.", name, self.backend.groups)
