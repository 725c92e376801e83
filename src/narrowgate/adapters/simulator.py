"""AWS's own policy simulator as a second opinion: it decides the same requests, and nothing is done.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
It looks at identity policies, boundary and SCPs of the principal; not at RCPs, nor at resource policies of roles. Who
asks needs iam:SimulatePrincipalPolicy on the examined principal, so it is another identity.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from narrowgate.calls import Fields, World, call
from narrowgate.catalogue.rule import RESERVED
from narrowgate.errors import AwsError
from narrowgate.policy.request_context import Request, several

STAND_IN: Final = "unknown"
"""What the simulator is told in the place of an id that is not drawn yet."""
MOST_ACTIONS: Final = 100
_STANDS: Final = re.compile(f"{RESERVED}[^{RESERVED}:/]*")
# The principal's own keys: the simulator takes them from the principal, and refuses some.
_OWN: Final = ("aws:principal", "aws:userid", "aws:username", "aws:secure", "aws:viaaws", "aws:resourceaccount")


@dataclass(frozen=True, slots=True)
class Opinion:
    """AWS's word on one request: `allowed`, `explicitDeny` or `implicitDeny`; `missing`: keys that it would need."""

    request: Request
    outcome: str
    missing: tuple[str, ...] = ()


def opinions(world: World, principal: str, requests: Iterable[Request]) -> Iterator[Opinion]:
    """What AWS's simulator says of each request of the principal with this ARN; requests alike are asked together.

    Raises NotPermitted where the World may not ask, AwsError for an answer without a decision.
    """
    groups: dict[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], list[Request]] = {}
    for request in requests:
        groups.setdefault((_told(request.resource), _context(request)), []).append(request)
    for (resource, context), group in groups.items():
        for start in range(0, len(group), MOST_ACTIONS):
            yield from _asked(world, principal, (resource, context), group[start : start + MOST_ACTIONS])


def _asked(
    world: World, principal: str, where: tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], group: list[Request]
) -> Iterator[Opinion]:
    resource, context = where
    reply = world(
        call(
            "iam",
            "SimulatePrincipalPolicy",
            PolicySourceArn=principal,
            ActionNames=tuple(dict.fromkeys(request.action for request in group)),
            ResourceArns=(resource,),
            ContextEntries=tuple(_entry(key, values) for key, values in context),
        )
    )
    found = {each.text("EvalActionName").lower(): each for each in (reply or Fields()).items_of("EvaluationResults")}
    for request in group:
        said = found.get(request.action.lower())
        if said is None:
            raise AwsError(f"AWS's simulator did not decide `{request.action}`", code="NoDecision")
        yield Opinion(request, said.text("EvalDecision"), said.texts("MissingContextValues"))


def _context(request: Request) -> tuple[tuple[str, tuple[str, ...]], ...]:
    kept: Mapping[str, tuple[str, ...]] = {
        key: tuple(_told(value) for value in several(found))
        for key, found in request.context.items()
        if not key.startswith(_OWN)
    }
    return tuple(sorted(kept.items()))


def _entry(key: str, values: tuple[str, ...]) -> Fields:
    kind = "stringList" if len(values) > 1 else "string"
    return Fields(ContextKeyName=key, ContextKeyValues=values, ContextKeyType=kind)


def _told(text: str) -> str:
    return _STANDS.sub(STAND_IN, text)
