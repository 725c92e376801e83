"""Each step by itself changes nothing of what is allowed, so that the proof at the end never has to undo one."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from policy.statements import KNOWN, document, negated, random_documents

from narrowgate.policy import Document
from narrowgate.policy.clause import policies_of
from narrowgate.policy.comparison import equivalent
from narrowgate.policy.folding import folded
from narrowgate.policy.idle import Ground, without_idle
from narrowgate.policy.merging import merged
from narrowgate.policy.rule import Rule, clauses, is_mixed, rules_of, settled
from narrowgate.policy.verdict import Refuted, Universe

Step = Callable[[tuple[Rule, ...]], tuple[Rule, ...]]

STEPS: dict[str, tuple[Step, Universe]] = {
    "settled": (settled, "open"),
    "merged": (merged, "open"),
    "without idle": (lambda rules: without_idle(rules, Ground("open", None)), "open"),
    "without idle among known actions": (lambda rules: without_idle(rules, Ground("closed", KNOWN)), "closed"),
    "folded": (lambda rules: folded(rules, KNOWN), "closed"),
}


def rules(*documents: Document) -> tuple[Rule, ...]:
    return rules_of(policies_of(documents))


@pytest.mark.parametrize("name", STEPS)
def test_each_step(name: str) -> None:
    step, universe = STEPS[name]
    for seed in range(150):
        rng = random.Random(seed)
        found = random_documents(rng)
        before = rules(*(negated(rng, each) for each in found) if seed % 4 == 0 else found)
        after = step(before)
        verdict = equivalent((clauses(before),), (clauses(after),), universe=universe, actions=KNOWN)
        assert not isinstance(verdict, Refuted), (seed, verdict.counterexample.request)


def test_reading_as_rules_changes_nothing() -> None:
    for seed in range(150):
        found = random_documents(random.Random(seed))
        assert not isinstance(equivalent(found, (clauses(rules(*found)),)), Refuted)


@pytest.mark.parametrize(
    ("operator", "key", "values"),
    [
        ("ForAllValues:StringEquals", "aws:TagKeys", ("a", "b")),
        ("StringNotEquals", "aws:TagKeys", ("a", "b")),
        ("ForAnyValue:StringNotEquals", "aws:TagKeys", ("a", "b")),
        ("Bool", "aws:SecureTransport", ("true", "false")),
        ("Null", "aws:TagKeys", ("true", "false")),
        ("StringEquals", "aws:PrincipalTag/t", ("a", "${aws:username}")),
    ],
)
def test_values_that_do_not_join(operator: str, key: str, values: tuple[str, str]) -> None:
    """A condition of both would hold for more than either, or for less; or AWS would not take it."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    found = document(*({**statement, "Condition": {operator: {key: value}}} for value in values))
    assert merged(rules(found)) == rules(found)


def test_a_dollar_is_text_or_a_variable() -> None:
    plain = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b"}
    mine = {**plain, "Resource": "arn:aws:s3:::${aws:username}"}
    old, new = document(mine, version="2008-10-17"), document(mine)
    assert is_mixed(policies_of((old, new)))
    assert not is_mixed(policies_of((old, document(plain))))
    assert [rule.is_new for rule in rules(old, document(plain))] == [False, False]
    assert [rule.is_new for rule in rules(new, document(plain, version="2008-10-17"))] == [True, True]
