"""Which parts of the policy language took part in a decision, by the statements that it names. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from judges.reading import VARIABLE, conditions, entries, taken_apart
from judges.world import Json, World, many
from narrowgate.policy.decision import Deciding, Decision


def features(world: World, decision: Decision) -> set[str]:
    """Elements, operators and kinds of principals of the deciding statements; each once."""
    return {name for deciding in decision.statements for name in _of_statement(_statement(world, deciding))} | {
        f"principal {world.kind}",
        *(f"not evaluable {d.effect}" for d in decision.not_evaluable),
    }


def _statement(world: World, deciding: Deciding) -> Json:
    documents = [document for layer, document in world.documents() if layer == deciding.layer]
    found: Json = many(documents[deciding.policy]["Statement"])[deciding.index]
    return found


def _of_statement(statement: Json) -> Iterator[str]:
    yield from (name for name in ("NotAction", "NotResource", "NotPrincipal") if name in statement)
    texts = [*many(statement.get("Resource", [])), *many(statement.get("NotResource", []))]
    if any(VARIABLE.search(text) for text in texts):
        yield "variable in a resource"
    for operator, _, values in conditions(statement):
        qualifier, base, if_exists = taken_apart(operator)
        yield from (name for name in (qualifier, base or "unknown operator", if_exists and "IfExists") if name)
        if any(VARIABLE.search(value) for value in values):
            yield "variable in a condition"
    for kind, name in entries(statement)[1]:
        yield f"Principal {'everyone' if name == '*' else _shape(kind, name)}"


def _shape(kind: str, name: str) -> str:
    if kind != "AWS":
        return kind
    return next(
        (shape for shape in (":role/", ":user/", ":assumed-role/", ":federated-user/") if shape in name),
        "account or id",
    )
