"""What a wanted thing is: how it is read, and which calls make, change and unmake it. Pure.

Writes are data, because a person and a prover must see them before they happen. Reads are generator
scripts, because one reply decides the next question.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from narrowgate.calls import EMPTY, Call, Fields, Reply
from narrowgate.spec import OWN_TAGS

Change: TypeAlias = Literal["create", "update", "store", "delete"]
Principal: TypeAlias = Literal["admin", "installer", "node"]
Observed: TypeAlias = "Fields | None"
"""What was read of a thing, in AWS's member names; None when it does not exist."""

Script: TypeAlias = Generator["Call | tuple[Call, ...]", Any, Observed]
"""Yields a Call and receives its `Reply | None`, or a tuple of Calls to be made together and receives theirs."""

INSTALLATION, ADDRESS = OWN_TAGS


@dataclass(frozen=True, slots=True)
class Draft:
    """One write that a resource wants made, before the planner gives it a place."""

    call: Call
    change: Change
    why: str
    needs: tuple[str, ...] | None = None
    """Addresses that must be there first; None means the resource's own needs."""
    note: Fields = EMPTY
    """What the journal must remember beside the call."""
    extra: str = ""
    """What somebody else attached, in words: removed only with `--force`."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a thing cannot be made as wanted; it refuses the whole plan before any write."""

    message: str


@dataclass(frozen=True, slots=True)
class Resource:
    """A wanted thing. `address` is `<kind>.<role it plays>`, such as `iam_user.installer`."""

    address: str
    name: str
    """What a person calls it in AWS."""
    identity: str
    """What makes it one thing in AWS whatever its address: its ARN, or its parent's with a suffix."""
    needs: tuple[str, ...]
    """Addresses that must exist before it, and that outlive it."""
    read: Callable[[bool], Script]
    """Asked with True, it also reads what only a teardown must know."""
    create: tuple[Draft, ...]
    change: Callable[[Fields], tuple[Draft | Obstacle, ...]]
    delete: Callable[[Fields], tuple[Draft, ...]]
    parent: str = ""
    """The address whose ownership it shares, where AWS cannot tag it."""
    unsupported: tuple[tuple[str, str], ...] = ()
    """Options that AWS has no place for on this kind, with the reason."""
    principal: Principal = "admin"
    """Who makes, changes and unmakes it."""

    @property
    def kind(self) -> str:
        """The module under `kinds/` that describes it."""
        return self.address.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource, found by its module constant `KIND`; its facts are the docs' table."""

    name: str
    doc: str
    options: tuple[str, ...]
    """Which of path, name_prefix, tags, permissions_boundary AWS supports on it."""


@dataclass(frozen=True, slots=True)
class Installation:
    """Where the resources live and what all of them share."""

    system: str
    account: str
    partition: str
    region: str
    path: str
    tags: Fields
    boundary: str | None

    def arn(self, kind: str, name: str) -> str:
        """The ARN of an IAM object of ours: `arn("user", "Provazio")`."""
        return f"arn:{self.partition}:iam::{self.account}:{kind}{self.path}{name}"

    def tags_of(self, address: str) -> Fields:
        """Every tag that the thing at `address` must carry: the person's and our two."""
        return Fields({**self.tags, INSTALLATION: self.system, ADDRESS: address})

    @property
    def service_suffix(self) -> str:
        """The DNS suffix of service principals in the partition."""
        return "amazonaws.com.cn" if self.partition == "aws-cn" else "amazonaws.com"


def tag_list(tags: Mapping[str, Any]) -> tuple[Fields, ...]:
    """Tags in the form of AWS's create calls."""
    return tuple(Fields(Key=k, Value=tags[k]) for k in sorted(tags))


def tags_in(reply: Reply) -> Fields:
    """The tags of a reply's `Tags` list as a mapping; sandbox and AWS leave the list out when empty."""
    return Fields({t.text("Key"): t.text("Value") for t in reply.items_of("Tags")})


def missing_tags(observed: Fields, wanted: Fields) -> Fields:
    """Wanted tags that are absent or differ. Tags that others added are theirs and stay."""
    found = observed.group("Tags")
    return Fields({k: v for k, v in wanted.items() if found.get(k) != v})
