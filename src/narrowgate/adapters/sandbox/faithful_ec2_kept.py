"""What the faithful EC2 keeps beyond moto: in moto's own backend of an account and region, so that it lives and ends
with it and a replay makes it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.ec2.exceptions import EC2ClientError


@dataclass(slots=True)
class Kept:
    """Answers by operation and ClientToken, with the parameters; the quotas that were raised, by code."""

    answers: dict[tuple[str, str], tuple[str, Any]] = field(default_factory=dict)
    quotas: dict[str, float] = field(default_factory=dict)


def kept(backend: Any) -> Kept:
    """What is kept in a backend of moto's."""
    found: Kept = vars(backend).setdefault("narrowgate_kept", Kept())
    return found


def refused(code: str, message: str) -> EC2ClientError:
    """An error of EC2's, to be raised. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html"""
    return EC2ClientError(code, message)


def tags_of(specifications: Iterable[Mapping[str, Any]], type_: str) -> dict[str, str]:
    """The tags that TagSpecifications give to a type of resource."""
    given = (tag for each in specifications if each.get("ResourceType") == type_ for tag in each.get("Tags", ()))
    return {tag["Key"]: tag.get("Value", "") for tag in given}


def instances_of(ec2: Any) -> Iterator[Any]:
    """Every instance, terminated ones included."""
    return (instance for reservation in ec2.reservations.values() for instance in reservation.instances)


def subnets_of(ec2: Any) -> Iterator[Any]:
    """Every subnet."""
    return (subnet for of_zone in ec2.subnets.values() for subnet in of_zone.values())


def groups_of(ec2: Any) -> Iterator[Any]:
    """Every security group."""
    return (group for of_vpc in ec2.groups.values() for group in of_vpc.values())
