"""Temporary credentials: what each access key that STS gave stands for, as long as its owner exists.

Sessions are kept in moto's STS backend, in the list where moto keeps assumed roles, so that moto finds
them too. The journal makes them again; nothing else is stored. Only `keep` changes moto's state.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from narrowgate.adapters.sandbox.administrator import ADMIN_USER, ADMIN_USER_ID

Kind: TypeAlias = Literal["role", "user", "federated"]


@dataclass(frozen=True, slots=True)
class Session:
    """What a temporary access key stands for. `arn` and `user_id` are what GetCallerIdentity tells.

    `owner` is the ARN of the role that was assumed, or of the user that asked, and `owner_id` its unique
    id. `policy` is the session policy given as text ("" without), `policy_arns` those given by ARN;
    `documents` are all of them as texts, in their present default versions. `tags` are the session's
    own, inherited ones included; `transitive` names those that the next role session inherits.
    """

    kind: Kind
    access_key_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    account_id: str
    partition: str
    arn: str
    user_id: str
    owner: str
    owner_id: str
    issued: datetime
    expires: datetime
    policy: str = ""
    policy_arns: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    transitive: tuple[str, ...] = ()
    source_identity: str = ""
    multi_factor: bool = False
    chained: bool = False

    @property
    def name(self) -> str:
        """The role session's name, the federated user's name, or the user's."""
        return self.arn.rpartition("/")[2]

    @property
    def is_limited(self) -> bool:
        """Whether session policies limit it. INVARIANT: then `documents` do, even if there is none.

        Without a session policy a federated user has no permission of its own:
        https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
        """
        return self.kind == "federated" or bool(self.policy or self.policy_arns)

    @property
    def expiration(self) -> datetime:
        """As moto has it: UTC, without a zone."""
        return self.expires.replace(tzinfo=None)


def session_of(access_key_id: str, account: str, partition: str) -> Session | None:
    """The session of a temporary key, expired or not, as of now: None for a key that STS never gave, and
    where the role or user that it stands for was deleted (a new one of that name is another).

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    """
    from moto.iam.models import iam_backends
    from moto.sts.models import sts_backends

    held = sts_backends[account][partition].get_assumed_role_from_access_key(access_key_id)
    if held is None:
        return None
    iam = iam_backends[account][partition]
    session = held if isinstance(held, Session) else _of_moto(iam, held)
    owner = _owner(iam, session) if session else None
    return _present(iam, session, owner) if session and owner else None


def keep(sts: Any, session: Session) -> None:
    """Add a session to moto's STS backend."""
    sts.assumed_roles.append(session)


def _owner(iam: Any, session: Session) -> str | None:
    """The owner's present ARN: a user may have been renamed, an owner deleted."""
    if session.kind == "role":
        role = iam.get_role_by_id(session.owner_id)
        return str(role.arn) if role else None
    if session.owner_id == ADMIN_USER_ID:
        return f"arn:{session.partition}:iam::{session.account_id}:user/{ADMIN_USER}"
    return next((str(user.arn) for user in iam.users.values() if user.id == session.owner_id), None)


def _present(iam: Any, session: Session, owner: str) -> Session:
    arn = owner if session.kind == "user" else session.arn
    given = (session.policy,) if session.policy else ()
    found = (iam.managed_policies.get(one) for one in session.policy_arns)
    managed = (v.document for policy in found if policy for v in policy.versions if v.is_default)
    return replace(session, arn=arn, owner=owner, documents=(*given, *managed))


def _of_moto(iam: Any, held: Any) -> Session | None:
    """A session that moto itself made: AssumeRoleWithWebIdentity, AssumeRoleWithSAML."""
    role = next((role for role in iam.get_roles() if role.arn == held.role_arn), None)
    if role is None:
        return None
    return Session(
        "role",
        held.access_key_id,
        held.secret_access_key,
        held.session_token,
        held.account_id,
        held.partition,
        arn=held.arn,
        user_id=f"{role.id}:{held.session_name}",
        owner=role.arn,
        owner_id=role.id,
        issued=held.access_key.create_date.replace(tzinfo=UTC),
        expires=held.expiration.replace(tzinfo=UTC),
        policy=held.policy or "",
    )
