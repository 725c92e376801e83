"""A cluster's security group: its rules are exactly the table's, by meaning. Pure.

The public addresses of the other cluster's nodes are AWS's to give, so they are read; with them the rules are.
Source: CreateSecurityGroup, AuthorizeSecurityGroupIngress, RevokeSecurityGroupIngress, Amazon EC2 API Reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from narrowgate.calls import EMPTY, Fields, Ref, Reply, Value, call
from narrowgate.kinds.ec2_drafts import UNSUPPORTED, found, identity, listing, making, tagged
from narrowgate.kinds.security_rule import Rule, permissions_of, rules_in
from narrowgate.resource import ADDRESS, Change, Draft, Installation, Kind, Obstacle, Resource, Script, tags_in

KIND = Kind("security_group", "who reaches a cluster's nodes", options=("tags",))


@dataclass(frozen=True, slots=True)
class Wanted:
    """The group's name and description, its VPC, and its rules by the other cluster's public addresses."""

    name: str
    description: str
    vpc: Ref | str
    rules: Callable[[frozenset[str]], frozenset[Rule]]
    others: str
    """What the addresses of the other cluster's Elastic IPs begin with; empty where there are none."""


def resource(installation: Installation, address: str, wanted: Wanted) -> Resource:
    """The group, with the rules of `wanted.rules`."""
    create = making(
        installation,
        "CreateSecurityGroup",
        address,
        GroupName=wanted.name,
        Description=wanted.description,
        VpcId=wanted.vpc,
    )
    return Resource(
        address=address,
        name=wanted.name,
        identity=identity(installation, address),
        needs=(wanted.vpc.address,) if isinstance(wanted.vpc, Ref) else (),
        read=partial(_read, installation, address, wanted),
        create=(
            Draft(create, "create", "lets nobody in yet"),
            *_opened(installation, address, Ref(address, "GroupId"), wanted.rules(frozenset())),
        ),
        change=partial(_change, installation, address, wanted),
        delete=lambda there: (
            Draft(call("ec2", "DeleteSecurityGroup", GroupId=there["GroupId"]), "delete", "the group and its rules"),
        ),
        unsupported=UNSUPPORTED,
        principal="installer",
    )


def _read(installation: Installation, address: str, wanted: Wanted, whole: bool) -> Script:
    asked = (listing(installation, "DescribeSecurityGroups"), listing(installation, "DescribeAddresses"))
    groups, addresses = yield asked if wanted.others else (*asked[:1], *asked[:1])
    group = found(groups, "SecurityGroups", address)
    if group is None:
        return None
    return Fields(
        GroupId=group["GroupId"],
        Tags=tags_in(group),
        IpPermissions=group.items_of("IpPermissions"),
        Public=_public(addresses, wanted.others) if wanted.others else (),
    )


def _public(addresses: Reply | None, others: str) -> tuple[str, ...]:
    listed = (addresses or EMPTY).items_of("Addresses")
    return tuple(sorted(a.text("PublicIp") for a in listed if tags_in(a).text(ADDRESS).startswith(others)))


def _change(installation: Installation, address: str, wanted: Wanted, there: Fields) -> tuple[Draft | Obstacle, ...]:
    have = frozenset(rules_in(there.items_of("IpPermissions")))
    want = wanted.rules(frozenset(there.texts("Public")))
    # Open before closing: a node that changed its address is reachable sooner.
    return (
        *_opened(installation, address, there["GroupId"], want - have, "update"),
        *_closed(there["GroupId"], have - want),
    )


def _opened(
    installation: Installation, address: str, group: Value, rules: Iterable[Rule], change: Change = "create"
) -> tuple[Draft, ...]:
    missing = sorted(rules)
    if not missing:
        return ()
    authorize = call(
        "ec2",
        "AuthorizeSecurityGroupIngress",
        GroupId=group,
        IpPermissions=permissions_of(missing),
        TagSpecifications=tagged(installation, address, "security-group-rule"),
    )
    why = f"lets in {', '.join(map(str, missing))}"
    return (Draft(authorize, change, why),)


def _closed(group: Value, rules: Iterable[Rule]) -> tuple[Draft, ...]:
    extra = sorted(rules)
    if not extra:
        return ()
    revoke = call("ec2", "RevokeSecurityGroupIngress", GroupId=group, IpPermissions=permissions_of(extra))
    return (Draft(revoke, "update", f"no longer lets in {', '.join(map(str, extra))}"),)
