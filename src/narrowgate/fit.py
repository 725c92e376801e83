"""Does a policy document fit the spec that it is to serve? Pure.

A vendor's file names things literally. Where our partition, path, prefix or names contradict it, the policy
would be accepted by AWS and fail the installation later, so it is refused before any call.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from narrowgate.policy import Document, Fault, Faults, ResourceUse, from_value, matches, parse, parse_arn, size
from narrowgate.resource import Installation

MANAGED_POLICY_QUOTA = 6144


@dataclass(frozen=True, slots=True)
class Names:
    """What the vendor's files call our things, and what they are called here."""

    vendor: Mapping[str, tuple[str, ...]]
    """Resource type (`role`, `user`, `instance-profile`, `policy`) to the profile's names."""
    ours: tuple[str, ...]
    """The ARNs of everything that we make."""
    role: str
    """The ARN of the role that the installer passes to EC2."""


def read(text: str, installation: Installation, names: Names) -> Document | Faults:
    """The document in a vendor's file, its placeholders filled in, or everything that is wrong with it."""
    document = parse(text, "identity", variables=variables(installation))
    if isinstance(document, Faults):
        return document
    return check(document, installation, names)


def check(document: Document, installation: Installation, names: Names) -> Document | Faults:
    """The document itself, or why it does not fit."""
    faults = tuple(_faults(document, installation, names))
    # A role that is named wrongly cannot be passed either: one mistake, one line.
    faults = faults or tuple(_unpassable(document, names))
    return Faults(faults) if faults else document


def variables(installation: Installation) -> dict[str, str]:
    """The placeholders of vendor files and their values."""
    return {
        "AWS_ACCOUNT_ID": installation.account,
        "AWS_REGION": installation.region,
        "AWS_PARTITION": installation.partition,
    }


def restriction(source_ips: tuple[str, ...], source_vpces: tuple[str, ...]) -> dict[str, Any] | None:
    """The statement that denies the key's use from elsewhere; None when nothing is asked for.

    With both, either suffices: conditions of one statement must all hold for the Deny. Calls that an AWS service
    makes on the user's behalf come from the service's address and are exempt. `IfExists` on `aws:ViaAWSService`
    denies where the key is absent. Source: "aws:SourceIp" and "aws:ViaAWSService", IAM User Guide.
    """
    if not source_ips and not source_vpces:
        return None
    condition: dict[str, dict[str, Any]] = {"BoolIfExists": {"aws:ViaAWSService": "false"}}
    if source_ips:
        condition["NotIpAddress"] = {"aws:SourceIp": list(source_ips)}
    if source_vpces:
        condition["StringNotEquals"] = {"aws:SourceVpce": list(source_vpces)}
    return {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition}


def restricted(document: Document, statement: Mapping[str, Any]) -> Document | Faults:
    """The document with the statement added."""
    value = json.loads(document.text())
    return from_value({**value, "Statement": [*value["Statement"], statement]}, "identity")


def _faults(document: Document, installation: Installation, names: Names) -> Iterator[Fault]:
    length = size(document.text())
    if length > MANAGED_POLICY_QUOTA:
        yield Fault("", 0, 0, f"it has {length} characters as AWS counts them; a managed policy may have 6144")
    for use in document.resources():
        arn = parse_arn(use.resource)
        if arn is None:
            continue
        if arn.partition not in ("*", installation.partition):
            message = f"it names partition `{arn.partition}`, the region {installation.region} is in "
            yield _fault(use, f"{message}`{installation.partition}`; write $AWS_PARTITION, or correct the region")
        elif arn.service == "iam":
            yield from _misnamed(use, arn.resource, names)


def _misnamed(use: ResourceUse, resource: str, names: Names) -> Iterator[Fault]:
    """A literal name of the vendor's guide that our names, prefix or path have moved away from."""
    kind, _, rest = resource.partition("/")
    named = rest.rpartition("/")[2]
    if named not in names.vendor.get(kind, ()):
        return
    if not any(matches(use.resource, ours) for ours in names.ours):
        yield _fault(
            use, f"it names `{resource}`, but here that {kind} is {_our(kind, named, names)}; correct one of them"
        )


def _our(kind: str, named: str, names: Names) -> str:
    return " or ".join(f"`{arn}`" for arn in names.ours if f":{kind}/" in arn) or "not made"


def _unpassable(document: Document, names: Names) -> Iterator[Fault]:
    """A policy that passes roles by name must be able to pass ours."""
    passing = [s for _, s in document.allowing("iam:PassRole") if s.resources is not None]
    patterns = [(s.resources, r) for s in passing if s.resources for r in s.resources.items]
    reached = any(
        any(matches(r.value, names.role) for r in s.resources.items) is not s.resources.negated
        for s in passing
        if s.resources
    )
    if patterns and not reached:
        place = patterns[-1][1].place
        message = f"no statement lets the installer pass the node role `{names.role}` to EC2"
        yield Fault(place.path, place.line, place.column, message)


def _fault(use: ResourceUse, message: str) -> Fault:
    return Fault(use.place.path, use.place.line, use.place.column, message)
