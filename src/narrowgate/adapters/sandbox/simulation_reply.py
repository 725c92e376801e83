"""What the simulator answers, in the form of AWS's model, and where in a policy a statement stands. Pure.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from narrowgate.adapters.sandbox.simulation import Match, Result, together
from narrowgate.policy.place import Faults
from narrowgate.policy.reader import read

# The words that AWS's answers have; its model lists others, which nobody has seen there.
IDENTITY_TYPE: Final = "IAM Policy"
RESOURCE_TYPE: Final = "Resource Policy"
_DECODER: Final = json.JSONDecoder()


def evaluation_result(action: str, template: str, results: Sequence[tuple[str, Result]]) -> dict[str, Any]:
    """One action: the decision on all its resources together, and on each, if any is named.

    `template` is the ARN of the resource type with what is open in it, or `*`.
    """
    whole = together(result for _, result in results)
    told = {"EvalActionName": action, "EvalResourceName": template, "EvalDecision": whole.decision, **_common(whole)}
    if whole.by_organization is not None:
        told["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": whole.by_organization}
    if any(resource != "*" for resource, _ in results):
        told["ResourceSpecificResults"] = [_specific(resource, result) for resource, result in results]
    return told


def _specific(resource: str, result: Result) -> dict[str, Any]:
    return {"EvalResourceName": resource, "EvalResourceDecision": result.decision, **_common(result)}


def _common(result: Result) -> dict[str, Any]:
    told: dict[str, Any] = {
        "MatchedStatements": [_statement(match) for match in result.statements],
        "MissingContextValues": list(result.missing),
    }
    if result.by_boundary is not None:
        told["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": result.by_boundary}
    if result.details is not None:
        told["EvalDecisionDetails"] = dict(result.details)
    return told


def _statement(match: Match) -> dict[str, Any]:
    source = match.source
    kind = RESOURCE_TYPE if source.policy.kind == "resource" else IDENTITY_TYPE
    told: dict[str, Any] = {"SourcePolicyId": source.id, "SourcePolicyType": kind}
    places = spans(source.text) if source.is_placed else ()
    if match.index < len(places):
        told["StartPosition"], told["EndPosition"] = map(_position, places[match.index])
    return told


def _position(place: tuple[int, int]) -> Mapping[str, int]:
    return {"Line": place[0], "Column": place[1]}


@lru_cache(maxsize=256)
def spans(text: str) -> tuple[tuple[tuple[int, int], tuple[int, int]], ...]:
    """Line and column, from 1, of the beginning and the end of each statement; nothing for what is no policy.

    As AWS counts them in its examples: the end is after the closing brace; the beginning is after the opening
    brace of a statement that stands alone, after the bracket for the first of a list, and for the others where
    the one before ended (this last is not in any example, but what such a reader does).
    https://docs.aws.amazon.com/cli/latest/reference/iam/simulate-custom-policy.html
    """
    found = read(text)
    node = None if isinstance(found, Faults) else next((m.node for m in found.members if m.key == "Statement"), None)
    if node is None:
        return ()
    lines = [0, *(at + 1 for at, character in enumerate(text) if character == "\n")]
    made: list[tuple[tuple[int, int], tuple[int, int]]] = []
    at = lines[node.place.line - 1] + node.place.column
    for statement in node.nodes if node.is_list else (node,):
        place = statement.place
        _, end = _DECODER.raw_decode(text, lines[place.line - 1] + place.column - 1)
        made.append((_place(lines, at), _place(lines, end)))
        at = end
    return tuple(made)


def _place(lines: Sequence[int], at: int) -> tuple[int, int]:
    line = bisect_right(lines, at)
    return line, at - lines[line - 1] + 1
