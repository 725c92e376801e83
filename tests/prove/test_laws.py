"""What holds for whatever calls there are: sufficient, noticed, growing, the same bytes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from prove.example import INSTALLER, derived, evidence, happenings, known

from narrowgate.derive.derivation import Derived, derive
from narrowgate.derive.evidence import Evidence
from narrowgate.derive.statements import document_of, statements_of
from narrowgate.policy import Layers, Proved, covers
from narrowgate.prove.sufficiency import Insufficient, Sufficient, sufficient

# Later calls name what earlier ones made: of any first calls all references resolve.
NUMBERS = st.sets(st.integers(1, len(happenings()) - 1), min_size=1)


def some(numbers: set[int]) -> Evidence:
    return evidence(tuple(happenings()[number] for number in sorted(numbers)))


@settings(max_examples=40, deadline=None)
@given(NUMBERS)
def test_what_is_derived_suffices(numbers: set[int]) -> None:
    made = derived(some(numbers))
    assert isinstance(sufficient(made.evidence, INSTALLER, Layers(identity=made.documents), known()), Sufficient)


@settings(max_examples=8, deadline=None)
@given(NUMBERS)
def test_dropping_any_grant_is_noticed(numbers: set[int]) -> None:
    made = derived(some(numbers))
    for left_out in range(len(made.grants)):
        found = without(made, left_out)
        assert isinstance(found, Insufficient)
        assert made.grants[left_out].scope.action in {miss.asked.action for miss in found.misses}


def without(made: Derived, number: int) -> object:
    scopes = [grant.scope for at, grant in enumerate(made.grants) if at != number]
    layers = Layers(identity=(document_of(statements_of(scopes, known())),) if scopes else ())
    return sufficient(made.evidence, INSTALLER, layers, known())


@settings(max_examples=15, deadline=None)
@given(NUMBERS, st.integers(1, len(happenings()) - 1))
def test_a_call_that_follows_never_takes_anything_away(numbers: set[int], more: int) -> None:
    """One that comes before may: what a call makes is known to those that follow, and is granted more narrowly.

    Grant by grant: statements that are joined have pairs of action and resource that AWS never asks about.
    """
    made = [happenings()[number] for number in sorted(numbers)]
    one = derive(evidence(made), known(), own=derived().own)
    other = derive(evidence([*made, happenings()[more]]), known(), own=derived().own)
    assert isinstance(one, Derived) and isinstance(other, Derived)
    for grant in one.grants:
        alone = document_of(statements_of([grant.scope], known()))
        assert isinstance(covers(other.documents, (alone,)), Proved), grant.scope
    assert isinstance(sufficient(one.evidence, INSTALLER, Layers(identity=other.documents), known()), Sufficient)


@settings(max_examples=20, deadline=None)
@given(NUMBERS)
def test_deriving_twice_gives_the_same_bytes(numbers: set[int]) -> None:
    texts = [[each.text() for each in derived(some(numbers)).documents] for _ in range(2)]
    assert texts[0] == texts[1]
