"""`narrowgate record`: a program run on a fresh sandbox, its policy derived, and the program run again under it.

INVARIANT: what counts in the second run is what the gate decided, not how the program ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from narrowgate.adapters.action_data import action_list
from narrowgate.adapters.program import Ran, run_program
from narrowgate.adapters.recorded_calls import recorded_calls
from narrowgate.adapters.regions import regions
from narrowgate.adapters.sandbox.guest import EVERYTHING, hosting
from narrowgate.adapters.sandbox.recording import Recorded
from narrowgate.derive.derivation import Derived, derive
from narrowgate.derive.scope import Own
from narrowgate.errors import UsageError
from narrowgate.report.text import count_of
from narrowgate.verbs.derive import derived_data, recorded_evidence, sound

Tell = Callable[[str], None]
PREPARED = 16
"""More changing calls than a sandbox is prepared with: two, and two for each policy of which there are at most ten."""
SILENT = (
    "the program made no call to the sandbox: it may set an endpoint of its own, or its SDK does not read "
    "AWS_ENDPOINT_URL (those since about the end of 2023 do)"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The command with its arguments, the environment that it gets the sandbox's variables added to, and how it is run.

    `seconds`: after which a run is stopped. `keep`: a file that the first run's recording is added to.
    """

    command: tuple[str, ...]
    environ: Mapping[str, str]
    region: str = "us-east-1"
    seconds: float | None = None
    keep: Path | None = None
    own: Own | None = None
    again: bool = True


@dataclass(frozen=True, slots=True)
class Denial:
    """A request that the gate refused: number and name of the call, action, resource, and the layer that said no.

    `outcome`: `implicitDeny` where no statement of the layer allows it, `explicitDeny` where one denies it.
    """

    number: int
    call: str
    action: str
    resource: str
    outcome: str
    layer: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run: how the program ended, its calls, and what of them the gate refused."""

    ended: Ran
    calls: tuple[Recorded, ...]
    denials: tuple[Denial, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it; `second` is None where the program was run once."""

    first: Run
    derived: Derived
    second: Run | None

    @property
    def missing(self) -> tuple[Denial, ...]:
        """The denials of the second run that the first one did not have: what the derived policy lacks."""
        before = Counter(_kind(denial) for denial in self.first.denials)
        found: list[Denial] = []
        for denial in self.second.denials if self.second else ():
            if before[_kind(denial)]:
                before[_kind(denial)] -= 1
            else:
                found.append(denial)
        return tuple(found)


def record(wanted: Wanted, tell: Tell) -> Outcome:
    """Run the program, derive its policy, and run it again under that alone.

    Raises UsageError for an unknown region, for a command that cannot be started, and where nothing can be derived
    from what it did.
    """
    if wanted.region not in regions():
        raise UsageError(f"there is no region `{wanted.region}`: choose one that AWS has, such as `us-east-1`")
    tell("the first run: everything is allowed, and recorded")
    first = run(wanted, [EVERYTHING], keep=wanted.keep)
    tell(f"the program {first.ended}, after {count_of(len(first.calls), 'call')}")
    made = derived(first, wanted)
    if not wanted.again:
        return Outcome(first, made, None)
    tell(f"the second run: other ids, and only the derived {'policy' if len(made.documents) == 1 else 'policies'}")
    second = run(wanted, [document.text() for document in made.documents], after=first)
    denied = count_of(len(second.denials), "denial")
    tell(f"the program {second.ended}, after {count_of(len(second.calls), 'call')}, with {denied}")
    return Outcome(first, made, second)


def run(wanted: Wanted, documents: Sequence[str], *, after: Run | None = None, keep: Path | None = None) -> Run:
    """One run in a fresh sandbox, as a fresh user with these policies; what is made has other ids than in `after`."""
    ahead = 0 if after is None else PREPARED + sum(not line.call.reads_only for line in after.calls)
    with hosting(documents, wanted.region, ahead=ahead, keep=keep) as guest:
        ended = run_program(wanted.command, guest.environment(wanted.environ), seconds=wanted.seconds)
        calls = guest.calls()
    return Run(ended, calls, tuple(_denials(calls, guest.arn)))


def derived(first: Run, wanted: Wanted) -> Derived:
    """The least policy for what the program did in a run. Raises UsageError."""
    if not first.calls:
        raise UsageError(SILENT if first.ended.is_good else f"the program {first.ended} before it called anything")
    theirs = next((line.principal for line in first.calls if line.principal.endswith(":user/program")), "")
    name = "the first run"
    found = recorded_calls(first.calls, name, principal=theirs)
    actions = action_list()
    known = recorded_evidence(found, actions)
    return sound(derive(known, actions, own=wanted.own), known.left_out)


def _denials(calls: Sequence[Recorded], arn: str) -> Iterator[Denial]:
    for number, line in enumerate(calls, 1):
        if line.principal != arn or line.decision.text("outcome") in ("", "allowed"):
            continue
        for asked in line.decision.items_of("requests"):
            if asked.text("outcome") != "allowed":
                where = (asked.text("action"), asked.text("resource"), asked.text("outcome"), asked.text("layer"))
                yield Denial(number, line.call.name, *where)


def _kind(denial: Denial) -> tuple[str, str, str, str]:
    """What is the same in two runs, whose ids differ."""
    return denial.call, denial.action, denial.outcome, denial.layer


def outcome_data(found: Outcome) -> dict[str, Any]:
    """What came of it, for JSON."""
    return {
        **derived_data(found.derived),
        "first": _run_data(found.first),
        "second": _run_data(found.second) if found.second else None,
        "missing": [asdict(denial) for denial in found.missing],
    }


def _run_data(run: Run) -> dict[str, Any]:
    ended = {"code": run.ended.code, "late": run.ended.is_late}
    return {**ended, "calls": len(run.calls), "denials": [asdict(denial) for denial in run.denials]}
