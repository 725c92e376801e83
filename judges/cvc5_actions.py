"""The action of a request as cvc5 terms: one of the known actions, or any text `service:Name`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, Protocol

from cvc5 import Kind, Solver, Term

from judges.cvc5_text import Terms, Undecided, tokens
from narrowgate.policy.document import Patterns, Text

ALWAYS_ALLOWED: Final = ("sts:getcalleridentity", "sts:getsessiontoken")
"""Allowed whatever the policies say, so they never tell two policies apart."""


class Action(Protocol):
    """The action of a request."""

    def meets(self, element: Patterns) -> Term:
        """Whether the Action or NotAction element selects it."""

    def shape(self) -> Iterator[Term]:
        """What always holds of it."""

    def shown(self, solver: Solver) -> str:
        """Its name in the solver's model."""


class Known:
    """Sets of known actions, as bits of integers in the order of the list."""

    def __init__(self, actions: tuple[str, ...]) -> None:
        self.actions = actions
        self.all = (1 << len(actions)) - 1
        self._vendors: dict[str, list[tuple[int, str]]] = {}
        self._numbers: dict[str, int] = {}
        self._masks: dict[str, int] = {"*": self.all}
        for number, action in enumerate(actions):
            lower = action.lower()
            self._numbers[lower] = number
            self._vendors.setdefault(lower.partition(":")[0], []).append((number, lower))

    def mask(self, element: Patterns) -> int:
        """The actions that the element selects."""
        found = 0
        for item in element.items:
            found |= self._pattern(item.value.lower())
        return self.all & ~found if element.negated else found

    def _pattern(self, pattern: str) -> int:
        if pattern not in self._masks:
            self._masks[pattern] = self._look(pattern)
        return self._masks[pattern]

    def _look(self, pattern: str) -> int:
        if "*" not in pattern and "?" not in pattern:
            return 1 << self._numbers[pattern] if pattern in self._numbers else 0
        whole = re.compile("".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern))
        near = self._vendors.get(pattern.partition(":")[0], ())
        return sum(1 << number for number, action in near if whole.fullmatch(action))


@lru_cache(maxsize=4)
def known(actions: tuple[str, ...]) -> Known:
    """The same list is read once."""
    return Known(actions)


class Listed:
    """One of the known actions; those that every element treats alike are one class."""

    def __init__(self, terms: Terms, known: Known, elements: Sequence[Patterns], wanted: Iterable[Patterns]) -> None:
        self._terms = terms
        self._known = known
        universe = 0
        for element in wanted:
            universe |= known.mask(element)
        universe &= ~known.mask(Patterns(tuple(map(Text, ALWAYS_ALLOWED))))
        self._masks = {id(element): known.mask(element) for element in elements}
        self._classes = _classes(universe, self._masks.values())
        self._chosen = terms.integer("the action")

    def meets(self, element: Patterns) -> Term:
        """Whether the element selects it."""
        mask = self._masks[id(element)]
        return _one_of(self._terms, self._chosen, [n for n, one in enumerate(self._classes) if one & mask])

    def shape(self) -> Iterator[Term]:
        """It is one of the classes; where there is none, nothing holds."""
        yield _one_of(self._terms, self._chosen, range(len(self._classes)))

    def shown(self, solver: Solver) -> str:
        """The first action of the class."""
        one = self._classes[int(solver.getValue(self._chosen).getIntegerValue())]
        return self._known.actions[(one & -one).bit_length() - 1]


def _classes(universe: int, masks: Iterable[int]) -> list[int]:
    classes = [universe] if universe else []
    for mask in set(masks):
        halves = [half for one in classes for half in (one & mask, one & ~mask)]
        classes = [half for half in halves if half]
    return classes


def _one_of(terms: Terms, chosen: Term, numbers: Iterable[int]) -> Term:
    return terms.any_of(terms.equal(chosen, terms.number(n)) for n in numbers)


class Anything:
    """Any text `service:Name`; the service is one that the policies name, or another."""

    def __init__(self, terms: Terms, elements: Sequence[Patterns]) -> None:
        self._terms = terms
        items = {item.value.lower() for element in elements for item in element.items} - {"*"}
        self._vendors = sorted({"sts", *(item.partition(":")[0] for item in items)})
        if any("*" in vendor or "?" in vendor for vendor in self._vendors):
            raise Undecided("a wildcard in the service of an action")
        self._vendor = terms.integer("the service of the action")
        self._name = terms.string("the name of the action")

    def meets(self, element: Patterns) -> Term:
        """Whether the element selects it."""
        found = self._terms.any_of(self._pattern(item.value.lower()) for item in element.items)
        return self._terms.negate(found) if element.negated else found

    def _pattern(self, pattern: str) -> Term:
        if pattern == "*":
            return self._terms.true
        vendor, _, name = pattern.partition(":")
        number = self._terms.number(self._vendors.index(vendor))
        return self._terms.all_of([self._terms.equal(self._vendor, number), self._named(name)])

    def _named(self, name: str) -> Term:
        if name == "*":
            return self._terms.true
        if "*" not in name and "?" not in name:
            return self._terms.equal(self._name, self._terms.text(name))
        return self._terms.within(self._name, [self._terms.regex(tokens(name, variables=False))])

    def shape(self) -> Iterator[Term]:
        """The name has letters and digits; the service after the last is another."""
        terms = self._terms
        yield terms.within(self._name, [terms.many(("a", "z"), ("0", "9"), least=1)])
        yield terms.make(Kind.GEQ, self._vendor, terms.number(0))
        yield terms.make(Kind.LEQ, self._vendor, terms.number(len(self._vendors)))
        for action in ALWAYS_ALLOWED:
            yield terms.negate(self._pattern(action))

    def shown(self, solver: Solver) -> str:
        """Service and name, in lower case."""
        number = int(solver.getValue(self._vendor).getIntegerValue())
        other = max((*self._vendors, "z"), key=len) + "z"
        vendor = self._vendors[number] if number < len(self._vendors) else other
        return f"{vendor}:{solver.getValue(self._name).getStringValue()}"
