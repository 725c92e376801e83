"""The engine decides as the naive judge does: outcome, layer, every statement, in every world."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policy.naive import decide
from policy.worlds import World, random_world, worlds

from narrowgate.policy import Evaluator, evaluate

HEALTH = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example)
LAW = settings(deadline=None, max_examples=120, suppress_health_check=HEALTH)
LONG = settings(deadline=None, max_examples=3_000, suppress_health_check=HEALTH)


@LAW
@given(worlds())
def test_engine_is_the_naive_judge(world: World) -> None:
    _agree(world)


@pytest.mark.slow
@LONG
@given(worlds())
def test_engine_is_the_naive_judge_at_length(world: World) -> None:
    _agree(world)


@pytest.mark.slow
def test_engine_is_the_naive_judge_on_random_worlds() -> None:
    """Hypothesis keeps near the simplest choices; these are spread evenly."""
    rng = random.Random(3)
    for _ in range(5_000):
        _agree(random_world(rng))


@settings(LAW, max_examples=40)
@given(st.lists(worlds(), min_size=2, max_size=4))
def test_what_an_evaluator_was_asked_before_changes_nothing(found: list[World]) -> None:
    layers, switches = found[0].layers, found[0].switches
    evaluator = Evaluator(layers, switches)
    for world in (*found, *reversed(found)):
        assert evaluator.evaluate(world.request) == decide(world.request, layers, switches)


@pytest.mark.slow
def test_worlds_reach_every_outcome() -> None:
    """A generator that only ever denied would prove nothing."""
    rng = random.Random(7)
    decisions = [decide(w.request, w.layers, w.switches) for w in (random_world(rng) for _ in range(800))]
    ends = {(d.outcome, d.layer) for d in decisions}
    layers = ("scp", "resource", "identity", "boundary", "session", "endpoint")
    assert {("implicitDeny", layer) for layer in layers} <= ends
    assert {("explicitDeny", layer) for layer in (*layers, "rcp")} <= ends
    assert {("allowed", "identity"), ("allowed", "resource"), ("allowed", None)} <= ends
    assert any(d.not_evaluable for d in decisions)


def _agree(world: World) -> None:
    expected = decide(world.request, world.layers, world.switches)
    assert evaluate(world.request, world.layers, world.switches) == expected
