"""The run of engine and judge side by side: it agrees, it repeats, and a wrong answer does not pass."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("cvc5", reason="cvc5 is not installed; it is a development dependency")

from policy.naive import decide

from judges.compare import Answer, Compared, Tally, ask_engine, ask_judge, main, small_list, table, whole, wrong
from judges.pairs import Policies
from judges.samples import asks
from narrowgate.policy import Document, evaluate, from_value

DECIDERS = [("evaluate", evaluate), ("the naive evaluator", decide)]


def _policy(action: str) -> Policies:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    made = from_value({"Version": "2012-10-17", "Statement": [statement]}, "identity")
    assert isinstance(made, Document)
    return (made,)


WIDE, NARROW = _policy("s3:*"), _policy("s3:GetObject")
EXCEEDS = Answer("exceeds", "", 1.0, asks("s3:PutObject", "*", {}))


@pytest.mark.slow
def test_engine_and_judge_agree_on_random_and_managed_pairs(tmp_path: Path) -> None:
    lines: list[str] = []
    arguments = ["--random", "25", "--managed", "8", "--seed", "3", "--json", str(tmp_path / "run.json")]
    assert main(arguments, lines.append) == 0, "\n".join(lines)
    assert [row["name"] for row in json.loads((tmp_path / "run.json").read_text())] == [
        "random, closed",
        "managed, closed",
        "random, open",
        "managed, open",
    ]


def test_both_answer_a_plain_question() -> None:
    for universe in ("open", "closed"):
        for a, b, word in ((WIDE, NARROW, "covers"), (NARROW, WIDE, "exceeds")):
            answers = ask_engine(a, b, universe, small_list()), ask_judge(a, b, universe, small_list(), 5000)
            assert [answer.word for answer in answers] == [word, word]
            assert not wrong(a, b, answers, DECIDERS)


def test_a_wrong_yes_is_found() -> None:
    assert "covers" in wrong(NARROW, WIDE, [Answer("covers", "", 1.0), EXCEEDS], DECIDERS)


def test_a_counterexample_that_does_not_replay_is_found() -> None:
    lie = replace(EXCEEDS, request=asks("s3:GetObject", "*", {}))
    assert wrong(NARROW, WIDE, [lie, EXCEEDS], DECIDERS) == (
        "the counterexample of engine does not replay in evaluate; "
        "the counterexample of engine does not replay in the naive evaluator"
    )


def test_unknown_is_counted_and_is_not_a_disagreement() -> None:
    unknown = Answer("unknown", "too hard", 2.0)
    assert not wrong(NARROW, WIDE, [unknown, EXCEEDS], DECIDERS)
    tally = Tally("some")
    tally.add(Compared(0, "open", NARROW, WIDE, unknown, EXCEEDS, ""))
    assert "  undecided    1  engine: too hard" in list(table([tally]))


def test_a_disagreement_is_shown_whole() -> None:
    shown = list(whole(Compared(7, "open", NARROW, WIDE, Answer("covers", "", 1.0), EXCEEDS, "they differ")))
    assert shown[0] == "pair 7, open: they differ"
    assert NARROW[0].text() in shown[1]
    assert "s3:PutObject on *" in shown[-1]
