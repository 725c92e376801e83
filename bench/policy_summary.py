"""From the figures of the rounds to the measures: medians, goals and ratios, ours and the peers'. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final, TypeAlias

from bench.policy_clock import quantiles
from bench.policy_run import Results
from bench.policy_work import Json, by_policy

Figures: TypeAlias = Mapping[str, Any]
SUITES: Final[Mapping[str, tuple[str, float | None]]] = {
    "single": ("one policy", 1_000_000),
    "ten": ("ten policies", 400_000),
    "layers": ("ten policies, all layers", 300_000),
    "managed": ("every managed policy", None),
}
FASTER: Final[Mapping[str, float]] = {"median": 10, "p99": 5}
"""How many times faster than cvc5."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure: its unit, the goal, each round by the wall and by the processor, and what peers reach.

    More is better where the unit is `/s`, else less.
    """

    name: str
    unit: str
    rounds: Sequence[float]
    goal: float | None = None
    cpu: Sequence[float] = ()
    peers: Mapping[str, float] | None = None

    @property
    def reached(self) -> float:
        """The median of the rounds."""
        return median(self.rounds)

    @property
    def ratio(self) -> float | None:
        """How many times the goal is reached; below 1 it is missed."""
        return None if self.goal is None else self.times(self.goal)

    def times(self, other: float) -> float:
        """How many times as good as another figure."""
        return self.reached / other if self.unit == "/s" else other / self.reached


def measures(results: Results) -> list[Measure]:
    """Every measure, in the order of the table."""
    return [
        *_rates(results),
        *_times(results),
        *_comparing(results),
        Measure(
            "memory, peak, with everything loaded", "MB", _each(results, "memory", lambda f: f["stages"]["actions"])
        ),
    ]


def _each(results: Results, part: str, of: Callable[[Figures], float]) -> list[float]:
    return [of(figures) for figures in results.ours[part]]


def _rates(results: Results) -> Iterator[Measure]:
    for suite, (name, goal) in SUITES.items():
        yield _rate(results, f"{name}: decisions", "decide", ("rates", suite), goal)
    for suite, (name, _) in SUITES.items():
        yield _rate(results, f"{name}: with making the requests", "decide", ("with_building", suite))
    for suite, (name, _) in SUITES.items():
        yield _rate(results, f"{name}: explanations", "explain", ("rates", suite))
    peers = {name: median(each) for name, each in results.batch.items() if name != "ours"}
    yield Measure("one policy: lines of a batch, with their JSON", "/s", results.batch["ours"], peers=peers)
    yield _rate(results, "containment, pairs of a sample", "all-pairs", ())


def _rate(results: Results, name: str, part: str, way: Sequence[str], goal: float | None = None) -> Measure:
    def rate(clock: str) -> Callable[[Figures], float]:
        return lambda figures: _at(figures, way)["count"] / _at(figures, way)[clock]

    peers = {}
    for peer, rounds in results.peers.items() if part == "decide" else ():
        found = [_at(figures, way) for figures in rounds]
        if all(found):
            peers[peer] = median(each["count"] / each["wall"] for each in found)
    return Measure(name, "/s", _each(results, part, rate("wall")), goal, _each(results, part, rate("cpu")), peers)


def _at(figures: Any, way: Sequence[str]) -> Any:
    for step in way:
        figures = figures.get(step, {})
    return figures


def _times(results: Results) -> Iterator[Measure]:
    load = {name: median(f["load"]["wall"] * 1e3 for f in rounds) for name, rounds in results.peers.items()}
    for kind, name, goal in (
        ("load", "load all managed policies", 60.0),
        ("parse", "  with `parse`, strictly", None),
        ("json", "  `json.loads` alone", None),
    ):
        yield _time(results, name, "ms", ("load", kind, "wall"), goal, load if kind == "load" else None)
    cold = {
        name: median(f["cold"]["wall"] / f["cold"]["count"] * 1e6 for f in rounds)
        for name, rounds in results.peers.items()
    }
    for kind, name, goal in (
        ("cold", "a policy never seen, mean", 100.0),
        ("forgetful", "  caches emptied, mean", None),
    ):
        walls = _each(results, "cold", lambda f, kind=kind: f[kind]["wall"] / f[kind]["count"] * 1e6)  # type: ignore[misc]
        cpus = _each(results, "cold", lambda f, kind=kind: f[kind]["cpu"] / f[kind]["count"] * 1e6)  # type: ignore[misc]
        yield Measure(name, "us", walls, goal, cpus, cold if kind == "cold" else None)
    for share in ("median", "p99"):
        yield _time(results, f"  {share}", "us", ("cold", "cold", "spread", share))
    yield _import(results)


def _time(
    results: Results,
    name: str,
    unit: str,
    way: Sequence[str],
    goal: float | None = None,
    peers: Mapping[str, float] | None = None,
) -> Measure:
    """A time; `way` is where it stands: the part, then the names down to the figure."""
    scale = {"ms": 1e3, "us": 1e6}[unit]
    part, *rest = way
    clock = [{"wall": "cpu", "spread": "spread_cpu"}.get(step, step) for step in rest]
    walls = _each(results, part, lambda figures: _at(figures, rest) * scale)
    return Measure(name, unit, walls, goal, _each(results, part, lambda figures: _at(figures, clock) * scale), peers)


def _import(results: Results) -> Measure:
    """What the import adds to an interpreter that does nothing."""
    sides = []
    for clock in (0, 1):
        bare = median(each[clock] for each in results.imports["pass"])
        sides.append([(each[clock] - bare) * 1e3 for each in results.imports["policy"]])
    return Measure("import, beyond `python -c pass`", "ms", sides[0], 30.0, sides[1])


def _comparing(results: Results) -> Iterator[Measure]:
    goals = {("cold", "median"): 0.6, ("cold", "p99"): 30.0}
    for kind, name in (
        ("cold", "compare, cold"),
        ("warm", "compare, caches kept"),
        ("closed", "compare, known actions, cold"),
    ):
        for share in ("median", "p90", "p99", "max"):
            goal = goals.get((kind, share))
            yield _time(results, f"{name}: {share}", "ms", ("compare", kind, "spread", share), goal)


def against_cvc5(results: Results) -> dict[str, Any] | None:
    """The same pairs, both sides: times, how many times faster, who says what."""
    if results.cvc5 is None:
        return None
    count = results.cvc5["count"]
    ours = [quantiles(figures["each"][:count]) for figures in results.ours["compare"]]
    theirs = results.cvc5["spread"]
    both = {share: median(each[share] for each in ours) for share in theirs}
    words = Counter(zip(results.ours["compare"][0]["answers"], results.cvc5["answers"], strict=False))
    return {
        "pairs": count,
        "ours_ms": {share: value * 1e3 for share, value in both.items()},
        "cvc5_ms": {share: value * 1e3 for share, value in theirs.items()},
        "times": {share: theirs[share] / both[share] for share in theirs},
        "words": {f"{one}/{other}": n for (one, other), n in sorted(words.items())},
    }


def agreement(results: Results, work: Json) -> dict[str, dict[str, dict[str, int]]]:
    """How often each peer answers as we do, by suite: `agrees`, `differs`, `no answer`, and what differs."""
    sizes = {name: [len(work["questions"])] for name in ("ten", "layers")}
    sizes["single"] = [len(own) for own in by_policy(work["questions"]).values()]
    made: dict[str, dict[str, dict[str, int]]] = {}
    for peer, rounds in results.peers.items():
        for suite, groups in rounds[0]["answers"].items():
            ours = iter(results.ours["decide"][0]["answers"][suite])
            whole = [[next(ours) for _ in range(size * work["variants"])] for size in sizes[suite]]
            pairs = [pair for mine, its in zip(whole, groups, strict=True) for pair in zip(mine, its, strict=False)]
            made.setdefault(peer, {})[suite] = _agreed(pairs)
    return made


def _agreed(pairs: Sequence[tuple[str, str]]) -> dict[str, int]:
    answered = [(mine, its) for mine, its in pairs if its != "error"]
    different = Counter(f"{mine}, it says {its}" for mine, its in answered if mine != its)
    return {
        "agrees": sum(mine == its for mine, its in answered),
        "differs": different.total(),
        "no answer": len(pairs) - len(answered),
        **different,
    }
