"""Condition keys as cvc5 terms: how many values a key may need, and when a condition holds.

A key is absent or has one text. A key that AWS lists with many values, or that is used with
`ForAllValues:` or `ForAnyValue:` anywhere, may have several: as many as there are conditions on it are
enough, for each that speaks of "some value" needs one witness, and fewer values never break one that
speaks of "all values".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cvc5 import Kind, Term

from judges.cvc5_classes import holds, representatives
from judges.cvc5_text import Matcher, Terms, Tokens, Undecided, Wild, joined, segments, tokens, variables_in
from narrowgate.policy.document import Condition

ORDERED: Final = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
FAMILIES: Final = {
    **{f"String{rest}": "text" for rest in ("Equals", "EqualsIgnoreCase", "Like")},
    **{f"StringNot{rest}": "text" for rest in ("Equals", "EqualsIgnoreCase", "Like")},
    **{f"Arn{rest}": "text" for rest in ("Equals", "Like", "NotEquals", "NotLike")},
    **{f"Numeric{rest}": "Numeric" for rest in ORDERED},
    **{f"Date{rest}": "Date" for rest in ORDERED},
    "Bool": "text",
    "BinaryEquals": "text",
    "IpAddress": "ip",
    "NotIpAddress": "ip",
    "Null": "",
}
"""Every operator, and which operators its key may be used with besides."""


@dataclass(frozen=True, slots=True)
class Test:
    """A condition taken apart; `variables` says whether `${...}` is one."""

    key: str
    qualifier: str
    name: str
    if_exists: bool
    values: tuple[str, ...]
    variables: bool

    @property
    def negated(self) -> bool:
        """Whether the operator is a negated one."""
        return "Not" in self.name

    @property
    def existential(self) -> tuple[object, ...]:
        """What some value does, or none: conditions with the same need one witness together."""
        meets = self.qualifier != ("ForAnyValue:" if self.negated else "ForAllValues:")
        return self.name.replace("Not", ""), self.values, self.variables, meets


def read(condition: Condition, *, variables: bool) -> Test:
    """The condition taken apart. Raises Undecided for an operator that does not exist."""
    qualifier, _, rest = condition.operator.rpartition(":")
    name = rest.removesuffix("IfExists")
    if name not in FAMILIES or qualifier not in ("", "ForAllValues", "ForAnyValue"):
        raise Undecided(f"the operator `{condition.operator}`")
    takes = variables and name.startswith(("String", "Arn"))
    values = tuple(dict.fromkeys(value.value for value in condition.values))
    return Test(condition.key.lower(), qualifier and f"{qualifier}:", name, name != rest, values, takes)


@dataclass(frozen=True, slots=True)
class Key:
    """One condition key: which of its values are there, and what they are.

    `classes` are the values that the integers of a family of numbers, dates or addresses stand for.
    """

    name: str
    active: tuple[Term, ...]
    values: tuple[Term, ...]
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Use:
    """How a key is used: its conditions, whether as a variable, and whether AWS lists it with many values."""

    tests: tuple[Test, ...]
    as_variable: bool
    listed: bool


def declare(terms: Terms, name: str, use: Use) -> Key:
    """The key with as many values as its conditions can tell apart."""
    tests = [test for test in use.tests if test.name != "Null"]
    families = {FAMILIES[test.name] for test in tests} | ({"text"} if use.as_variable else set())
    if len(families) > 1:
        raise Undecided(f"`{name}` is used as {' and '.join(sorted(families))}")
    family = next(iter(families), "text")
    count = 1
    if use.listed or any(test.qualifier for test in tests):
        count = max(len({test.existential for test in tests}), 2 if use.as_variable else 1)
    active = tuple(terms.boolean(f"{name} has {n}") for n in range(count))
    if family == "text":
        return Key(name, active, tuple(terms.string(f"{name} {n}") for n in range(count)))
    literals = [value for test in tests for value in test.values]
    classes = representatives(family, literals)
    return Key(name, active, tuple(terms.integer(f"{name} {n}") for n in range(count)), classes)


def to_cut(keys: Mapping[str, Key], tests: Iterable[Test]) -> frozenset[Term]:
    """The values that some ARN operator compares with a variable."""
    found = [
        t
        for t in tests
        if t.name.startswith("Arn") and any(variables_in(tokens(v, variables=t.variables)) for v in t.values)
    ]
    return frozenset(value for test in found for value in keys[test.key].values)


def shape(terms: Terms, key: Key) -> Iterable[Term]:
    """What always holds of the key: the values that are there are the first ones."""
    for left, right in zip(key.active, key.active[1:], strict=False):
        yield terms.make(Kind.IMPLIES, right, left)
    for value in key.values if key.classes else ():
        yield terms.make(Kind.GEQ, value, terms.number(0))
        yield terms.make(Kind.LT, value, terms.number(len(key.classes)))


def single(terms: Terms, key: Key) -> Term:
    """Whether the key has exactly one value."""
    return terms.all_of([key.active[0], *(terms.negate(more) for more in key.active[1:2])])


@dataclass(frozen=True, slots=True)
class Conditions:
    """Says when a condition holds; `facts` must be told to the solver too.

    `cut` are the values that ARN operators look at part by part; the others are matched whole.
    """

    terms: Terms
    keys: dict[str, Key]
    matcher: Matcher
    cut: frozenset[Term] = frozenset()
    facts: list[Term] = field(default_factory=list)
    cuts: dict[Term, tuple[Term, tuple[Term, ...]]] = field(default_factory=dict)

    def holds(self, test: Test) -> Term:
        """When the condition holds; that its variables have values is asked elsewhere."""
        key, terms = self.keys[test.key], self.terms
        present = key.active[0]
        if test.name == "Null":
            return terms.negate(present) if test.values[0].lower() == "true" else present
        meet = self._meeting(test, key)
        hits = [meet(value) for value in key.values]
        if test.qualifier and test.negated:
            hits = [terms.negate(hit) for hit in hits]
        if test.qualifier == "ForAllValues:":
            pairs = zip(key.active, hits, strict=True)
            return terms.all_of(terms.any_of([terms.negate(there), hit]) for there, hit in pairs)
        some = terms.any_of(terms.all_of(pair) for pair in zip(key.active, hits, strict=True))
        held = terms.negate(some) if test.negated and not test.qualifier else some
        return terms.any_of([terms.negate(present), held]) if test.if_exists else held

    def _meeting(self, test: Test, key: Key) -> Callable[[Term], Term]:
        """Whether one value meets one of the listed ones, without the operator's negation."""
        if key.classes:
            family = FAMILIES[test.name]
            met = [n for n, text in enumerate(key.classes) if holds(family, test.name, text, test.values)]
            return lambda value: self._among(value, met)
        return lambda value: self.terms.any_of(self._text_meets(value, test, literal) for literal in test.values)

    def _among(self, value: Term, numbers: Sequence[int]) -> Term:
        """Whether the integer is one of those in order; runs of them are ranges."""
        runs: list[list[int]] = []
        for n in numbers:
            if runs and n == runs[-1][1] + 1:
                runs[-1][1] = n
            else:
                runs.append([n, n])
        return self.terms.any_of(self._range(value, low, high) for low, high in runs)

    def _range(self, value: Term, low: int, high: int) -> Term:
        terms = self.terms
        if low == high:
            return terms.equal(value, terms.number(low))
        above = terms.make(Kind.GEQ, value, terms.number(low))
        return terms.all_of([above, terms.make(Kind.LEQ, value, terms.number(high))])

    def _text_meets(self, value: Term, test: Test, literal: str) -> Term:
        name = test.name.replace("Not", "")
        if name.startswith("Arn"):
            return self._arn_meets(value, literal, test.variables)
        any_case = name in ("StringEqualsIgnoreCase", "Bool")
        items = tokens(literal, variables=test.variables, wild=name == "StringLike")
        return self.matcher.meets(value, items, any_case=any_case)

    def _arn_meets(self, value: Term, literal: str, variables: bool) -> Term:
        """Part by part; with a variable, the parts of the value are cut out at its colons."""
        if literal == "*":
            return self.terms.true
        parts = [tokens(part, variables=variables) for part in segments(literal, variables=variables)]
        if value not in self.cut:
            in_segment = {Wild.STAR: Wild.STAR_IN_SEGMENT, Wild.ONE: Wild.ONE_IN_SEGMENT}
            whole = [(in_segment[i] if isinstance(i, Wild) else i) for part in parts[:5] for i in (*part, ":")]
            return self.matcher.meets(value, joined([*whole, *parts[5]]))
        return self._cut_meets(value, parts)

    def _cut_meets(self, value: Term, parts: Sequence[Tokens]) -> Term:
        if value not in self.cuts:
            self.cuts[value] = self._cut(value)
        is_arn, pieces = self.cuts[value]
        met = [self.matcher.meets(piece, part) for piece, part in zip(pieces, parts[1:], strict=True)]
        return self.terms.all_of([is_arn, *met])

    def _cut(self, value: Term) -> tuple[Term, tuple[Term, ...]]:
        """Whether the value is an ARN, and its parts after the first: new strings, tied to it by facts."""
        terms = self.terms
        form = joined(["arn:", *(Wild.STAR_IN_SEGMENT, ":") * 4, Wild.STAR])
        is_arn = terms.boolean(f"{value} is an ARN")
        pieces = tuple(terms.string(f"{value} {part}") for part in range(5))
        text = terms.concat([t for n, piece in enumerate(pieces) for t in (terms.text(":" if n else "arn:"), piece)])
        no_colon = [terms.within(piece, [terms.regex((Wild.STAR_IN_SEGMENT,))]) for piece in pieces[:4]]
        tied = terms.all_of([terms.equal(value, text), *no_colon])
        self.facts.append(terms.make(Kind.ITE, is_arn, tied, terms.negate(terms.within(value, [terms.regex(form)]))))
        return is_arn, pieces
