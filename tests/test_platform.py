"""The section `platform`: CIDR arithmetic against every address that `ipaddress` lists; what is read."""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv4Network, ip_network
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from narrowgate.cidr import is_everybody, is_within, overlapping, reserved, room
from narrowgate.platform import Existing, New, Platform
from narrowgate.profiles import profiles
from narrowgate.spec import Spec
from narrowgate.spec_text import parse
from narrowgate.verbs.spec_file import known

LAW = settings(deadline=None)  # a busy machine proves nothing
REGION = "eu-west-1"
KNOWN = known()
SECTION: dict[str, Any] = {
    "network": {"new": {"cidr": "10.0.0.0/16", "subnet": "10.0.0.0/24"}},
    "image": {"id": "ami-0123456789abcdef0"},
    "data": {"nodes": 3, "instance_type": "i3.2xlarge", "volume": {"size": 400}},
    "application": {"nodes": 3, "instance_type": "m5.4xlarge", "volume": {"size": 250}},
    "installer_cidr": "203.0.113.4/32",
    "public_key": "id_ed25519.pub",
    "shared_address": "10.0.0.200",
}
EXISTING = {"vpc": "vpc-0123456789abcdef0", "cidr": "10.0.0.0/16", "subnet": "subnet-0123456789abcdef0"}


def platform(**changes: Any) -> Platform:
    return Platform.model_validate({**SECTION, **changes})


def nodes(part: str, count: int) -> dict[str, Any]:
    return {**SECTION[part], "nodes": count}


def where(wish: Platform) -> set[str]:
    return {".".join(map(str, place)) for place, _ in wish.clashes(REGION)}


def blocks4(shortest: int = 0, longest: int = 32) -> st.SearchStrategy[str]:
    """Blocks around 10.0.0.0, near enough to meet; of every length."""
    first = int(IPv4Address("10.0.0.0"))
    networks = st.builds(
        lambda offset, length: IPv4Network((first + offset, length), strict=False),
        st.integers(0, 2**17 - 1),
        st.integers(shortest, longest),
    )
    return networks.map(str)


BLOCKS6 = st.builds(
    lambda number, length: str(ip_network((number << 112, length), strict=False)),
    st.integers(0, 2**16 - 1),
    st.integers(0, 16),
)
BLOCKS = st.one_of(blocks4(), BLOCKS6)


# CIDR arithmetic


@LAW
@given(blocks4(24), blocks4(20))
@example("10.0.0.0/24", "10.0.0.0/24")
@example("10.0.0.0/24", "10.0.0.0/25")
@example("10.0.1.0/24", "10.0.0.0/24")
def test_a_block_is_within_another_when_each_address_is(inner: str, outer: str) -> None:
    large = IPv4Network(outer)
    assert is_within(inner, outer) == all(address in large for address in IPv4Network(inner))


@LAW
@given(BLOCKS, BLOCKS)
def test_blocks_of_two_versions_are_never_within_each_other(inner: str, outer: str) -> None:
    if ip_network(inner).version != ip_network(outer).version:
        assert not is_within(inner, outer)


@LAW
@given(blocks4(20, 28))
def test_room_and_what_aws_keeps_are_the_whole_subnet(subnet: str) -> None:
    every = [str(address) for address in IPv4Network(subnet)]
    kept = reserved(subnet)
    assert kept == (*every[:4], every[-1])
    assert room(subnet) == len(set(every) - set(kept))


@LAW
@given(st.lists(BLOCKS, max_size=8))
@example(["10.0.0.0/24", "10.0.0.0/24"])
@example(["10.0.0.0/16", "10.0.1.0/24", "10.0.1.0/25", "10.0.2.0/24"])
def test_overlapping_leaves_blocks_that_do_not_overlap_and_loses_none(blocks: list[str]) -> None:
    pairs = tuple(overlapping(blocks))
    spare = {inner for inner, _ in pairs}
    assert len(spare) == len(pairs)
    assert all(inner != outer and is_within(blocks[inner], blocks[outer]) for inner, outer in pairs)
    assert all(outer not in spare for _, outer in pairs)
    left = [ip_network(block) for position, block in enumerate(blocks) if position not in spare]
    for one, other in combinations(left, 2):
        assert one.version != other.version or not one.overlaps(other)


@LAW
@given(st.lists(st.integers(0, 2**10 - 1), max_size=6), st.booleans())
def test_everybody_is_who_is_left_out_by_none(halves: list[int], whole: bool) -> None:
    """Splits the internet into blocks again and again: together they are everybody, without one they are not."""
    parts = [IPv4Network("0.0.0.0/0")]
    for choice in halves:
        parts += parts.pop(choice % len(parts)).subnets()
    assert is_everybody(map(str, parts))
    if not whole:
        parts.pop(halves[0] % len(parts) if halves else 0)
        assert not is_everybody(map(str, parts))


# The section


@LAW
@given(blocks4(16, 28), blocks4(22, 28), st.sampled_from([1, 3]), st.integers(1, 300))
@example("10.0.0.0/16", "10.0.0.0/28", 3, 7)
@example("10.0.0.0/16", "10.0.0.0/28", 3, 8)
def test_a_subnet_is_taken_when_it_is_inside_and_has_an_address_for_each(
    vpc: str, subnet: str, data: int, application: int
) -> None:
    network = {"new": {"cidr": vpc, "subnet": subnet}}
    wish = platform(network=network, data=nodes("data", data), application=nodes("application", application))
    inside = IPv4Network(subnet).subnet_of(IPv4Network(vpc))
    # AWS keeps the first four and the last; one is shared.
    enough = len(list(IPv4Network(subnet))[4:-1]) >= data + application + 1
    assert ("network.new.subnet" not in where(wish)) == (inside and enough)


@LAW
@given(blocks4(20, 28), st.integers(-3, 2**12 + 3))
@example("10.0.0.0/28", 3)
@example("10.0.0.0/28", 4)
@example("10.0.0.0/28", 14)
@example("10.0.0.0/28", 15)
def test_the_shared_address_is_taken_when_the_subnet_can_give_it(subnet: str, offset: int) -> None:
    address = IPv4Network(subnet)[0] + offset
    network = {"new": {"cidr": subnet, "subnet": subnet}}
    wish = platform(network=network, shared_address=str(address))
    assert ("shared_address" not in where(wish)) == (address in list(IPv4Network(subnet))[4:-1])


@LAW
@given(st.integers(0, 255), st.integers(0, 2**24 - 1), st.integers(14, 30), st.integers(0, 24))
@example(10, 0, 16, 0)
@example(10, 0, 28, 0)
@example(0, 0, 16, 24)
@example(127, 5 << 16, 16, 0)
@example(169, 254 << 16, 20, 0)
@example(224, 0, 16, 0)
@example(240, 0, 16, 0)
@example(255, 255 << 16, 16, 0)
def test_a_network_is_taken_when_it_has_the_size_and_no_host_bits(
    first: int, rest: int, length: int, cleared: int
) -> None:
    text = f"{IPv4Address((first << 24) + (rest >> cleared << cleared))}/{length}"
    network = IPv4Network(text, strict=False)
    odd = network.is_multicast or network.is_loopback or network.is_link_local or network.is_reserved
    odd = odd or first == 0
    good = str(network) == text and 16 <= length <= 28 and not odd
    if good:
        assert New(cidr=text, subnet=text).cidr == text
        return
    with pytest.raises(ValidationError):
        New(cidr=text, subnet=text)


@pytest.mark.parametrize("data", [1, 2, 3, 4])
@pytest.mark.parametrize("application", [1, 2, 3, 4])
def test_three_data_nodes_need_three_application_nodes(data: int, application: int) -> None:
    found = where(platform(data=nodes("data", data), application=nodes("application", application)))
    assert ("data.nodes" in found) == (data in (2, 4))
    assert ("application.nodes" in found) == (data == 3 and application < 3)


def test_a_network_is_what_was_written() -> None:
    new = platform().network
    assert new == New(cidr="10.0.0.0/16", subnet="10.0.0.0/24")
    existing = platform(network={"existing": EXISTING}).network
    assert existing == Existing(**EXISTING)
    assert platform(network=existing).network is existing


def test_what_is_left_out_is_narrow() -> None:
    found = platform()
    assert not (found.public_ips or found.whitelist or found.support_access or found.open_to_everyone)
    assert found.metadata_hop_limit == 1
    assert found.data.volume.encrypted


@pytest.mark.parametrize("network", [SECTION["network"], {"existing": EXISTING}])
def test_a_written_spec_is_read_as_the_same(network: dict[str, Any]) -> None:
    text = json.dumps({"system": "abc", "region": REGION, "platform": {**SECTION, "network": network}})
    spec = parse(text, "platform.yaml", KNOWN)
    assert spec.platform == platform(network=network)
    assert Spec.model_validate_json(spec.model_dump_json()) == spec
    assert Spec.model_validate(spec.model_dump(mode="json", exclude_none=True)) == spec


def test_every_instance_type_of_a_profile_exists_and_is_taken() -> None:
    from botocore.loaders import Loader

    there = set(Loader().load_service_model("ec2", "service-2")["shapes"]["InstanceType"]["enum"])
    for profile in profiles().values():
        for part in ("data", "application"):
            for instance_type in profile.minima[part].instance_types:
                assert instance_type in there
                wish = platform(**{part: {**SECTION[part], "instance_type": instance_type}})
                assert not tuple(wish.too_small(profile.minima))


def test_a_long_whitelist_is_read_in_no_time() -> None:
    """Thousands of blocks are compared in one pass; each with each would take minutes."""
    whitelist = [f"198.{a}.{b}.0/24" for a in range(18, 20) for b in range(256)] * 10
    assert len(where(platform(whitelist=whitelist))) == len(whitelist) - 512


def test_the_public_key_is_a_name_and_nothing_is_read() -> None:
    assert platform(public_key=str(Path("keys", "no such key.pub"))).public_key == "keys/no such key.pub"
