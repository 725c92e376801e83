"""Service Quotas. Source: the Service Authorization Reference and the API page of each operation.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_servicequotas.html
Quota templates, which are an organization's, are not in this table.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from narrowgate.catalogue.rule import Asked, Rule, Table, Target, key, request_tags, tag_keys


def _quota(asked: Asked) -> Iterable[Target]:
    name = f"{asked.text('ServiceCode')}/{asked.text('QuotaCode')}"
    yield Target(asked.place.arn("servicequotas", name), "quota")


def _upon(action: str) -> tuple[Rule, ...]:
    return (Rule(f"servicequotas:{action}", _quota, keys=(key("servicequotas:service", "ServiceCode"),)),)


TABLE: Final = Table(
    "service-quotas",
    {
        **{
            action: (Rule(f"servicequotas:{action}"),)
            for action in (
                "GetAWSDefaultServiceQuota",
                "GetRequestedServiceQuotaChange",
                "ListAWSDefaultServiceQuotas",
                "ListRequestedServiceQuotaChangeHistory",
                "ListServiceQuotas",
                "ListServices",
                "ListTagsForResource",
            )
        },
        "GetServiceQuota": _upon("GetServiceQuota"),
        "ListRequestedServiceQuotaChangeHistoryByQuota": _upon("ListRequestedServiceQuotaChangeHistoryByQuota"),
        "RequestServiceQuotaIncrease": _upon("RequestServiceQuotaIncrease"),
        "TagResource": (Rule("servicequotas:TagResource", keys=(request_tags(),)),),
        "UntagResource": (Rule("servicequotas:UntagResource", keys=(tag_keys(),)),),
    },
    prefix="servicequotas",
)
