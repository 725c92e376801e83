"""Carries out a plan: independent steps together, each journalled before and after.

A step that fails stops what needs it; everything else goes on, so that a second run has less to do. The one
thing that a stop never holds back is a secret on its way into its sinks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from narrowgate.adapters.clock import Clock
from narrowgate.adapters.journal import Journal
from narrowgate.adapters.stop import Stop
from narrowgate.calls import Call, Fields, Ref, Reply, Value, World, named, refs, resolve
from narrowgate.errors import AwsError, NarrowgateError, OutcomeUnknown, Refused
from narrowgate.plan import Plan, Step
from narrowgate.resource import Principal

# The thing that a step needs may not be seen everywhere yet. Source: "Changes that I make are not always
# immediately visible", IAM User Guide.
NOT_YET = frozenset({"NoSuchEntity", "EntityTemporarilyUnmodifiable", "ConcurrentModification", "DeleteConflict"})
PATIENCE = 30.0
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 4.0
WORKERS = 16


@dataclass(slots=True)
class Outcome:
    """What became of each step, by position."""

    done: dict[int, Reply | None] = field(default_factory=dict)
    failed: dict[int, NarrowgateError] = field(default_factory=dict)
    stopped: bool = False

    def error(self) -> NarrowgateError | None:
        """The failure to tell the person: the earliest one."""
        return self.failed[min(self.failed)] if self.failed else None


@dataclass(frozen=True, slots=True)
class Stage:
    """What carrying out a plan needs beside the plan."""

    worlds: Mapping[Principal, World]
    journal: Journal
    clock: Clock
    report: Callable[[Step, str], None]
    """Called with `start`, `wait`, `done` or `fail`, from any thread."""
    stop: Stop
    workers: int = WORKERS


def apply(plan: Plan, stage: Stage) -> Outcome:
    """Carry the plan out. Raises KeyError for a principal that no World was given for, before any call."""
    for step in plan.steps:
        stage.worlds[step.principal]
    outcome = Outcome()
    running: dict[Future[Reply | None], int] = {}
    with stage.stop.guarded(), ThreadPoolExecutor(stage.workers, thread_name_prefix="step") as pool:
        while True:
            for at in _ready(plan, outcome, frozenset(running.values()), stopping=_stopping(outcome, stage)):
                running[pool.submit(_carry_out, plan, at, outcome, stage)] = at
            if not running:
                break
            finished, _ = wait(running, timeout=0.1, return_when=FIRST_COMPLETED)
            for future in finished:
                _record(running.pop(future), future, outcome)
    outcome.stopped = stage.stop.is_set()
    return outcome


def _record(at: int, future: Future[Reply | None], outcome: Outcome) -> None:
    try:
        outcome.done[at] = future.result()
    except NarrowgateError as error:
        outcome.failed[at] = error


def _stopping(outcome: Outcome, stage: Stage) -> bool:
    return stage.stop.is_set() or any(not isinstance(e, AwsError) for e in outcome.failed.values())


def _ready(plan: Plan, outcome: Outcome, running: frozenset[int], *, stopping: bool) -> tuple[int, ...]:
    """Positions whose needs are met; once stopping, only those that save a secret.

    A save does not wait for the save before it: one sink that fails must not keep the key from the others.
    """
    over = {*outcome.done, *outcome.failed, *running}
    ready: list[int] = []
    for at, step in enumerate(plan.steps):
        saves = _saves_a_secret(step)
        if at in over or (stopping and not saves):
            continue
        needs = _but_for_stores(plan, step) if saves else step.needs
        if all(n in outcome.done for n in needs):
            ready.append(at)
    return tuple(ready)


def _but_for_stores(plan: Plan, step: Step) -> Iterator[int]:
    """What the step needs, with the needs of each save before it in the place of that save."""
    for need in step.needs:
        if plan.steps[need].change == "store":
            yield from _but_for_stores(plan, plan.steps[need])
        else:
            yield need


def _saves_a_secret(step: Step) -> bool:
    return step.call.operation == "StoreKey"


def _carry_out(plan: Plan, at: int, outcome: Outcome, stage: Stage) -> Reply | None:
    step = plan.steps[at]
    stage.report(step, "start")
    call = Call(step.call.service, step.call.operation, _resolved(plan, step, outcome))
    number = _intent(step, call, stage)
    try:
        reply = _until_seen(step, call, stage)
    except NarrowgateError as error:
        # An unknown outcome gets no failure line: the journal must say that we do not know.
        if number is not None and not isinstance(error, OutcomeUnknown):
            stage.journal.failure(number, error.code if isinstance(error, AwsError) else type(error).__name__)
        stage.report(step, "fail")
        raise
    outcome.done[at] = reply
    if number is not None:
        stage.journal.outcome(number, reply)
    stage.report(step, "done")
    return reply


def _intent(step: Step, call: Call, stage: Stage) -> int | None:
    """Journal the intent. A secret is stored even when the journal cannot be written: it exists only once."""
    try:
        return stage.journal.intent(step.address, call, step.note)
    except Refused:
        if _saves_a_secret(step):
            return None
        raise


def _resolved(plan: Plan, step: Step, outcome: Outcome) -> Fields:
    """The parameters with every Ref replaced from the reply of the step that gives it."""
    if not refs(step.call.params):
        return step.call.params

    def lookup(ref: Ref) -> Value:
        for at, reply in tuple(outcome.done.items()):
            told = _told(reply, ref.attribute) if plan.steps[at].address == ref.address and reply is not None else None
            if told is not None:
                return told
        raise AwsError(f"no reply gave `{ref}`", code="NoSuchAttribute")

    resolved = resolve(step.call.params, lookup)
    assert isinstance(resolved, Fields)
    return resolved


def _told(reply: Reply, attribute: str) -> Value:
    """What a reply tells: at a path (`AccessKey.SecretAccessKey`), or the member of that name wherever it stands."""
    value: Value = reply
    for part in attribute.split("."):
        value = value.get(part) if isinstance(value, Fields) else None
    if isinstance(value, int) and not isinstance(value, bool):
        # A version's number is a number where it is told, and a text where it is asked for.
        return str(value)
    return next(named(reply, attribute), None) if value is None else value


def _until_seen(step: Step, call: Call, stage: Stage) -> Reply | None:
    """Make the call; while AWS does not see yet what it needs, wait and make it again."""
    world = stage.worlds[step.principal]
    deadline = stage.clock.monotonic() + PATIENCE
    pause = FIRST_PAUSE
    while True:
        try:
            reply = world(call)
            # For a deletion, "does not exist" is the aim; for anything else, what it needs is not there yet.
            if reply is not None or step.change == "delete":
                return reply
            error = AwsError(f"`{call.name}` for {step.address}: AWS does not find what it needs", code="NoSuchEntity")
        except AwsError as raised:
            if raised.code not in NOT_YET:
                raise
            error = raised
        if stage.stop.is_set() or stage.clock.monotonic() + pause > deadline:
            raise error
        stage.report(step, "wait")
        stage.clock.sleep(pause * (0.5 + stage.clock.jitter() / 2))
        pause = min(pause * 2, LONGEST_PAUSE)
