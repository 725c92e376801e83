"""A rule of a security group by its meaning: who reaches which ports. Pure.

AWS groups sources under permissions and permissions under calls; two groups that let the same in are the same.
Source: IpPermission, Amazon EC2 API Reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from narrowgate.calls import Fields

ALL = "-1"
# Where an IpPermission tells sources, and how it names one.
_SOURCES = (
    ("IpRanges", "CidrIp"),
    ("Ipv6Ranges", "CidrIpv6"),
    ("PrefixListIds", "PrefixListId"),
    ("UserIdGroupPairs", "GroupId"),
)


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """Packets from `source` (a CIDR block, a prefix list or a group) to the ports `first` to `last`; all with `ALL`."""

    source: str
    protocol: str = ALL
    first: int = -1
    last: int = -1

    @property
    def permission(self) -> Fields:
        """The rule as AWS takes it."""
        range_, member = next(pair for pair in _SOURCES if _is_source(self.source, pair[1]))
        ports = {} if self.protocol == ALL else {"FromPort": self.first, "ToPort": self.last}
        return Fields({"IpProtocol": self.protocol, range_: (Fields({member: self.source}),), **ports})

    def __str__(self) -> str:
        if self.protocol == ALL:
            return f"{self.source} to all ports"
        ports = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return f"{self.source} to {self.protocol} {ports}"


def tcp(source: str, ports: Iterable[tuple[int, int]]) -> Iterator[Rule]:
    """A rule for each range of TCP ports."""
    return (Rule(source, "tcp", first, last) for first, last in ports)


def rules_in(permissions: Iterable[Fields]) -> Iterator[Rule]:
    """The rules in a group's `IpPermissions`."""
    for each in permissions:
        for range_, member in _SOURCES:
            for source in each.items_of(range_):
                yield _rule(each, source.text(member))


def permissions_of(rules: Iterable[Rule]) -> tuple[Fields, ...]:
    """The rules as a call's `IpPermissions`, in a fixed order."""
    return tuple(rule.permission for rule in sorted(rules))


def _rule(permission: Fields, source: str) -> Rule:
    first, last = permission.get("FromPort"), permission.get("ToPort")
    if permission.text("IpProtocol") == ALL or not isinstance(first, int) or not isinstance(last, int):
        return Rule(source, permission.text("IpProtocol"))
    return Rule(source, permission.text("IpProtocol"), first, last)


def _is_source(source: str, member: str) -> bool:
    match source.split("-")[0]:
        case "sg":
            return member == "GroupId"
        case "pl":
            return member == "PrefixListId"
    return member == ("CidrIpv6" if ":" in source else "CidrIp")
