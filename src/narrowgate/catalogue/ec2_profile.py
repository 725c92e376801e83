"""Instance profiles in calls of EC2: their ARN, and the role that is passed with them. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from narrowgate.calls import Fields
from narrowgate.catalogue.ec2 import own_keys
from narrowgate.catalogue.rule import Asked, Keys, Rule, Target, Where, reserved, spelled
from narrowgate.policy.request_context import Value


def profile_arn(asked: Asked, profile: Fields) -> str:
    """The ARN of an instance profile with an `Arn` or a `Name`; the empty string where there is neither.

    By name its path is not told: the ARN without one, unless the facts of that link to the real one.
    """
    if told := spelled(profile.get("Arn")):
        return told
    name = spelled(profile.get("Name"))
    if not name:
        return ""
    plain = asked.place.arn("iam", f"instance-profile/{name}", region="")
    return next(iter(asked.known(plain).links.get("self", ())), plain)


def passed(asked: Asked, profile: Fields, instance: str) -> Iterator[Target]:
    """The role in an instance profile, which is passed to EC2 for `instance`; with a reserved name if unknown."""
    found = profile_arn(asked, profile)
    if not found:
        return
    unknown = asked.place.arn("iam", f"role/{reserved(found.rpartition('/')[2], 'RoleName')}", region="")
    keys: Mapping[str, Value] = {
        "iam:PassedToService": asked.place.principal("ec2"),
        "iam:AssociatedResourceArn": instance,
    }
    for role in asked.known(found).links.get("role", (unknown,)):
        yield Target(role, "role", keys=keys)


def passing(instances: Where, path: str = "IamInstanceProfile") -> Rule:
    """`iam:PassRole` for the role of the profile at `path`, which each of the instances gets."""

    def where(asked: Asked) -> Iterator[Target]:
        for instance in instances(asked):
            for profile in asked.groups(path):
                yield from passed(asked, profile, instance.arn)

    return Rule("iam:PassRole", where, keys=(own_keys,))


def new_profile(path: str = "IamInstanceProfile") -> Keys:
    """`ec2:NewInstanceProfile`: the profile that an instance gets."""

    def keys(asked: Asked, _: Target) -> Mapping[str, Value]:
        found = next((told for each in asked.groups(path) if (told := profile_arn(asked, each))), "")
        return {"ec2:NewInstanceProfile": found} if found else {}

    return keys
