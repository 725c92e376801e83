"""The measures as tables for a person, and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bench.measure import Guide, Peer, Run

GOAL_RATIO = 1.3
GOALS = {"narrowgate --help": 0.15, "narrowgate plan": 0.6}


def table(guide: Guide, start: Mapping[str, float]) -> Iterator[str]:
    """Every line of the report."""
    yield from _guide(guide)
    yield ""
    yield from _again(guide)
    yield ""
    yield from _start(start)


def as_json(guide: Guide, start: Mapping[str, float]) -> dict[str, Any]:
    """The same, as data: medians in seconds."""
    least = guide.chain.total * guide.delay
    return {
        "delay": guide.delay,
        "rounds": len(guide.setup.runs),
        "guide": {peer.name: _peer_data(peer) for peer in (guide.setup, guide.near, guide.boto3, guide.cli)},
        "chain": {
            "looking": guide.chain.looking,
            "doing": guide.chain.doing,
            "verifying": guide.chain.verifying,
            "total": guide.chain.total,
            "seen": guide.chain.seen,
            "again": guide.chain.again,
        },
        "ratios": {
            "setup wall / chain": guide.setup.wall / least,
            "setup first call to last / chain": guide.setup.span / least,
            "setup / cli": guide.setup.wall / guide.cli.wall,
            "setup / boto3": guide.setup.wall / guide.boto3.wall,
        },
        "again": {**_peer_data(guide.again), "calls": dict(_operations(guide.again.runs[-1]))},
        "start": dict(start),
    }


def _guide(guide: Guide) -> Iterator[str]:
    yield f"The guide, {guide.delay * 1000:.0f} ms for each AWS call, medians of {len(guide.setup.runs)} rounds"
    named = (
        ("narrowgate setup --yes", guide.setup),
        ("  the same, 0 ms a call", guide.near),
        ("boto3 script, sequential", guide.boto3),
        ("AWS CLI, ten commands", guide.cli),
    )
    rows: list[tuple[str, ...]] = [("", "wall s", "first call to last s", "calls", "reads", "writes", "ours / it")]
    for name, peer in named:
        rows.append((name, *_numbers(peer), f"{guide.setup.wall / peer.wall:.2f}"))
    yield from aligned(rows)
    least = guide.chain.total * guide.delay
    chain = guide.chain
    yield (
        f"Longest chain of dependent calls: {chain.total} = {chain.looking} to look (STS, then the plan's "
        f"reads) + {chain.doing} to do (the plan's own needs) + {chain.verifying} to verify "
        f"(in the log of a whole setup: {chain.seen})"
    )
    yield (
        f"chain x delay = {least:.2f} s; setup / that: {guide.setup.wall / least:.2f} as a whole process, "
        f"{guide.setup.span / least:.2f} from first call to last (goal {GOAL_RATIO})"
    )


def _again(guide: Guide) -> Iterator[str]:
    yield f"setup again, nothing to do, {guide.delay * 1000:.0f} ms for each AWS call"
    rows: list[tuple[str, ...]] = [("", "wall s", "first call to last s", "calls", "reads", "writes", "rounds")]
    rows.append(("narrowgate setup --yes", *_numbers(guide.again), str(guide.chain.again)))
    yield from aligned(rows)
    yield "calls: " + ", ".join(
        name if count == 1 else f"{name} x{count}" for name, count in _operations(guide.again.runs[-1])
    )


def _start(start: Mapping[str, float]) -> Iterator[str]:
    yield "start-up, no delay"
    rows: list[tuple[str, ...]] = [("", "wall s", "goal s")]
    rows += [(name, f"{wall:.3f}", f"{GOALS[name]:.2f}" if name in GOALS else "") for name, wall in start.items()]
    yield from aligned(rows)


def _numbers(peer: Peer) -> tuple[str, ...]:
    run = peer.runs[-1]
    counts = (str(len(run.calls)), str(run.reads), str(run.writes))
    return (f"{peer.wall:.2f}", f"{peer.span:.2f}", *counts)


def _peer_data(peer: Peer) -> dict[str, Any]:
    run = peer.runs[-1]
    return {
        "wall": peer.wall,
        "walls": [r.wall for r in peer.runs],
        "first_call_to_last": peer.span,
        "reads": run.reads,
        "writes": run.writes,
    }


def _operations(run: Run) -> list[tuple[str, int]]:
    return sorted(Counter(seen.operation for seen in run.calls).items())


def aligned(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """Lines with the first column to the left and the others to the right."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for row in rows:
        first, *rest = (cell.ljust(widths[0]) if at == 0 else cell.rjust(widths[at]) for at, cell in enumerate(row))
        yield "  " + "  ".join((first, *rest))
