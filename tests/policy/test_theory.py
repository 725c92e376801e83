"""A theory of a key has a state for every value, and says of it what the conditions say."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

import pytest

from narrowgate.policy.clause import Clause, Term
from narrowgate.policy.decision import DEFAULTS
from narrowgate.policy.gaps import around_dates, around_networks, around_numbers
from narrowgate.policy.literal import Literal, literals
from narrowgate.policy.predicate import holds
from narrowgate.policy.request_context import Value
from narrowgate.policy.theory import Theory, theory
from narrowgate.policy.values import instant, number

KEY: Final = "aws:k"
TEXTS: Final = (
    "",
    "a",
    "b",
    "ab",
    "A",
    "ba",
    "aab",
    "c",
    "*",
    "a:b",
    "arn:aws:s3:::b",
    "arn:aws:s3:::ab",
    "arn:aws:x::::",
)
POOLS: Final = {
    "text": (
        ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"),
        ("a", "b", "ab", "A", "a*", "*b", "?", "*", "a?b"),
        TEXTS,
    ),
    "arn": (
        ("ArnLike", "ArnNotLike", "ArnEquals", "StringLike", "StringEquals"),
        ("arn:aws:s3:::b", "arn:aws:s3:::*", "arn:*:s3:::?b", "*", "arn:aws:x:*:*:*"),
        TEXTS,
    ),
    "number": (
        ("NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericGreaterThanEquals"),
        ("1", "2", "1.5", "-3", "2.0"),
        ("0", "1", "1.0", "1.25", "1.5", "1.75", "2", "3", "-3", "-4", "x", ""),
    ),
    "date": (
        ("DateEquals", "DateLessThan", "DateGreaterThanEquals", "DateNotEquals"),
        ("2024-01-01", "2024-01-01T00:00:01Z", "1704067200", "2025-06-01T00:00:00+02:00"),
        ("2023-01-01", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00.5Z", "2024-01-01T00:00:01Z", "2026-01-01", "soon"),
    ),
    "address": (
        ("IpAddress", "NotIpAddress"),
        ("10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "0.0.0.0/0", "2001:db8::/32"),
        ("9.9.9.9", "10.0.0.1", "10.1.0.1", "10.1.2.3", "10.1.2.4", "11.0.0.0", "2001:db8::1", "::1", "here"),
    ),
    "truth": (("Bool",), ("true", "false"), ("true", "FALSE", "maybe", "")),
    "binary": (("BinaryEquals",), ("YQ==", "Yg=="), ("YQ==", "Yg==", "Yw==", "")),
}


def _terms(rng: random.Random, family: str, *, qualified: bool) -> list[Term]:
    operators, listed, _ = POOLS[family]
    terms: list[Term] = []
    for _ in range(rng.randint(1, 4)):
        if rng.random() < 0.1:
            terms.append(("Null", KEY, (rng.choice(("true", "false")),)))
            continue
        qualifier = rng.choice(("", "ForAllValues:", "ForAnyValue:")) if qualified else ""
        values = (rng.choice(listed),) if family == "truth" else tuple(rng.sample(listed, rng.randint(1, 2)))
        terms.append((qualifier + rng.choice(operators) + rng.choice(("", "", "IfExists")), KEY, values))
    return terms


def _literals(terms: Sequence[Term]) -> list[Literal]:
    """The literal of each term."""
    found = [literals(Clause("Allow", ("*",), False, ("*",), False, None, (term,), None, True)) for term in terms]
    return [each[0] for each in found if each]


def _held(terms: Sequence[Term], value: Value | None) -> list[bool]:
    context = {} if value is None else {KEY: value}
    tests = [holds(term, has_variables=True, switches=DEFAULTS) for term in terms]
    return [test(context) for test in tests if test is not None]


def _states(made: Theory, count: int) -> set[tuple[bool, ...]]:
    return {tuple(bool(state.holds >> i & 1) for i in range(count)) for state in made.states}


@pytest.mark.parametrize("family", POOLS)
@pytest.mark.parametrize("several", [False, True])
def test_every_value_is_in_some_state(family: str, several: bool) -> None:
    for seed in range(60):
        rng = random.Random(f"{family}-{seed}")
        terms = _terms(rng, family, qualified=several)
        made = theory(_literals(terms), several=several)
        assert not made.inexact
        possible: list[Value | None] = [None, *POOLS[family][2]]
        if several:
            possible += [tuple(rng.choices(POOLS[family][2], k=rng.randint(1, 3))) for _ in range(25)]
        states = _states(made, len(terms))
        for value in possible:
            assert tuple(_held(terms, value)) in states, (terms, value)


@pytest.mark.parametrize("family", POOLS)
def test_every_state_has_a_value_that_is_in_it(family: str) -> None:
    for seed in range(60):
        terms = _terms(random.Random(f"{family}-{seed}"), family, qualified=True)
        made = theory(_literals(terms), several=True)
        for state in made.states:
            assert not state.guessed
            assert _held(terms, state.value) == [bool(state.holds >> i & 1) for i in range(len(terms))], (terms, state)
        for i, holding in enumerate(made.holding):
            assert holding == sum(1 << j for j, state in enumerate(made.states) if state.holds >> i & 1)


def test_values_of_different_kinds_on_one_key_are_inexact() -> None:
    made = theory(_literals([("NumericEquals", KEY, ("1",)), ("StringLike", KEY, ("1*",))]), several=False)
    assert "kinds" in made.inexact


def test_a_variable_may_be_what_a_text_says() -> None:
    """`${aws:username}` and `bob` on one key: both can hold, and neither."""
    made = theory(
        _literals([("StringEquals", KEY, ("${aws:username}",)), ("StringEquals", KEY, ("bob",))]), several=False
    )
    assert {(True, True), (True, False), (False, True), (False, False)} == _states(made, 2)
    both = next(state for state in made.states if state.holds == 3)
    assert both.guessed


def test_what_holds_for_every_value_of_a_variable_is_no_guess() -> None:
    """`team-${v}` always lies in `team-*`, and never in `user-*`."""
    terms: list[Term] = [
        ("StringEquals", KEY, ("team-${aws:username}",)),
        ("StringLike", KEY, ("team-*",)),
        ("StringLike", KEY, ("user-*",)),
    ]
    states = _states(theory(_literals(terms), several=False), 3)
    assert (True, False, False) not in states
    assert (True, True, True) not in states


def test_too_many_combinations_are_said_to_be() -> None:
    terms: list[Term] = [("ForAnyValue:StringEquals", KEY, (f"v{n}",)) for n in range(14)]
    assert theory(_literals(terms), several=True).inexact


def test_gaps() -> None:
    assert list(around_numbers(["2", "1", "1.0"])) == ["0", "1", "1.5", "2", "3"]
    assert list(around_numbers(["-0.5"])) == ["-1.5", "-0.5", "0.5"]
    assert all(number(text) is not None for text in around_numbers(["0.1", "0.2", "123456789.987654321"]))
    dates = [instant(text) for text in around_dates(["2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z"])]
    assert None not in dates and dates == sorted(dates, key=lambda d: d or 0) and len(set(dates)) == 5
    assert list(around_networks(["10.0.0.0/8"])) == ["0.0.0.0", "10.0.0.0", "11.0.0.0", "::"]
    assert list(around_networks(["0.0.0.0/0", "::/0"])) == ["0.0.0.0", "::"]
    assert next(iter(around_dates(["0001-01-01", "9999-12-31T23:59:59Z"]))).startswith("0001")
