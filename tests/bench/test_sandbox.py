"""The suite of the sandbox runs, at tiny sizes and without peers, and says what it found."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bench.enforcement import Played
from bench.enforcement_table import scenarios
from bench.policy_clock import spread_of
from bench.policy_table import Machine
from bench.sandbox_calls import STATEMENTS, mix, numbered, signed, turns
from bench.sandbox_inside import PARTS, Account, Clock, Split, bare, slowed, whole
from bench.sandbox_run import Results, Settings, errors_of, measure
from bench.sandbox_table import as_json, measures, table
from narrowgate.adapters.sandbox.administrator import ADMIN

pytestmark = pytest.mark.slow

MACHINE = Machine(0.5, 0.6, ())
TINY = Settings(rounds=1, turns=1, calls=16, remembered=16, peers=False, scenarios=False)


def test_every_turn_asks_for_things_of_its_own() -> None:
    first, second = list(turns("subnet-1", 0, 2))[:16], list(turns("subnet-1", 0, 2))[16:]
    assert [wire.name for wire in first] == [wire.name for wire in second] == [wire.name for wire in mix("subnet-1")]
    assert "made-1" in second[3].body and "made-0" in first[3].body
    assert not any("{n}" in wire.body + wire.target for wire in (*first, *second))


def test_the_user_has_ten_statements() -> None:
    assert len({statement["Sid"] for statement in STATEMENTS}) == 10


def test_a_turn_without_a_socket_is_answered_rightly_and_taken_apart() -> None:
    account = Account()
    for number, key in enumerate(account.keys().values()):
        found = whole(account, account.signed(key, 3 * number, 1))
        assert found["errors"] == 0
        assert found["added"]["wall"] == pytest.approx(found["call"]["wall"] - found["perform"]["wall"])
        parts = Split(account).run(account.signed(key, 3 * number + 1, 1))
        assert {name: figures["count"] for name, figures in parts.items()} == dict.fromkeys(PARTS, 16)
    assert bare(account, account.signed(ADMIN, 9, 1))["errors"] == 0

    # What answers otherwise than it should is counted: the wrong secret, and a user who may not.
    wrong = [signed(numbered(wire, 20), (ADMIN[0], "another")) for wire in mix(account.subnet)]
    assert whole(account, wrong)["errors"] == 16
    elsewhere = replace(mix(account.subnet)[-1], target="/bench-bucket/other/object")
    assert whole(account, [signed(elsewhere, account.user)])["errors"] == 1


@pytest.mark.slow
def test_a_run_without_peers_has_every_measure_and_says_what_is_missing() -> None:
    results = measure(TINY, lambda _: None)
    lines, found = "\n".join(table(results, MACHINE)), as_json(results, MACHINE)
    assert json.loads(json.dumps(found)) == found
    assert errors_of(results) == {"in process": 0, "1 over HTTP": 0, "8 over HTTP": 0, "memory": 0}
    assert "errors (goal 0, met)" in lines
    assert "scenarios: skipped, not asked for" in lines
    assert [m["name"] for m in found["measures"] if m["goal"]] == [
        "added to a call, administrator: median",
        "added to a call, user: median",
        "start: `Embedded()`, imports included",
        "start: `narrowgate sandbox`, to its first answer",
    ]
    assert all(m["reached"] > 0 for m in found["measures"])


def test_goals_are_met_or_missed_and_errors_told() -> None:
    lines = "\n".join(table(_made(added=0.0005, errors=1), MACHINE))
    assert "0.80 MISSED" in lines
    assert "errors (goal 0, MISSED): 0 with in process, 1 with 1 over HTTP" in lines
    assert "the first: iam:GetUser: 500" in lines
    lines = "\n".join(table(_made(added=0.0001, errors=0), MACHINE))
    assert "4.00 met" in lines and "(goal 0, met)" in lines


def test_peers_are_shown_beside_ours_and_the_scenarios_behind() -> None:
    made = _made(added=0.0001, errors=0)
    (served,) = [m for m in measures(made) if m.name.startswith("calls over HTTP")]
    assert served.peers == {"moto": 50.0} and served.reached == 100.0
    one = scenarios()[0]
    played: dict[str, tuple[Played, ...]] = {
        "narrowgate": (Played(one, "same answer"),),
        "moto": (Played(one, "not possible"),),
    }
    assert as_json(replace(made, played=played), MACHINE)["agreement"]["moto"]["not possible"] == 1
    assert "not possible" in "\n".join(table(replace(made, played=played), MACHINE))


def test_a_busy_machine_is_told() -> None:
    made = _made(added=0.0001, errors=0)
    assert "BUSY" not in "\n".join(table(made, MACHINE))
    busy = replace(made, inside=[{**made.inside[0], "slowed": slowed([1.0, 2.0, 3.0])}])
    assert "BUSY" in "\n".join(table(busy, MACHINE)) and "was 2.0 times its best" in "\n".join(table(busy, MACHINE))


def test_what_the_gate_adds_is_the_call_without_what_was_in_the_engine() -> None:
    left = Clock([3.0, 5.0], [2.0, 2.0]).without(Clock([1.0, 5.0], [0.5, 2.0]))
    assert (left.wall, left.cpu) == ([2.0, 0.0], [1.5, 0.0])


def _made(*, added: float, errors: int) -> Results:
    one = {**spread_of([added], [added]), "each": None}
    whole_of = {"call": one, "added": one, "perform": one, "by_operation": {"iam:GetUser": one}, "errors": 0}
    inside = {
        "whole": {"administrator": whole_of, "user": whole_of},
        "parts": {"user": dict.fromkeys(PARTS, one)},
        "bare": {"call": one, "errors": 0},
        "slowed": 1.0,
    }
    served = {"count": 100, "wall": 1.0, "server_cpu": 0.5, "errors": errors, "first_error": "iam:GetUser: 500"}
    clock, kept = {"wall": 0.5, "cpu": 0.4}, {"started": 90.0, "after": 100.0, "calls": 16, "errors": 0}
    return Results(
        inside=[inside],
        http={"ours": {1: [served]}, "moto": {1: [{**served, "wall": 2.0, "errors": 0}]}},
        start={"Embedded()": [clock], "narrowgate sandbox": [clock], "moto": [clock]},
        memory={"narrowgate sandbox": [kept], "moto": [kept]},
    )
