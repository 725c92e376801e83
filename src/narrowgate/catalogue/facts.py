"""What is known of the resources that a call names: tags, condition keys, links to others. Pure.

The sandbox answers from its state, a plan from what was observed and from the effects of earlier
steps, a recording from its replies. What nobody knows is None, never an empty set of tags.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

from narrowgate.calls import EMPTY, Fields
from narrowgate.policy.request_context import Value

_NOTHING: Final[Mapping[str, Value]] = MappingProxyType({})
HOME: Final[Mapping[str, str]] = MappingProxyType(
    {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
)
"""The region of a partition's global services, as `aws:RequestedRegion` has it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion
"""

GLOBAL: Final = frozenset({"iam", "sts", "organizations", "route53", "cloudfront"})
"""Prefixes of actions that are asked in no region of the caller's choice."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call is sent and whose account it is: partition, account, region."""

    partition: str
    account: str
    region: str

    def arn(self, service: str, resource: str, *, region: str | None = None, account: str | None = None) -> str:
        """An ARN here; `region=""` and `account=""` for services whose ARNs have none."""
        where = self.region if region is None else region
        whose = self.account if account is None else account
        return f"arn:{self.partition}:{service}:{where}:{whose}:{resource}"

    def principal(self, service: str) -> str:
        """A service principal as condition keys such as `iam:PassedToService` have it: `ec2.amazonaws.com`.

        In China EC2 alone has the suffix of the region's domain.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
        """
        suffix = "amazonaws.com.cn" if self.partition == "aws-cn" and service == "ec2" else "amazonaws.com"
        return f"{service}.{suffix}"


@dataclass(frozen=True, slots=True)
class Attributes:
    """One resource: its tags, the condition keys that it carries, links and contents.

    `keys`: service condition keys (`ec2:Vpc`) with their values, but for resource tags. `links`: ARNs of
    other resources by what they are to this one (`role` of an instance profile). `data`: contents that
    decide about further requests (a launch template's). `account`: the owner, where the ARN has none.
    """

    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    keys: Mapping[str, Value] = field(default_factory=lambda: _NOTHING)
    links: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    data: Fields = EMPTY
    account: str = ""


Facts: TypeAlias = Callable[[str], "Attributes | None"]
"""What is known of the resource with an ARN; None where nothing is."""


def nothing_known(arn: str) -> Attributes | None:
    """Facts of somebody who knows nothing."""
    return None
