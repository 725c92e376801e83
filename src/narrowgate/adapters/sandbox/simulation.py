"""The policy simulator: what policies would decide, by the same engine that decides calls. Pure.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html
As AWS's, it looks at no RCPs, and for `sts:` at no trust policy: the owner of a role then counts as leaving
it to the caller's account, and so does a key in the caller's account whose policy is not given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from narrowgate.policy.clause import Clause, Policy
from narrowgate.policy.condition import parse_operator
from narrowgate.policy.decision import Deciding, Layers, Outcome
from narrowgate.policy.evaluation import Evaluator, owner_must_allow
from narrowgate.policy.request_context import Request, Requester, Value, request
from narrowgate.policy.variable import VARIABLE

_ALL: Final = Clause("Allow", ("*",), False, ("*",), False, None, (), None, True)
_EVERYTHING: Final = Policy("identity", (_ALL,))
_NO_CONTEXT: Final[Mapping[str, Value]] = {}
_STRICTEST: Final[tuple[Outcome, ...]] = ("explicitDeny", "implicitDeny", "allowed")


@dataclass(frozen=True, slots=True)
class Source:
    """A policy, its text, and what the simulator calls it; `is_placed`: its text is as its author wrote it."""

    id: str
    policy: Policy
    text: str = field(repr=False)
    is_placed: bool = True


@dataclass(frozen=True, slots=True)
class Simulation:
    """What is simulated, but for action and resource.

    `owner`: the account of resources whose ARN has none; "" for the caller's. `scps`: None outside of an
    organization. `resource_policy` counts as that of every resource.
    """

    caller: Requester
    identity: tuple[Source, ...]
    boundary: Policy | None = None
    scps: tuple[tuple[Policy, ...], ...] | None = None
    resource_policy: Source | None = None
    owner: str = ""
    context: Mapping[str, Value] = field(default_factory=lambda: _NO_CONTEXT)


@dataclass(frozen=True, slots=True)
class Match:
    """A statement that decided: the policy that it is in, and its number there."""

    source: Source
    index: int


@dataclass(frozen=True, slots=True)
class Result:
    """The decision on one resource, or on several together.

    `by_organization` and `by_boundary` are None where there is none. `details`: the decision of each type of
    policy in a request across accounts; None for the resource `*`, and where an SCP did not allow.
    """

    decision: Outcome
    statements: tuple[Match, ...]
    missing: tuple[str, ...]
    by_organization: bool | None = None
    by_boundary: bool | None = None
    details: Mapping[str, Outcome] | None = None


def simulate(simulation: Simulation, action: str, resource: str) -> Result:
    """The decision on one action and one resource. Raises ValueError for what is no action or no resource."""
    named = resource.split(":", 5)[4] if resource.count(":") >= 5 else ""
    owner = simulation.owner if resource != "*" and not named else ""
    asked = request(simulation.caller, action, resource, simulation.context, owner)
    decision = _evaluator(layers_of(simulation, asked)).evaluate(asked)
    by_organization = _by_organization(simulation, asked)
    return Result(
        decision.outcome,
        tuple(_matches(simulation, decision.statements)),
        missing(simulation),
        by_organization,
        _by_boundary(simulation, asked),
        None if resource == "*" or by_organization is False else _details(simulation, asked),
    )


def together(results: Iterable[Result]) -> Result:
    """One result for several resources: the strictest decision, and the statements that made it."""
    found = tuple(results)
    decision = _strictest(each.decision for each in found)
    details = [each.details for each in found if each.details is not None]
    kinds = dict.fromkeys(kind for each in details for kind in each)
    return Result(
        decision,
        tuple(dict.fromkeys(match for each in found if each.decision == decision for match in each.statements)),
        tuple(dict.fromkeys(key for each in found for key in each.missing)),
        _all(each.by_organization for each in found),
        _all(each.by_boundary for each in found),
        {kind: _strictest(each[kind] for each in details if kind in each) for kind in kinds} if details else None,
    )


def layers_of(simulation: Simulation, asked: Request) -> Layers:
    """The documents that the simulated request meets."""
    return Layers(
        identity=tuple(source.policy for source in simulation.identity),
        boundaries=() if simulation.boundary is None else (simulation.boundary,),
        scps=simulation.scps or (),
        resource=_resource_policy(simulation, asked),
    )


def missing(simulation: Simulation) -> tuple[str, ...]:
    """The condition keys that identity and resource policies use and that have no value."""
    sources = (*simulation.identity, *((simulation.resource_policy,) if simulation.resource_policy else ()))
    given = {key.lower() for key in simulation.context}
    return tuple(key for key in context_keys(source.policy for source in sources) if key.lower() not in given)


def context_keys(policies: Iterable[Policy]) -> tuple[str, ...]:
    """The condition keys that policies use, variables too, in the order of the text and as first spelled.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForCustomPolicy.html
    """
    found: dict[str, str] = {}
    for clause in (clause for policy in policies for clause in policy.clauses):
        for key in _keys(clause):
            found.setdefault(key.lower(), key)
    return tuple(found.values())


def _keys(clause: Clause) -> Iterator[str]:
    if clause.has_variables:
        yield from _variables(clause.resources or ())
    for name, key, values in clause.terms:
        yield key
        operator = parse_operator(name)
        if clause.has_variables and operator is not None and operator.takes_variables:
            yield from _variables(values)


def _variables(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from (found.group(2) for found in VARIABLE.finditer(text) if found.group(2))


def _matches(simulation: Simulation, statements: Iterable[Deciding]) -> Iterator[Match]:
    """Those of identity and resource policies; the simulator names no others."""
    for each in statements:
        if each.layer == "identity":
            yield Match(simulation.identity[each.policy], each.index)
        elif each.layer == "resource" and simulation.resource_policy and each.sid != _LEFT:
            yield Match(simulation.resource_policy, each.index)


_LEFT: Final = "narrowgate left to the account"
"""A Sid that no document can have."""


@lru_cache(maxsize=64)
def _evaluator(layers: Layers) -> Evaluator:
    """What is compiled for one resource serves the next."""
    return Evaluator(layers)


def _left_to(account: str) -> Policy:
    """A resource policy that leaves it to the policies of an account."""
    principals = (False, (("AWS", account),))
    return Policy("resource", (_ALL._replace(principals=principals, sid=_LEFT),))


def _resource_policy(simulation: Simulation, asked: Request) -> Policy | None:
    given = simulation.resource_policy
    is_trust = asked.action.lower().startswith("sts:")
    if given is not None and not is_trust:
        return given.policy
    must = owner_must_allow(asked) and (is_trust or not asked.crosses)
    return _left_to(simulation.caller.account) if must else None


def _among_allowing(simulation: Simulation) -> Layers:
    """Layers that allow everything, each of which is asked in turn: replace one to hear what it alone decides."""
    return Layers(identity=(_EVERYTHING,), resource=_left_to(simulation.caller.account))


def _by_organization(simulation: Simulation, asked: Request) -> bool | None:
    if simulation.scps is None:
        return None
    return _evaluator(replace(_among_allowing(simulation), scps=simulation.scps)).evaluate(asked).outcome == "allowed"


def _by_boundary(simulation: Simulation, asked: Request) -> bool | None:
    if simulation.boundary is None:
        return None
    return _of_boundary(simulation, asked, simulation.boundary) == "allowed"


def _of_boundary(simulation: Simulation, asked: Request, boundary: Policy) -> Outcome:
    return _evaluator(replace(_among_allowing(simulation), boundaries=(boundary,))).evaluate(asked).outcome


def _details(simulation: Simulation, asked: Request) -> dict[str, Outcome]:
    """Nothing within one account."""
    if not asked.crosses:
        return {}
    others = _among_allowing(simulation)
    # A boundary makes a Deny with NotPrincipal match whomever it lists.
    bounded = () if simulation.boundary is None else (_EVERYTHING,)
    identity = replace(others, identity=tuple(source.policy for source in simulation.identity))
    resource = replace(others, resource=_resource_policy(simulation, asked), boundaries=bounded)
    found = {
        "IAM Policy": _evaluator(identity).evaluate(asked).outcome,
        "Resource Policy": _evaluator(resource).evaluate(asked).outcome,
    }
    if simulation.boundary is not None:
        found["Permissions Boundary Policy"] = _of_boundary(simulation, asked, simulation.boundary)
    return found


def _strictest(outcomes: Iterable[Outcome]) -> Outcome:
    return min(outcomes, key=_STRICTEST.index)


def _all(found: Iterable[bool | None]) -> bool | None:
    known = [each for each in found if each is not None]
    return all(known) if known else None
