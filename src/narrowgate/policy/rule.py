"""A statement as sets, for rewriting: two spellings of one statement of an identity policy are equal. Pure.

INVARIANT: `clauses(rules_of(policies))` allow and deny exactly what the policies do.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from narrowgate.policy import pattern
from narrowgate.policy.arn import is_pattern
from narrowgate.policy.clause import Clause, Policy, Term
from narrowgate.policy.condition import ARN, NETWORK, NUMBER, TRUTH, parse_operator
from narrowgate.policy.decision import ALWAYS_ALLOWED
from narrowgate.policy.document import (
    NEW_VERSION,
    OLD_VERSION,
    Condition,
    Document,
    Effect,
    Patterns,
    Statement,
    Text,
    size,
)
from narrowgate.policy.pattern import Pattern
from narrowgate.policy.variable import template

_BARE: Final = len('{"Statement":[]}')
_BEYOND: Final = "\U0010ffff"


class Rule(NamedTuple):
    """One statement. Terms are sorted, and their values sorted and each once.

    `is_new`: Version 2012-10-17, where `${...}` is a variable. All rules at hand are of one Version.
    """

    effect: Effect
    not_actions: bool
    actions: frozenset[str]
    not_resources: bool
    resources: frozenset[str]
    terms: tuple[Term, ...]
    is_new: bool


def rules_of(policies: Iterable[Policy]) -> tuple[Rule, ...]:
    """The rules of identity policies, each once, sorted by their text; not for policies of mixed Versions."""
    found = [clause for policy in policies for clause in policy.clauses]
    spelled = _Spellings(found)
    return settled(made for clause in found if (made := spelled.rule(clause)).actions)


def settled(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules, each once, sorted, and in one Version: the new one, unless there is a `${` that is text."""
    found = tuple(rules)
    is_new = not any(not rule.is_new and "${" in text for rule in found for text in _texts_of(rule))
    return tuple(sorted({rule._replace(is_new=is_new) for rule in found}, key=text_of))


def is_mixed(policies: Iterable[Policy]) -> bool:
    """Whether `${` is text in some statements and begins a variable in others."""
    found = [clause for policy in policies for clause in policy.clauses]
    texts = (
        (clause.has_variables, text)
        for clause in found
        for text in (*(clause.resources or ()), *(value for _, _, values in clause.terms for value in values))
    )
    return len({is_new for is_new, text in texts if "${" in text}) > 1


def clauses(rules: Iterable[Rule]) -> Policy:
    """The rules as one policy to be compared or decided upon."""
    return Policy("identity", tuple(map(clause_of, rules)))


def clause_of(rule: Rule) -> Clause:
    """The rule as a clause."""
    actions, resources = tuple(sorted(rule.actions)), tuple(sorted(rule.resources))
    return Clause(
        rule.effect, actions, rule.not_actions, resources, rule.not_resources, None, rule.terms, None, rule.is_new
    )


def document_of(rules: Sequence[Rule]) -> Document:
    """The document of some rules; its Version is written out."""
    return Document("identity", tuple(map(_statement, rules)), NEW_VERSION if rules[0].is_new else OLD_VERSION)


@lru_cache(maxsize=4_096)
def text_of(rule: Rule) -> str:
    """The JSON of the rule, as a document without Version."""
    return Document("identity", (_statement(rule),)).text()


@lru_cache(maxsize=4_096)
def size_of(rule: Rule) -> int:
    """The length of the statement as AWS counts it."""
    return size(text_of(rule)) - _BARE


def _statement(rule: Rule) -> Statement:
    return Statement(
        rule.effect,
        Patterns(_texts(rule.actions), rule.not_actions),
        Patterns(_texts(rule.resources), rule.not_resources),
        conditions=tuple(Condition(operator, key, _texts(values)) for operator, key, values in rule.terms),
    )


def _texts(values: Iterable[str]) -> tuple[Text, ...]:
    return tuple(map(Text, sorted(values)))


def _texts_of(rule: Rule) -> Iterator[str]:
    yield from rule.resources
    for _, _, values in rule.terms:
        yield from values


def needs(texts: Iterable[str]) -> frozenset[str]:
    """The keys of the variables without default in some texts: where one is not resolved, the statement is void."""
    return frozenset(
        variable.key
        for text in texts
        if "${" in text
        for variable in template(text).variables
        if variable.default is None
    )


def needs_of_terms(terms: Iterable[Term]) -> frozenset[str]:
    """The same for the conditions of a statement of the new Version."""
    return needs(value for operator, _, values in terms if takes_variables(operator) for value in values)


def takes_variables(operator: str) -> bool:
    """Whether an operator, as written, reads policy variables in its values."""
    found = parse_operator(operator)
    return found is not None and found.takes_variables


def needs_of(rule: Rule) -> frozenset[str]:
    """The keys without which the rule is void."""
    return needs(rule.resources) | needs_of_terms(rule.terms) if rule.is_new else frozenset()


def action_pattern(text: str) -> Pattern:
    """The actions that an Action string selects; letters in lower case."""
    return pattern.glob(text.lower())


def resource_pattern(text: str, *, is_new: bool) -> Pattern:
    """The resources that a Resource string matches."""
    return pattern.resource(text, variables=is_new and "${" in text)


def inclusions(patterns: Sequence[Pattern]) -> Iterator[tuple[int, int]]:
    """Every two of the patterns of which the first includes the second, by number.

    All that a pattern includes begins with the same characters, so only those are looked at.
    """
    order = sorted(range(len(patterns)), key=lambda at: patterns[at].prefix)
    prefixes = [patterns[at].prefix for at in order]
    for big, found in enumerate(patterns):
        if found.is_literal:
            continue
        low, high = bisect_left(prefixes, found.prefix), bisect_left(prefixes, found.prefix + _BEYOND)
        for small in order[low:high]:
            if small != big and pattern.includes(found, patterns[small]):
                yield big, small


def trimmed(found: dict[str, Pattern]) -> frozenset[str]:
    """The texts without those that others include; of two that include each other one stays."""
    texts = sorted(found)
    gone: set[int] = set()
    for big, small in inclusions([found[text] for text in texts]):
        if big not in gone:
            gone.add(small)
    return frozenset(text for at, text in enumerate(texts) if at not in gone)


def _is_decided(action: str) -> bool:
    return action.lower() not in ALWAYS_ALLOWED


class _Spellings:
    """One spelling for each action, resource, key and value that is written in several ways: the least."""

    def __init__(self, clauses: Iterable[Clause]) -> None:
        self._found: dict[tuple[str, str], str] = {}
        for clause in clauses:
            for kind, code, text in _spelled(clause):
                known = self._found.get((kind, code))
                if known is None or (len(text), text) < (len(known), known):
                    self._found[kind, code] = text

    def rule(self, clause: Clause) -> Rule:
        """The rule of a clause, everything in the one spelling, and without what it says twice."""
        actions = {self._found["action", _action_code(text)] for text in clause.actions if _is_decided(text)}
        resources = {self._found["resource", _resource_code(clause, text)] for text in clause.resources or ()}
        rule = Rule(
            clause.effect,
            clause.not_actions,
            trimmed({text: action_pattern(text) for text in actions}),
            clause.not_resources,
            frozenset(resources),
            tuple(sorted(self._term(term) for term in clause.terms)),
            clause.has_variables,
        )
        return tidy(rule)

    def _term(self, term: Term) -> Term:
        operator, key, values = term
        spelled = {self._found[_form(operator), _value_code(operator, value)] for value in values}
        return operator, self._found["key", key.lower()], tuple(sorted(spelled))


def _spelled(clause: Clause) -> Iterator[tuple[str, str, str]]:
    for text in clause.actions:
        yield "action", _action_code(text), text
    for text in clause.resources or ():
        yield "resource", _resource_code(clause, text), text
    for operator, key, values in clause.terms:
        yield "key", key.lower(), key
        for value in values:
            code = _value_code(operator, value)
            form = parse_operator(operator)
            is_plain = form is not None and form.form in (TRUTH, NUMBER)
            yield _form(operator), code, code if is_plain else value


def _action_code(text: str) -> str:
    return action_pattern(text).code if is_pattern(text) else text.lower()


def _resource_code(clause: Clause, text: str) -> str:
    if not is_pattern(text) and "${" not in text:
        return text
    return resource_pattern(text, is_new=clause.has_variables).code


def _form(operator: str) -> str:
    found = parse_operator(operator)
    return found.form.words if found else operator


def _value_code(operator: str, value: str) -> str:
    """What equal values have in common; of texts only the text itself."""
    found = parse_operator(operator)
    if found is None or found.form not in (TRUTH, NUMBER, NETWORK):
        return value
    return found.form.canonical(value) or value


def tidy(rule: Rule) -> Rule:
    """The rule without resources and values that others of its own include; variables that it needs stay."""
    terms = tuple(_trimmed_term(term, rule.is_new) for term in rule.terms)
    needed = needs_of(rule)
    slim = rule._replace(
        terms=terms,
        resources=trimmed({text: resource_pattern(text, is_new=rule.is_new) for text in rule.resources}),
    )
    return slim if needs_of(slim) == needed else rule


def _trimmed_term(term: Term, is_new: bool) -> Term:
    name, key, values = term
    operator = parse_operator(name)
    if operator is None or len(values) == 1:
        return term
    if operator.name in ("StringLike", "StringNotLike"):
        made = {text: pattern.glob(text, variables=is_new and "${" in text) for text in values}
    elif operator.form is ARN:
        made = {text: pattern.arn(text, variables=is_new and "${" in text) for text in values}
    else:
        return term
    return name, key, tuple(sorted(trimmed(made)))
