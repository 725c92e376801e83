"""From a point of the search to a request, and the word of `evaluate` on it. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

from narrowgate.policy.boxes import Grants, Keys
from narrowgate.policy.decision import Layers
from narrowgate.policy.document import NEW_VERSION, Document, Patterns, Principal, Principals, Statement, Text
from narrowgate.policy.evaluation import Evaluator, owner_must_allow
from narrowgate.policy.request_context import Context, Request, Requester, Value
from narrowgate.policy.search import Domains
from narrowgate.policy.variable import bare, template
from narrowgate.policy.verdict import Counterexample

ACCOUNT: Final = "123456789012"
WHO: Final = Requester("AWS", f"arn:aws:iam::{ACCOUNT}:user/example")
_EVERYTHING: Final = Patterns((Text("*"),))
TRUSTING: Final = Document(
    "resource",
    (Statement("Allow", _EVERYTHING, _EVERYTHING, Principals((Principal("AWS", ACCOUNT),))),),
    NEW_VERSION,
)
"""The policy of a key or role that leaves it to the identity policies of its account."""


class Attempt(NamedTuple):
    """An action, a resource in which variables may stand, and the states of keys to choose from."""

    action: str
    resource: str
    domains: Domains


class Sides:
    """Both sides of a comparison, ready to decide: compiled once for all its attempts."""

    __slots__ = ("_left", "_ready", "_right")

    def __init__(self, left: Grants, right: Grants) -> None:
        self._left = left
        self._right = right
        self._ready: dict[bool, tuple[Evaluator, Evaluator]] = {}

    def decided(self, request: Request) -> Counterexample | None:
        """The request as a counterexample, if it is one."""
        left, right = self._evaluators(owned=owner_must_allow(request))
        denied, allowed = left.evaluate(request), right.evaluate(request)
        if allowed.outcome != "allowed" or denied.outcome == "allowed":
            return None
        return Counterexample(request, denied, allowed, left.layers, right.layers)

    def _evaluators(self, *, owned: bool) -> tuple[Evaluator, Evaluator]:
        if owned not in self._ready:
            owner = TRUSTING if owned else None
            self._ready[owned] = Evaluator(_layers(self._left, owner)), Evaluator(_layers(self._right, owner))
        return self._ready[owned]


def replayed(attempt: Attempt, sides: Sides, keys: Keys) -> Counterexample | None:
    """The attempt as a request, if the right side allows it and the left does not.

    `${...}` is a variable first, and text where that does not tell: Version 2008-10-17 has none.
    """
    for variables in (True, False):
        request = _request(attempt, keys, variables=variables)
        found = None if request is None else sides.decided(request)
        if found is not None:
            return found
    return None


def _layers(of: Grants, owner: Document | None) -> Layers:
    """The ceilings as levels of SCPs, each of which must allow."""
    identity, *ceilings = of.layers or ((),)
    return Layers(identity=identity, scps=tuple(ceilings), resource=owner)


def _request(attempt: Attempt, keys: Keys, *, variables: bool) -> Request | None:
    """The request at the point, its variables filled in; None where one of them has no value there."""
    chosen = _chosen(attempt, keys, _needed(attempt.resource) if variables else frozenset())
    if chosen is None:
        return None
    if not variables:
        return Request(WHO, attempt.action, attempt.resource, chosen, ACCOUNT)
    resource = _filled(attempt.resource, chosen)
    context = {key: _filled_value(value, chosen) for key, value in chosen.items()}
    if resource is None or None in context.values():
        return None
    kept = {key: value for key, value in context.items() if value is not None}
    return Request(WHO, attempt.action, resource, kept, ACCOUNT)


def _needed(text: str) -> frozenset[str]:
    """The keys of the variables in a text that have no default."""
    return frozenset(v.key for v in template(text).variables if v.default is None) if "${" in text else frozenset()


def _chosen(attempt: Attempt, keys: Keys, needed: frozenset[str]) -> dict[str, Value] | None:
    """A value for each key, from the first state that is left and, for a key that is needed, is one value."""
    chosen: dict[str, Value] = {}
    for key, states in attempt.domains.items():
        possible = (state for n, state in enumerate(keys.theory(key).states) if states >> n & 1)
        state = next((each for each in possible if key not in needed or isinstance(each.value, str)), None)
        if state is None:
            return None
        if state.value is not None:
            chosen[key] = state.value
    return chosen


def _filled_value(value: Value, context: Context) -> Value | None:
    if isinstance(value, str):
        return _filled(value, context)
    texts = tuple(text for each in value if (text := _filled(each, context)) is not None)
    return texts if len(texts) == len(value) else None


def _filled(text: str, context: Context) -> str | None:
    if "${" not in text:
        return text
    made = template(text).filled(context)
    return None if made is None else bare(made)
