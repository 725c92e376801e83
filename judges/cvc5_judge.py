"""The independent judge of policy comparison: cvc5 decides whether one set of policies allows all of another.

Written from docs/policy-engine.md; of the engine only the parsed documents are used. Split encoding: the
parts of an ARN are separate strings, actions are classes, numbers, dates and addresses are classes too.
A key has one value, unless some condition on it, in either set, has a qualifier, or AWS lists it with many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import cvc5
from cvc5 import Solver, Term

from judges.cvc5_actions import Action, Anything, Listed, known
from judges.cvc5_keys import Conditions, Key, Test, Use, declare, read, shape, single, to_cut
from judges.cvc5_resource import Resource
from judges.cvc5_text import Matcher, Terms, Undecided, Variable, tokens, variables_in
from narrowgate.policy.document import NEW_VERSION, Document, Effect, Patterns

Word: TypeAlias = Literal["covers", "exceeds", "unknown"]


Several: TypeAlias = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict; for `exceeds` a request that b allows and a does not; for `unknown` the reason."""

    verdict: Word
    why: str = ""
    action: str = ""
    resource: str = ""
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Clause:
    """One statement taken apart; `needs` are the variables without which it is void."""

    effect: Effect
    actions: Patterns
    resources: Patterns
    tests: tuple[Test, ...]
    variables: bool
    used: tuple[Variable, ...]


Sides: TypeAlias = tuple[tuple[Clause, ...], tuple[Clause, ...]]


def judge(
    a: Sequence[Document],
    b: Sequence[Document],
    actions: Sequence[str] | None = None,
    timeout_ms: int = 5_000,
    *,
    several: Several = lambda key: False,
) -> Judgement:
    """Whether the policies `a`, of one principal, allow every request that `b` allows.

    With `actions` only those are asked about, else any text `service:Name`. `sts:GetCallerIdentity` is
    always allowed and never asked about. `several` says of a key in lower case whether AWS lists it with
    many values. Documents are of kind `identity`; the time is for each check.
    """
    try:
        return _Query((_clauses(a), _clauses(b)), actions, several).answer(timeout_ms)
    except Undecided as reason:
        return Judgement("unknown", str(reason))


def _clauses(documents: Iterable[Document]) -> tuple[Clause, ...]:
    return tuple(_clause(document, n) for document in documents for n in range(len(document.statements)))


def _clause(document: Document, number: int) -> Clause:
    statement = document.statements[number]
    variables = document.version == NEW_VERSION
    if statement.resources is None or statement.principals is not None:
        raise Undecided("a statement that is not of an identity policy")
    tests = tuple(read(condition, variables=variables) for condition in statement.conditions)
    texts = [item.value for item in statement.resources.items] if variables else []
    texts += [value for test in tests if test.variables for value in test.values]
    used = dict.fromkeys(v for text in texts for v in variables_in(tokens(text, variables=True)))
    return Clause(statement.effect, statement.actions, statement.resources, tests, variables, tuple(used))


class _Query:
    """One question to cvc5."""

    def __init__(self, sides: Sides, actions: Sequence[str] | None, several: Several) -> None:
        self.sides = sides
        self.terms = Terms()
        clauses = [clause for side in sides for clause in side]
        self.keys = self._keys(clauses, several)
        self.matcher = Matcher(self.terms, self._value)
        self.conditions = Conditions(
            self.terms, self.keys, self.matcher, to_cut(self.keys, (t for c in clauses for t in c.tests))
        )
        self.resource = Resource(self.terms)
        self.action = self._action(clauses, actions)
        self.tests: dict[Test, Term] = {}

    def _action(self, clauses: Sequence[Clause], actions: Sequence[str] | None) -> Action:
        elements = [clause.actions for clause in clauses]
        if actions is None:
            return Anything(self.terms, elements)
        wanted = [clause.actions for clause in self.sides[1] if clause.effect == "Allow"]
        return Listed(self.terms, known(tuple(actions)), elements, wanted)

    def _keys(self, clauses: Sequence[Clause], several: Several) -> dict[str, Key]:
        tests: dict[str, list[Test]] = {}
        for test in (test for clause in clauses for test in clause.tests):
            tests.setdefault(test.key, []).append(test)
        used = {variable.key for clause in clauses for variable in clause.used}
        names = sorted(tests.keys() | used)
        uses = {name: Use(tuple(tests.get(name, ())), name in used, several(name)) for name in names}
        return {name: declare(self.terms, name, use) for name, use in uses.items()}

    def _value(self, variable: Variable) -> Term:
        """The text of a variable; where it has none and no default, what is made of it does not count."""
        key = self.keys[variable.key]
        if variable.default is None:
            return key.values[0]
        default = self.terms.text(variable.default)
        return self.terms.make(cvc5.Kind.ITE, single(self.terms, key), key.values[0], default)

    def answer(self, timeout_ms: int) -> Judgement:
        """First where the parts of an ARN do; then, if that finds nothing, where the whole text is needed."""
        goal = self.terms.all_of([self._permits(self.sides[1]), self.terms.negate(self._permits(self.sides[0]))])
        solver = self._solver(timeout_ms)
        for fact in (*self._shapes(), goal):
            solver.assertFormula(fact)
        loose = self.terms.any_of(self.resource.loose)
        found = solver.checkSatAssuming(self.terms.negate(loose))
        if found.isUnsat() and loose != self.terms.false:
            found = solver.checkSatAssuming(loose)
            if found.isSat() and self.resource.is_inexact:
                return Judgement("unknown", "a colon in the value of a variable before the last part of an ARN")
        if found.isUnknown():
            return Judgement("unknown", f"cvc5: {found.getUnknownExplanation()}")
        return self._shown(solver) if found.isSat() else Judgement("covers")

    def _solver(self, timeout_ms: int) -> Solver:
        solver = Solver(self.terms.manager)
        solver.setLogic("QF_SLIA")
        options = {"produce-models": "true", "strings-exp": "true", "tlimit-per": str(timeout_ms)}
        options["incremental"] = "true" if self.resource.loose else "false"
        for name, value in options.items():
            solver.setOption(name, value)
        return solver

    def _shapes(self) -> Iterator[Term]:
        yield from self.action.shape()
        yield from self.resource.shape()
        yield from self.conditions.facts
        for key in self.keys.values():
            yield from shape(self.terms, key)

    def _permits(self, clauses: Sequence[Clause]) -> Term:
        allowed = [self._matches(clause) for clause in clauses if clause.effect == "Allow"]
        denied = [self._matches(clause) for clause in clauses if clause.effect == "Deny"]
        return self.terms.all_of([self.terms.any_of(allowed), self.terms.negate(self.terms.any_of(denied))])

    def _matches(self, clause: Clause) -> Term:
        has = [single(self.terms, self.keys[v.key]) for v in clause.used if v.default is None]
        resource = self.resource.meets(clause.resources, self.matcher, variables=clause.variables)
        tests = [self._holds(test) for test in clause.tests]
        return self.terms.all_of([self.action.meets(clause.actions), resource, *has, *tests])

    def _holds(self, test: Test) -> Term:
        if test not in self.tests:
            self.tests[test] = self.conditions.holds(test)
        return self.tests[test]

    def _shown(self, solver: Solver) -> Judgement:
        context: dict[str, str | tuple[str, ...]] = {}
        for name, key in sorted(self.keys.items()):
            there = [solver.getValue(term).getBooleanValue() for term in key.active]
            values = [solver.getValue(v) for v, present in zip(key.values, there, strict=True) if present]
            texts = tuple(_text(key, value) for value in values)
            if texts:
                context[name] = texts[0] if len(texts) == 1 else texts
        return Judgement("exceeds", "", self.action.shown(solver), self.resource.shown(solver), context)


def _text(key: Key, value: Term) -> str:
    return key.classes[int(value.getIntegerValue())] if key.classes else str(value.getStringValue())
