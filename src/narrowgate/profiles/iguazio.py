"""The Iguazio data-science platform on EC2: the guide's names, and the calls of a reference installer. Pure.

The installer is ours, not the vendor's: it tags what it creates with `narrowgate:installation` and touches only what
carries that tag. Its calls are written down here, not recorded; the vendor's own installer has its own policy file
(`policy_source: {file: ...}`).
"""

from __future__ import annotations

from typing import Final

from narrowgate.calls import call
from narrowgate.happening import Happening
from narrowgate.platform import Minimum
from narrowgate.profiles import Ground, Profile
from narrowgate.profiles.iguazio_facts import known, strangers
from narrowgate.profiles.iguazio_forbidden import forbidden
from narrowgate.profiles.iguazio_install import install, preflight
from narrowgate.profiles.iguazio_names import Names, happenings
from narrowgate.profiles.iguazio_operate import failover, operate, teardown


def installer_calls(ground: Ground) -> tuple[Happening, ...]:
    """The calls of the reference installer: preflight, install, operate, teardown."""
    names = Names(ground)
    return (
        *happenings(ground, "installer", "preflight", preflight(names)),
        *happenings(ground, "installer", "install", install(names)),
        *happenings(ground, "installer", "operate", operate(names)),
        *happenings(ground, "installer", "teardown", teardown(names)),
    )


def node_calls(ground: Ground) -> tuple[Happening, ...]:
    """The calls of a node that takes the shared address and gives it up."""
    return tuple(happenings(ground, "node", "failover", failover(Names(ground))))


MINIMA: Final = {
    "data": Minimum(("i3.2xlarge", "i3.4xlarge", "i3.8xlarge"), volume=400),
    "application": Minimum(
        (
            *(f"m5.{size}xlarge" for size in (4, 8, 12, 16, 24)),
            *(f"p3.{size}xlarge" for size in (8, 16)),
            *(f"g4dn.{size}xlarge" for size in (12, 16)),
        ),
        volume=250,
    ),
}
"""The guide's sizes, the smallest first; an instance type that nobody vouches for is not among them."""

PROFILE = Profile(
    name="iguazio",
    doc="the Iguazio data-science platform on EC2",
    defaults={
        "installer": {"user": "Provazio", "policy": "ManageIguazioSystems"},
        "node": {
            "role": "IguazioDataScienceNode",
            "policy": "AssignPrivateIPAddresses",
            "instance_profile": "IguazioDataScienceNode",
        },
    },
    minima=MINIMA,
    installer_calls=installer_calls,
    node_calls=node_calls,
    known=known,
    forbidden=forbidden,
    strangers=strangers,
    evidence=call("ec2", "DescribeInstances", MaxResults=5),
)
