"""The exact search, asked without the quick answers before it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from policy.judged import Judged, as_word, mask, pairs, patterns, words

from narrowgate.policy.language import search, sweep
from narrowgate.policy.pattern import glob
from narrowgate.policy.wildcard import spelled

LIMIT = 20_000


@given(pairs, st.lists(patterns, max_size=2))
def test_a_text_in_one_and_outside_others_is_found_exactly_when_there_is_one(
    pair: list[Judged], more: list[Judged]
) -> None:
    wanted, *unwanted = [*pair, *more]
    found = search([[wanted.pattern.code]], [one.pattern.code for one in unwanted], LIMIT)
    everyone = [wanted, *unwanted]
    if found is None:
        assert [word for word in words([wanted]) if mask(word, everyone) == 1] == []
    else:
        assert isinstance(found, tuple)
        assert mask(as_word(spelled(found)), everyone) == 1, found


@given(pairs, st.lists(patterns, max_size=2))
def test_a_text_in_every_group_is_found_exactly_when_there_is_one(pair: list[Judged], more: list[Judged]) -> None:
    groups = [[one] for one in pair] + ([more] if more else [])
    found = search([[one.pattern.code for one in group] for group in groups], [], LIMIT)

    def fits(word: str) -> bool:
        return all(mask(word, group) for group in groups)

    if found is None:
        assert [word for word in words([one for group in groups for one in group]) if fits(word)] == []
    else:
        assert isinstance(found, tuple)
        assert fits(as_word(spelled(found))), found


@given(pairs)
def test_the_sweep_meets_every_combination(pair: list[Judged]) -> None:
    found = sweep([one.pattern.code for one in pair], LIMIT)
    assert isinstance(found, dict)
    assert {mask(word, pair) for word in words(pair)} <= set(found)
    assert all(mask(as_word(spelled(symbols)), pair) == bits for bits, symbols in found.items())


def test_a_text_that_is_found_is_a_shortest_one() -> None:
    codes = [glob(text).code for text in ("?a*", "?a", "ba*")]
    found = search([codes[:1]], codes[1:], LIMIT)
    assert isinstance(found, tuple)
    assert len(found) == 3
