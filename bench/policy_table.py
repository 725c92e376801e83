"""The measures of the policy engine as a table for a person, and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from bench.policy_run import Results
from bench.policy_summary import FASTER, Measure, against_cvc5, agreement, measures
from bench.policy_work import Json
from bench.table import aligned

PEERS: Final = ("moto", "ministack", "iam-simulate")
BUSY: Final = 1.15
"""Wall time over processor time, from which on the machine counts as busy."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where it ran: the load average before and after, and on which core."""

    load_before: float
    load_after: float
    cores: tuple[int, ...]


def table(results: Results, work: Json, machine: Machine) -> Iterator[str]:
    """Every line of the report."""
    found = measures(results)
    yield f"The policy engine, medians of {len(results.ours['decide'])} rounds, on {_where(machine)}"
    yield from _busy(found, machine)
    yield from aligned([_HEADS, *(_row(measure) for measure in found)])
    yield from _NOTES
    if results.unwanted:
        yield f"THE IMPORT BRINGS ALONG {', '.join(results.unwanted)}"
    yield from (f"{name}: skipped, {why}" for name, why in results.skipped.items())
    yield ""
    yield from _mix(results)
    yield ""
    yield from _agreement(results, work)
    yield ""
    yield from _comparison(results)
    yield ""
    yield from _memory(results)


_NOTES: Final = (
    "by CPU: in processor time, which a busy machine lengthens less. Of peers their figure, and how many times as good",
    "ours is, both by the wall. moto and ministack have no other layers. To load, peers decode and check nothing.",
    "What iam-simulate refuses to answer counts as answered in its rate.",
)
_HEADS: Final = ("", "unit", "goal", "reached", "reached / goal", "by CPU", *PEERS)


def as_json(results: Results, work: Json, machine: Machine) -> dict[str, Any]:
    """The same, as data, with every round."""
    compare = results.ours["compare"][0]
    return {
        "rounds": len(results.ours["decide"]),
        "machine": {"load_before": machine.load_before, "load_after": machine.load_after, "cores": list(machine.cores)},
        "measures": [_data(measure) for measure in measures(results)],
        "skipped": results.skipped,
        "unwanted_imports": results.unwanted,
        "mix": results.ours["decide"][0]["mix"],
        "agreement": agreement(results, work),
        "comparison": {kind: _told(compare[kind]) for kind in ("cold", "closed")},
        "comparison_kinds_seconds": compare["kinds"],
        "all_pairs_verdicts": results.ours["all-pairs"][0]["verdicts"],
        "cvc5": against_cvc5(results),
        "memory_mb": results.ours["memory"][0]["stages"],
    }


def _where(machine: Machine) -> str:
    return f"core {machine.cores[0]}" if machine.cores else "any core"


def _data(measure: Measure) -> dict[str, Any]:
    return {
        "name": measure.name.strip(),
        "unit": measure.unit,
        "goal": measure.goal,
        "reached": measure.reached,
        "ratio": measure.ratio,
        "rounds": list(measure.rounds),
        "cpu_rounds": list(measure.cpu),
        "peers": dict(measure.peers or {}),
        "times_as_good": {name: measure.times(figure) for name, figure in (measure.peers or {}).items()},
    }


def _row(measure: Measure) -> tuple[str, ...]:
    ratio = measure.ratio
    said = "" if ratio is None else f"{ratio:.2f} {'met' if ratio >= 1 else 'MISSED'}"
    cpu = _number(median(measure.cpu)) if measure.cpu else ""
    peers = measure.peers or {}
    theirs = (
        f"{_number(peers[name])} x{_number(measure.times(peers[name]))}" if name in peers else "" for name in PEERS
    )
    goal = "" if measure.goal is None else _number(measure.goal)
    return measure.name, measure.unit, goal, _number(measure.reached), said, cpu, *theirs


def _number(value: float) -> str:
    """Three digits that count, thousands grouped."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _busy(found: Sequence[Measure], machine: Machine) -> Iterator[str]:
    times = [_slowed(measure) for measure in found if measure.cpu]
    load = f"load average {machine.load_before:.1f} before, {machine.load_after:.1f} after"
    if median(times) > BUSY:
        yield f"THE MACHINE WAS BUSY: {load}; the wall took {median(times):.1f} times the processor's time"
    else:
        yield load


def _slowed(measure: Measure) -> float:
    cpu, wall = median(measure.cpu), measure.reached
    return cpu / wall if measure.unit == "/s" else wall / cpu


def _mix(results: Results) -> Iterator[str]:
    words = ("allowed", "explicitDeny", "implicitDeny")
    rows = [("what was decided", *words)]
    for suite, mix in results.ours["decide"][0]["mix"].items():
        total = sum(mix.values())
        rows.append((suite, *(f"{mix.get(word, 0)} ({mix.get(word, 0) / total:.0%})" for word in words)))
    yield from aligned(rows)


def _agreement(results: Results, work: Json) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [("agree with us", "suite", *_COUNTS)]
    why: list[str] = []
    for peer, suites in agreement(results, work).items():
        for suite, counts in suites.items():
            rows.append((peer, suite, *(str(counts[name]) for name in _COUNTS)))
            more = {what: n for what, n in counts.items() if what not in _COUNTS}
            why += [f"{peer}, {suite}: {n} x we say {what}" for what, n in sorted(more.items())]
    yield from aligned(rows)
    yield from why


_COUNTS: Final = ("agrees", "differs", "no answer")


def _comparison(results: Results) -> Iterator[str]:
    compare = results.ours["compare"][0]
    for kind, name in (("cold", "any action"), ("closed", "known actions")):
        told = _told(compare[kind])
        verdicts = ", ".join(f"{n} {word}" for word, n in sorted(told["verdicts"].items()))
        yield (
            f"comparison, {name}: {compare[kind]['count']} pairs, {verdicts}; undecided {told['undecided']}, "
            f"of these without variables {told['undecided_without_variables']}; "
            f"{told['with_variables']} pairs have variables (goal: undecided at most 2 % of those, else none)"
        )
        yield from (f"  undecided {n}: {why}" for why, n in told["why"].items())
    for kind, spread in compare["kinds"].items():
        yield f"  {kind} pairs, cold: median {spread['median'] * 1e3:.3f} ms, p99 {spread['p99'] * 1e3:.3f} ms"
    pairs = results.ours["all-pairs"][0]
    yield f"all pairs of a sample: {pairs['count']} of {pairs['of']} done, {dict(pairs['verdicts'])}"
    if (judged := against_cvc5(results)) is not None:
        yield from _cvc5(judged)


def _told(figures: Mapping[str, Any]) -> dict[str, Any]:
    names = ("verdicts", "undecided_without_variables", "with_variables", "why")
    return {**{name: figures[name] for name in names}, "undecided": len(figures["undecided"])}


def _cvc5(judged: Mapping[str, Any]) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [
        (f"the same {judged['pairs']} pairs", "ours ms", "cvc5 ms", "times faster", "goal", "reached / goal")
    ]
    for share, times in judged["times"].items():
        goal = FASTER.get(share)
        said = "" if goal is None else f"{times / goal:.2f} {'met' if times >= goal else 'MISSED'}"
        ours, theirs = judged["ours_ms"][share], judged["cvc5_ms"][share]
        rows.append((share, f"{ours:.3f}", f"{theirs:.1f}", f"{times:.1f}", "" if goal is None else f"{goal:g}", said))
    yield from aligned(rows)
    yield "ours / cvc5: " + ", ".join(f"{n} {words}" for words, n in judged["words"].items())


def _memory(results: Results) -> Iterator[str]:
    rounds = [figures["stages"] for figures in results.ours["memory"]]
    stages = ", ".join(f"{name} {median(each[name] for each in rounds):.0f}" for name in rounds[0])
    yield f"peak memory in MB, growing ({stages}): the texts and questions of the benchmark count too"
