"""Wildcard patterns as sets, beside a slow judge."""

from __future__ import annotations

import re
import time
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy.judged import LOADED, WORDS, Judged, as_arn, as_text, as_word, mask, pairs, patterns, words

from narrowgate.policy.pattern import (
    Cell,
    Pattern,
    Undecided,
    arn,
    cells,
    exact,
    find,
    glob,
    includes,
    matches,
    resource,
)
from narrowgate.policy.resource import variable_fault


@given(patterns)
def test_a_pattern_matches_what_the_judge_says(one: Judged) -> None:
    for word in WORDS + LOADED:
        assert matches(one.pattern, as_text(word), variables=True) == one.takes(word), word


@given(st.text("a:*?V", max_size=4))
def test_an_arn_pattern_matches_part_by_part(source: str) -> None:
    one = as_arn(source)
    for word in ["arn::::" + end for end in WORDS if len(end) < 4] + WORDS[:300]:
        assert matches(one.pattern, word) == one.takes(word), word


@given(st.lists(st.lists(patterns, max_size=2), max_size=2), st.lists(patterns, max_size=3))
def test_a_text_is_found_exactly_when_there_is_one(wanted: list[list[Judged]], unwanted: list[Judged]) -> None:
    found = find([[one.pattern for one in group] for group in wanted], [one.pattern for one in unwanted])

    def fits(word: str) -> bool:
        taken = all(any(one.takes(word) for one in group) for group in wanted)
        return taken and not any(one.takes(word) for one in unwanted)

    if found is None:
        asking = [one for group in wanted for one in group]
        assert [word for word in words(asking) if fits(word)] == []
    else:
        assert isinstance(found, str)
        assert fits(as_word(found)), found


@given(st.lists(patterns, max_size=4))
def test_the_cells_are_the_combinations_that_occur(judged: list[Judged]) -> None:
    found = cells([one.pattern for one in judged])
    assert not isinstance(found, Undecided)

    assert [cell.mask for cell in found] == [mask(as_word(cell.text), judged) for cell in found]
    assert [cell.mask for cell in found] == sorted({cell.mask for cell in found})
    assert {mask(word, judged) for word in words(judged)} <= {cell.mask for cell in found}


@given(pairs, st.lists(patterns, max_size=2))
def test_a_text_in_both_is_found_exactly_when_there_is_one(pair: list[Judged], others: list[Judged]) -> None:
    found = find([[one.pattern] for one in pair], [other.pattern for other in others])
    if found is None:
        assert [word for word in words(pair) if mask(word, [*pair, *others]) == 0b11] == []
    else:
        assert isinstance(found, str)
        assert mask(as_word(found), [*pair, *others]) == 0b11, found


@given(pairs)
def test_inclusion_is_the_absence_of_a_text_outside(pair: list[Judged]) -> None:
    one, other = pair
    answer = includes(one.pattern, other.pattern)
    assert answer == (find([[other.pattern]], [one.pattern]) is None)
    outside = [word for word in words([other]) if other.takes(word) and not one.takes(word)]
    assert not (answer and outside), outside


@given(patterns)
def test_inclusion_is_reflexive(one: Judged) -> None:
    assert includes(one.pattern, one.pattern)
    assert includes(glob("*"), one.pattern)


@given(st.lists(patterns, min_size=4, max_size=4))
def test_inclusion_is_transitive(judged: list[Judged]) -> None:
    chain = [one.pattern for one in judged]
    for a, b, c in product(chain, repeat=3):
        if includes(a, b) and includes(b, c):
            assert includes(a, c), (a, b, c)


@given(patterns, patterns)
def test_equal_patterns_include_each_other(one: Judged, other: Judged) -> None:
    if one.pattern == other.pattern:
        assert hash(one.pattern) == hash(other.pattern)
        assert includes(one.pattern, other.pattern)
        assert includes(other.pattern, one.pattern)


sources = st.tuples(st.text("aAb*?V", max_size=4), st.booleans())


@given(sources, st.lists(sources, max_size=3), st.sampled_from(["", "a", "B", "ab", ":", "a*", "?"]))
def test_what_is_proved_holds_for_every_value_of_a_variable(
    one: tuple[str, bool], others: list[tuple[str, bool]], value: str
) -> None:
    literal = value.replace("*", "${*}").replace("?", "${?}")

    def built(source: tuple[str, bool], stands: str) -> Pattern:
        return glob(source[0].replace("V", stands), ignore_case=source[1], variables=True)

    if find([[built(one, "${s:v}")]], [built(other, "${s:v}") for other in others]) is None:
        assert find([[built(one, literal)]], [built(other, literal) for other in others]) is None


@given(st.text("$ {}s:v,'*?", max_size=12) | st.just("a${s:v, 'x y'}b${*}"))
def test_the_variables_are_those_of_the_grammar(text: str) -> None:
    if variable_fault(text) is None:
        named = [spelling for spelling in re.findall(r"\$\{([^}]*)\}", text) if spelling not in ("*", "?", "$")]
        assert glob(text, variables=True).variables == tuple(dict.fromkeys(named))


@pytest.mark.parametrize(
    ("one", "other"),
    [("**", "*"), ("*?", "?*"), ("*?*?", "??*"), ("a**b?*?", "a*b??*"), ("?**", "*?")],
)
def test_two_spellings_are_one_pattern(one: str, other: str) -> None:
    assert glob(one) == glob(other)
    assert resource("arn:a:b:c:d:" + one) == resource("arn:a:b:c:d:" + other)


def test_a_star_within_a_segment_adds_nothing_to_one_at_its_end() -> None:
    assert resource("a**:b") == resource("a*:b")
    assert resource("a*?*:b") == resource("a?*:b")


def test_without_regard_to_case_only_letters_vary() -> None:
    loose = glob("Ab-1*", ignore_case=True)
    assert matches(loose, "aB-1X")
    assert not matches(loose, "aB_1")
    assert includes(loose, glob("AB-1x"))
    assert find([[loose]], [glob("Ab-1*"), glob("aB-1*"), glob("ab-1*")]) == "AB-1"


def test_case_means_what_lower_says() -> None:
    for letter in "kK\u212aéÉßſsSµZ0*\0":
        one = exact(letter, ignore_case=True)
        same = [chr(c) for c in range(0x2200) if chr(c).lower() == letter.lower()]
        assert [chr(c) for c in range(0x2200) if matches(one, chr(c))] == same


def test_in_a_resource_only_a_star_at_the_end_of_a_segment_matches_a_colon() -> None:
    assert matches(resource("arn:aws:ec2:*:instance/i"), "arn:aws:ec2:us-east-1:1:instance/i")
    assert not matches(resource("arn:aws:ec2:us*1:1:instance/i"), "arn:aws:ec2:us:1:1:instance/i")
    assert matches(resource("arn:aws:ec2:us*1:1:instance/i", whole=True), "arn:aws:ec2:us:1:1:instance/i")
    assert not matches(resource("arn:aws:ec2:?:1:instance/i"), "arn:aws:ec2:::1:instance/i")
    assert matches(resource("arn:aws:logs:r:1:a?b*c"), "arn:aws:logs:r:1:a:bx:c")
    assert matches(resource("*"), "*")


def test_an_arn_is_compared_part_by_part() -> None:
    assert not matches(arn("arn:aws:ec2:*:instance/i:x"), "arn:aws:ec2:us-east-1:1:instance/i:x")
    assert matches(arn("arn:aws:iam::*:role/*"), "arn:aws:iam::1:role/a:b")
    assert matches(arn("*"), "no arn")
    assert matches(arn("a*:*:*:*:*:*"), "arn:a:b:c:d:e")
    assert not matches(arn("*:*:*:*:*:*"), "xrn:a:b:c:d:e")
    assert find([[arn("arn:aws:s3"), arn("xrn:aws:s3:::b")]], []) is None
    assert find([[arn("arn:*:*:*:*:*")]], [resource("arn:*")]) is None
    assert find([[resource("arn:*")]], [arn("arn:*:*:*:*:*")]) == "arn:example"


def test_all_continuations_of_a_prefix_are_looked_at() -> None:
    assert find([[glob("a*")], [glob("*ab")]], [exact("ab")]) == "axab"
    assert find([[glob("a*")], [glob("*ab")]], [exact("ab"), glob("a*ab")]) is None


def test_one_character_is_not_any_number() -> None:
    assert not includes(resource("?x:a"), resource("*x:a"))
    assert not includes(glob("?x"), glob("*x"))
    assert includes(resource("*x:a"), resource("?x:a"))
    assert not includes(resource("?x:a"), glob("?x:a"))


def test_a_variable_is_met_by_itself_and_by_a_star_without_bounds() -> None:
    home = resource("arn:aws:s3:::b/${aws:username}/*", variables=True)
    assert home.variables == ("aws:username",)
    assert includes(resource("arn:aws:s3:::b/*"), home)
    assert includes(resource("arn:aws:s3:::b/${AWS:UserName}/*", variables=True), home)
    assert not includes(resource("arn:aws:s3:::b/${aws:username, 'x'}/*", variables=True), home)
    assert not includes(resource("arn:aws:s3:::b/?*/*"), home)
    assert not includes(resource("arn:aws:s3:::b/alice/*"), home)
    assert find([[home]], [resource("arn:aws:s3:::b/a*")]) == "arn:aws:s3:::b/${aws:username}/example"
    assert not includes(arn("arn:aws:iam::*:x"), arn("arn:aws:iam::${aws:PrincipalAccount}:x", variables=True))


def test_variables_keep_their_default_and_lose_their_case() -> None:
    text = "${aws:PrincipalTag/Team, 'No One'}-${*}${?}${$}"
    assert glob(text, variables=True).variables == ("aws:principaltag/team, 'No One'",)
    assert find([[glob(text, variables=True)]], []) == "${aws:principaltag/team, 'No One'}-*?$"
    assert glob(text).variables == ()
    assert matches(exact(text), text)
    assert glob("${*}", variables=True).is_literal


def test_a_variable_in_any_case_is_more_than_the_variable() -> None:
    loose, strict = glob("${a:b}*", ignore_case=True, variables=True), glob("${a:b}*", variables=True)
    assert includes(loose, strict)
    assert find([[loose]], [strict]) == "${A:B}x"


def test_nul_and_the_characters_of_codes_are_characters() -> None:
    for text in ("\0", "\0*", "a\0?", "\0$x\0.", "\0!"):
        assert matches(exact(text), text)
        assert matches(exact(text, ignore_case=True), text)
        assert find([[exact(text)]], []) == text
        assert not matches(exact(text), text + "x")


def test_no_group_asks_for_nothing_and_an_empty_group_for_the_impossible() -> None:
    assert find([], []) == "example"
    assert find([], [glob("*")]) is None
    assert find([[]], []) is None
    assert find([[glob("*")], []], []) is None
    assert cells([]) == (Cell(0, "x"),)


def test_texts_that_are_found_look_like_texts() -> None:
    assert find([[resource("arn:aws:ec2:*:*:instance/*")]], []) == "arn:aws:ec2:us-east-1:123456789012:instance/example"
    here, instances = resource("arn:aws:ec2:eu-west-1:*"), resource("arn:aws:ec2:*:*:instance/*")
    assert find([[here], [instances]], [glob("*:1:*")]) == "arn:aws:ec2:eu-west-1:123456789012:instance/example"


def test_texts_and_prefixes_have_a_cell_each_and_one_outside() -> None:
    found = cells([glob("a*"), glob("ab*"), exact("ab"), exact("c")])
    assert found == (Cell(0, "x"), Cell(1, "ax"), Cell(3, "abx"), Cell(7, "ab"), Cell(8, "c"))


def test_a_fresh_character_is_none_that_a_pattern_goes_on_with() -> None:
    assert cells([glob("*"), glob("x*"), exact("x0")]) == (Cell(1, "0"), Cell(3, "xx"), Cell(7, "x0"))


HOSTILE = [
    "*a" * 60,
    "*a" * 30 + "*",
    "?" * 1000,
    "*" + "?" * 1000 + "a",
    "*a" + "?" * 40,
    "*?a" * 30,
    "*ab" * 300 + "*",
    "abc?" * 250,
]


@pytest.mark.parametrize("wanted", HOSTILE, ids=lambda text: text[:6])
def test_hostile_patterns_do_not_hang(wanted: str) -> None:
    begun = time.process_time()
    others = [glob(text) for text in HOSTILE if text != wanted]
    mirrored = [glob(text[::-1]) for text in HOSTILE]
    find([[glob(wanted)]], others)
    find([[glob(wanted)], others[:3]], mirrored)
    assert time.process_time() - begun < 4
    includes(glob(wanted, ignore_case=True), glob(wanted))


def test_the_limit_gives_up() -> None:
    one, other = glob("*a" + "?" * 30), glob("*b" + "?" * 30)
    answer = find([[one], [other]], [glob("*a" + "?" * 29), glob("*b" + "?" * 29 + "a*")], limit=100)
    assert isinstance(answer, Undecided)
    assert 100 <= answer.states <= 400
    assert isinstance(cells([one, other], limit=100), Undecided)
