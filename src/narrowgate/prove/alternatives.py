"""What else a value could be: another region, account, name, service, tag value. Pure.

Forbidden requests have these values, and the mutants of a policy admit them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from narrowgate.catalogue.authorization import is_reserved
from narrowgate.catalogue.rule import RESERVED
from narrowgate.derive.evidence import Evidence
from narrowgate.policy.actions import ActionList
from narrowgate.policy.arn import matches
from narrowgate.policy.request_context import several
from narrowgate.policy.service import MUTATING, Action

ANOTHER: Final = "another"
"""The tag key that nobody of the program uses, and what a name of another ends with."""

REGION_KEYS: Final = frozenset({"aws:requestedregion", "ec2:region"})

_REGIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "aws": ("us-west-2", "eu-central-1", "ap-southeast-2"),
        "aws-cn": ("cn-northwest-1", "cn-north-1"),
        "aws-us-gov": ("us-gov-west-1", "us-gov-east-1"),
    }
)
_KNOWN: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "iam:passedtoservice": ("lambda.amazonaws.com", "glue.amazonaws.com", "ecs-tasks.amazonaws.com"),
        "iam:awsservicename": ("spot.amazonaws.com", "rds.amazonaws.com", "ecs.amazonaws.com"),
        "ec2:createaction": ("CopySnapshot", "CreateKeyPair", "ImportSnapshot"),
        "elasticloadbalancing:createaction": ("CreateRule", "CreateTrustStore", "CreateListener"),
    }
)
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_ACCOUNTS: Final = ("999999999999", "888888888888", "777777777777")
_SECRET: Final = re.compile(f"(secret:.+?)(-(?:{RESERVED}{{6}}|[A-Za-z0-9]{{6}}))", re.DOTALL)
_OTHER_BOOLEAN: Final[Mapping[str, str]] = MappingProxyType({"true": "false", "false": "true"})


@dataclass(frozen=True, slots=True)
class Others:
    """The values that the evidence does not have. `used`: by condition key in lower case, those that it has."""

    used: Mapping[str, frozenset[str]]
    actions: frozenset[str]
    partition: str
    account: str
    region: str
    known: ActionList

    def value(self, key: str, value: str) -> str:
        """Another value of a condition key, which no request of the evidence has; the empty string for none."""
        key = key.lower()
        used = self.used.get(key, frozenset())
        if key in REGION_KEYS:
            return self.region
        if value in _OTHER_BOOLEAN:
            return _first((_OTHER_BOOLEAN[value],), used)
        if value.startswith("arn:"):
            return renamed(value) or f"{value}-{ANOTHER}"
        if _ACCOUNT.fullmatch(value):
            return self.account
        return _first(_KNOWN.get(key, ()), used) or f"{value}-{ANOTHER}"

    def action(self, action: str, type_: str) -> str:
        """Another action of the service on the same type of resource; one that changes something, if there is one.

        The empty string where the service has none that the evidence does not need.
        """
        service = self.known.service(action.partition(":")[0])
        if service is None:
            return ""
        fitting = [
            each
            for each in service.actions
            if each.name.lower() not in self.actions
            and (not each.types if not type_ else any(kind.name == type_ for kind in each.types))
        ]
        changing = [each for each in fitting if each.level in MUTATING]
        return min((each.name for each in changing or fitting), default="")

    def is_spare(self, service: str, resources: Iterable[str]) -> bool:
        """Whether the service has an action that the evidence does not need and that one of the resources may be of."""
        found = self.known.service(service)
        samples = [each.replace("*", "x").replace("?", "x") for each in resources]
        return found is None or any(
            each.name.lower() not in self.actions and ("x" in samples or _may_have(each, samples))
            for each in found.actions
        )


def _may_have(action: Action, samples: Iterable[str]) -> bool:
    return any(matches(arn, sample) for kind in action.types for arn in kind.arns for sample in samples)


def others_of(evidence: Evidence, known: ActionList) -> Others:
    """The alternatives to what the evidence has."""
    used: dict[str, set[str]] = {}
    requests = [asked for use in evidence.uses for asked in use.authorizations]
    for asked in requests:
        for key, value in asked.context.items():
            used.setdefault(key.lower(), set()).update(several(value))
    regions = {evidence.place.region, *(region for key in REGION_KEYS for region in used.get(key, ()))}
    accounts = {evidence.place.account, *used.get("aws:resourceaccount", ())}
    return Others(
        MappingProxyType({key: frozenset(values) for key, values in used.items()}),
        frozenset(asked.action.lower() for asked in requests),
        evidence.place.partition,
        _first(_ACCOUNTS, accounts),
        _first(_REGIONS.get(evidence.place.partition, ()), regions) or f"{evidence.place.region}-{ANOTHER}",
        known,
    )


def _first(candidates: Iterable[str], used: Iterable[str]) -> str:
    taken = frozenset(used)
    return next((each for each in candidates if each not in taken), "")


def renamed(arn: str) -> str:
    """The ARN of a thing of another name; the empty string where its name is not the program's choice.

    Of an object in S3, one in another bucket: its key is data.
    """
    head, sep, resource = arn.rpartition(":") if arn.count(":") == 5 else _cut(arn)
    if not sep:
        return ""
    if ":s3:::" in arn:
        bucket, slash, key = resource.partition("/")
        return "" if is_reserved(bucket) else f"{head}:{bucket}-{ANOTHER}{slash}{key}"
    if secret := _SECRET.fullmatch(resource):
        return f"{head}:{secret[1]}-{ANOTHER}{secret[2]}"
    start, name = _last(resource)
    return "" if name in ("", "*") or is_reserved(name) else f"{head}:{start}{name}-{ANOTHER}"


def another_prefix(arn: str) -> str:
    """The ARN of an object of S3 under another prefix; the empty string where it is under none."""
    if ":s3:::" not in arn or arn.count("/") < 2:
        return ""
    head, _, name = arn.rpartition("/")
    return f"{head}-{ANOTHER}/{name}"


def _cut(arn: str) -> tuple[str, str, str]:
    parts = arn.split(":", 5)
    return (":".join(parts[:5]), ":", parts[5]) if len(parts) == 6 else ("", "", arn)


def _last(resource: str) -> tuple[str, str]:
    """What stands before the last part of a resource, and the part."""
    at = max(resource.rfind("/"), resource.rfind(":")) + 1
    return resource[:at], resource[at:]
