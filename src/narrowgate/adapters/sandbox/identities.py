"""Who holds which key, and which policies stand on whom: the state of IAM, STS and Organizations, as values.

Only reads moto's state. A Census is taken when something of it has changed, and is then what the gate
decides by: so that it can also be an earlier one, where changes are to be seen late.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import unquote

from narrowgate.adapters.sandbox.administrator import ADMIN, ADMIN_USER, ADMIN_USER_ID, OPERATOR
from narrowgate.adapters.sandbox.sessions import Session
from narrowgate.policy.request_context import Requester, Value

FULL_ACCESS: Final = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
_NO_CONTEXT: Final[Mapping[str, Value]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Principal:
    """A principal with the texts of its policies, and the keys that its requests carry.

    `identity`: its own and its groups' policies. `sessions`: of a session, the policies given when it
    was made (None: none was given), which count together. `scps`: levels from the organization's root down.
    """

    requester: Requester
    context: Mapping[str, Value] = field(default_factory=lambda: _NO_CONTEXT)
    identity: tuple[str, ...] = ()
    boundary: str | None = None
    sessions: tuple[str, ...] | None = None
    scps: tuple[tuple[str, ...], ...] | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """An access key: its secret, and whose it is. `token` and `expires` are those of temporary credentials."""

    id: str
    secret: str = field(repr=False)
    is_active: bool
    principal: Principal
    token: str = field(default="", repr=False)
    expires: datetime | None = None


@dataclass(frozen=True, slots=True)
class Census:
    """Every key by its id, every principal by its ARN, and the trust policy of every role by its ARN.

    `profiles`: the ARNs of the instance profiles that have a role.
    """

    keys: Mapping[str, Key]
    principals: Mapping[str, Principal]
    trusts: Mapping[str, str]
    profiles: frozenset[str] = frozenset()


def take(accounts: Iterable[str], partition: str) -> Census:
    """The present state of some accounts in one partition; the first is that of the sandbox's administrator."""
    keys: dict[str, Key] = {}
    principals: dict[str, Principal] = {}
    trusts: dict[str, str] = {}
    profiles: set[str] = set()
    for number, account in enumerate(accounts):
        one = _Account(account, partition, is_home=number == 0)
        principals |= {p.requester.arn: p for p in one.principals()}
        keys |= {key.id: key for key in one.keys(principals)}
        trusts |= one.trusts()
        profiles |= one.profiles()
    return Census(keys, principals, trusts, frozenset(profiles))


def key_of(session: Session, census: Census) -> Key | None:
    """The key of a session, with the policies that its owner has in the census; None where it has no such owner.

    A session policy limits what the owner may do; tags of the session go before those of the owner.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
    """
    owner = census.principals.get(session.owner)
    if owner is None:
        return None
    is_role = session.kind == "role"
    context = {
        **{key: value for key, value in owner.context.items() if is_role or session.kind == "user" or key in _COMMON},
        **_tags(dict(session.tags)),
        "aws:PrincipalType": _TYPES[session.kind],
        "aws:userid": session.user_id,
        "aws:TokenIssueTime": session.issued.isoformat().replace("+00:00", "Z"),
        "aws:MultiFactorAuthPresent": "true" if session.multi_factor else "false",
    }
    if session.kind == "federated":
        context["aws:PrincipalArn"] = session.arn
    if session.source_identity:
        context["aws:SourceIdentity"] = session.source_identity
    requester = Requester("AWS", session.arn, role_arn=session.owner if is_role else "")
    sessions = session.documents if session.is_limited else None
    principal = replace(owner, requester=requester, context=context, sessions=sessions)
    return Key(session.access_key_id, session.secret, True, principal, session.token, session.expires)


_TYPES: Final = {"role": "AssumedRole", "user": "User", "federated": "FederatedUser"}
_COMMON: Final = frozenset({"aws:PrincipalAccount", "aws:PrincipalIsAWSService", "aws:PrincipalOrgID"})


def operator(texts: Iterable[str], account: str, partition: str) -> Key:
    """The administrator's other key, with these policies and no more."""
    who = _administrator(account, partition)
    return Key(OPERATOR[0], OPERATOR[1], True, replace(who, identity=tuple(texts)))


def _administrator(account: str, partition: str) -> Principal:
    arn = _administrators_arn(partition, account)
    context = {**_common("User", ADMIN_USER_ID, arn, account), "aws:username": ADMIN_USER}
    return Principal(Requester("AWS", arn), context, (FULL_ACCESS,))


def _common(kind: str, user_id: str, arn: str, account: str) -> dict[str, Value]:
    return {
        "aws:PrincipalArn": arn,
        "aws:PrincipalAccount": account,
        "aws:PrincipalType": kind,
        "aws:userid": user_id,
        "aws:PrincipalIsAWSService": "false",
    }


class _Account:
    """moto's state of one account."""

    def __init__(self, account: str, partition: str, *, is_home: bool) -> None:
        from moto.iam.models import iam_backends

        self.id, self.partition, self._is_home = account, partition, is_home
        self.iam: Any = iam_backends[account][partition]
        self._groups = {name: tuple(_texts(group)) for name, group in self.iam.groups.items()}
        self._scps = levels(account, partition)

    def principals(self) -> Iterator[Principal]:
        """Root, the users and the roles; the administrator of the sandbox is one of the users."""
        yield Principal(
            Requester("AWS", f"arn:{self.partition}:iam::{self.id}:root"),
            _common("Account", self.id, f"arn:{self.partition}:iam::{self.id}:root", self.id),
        )
        if self._is_home:
            yield _administrator(self.id, self.partition)
        for user in self.iam.users.values():
            yield self._user(user)
        for role in self.iam.get_roles():
            yield self._role(role)

    def keys(self, principals: Mapping[str, Principal]) -> Iterator[Key]:
        """The administrator's key and the users'."""
        if self._is_home:
            yield Key(ADMIN[0], ADMIN[1], True, principals[_administrators_arn(self.partition, self.id)])
        for user in self.iam.users.values():
            for key in user.access_keys:
                yield Key(key.access_key_id, key.secret_access_key, key.status == "Active", principals[user.arn])

    def trusts(self) -> Mapping[str, str]:
        """The trust policy of each role."""
        return {role.arn: _text(role.assume_role_policy_document) for role in self.iam.get_roles()}

    def profiles(self) -> set[str]:
        """The instance profiles that have a role."""
        return {str(profile.arn) for profile in self.iam.get_instance_profiles() if profile.roles}

    def _user(self, user: Any) -> Principal:
        groups = (text for group in self.iam.get_groups_for_user(user.name) for text in self._groups[group.name])
        tags = self.iam.tagger.get_tag_dict_for_resource(user.arn)
        context = {**_common("User", user.id, user.arn, self.id), **_tags(tags), "aws:username": user.name}
        bounding = (getattr(user, "permissions_boundary", None) or {}).get("PermissionsBoundaryArn", "")
        texts = (*_texts(user), *groups)
        return Principal(Requester("AWS", user.arn), context, texts, self._bound(bounding), scps=self._scps)

    def _role(self, role: Any) -> Principal:
        tags = {tag["Key"]: tag["Value"] for tag in role.tags or ()}
        context = {**_common("Role", role.id, role.arn, self.id), **_tags(tags)}
        texts = tuple(_texts(role))
        boundary = self._bound(role.permissions_boundary_arn or "")
        return Principal(Requester("AWS", role.arn), context, texts, boundary, scps=self._scps)

    def _bound(self, arn: str) -> str | None:
        """The boundary's text; one that is gone allows nothing."""
        if not arn:
            return None
        policy = self.iam.managed_policies.get(arn)
        return "" if policy is None else _default(policy)


def _administrators_arn(partition: str, account: str) -> str:
    return f"arn:{partition}:iam::{account}:user/{ADMIN_USER}"


def _tags(tags: Mapping[str, str]) -> dict[str, Value]:
    return {f"aws:PrincipalTag/{name}": value for name, value in tags.items()}


def _texts(holder: Any) -> Iterator[str]:
    """The inline and the attached policies of a user, a role or a group."""
    inline = holder.policies.values() if isinstance(holder.policies, dict) else holder.policies
    for document in inline:
        yield _text(document)
    for policy in holder.managed_policies.values():
        yield _default(policy)


def _default(policy: Any) -> str:
    return next((_text(v.document) for v in policy.versions if v.version_id == policy.default_version_id), "")


def _text(document: Any) -> str:
    text = str(document or "")
    return unquote(text) if text.startswith("%7B") else text


def levels(account: str, partition: str) -> tuple[tuple[str, ...], ...] | None:
    """The SCPs that stand over an account; None outside of an organization and for its management account.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
    """
    organization = _organization(account, partition)
    member = next((m for m in organization.accounts if m.id == account), None) if organization else None
    if member is None or account == organization.org.master_account_id:
        return None
    units = {unit.id: unit for unit in organization.ou}
    levels: list[tuple[str, ...]] = []
    at: Any = member
    while at is not None:
        levels.insert(0, tuple(p.content for p in at.attached_policies if p.type == "SERVICE_CONTROL_POLICY"))
        at = units.get(at.parent_id)
    return tuple(levels)


def _organization(account: str, partition: str) -> Any:
    """moto's state of the organization that the account belongs to; None outside of one."""
    # Not loaded means that nobody has called it; loading it takes a while.
    module: Any = sys.modules.get("moto.organizations.models")
    if module is None:
        return None
    master, _ = module.organizations_backends.master_accounts.get(account, (account, partition))
    regions = dict.get(module.organizations_backends, master)
    found = dict.get(regions, partition) if regions else None
    return found if found is not None and found.org else None
