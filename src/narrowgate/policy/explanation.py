"""Why: for each statement of the layers that apply, which element failed, and with what value. Pure.

A second pass, made when somebody asks: it tests each element alone, with the tests of the decision.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from narrowgate.policy.clause import Clause
from narrowgate.policy.decision import DEFAULTS, Deciding, Layers, Switches
from narrowgate.policy.document import Effect
from narrowgate.policy.evaluation import Evaluator
from narrowgate.policy.predicate import holds
from narrowgate.policy.request_context import Request, Requester, several
from narrowgate.policy.statement import Compiled, selects

Element: TypeAlias = Literal["Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"]


@dataclass(frozen=True, slots=True)
class Failure:
    """An element that did not match: what the statement lists, and what the request has.

    For a Condition also its operator and key; `actual` is then None where the key is absent.
    """

    element: Element
    listed: tuple[str, ...]
    actual: tuple[str, ...] | None
    operator: str = ""
    key: str = ""

    def __str__(self) -> str:
        has = "the key is absent" if self.actual is None else f"the request has {_quoted(self.actual)}"
        name = f"{self.operator} {self.key}" if self.element == "Condition" else self.element
        return f"{name} {_quoted(self.listed)}: {has}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """One statement, and why it matched or did not; `void` names variables that nothing resolves."""

    place: Deciding
    matched: bool
    not_evaluable: bool
    failures: tuple[Failure, ...] = ()
    void: tuple[str, ...] = ()

    @property
    def effect(self) -> Effect:
        """The effect of the statement."""
        return self.place.effect


def explain(request: Request, layers: Layers | Evaluator, switches: Switches = DEFAULTS) -> tuple[Explanation, ...]:
    """Every statement of the layers that apply to the principal, in the order of the layers.

    A statement that cannot be evaluated matched if it is a Deny whose other elements match. For many
    requests against the same documents, give an Evaluator, with its own switches.
    """
    evaluator = layers if isinstance(layers, Evaluator) else Evaluator(layers, switches)
    return tuple(_explained(each, request, evaluator.switches) for each in evaluator.statements(request))


def _explained(statement: Compiled, request: Request, switches: Switches) -> Explanation:
    failures = tuple(_failures(statement, request, switches))
    void = tuple(v.key for v in statement.variables if v.value(request.context) is None)
    allowed = statement.not_evaluable and statement.place.effect == "Allow"
    return Explanation(
        statement.place, not failures and not void and not allowed, statement.not_evaluable, failures, void
    )


def _failures(statement: Compiled, request: Request, switches: Switches) -> Iterator[Failure]:
    clause = statement.clause
    if statement.grants is not None and not statement.grants(request) and clause.principals is not None:
        negated, names = clause.principals
        listed = tuple(f"{kind}:{name}" for kind, name in names)
        yield Failure("NotPrincipal" if negated else "Principal", listed, (described(request.principal),))
    if not selects(clause)(request.action.lower()):
        yield Failure("NotAction" if clause.not_actions else "Action", clause.actions, (request.action,))
    if statement.resource is not None and not statement.resource(request):
        element: Element = "NotResource" if clause.not_resources else "Resource"
        yield Failure(element, clause.resources or (), (request.resource,))
    if not statement.not_evaluable:
        yield from _unmet(clause, request, switches)


def _unmet(clause: Clause, request: Request, switches: Switches) -> Iterator[Failure]:
    for term in clause.terms:
        test = holds(term, has_variables=clause.has_variables, switches=switches)
        if test is None or not test(request.context):
            operator, key, listed = term
            found = request.context.get(key.lower())
            yield Failure("Condition", listed, None if found is None else several(found), operator, key)


def described(principal: Requester) -> str:
    """The principal in one word: its ARN, service, provider, or its type."""
    return principal.arn or principal.service or principal.provider or principal.type


def _quoted(texts: tuple[str, ...]) -> str:
    shown = ", ".join(f"`{text}`" for text in texts[:5])
    return f"{shown} and {len(texts) - 5} more" if len(texts) > 5 else shown
