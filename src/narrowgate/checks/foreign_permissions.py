"""Permissions that others gave to our user or role: more than what was agreed. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from narrowgate.checks import Check, Subject
from narrowgate.finding import Finding
from narrowgate.identities import ROLE, USER

SOURCES = (("OtherPolicies", "attached policy"), ("InlinePolicies", "inline policy"), ("Groups", "group"))


def find(subject: Subject) -> Iterable[Finding]:
    """One finding for each policy or group that is not ours."""
    for address, name in ((USER, subject.spec.user_name), (ROLE, subject.spec.role_name)):
        for member, word in SOURCES:
            for item in subject.at(address).texts(member):
                yield Finding(
                    "foreign_permissions",
                    "high",
                    name,
                    f"the {word} `{item}` is not ours, and adds to what the spec allows",
                    "find out who needs it, then take it off in IAM",
                )


CHECK = Check("foreign_permissions", "nobody else gave permissions to the user or the role", "account", find)
