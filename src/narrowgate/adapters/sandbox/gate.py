"""The gate: whether a principal may make a call, decided by `narrowgate.policy` over what the catalogue asks for.

INVARIANT: a call is let through only if every request of it was allowed; a policy that cannot be read
denies everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from narrowgate.adapters.sandbox.denial import Denial
from narrowgate.adapters.sandbox.facts import MotoFacts
from narrowgate.adapters.sandbox.identities import Census, Principal
from narrowgate.adapters.sandbox.strict import objection
from narrowgate.calls import Call
from narrowgate.catalogue.authorization import Authorization, UnknownOperation, requests_of
from narrowgate.catalogue.facts import Place
from narrowgate.policy import load
from narrowgate.policy.actions import ActionList
from narrowgate.policy.clause import Clause, Policy
from narrowgate.policy.decision import Decision, Layers
from narrowgate.policy.document import Kind
from narrowgate.policy.evaluation import Evaluator
from narrowgate.policy.place import Faults
from narrowgate.policy.request_context import Request, Value

MOST_EVALUATORS: Final = 512
MOST_POLICIES: Final = 4_096

_ITS_ACCOUNT: Final = (
    '{{"Statement":{{"Effect":"Allow","Principal":{{"AWS":"{account}"}},"Action":"kms:*","Resource":"*"}}}}'
)
_UNREADABLE: Final = Policy("identity", (Clause("Deny", ("*",), False, ("*",), False, None, (), "Unreadable", True),))


@dataclass(frozen=True, slots=True)
class Allowed:
    """Everything that the call asks for is allowed."""

    decided: tuple[tuple[Request, Decision], ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """Not everything is; the denial is of the first request that was not."""

    decided: tuple[tuple[Request, Decision], ...]
    denial: Denial


@dataclass(frozen=True, slots=True)
class Misnamed:
    """The call names something in a way that AWS refuses before it decides; `tags`: its tags are why."""

    why: str
    tags: bool = False


Verdict = Allowed | Refused | Misnamed | UnknownOperation


class Gate:
    """Decides calls. What it compiles of policies it keeps, as long as there is room."""

    def __init__(self, actions: ActionList) -> None:
        self._actions = actions
        self._evaluators: dict[tuple[object, ...], Evaluator] = {}

    def decide(
        self, call: Call, principal: Principal, place: Place, connection: Mapping[str, Value], census: Census
    ) -> Verdict:
        """Whether the principal may make the call; `connection` are the keys of the connection and the time."""
        facts = MotoFacts(place)
        asked = requests_of(call, place, facts, self._actions)
        if isinstance(asked, UnknownOperation):
            return asked
        if wrong := objection(call, asked.authorizations, place, facts):
            return Misnamed(*wrong)
        context = {**connection, **principal.context}
        decided: list[tuple[Request, Decision]] = []
        for each in asked.authorizations:
            try:
                one = each.asked_by(principal.requester, context)
            except ValueError as why:
                return Misnamed(str(why))
            decision = self._evaluator(principal, self._resource_policy(each, facts, census)).evaluate(one)
            decided.append((one, decision))
            if decision.outcome != "allowed":
                return Refused(tuple(decided), Denial(one, decision, each.shown))
        return Allowed(tuple(decided))

    def evaluate(self, asked: Request, principal: Principal, resource_policy: tuple[str, Kind] | None) -> Decision:
        """One decision, for whoever has the request already."""
        return self._evaluator(principal, resource_policy).evaluate(asked)

    def _resource_policy(self, each: Authorization, facts: MotoFacts, census: Census) -> tuple[str, Kind] | None:
        """The text and kind of the policy of the resource; a role's is its trust policy, for STS only."""
        if each.action.startswith("sts:"):
            trust = census.trusts.get(each.resource)
            return None if trust is None else (trust, "trust")
        if each.resource.endswith(":key/*"):
            # A key that is made has no policy yet: identity policies alone decide about its tags.
            return _ITS_ACCOUNT.format(account=facts.place.account), "resource"
        text = facts.policy(each.resource)
        return None if text is None else (text, "resource")

    def _evaluator(self, principal: Principal, resource: tuple[str, Kind] | None) -> Evaluator:
        key = (principal.identity, principal.boundary, principal.sessions, principal.scps, resource)
        found = self._evaluators.get(key)
        if found is None:
            if len(self._evaluators) >= MOST_EVALUATORS:
                self._evaluators.clear()
            found = self._evaluators[key] = Evaluator(layers_of(principal, resource))
        return found


def layers_of(principal: Principal, resource: tuple[str, Kind] | None) -> Layers:
    """The documents that requests of the principal meet."""
    return Layers(
        identity=tuple(policy(text, "identity") for text in principal.identity),
        boundaries=() if principal.boundary is None else (policy(principal.boundary, "boundary"),),
        session=None if principal.sessions is None else _together(principal.sessions),
        scps=tuple(tuple(policy(text, "scp") for text in level) for level in principal.scps or ()),
        resource=None if resource is None else policy(*resource),
    )


def _together(texts: tuple[str, ...]) -> Policy:
    """Session policies count as one: what any of them allows, less what any of them denies."""
    return Policy("identity", tuple(clause for text in texts for clause in policy(text, "identity").clauses))


@lru_cache(maxsize=MOST_POLICIES)
def policy(text: str, kind: Kind) -> Policy:
    """The policy of a text; one that cannot be read denies everything."""
    made = load(text, kind, lenient=True)
    return _unreadable(kind) if isinstance(made, Faults) else made


def _unreadable(kind: Kind) -> Policy:
    everyone = (False, (("AWS", "*"),)) if kind in ("resource", "trust") else None
    return Policy(kind, tuple(clause._replace(principals=everyone) for clause in _UNREADABLE.clauses))
