"""ARNs and wildcards: parts, and the fast match pinned to its definition."""

from __future__ import annotations

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgate.policy import Arn, matches, parse_arn

SMALL = st.text(alphabet="ab", max_size=8)
PATTERN = st.text(alphabet="ab*?", max_size=7)


def slowly(pattern: str, text: str) -> bool:
    """The definition of a match."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(slowly(pattern[1:], text[i:]) for i in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and slowly(pattern[1:], text[1:])


@given(PATTERN, SMALL)
def test_the_match_is_its_definition(pattern: str, text: str) -> None:
    assert matches(pattern, text) is slowly(pattern, text)


@given(st.text())
def test_a_star_matches_everything_and_a_text_without_wildcards_itself(text: str) -> None:
    assert matches("*", text)
    assert matches(text, text)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/a/b:c", True),
        ("a.c", "abc", False),
        ("A*", "abc", False),
        ("a*?", "a", False),
        ("", "", True),
        ("[ab]", "a", False),
        ("a*a", "a", False),
    ],
)
def test_only_stars_and_question_marks_are_wild(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected


def test_many_stars_do_not_backtrack() -> None:
    start = perf_counter()
    assert not matches("a*" * 5_000 + "b", "a" * 100_000)
    assert not matches("*a?a" * 50 + "*b*", "a" * 20_000)
    assert perf_counter() - start < 5


def test_the_parts_of_an_arn() -> None:
    arn = parse_arn("arn:aws:rds:us-east-1:123456789012:db:my:name")
    assert arn == Arn("aws", "rds", "us-east-1", "123456789012", "db:my:name")
    assert str(arn) == "arn:aws:rds:us-east-1:123456789012:db:my:name"


def test_a_colon_in_a_policy_variable_separates_nothing() -> None:
    arn = parse_arn("arn:aws:kms:*:${aws:PrincipalAccount}:key/*")
    assert arn == Arn("aws", "kms", "*", "${aws:PrincipalAccount}", "key/*")


@pytest.mark.parametrize("text", ["", "*", "arn:aws:s3", "aws:arn:a:b:c:d", "arn:aws:s3:::"])
def test_fewer_than_six_parts_are_no_arn(text: str) -> None:
    assert (parse_arn(text) is None) is (text != "arn:aws:s3:::")


@given(st.text(alphabet="arn:${}*a", max_size=30))
def test_an_arn_prints_as_it_was(text: str) -> None:
    arn = parse_arn(text)
    assert arn is None or str(arn) == text
