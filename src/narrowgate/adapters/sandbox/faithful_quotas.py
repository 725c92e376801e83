"""Service Quotas for the quotas that bite; moto 5.2.5 knows some of VPC's, and cannot list what an account has."""

from __future__ import annotations

import json
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.ec2.models import ec2_backends
from moto.moto_api._internal import mock_random
from moto.servicequotas.exceptions import NoSuchResource
from moto.servicequotas.responses import ServiceQuotasResponse

from narrowgate.adapters.sandbox.faithful_ec2_kept import kept
from narrowgate.adapters.sandbox.faithful_quotas_values import QUOTAS, SERVICES, value_of


class FaithfulServiceQuotas(ServiceQuotasResponse):  # type: ignore[misc]  # moto is not typed
    """What Service Quotas says."""

    # https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html
    def list_service_quotas(self) -> str:
        """The quotas of a service that the sandbox knows, with what the account has."""
        return json.dumps({"Quotas": [self._told(code) for code in self._codes()]})

    # https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
    def get_service_quota(self) -> str:
        """One quota, with what the account has; NoSuchResourceException where the sandbox does not know it."""
        return json.dumps({"Quota": self._told(self._code())})

    # https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListAWSDefaultServiceQuotas.html
    def list_aws_default_service_quotas(self) -> str:
        """The quotas with AWS's defaults."""
        return json.dumps({"Quotas": [self._told(code, default=True) for code in self._codes()]})

    # https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetAWSDefaultServiceQuota.html
    def get_aws_default_service_quota(self) -> str:
        """One quota with AWS's default."""
        return json.dumps({"Quota": self._told(self._code(), default=True)})

    # https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_RequestServiceQuotaIncrease.html
    def request_service_quota_increase(self) -> str:
        """Approved at once, where AWS takes minutes to days; IllegalArgumentException where it is no increase."""
        code, wanted = self._code(), float(json.loads(self.body)["DesiredValue"])
        ec2 = ec2_backends[self.current_account][self.region]
        if wanted <= value_of(ec2, code):
            words = "You must provide a quota value greater than the current quota value"
            raise JsonRESTError("IllegalArgumentException", words)
        kept(ec2).quotas[code] = wanted
        told = {"Id": str(mock_random.uuid4()), "DesiredValue": wanted, "Status": "APPROVED"}
        return json.dumps({"RequestedQuota": {**self._told(code), **told}})

    def _asked(self, name: str) -> str:
        return str(json.loads(self.body or "{}").get(name, ""))

    def _codes(self) -> list[str]:
        service = self._asked("ServiceCode")
        if service not in SERVICES:
            raise NoSuchResource
        return [code for code, quota in QUOTAS.items() if quota.service == service]

    def _code(self) -> str:
        code = self._asked("QuotaCode")
        if code not in self._codes():
            raise NoSuchResource
        return code

    def _told(self, code: str, *, default: bool = False) -> dict[str, Any]:
        quota = QUOTAS[code]
        value = quota.default if default else value_of(ec2_backends[self.current_account][self.region], code)
        account = "" if default else self.current_account
        return {
            "ServiceCode": quota.service,
            "ServiceName": SERVICES[quota.service],
            "QuotaArn": f"arn:{self.partition}:servicequotas:{self.region}:{account}:{quota.service}/{code}",
            "QuotaCode": code,
            "QuotaName": quota.name,
            "Value": value,
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }
