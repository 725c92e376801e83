"""Deciding although some values are not known: what holds whatever they are, and what depends on them. Pure.

A request is decided twice: once as if every condition on an unknown value went against it, once as if each went its
way. Where both decisions agree, the values do not matter.
INVARIANT: a request that may be refused for some value that nobody told is never said to be allowed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, Literal, TypeAlias

from narrowgate.catalogue.authorization import TAGS, Authorization
from narrowgate.catalogue.rule import RESERVED
from narrowgate.policy.clause import Clause, Policy, Readable, policy_of
from narrowgate.policy.decision import Deciding, Decision, Layers
from narrowgate.policy.evaluation import Evaluator
from narrowgate.policy.request_context import Request, several
from narrowgate.policy.statement import selects
from narrowgate.policy.variable import template
from narrowgate.prove.standing import Standing

_TAG_FAMILIES: Final = frozenset({"buckettag", "existingobjecttag", "resourcetag"})
"""What the tags of a resource are called, after the service's prefix."""

Doubts: TypeAlias = tuple[frozenset[str], frozenset[str]]
"""The keys in lower case whose values are not known: for Allows, for Denies."""

Way: TypeAlias = Literal["Allow", "Deny"]


@dataclass(frozen=True, slots=True)
class Allowed:
    """Allowed, whatever the values are that nobody told."""


@dataclass(frozen=True, slots=True)
class Denied:
    """Refused, whatever the values are that nobody told."""

    decision: Decision


@dataclass(frozen=True, slots=True)
class Doubtful:
    """It depends on values that nobody told; why, a sentence. `statements`: those that it depends on."""

    why: str
    statements: tuple[Deciding, ...] = ()


Answer: TypeAlias = "Allowed | Denied | Doubtful"


@dataclass(slots=True)
class Judge:
    """Decides the requests of one principal; keeps what it has compiled."""

    standing: Standing
    named: str = field(init=False)
    """A text of a document that has a reserved id; the empty string, as it should be."""
    _clauses: tuple[tuple[Callable[[str], bool], frozenset[str]], ...] = field(init=False)
    _mentioned: dict[str, frozenset[str]] = field(init=False, default_factory=dict)
    _evaluators: dict[tuple[Doubts, Way], Evaluator] = field(init=False, default_factory=dict)
    _plain: Evaluator = field(init=False)

    def __post_init__(self) -> None:
        clauses = tuple(clauses_of(self.standing.layers))
        self._clauses = tuple((selects(clause), mentions(clause)) for clause in clauses)
        self.named = next((text for clause in clauses for text in _texts(clause) if RESERVED in text), "")
        self._plain = Evaluator(self.standing.layers)

    def answer(self, asked: Authorization) -> Answer:
        """Whether the request is allowed, whatever the values and ids are that nobody knows."""
        if self.named:
            return Doubtful("a document names an id that is not drawn yet: that is no policy for AWS")
        wanted = asked.asked_by(self.standing.requester, self.standing.carried)
        found = self._decided(asked, wanted)
        drawn = sampled(wanted)
        if drawn == wanted or isinstance(found, Doubtful):
            return found
        other = self._decided(asked, drawn)
        if type(other) is type(found):
            return found
        return Doubtful("it depends on how the id is spelled that AWS draws", _statements(found, other))

    def _decided(self, asked: Authorization, wanted: Request) -> Answer:
        doubts = self._doubts(asked, wanted)
        if not any(doubts):
            return _told(self._plain.evaluate(wanted))
        worst = self._evaluator(doubts, "Allow").evaluate(wanted)
        if worst.outcome == "allowed":
            return Allowed()
        best = self._evaluator(doubts, "Deny").evaluate(wanted)
        if best.outcome != "allowed":
            return Denied(best)
        keys = ", ".join(f"`{key}`" for key in sorted(doubts[0] | doubts[1]))
        return Doubtful(
            f"it depends on {keys}: nobody told what the request has there", worst.statements or best.statements
        )

    def _doubts(self, asked: Authorization, wanted: Request) -> Doubts:
        absent = [key for key in self._keys(asked.action.lower()) if key not in wanted.context]
        allow = frozenset(key for key in absent if self._is_unknown(key, asked))
        return allow, allow | {key for key in absent if TAGS in asked.unknown and _is_of(asked.action, key)}

    def _keys(self, action: str) -> frozenset[str]:
        """The keys on which the statements depend that select the action."""
        found = self._mentioned.get(action)
        if found is None:
            found = frozenset(key for test, keys in self._clauses if test(action) for key in keys)
            self._mentioned[action] = found
        return found

    def _is_unknown(self, key: str, asked: Authorization) -> bool:
        prefix, _, rest = key.partition(":")
        family = rest.partition("/")[0]
        if TAGS in asked.unknown and family in _TAG_FAMILIES:
            return True
        if key == "aws:resourceaccount":
            return asked.resource != "*" and not asked.resource_account
        told = {name.lower() for name in asked.unknown if name != TAGS}
        return key in told or f"{prefix}:{family}" in told or self.standing.is_untold(key)

    def _evaluator(self, doubts: Doubts, against: Way) -> Evaluator:
        """The engine for the layers where no statement of one effect counts on what is doubtful."""
        found = self._evaluators.get((doubts, against))
        if found is None:
            layers = rewritten(self.standing.layers, lambda clause: _pressed(clause, doubts, against))
            found = self._evaluators[doubts, against] = Evaluator(layers)
        return found


def _told(decision: Decision) -> Answer:
    return Allowed() if decision.outcome == "allowed" else Denied(decision)


def _statements(*answers: Answer) -> tuple[Deciding, ...]:
    return tuple(each for answer in answers if isinstance(answer, Denied) for each in answer.decision.statements)


def _is_of(action: str, key: str) -> bool:
    """Whether the key is of the action's own service: what nobody knows of a resource is not its tags alone."""
    return key.partition(":")[0] == action.partition(":")[0].lower()


def _pressed(clause: Clause, doubts: Doubts, against: Way) -> Clause:
    """The clause where its doubtful conditions fail (its effect is the one held against), or hold."""
    doubtful = doubts[0] if clause.effect == "Allow" else doubts[1]
    if not mentions(clause) & doubtful:
        return clause
    if clause.effect == against:
        return clause._replace(actions=(), not_actions=False)
    terms = tuple(term for term in clause.terms if not _mentions_of(clause, (*term[2],), term[1]) & doubtful)
    if clause.resources is not None and _mentions_of(clause, clause.resources) & doubtful:
        return clause._replace(terms=terms, resources=("*",), not_resources=False)
    return clause._replace(terms=terms)


@lru_cache(maxsize=16_384)
def mentions(clause: Clause) -> frozenset[str]:
    """The condition keys on which the clause depends, its policy variables' too, in lower case."""
    found = _mentions_of(clause, clause.resources or ())
    return found.union(*(_mentions_of(clause, values, key) for _, key, values in clause.terms))


def _mentions_of(clause: Clause, texts: tuple[str, ...], key: str = "") -> frozenset[str]:
    named = {key.lower()} if key else set()
    if clause.has_variables:
        named |= {each.key.lower() for text in texts if "${" in text for each in template(text).variables}
    return frozenset(named)


def clauses_of(layers: Layers) -> Iterator[Clause]:
    """Every clause of every layer."""
    one = (*layers.identity, *layers.boundaries, *layers.endpoints)
    levels = (document for level in (*layers.scps, *layers.rcps) for document in level)
    rest = (document for document in (layers.session, layers.resource) if document is not None)
    for document in (*one, *levels, *rest):
        yield from policy_of(document).clauses


def rewritten(layers: Layers, change: Callable[[Clause], Clause]) -> Layers:
    """The layers, each clause changed; they keep their places."""

    def made(document: Readable) -> Policy:
        policy = policy_of(document)
        return Policy(policy.kind, tuple(map(change, policy.clauses)))

    def all_(documents: tuple[Readable, ...]) -> tuple[Readable, ...]:
        return tuple(map(made, documents))

    return Layers(
        all_(layers.identity),
        all_(layers.boundaries),
        None if layers.session is None else made(layers.session),
        tuple(map(all_, layers.scps)),
        tuple(map(all_, layers.rcps)),
        None if layers.resource is None else made(layers.resource),
        all_(layers.endpoints),
    )


def _texts(clause: Clause) -> Iterator[str]:
    yield from clause.resources or ()
    for _, key, values in clause.terms:
        yield from (key, *values)


_IDS: Final = re.compile(f"{RESERVED}((?:[:/][^{RESERVED}]*)?[^{RESERVED}:/]*)")
"""A reserved id. Where what it stands for has a path for its name, all that follows is of the id."""

_PREFIXES: Final = {
    "AllocationId": "eipalloc",
    "AssociationId": "eipassoc",
    "ImageId": "ami",
    "GroupId": "sg",
    "InstanceId": "i",
    "InternetGatewayId": "igw",
    "LaunchTemplateId": "lt",
    "NatGatewayId": "nat",
    "NetworkInterfaceId": "eni",
    "RouteTableId": "rtb",
    "SubnetId": "subnet",
    "VolumeId": "vol",
    "VpcEndpointId": "vpce",
    "VpcId": "vpc",
}
_DRAWN: Final = "0c5f2d7be91a4360d"


def sampled(wanted: Request) -> Request:
    """The request with ids as AWS draws them: a pattern such as `vpc/vpc-*` meets them, and no reserved one."""
    if RESERVED not in wanted.resource and not any(RESERVED in t for v in wanted.context.values() for t in several(v)):
        return wanted
    context = {
        key: _drawn(value) if isinstance(value, str) else tuple(map(_drawn, value))
        for key, value in wanted.context.items()
    }
    return replace(wanted, resource=_drawn(wanted.resource), context=context)


def _drawn(text: str) -> str:
    return _IDS.sub(_id, text)


def _id(found: re.Match[str]) -> str:
    attribute = found[1].rpartition(".")[2].removesuffix("[]")
    prefix = _PREFIXES.get(attribute, "")
    return "x" if not found[1] else f"{prefix}-{_DRAWN}" if prefix else _DRAWN
