"""The pairs that the judges of comparison are fed: repeatable, of correct grammar, and seldom trivial."""

from __future__ import annotations

from copy import deepcopy
from random import Random
from typing import Any

import pytest

from judges.mutations import MUTATIONS, RESPELLING, Mutation, Plain
from judges.pairs import ACTIONS, KEYS, Policies, managed_pair, plain, random_pair
from narrowgate.policy import Document, from_value

KNOWN = (*ACTIONS, "ec2:StartInstances", "s3:GetBucketPolicy")


def _document(*statements: dict[str, Any]) -> Document:
    made = from_value({"Version": "2012-10-17", "Statement": list(statements)}, "identity")
    assert isinstance(made, Document), made
    return made


READ = {
    "Effect": "Allow",
    "Action": ["s3:Get*", "s3:ListBucket"],
    "Resource": ["arn:aws:s3:::b/x*", "arn:aws:s3:::b"],
    "Condition": {"StringEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}},
}
RUN = {"Effect": "Allow", "Action": ["ec2:RunInstances", "ec2:D*"], "Resource": "*"}
STOP = {"Effect": "Allow", "Action": "ec2:StopInstances", "Resource": "*"}
NEVER = {"Effect": "Deny", "NotAction": "s3:*", "NotResource": "arn:aws:ec2:*:*:*"}
POLICIES = {"reads": _document(READ, NEVER), "runs": _document(RUN, STOP), "both": _document(READ, RUN, STOP)}


def _texts(pair: tuple[Policies, Policies]) -> list[list[str]]:
    return [[document.text() for document in side] for side in pair]


def test_a_seed_repeats_a_pair() -> None:
    for seed in range(20):
        assert _texts(random_pair(Random(seed))) == _texts(random_pair(Random(seed)))
        one, other = (managed_pair(Random(seed), POLICIES, KNOWN) for _ in range(2))
        assert _texts(one) == _texts(other)


def test_hardly_a_pair_is_twice_the_same_text() -> None:
    random = [_texts(random_pair(Random(seed))) for seed in range(300)]
    managed = [_texts(managed_pair(Random(seed), POLICIES, KNOWN)) for seed in range(300)]
    assert not [a for a, b in random if a == b]
    # Two of AWS's own are drawn apart from each other, so here, out of three, one in ten is the same.
    assert sum(a == b for a, b in managed) < 60


def test_the_random_pairs_have_everything_in_them() -> None:
    text = "".join(str(_texts(random_pair(Random(seed)))) for seed in range(400))
    wanted = ["NotAction", "NotResource", "Deny", "IfExists", "ForAllValues:", "ForAnyValue:", "Null", "${aws:username"]
    wanted += ["StringNotLike", "ArnLike", "NumericLess", "DateGreater", "Bool", "BinaryEquals", "NotIpAddress"]
    wanted += ["2008-10-17", *KEYS]
    assert not [word for word in wanted if word not in text]


def test_a_base_is_not_changed_by_its_mutants() -> None:
    before = {name: policy.text() for name, policy in POLICIES.items()}
    for seed in range(50):
        managed_pair(Random(seed), POLICIES, KNOWN)
    assert {name: policy.text() for name, policy in POLICIES.items()} == before


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.__name__)
def test_a_mutation_changes_something_and_keeps_to_the_grammar(mutation: Mutation) -> None:
    made = [_after(mutation, seed, POLICIES["reads" if "deny" in mutation.__name__ else "both"]) for seed in range(40)]
    changed = [after for before, after in made if after != before]
    assert changed
    assert all(isinstance(from_value({"Statement": after}, "identity"), Document) for after in changed)


def _after(mutation: Mutation, seed: int, base: Document) -> tuple[list[Plain], list[Plain]]:
    before = plain(base)
    after = deepcopy(before)
    mutation(Random(seed), after, KNOWN)
    return before, [{n: v for n, v in statement.items() if n != "Condition" or v} for statement in after]


@pytest.mark.parametrize("mutation", [m for m in RESPELLING if m.__name__ != "expand"], ids=lambda m: m.__name__)
def test_another_spelling_is_the_same_policy(mutation: Mutation) -> None:
    pytest.importorskip("cvc5", reason="cvc5 is not installed; it is a development dependency")
    from judges.cvc5_judge import judge

    base = POLICIES["both"]
    for seed in range(10):
        other = _document(*_after(mutation, seed, base)[1])
        assert judge((base,), (other,), KNOWN).verdict == judge((other,), (base,), KNOWN).verdict == "covers"


def test_about_half_of_the_random_pairs_cover() -> None:
    pytest.importorskip("cvc5", reason="cvc5 is not installed; it is a development dependency")
    from judges.cvc5_judge import judge

    words = [judge(*random_pair(Random(seed)), ACTIONS).verdict for seed in range(60)]
    assert 20 <= words.count("covers") <= 45
    assert 15 <= words.count("exceeds") <= 40
