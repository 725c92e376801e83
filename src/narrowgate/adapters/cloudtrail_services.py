"""Which botocore service and operation an event is of. Nothing is guessed: where two fit, both are named.

CloudTrail names the service by its endpoint (`monitoring.amazonaws.com`), several of which share one
(`elasticloadbalancing`); the operation and the API's version tell them apart. Some names of operations have
the version's date at their end, and S3 has names of its own for some.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging-s3-info.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from narrowgate.adapters.cloudtrail_files import Event, group_of, text_of
from narrowgate.adapters.sandbox.services import profiles, service

if TYPE_CHECKING:
    from botocore.model import OperationModel, ServiceModel

_DATED: Final = re.compile(r"(?:20\d{6}|20\d\d_\d\d_\d\d)(?:v\d+)?$")
_S3: Final[Mapping[str, str]] = {
    "DeleteBucketPublicAccessBlock": "DeletePublicAccessBlock",
    "GetAccelerateConfiguration": "GetBucketAccelerateConfiguration",
    "GetAnalyticsConfiguration": "GetBucketAnalyticsConfiguration",
    "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
    "GetBucketNotification": "GetBucketNotificationConfiguration",
    "GetBucketObjectLockConfiguration": "GetObjectLockConfiguration",
    "GetBucketPublicAccessBlock": "GetPublicAccessBlock",
    "GetEncryptionConfiguration": "GetBucketEncryption",
    "GetInventoryConfiguration": "GetBucketInventoryConfiguration",
    "GetLifecycleConfiguration": "GetBucketLifecycleConfiguration",
    "GetMetricsConfiguration": "GetBucketMetricsConfiguration",
    "GetReplicationConfiguration": "GetBucketReplication",
    "PutAccelerateConfiguration": "PutBucketAccelerateConfiguration",
    "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
    "PutBucketNotification": "PutBucketNotificationConfiguration",
    "PutBucketObjectLockConfiguration": "PutObjectLockConfiguration",
    "PutBucketPublicAccessBlock": "PutPublicAccessBlock",
    "PutEncryptionConfiguration": "PutBucketEncryption",
    "PutLifecycleConfiguration": "PutBucketLifecycleConfiguration",
}
"""How S3's events name operations that the API names otherwise, or that the API has renamed."""


@dataclass(frozen=True, slots=True)
class Nameless:
    """Why the operation of an event is not known, in a sentence."""

    why: str


def operations_of(event: Event) -> tuple[OperationModel, ...] | Nameless:
    """The operations that an event may be of: botocore's models of them, the likeliest first, one where it is sure."""
    named = _source(event)
    services = _services(named)
    if not services:
        return Nameless(f"no service of AWS that is known here has the endpoint `{named or event.text('eventSource')}`")
    found = [model.operation_model(name) for model in services if (name := _operation(model, event))]
    if not found:
        return Nameless(f"the service has no operation of that name that is known here: `{event.text('eventName')}`")
    version = event.text("apiVersion").replace("_", "-")
    dated = [each for each in found if each.service_model.api_version == version]
    # A service that bears the name of the endpoint is meant before those that share the endpoint with it.
    found.sort(key=lambda each: each.service_model.service_name != named)
    return tuple(dated if len(dated) == 1 else found)


def _source(event: Event) -> str:
    """The endpoint's name. Application Auto Scaling sends events as `autoscaling` and says so beside."""
    told = text_of(group_of(event.record, "additionalEventData"), "service")
    return told if told in profiles() else event.text("eventSource").partition(".amazonaws.com")[0]


@cache
def _services(named: str) -> tuple[ServiceModel, ...]:
    found = [each for each in profiles().values() if named and named in (each.name, each.signing_name)]
    return tuple(service(each.name, each.protocols[0]).model for each in found if each.protocols)


def _operation(model: ServiceModel, event: Event) -> str:
    """The operation's name in the API; the empty string where the service has none such."""
    for name in _spellings(model.service_name, event):
        if name in model.operation_names:
            return name
    return ""


def _spellings(named: str, event: Event) -> Iterator[str]:
    told = event.text("eventName")
    if named == "s3":
        yield _listed(told, event.group("requestParameters")) or _S3.get(told, told)
    yield told
    yield _DATED.sub("", told)


def _listed(told: str, params: Mapping[str, Any]) -> str:
    """Both versions of the listing have one name in events."""
    kind = params.get("list-type")
    return "ListObjectsV2" if told == "ListObjects" and kind in ("2", 2, ["2"]) else ""
