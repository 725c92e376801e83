"""Policies as boxes: each clause a set of actions, of resources, and of states of condition keys. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from narrowgate.policy import pattern
from narrowgate.policy.clause import Clause, Policy, Readable, policies_of
from narrowgate.policy.literal import Literal, literals
from narrowgate.policy.pattern import Pattern
from narrowgate.policy.search import Cover, Region
from narrowgate.policy.theory import Theory, theory
from narrowgate.policy.universe import Names

ANY_RESOURCE: Final = (pattern.exact("*"), pattern.glob("arn:*:*:*:*:*"))
"""The resources that requests name: an ARN, or `*`."""


@dataclass(frozen=True, slots=True)
class Grants:
    """What a principal's policies allow together, under ceilings.

    `layers`: identity policies first, then each ceiling (boundary, session policy, SCP level) by itself.
    A request is allowed if each layer allows it and none denies it.
    """

    layers: tuple[tuple[Policy, ...], ...]


def grants(*documents: Readable, ceilings: Iterable[Sequence[Readable]] = ()) -> Grants:
    """What the documents of one principal allow together; each ceiling is a list of documents."""
    return Grants((policies_of(documents), *(policies_of(ceiling) for ceiling in ceilings)))


class Box(NamedTuple):
    """One clause: the bits of its actions, and its conditions, each once and in order."""

    clause: Clause
    bits: int
    literals: tuple[Literal, ...]


class Unreadable(NamedTuple):
    """A clause that cannot be compared, and why."""

    why: str


def clauses_of(*sides: Grants) -> Iterator[Clause]:
    """Every clause of some grants."""
    return (clause for side in sides for layer in side.layers for policy in layer for clause in policy.clauses)


def unreadable(side: Grants, name: str) -> Iterator[str]:
    """Why some clauses cannot be compared, one sentence each."""
    for layer in side.layers:
        for policy in layer:
            for number, clause in enumerate(policy.clauses):
                if clause.principals is not None or clause.resources is None:
                    yield f"statement {number} of {name} has a principal: only what identities are allowed is compared"
                elif literals(clause) is None:
                    yield f"statement {number} of {name} has a condition that cannot be evaluated"


class Side(NamedTuple):
    """The boxes of each layer of some grants: Allows, and the Denies of all of them."""

    allows: tuple[tuple[Box, ...], ...]
    denies: tuple[Box, ...]


def side(of: Grants, names: Names) -> Side:
    """The boxes of some grants; every clause must be readable."""
    layers = [[_box(clause, names) for policy in layer for clause in policy.clauses] for layer in of.layers]
    return Side(
        tuple(tuple(box for box in layer if box.clause.effect == "Allow") for layer in layers),
        tuple(box for layer in layers for box in layer if box.clause.effect == "Deny"),
    )


def _box(clause: Clause, names: Names) -> Box:
    return Box(clause, names.selected(clause), tuple(dict.fromkeys(literals(clause) or ())))


class Keys:
    """The condition keys of a comparison: their theories, made when first asked for.

    `may_have_several` tells of a key in lower case whether it can have more than one value; one that
    is used with a qualifier can in any case.
    """

    __slots__ = ("_literals", "_may_have_several", "_places", "_theories")

    def __init__(self, boxes: Iterable[Box], may_have_several: Callable[[str], bool]) -> None:
        found: dict[str, dict[Literal, None]] = {}
        for box in boxes:
            for literal in box.literals:
                found.setdefault(literal.key, {})[literal] = None
        self._literals = {key: tuple(sorted(each, key=repr)) for key, each in found.items()}
        self._places = {lit: place for each in self._literals.values() for place, lit in enumerate(each)}
        self._may_have_several = may_have_several
        self._theories: dict[str, Theory] = {}

    def theory(self, key: str) -> Theory:
        """The states of a key."""
        if key not in self._theories:
            own = self._literals[key]
            qualified = any(literal.qualifier.startswith("For") for literal in own)
            self._theories[key] = theory(own, several=qualified or self._may_have_several(key))
        return self._theories[key]

    def holding(self, found: Iterable[Literal]) -> dict[str, int]:
        """For each key the states in which all its literals hold."""
        needs: dict[str, int] = {}
        for literal in found:
            own = self.theory(literal.key)
            holding = own.holding[self._places[literal]]
            needs[literal.key] = needs.get(literal.key, own.everything) & holding
        return needs

    def inexact(self) -> tuple[str, ...]:
        """Why some theories that were used may lack states."""
        return tuple(sorted({made.inexact for made in self._theories.values() if made.inexact}))


def region(boxes: Sequence[Box], covers: Sequence[Box], keys: Keys, types: tuple[Pattern, ...]) -> Region:
    """What all the boxes have in common, with every key that the covers ask for; `types`: if any, resources."""
    groups: list[tuple[Pattern, ...]] = [types] if types else []
    without: list[Pattern] = []
    for box in boxes:
        clause = box.clause
        if clause.not_resources:
            without.extend(patterns_of(clause))
        elif "*" not in (clause.resources or ()):
            groups.append(patterns_of(clause))
    domains = {literal.key: keys.theory(literal.key).everything for box in covers for literal in box.literals}
    domains |= keys.holding(literal for box in boxes for literal in box.literals)
    return Region(tuple(dict.fromkeys(groups)) or (ANY_RESOURCE,), tuple(without), domains)


def cover(box: Box, keys: Keys) -> Cover:
    """The box as something to stay outside of."""
    clause = box.clause
    anything = "*" in (clause.resources or ()) and not clause.not_resources
    resources = None if anything else patterns_of(clause)
    return Cover(resources, clause.not_resources, tuple(keys.holding(box.literals).items()))


def patterns_of(clause: Clause) -> tuple[Pattern, ...]:
    """The patterns of the Resource or NotResource element."""
    modern = clause.has_variables
    return tuple(pattern.resource(text, variables=modern and "${" in text) for text in clause.resources or ())


def includes_at_sight(big: Box, boxes: Sequence[Box]) -> bool:
    """Whether a look at the texts shows that a box has everything, but for actions, that all of some have."""
    if big.literals and not {literal for box in boxes for literal in box.literals}.issuperset(big.literals):
        return False
    mine = _spelled(big.clause)
    if big.clause.not_resources:
        return any(box.clause.not_resources and mine <= _spelled(box.clause) for box in boxes)
    if "*" in (big.clause.resources or ()):
        return True
    return any(not box.clause.not_resources and _spelled(box.clause) <= mine for box in boxes)


def _spelled(clause: Clause) -> frozenset[tuple[str, bool]]:
    """The resources as texts that mean the same where they are the same: `${...}` is not always a variable."""
    return frozenset((text, clause.has_variables and "${" in text) for text in clause.resources or ())
