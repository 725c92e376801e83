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
    for address, document in subject.policies.items():
        for index, statement in document.allowing("iam:PassRole"):
            wide = _wide(statement)
            if wide:
                evidence = f"statement {index} {statement.sid or ''}".rstrip() + f" passes {' and '.join(wide)}"
                fix = "name the account and the role, and add the condition `iam:PassedToService`"
                yield Finding("pass_role", "medium", _name(subject, address), evidence, fix)


def _wide(statement: Statement) -> tuple[str, ...]:
    resources = statement.resources
    arns = [parse_arn(r.value) for r in resources.items] if resources else []
    accounts = resources is None or resources.negated or any(a is None or a.account in ("*", "") for a in arns)
    service = any(c.key.lower() == "iam:passedtoservice" for c in statement.conditions)
    return (*(("roles of any account",) if accounts else ()), *(() if service else ("to any service",)))


def _name(subject: Subject, address: str) -> str:
    spec = subject.spec
    return spec.installer_policy_name if address.endswith("installer") else spec.node_policy_name


CHECK = Check("pass_role", "PassRole names the account, the role and the service", "policy", find)
