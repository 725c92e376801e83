"""The installer is programmatic only: a console password on its user is a finding. Pure.

Source: "Best practices for IAM users", IAM User Guide.
"""

from __future__ import annotations

from collections.abc import Iterable

from narrowgate.checks import Check, Subject
from narrowgate.finding import Finding
from narrowgate.identities import USER


def find(subject: Subject) -> Iterable[Finding]:
    """One finding when the user has a login profile."""
    if subject.at(USER).texts("LoginProfiles"):
        name = subject.spec.user_name
        yield Finding(
            "console_password",
            "high",
            name,
            "the user has a console password, and is meant for programmatic access only",
            f"aws iam delete-login-profile --user-name {name}",
        )


CHECK = Check("console_password", "the installer user has no console password", "account", find)
