"""The surface is its slow count; one more Allow lowers no number, one more Deny raises none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy.small_world import LIST, counted, document, of, statements

from narrowgate.policy.permission_surface import Surface, difference, surface


@settings(max_examples=120, deadline=None)
@given(st.lists(statements(), max_size=5))
def test_the_surface_is_its_slow_count(made: list[dict[str, Any]]) -> None:
    _is_its_slow_count(made)


@pytest.mark.slow
@settings(max_examples=1_500, deadline=None)
@given(st.lists(statements(), max_size=5))
def test_the_surface_is_its_slow_count_at_length(made: list[dict[str, Any]]) -> None:
    _is_its_slow_count(made)


def _is_its_slow_count(made: list[dict[str, Any]]) -> None:
    found = of(*made)
    assert (list(found.pairs()), list(found.pairs(full=True))) == counted(made)


def numbers(found: Surface) -> list[int]:
    names = (found.actions, found.unrestricted, found.scopable_by_type, found.scopable_by_key, found.scopable)
    counts = [number for level in found.counts for number in level[1:]]
    return [*counts, *map(len, names), found.some.bit_count(), found.full.bit_count()]


@settings(max_examples=100, deadline=None)
@given(st.lists(statements(), max_size=4), statements("Allow"))
def test_one_more_allow_lowers_no_number(made: list[dict[str, Any]], more: dict[str, Any]) -> None:
    before, after = of(*made), of(*made, more)
    assert all(old <= new for old, new in zip(numbers(before), numbers(after), strict=True))
    assert set(before.actions) <= set(after.actions) and set(before.unknown) <= set(after.unknown)
    assert set(before.unrestricted) <= set(after.unrestricted)


@settings(max_examples=100, deadline=None)
@given(st.lists(statements(), max_size=4), statements("Deny"))
def test_one_more_deny_raises_no_number(made: list[dict[str, Any]], more: dict[str, Any]) -> None:
    before, after = of(*made), of(*made, more)
    assert all(old >= new for old, new in zip(numbers(before), numbers(after), strict=True))
    assert set(before.actions) >= set(after.actions) and before.unknown == after.unknown
    assert set(before.unrestricted) >= set(after.unrestricted)


@settings(max_examples=80, deadline=None)
@given(st.lists(statements(), max_size=5))
def test_full_is_some_and_every_number_has_its_names(made: list[dict[str, Any]]) -> None:
    found = of(*made)
    assert set(found.pairs(full=True)) <= set(found.pairs())
    assert {pair.action for pair in found.pairs()} == set(found.actions)
    for level, actions, some, full in found.counts:
        names = found.actions_at(level)
        assert len(names) == actions
        assert sum(pair.action in names for pair in found.pairs()) == some
        assert sum(pair.action in names for pair in found.pairs(full=True)) == full
    assert set(found.scopable) == set(found.scopable_by_type) | set(found.scopable_by_key)
    assert list(found.actions) == sorted(found.actions, key=str.lower)


@given(st.lists(statements(), min_size=1, max_size=4))
def test_documents_of_one_principal_count_together(made: list[dict[str, Any]]) -> None:
    assert surface([document(m) for m in made], LIST) == of(*made)


@settings(deadline=None)
@given(st.lists(statements(), max_size=3), st.lists(statements(), max_size=3))
def test_a_difference_is_what_one_has_and_the_other_has_not(a: list[dict[str, Any]], b: list[dict[str, Any]]) -> None:
    old, new = of(*a), of(*b)
    there, back = difference(old, new), difference(new, old)
    assert set(there.added) == set(new.actions) - set(old.actions) == set(back.removed)
    assert there.unrestricted_added == back.unrestricted_removed
    assert [
        sum(pair) for t, b in zip(there.counts, back.counts, strict=True) for pair in zip(t[1:], b[1:], strict=True)
    ] == ([0] * 15)
    assert difference(old, old).added == difference(old, old).removed == ()
