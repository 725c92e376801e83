"""An instance profile that IAM has, and that EC2 does not know yet. Pure.

"Invalid IAM Instance Profile name": the profile is new, and wherever the instance is launched it is not seen yet.
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html
It is refused before the call is journalled: a replay knows nothing of how late things were seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from narrowgate.adapters.sandbox.answer import Fault
from narrowgate.adapters.sandbox.gate import Allowed, Verdict
from narrowgate.adapters.sandbox.identities import Census
from narrowgate.calls import Call, Fields

# The keys that tell the profile which an instance gets, as the gate's requests have them.
_KEYS: Final = ("ec2:instanceprofile", "ec2:newinstanceprofile")


def late_profile(call: Call, verdict: Verdict, census: Census) -> Fault | None:
    """What EC2 or Auto Scaling says where the census has not the profile, with its role, that an allowed call gives."""
    found = _profiles(verdict) if isinstance(verdict, Allowed) else ()
    arn = next((each for each in found if each not in census.profiles), "")
    if not arn:
        return None
    given = call.params.get("IamInstanceProfile")
    by_arn = isinstance(given, Fields) and bool(given.text("Arn"))
    words = unknown("Arn" if by_arn else "Name", arn if by_arn else arn.rpartition("/")[2])
    if call.service == "autoscaling":
        return Fault("ValidationError", 400, f"You must use a valid fully-formed launch template. {words}")
    return Fault("InvalidParameterValue", 400, words)


def unknown(member: str, wanted: str) -> str:
    """What AWS says of a profile that it does not know; `member` is `Arn` or `Name`."""
    what = "ARN" if member == "Arn" else "name"
    return (
        f"Value ({wanted}) for parameter iamInstanceProfile.{member.lower()} is invalid."
        f" Invalid IAM Instance Profile {what}"
    )


def _profiles(verdict: Allowed) -> Iterator[str]:
    for request, _ in verdict.decided:
        for key in _KEYS:
            found = request.context.get(key, ())
            yield from (found,) if isinstance(found, str) else found
