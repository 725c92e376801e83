"""What is known of the place where a vendor's program will run: by it its grants are scoped. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from narrowgate.catalogue.facts import Place
from narrowgate.derive.scope import Own

NO_TAGS: Final = Own(MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Context:
    """Account, region and what marks the program's own things there. Empty: not known.

    `own`: tags that everything carries which the program makes; a program that does not set them is refused by
    what rests on them. `vpcs`, `subnets`: ids. `profile`: the ARN of the nodes' instance profile. `roles`: ARNs of
    the roles that may be passed; `services`: to which service principals. `boundary`: the ARN of the permissions
    boundary of every role that the program makes.
    """

    place: Place
    own: Own = NO_TAGS
    vpcs: tuple[str, ...] = ()
    subnets: tuple[str, ...] = ()
    profile: str = ""
    roles: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    boundary: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the person drops: actions by name in any case, or all that nobody observed."""

    actions: frozenset[str] = frozenset()
    unobserved: bool = False


NOTHING_DROPPED: Final = Choice()
