"""Explanations of denials as JSON values, in the words of the `policy` commands."""

from __future__ import annotations

from typing import Any

from narrowgate.explain_denial.answer import Explained
from narrowgate.explain_denial.given import Decided
from narrowgate.explain_denial.grant import Grant
from narrowgate.verbs.explain_denial import Answer
from narrowgate.verbs.policy_json import decision_data, explanation_data


def answer_data(answer: Answer) -> dict[str, Any]:
    """The answer as `--json` prints it. What is not told is null."""
    return {"denials": [_explained(item) for item in answer.items]}


def _explained(item: Explained) -> dict[str, Any]:
    denied = item.denied
    statements = [
        {"layer": each.layer, "policy": each.policy, "sid": each.sid or None, "effect": each.effect}
        for each in denied.statements
    ]
    return {
        "source": denied.source,
        "principal": denied.principal or None,
        "role_arn": denied.role_arn or None,
        "action": denied.action or None,
        "resource": denied.resource or None,
        "decision": denied.how,
        "layer": denied.layer,
        "possible_layers": list(item.possible),
        "policy_arn": denied.policy_arn or None,
        "statements": statements,
        "service": denied.service or None,
        "operation": denied.operation or None,
        "code": denied.code or None,
        "possible_actions": list(item.candidates),
        "grants": [_grant(each) for each in item.grants],
        "advice": list(item.advice),
        "next": [{"action": n.action, "on": n.on or None, "certain": n.certain} for n in item.following],
        "given": _decided(item.decided) if isinstance(item.decided, Decided) else None,
    }


def _grant(grant: Grant) -> dict[str, Any]:
    return {
        "layer": grant.layer,
        "kind": grant.kind,
        "document": grant.document,
        "statement": dict(grant.statement),
        "notes": list(grant.notes),
    }


def _decided(found: Decided) -> dict[str, Any]:
    return {
        **decision_data(found.decision),
        "assumed": list(found.assumed),
        "explanations": [explanation_data(each) for each in found.explanations],
        "after": decision_data(found.after),
    }
