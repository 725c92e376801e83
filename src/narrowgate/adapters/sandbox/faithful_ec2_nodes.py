"""Instances as AWS has them where moto 5.2.5 does not: their interfaces are told one by one, and end with them.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/terminating-instances.html
"""

from __future__ import annotations

from typing import Any

from moto.ec2.models.instances import Instance

from narrowgate.adapters.sandbox.faithful_ec2_interfaces import Interface


class Node(Instance):  # type: ignore[misc]  # moto is not typed
    """An instance. Whoever launches it gives it its interfaces."""

    def prep_nics(self, *_: Any, **__: Any) -> None:
        """No interface yet."""
        self.nics: dict[int, Any] = {}

    @property
    def instance_id(self) -> str:
        """Its id, under the name that is shown: moto finds it by the name of its own class."""
        return str(self.id)

    @property
    def instance_lifecycle(self) -> str | None:
        """`spot` or nothing, under the name that is shown."""
        found: str | None = self.lifecycle
        return found

    @property
    def security_groups(self) -> list[Any]:
        """Those of the primary interface: AWS knows no others.

        https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
        """
        primary = vars(self).get("nics", {}).get(0)
        return list(primary._group_set) if primary else []

    @security_groups.setter
    def security_groups(self, groups: list[Any]) -> None:
        """Give the primary interface others."""
        if primary := vars(self).get("nics", {}).get(0):
            primary._group_set = list(groups)

    @property
    def private_ip(self) -> str | None:
        """The primary private address; none once it is terminated."""
        return self.nics[0].private_ip_address if 0 in self.nics else None

    @property
    def private_ip_address(self) -> str | None:
        """The same, under the name that is shown."""
        return self.private_ip

    @property
    def private_dns_name(self) -> str:
        """The private name; empty once it is terminated."""
        return str(super().private_dns_name) if self.private_ip else ""

    @property
    def public_ip(self) -> str | None:
        """The public address of the primary interface."""
        return self.nics[0].public_ip if 0 in self.nics else None

    @property
    def public_ip_address(self) -> str | None:
        """The same, under the name that is shown."""
        return self.public_ip

    def terminate(self) -> Any:
        """Ends it: interfaces that end with it are gone, others are free; it has no addresses any more.

        Ending it again changes nothing.
        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TerminateInstances.html
        """
        interfaces, self.nics = list(self.nics.values()), {}
        for each in interfaces:
            _let_go(each)
        previous = super().terminate()
        self._subnet_id = None
        return previous


def _let_go(interface: Any) -> None:
    ends = interface.delete_on_termination
    interface.instance = interface.attachment_id = interface.attach_time = interface.device_index = None
    interface.status = "available"
    if not ends:
        interface.stop()
    elif isinstance(interface, Interface):
        interface.delete()
    else:
        interface.ec2_backend.delete_network_interface(interface.id)
