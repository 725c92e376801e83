"""The suite of the policy engine runs, at tiny sizes and without peers, and says what it found."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

from bench.policy_clock import quantiles
from bench.policy_ours import asked, asked_of, forgetting, suites
from bench.policy_pairs import pairs, sample
from bench.policy_questions import managed_policies, work
from bench.policy_run import Results, Settings, measure
from bench.policy_summary import Measure, agreement
from bench.policy_table import Machine, as_json, table
from bench.policy_work import Json, numbered
from narrowgate.adapters.action_data import action_list
from narrowgate.policy import request
from narrowgate.policy.wildcard import resource

NAMES = ("AWSPrivateCAPrivilegedUser", "AmazonEBSCSIDriverPolicy", "AmazonRedshiftDataFullAccess")
MACHINE = Machine(0.5, 0.6, (0,))
QUIET = Settings(rounds=1, imports=1, peers=False)


@pytest.fixture(scope="module")
def tiny() -> Json:
    """Three policies, six questions, two requests of each, four pairs."""
    whole, known = managed_policies(), action_list()
    few = {name: whole[name] for name in NAMES}
    return {
        **work(few, known, NAMES, 6),
        "variants": 2,
        "pairs": pairs(few, known.names, 4),
        "sample": sample(few, 3),
    }


def test_the_questions_are_the_same_each_time(tiny: Json) -> None:
    whole = managed_policies()
    again = work({name: whole[name] for name in NAMES}, action_list(), NAMES, 6)
    assert again["questions"] == tiny["questions"]
    assert again["layered"] == tiny["layered"]


def test_no_request_is_asked_twice_and_each_is_a_new_object(tiny: Json) -> None:
    arguments = [asked(question, number) for question, number in numbered(tiny["questions"], 0, 50)]
    assert len({resource for _, _, resource, _, _ in arguments}) == len(arguments) == 50 * len(tiny["questions"])
    assert len({id(context) for _, _, _, context, _ in arguments}) == len(arguments)


@pytest.mark.slow
def test_the_200_questions_have_10000_resources_and_every_outcome_in_plenty() -> None:
    whole = managed_policies()
    made = work(whole, action_list())
    resources = {asked(question, number)[2] for question, number in numbered(made["questions"], 0, made["variants"])}
    assert len(made["questions"]) == 200
    assert len(resources) == 10_000
    assert len(made["own"]) >= 5 * len(whole)
    (group,) = suites(made)["layers"]
    outcomes = Counter(group.evaluator.evaluate(request(*it)).outcome for it in asked_of(group, 0, 1))
    assert min(outcomes[outcome] for outcome in ("allowed", "explicitDeny", "implicitDeny")) >= 20


def test_forgetting_empties_every_cache() -> None:
    resource("arn:aws:ec2:*:*:instance/*")
    assert resource.cache_info().currsize
    forgetting()()
    assert resource.cache_info().currsize == 0


@pytest.mark.slow
def test_a_run_without_peers_has_every_measure_and_says_what_is_missing(tiny: Json) -> None:
    results = measure(tiny, QUIET, lambda _: None)
    lines = "\n".join(table(results, tiny, MACHINE))
    found = as_json(results, tiny, MACHINE)
    assert json.loads(json.dumps(found)) == found
    for peer in ("moto", "ministack", "iam-simulate", "cvc5"):
        assert f"{peer}: skipped, not asked for" in lines
    assert results.unwanted == []
    assert [m["name"] for m in found["measures"] if m["goal"]] == [
        "one policy: decisions",
        "ten policies: decisions",
        "ten policies, all layers: decisions",
        "load all managed policies",
        "a policy never seen, mean",
        "import, beyond `python -c pass`",
        "compare, cold: median",
        "compare, cold: p99",
    ]
    # These two are differences, which noise can turn round where so little is measured.
    whole = [m for m in found["measures"] if not m["name"].startswith(("import", "one policy: lines"))]
    assert all(m["reached"] > 0 for m in whole)
    assert sum(found["mix"]["single"].values()) == 12
    assert sum(found["comparison"]["cold"]["verdicts"].values()) == 4


def test_more_is_better_for_rates_and_less_for_times() -> None:
    assert Measure("decisions", "/s", [300.0, 200.0, 100.0], 100.0).ratio == 2
    assert Measure("load", "ms", [30.0], 60.0).ratio == 2
    assert Measure("load", "ms", [120.0], 60.0).ratio == 0.5
    assert Measure("load", "ms", [120.0]).ratio is None


def test_the_answers_of_a_peer_are_held_against_the_same_requests() -> None:
    asked = {"questions": [{"policy": "A"}, {"policy": "B"}], "variants": 2}
    ours = {"answers": {"single": ["allowed", "implicitDeny", "explicitDeny", "allowed"]}}
    theirs = {"answers": {"single": [["allowed", "error"], ["allowed"]]}}
    results = replace(_nothing(), ours={"decide": [ours]}, peers={"moto": [theirs]})
    assert agreement(results, asked) == {
        "moto": {"single": {"agrees": 1, "differs": 1, "no answer": 1, "explicitDeny, it says allowed": 1}}
    }


def test_quantiles_are_values_that_were_measured() -> None:
    assert quantiles([4.0, 1.0, 3.0, 2.0]) == {"median": 3.0, "p90": 4.0, "p99": 4.0, "max": 4.0}


def _nothing() -> Results:
    return Results({}, {}, {}, {}, [], {}, None)
