"""A platform as a person asks for it, for tests of what installs it."""

from __future__ import annotations

from narrowgate.infrastructure import Given
from narrowgate.platform import Cluster, Image, New, Platform, Volume

PUBLIC_KEY = (
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDusXfgTE4eBP50NglSzCSEGnIL6+cr6m3H6cZANOQ+P1o/W4BdtcAL3sor4iGi7SOeJgo8kweyM"
    "Qrhrt6HaKGgromRiz37LQx+4YsMUE+WpPCzvbj0Yq6cyBd5UDmxKPBRrXI/yCPxKOOQHp+OGiXGpZpVRUaXFVcXm+XSq3NImj2eGqGNBi3gsr93wH+"
    "T6pWA+X6gaWFmkLLfYnB9JcJVPp9tDd9QOpTQqLRJiyJHtpvYc1DRyeMgxJ+TyFTKqtg6KJRxEwVxKTEXwvxpDg+ZGYAW6uLCmCzCJRUHbjAyRcSOf"
    "zY0XKUj4OX4eFvPxXJ1TzcVU5tDGMxnGPqS+p8D ann@example"
)


def cluster(nodes: int, instance_type: str = "m5.4xlarge", size: int = 400) -> Cluster:
    """Nodes of one sort."""
    return Cluster(nodes=nodes, instance_type=instance_type, volume=Volume(size=size))


NEW = New(cidr="10.0.0.0/16", subnet="10.0.0.0/24")
PLATFORM = Platform(
    network=NEW,
    image=Image(id="ami-12345678"),
    data=cluster(3, "i3.2xlarge"),
    application=cluster(3, "m5.4xlarge", 250),
    installer_cidr="203.0.113.4/32",
    public_key="id.pub",
    shared_address="10.0.0.200",
)


def other(platform: Platform = PLATFORM, **changes: object) -> Platform:
    """The platform with other wishes."""
    return platform.model_copy(update=changes)


def given(instance_profile: str, image: str = "ami-12345678", *, ssh: bool = True) -> Given:
    """What comes from elsewhere than the spec's section."""
    return Given(instance_profile, image, PUBLIC_KEY, support=("192.0.2.1/32",), ssh=ssh)
