"""How long something took: by the wall, and by the processor, which a busy machine does not lengthen."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

Figures: TypeAlias = dict[str, Any]
SHARES: Final = {"median": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}


def timed(count: int, run: Callable[[], object]) -> Figures:
    """One run of `count` things: `wall` and `cpu` in seconds."""
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    return {"count": count, "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def each_timed(
    items: Sequence[Any], run: Callable[[Any], object], before: Callable[[], object] | None = None
) -> Figures:
    """One run for each item, `before` outside the time: sums, and `spread` and `spread_cpu` over the items."""
    walls, cpus = [], []
    gc.collect()
    for item in items:
        if before is not None:
            before()
        cpu, wall = time.process_time(), time.perf_counter()
        run(item)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return spread_of(walls, cpus)


def spread_of(walls: Sequence[float], cpus: Sequence[float]) -> Figures:
    """The figures of runs that were timed one by one; `each` are their wall times in order."""
    return {
        "count": len(walls),
        "each": list(walls),
        "wall": sum(walls),
        "cpu": sum(cpus),
        "spread": quantiles(walls),
        "spread_cpu": quantiles(cpus),
    }


def quantiles(values: Sequence[float]) -> dict[str, float]:
    """Median, p90, p99 and the largest."""
    ordered = sorted(values)
    return {name: ordered[min(int(len(ordered) * share), len(ordered) - 1)] for name, share in SHARES.items()}


def added(runs: Sequence[Figures]) -> Figures:
    """Several runs as one."""
    return {name: sum(run[name] for run in runs) for name in ("count", "wall", "cpu")}
