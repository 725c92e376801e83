"""Users, their access keys, groups and devices, as AWS answers where moto 5.2.5 does not."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.exceptions import DeleteConflictException, NotFoundException, ValidationError
from moto.iam.models import User
from moto.iam.responses import IamResponse

from narrowgate.adapters.sandbox import conflicts, documents, names, quotas, tagging
from narrowgate.adapters.sandbox.administrator import ADMIN_KEYS, ADMIN_USER, ADMIN_USER_ID
from narrowgate.adapters.sandbox.faithful_base import Checked
from narrowgate.adapters.sandbox.sessions import Session, session_of
from narrowgate.adapters.sandbox.unique import born, unique_id

_ADMIN_BORN: Final = datetime(2020, 1, 1)


class Users(Checked, IamResponse):  # type: ignore[misc]  # moto is not typed
    """What IAM says of users, their keys and groups."""

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
    def create_user(self) -> Any:
        """With `PermissionsBoundary`; a name that differs only by case exists already."""
        name, boundary = self._get_param("UserName"), self._get_param("PermissionsBoundary")
        self._refuse_user_twin(name)
        conflicts.require_policy(self.backend, boundary)
        tagging.check(self._get_param("Tags", []))
        quotas.require_account_room("Users", self.backend.users)
        result = super().create_user()
        user = self.backend.get_user(name)
        user.permissions_boundary = _boundary(boundary)
        return born(result, user, unique_id(self.current_account, "AIDA"))

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
        if self._get_param("UserName"):
            return super().get_user()
        if self._is_administrator():
            return ActionResult({"User": administrator(self.current_account, self.region)})
        return ActionResult({"User": self._caller()})

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html
    def update_user(self) -> Any:
        """A renamed user keeps its tags, its keys tell its new name, and no user is overwritten."""
        user, new = self.backend.get_user(self._get_param("UserName")), self._get_param("NewUserName")
        if new and new.lower() != user.name.lower():
            self._refuse_user_twin(new)
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

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagUser.html
    def tag_user(self) -> Any:
        """Keys are unique without regard to case; at most fifty."""
        user = self.backend.get_user(self._get_param("UserName"))
        tags = tagging.merged("User", self.backend.list_user_tags(user.name), self._get_param("Tags", []))
        self._set_user_tags(user, tags)
        return EmptyResult()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagUser.html
    def untag_user(self) -> Any:
        """Keys are found without regard to case."""
        user = self.backend.get_user(self._get_param("UserName"))
        old = self.backend.list_user_tags(user.name)
        self._set_user_tags(user, tagging.without(old, self._get_param("TagKeys", [])))
        return EmptyResult()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html
    def put_user_policy(self) -> Any:
        """AWS's grammar; at most 2,048 characters in all."""
        user, text = self.backend.get_user(self._get_param("UserName")), self._get_param("PolicyDocument")
        documents.check_identity(text)
        quotas.require_inline_size("user", user, self._get_param("PolicyName"), text)
        return super().put_user_policy()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachUserPolicy.html
    def attach_user_policy(self) -> Any:
        """Attaching again changes nothing; at most ten."""
        user = self.backend.get_user(self._get_param("UserName"))
        if self._get_param("PolicyArn") in user.managed_policies:
            return EmptyResult()
        conflicts.require_attachable(self.backend, self._get_param("PolicyArn"))
        quotas.require_attachable("User", user)
        return super().attach_user_policy()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html
    def create_access_key(self) -> Any:
        """Without a name, for the caller; the date in whole seconds."""
        self._require_user_name()
        result = super().create_access_key()
        return born(result, result.result["AccessKey"])

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html
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

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html
    def update_access_key(self) -> Any:
        """Without a name, of the caller only."""
        self._require_own(self._get_param("AccessKeyId"))
        return super().update_access_key()

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteVirtualMFADevice.html
    def delete_virtual_mfa_device(self) -> Any:
        """DeleteConflict while a user has it."""
        serial = self._get_param("SerialNumber")
        if any(serial in user.mfa_devices for user in self.backend.users.values()):
            raise DeleteConflictException("MFA VirtualDevice in use. Must deactivate first.")
        return super().delete_virtual_mfa_device()

    def _refuse_user_twin(self, name: str) -> None:
        names.refuse_twin(f"User with name {name} already exists.", name, (*self.backend.users, ADMIN_USER))

    def _set_user_tags(self, user: Any, tags: list[tagging.Tag]) -> None:
        self.backend.tagger.delete_all_tags_for_resource(user.arn)
        self.backend.tagger.tag_resource(user.arn, tags)

    def _session(self) -> Session | None:
        return session_of(self.get_access_key(), self.current_account, self.partition)

    def _is_administrator(self) -> bool:
        session = self._session()
        return self.get_access_key() in ADMIN_KEYS or bool(session and session.owner_id == ADMIN_USER_ID)

    def _caller(self) -> Any:
        """The user who calls, with its own key or in a session of its own."""
        session = self._session()
        if session is None:
            user = self.backend.get_user_from_access_key_id(self.get_access_key())
        else:
            user = next((u for u in self.backend.users.values() if u.id == session.owner_id), None)
        if user is None:
            raise ValidationError("Must specify userName when calling with non-User credentials")
        return user

    def _require_user_name(self) -> None:
        """Put the caller's name where none is given."""
        if self._get_param("UserName"):
            return
        if self._is_administrator():
            raise NotFoundException(f"The user with name {ADMIN_USER} cannot be found.")
        self.params["UserName"] = self._caller().name

    def _require_own(self, key_id: str) -> None:
        self._require_user_name()
        if not self.backend.get_user(self._get_param("UserName")).has_access_key(key_id):
            raise NotFoundException(f"The Access Key with id {key_id} cannot be found.")


def administrator(account: str, region: str) -> Any:
    """The administrator as moto's User."""
    user = User(account, region_name=region, name=ADMIN_USER)
    user.id, user.create_date = ADMIN_USER_ID, _ADMIN_BORN
    return user


def _boundary(arn: str | None) -> dict[str, str] | None:
    # GetUser says `Policy` where the reference promises `PermissionsBoundaryPolicy`; moto's roles say
    # the latter, and botocore's model allows only it.
    return {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn} if arn else None
