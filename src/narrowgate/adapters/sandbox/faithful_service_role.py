"""The service-linked role that a service makes for itself when it is first used, where nobody made it before.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/autoscaling-service-linked-role.html
"""

from __future__ import annotations

from typing import Any

from narrowgate.adapters.sandbox import managed
from narrowgate.adapters.sandbox.faithful_roles import SERVICE_ROLES
from narrowgate.adapters.sandbox.unique import in_seconds


def ensure(iam: Any, service: str, partition: str) -> None:
    """Make the role of the service (`autoscaling.amazonaws.com`) in an IAM of moto's, unless it is there.

    It remains when what it was made for is gone.
    """
    ending, policy = SERVICE_ROLES[service]
    name = f"AWSServiceRoleFor{ending}"
    if name in {role.name for role in iam.get_roles()}:
        return
    role = iam.create_service_linked_role(service, "", "")
    role.name = name
    in_seconds(role)
    arn = f"arn:{partition}:iam::aws:policy/aws-service-role/{policy}"
    managed.require(iam, arn)
    if found := iam.managed_policies.get(arn):
        found.attach_to(role)
