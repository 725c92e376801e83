"""Every part of the suite of the proofs, one after the other; what came of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from bench.policy_clock import Figures
from bench.proofs_policies import default_spec, ours, theirs
from bench.proofs_runs import COMMANDS, Enforced, Twice, enforced, missing, twice
from bench.proofs_surface import Counted
from bench.proofs_times import rounds
from narrowgate.adapters.action_data import action_list
from narrowgate.verbs.identity_rehearsal import Enforced as Verbs
from narrowgate.verbs.identity_rehearsal import rehearse_identities

Tell: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """How much to measure: rounds of the times, whether programs and rehearsals run, and files of policies to count."""

    rounds: int = 5
    runs: bool = True
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Results:
    """What came. `times`: a list of rounds by name; `first`: the first time in the process; of what is missing, why."""

    ours: tuple[Counted, ...]
    theirs: tuple[Counted, ...]
    times: dict[str, list[Figures]]
    first: dict[str, Figures]
    programs: tuple[Twice, ...] = ()
    enforced: tuple[Enforced, ...] = ()
    verbs: Verbs | None = None
    skipped: dict[str, str] = field(default_factory=dict)


def measure(settings: Settings, tell: Tell) -> Results:
    """Everything that is measured. Raises NotProved where a proof fails, ValueError for a file that is no policy."""
    actions = action_list()
    with TemporaryDirectory() as folder:
        spec, file = default_spec(Path(folder))
        times, first = rounds(settings.rounds, spec, file, actions, tell)
        tell("surfaces")
        found = tuple(ours(spec, file, actions)), tuple(theirs(actions, settings.files))
        if not settings.runs:
            return Results(*found, times, first, skipped={"second runs, enforced": "not asked for"})
        skipped = {name: why for name in COMMANDS if (why := missing(name))}
        programs: list[Twice] = []
        for name in COMMANDS:
            if name not in skipped:
                tell(f"second run: {name}")
                programs.append(twice(name, actions))
        gate = tuple(enforced(spec, file, actions, tell))
        tell("enforced: the identity verbs")
        verbs = rehearse_identities(spec, file.resolve().parent)
    return Results(*found, times, first, tuple(programs), gate, verbs, skipped)
