"""STS as AWS answers where moto 5.2.5 does not: sessions of roles and users, and what limits them."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any, Final

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.iam.exceptions import ValidationError
from moto.iam.models import iam_backends

from narrowgate.adapters.sandbox.administrator import ADMIN_KEYS
from narrowgate.adapters.sandbox.desk import Desk
from narrowgate.adapters.sandbox.faithful_base import AccessDenied
from narrowgate.adapters.sandbox.faithful_minting import Inherited, Minting, Owner, inherited_from, new_token
from narrowgate.adapters.sandbox.faithful_users import administrator
from narrowgate.adapters.sandbox.sessions import Session

HOUR: Final = 3600
HALF_A_DAY: Final = 43200
PACKED_LIMIT: Final = 2048


class FaithfulSts(Minting):
    """STS that knows the administrator, and gives credentials that stand for someone."""

    desk: Desk

    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    def get_caller_identity(self) -> Any:
        """The administrator is an IAM user, not root; a session of a user tells the user."""
        if session := self._session():
            told = (session.user_id, session.arn)
        elif self.get_access_key() in ADMIN_KEYS:
            user = administrator(self.current_account, self.region)
            told = (user.id, user.arn)
        else:
            return super().get_caller_identity()
        return ActionResult({"UserId": told[0], "Account": self.current_account, "Arn": told[1]})

    # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
    def assume_role(self) -> Any:
        """The session policies, tags and source identity are kept; the duration is that of the role."""
        role, caller = self._role(), self._session()
        inherited = inherited_from(caller)
        seconds = self._role_seconds(role, chained=caller is not None)
        session = self._minted("role", Owner(role.arn, role.id, seconds), self._get_param("RoleSessionName"), inherited)
        return ActionResult(
            {
                "Credentials": _credentials(session),
                "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
                "PackedPolicySize": _packed_size(session),
                "SourceIdentity": session.source_identity or None,
            }
        )

    # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
    def assume_role_with_web_identity(self) -> Any:
        """The same session token after a restart. The web identity's token is believed, as moto does."""
        self._role_seconds(self._role(), chained=False)
        result = super().assume_role_with_web_identity()
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_Credentials.html
        role = result.result["Credentials"]
        role.session_token = new_token()
        role.expiration = role.expiration.replace(microsecond=0)
        result.result["AssumedRoleUser"]["AssumedRoleId"] = role.user_id
        return result

    def assume_role_with_saml(self) -> Any:
        """moto takes any assertion, and its session token is another after a restart: better none."""
        raise NotImplementedError("assertions are not verified")

    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
    def get_session_token(self) -> Any:
        """Credentials of the calling user; moto's are fixed example keys that nothing accepts."""
        user = self._user()
        seconds = self._get_int_param("DurationSeconds", HALF_A_DAY)
        session = self._minted("user", Owner(user.arn, user.id, seconds), user.name, Inherited())
        return ActionResult({"Credentials": _credentials(session)})

    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
    def get_federation_token(self) -> Any:
        """Credentials of a federated user, who has at most what the calling user has."""
        user, name = self._user(), self._get_param("Name")
        seconds = self._get_int_param("DurationSeconds", HALF_A_DAY)
        session = self._minted("federated", Owner(user.arn, user.id, seconds), name, Inherited())
        return ActionResult(
            {
                "Credentials": _credentials(session),
                "FederatedUser": {"FederatedUserId": session.user_id, "Arn": session.arn},
                "PackedPolicySize": _packed_size(session),
            }
        )

    # https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
    def decode_authorization_message(self) -> Any:
        """What the gate encoded when it refused a call of EC2's."""
        decoded = self.desk.seal.decoded(self._get_param("EncodedMessage"))
        if decoded is None:
            raise ServiceException("InvalidAuthorizationMessageException", "Message is not valid")
        return ActionResult({"DecodedMessage": decoded})

    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
    def get_access_key_info(self) -> Any:
        """The account whose number stands in the key id, whether or not the key exists."""
        key_id = self._get_param("AccessKeyId")
        account = self.current_account if key_id in ADMIN_KEYS else _account_in(key_id)
        if account is None:
            raise ValidationError("Invalid Access Key")
        return ActionResult({"Account": account})

    def _role(self) -> Any:
        """The role that is asked for; one that does not exist is refused like one that is forbidden."""
        arn = self._get_param("RoleArn")
        account = next(iter(arn.split(":")[4:5]), "")
        # Asking for an account that does not exist would make it.
        roles = iam_backends[account][self.partition].get_roles() if account in iam_backends else ()
        role = next((role for role in roles if role.arn == arn), None)
        if role is None:
            caller = self.get_caller_identity().result["Arn"] if self.get_access_key() else "anonymous"
            action = f"sts:{self._operation}"
            raise AccessDenied(f"User: {caller} is not authorized to perform: {action} on resource: {arn}")
        return role

    def _user(self) -> Any:
        """The calling user; sessions get no sessions by these two operations."""
        if self._session():
            raise AccessDenied(f"Cannot call {self._operation} with session credentials")
        if self.get_access_key() in ADMIN_KEYS:
            return administrator(self.current_account, self.region)
        return self._iam.get_user_from_access_key_id(self.get_access_key())

    def _role_seconds(self, role: Any, *, chained: bool) -> int:
        """How long a role session is to last.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_manage-assume.html
        """
        seconds: int = self._get_int_param("DurationSeconds", HOUR)
        if chained and seconds > HOUR:
            raise ValidationError(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
            )
        if seconds > int(role.max_session_duration or HOUR):
            raise ValidationError("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
        return seconds


def _credentials(session: Session) -> dict[str, Any]:
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret,
        "SessionToken": session.token,
        "Expiration": session.expiration,
    }


def _packed_size(session: Session) -> int | None:
    """An estimate, in percent, of what AWS counts in its own binary form; None without policies and tags."""
    if not session.policy and not session.policy_arns and not session.tags:
        return None
    text = json.dumps([session.policy, session.policy_arns, session.tags])
    return min(100, -(-100 * len(zlib.compress(text.encode(), 9)) // PACKED_LIMIT))


def _account_in(key_id: str) -> str | None:
    """The account's number, which stands in the 40 bits after the prefix of a key id."""
    try:
        number = int.from_bytes(base64.b32decode(key_id[4:12]), "big")
    except ValueError:
        return None
    account = ((number & 0x7FFFFFFFFF) << 1) | (key_id[12:13] >= "Q")
    return f"{account:012}" if key_id.startswith(("AKIA", "ASIA")) and account < 10**12 else None
