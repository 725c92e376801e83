"""CIDR blocks and addresses, as a person writes them and as AWS's networks take them. Pure.

Source: CreateVpc and CreateSubnet, Amazon EC2 API Reference; "Subnet sizing", Amazon VPC User Guide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator

LARGEST: Final = 16
SMALLEST: Final = 28
"""Prefix lengths between which AWS makes VPCs and subnets."""
_NOT_FOR_HOSTS: Final = tuple(map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")))
_INTERNET: Final = (IPv4Network("0.0.0.0/0"), IPv6Network("2000::/3"))
"""Everybody: all of IPv4, and all of IPv6 that is handed out (RFC 4291, global unicast)."""


def _block(value: str) -> str:
    try:
        return str(ip_network(value))
    except ValueError as error:
        raise ValueError(f"it is not a CIDR block such as `203.0.113.0/24`: {error}") from None


def _network_block(value: str) -> str:
    try:
        network = IPv4Network(value)
    except ValueError as error:
        raise ValueError(f"it is not an IPv4 CIDR block such as `10.0.0.0/16`: {error}") from None
    if not LARGEST <= network.prefixlen <= SMALLEST:
        raise ValueError(f"AWS allows /{LARGEST} to /{SMALLEST} for VPCs and subnets, this is a /{network.prefixlen}")
    if any(network.overlaps(special) for special in _NOT_FOR_HOSTS):
        raise ValueError("no host can have an address of this range; take one such as `10.0.0.0/16`")
    return str(network)


def _address(value: str) -> str:
    try:
        return str(IPv4Address(value))
    except ValueError as error:
        raise ValueError(f"it is not an IPv4 address such as `10.0.0.200`: {error}") from None


Cidr: TypeAlias = Annotated[str, AfterValidator(_block)]
"""A CIDR block of IPv4 or IPv6 without host bits, in its canonical form; an address alone is a block of one."""
NetworkCidr: TypeAlias = Annotated[str, AfterValidator(_network_block)]
"""An IPv4 CIDR block that a VPC or a subnet can have."""
Address: TypeAlias = Annotated[str, AfterValidator(_address)]
"""An IPv4 address."""


def is_within(inner: str, outer: str) -> bool:
    """Whether every address of one block is in the other. Both of one IP version, else False."""
    small, large = ip_network(inner), ip_network(outer)
    return small.network_address in large and small.prefixlen >= large.prefixlen


def reserved(subnet: str) -> tuple[str, ...]:
    """The five addresses that AWS keeps in a subnet: the first four and the last."""
    network = IPv4Network(subnet)
    return (*(str(network[position]) for position in range(4)), str(network[-1]))


def room(subnet: str) -> int:
    """How many addresses a subnet has for interfaces and what they share."""
    return IPv4Network(subnet).num_addresses - len(reserved(subnet))


def overlapping(blocks: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Positions of blocks that lie in another one, each with the position of one that it lies in."""
    networks = [ip_network(block) for block in blocks]
    # So sorted, a block follows all that it lies in, with nothing between that they do not contain.
    order = sorted(range(len(blocks)), key=lambda at: _rank(networks[at]))
    around: int | None = None
    for position in order:
        if around is not None and is_within(blocks[position], blocks[around]):
            yield position, around
        else:
            around = position


def _rank(network: IPv4Network | IPv6Network) -> tuple[int, int, int]:
    return network.version, int(network.network_address), network.prefixlen


def is_everybody(blocks: Iterable[str]) -> bool:
    """Whether the blocks together let in the whole internet, of IPv4 or of IPv6."""
    networks = [ip_network(block) for block in blocks]
    four = collapse_addresses(n for n in networks if isinstance(n, IPv4Network))
    six = collapse_addresses(n for n in networks if isinstance(n, IPv6Network))
    whole = (*map(str, four), *map(str, six))
    return any(is_within(str(internet), block) for internet in _INTERNET for block in whole)
