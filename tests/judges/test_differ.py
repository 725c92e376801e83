"""The judge iam-simulate: its worlds, its classes of differences, and a small run where node is there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from judges.differ import compare, decide, outcome
from judges.explain import DEFAULT, EXPLAINED, REWRITES, SWITCHES, account_for
from judges.rewrites import Rewrite
from judges.simulate import Simulator, missing
from judges.world import World, asked, layers, line
from judges.worlds import world
from narrowgate.policy.decision import Switches

USER = {"type": "AWS", "arn": "arn:aws:iam::111111111111:user/alice"}
TOPIC = "arn:aws:sns:eu-west-1:111111111111:alerts"
needs_node = pytest.mark.skipif(bool(missing()), reason=missing() or "iam-simulate is there")


def small(condition: dict[str, dict[str, str]], **more: Any) -> World:
    """A user who may publish under one condition, in a context of seconds and a bare address."""
    statement = {"Effect": "Allow", "Action": "sns:Publish", "Resource": "*", "Condition": condition}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    context = {"aws:CurrentTime": "1781526600", "aws:SourceIp": "10.1.2.3"}
    made = World(0, USER, "sns:Publish", TOPIC, context, identity=(document,))
    return replace(made, **more) if more else made


def test_a_world_is_made_again_from_its_number() -> None:
    assert world(7, 11) == world(7, 11)
    assert world(7, 11) != world(8, 11)


def test_our_engine_takes_every_generated_world() -> None:
    for number in range(300):
        made = world(3, number)
        asked(made)
        layers(made)
        assert json.loads(json.dumps(line(made)))["id"] == number


def test_the_mix_says_something() -> None:
    found: list[str] = [decide(world(4, number)).outcome for number in range(400)]
    for wanted, low in (("allowed", 0.25), ("implicitDeny", 0.25), ("explicitDeny", 0.15)):
        assert found.count(wanted) / len(found) > low


def test_every_known_class_has_a_sentence_and_a_predicate() -> None:
    entries = json.loads(EXPLAINED.read_text(encoding="utf-8"))
    assert sorted(entry["id"] for entry in entries) == sorted([*(r.__name__ for r in REWRITES), *SWITCHES])
    for entry in entries:
        assert entry["right"] in ("narrowgate", "iam-simulate", "silent")
        assert entry["page"].startswith("https://docs.aws.amazon.com/")
        assert entry["why"].endswith(".")


@pytest.mark.parametrize("rewrite", REWRITES, ids=lambda rewrite: rewrite.__name__)
def test_a_rewrite_leaves_a_world_without_the_thing_alone(rewrite: Rewrite) -> None:
    plain = small({"StringEquals": {"aws:username": "alice"}})
    dated = replace(plain, context={"aws:username": "alice"})
    assert rewrite(dated) is dated


@pytest.mark.parametrize("rewrite", REWRITES, ids=lambda rewrite: rewrite.__name__)
def test_a_rewrite_keeps_our_decision(rewrite: Rewrite) -> None:
    """All but the one for session policies, which knows no conditions and is dropped where it changes it."""
    changed = [(made, new) for number in range(400) if (new := rewrite(made := world(5, number))) is not made]
    if rewrite.__name__ != "session_policy_beside_a_direct_grant":
        assert [outcome(new, DEFAULT) for _, new in changed] == [outcome(made, DEFAULT) for made, _ in changed]


def test_a_difference_is_explained_by_the_thing_that_causes_it() -> None:
    late = small({"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}})

    def theirs(worlds: Sequence[World]) -> list[str]:
        return ["implicitDeny" if str(w.context["aws:CurrentTime"]).isdecimal() else "allowed" for w in worlds]

    assert account_for(late, outcome, theirs).classes == ("date_in_seconds",)


def test_a_fault_of_ours_is_not_explained_by_a_thing_beside_it() -> None:
    """An engine of ours that reads seconds as milliseconds, like theirs, changes its mind under the rewrite."""
    late = small({"DateGreaterThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}})

    def ours(asked_world: World, switches: Switches) -> str:
        return "implicitDeny" if str(asked_world.context["aws:CurrentTime"]).isdecimal() else "allowed"

    found = account_for(late, ours, lambda worlds: ["allowed" for _ in worlds])
    assert found.classes == ()
    assert found.moved == ("date_in_seconds",)


def test_what_nothing_takes_away_is_not_explained() -> None:
    always = small({"IpAddress": {"aws:SourceIp": "10.1.2.3"}})
    assert account_for(always, outcome, lambda worlds: ["explicitDeny" for _ in worlds]).classes == ()


@needs_node
def test_iam_simulate_answers_in_order() -> None:
    worlds = [
        small({"Bool": {"aws:SecureTransport": truth}}, context={"aws:SecureTransport": "true"}) for truth in _TRUTHS
    ]
    with Simulator() as simulator:
        assert simulator.decide(worlds) == ["allowed" if truth == "true" else "implicitDeny" for truth in _TRUTHS]


_TRUTHS = ("true", "false") * 50


@needs_node
@pytest.mark.slow
def test_every_difference_of_a_small_run_is_explained() -> None:
    tally = compare(9, range(400))
    assert tally.unexplained == []
    assert tally.differences > 10


@needs_node
@pytest.mark.slow
def test_a_run_sees_a_layer_that_our_engine_forgets() -> None:
    """The judge itself is judged: without boundaries in our engine, differences stay unexplained."""

    def forgetful(asked_world: World, switches: Switches) -> str:
        return outcome(replace(asked_world, boundaries=()), switches)

    worlds = [made for number in range(500) if (made := world(9, number)).boundaries]
    with Simulator() as simulator:
        theirs = simulator.decide(worlds)
        wrong = [w for w, said in zip(worlds, theirs, strict=True) if forgetful(w, DEFAULT) != said]
        assert any(account_for(w, forgetful, simulator.decide).classes == () for w in wrong)
