"""EC2 as AWS answers where moto 5.2.5 does not. Each override names the page that it follows.

Loaded only when the first call comes. moto's classes stay as they are: these are subclasses, put in their place by
`engine`.
"""

from __future__ import annotations

from narrowgate.adapters.sandbox.faithful_ec2_addresses import Addresses, Quotas
from narrowgate.adapters.sandbox.faithful_ec2_dependencies import Deletions
from narrowgate.adapters.sandbox.faithful_ec2_instances import Instances, Templates
from narrowgate.adapters.sandbox.faithful_ec2_interfaces import Interfaces
from narrowgate.adapters.sandbox.faithful_ec2_placement import PlacementGroups
from narrowgate.adapters.sandbox.faithful_ec2_profiles import ProfileAssociations
from narrowgate.adapters.sandbox.faithful_ec2_tokens import Idempotent


class FaithfulEc2(
    Idempotent,
    Instances,
    Templates,
    Interfaces,
    ProfileAssociations,
    Addresses,
    Quotas,
    PlacementGroups,
    Deletions,
):
    """EC2, with launches, interfaces, tokens, quotas and dependencies as AWS has them."""
