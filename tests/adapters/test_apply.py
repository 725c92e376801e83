"""`apply`: what a failure stops, what a stop never holds back, what is waited for."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from support.account import Heard
from support.clock import FakeClock

from narrowgate.adapters.apply import Stage, apply
from narrowgate.adapters.journal import Journal
from narrowgate.adapters.stop import Stop
from narrowgate.calls import Call, Fields, Ref, Reply, World, call
from narrowgate.errors import AwsError, NotPermitted, OutcomeUnknown, Refused
from narrowgate.kinds.iam_access_key import Wanted, creation
from narrowgate.plan import Plan, Step, plan_of
from narrowgate.secret import Secret

KEY = Fields(AccessKey=Fields(AccessKeyId="AKIA1", SecretAccessKey=Secret("hidden")))
PLAN = plan_of("iam_access_key.installer", creation("iam_access_key.installer", Wanted(("u", "x"), ("a", "b"), ()), ()))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    clock = FakeClock()
    journal = Journal(tmp_path, clock)
    journal.lock()
    return Stage({}, journal, clock, Heard().step, Stop())


def on(stage: Stage, world: World) -> Stage:
    return replace(stage, worlds={"admin": world})


def step(name: str, *needs: int, change: str = "create") -> Step:
    return Step(name, change, call("iam", name), "", "admin", needs)  # type: ignore[arg-type]


def test_every_sink_gets_the_key_and_none_before_it_exists(stage: Stage) -> None:
    order: list[str] = []

    def world(asked: Call) -> Reply | None:
        order.append(asked.operation)
        if asked.service == "iam":
            return KEY
        assert asked.params["SecretAccessKey"] == Secret("hidden")
        return Fields()

    assert apply(PLAN, on(stage, world)).error() is None
    assert order == ["CreateAccessKey", "StoreKey", "StoreKey"]


@pytest.mark.parametrize("failing", ["a", "b"])
def test_a_sink_that_fails_does_not_keep_the_key_from_the_other(stage: Stage, failing: str) -> None:
    stored: list[str] = []

    def world(asked: Call) -> Reply | None:
        if asked.service == "iam":
            return KEY
        if asked.params.text("Sink") == failing:
            raise Refused("full")
        stored.append(asked.params.text("Sink"))
        return Fields()

    outcome = apply(PLAN, on(stage, world))
    assert isinstance(outcome.error(), Refused) and stored == [s for s in "ab" if s != failing]


def test_a_stop_lets_the_secret_reach_every_sink_and_nothing_else(stage: Stage) -> None:
    after = replace(step("TagUser"), needs=(0,))
    plan = Plan((*PLAN.steps, after))
    made: list[str] = []

    def world(asked: Call) -> Reply | None:
        made.append(asked.operation)
        stage.stop.set()
        return KEY

    outcome = apply(plan, on(stage, world))
    assert outcome.stopped and made == ["CreateAccessKey", "StoreKey", "StoreKey"]


def test_a_journal_that_cannot_be_written_any_more_keeps_no_secret_from_its_sink(stage: Stage) -> None:
    stored: list[str] = []

    def world(asked: Call) -> Reply | None:
        if asked.service == "iam":
            stage.journal.close()
            return KEY
        stored.append(asked.params.text("Sink"))
        return Fields()

    outcome = apply(PLAN, on(stage, world))
    assert stored == ["a", "b"]
    assert isinstance(outcome.error(), Refused)


def test_what_needs_a_failed_step_is_not_made_and_the_rest_is(stage: Stage) -> None:
    plan = Plan((step("A"), step("B", 0), step("C")))
    made: list[str] = []

    def world(asked: Call) -> Reply | None:
        if asked.operation == "A":
            raise AwsError("no", code="LimitExceeded")
        made.append(asked.operation)
        return Fields()

    outcome = apply(plan, on(stage, world))
    assert made == ["C"] and set(outcome.failed) == {0}


def test_independent_steps_run_together(stage: Stage) -> None:
    meeting = threading.Barrier(3, timeout=10)

    def world(asked: Call) -> Reply | None:
        meeting.wait()
        return Fields()

    assert len(apply(Plan((step("A"), step("B"), step("C"))), on(stage, world)).done) == 3


def test_a_principal_without_a_world_is_an_error_before_any_call(stage: Stage) -> None:
    with pytest.raises(KeyError):
        apply(Plan((step("A"),)), stage)
    assert stage.journal.entries == ()


@pytest.mark.parametrize("code", ["NoSuchEntity", None])
def test_what_is_not_visible_yet_is_tried_again_until_a_deadline(stage: Stage, code: str | None) -> None:
    tries = 0

    def world(asked: Call) -> Reply | None:
        nonlocal tries
        tries += 1
        if code:
            raise AwsError("later", code=code)
        return None

    outcome = apply(Plan((step("A"),)), on(stage, world))
    assert isinstance(outcome.error(), AwsError) and 5 < tries < 40
    assert 25 < stage.clock.monotonic() <= 30


@pytest.mark.parametrize(
    ("error", "events"),
    [
        (OutcomeUnknown("?", code="NoAnswer"), ["intent"]),
        (AwsError("no", code="LimitExceeded"), ["intent", "failure"]),
        (NotPermitted("no", code="AccessDenied"), ["intent", "failure"]),
    ],
)
def test_the_journal_says_what_is_known_of_a_failure(stage: Stage, error: AwsError, events: list[str]) -> None:
    def world(asked: Call) -> Reply | None:
        raise error

    apply(Plan((step("A"),)), on(stage, world))
    assert [e["event"] for e in stage.journal.entries] == events


@pytest.mark.parametrize(
    ("attribute", "reply", "told"),
    [
        ("VpcId", Fields(Vpc={"VpcId": "vpc-1"}), "vpc-1"),
        ("VpcId", Fields(VpcId="vpc-0", Vpc={"VpcId": "vpc-1"}), "vpc-0"),
        ("Vpc.VpcId", Fields(Vpc={"VpcId": "vpc-1"}), "vpc-1"),
        ("GroupId", Fields(Rules=({"GroupId": "sg-1"}, {"GroupId": "sg-2"})), "sg-1"),
        ("Version.Number", Fields(Version={"Number": 2}), "2"),
    ],
)
def test_a_ref_is_told_by_a_path_or_by_a_members_name_wherever_it_stands(
    stage: Stage, attribute: str, reply: Reply, told: str
) -> None:
    asked: list[Call] = []

    def world(made: Call) -> Reply | None:
        asked.append(made)
        return reply

    steps = (
        step("Make"),
        replace(step("Use", 0), call=call("iam", "Use", Of=Ref("Make", attribute))),
    )
    assert apply(Plan(steps), on(stage, world)).error() is None
    assert asked[1].params["Of"] == told


def test_a_ref_that_no_reply_tells_is_an_error_and_the_call_is_not_made(stage: Stage) -> None:
    steps = (step("Make"), replace(step("Use", 0), call=call("iam", "Use", Of=Ref("Make", "Vpc.VpcId"))))
    outcome = apply(Plan(steps), on(stage, lambda asked: Fields(VpcId="vpc-1")))
    assert "no reply gave" in str(outcome.error())
    assert set(outcome.done) == {0}
