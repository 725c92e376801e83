"""Matching does not blow up: what grows in pattern and value is the work of a pass over them, not more.

Times are held against a generous bound of their growth only: from one size to one 4 times as large, linear work
grows 4 times, quadratic work 16 times.
"""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgate.policy import Document, Evaluator, Layers, automaton, from_value, matches, matching, request, wildcard
from narrowgate.policy import arn as arns

SIZES = (1_000, 4_000, 16_000, 64_000)
TOO_MUCH = 10
"""Times as long as for the size before."""
FAST_ENOUGH = 0.5
"""Seconds for which the growth does not matter. Quadratic work takes longer than that from 16,000 on."""

Pair = tuple[str, str]

STORMS: dict[str, Callable[[int], Pair]] = {
    "stars": lambda n: ("*" * n, "a" * n),
    "stars between": lambda n: ("*a" * (n // 2) + "*b", "a" * n),
    "stars after": lambda n: ("a*" * (n // 2) + "b", "a" * n),
    "few stars, long pieces": lambda n: ("*" + "a" * (n // 2) + "b*" + "a" * (n // 4), "a" * n),
    "question marks": lambda n: ("?" * n, "a" * n),
    "question marks too many": lambda n: ("*" + "?" * n + "*", "a" * (n - 1)),
    "one long piece": lambda n: ("*" + "a?" * (n // 8) + "b*", "a" * n),
    "one long piece at the end": lambda n: ("*" + "a?" * (n // 8) + "*b", "a" * n),
    "many pieces": lambda n: ("*a?b" * (n // 8) + "*c", "aab" * (n // 3)),
    "mixed": lambda n: ("a*?b*?" * (n // 8) + "c", "ab" * (n // 2)),
    "nearly": lambda n: ("*" + "ab?" * 100 + "c*", "abx" * (n // 3)),
    "all different": lambda n: ("*?" + "".join(map(chr, range(0x100, 0x100 + n // 8))) + "?*", "\u0100" * n),
}


def seconds(ask: Callable[[], object]) -> float:
    """The faster of two."""
    times = []
    for _ in range(2):
        start = process_time()
        ask()
        times.append(process_time() - start)
    return min(times)


def grows_linearly(ask: Callable[[int], Callable[[], object]]) -> None:
    before = 0.0
    for size in SIZES:
        taken = seconds(ask(size))
        assert taken < max(before * TOO_MUCH, FAST_ENOUGH), f"{size}: {taken:.4f} s, before {before:.4f} s"
        before = taken


@pytest.mark.parametrize("name", STORMS)
def test_wildcards(name: str) -> None:
    def ask(n: int) -> Callable[[], object]:
        pattern, text = STORMS[name](n)
        return lambda: matches(pattern, text) or matching.glob(pattern)(text)

    grows_linearly(ask)


@pytest.mark.parametrize("name", STORMS)
@pytest.mark.parametrize("where", ["Resource", "Resource by a variable", "StringLike", "ArnLike", "early segment"])
def test_decisions(name: str, where: str) -> None:
    grows_linearly(lambda n: decision(where, *STORMS[name](n // 4)))


def decision(where: str, pattern: str, text: str) -> Callable[[], object]:
    """A decision that turns on the pattern, of a document that is new each time."""
    text = "".join(char if char < "\u0100" else "\xff" for char in text)
    pattern = "".join(char if char < "\u0100" else "\xff" for char in pattern)
    statement: dict[str, object] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    match where:
        case "StringLike":
            statement["Condition"] = {"StringLike": {"aws:PrincipalTag/x": pattern}}
        case "ArnLike":
            statement["Condition"] = {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::" + pattern}}
        case "Resource by a variable":
            statement["Resource"] = "arn:aws:s3:::*?${aws:username}?*" + pattern
        case "early segment":
            statement["Resource"] = "arn:aws:ec2:us-?:*:" + pattern
        case _:
            statement["Resource"] = "arn:aws:s3:::" + pattern
    made = from_value({"Version": "2012-10-17", "Statement": statement}, "identity")
    assert isinstance(made, Document), str(made)[:300]
    start = "arn:aws:ec2:us-1:123456789012:" if where == "early segment" else "arn:aws:s3:::"
    context = {"aws:username": "*?" * 50, "aws:PrincipalTag/x": text, "aws:SourceArn": "arn:aws:s3:::" + text}
    asked = request("arn:aws:iam::123456789012:user/u", "s3:GetObject", start + text, context)
    return lambda: Evaluator(Layers(identity=(made,))).evaluate(asked)


READ: dict[str, Callable[[int], str]] = {
    "here": lambda n: "A_" * (n // 2),
    "here and there": lambda n: "A_HEREA_" * (n // 8),
    "an open name": lambda n: "<A" + "_" * n,
    "an open account": lambda n: "<" + "account" * (n // 7),
    "open braces": lambda n: "{{" * (n // 2),
    "open variables": lambda n: "${a:" * (n // 4),
    "an open default": lambda n: "${aws:username, '" + "a" * n,
    "an open per cent": lambda n: "%A" + "_A" * (n // 2),
    "dollars": lambda n: "$A" * (n // 2),
}


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("where", ["Action", "Resource", "Sid", "Condition"])
def test_reading(name: str, where: str) -> None:
    def ask(n: int) -> Callable[[], object]:
        text = READ[name](n)
        values = {"Action": text, "Resource": f"arn:aws:s3:::{text}", "Sid": text}
        statement: dict[str, object] = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        statement[where] = values.get(where, {"StringEquals": {"aws:x": text}})
        return lambda: from_value({"Version": "2012-10-17", "Statement": statement}, "identity")

    grows_linearly(ask)


@given(
    st.lists(st.sampled_from(["a", ":", "*", "?", "\0", "${aws:x}", "${aws:x, 'd'}", "${*}", "\u00e9"])).map("".join)
)
def test_long_patterns_have_the_automaton_of_short_ones(text: str) -> None:
    for pattern in (wildcard.resource(text, variables=True), wildcard.glob(text, ignore_case=True)):
        assert automaton._long(pattern.code) == automaton._short.__wrapped__(pattern.code)


@given(st.text("ab?*", max_size=40), st.text("ab", max_size=60))
def test_long_pieces_are_found_where_short_ones_are(piece: str, text: str) -> None:
    """Both ways to find a piece with `?` say the same, however the text is cut into windows."""
    piece = piece.replace("*", "") + "?"
    filler = "b" * 70
    for whole in (text, filler + text, text + filler, text * 3):
        slowly = next((at for at in range(len(whole) - len(piece) + 1) if arns._agrees(piece, whole, at)), -1)
        assert arns._sifted(piece, whole, 0, len(whole)) == slowly
        assert arns._find(piece, whole, 0, len(whole)) == slowly


def test_a_long_piece_is_found_beyond_the_first_window() -> None:
    piece = "a?c" * 30
    for before in (0, 1, 63, 64, 89, 90, 91, 1_000):
        assert matches(f"*{piece}*z", "b" * before + "abc" * 30 + "z" * 500)
        assert not matches(f"*{piece}*z", "b" * before + "abc" * 29 + "abd" + "z" * 500)
