"""Platforms as data: the names that the vendor's guide gives, and the calls of its installer and nodes. Pure."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from narrowgate.calls import Call
from narrowgate.catalogue.facts import Attributes
from narrowgate.happening import Happening
from narrowgate.platform import Minimum
from narrowgate.resource import Installation
from narrowgate.spec import Spec


@dataclass(frozen=True, slots=True)
class Existing:
    """A network that is there already and is not ours: ids of the VPC and the subnet, and the VPC's CIDR block."""

    vpc: str
    subnet: str
    cidr: str


@dataclass(frozen=True, slots=True)
class Variant:
    """How a platform is installed: in a new VPC or an existing one, by auto-scaling groups or instance by instance."""

    network: Existing | None = None
    launch: Literal["groups", "instances"] = "groups"


@dataclass(frozen=True, slots=True)
class Ground:
    """What the calls of an installer and of its nodes depend on."""

    spec: Spec
    installation: Installation
    variant: Variant = Variant()


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A call that must never be allowed, and which of the requests that AWS decides for it must be refused.

    `call` names strangers' things by Refs. `action` and, unless it is empty, resource `type` tell the requests: a
    launch in a stranger's subnet is refused for the subnet, not for the image. `region` where it is not the
    installation's.
    """

    name: str
    call: Call
    action: str
    type: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """One platform. Its default policies are derived from its calls (`narrowgate.workload`)."""

    name: str
    doc: str
    defaults: Mapping[str, Mapping[str, str]]
    """The names of the spec's `installer` and `node`."""
    minima: Mapping[str, Minimum]
    """What the nodes of each cluster, `data` and `application`, must be at least."""
    installer_calls: Callable[[Ground], tuple[Happening, ...]]
    """Every call of an installer of this platform, in order, of all phases."""
    node_calls: Callable[[Ground], tuple[Happening, ...]]
    """Every call that a node makes with its role."""
    known: Callable[[Ground], Mapping[str, Attributes]]
    """What is known of things that none of the calls makes: the nodes that groups launch, associations."""
    forbidden: Callable[[Ground], tuple[Forbidden, ...]]
    """What neither the installer nor a node may ever do."""
    strangers: Callable[[Ground], Mapping[str, Attributes]]
    """What is known of the things that the forbidden calls name."""
    evidence: Call
    """A harmless read in the service that the installer's key is for."""


def profiles() -> Mapping[str, Profile]:
    """Every profile, by name."""
    modules = (importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__))
    found = [m.PROFILE for m in modules if hasattr(m, "PROFILE")]
    return {p.name: p for p in sorted(found, key=lambda p: p.name)}
