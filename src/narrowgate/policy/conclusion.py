"""What follows from the statements that match: the order of the layers and what each row needs. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from narrowgate.policy.decision import LAYERS, Deciding, Decision, Layer
from narrowgate.policy.grant import DIRECT, LIMITED, NOBODY, Strength
from narrowgate.policy.request_context import Category


class Gate(NamedTuple):
    """One thing that must allow: a layer, or one of its levels or documents."""

    layer: Layer
    number: int


class Slot(NamedTuple):
    """A statement that selects the action: its gate, its place, whether it cannot be evaluated."""

    gate: Gate
    place: Deciding
    not_evaluable: bool


@dataclass(frozen=True, slots=True)
class Case:
    """An action of a category of principals: candidate statements, and the gates there are.

    `settled` is the decision where no statement counts; `barred`: no Allow of any layer does.
    """

    category: Category
    slots: tuple[Slot, ...]
    gates: tuple[Gate, ...]
    settled: Decision | None = None
    barred: bool = False


Hits: TypeAlias = tuple[tuple[Slot, Strength], ...]

_OWN: Final[tuple[Layer, ...]] = ("identity", "boundary", "session")
"""The layers of the principal itself."""


def conclude(case: Case, hits: Hits, *, crosses: bool, required: bool) -> Decision:
    """The decision, from the statements that match.

    `crosses`: the resource is another account's; `required`: its own policy must always allow.
    """
    if case.settled is not None:
        return case.settled
    unknown = tuple(slot.place for slot, _ in hits if slot.not_evaluable)
    denies = tuple(slot.place for slot, _ in hits if slot.place.effect == "Deny")
    if denies:
        return Decision("explicitDeny", denies[0].layer, denies, unknown)
    if case.barred:
        return Decision("implicitDeny", "identity", (), unknown)
    allows = tuple((slot, strength) for slot, strength in hits if not slot.not_evaluable)
    return _without_denies(case, allows, unknown, crosses=crosses, required=required)


def _without_denies(
    case: Case, allows: Hits, unknown: tuple[Deciding, ...], *, crosses: bool, required: bool
) -> Decision:
    failing = _failing(case, allows)
    named = max((strength for slot, strength in allows if slot.gate.layer == "resource"), default=NOBODY)
    needed = _needed(case.category, named, crosses=crosses, required=required)
    if (missing := next((layer for layer in LAYERS if layer in needed and layer in failing), None)) is not None:
        return Decision("implicitDeny", missing, (), unknown)
    own = case.category != "outsider" and not failing.intersection(_OWN)
    counted = {*needed, "resource", *(_OWN if own else ())}
    statements = tuple(slot.place for slot, _ in allows if slot.gate.layer in counted)
    return Decision("allowed", "identity" if own else "resource", statements, unknown)


def _failing(case: Case, allows: Hits) -> frozenset[Layer]:
    """The layers with a gate that no Allow opens; root needs none in its identity."""
    opened = {slot.gate for slot, _ in allows}
    return frozenset(
        gate.layer
        for gate in case.gates
        if gate not in opened and not (case.category == "root" and gate.layer == "identity")
    )


def _needed(category: Category, named: Strength, *, crosses: bool, required: bool) -> tuple[Layer, ...]:
    """The layers that must allow: the rows of the table in docs/policy-engine.md."""
    if category == "outsider":
        return ("resource", "endpoint")
    if crosses:
        return ("scp", "resource", *_OWN, "endpoint")
    if named >= DIRECT:
        return ("scp", "resource", "endpoint")
    if named >= LIMITED:
        return ("scp", "resource", "boundary", "session", "endpoint")
    return ("scp", *(("resource",) if required else ()), *_OWN, "endpoint")
