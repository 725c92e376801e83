"""What AWS is asked to decide: who wants to do what to which resource, in which context. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-reqcontext.html
INVARIANT: the keys of a context are in lower case, no value is an empty tuple, and the principal,
action and resource of a Request are well-formed; `request` makes sure of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from narrowgate.policy.arn import parse_arn
from narrowgate.policy.place import shown

PrincipalType: TypeAlias = Literal["AWS", "Service", "Federated", "Anonymous"]
Value: TypeAlias = "str | tuple[str, ...]"
Context: TypeAlias = Mapping[str, Value]

LONGEST_KEY: Final = 256
"""Longer keys are not remembered."""

LONGEST_NAME: Final = 2_048
"""Characters of an ARN of a principal, as IAM has it; of the name of a service or provider too."""

_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_ACTION: Final = re.compile(r"[A-Za-z0-9.-]{1,64}:[A-Za-z0-9]{1,128}")
_IDENTITY: Final = re.compile(r"root|(?:user|role)/.+", re.DOTALL)
_SESSION: Final = re.compile(r"assumed-role/([^/]+)/[^/]+|federated-user/[^/]+")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_LINKED_PATH: Final = "role/aws-service-role/"
_LINKED_SESSION: Final = "assumed-role/AWSServiceRoleFor"


Category: TypeAlias = Literal["identity", "federated-user", "service-linked", "root", "outsider"]


def _category(kind: str, linked: bool) -> Category:
    if linked:
        return "service-linked"
    match kind:
        case "root" | "federated-user":
            return kind
    return "identity"


@dataclass(frozen=True, slots=True)
class Requester:
    """The principal of a request; which fields are filled depends on the type.

    AWS: `arn`, and for a role session `role_arn` where it is known. Service: `service`. Federated:
    `provider`, an ARN or a domain. `account` is derived; "" where there is none. Raises ValueError for
    an AWS principal without an ARN: it would meet no SCP.
    """

    type: PrincipalType
    arn: str = ""
    role_arn: str = ""
    service: str = ""
    provider: str = ""
    account: str = field(init=False)
    kind: str = field(init=False)
    """For AWS `root`, `user`, `role`, `assumed-role` or `federated-user`; else the type."""
    category: Category = field(init=False)
    """Which layers it meets, and which of them it must."""

    def __post_init__(self) -> None:
        arn = parse_arn(self.arn) if self.type == "AWS" else None
        if arn is None and self.type == "AWS":
            raise ValueError(_not_a_principal(self.arn))
        resource = arn.resource if arn else ""
        is_session = resource.startswith("assumed-role/")
        role = parse_arn(self.role_arn) if self.role_arn and is_session else None
        # A session's ARN has no path: only where the role is not known does the name have to do.
        named = role.resource if role else resource
        linked = named.startswith(_LINKED_PATH if role else (_LINKED_PATH, _LINKED_SESSION))
        object.__setattr__(self, "account", arn.account if arn else "")
        object.__setattr__(self, "kind", resource.partition("/")[0] if arn else self.type)
        object.__setattr__(self, "category", _category(self.kind, linked) if arn else "outsider")

    @property
    def role(self) -> str:
        """The role's name, for a role and its sessions; else the empty string."""
        resource = self.arn.rpartition(":")[2]
        if self.kind == "role":
            return resource.rpartition("/")[2]
        return resource.split("/")[1] if self.kind == "assumed-role" else ""


ANONYMOUS: Final = Requester("Anonymous")
_NO_CONTEXT: Final[Context] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Request:
    """One request for one decision; make it with `request`, which checks it.

    `resource` is an ARN or `*`; `context` maps keys in lower case to a text or several.
    """

    principal: Requester
    action: str
    resource: str = "*"
    context: Context = field(default_factory=lambda: _NO_CONTEXT)
    resource_account: str = ""
    parts: tuple[str, ...] | None = field(init=False, repr=False, compare=False)
    """The six parts of an ARN without a colon in the last; else None."""
    crosses: bool = field(init=False)
    """Whether the resource belongs to another account than the principal; where nothing tells, it does not."""

    def __post_init__(self) -> None:
        parts = self.resource.split(":", 5)
        own, owner = self.principal.account, self.resource_account or _named(parts)
        object.__setattr__(self, "parts", tuple(parts) if len(parts) == 6 and ":" not in parts[5] else None)
        object.__setattr__(self, "crosses", own != "" and owner not in ("", own))


def _named(parts: Sequence[str]) -> str:
    """The account that the parts of an ARN name; "" where they name none."""
    named = parts[4] if len(parts) == 6 else ""
    return named if len(named) == 12 and named.isdecimal() and named.isascii() else ""


def request(
    principal: Requester | str,
    action: str,
    resource: str = "*",
    context: Mapping[str, str | Sequence[str]] = _NO_CONTEXT,
    resource_account: str = "",
) -> Request:
    """A checked Request; a principal that is a text is an ARN. Raises ValueError, saying what is wrong."""
    who = Requester("AWS", principal) if isinstance(principal, str) else principal
    wrong = _fault(who, action, resource, resource_account)
    if wrong:
        raise ValueError(wrong)
    return Request(who, action, resource, _canonical(context), resource_account)


def _fault(who: Requester, action: str, resource: str, account: str) -> str:
    if wrong := _principal_fault(who):
        return wrong
    if not _ACTION.fullmatch(action):
        return f"the action {shown(action)} is not one action, such as `ec2:RunInstances`"
    if resource != "*" and not is_arn(resource):
        return f'the resource {shown(resource)} must be "*" or an ARN of six parts'
    if has_surrogate(resource):
        return "the resource has a lone surrogate"
    if account and not _ACCOUNT.fullmatch(account):
        return f"the resource account {shown(account)} is not 12 digits"
    named = _named(resource.split(":", 5))
    if account and named not in ("", account):
        return f"the resource account {account} is not that of the resource, {named}"
    return ""


def has_surrogate(text: str) -> bool:
    """Whether a text has half of a pair, which is no character."""
    return not text.isascii() and _SURROGATE.search(text) is not None


def is_arn(text: str) -> bool:
    """Whether a text that is no pattern has the six parts of an ARN."""
    return text.startswith("arn:") and text.count(":") >= 5


_FIELDS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "AWS": ("arn", ("arn", "role_arn")),
        "Service": ("service", ("service",)),
        "Federated": ("provider", ("provider",)),
        "Anonymous": ("", ()),
    }
)
"""For each type of principal the field that it needs, and those that it may have."""


def _principal_fault(who: Requester) -> str:
    filled = {"arn": who.arn, "role_arn": who.role_arn, "service": who.service, "provider": who.provider}
    if any(len(text) > LONGEST_NAME for text in filled.values()):
        return f"a principal's name is longer than {LONGEST_NAME} characters"
    return _remembered_fault(who)


@lru_cache(maxsize=1_024)
def _remembered_fault(who: Requester) -> str:
    filled = {"arn": who.arn, "role_arn": who.role_arn, "service": who.service, "provider": who.provider}
    needed, possible = _FIELDS[who.type]
    if needed and not filled[needed]:
        return f"a principal of type {who.type} needs `{needed}`"
    for name, text in filled.items():
        if text and name not in possible:
            return f"a principal of type {who.type} has no `{name}`"
        if has_surrogate(text):
            return f"the principal's `{name}` has a lone surrogate"
    if who.type != "AWS":
        return ""
    return _arn_fault(who.arn) or (_role_fault(who.role_arn, who) if who.role_arn else "")


def _arn_fault(text: str) -> str:
    arn = parse_arn(text)
    if arn is None or arn.region or not _ACCOUNT.fullmatch(arn.account):
        return _not_a_principal(text)
    form = {"iam": _IDENTITY, "sts": _SESSION}.get(arn.service)
    return "" if form is not None and form.fullmatch(arn.resource) else _not_a_principal(text)


def _not_a_principal(text: str) -> str:
    return f"the principal {shown(text)} is not the ARN of a user, role, session or account root"


def _role_fault(text: str, who: Requester) -> str:
    """A role's ARN only beside a session of that role: with another's it would borrow what it may."""
    arn = parse_arn(text)
    if arn is None or arn.service != "iam" or not arn.resource.startswith("role/"):
        return f"the role {shown(text)} is not the ARN of a role"
    is_its = who.kind == "assumed-role" and (arn.account, arn.resource.rpartition("/")[2]) == (who.account, who.role)
    return "" if is_its else f"the role {shown(text)} is not that of the session {shown(who.arn)}"


@lru_cache(maxsize=8_192)
def _known_lower(key: str) -> str:
    return key.lower()


def lower_key(key: str) -> str:
    """A condition key in lower case: for each key one text, which dictionaries find at once."""
    return _known_lower(key) if len(key) <= LONGEST_KEY else key.lower()


def _canonical(context: Mapping[str, str | Sequence[str]]) -> Context:
    """Keys in lower case, lists as tuples, empty ones left out. Raises ValueError."""
    made: dict[str, Value] = {}
    for key, value in context.items():
        lower = lower_key(key)
        if not key or has_surrogate(key):
            raise ValueError(f"{shown(key)} is not a context key")
        if lower in made:
            raise ValueError(f"the context key {shown(key)} is here twice, in another case")
        kept = value if isinstance(value, str) else tuple(value)
        if has_surrogate(kept) if isinstance(kept, str) else any(map(has_surrogate, kept)):
            raise ValueError(f"the value of {shown(key)} has a lone surrogate")
        if kept != ():
            made[lower] = kept
    return made


def several(found: Value | None) -> tuple[str, ...]:
    """The values of a key, however many."""
    if found is None:
        return ()
    return (found,) if isinstance(found, str) else found
