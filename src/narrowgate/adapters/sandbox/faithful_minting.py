"""How STS makes temporary credentials: session policies, tags, source identity, one-time codes, keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any, Final

from moto.core.exceptions import ServiceException
from moto.core.utils import utcnow
from moto.iam.exceptions import NoSuchEntity, ValidationError
from moto.iam.models import iam_backends
from moto.moto_api._internal import mock_random
from moto.sts.models import sts_backends
from moto.sts.responses import TokenResponse
from moto.sts.utils import SESSION_TOKEN_PREFIX

from narrowgate.adapters.sandbox import documents, managed, passcode, tagging
from narrowgate.adapters.sandbox.faithful_base import AccessDenied, Checked
from narrowgate.adapters.sandbox.sessions import Kind, Session, keep, session_of

LONGEST_POLICY: Final = 2048
"""Characters of a session policy that is given as text."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose permissions a session has: ARN and unique id of a role or user, and for how many seconds."""

    arn: str
    id: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Inherited:
    """What a role session takes over from the session that asked for it."""

    tags: tuple[tuple[str, str], ...] = ()
    transitive: tuple[str, ...] = ()
    source_identity: str = ""


class Minting(Checked, TokenResponse):  # type: ignore[misc]  # moto is not typed
    """The part of STS that the operations which give credentials have in common."""

    @property
    def _iam(self) -> Any:
        return iam_backends[self.current_account][self.partition]

    def _session(self) -> Session | None:
        return session_of(self.get_access_key(), self.current_account, self.partition)

    def _minted(self, kind: Kind, owner: Owner, name: str, inherited: Inherited) -> Session:
        """New credentials, kept. Everything is checked before anything is drawn or kept."""
        # A role may be of another account, and so are its sessions and the policies that limit them.
        account = owner.arn.split(":")[4]
        iam = iam_backends[account][self.partition]
        arns = self._policy_arns(iam)
        policy = self._session_policy()
        tags, transitive = self._tags(inherited)
        identity = self._source_identity(inherited)
        multi_factor = self._multi_factor()
        key = iam.create_temp_access_key()
        key.role_arn = owner.arn if kind == "role" else None
        issued = utcnow().replace(microsecond=0, tzinfo=UTC)
        arn, user_id = self._names(kind, owner, name)
        session = Session(
            kind,
            key.access_key_id,
            key.secret_access_key,
            new_token(),
            account,
            self.partition,
            arn,
            user_id,
            owner.arn,
            owner.id,
            issued,
            issued + timedelta(seconds=owner.seconds),
            policy,
            arns,
            tags=tags,
            transitive=transitive,
            source_identity=identity,
            multi_factor=multi_factor,
            chained=kind == "role" and self._session() is not None,
        )
        keep(sts_backends[account][self.partition], session)
        return session

    def _names(self, kind: Kind, owner: Owner, name: str) -> tuple[str, str]:
        """ARN and user id. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html"""
        start = f"arn:{self.partition}:sts::{owner.arn.split(':')[4]}"
        if kind == "role":
            return f"{start}:assumed-role/{owner.arn.rpartition('/')[2]}/{name}", f"{owner.id}:{name}"
        if kind == "federated":
            return f"{start}:federated-user/{name}", f"{self.current_account}:{name}"
        return owner.arn, owner.id

    def _session_policy(self) -> str:
        """The text as given; white space counts. The model of AssumeRole has no limit, its page has."""
        text = str(self._get_param("Policy") or "")
        if len(text) > LONGEST_POLICY:
            rule = f"Member must have length less than or equal to {LONGEST_POLICY}"
            raise ValidationError(
                f"1 validation error detected: Value '{text}' at 'policy' failed to satisfy constraint: {rule}"
            )
        if text:
            documents.check_identity(text)
        return text

    def _policy_arns(self, iam: Any) -> tuple[str, ...]:
        arns = tuple(one["arn"] for one in self._get_param("PolicyArns", []))
        for arn in arns:
            managed.require(iam, arn)
            if arn not in iam.managed_policies:
                raise NoSuchEntity(f"Policy {arn} does not exist or is not attachable.")
        return arns

    def _tags(self, inherited: Inherited) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
        """The session's tags, inherited ones included, and which of them the next session inherits.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_role-chaining
        """
        given = self._get_param("Tags", [])
        tagging.check(given)
        keys = {tag["Key"].lower() for tag in given}
        wanted = tuple(self._get_param("TransitiveTagKeys", []))
        if keys & {key.lower() for key in inherited.transitive}:
            raise ServiceException(
                "InvalidParameterValue",
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key"
                " from the calling session.",
            )
        if any(key.lower() not in keys for key in wanted):
            raise ServiceException(
                "InvalidParameterValue", "The specified transitive tag key must be included in the requested tags."
            )
        tags = (*inherited.tags, *((tag["Key"], tag["Value"]) for tag in given))
        return tags, (*inherited.transitive, *wanted)

    def _source_identity(self, inherited: Inherited) -> str:
        """https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html"""
        given = self._get_param("SourceIdentity") or ""
        if inherited.source_identity and given and given != inherited.source_identity:
            raise AccessDenied("The source identity of a session cannot be changed by the sessions that follow it")
        return str(given or inherited.source_identity)

    def _multi_factor(self) -> bool:
        serial, code = self._get_param("SerialNumber"), self._get_param("TokenCode")
        if not serial and not code:
            return False
        user = self._iam.get_user_from_access_key_id(self.get_access_key())
        if user is None or not serial or serial not in user.mfa_devices:
            raise AccessDenied(
                "MultiFactorAuthentication failed, unable to validate MFA code."
                "  Please verify your MFA serial number is valid and associated with this user."
            )
        device = self._iam.virtual_mfa_devices.get(serial)
        if device and not passcode.is_valid(device.base32_string_seed, code or "", utcnow().replace(tzinfo=UTC)):
            raise AccessDenied("MultiFactorAuthentication failed with invalid MFA one time pass code. ")
        return True


def inherited_from(caller: Session | None) -> Inherited:
    """What the calling session hands on to the role session that it asks for."""
    if caller is None:
        return Inherited()
    passed = {key.lower() for key in caller.transitive}
    tags = tuple((key, value) for key, value in caller.tags if key.lower() in passed)
    return Inherited(tags, caller.transitive, caller.source_identity)


def new_token() -> str:
    """A session token from the seed."""
    return str(SESSION_TOKEN_PREFIX) + str(mock_random.get_random_string(340))
