"""The service quotas that are known to bite: their codes, and their values in a new account.

https://docs.aws.amazon.com/general/latest/gr/ec2-service.html#limits_ec2
https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from narrowgate.adapters.sandbox.faithful_ec2_kept import kept

ADDRESSES: Final = "L-0263D0A3"
VPCS: Final = "L-F678F1CE"
RULES: Final = "L-0EA8095F"
VCPUS: Final = "L-1216C47A"


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota: its service, name, AWS's default, and what the sandbox's account has."""

    service: str
    name: str
    default: float
    applied: float


# AWS raises the vCPUs of an account with its use; the default of 5 would hold no cluster, so this account has more.
QUOTAS: Final[Mapping[str, Quota]] = {
    ADDRESSES: Quota("ec2", "EC2-VPC Elastic IPs", 5.0, 5.0),
    VCPUS: Quota("ec2", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 5.0, 1152.0),
    VPCS: Quota("vpc", "VPCs per Region", 5.0, 5.0),
    RULES: Quota("vpc", "Inbound or outbound rules per security group", 60.0, 60.0),
}
SERVICES: Final = {
    "ec2": "Amazon Elastic Compute Cloud (Amazon EC2)",
    "vpc": "Amazon Virtual Private Cloud (Amazon VPC)",
}


def value_of(ec2: Any, code: str) -> float:
    """What the account has of a quota, in the region of a backend of EC2's."""
    return kept(ec2).quotas.get(code, QUOTAS[code].applied)
