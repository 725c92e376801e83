"""Scaling activities: what a group did, and why it could not.

https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-verify-scaling-activity.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from moto.core.utils import utcnow
from moto.moto_api._internal import mock_random

from narrowgate.adapters.sandbox.faithful_ec2_launch import Order


@dataclass(frozen=True, slots=True)
class Activity:
    """One activity. `message` is why it failed; the empty string where it did not."""

    id: str
    group: str
    arn: str
    description: str
    cause: str
    at: datetime
    message: str
    details: str

    def told(self, *, is_gone: bool) -> dict[str, Any]:
        """As DescribeScalingActivities tells it."""
        found = {
            "ActivityId": self.id,
            "AutoScalingGroupName": self.group,
            "AutoScalingGroupARN": self.arn,
            "Description": self.description,
            "Cause": self.cause,
            "StartTime": self.at,
            "EndTime": self.at,
            "StatusCode": "Failed" if self.message else "Successful",
            "Progress": 100,
            "Details": self.details,
        }
        told = {"StatusMessage": self.message} if self.message else {}
        return found | told | ({"AutoScalingGroupState": "Deleted"} if is_gone else {})


def note(group: Any, what: str, why: str, message: str = "", subnet: Any = None) -> None:
    """Remember that the group did something, or failed to. The newest is the first."""
    where = {"Subnet ID": subnet.id, "Availability Zone": subnet.availability_zone} if subnet is not None else {}
    description = f"{what}.  Status Reason: {message}" if message else what
    now = utcnow()
    cause = f"At {now:%Y-%m-%dT%H:%M:%SZ} {why}"
    activities(group.autoscaling_backend).insert(
        0,
        Activity(str(mock_random.uuid4()), group.name, group.arn, description, cause, now, message, json.dumps(where)),
    )


def activities(backend: Any) -> list[Activity]:
    """Every activity of a region, those of deleted groups included; kept in moto's backend."""
    found: list[Activity] = vars(backend).setdefault("narrowgate_activities", [])
    return found


def failed(group: Any, order: Order, why: str, message: str) -> None:
    """A launch that EC2 refused."""
    words = f"{message.rstrip('.')}. Launching EC2 instance failed."
    note(group, "Launching a new EC2 instance", why, words, order.subnet)
