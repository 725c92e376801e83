"""One denial, as far as its words tell. Pure.

INVARIANT: only what the explanation needs is kept: never a message's text, nor parameters beyond those of `call`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from narrowgate.calls import Call
from narrowgate.policy.arn import parse_arn
from narrowgate.policy.decision import Layer
from narrowgate.policy.request_context import Requester, Value

How: TypeAlias = Literal["explicitDeny", "implicitDeny"]
Source: TypeAlias = Literal["message", "decoded", "event"]

WORDS: Final[Mapping[Layer, str]] = MappingProxyType(
    {
        "identity": "identity-based policy",
        "resource": "resource-based policy",
        "boundary": "permissions boundary",
        "session": "session policy",
        "scp": "service control policy",
        "rcp": "resource control policy",
        "endpoint": "VPC endpoint policy",
    }
)
"""The layers in the words of AWS's messages.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

NO_KEYS: Final[Mapping[str, Value]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Matched:
    """A statement that a decoded message names; `policy` is its number in the layer, where that is told."""

    effect: str
    sid: str = ""
    layer: Layer | None = None
    policy: int | None = None


@dataclass(frozen=True, slots=True)
class Denied:
    """What is known of a denial. An empty text, and None, stand for what nobody told.

    `resource` may be a bare name, as Secrets Manager has it. `operation` is the API's name without the
    service, `service` the prefix of its actions. `policy_arn` is the policy that AWS names. `encoded` is
    the encoded message, which is for decoding and never shown. `cross_account_pass`: a role of another
    account was to be passed, which AWS never does. `guessed_service`: the service is the likeliest of
    several that have such an operation.
    """

    principal: str = ""
    action: str = ""
    resource: str = ""
    layer: Layer | None = None
    how: How | None = None
    service: str = ""
    operation: str = ""
    code: str = ""
    region: str = ""
    role_arn: str = ""
    context: Mapping[str, Value] = field(default_factory=lambda: NO_KEYS, hash=False)
    statements: tuple[Matched, ...] = ()
    policy_arn: str = ""
    resource_account: str = ""
    encoded: str = field(default="", repr=False)
    source: Source = "message"
    guessed_service: bool = False
    cross_account_pass: bool = False
    call: Call | None = field(default=None, repr=False)

    @property
    def requester(self) -> Requester | None:
        """The principal, where its words are enough to decide for it."""
        if self.principal == "anonymous":
            return Requester("Anonymous")
        if parse_arn(self.principal) is None:
            is_service = self.principal.endswith((".amazonaws.com", ".amazonaws.com.cn"))
            return Requester("Service", service=self.principal) if is_service else None
        try:
            return Requester("AWS", self.principal, self.role_arn)
        except ValueError:
            return None

    @property
    def account(self) -> str:
        """The principal's account; the empty string where it has none."""
        who = self.requester
        return who.account if who else ""


def layer_of(words: object) -> Layer | None:
    """The layer that AWS's words, or our name of it, mean."""
    text = " ".join(str(words).lower().split()).replace("policies", "policy").replace("boundaries", "boundary")
    if text in ("role trust policy", "trust policy"):
        return "resource"
    return next((name for name, phrase in WORDS.items() if text in (name, phrase.lower())), None)
