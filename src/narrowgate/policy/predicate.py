"""Conditions, compiled: from operator, key and values to the test that a context holds. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
The rule for an absent key, several values and negation is in one place, `_over`; what it is to meet
a listed value is in one table, MEETS.
"""

from __future__ import annotations

import operator as python
from collections.abc import Callable
from types import MappingProxyType
from typing import Final, TypeAlias

from narrowgate.policy import matching, values
from narrowgate.policy.clause import Term
from narrowgate.policy.condition import Operator, parse_operator
from narrowgate.policy.decision import Switches
from narrowgate.policy.request_context import Context, lower_key, several
from narrowgate.policy.variable import COLON, Template, bare, hidden, template

Meets: TypeAlias = Callable[[str], bool]
"""Whether one value of the request meets one of the listed values."""

Holds: TypeAlias = Callable[[Context], bool]
"""Whether a condition holds in a context."""

Listed: TypeAlias = tuple[str, ...]


def holds(term: Term, *, has_variables: bool, switches: Switches) -> Holds | None:
    """The test of a condition; None where it cannot be evaluated."""
    name, key, listed = term
    operator = parse_operator(name)
    if operator is None or not listed:
        return None
    has_variables = has_variables and operator.takes_variables
    if not all(operator.reads(text, variables=has_variables) for text in listed):
        return None
    key = lower_key(key)
    if operator.name == "Null":
        return _null(key, {values.truth(text) for text in listed})
    if has_variables and any("${" in text for text in listed):
        return _filled(operator, key, tuple(map(template, listed)), switches)
    meets = MEETS[positive(operator.name)](listed)
    return _over(key, meets, operator, switches)


def positive(name: str) -> str:
    """The operator of which the named one is the negation, or itself."""
    return name.replace("Not", "", 1)


def is_negated(name: str) -> bool:
    """Whether the operator is the negation of another."""
    return "Not" in name


def _null(key: str, listed: set[str | None]) -> Holds | None:
    if len(listed) != 1:
        return lambda _: True
    if "true" in listed:
        return lambda context: key not in context
    return lambda context: key in context


def _over(key: str, meets: Meets, operator: Operator, switches: Switches) -> Holds:
    """One operator over the values of a key, present or not."""
    negated = is_negated(operator.name)
    match operator.qualifier:
        case "ForAllValues:":
            return _for_all(key, meets, negated)
        case "ForAnyValue:":
            return _for_any(key, meets, negated, operator.if_exists)
    return _plain(key, meets, negated, operator.if_exists, switches.many_values == "never")


def _for_all(key: str, meets: Meets, negated: bool) -> Holds:
    def test(context: Context) -> bool:
        return all(meets(value) is not negated for value in several(context.get(key)))

    return test


def _for_any(key: str, meets: Meets, negated: bool, missing: bool) -> Holds:
    def test(context: Context) -> bool:
        found = context.get(key)
        if found is None:
            return missing
        return any(meets(value) is not negated for value in several(found))

    return test


def _plain(key: str, meets: Meets, negated: bool, if_exists: bool, single: bool) -> Holds:
    missing = negated or if_exists

    def test(context: Context) -> bool:
        value = context.get(key)
        if value is None:
            return missing
        if isinstance(value, str):
            return meets(value) is not negated
        if single and len(value) > 1:
            return False
        return any(map(meets, value)) is not negated

    return test


def _filled(operator: Operator, key: str, templates: tuple[Template, ...], switches: Switches) -> Holds:
    """A condition with variables: its values are known with the context only.

    A variable that cannot be resolved leaves out its value here; that it voids the statement is the
    statement's business.
    """
    name = positive(operator.name)

    def test(context: Context) -> bool:
        listed = tuple(text for each in templates if (text := each.filled(context)) is not None)
        return _over(key, _filled_meets(name, listed), operator, switches)(context)

    return test


def _equals(listed: Listed) -> Meets:
    return frozenset(listed).__contains__


def _equals_any_case(listed: Listed) -> Meets:
    wanted = frozenset(text.lower() for text in listed)
    return lambda value: value.lower() in wanted


def _like(listed: Listed) -> Meets:
    return matching.one_of(listed, matching.glob)


def _arn_like(listed: Listed) -> Meets:
    tests = tuple(map(matching.arn, listed))
    return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)


def _number(compare: Callable[[values.Exact, values.Exact], bool]) -> Callable[[Listed], Meets]:
    return lambda listed: _compared(values.number, compare, listed)


def _date(compare: Callable[[values.Exact, values.Exact], bool]) -> Callable[[Listed], Meets]:
    return lambda listed: _compared(values.instant, compare, listed)


def _compared(
    read: Callable[[str], values.Exact | None], compare: Callable[[values.Exact, values.Exact], bool], listed: Listed
) -> Meets:
    wanted = tuple(found for text in listed if (found := read(text)) is not None)

    def meets(value: str) -> bool:
        actual = read(value)
        return actual is not None and any(compare(actual, each) for each in wanted)

    return meets


def _bool(listed: Listed) -> Meets:
    wanted = frozenset(map(values.truth, listed))
    return lambda value: value.lower() in wanted


def _ip(listed: Listed) -> Meets:
    wanted = tuple(found for text in listed if (found := values.network(text)) is not None)

    def meets(value: str) -> bool:
        actual = values.address(value)
        if actual is None:
            return False
        version, number = actual
        for each, first, last in wanted:  # noqa: SIM110 - a generator costs more than what it saves, a million times
            if each == version and first <= number <= last:
                return True
        return False

    return meets


MEETS: Final = MappingProxyType(
    {
        "StringEquals": _equals,
        "StringEqualsIgnoreCase": _equals_any_case,
        "StringLike": _like,
        "ArnEquals": _arn_like,
        "ArnLike": _arn_like,
        "NumericEquals": _number(python.eq),
        "NumericLessThan": _number(python.lt),
        "NumericLessThanEquals": _number(python.le),
        "NumericGreaterThan": _number(python.gt),
        "NumericGreaterThanEquals": _number(python.ge),
        "DateEquals": _date(python.eq),
        "DateLessThan": _date(python.lt),
        "DateLessThanEquals": _date(python.le),
        "DateGreaterThan": _date(python.gt),
        "DateGreaterThanEquals": _date(python.ge),
        "Bool": _bool,
        "BinaryEquals": _equals,
        "IpAddress": _ip,
    }
)
"""Every positive operator but Null: from the listed values to the test of one value."""


def _filled_meets(name: str, listed: Listed) -> Meets:
    """The test of values that variables were filled into, whose own stars are hidden.

    Where stars are wildcards, those of the request have to be hidden too; elsewhere none is.
    """
    if name not in _WILD:
        return MEETS[name](tuple(map(bare, listed)))
    plain = listed if name.startswith("Arn") else tuple(text.replace(COLON, ":") for text in listed)
    meets = MEETS[name](plain)
    return lambda value: meets(hidden(value))


_WILD: Final = frozenset({"StringLike", "ArnEquals", "ArnLike"})
