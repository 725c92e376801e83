"""PassRole wide open: a role of any account, or to any service. Pure.

Source: "Granting a user permissions to pass a role to an AWS service", IAM User Guide.
"""

from __future__ import annotations

from collections.abc import Iterable

from narrowgate.checks import Check, Subject
from narrowgate.finding import Finding
from narrowgate.policy import Statement, parse_arn


def find(subject: Subject) -> Iterable[Finding]:
    """One finding for each statement that passes roles without naming account and service."""
    for name, document in subject.policies.items():
        for index, statement in document.allowing("iam:PassRole"):
            wide = _wide(statement)
            if wide:
                evidence = f"statement {index + 1} {statement.sid or ''}".rstrip() + f" passes {' '.join(wide)}"
                fix = "name the account and the role, and add the condition `iam:PassedToService`"
                yield Finding("pass_role", "medium", name, evidence, fix)


def _wide(statement: Statement) -> tuple[str, ...]:
    resources = statement.resources
    arns = [parse_arn(r.value) for r in resources.items] if resources else []
    accounts = resources is None or resources.negated or any(a is None or a.account in ("*", "") for a in arns)
    service = any(c.key.lower() == "iam:passedtoservice" for c in statement.conditions)
    if service and not accounts:
        return ()
    return (
        "roles of any account" if accounts else "its role",
        "to the services that it names" if service else "to any service",
    )


CHECK = Check("pass_role", "PassRole names the account, the role and the service", "policy", find)
