"""Statements that allow every action of a service on every resource. Pure.

A count of such statements is no measure of risk; it is what a reviewer asks about first.
"""

from __future__ import annotations

from collections.abc import Iterable

from narrowgate.checks import Check, Subject
from narrowgate.finding import Finding
from narrowgate.policy import Statement


def find(subject: Subject) -> Iterable[Finding]:
    """One finding for each policy, naming its unlimited services."""
    for name, document in subject.policies.items():
        services = sorted({s for statement in document.statements for s in _unlimited(statement)})
        if services:
            evidence = f"it allows every action of {', '.join(services)} on every resource, without a condition"
            yield Finding("whole_services", "high", name, evidence, "ask the vendor for the actions that are needed")


def _unlimited(statement: Statement) -> Iterable[str]:
    resources = statement.resources
    if statement.effect != "Allow" or statement.conditions or resources is None:
        return
    if resources.negated or not any(r.value == "*" for r in resources.items):
        return
    if statement.actions.negated:
        yield "every service but some"
        return
    for action in statement.actions.items:
        service, _, name = action.value.partition(":")
        if name == "*" or service == "*":
            yield service


CHECK = Check("whole_services", "no statement allows a whole service on everything", "policy", find)
