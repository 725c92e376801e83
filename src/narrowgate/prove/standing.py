"""Who asks, under which documents, and what AWS always puts into the context of such a principal. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from narrowgate.policy.decision import Layers
from narrowgate.policy.request_context import Requester, Value

_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "user": "User",
        "root": "Account",
        "role": "AssumedRole",
        "assumed-role": "AssumedRole",
        "federated-user": "FederatedUser",
    }
)
_CONNECTION: Final[Mapping[str, Value]] = MappingProxyType(
    {"aws:SecureTransport": "true", "aws:ViaAWSService": "false"}
)
_UNTOLD: Final = frozenset(
    {
        "aws:currenttime",
        "aws:ec2instancesourceprivateipv4",
        "aws:ec2instancesourcevpc",
        "aws:epochtime",
        "aws:federatedprovider",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principaltag",
        "aws:referer",
        "aws:resourceorgid",
        "aws:resourceorgpaths",
        "aws:sourceidentity",
        "aws:sourceip",
        "aws:sourcevpc",
        "aws:sourcevpcarn",
        "aws:sourcevpce",
        "aws:useragent",
        "aws:userid",
        "aws:vpceaccount",
        "aws:vpceorgid",
        "aws:vpceorgpaths",
        "aws:vpcsourceip",
        "ec2:roledelivery",
        "ec2:sourceinstancearn",
    }
)
_UNTOLD_OF_SESSIONS: Final = frozenset(
    {
        "aws:assumedroot",
        "aws:multifactorauthage",
        "aws:multifactorauthpresent",
        "aws:principalarn",
        "aws:tokenissuetime",
    }
)
"""A long-term key has none of them: they are then known to be absent."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A principal, the documents that its requests meet, and what is known of it beside its ARN.

    `context`: condition keys that are the same in all its requests, such as `aws:PrincipalTag/team`.
    """

    requester: Requester
    layers: Layers
    context: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def carried(self) -> Mapping[str, Value]:
        """The keys that all its requests carry."""
        return {**principal_context(self.requester), **self.context}

    def is_untold(self, key: str) -> bool:
        """Whether its requests may carry the key, in lower case, with a value that nobody told."""
        family = key.partition("/")[0]
        is_session = self.requester.kind not in ("user", "root")
        return family in _UNTOLD or (is_session and family in _UNTOLD_OF_SESSIONS)


def principal_context(who: Requester) -> Mapping[str, Value]:
    """The keys that AWS sets in every request of the principal, as far as its ARN tells them.

    Calls go by TLS, and nobody makes them on the principal's behalf. `aws:userid` is drawn by AWS, and not here.
    """
    if who.type != "AWS":
        return dict(_CONNECTION)
    made: dict[str, Value] = {
        **_CONNECTION,
        "aws:PrincipalAccount": who.account,
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalType": _TYPES[who.kind],
    }
    if arn := who.role_arn if who.kind == "assumed-role" else who.arn:
        made["aws:PrincipalArn"] = arn
    if who.kind == "user":
        made["aws:username"] = who.arn.rpartition("/")[2]
    return made
