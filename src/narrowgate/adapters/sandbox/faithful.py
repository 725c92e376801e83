"""IAM and STS as AWS answers where moto 5.2.5 does not. Each override names the page that it follows.

Loaded only when the first call comes. moto's classes stay as they are: these are subclasses, put in
their place by `engine`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from moto.core.responses import ActionResult, EmptyResult
from moto.core.serialize import never_return, return_if_not_empty
from moto.iam.exceptions import EntityAlreadyExists, LimitExceededException, NotFoundException
from moto.iam.models import User
from moto.iam.responses import IamResponse
from moto.iam.utils import generate_access_key_id_from_account_id
from moto.moto_api._internal import mock_random
from moto.sts.responses import TokenResponse
from moto.sts.utils import SESSION_TOKEN_PREFIX

from narrowgate.adapters.sandbox import conflicts
from narrowgate.adapters.sandbox.authenticate import ADMIN, ADMIN_USER, ADMIN_USER_ID

MAX_ATTACHED: Final = 10
_ADMIN_BORN: Final = datetime(2020, 1, 1)


class FaithfulIam(IamResponse):  # type: ignore[misc]  # moto is not typed
    """IAM, with boundaries of users, AWS's conflicts and limits, and unique ids in AWS's form."""

    RESPONSE_KEY_PATH_TO_TRANSFORMER = {  # noqa: RUF012  # moto's own attribute, never written
        **IamResponse.RESPONSE_KEY_PATH_TO_TRANSFORMER,
        "GetUserResponse.User.PermissionsBoundary": return_if_not_empty,
        "CreateUserResponse.User.PermissionsBoundary": return_if_not_empty,
        "ListUsersResponse.Users.User.PermissionsBoundary": never_return,
    }

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
    def create_user(self) -> Any:
        """With `PermissionsBoundary`; a name that differs only by case exists already."""
        name, boundary = self._get_param("UserName"), self._get_param("PermissionsBoundary")
        _refuse_twin("User", name, self.backend.users)
        conflicts.require_policy(self.backend, boundary)
        result = super().create_user()
        user = self.backend.get_user(name)
        user.permissions_boundary = _boundary(boundary)
        return _born(result, user, user_id=self._unique_id("AIDA"))

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPermissionsBoundary.html
    def put_user_permissions_boundary(self) -> Any:
        """Missing in moto."""
        user = self.backend.get_user(self._get_param("UserName"))
        boundary = self._get_param("PermissionsBoundary")
        conflicts.require_policy(self.backend, boundary)
        user.permissions_boundary = _boundary(boundary)
        return EmptyResult()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPermissionsBoundary.html
    def delete_user_permissions_boundary(self) -> Any:
        """Missing in moto."""
        self.backend.get_user(self._get_param("UserName")).permissions_boundary = None
        return EmptyResult()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html
    def get_user(self) -> Any:
        """Without a name, the caller; the administrator is a user that no list shows."""
        if not self._get_param("UserName") and self.get_access_key() == ADMIN[0]:
            return ActionResult({"User": _admin(self.current_account, self.region)})
        return super().get_user()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html
    def update_user(self) -> Any:
        """A renamed user keeps its tags, its keys tell its new name, and no user is overwritten."""
        user, new = self.backend.get_user(self._get_param("UserName")), self._get_param("NewUserName")
        if new and new.lower() != user.name.lower():
            _refuse_twin("User", new, self.backend.users)
        tags = self.backend.list_user_tags(user.name)
        self.backend.tagger.delete_all_tags_for_resource(user.arn)
        result = super().update_user()
        self.backend.tagger.tag_resource(user.arn, tags)
        for key in user.access_keys:
            key.user_name = user.name
        return result

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html
    def delete_user(self) -> Any:
        """DeleteConflict while anything hangs on the user."""
        conflicts.refuse_user(self.backend, self._get_param("UserName"))
        return super().delete_user()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html
    def create_access_key(self) -> Any:
        """The date in whole seconds."""
        self._require_user_name()
        result = super().create_access_key()
        return _born(result, result.result["AccessKey"])

    def list_access_keys(self) -> Any:
        """Without a name, the caller's."""
        self._require_user_name()
        return super().list_access_keys()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
    def get_access_key_last_used(self) -> Any:
        """The date in whole seconds."""
        result = super().get_access_key_last_used()
        used = result.result["AccessKeyLastUsed"]
        if used["LastUsedDate"]:
            used["LastUsedDate"] = used["LastUsedDate"].replace(microsecond=0)
        return result

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html
    def delete_access_key(self) -> Any:
        """Without a name, of the caller only; moto takes whomever the key belongs to."""
        self._require_own(self._get_param("AccessKeyId"))
        return super().delete_access_key()

    def update_access_key(self) -> Any:
        """Without a name, of the caller only."""
        self._require_own(self._get_param("AccessKeyId"))
        return super().update_access_key()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
    def create_role(self) -> Any:
        """The boundary must exist; names are unique without regard to case."""
        name = self._get_param("RoleName")
        _refuse_twin("Role", name, (role.name for role in self.backend.get_roles()))
        conflicts.require_policy(self.backend, self._get_param("PermissionsBoundary"))
        return _born(super().create_role(), self.backend.get_role(name))

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

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
    def create_policy(self) -> Any:
        """Names are unique in the account, whatever the path and the case."""
        local = (p.name for p in self.backend.managed_policies.values() if ":aws:policy" not in p.arn)
        _refuse_twin("policy", self._get_param("PolicyName"), local)
        result = super().create_policy()
        policy = result.result["Policy"]
        _in_seconds(policy.versions[0])
        return _born(result, policy, policy_id=self._unique_id("ANPA"))

    def create_policy_version(self) -> Any:
        """The date in whole seconds."""
        result = super().create_policy_version()
        return _born(result, result.result["PolicyVersion"])

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html
    def delete_policy(self) -> Any:
        """DeleteConflict while it is attached, is a boundary, or has other versions."""
        conflicts.refuse_policy(self.backend, self._get_param("PolicyArn"))
        return super().delete_policy()

    def delete_group(self) -> Any:
        """DeleteConflict while it has members or policies."""
        conflicts.refuse_group(self.backend, self._get_param("GroupName"))
        return super().delete_group()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachUserPolicy.html
    def attach_user_policy(self) -> Any:
        """Attaching again changes nothing; at most ten."""
        return self._attach(self.backend.get_user(self._get_param("UserName")), "Users", super().attach_user_policy)

    def attach_role_policy(self) -> Any:
        """Attaching again changes nothing; at most ten."""
        return self._attach(self.backend.get_role(self._get_param("RoleName")), "Roles", super().attach_role_policy)

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateInstanceProfile.html
    def create_instance_profile(self) -> Any:
        """Names are unique without regard to case."""
        name = self._get_param("InstanceProfileName")
        _refuse_twin("Instance Profile", name, self.backend.instance_profiles)
        result = super().create_instance_profile()
        return _born(result, result.result["InstanceProfile"], profile_id=self._unique_id("AIPA"))

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfileTags.html
    def list_instance_profile_tags(self) -> Any:
        """Missing in moto."""
        profile = self.backend.get_instance_profile(self._get_param("InstanceProfileName"))
        return ActionResult({"Tags": profile.tags, "IsTruncated": False})

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveRoleFromInstanceProfile.html
    def remove_role_from_instance_profile(self) -> Any:
        """NoSuchEntity where the role is not in it; moto fails."""
        role = self._get_param("RoleName")
        profile = self.backend.get_instance_profile(self._get_param("InstanceProfileName"))
        if role not in (held.name for held in profile.roles):
            raise NotFoundException(f"The role with name {role} cannot be found.")
        return super().remove_role_from_instance_profile()

    def _attach(self, holder: Any, quota: str, attach: Any) -> Any:
        if self._get_param("PolicyArn") in holder.managed_policies:
            return EmptyResult()
        if len(holder.managed_policies) >= MAX_ATTACHED:
            raise LimitExceededException(f"Cannot exceed quota for PoliciesPer{quota[:-1]}: {MAX_ATTACHED}")
        return attach()

    def _require_user_name(self) -> None:
        if not self._get_param("UserName") and self.get_access_key() == ADMIN[0]:
            raise NotFoundException(f"The user with name {ADMIN_USER} cannot be found.")

    def _require_own(self, key_id: str) -> None:
        if self._get_param("UserName"):
            return
        self._require_user_name()
        caller = self.backend.get_user_from_access_key_id(self.get_access_key())
        if caller is None or not caller.has_access_key(key_id):
            raise NotFoundException(f"The Access Key with id {key_id} cannot be found.")

    def _unique_id(self, prefix: str) -> str:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
        return str(generate_access_key_id_from_account_id(self.current_account, prefix, 21))


class FaithfulSts(TokenResponse):  # type: ignore[misc]  # moto is not typed
    """STS that knows the administrator, and whose session tokens come from the seed."""

    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    def get_caller_identity(self) -> Any:
        """The administrator is an IAM user, not root."""
        if self.get_access_key() != ADMIN[0]:
            return super().get_caller_identity()
        user = _admin(self.current_account, self.region)
        return ActionResult({"UserId": user.id, "Account": self.current_account, "Arn": user.arn})

    def assume_role(self) -> Any:
        """The same session token after a restart."""
        result = super().assume_role()
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_Credentials.html
        role = result.result["Credentials"]
        role.session_token = SESSION_TOKEN_PREFIX + mock_random.get_random_string(340)
        role.expiration = role.expiration.replace(microsecond=0)
        return result

    def get_session_token(self) -> Any:
        """moto's are fixed example keys that nothing accepts: better none than a false one."""
        raise NotImplementedError("sessions of users")

    def get_federation_token(self) -> Any:
        """Like get_session_token."""
        raise NotImplementedError("sessions of users")


def _admin(account: str, region: str) -> Any:
    user = User(account, region_name=region, name=ADMIN_USER)
    user.id, user.create_date = ADMIN_USER_ID, _ADMIN_BORN
    return user


def _boundary(arn: str | None) -> dict[str, str] | None:
    # GetUser says `Policy` where the reference promises `PermissionsBoundaryPolicy`; moto's roles say
    # the latter, and botocore's model allows only it.
    return {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn} if arn else None


def _born(result: Any, thing: Any, *, user_id: str = "", policy_id: str = "", profile_id: str = "") -> Any:
    if unique := user_id or policy_id or profile_id:
        thing.id = unique
    _in_seconds(thing)
    return result


def _in_seconds(thing: Any) -> None:
    # IAM tells dates in whole seconds; moto shows microseconds where a date has them.
    for name in ("create_date", "update_date"):
        if isinstance(when := getattr(thing, name, None), datetime):
            setattr(thing, name, when.replace(microsecond=0))


def _refuse_twin(kind: str, name: str, existing: Any) -> None:
    if name.lower() in {other.lower() for other in existing}:
        raise EntityAlreadyExists(f"{kind} with name {name} already exists.")
