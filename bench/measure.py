"""What is measured: runs of whole processes against the served embedded AWS, wall time and calls of each."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench import guide
from bench.served import REGION, Seen, Served, serving
from narrowgate.adapters.evidence import IN_A_ROW

NARROWGATE = (sys.executable, "-m", "narrowgate")
# While chains are counted, each call takes this long, so that calls made together overlap on a busy machine too.
LONG = 1.0
# Room between an answer and the next call's arrival, below which two calls still count as one after the other.
SLACK = 0.002


@dataclass(frozen=True, slots=True)
class Run:
    """One process, or the CLI's ten: wall time in seconds, and the calls that reached the server."""

    wall: float
    calls: tuple[Seen, ...]

    @property
    def span(self) -> float:
        """Seconds from the first call's arrival to the last answer."""
        return max(c.answered for c in self.calls) - min(c.came for c in self.calls) if self.calls else 0.0

    @property
    def reads(self) -> int:
        """How many calls changed nothing."""
        return sum(1 for c in self.calls if c.reads)

    @property
    def writes(self) -> int:
        """How many calls changed something."""
        return len(self.calls) - self.reads

    @property
    def observed_chain(self) -> int:
        """The most calls that were made one after the other: each came when the one before was answered."""
        length, end = 0, float("-inf")
        for seen in sorted(self.calls, key=lambda c: c.answered):
            if seen.came >= end - SLACK:
                length, end = length + 1, seen.answered
        return length


@dataclass(frozen=True, slots=True)
class Peer:
    """The runs of one way to do the guide."""

    name: str
    runs: tuple[Run, ...]

    @property
    def wall(self) -> float:
        """The median wall time."""
        return median(r.wall for r in self.runs)

    @property
    def span(self) -> float:
        """The median time from first call to last answer."""
        return median(r.span for r in self.runs)


@dataclass(frozen=True, slots=True)
class Chain:
    """The longest chain of dependent calls of a setup, by its parts."""

    looking: int
    """AWS STS, then the rounds of reads of `plan` on the empty account: read off the server's log."""
    doing: int
    """The longest chain of the plan's steps, those in sinks not counted: computed from the plan's `needs`."""
    verifying: int
    """The rounds of reads of a complete look, or the key's proofs in a row, whichever is longer: they overlap."""
    seen: int
    """The most calls one after the other in the log of a whole setup: should be the sum of the three."""
    again: int
    """The same for a setup with nothing to do: AWS STS, then the rounds of a complete look."""

    @property
    def total(self) -> int:
        """All three follow one another."""
        return self.looking + self.doing + self.verifying


@dataclass(frozen=True, slots=True)
class Guide:
    """Everything measured about doing the guide."""

    delay: float
    setup: Peer
    again: Peer
    near: Peer
    """`setup` without any delay: what our own computing and the sandbox's cost."""
    boto3: Peer
    cli: Peer
    chain: Chain


def measure_guide(rounds: int, delay: float, told: Callable[[str], None]) -> Guide:
    """Do the guide in each way, `rounds` times, each time in an empty account. A round of warm-up is not counted."""
    runs: dict[str, list[Run]] = {"setup": [], "again": [], "near": [], "boto3": [], "cli": []}
    policies, chain = _policies_and_chain()
    for number in range(rounds + 1):
        told(f"guide: round {number} of {rounds}" + (" (warm-up)" if number == 0 else ""))
        for name, run in _round(delay, policies).items():
            if number:
                runs[name].append(run)
    peers = {name: Peer(name, tuple(each)) for name, each in runs.items()}
    return Guide(delay=delay, chain=chain, **peers)


def _round(delay: float, policies: Mapping[str, str]) -> dict[str, Run]:
    done: dict[str, Run] = {}
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), delay=delay) as served:
        spec = _init(Path(folder), served)
        done["setup"] = _timed(served, lambda: _narrowgate(served, "setup", "--yes", "--spec", spec))
        done["again"] = _timed(served, lambda: _narrowgate(served, "setup", "--yes", "--spec", spec))
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), delay=0.0) as served:
        spec = _init(Path(folder), served)
        done["near"] = _timed(served, lambda: _narrowgate(served, "setup", "--yes", "--spec", spec))
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), delay=delay) as served:
        guide.write_documents(Path(folder), policies)
        script = str(Path(__file__).with_name("guide_boto3.py"))
        done["boto3"] = _timed(served, lambda: _process(served, (sys.executable, script, folder)))
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), delay=delay) as served:
        guide.write_documents(Path(folder), policies)
        done["cli"] = _timed(served, lambda: guide.run(Path(folder), served.environ))
    return done


def _policies_and_chain() -> tuple[dict[str, str], Chain]:
    """The policies that all peers create, and the parts of the chain, from one untimed setup."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), delay=LONG) as served:
        spec = _init(Path(folder), served)
        planned = json.loads(_narrowgate(served, "plan", "--json", "--spec", spec))
        looking = Run(0.0, served.take_log()).observed_chain
        _narrowgate(served, "setup", "--yes", "--spec", spec)
        seen = Run(0.0, served.take_log()).observed_chain
        _narrowgate(served, "setup", "--yes", "--spec", spec)
        again = Run(0.0, served.take_log()).observed_chain
    documents = {
        step["address"].rpartition(".")[2]: step["params"]["PolicyDocument"]
        for step in planned["steps"]
        if step["call"] == "iam:CreatePolicy"
    }
    return documents, Chain(looking, aws_chain(planned["steps"]), max(again - 1, IN_A_ROW), seen, again)


def aws_chain(steps: Iterable[Mapping[str, Any]]) -> int:
    """The longest chain of steps that wait for one another, counting AWS calls only."""
    depth: list[int] = []
    for step in steps:
        counts = 0 if step["call"].startswith("sink:") else 1
        depth.append(counts + max((depth[n] for n in step["needs"]), default=0))
    return max(depth, default=0)


def measure_start(runs: int, told: Callable[[str], None]) -> dict[str, float]:
    """Median wall times of starting up, against a server without delay."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), delay=0.0) as served:
        spec = _init(Path(folder), served)
        commands = {
            "python -c pass": (sys.executable, "-c", "pass"),
            "narrowgate --help": (*NARROWGATE, "--help"),
            "narrowgate plan": (*NARROWGATE, "plan", "--spec", spec),
        }
        walls: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(runs + 1):
            told(f"start-up: run {number} of {runs}" + (" (warm-up)" if number == 0 else ""))
            for name, command in commands.items():
                run = _timed(served, lambda command=command: _process(served, command))  # type: ignore[misc]
                if number:
                    walls[name].append(run.wall)
    return {name: median(each) for name, each in walls.items()}


def _init(folder: Path, served: Served) -> str:
    spec = str(folder / "platform.yaml")
    _narrowgate(served, "init", "--spec", spec, "--system", "bench", "--region", REGION)
    return spec


def _timed(served: Served, work: Callable[[], object]) -> Run:
    served.take_log()
    begun = time.monotonic()
    work()
    return Run(time.monotonic() - begun, served.take_log())


def _narrowgate(served: Served, *arguments: str) -> str:
    return _process(served, (*NARROWGATE, *arguments))


def _process(served: Served, command: tuple[str, ...]) -> str:
    done = subprocess.run(command, env=served.environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: {' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
