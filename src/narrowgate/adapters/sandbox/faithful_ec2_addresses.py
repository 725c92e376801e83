"""Elastic IPs as AWS has them where moto 5.2.5 does not, and the quotas of a new account.

https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
"""

from __future__ import annotations

from typing import Any

from moto.ec2.responses import EC2Response

from narrowgate.adapters.sandbox.faithful_ec2_kept import refused
from narrowgate.adapters.sandbox.faithful_quotas_values import ADDRESSES, RULES, VPCS, value_of


class Addresses(EC2Response):  # type: ignore[misc]  # moto is not typed
    """What EC2 says of Elastic IPs."""

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AllocateAddress.html
    def allocate_address(self) -> Any:
        """AddressLimitExceeded beyond the quota, five by default."""
        ec2 = self.ec2_backend
        if len(ec2.addresses) >= value_of(ec2, ADDRESSES):
            raise refused("AddressLimitExceeded", "The maximum number of addresses has been reached.")
        return super().allocate_address()

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateAddress.html
    def associate_address(self) -> Any:
        """The interface that had the address loses it; the one that gets it loses the one that it had."""
        ec2 = self.ec2_backend
        before = {each.allocation_id: each.eni for each in ec2.addresses}
        result = super().associate_address()
        address = next(each for each in ec2.addresses if each.association_id == result.result["AssociationId"])
        self._lose(before.get(address.allocation_id), address)
        for other in ec2.addresses:
            if other is not address and other.eni is address.eni:
                other.eni = other.instance = other.association_id = None
        address.instance = address.eni.instance
        return result

    def _lose(self, interface: Any, address: Any) -> None:
        if interface is not None and interface is not address.eni:
            interface.public_ip = None
            interface.check_auto_public_ip()

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReleaseAddress.html
    def release_address(self) -> Any:
        """InvalidIPAddress.InUse while it is associated; moto disassociates it."""
        ids = (self._get_param("AllocationId"), self._get_param("PublicIp"))
        used = next((a for a in self.ec2_backend.addresses if {a.allocation_id, a.public_ip} & set(ids)), None)
        if used is not None and used.association_id:
            raise refused("InvalidIPAddress.InUse", f"Address {used.public_ip} is in use.")
        return super().release_address()


class Quotas(EC2Response):  # type: ignore[misc]  # moto is not typed
    """The quotas of VPCs and of the rules of a security group."""

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpc.html
    def create_vpc(self) -> Any:
        """VpcLimitExceeded beyond the quota, five by default, the default VPC among them."""
        ec2 = self.ec2_backend
        if len(ec2.vpcs) >= value_of(ec2, VPCS):
            raise refused("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
        return super().create_vpc()

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupIngress.html
    def authorize_security_group_ingress(self) -> Any:
        """RulesPerSecurityGroupLimitExceeded beyond the quota, before any rule of the call is made."""
        self._refuse_rules("ingress_rules")
        return super().authorize_security_group_ingress()

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AuthorizeSecurityGroupEgress.html
    def authorize_security_group_egress(self) -> Any:
        """The same for egress, which is counted by itself."""
        self._refuse_rules("egress_rules")
        return super().authorize_security_group_egress()

    def _refuse_rules(self, which: str) -> None:
        given = list(self._process_rules_from_querystring())
        group = self.ec2_backend.get_security_group_by_name_or_id(given[0]["group_name_or_id"]) if given else None
        new = sum(len(each[kind] or ()) for each in given for kind in ("ip_ranges", "source_groups", "prefix_list_ids"))
        if group is not None and len(getattr(group, which)) + new > value_of(self.ec2_backend, RULES):
            raise refused(
                "RulesPerSecurityGroupLimitExceeded",
                "The maximum number of rules per security group has been reached.",
            )
