"""Compares our engine with iam-simulate on random requests: `python -m judges.differ --requests N --seed N`.

A difference counts as explained only when known classes take it away: our decision stays the same under their
rewrites, for those keep the meaning, and on what is left both engines agree. Every other difference is printed
as a line that `narrowgate policy evaluate --batch` takes. Exit code 0 when all is explained, else 1; 2 when
iam-simulate is not there.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from judges.explain import DEFAULT, account_for
from judges.features import features
from judges.simulate import Simulator, missing
from judges.world import World, asked, layers, line
from judges.worlds import world
from narrowgate.policy import Decision, evaluate
from narrowgate.policy.decision import Switches

BATCH = 400
SHOWN = 20


def decide(world: World, switches: Switches = DEFAULT) -> Decision:
    """Our decision."""
    return evaluate(asked(world), layers(world), switches)


def outcome(world: World, switches: Switches) -> str:
    """Our decision in AWS's word."""
    return decide(world, switches).outcome


@dataclass(slots=True)
class Tally:
    """What a run counts; of the unexplained only the first are kept as lines, `missed` is how many there are."""

    outcomes: Counter[str] = field(default_factory=Counter)
    layers: Counter[str] = field(default_factory=Counter)
    features: Counter[str] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)
    sets: Counter[str] = field(default_factory=Counter)
    differences: int = 0
    unexplained: list[str] = field(default_factory=list)
    missed: int = 0

    def add(self, other: Tally) -> None:
        """Adds what another run counted."""
        for name in ("outcomes", "layers", "features", "classes", "sets"):
            getattr(self, name).update(getattr(other, name))
        self.differences += other.differences
        self.missed += other.missed
        self.unexplained += other.unexplained

    def count(self, world: World, decision: Decision) -> None:
        """Counts a decision and what decided it."""
        self.outcomes[decision.outcome] += 1
        self.layers[f"{decision.outcome} by {decision.layer}"] += 1
        self.features.update(features(world, decision))


def compare(seed: int, numbers: range) -> Tally:
    """Both engines on the worlds of these numbers."""
    tally = Tally()
    with Simulator() as simulator:
        for start in range(0, len(numbers), BATCH):
            worlds = [world(seed, number) for number in numbers[start : start + BATCH]]
            simulator.ask(worlds)
            ours = [decide(one) for one in worlds]
            theirs = simulator.answers(len(worlds))
            for one, mine, other in zip(worlds, ours, theirs, strict=True):
                tally.count(one, mine)
                if mine.outcome != other:
                    _explain(tally, one, (mine.outcome, other), simulator)
    return tally


def _explain(tally: Tally, world: World, answers: tuple[str, str], simulator: Simulator) -> None:
    found = account_for(world, outcome, simulator.decide)
    tally.differences += 1
    tally.classes.update(found.classes)
    tally.sets[" + ".join(found.classes) or "unexplained"] += 1
    if found.classes:
        return
    tally.missed += 1
    if len(tally.unexplained) < 2 * SHOWN:
        moved = f"; our answer changes under {', '.join(found.moved)}" if found.moved else ""
        tally.unexplained.append(f"{world.number}: ours {answers[0]}, theirs {answers[1]}{moved}")
        tally.unexplained.append(json.dumps(line(world)))


def run(seed: int, requests: int, jobs: int) -> Tally:
    """The whole comparison, by `jobs` pairs of processes."""
    if jobs == 1:
        return compare(seed, range(requests))
    total = Tally()
    with ProcessPoolExecutor(jobs) as pool:
        for part in pool.map(partial(compare, seed), [range(job, requests, jobs) for job in range(jobs)]):
            total.add(part)
    return total


def report(tally: Tally, seconds: float) -> Iterator[str]:
    """What a run found, line by line."""
    requests = sum(tally.outcomes.values())
    yield f"{requests} requests in {seconds:.0f} s, {requests / seconds:.0f} a second"
    yield "our decisions: " + _shares(tally.outcomes, requests)
    yield "by layer: " + _shares(tally.layers, requests)
    yield "deciding statements with: " + ", ".join(f"{name} {n}" for name, n in tally.features.most_common())
    yield f"{tally.differences} differences, {tally.missed} unexplained"
    yield from (f"  {n:6} {name}" for name, n in tally.classes.most_common())
    yield "together:"
    yield from (f"  {n:6} {names}" for names, n in tally.sets.most_common() if " + " in names)
    yield from tally.unexplained


def _shares(counted: Counter[str], total: int) -> str:
    return ", ".join(f"{name} {n} ({100 * n / total:.1f} %)" for name, n in counted.most_common())


def main(arguments: list[str] | None = None) -> int:
    """Runs the comparison; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m judges.differ", description="our engine beside iam-simulate")
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args(arguments)
    if wrong := missing():
        print(wrong, file=sys.stderr)
        return 2
    start = time.monotonic()
    tally = run(given.seed, given.requests, given.jobs)
    print("\n".join(report(tally, time.monotonic() - start)))
    return 1 if tally.missed else 0


if __name__ == "__main__":
    sys.exit(main())
