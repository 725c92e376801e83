"""What the simulator is given, read strictly: policies, context entries, ARNs of callers and owners. Pure.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ContextEntry.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from narrowgate.adapters.sandbox.simulation import Source
from narrowgate.policy import load
from narrowgate.policy.clause import Policy
from narrowgate.policy.condition import BINARY, DATE, NETWORK, NUMBER, TEXT, TRUTH, Form
from narrowgate.policy.document import Kind
from narrowgate.policy.place import Faults
from narrowgate.policy.request_context import Requester, Value

_FORMS: Final[Mapping[str, Form]] = {
    "string": TEXT,
    "numeric": NUMBER,
    "boolean": TRUTH,
    "ip": NETWORK,
    "binary": BINARY,
    "date": DATE,
}
_ENTITY: Final = re.compile(r"arn:[a-z-]+:iam::[0-9]{12}:(user|group|role)/[\x21-\x7e]+")
_OWNER: Final = re.compile(r"arn:[a-z-]+:iam::([0-9]{12}):root")
_INSTANCE: Final = ("instance", "image", "security-group", "network-interface")
_SCENARIOS: Final[Mapping[str, tuple[str, ...]]] = {
    "EC2-VPC-InstanceStore": _INSTANCE,
    "EC2-VPC-InstanceStore-Subnet": (*_INSTANCE, "subnet"),
    "EC2-VPC-EBS": (*_INSTANCE, "volume"),
    "EC2-VPC-EBS-Subnet": (*_INSTANCE, "subnet", "volume"),
}
"""The resource types that each scenario must have."""


class Unusable(ValueError):
    """Something that the simulator does not take; AWS's code is InvalidInput."""


def policy_of(text: str, kind: Kind, where: str) -> Policy:
    """The policy that a text spells. Raises Unusable, with the first fault."""
    made = load(text, kind)
    if isinstance(made, Faults):
        raise Unusable(f"{where}: {made.items[0]}")
    return made


def sources_of(texts: Iterable[str]) -> tuple[Source, ...]:
    """The identity policies given as texts, called `PolicyInputList.1` and so on. Raises Unusable."""
    named = ((f"PolicyInputList.{number}", text) for number, text in enumerate(texts, 1))
    return tuple(Source(name, policy_of(text, "identity", name), text) for name, text in named)


def boundary_of(texts: Iterable[str]) -> Policy | None:
    """The one permissions boundary, if any. Raises Unusable."""
    given = tuple(texts)
    if len(given) > 1:
        raise Unusable("You can input only one permissions boundary when you pass a policy to this operation.")
    found = (policy_of(text, "boundary", "PermissionsBoundaryPolicyInputList.1") for text in given)
    return next(found, None)


def context_of(entries: Iterable[Mapping[str, Any]]) -> dict[str, Value]:
    """Keys with their values; a key of a list type has several, also where one is given. Raises Unusable."""
    made: dict[str, Value] = {}
    for entry in entries:
        key = str(entry.get("ContextKeyName", ""))
        if key.lower() in (known.lower() for known in made):
            raise Unusable(f"The context key {key} is here twice.")
        made[key] = _values(key, entry)
    return made


def _values(key: str, entry: Mapping[str, Any]) -> Value:
    kind = str(entry.get("ContextKeyType") or "string")
    values = tuple(str(value) for value in entry.get("ContextKeyValues") or ())
    form = _FORMS[kind.removesuffix("List")]
    if wrong := next((value for value in values if form.canonical(value) is None), None):
        raise Unusable(f"Invalid value for the context key {key}: {wrong} is not {form.words}.")
    if kind.endswith("List") or not values:
        return values
    if len(values) > 1:
        raise Unusable(f"The context key {key} of type {kind} takes one value; use {kind}List for several.")
    return values[0]


def entity_of(arn: str) -> str:
    """`user`, `group` or `role`. Raises Unusable for any other ARN, such as that of a session."""
    found = _ENTITY.fullmatch(arn)
    if found is None:
        raise Unusable(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    return found[1]


def caller_of(arn: str, account: str, partition: str) -> Requester:
    """Who is simulated. Raises Unusable.

    A group makes no requests: it stands for a user whom no policy can name, and so does "", in the account.
    """
    if not arn:
        return Requester("AWS", f"arn:{partition}:iam::{account}:user/simulated:caller")
    if entity_of(arn) == "group":
        start, _, name = arn.partition(":group/")
        return Requester("AWS", f"{start}:user/group:{name}")
    return Requester("AWS", arn)


def owner_of(arn: str) -> str:
    """The account of `arn:aws:iam::ACCOUNT:root`, "" for "". Raises Unusable."""
    found = _OWNER.fullmatch(arn)
    if arn and found is None:
        raise Unusable(f"Invalid ResourceOwner: {arn} is not the ARN of an account.")
    return found[1] if found else ""


def check_scenario(option: str, resources: Iterable[str]) -> None:
    """Raises Unusable for a scenario that AWS does not have, or that lacks resources."""
    if not option:
        return
    needed = _SCENARIOS.get(option)
    if needed is None:
        raise Unusable(f"Invalid ResourceHandlingOption: {option}. It is one of {', '.join(_SCENARIOS)}.")
    if lacking := set(needed) - set(_types(resources)):
        raise Unusable(f"The scenario {option} needs resources of the types {', '.join(sorted(lacking))}.")


def _types(resources: Iterable[str]) -> Iterator[str]:
    for resource in resources:
        parts = resource.split(":", 5)
        if len(parts) == 6 and parts[2] == "ec2":
            yield parts[5].partition("/")[0]
