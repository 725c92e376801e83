"""One condition as a predicate on the values of one key, by its meaning. Pure.

INVARIANT: `on_absent` and `on_values` say of every value what `predicate.holds` says of it; a test
compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from narrowgate.policy.clause import Clause, Term
from narrowgate.policy.condition import parse_operator
from narrowgate.policy.predicate import is_negated, positive
from narrowgate.policy.values import truth
from narrowgate.policy.variable import template


class Atom(NamedTuple):
    """What one value is asked: whether it meets one of the listed values. `symbolic`: variables among them."""

    name: str
    listed: tuple[str, ...]
    symbolic: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """A condition on one key. `atom` is None where only the number of values counts (PRESENT, SINGLE).

    `holds_absent`: what it is for an absent key.
    """

    key: str
    atom: Atom | None
    negated: bool
    qualifier: str
    holds_absent: bool

    def on_values(self, any_meets: bool, all_meet: bool, *, single: bool) -> bool:
        """Whether it holds for a key with values of which one or all meet the atom."""
        if self.atom is None:
            return not self.negated and (single or self.qualifier != SINGLE)
        match self.qualifier:
            case "ForAllValues:":
                return not any_meets if self.negated else all_meet
            case "ForAnyValue:":
                return not all_meet if self.negated else any_meets
        return any_meets is not self.negated


SINGLE: Final = "single"
"""The mark of the predicate that a key has exactly one value, which a variable needs."""


def literals(clause: Clause) -> tuple[Literal, ...] | None:
    """The conditions of a clause, and the presence of the variables it uses; None if one cannot be evaluated."""
    found = [_literal(term, clause.has_variables) for term in clause.terms]
    if None in found:
        return None
    texts = list(clause.resources or ())
    for name, _, listed in clause.terms:
        operator = parse_operator(name)
        texts.extend(listed if operator and operator.takes_variables else ())
    made = [literal for literal in found if literal is not None and literal not in (ALWAYS,)]
    if clause.has_variables:
        needed = (v.key for text in texts if "${" in text for v in template(text).variables if v.default is None)
        made.extend(Literal(key, None, False, SINGLE, False) for key in dict.fromkeys(needed))
    return tuple(dict.fromkeys(made))


ALWAYS: Final = Literal("", None, False, "", True)
"""`Null` with both `true` and `false`."""


def _literal(term: Term, modern: bool) -> Literal | None:
    name, key, listed = term
    operator = parse_operator(name)
    if operator is None or not listed:
        return None
    variables = modern and operator.takes_variables
    if not all(operator.reads(text, variables=variables) for text in listed):
        return None
    if operator.name == "Null":
        asked = {truth(text) for text in listed}
        absent = "true" in asked
        return ALWAYS if len(asked) == 2 else Literal(key.lower(), None, absent, "", absent)
    symbolic = variables and any("${" in text for text in listed)
    negated = is_negated(operator.name)
    for_all = operator.qualifier == "ForAllValues:"
    on_absent = for_all or operator.if_exists or (negated and operator.qualifier == "")
    kept = tuple(sorted({operator.form.canonical(text) or text for text in listed}))
    return Literal(key.lower(), Atom(positive(operator.name), kept, symbolic), negated, operator.qualifier, on_absent)
