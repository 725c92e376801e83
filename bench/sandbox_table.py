"""The measures of the sandbox as tables for a person, and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from statistics import median
from typing import Any, Final

from bench.enforcement import counts
from bench.enforcement_peers import table as scenario_table
from bench.policy_clock import Figures
from bench.policy_summary import Measure
from bench.policy_table import BUSY, Machine
from bench.sandbox_run import Results, errors_of
from bench.table import aligned

ADDED_MS: Final = 0.4
START_S: Final = 1.0
_HEADS: Final = ("", "unit", "goal", "reached", "reached / goal", "by CPU", "moto", "moto / ours")
_PARTS: Final[Mapping[str, str]] = {
    "parse": "parse: request and signature as sent",
    "verify": "verify: the signature against the key",
    "decode": "decode: the call",
    "census": "census: keys and policies, after a change",
    "catalogue": "catalogue: what AWS decides",
    "decision": "decision: every request of it, and the checks",
}


def table(results: Results, machine: Machine) -> Iterator[str]:
    """Every line of the report."""
    yield f"The enforcing sandbox, medians of {len(results.inside)} rounds"
    yield from _busy(results, machine)
    yield from aligned([_HEADS, *(_row(measure) for measure in measures(results))])
    yield from _NOTES
    yield from _errors(results)
    yield ""
    yield from _split(results)
    yield ""
    yield from _operations(results)
    yield ""
    if results.played:
        yield from scenario_table(results.played)
    yield from (f"{name}: skipped, {why}" for name, why in results.skipped.items())


_NOTES: Final = (
    "added: a call's time in the layer without what of it is in moto; by CPU: processor time, which others do not "
    "lengthen.",
    "Over HTTP, moto's is its own threaded server, which decides nothing and closes every connection; by CPU: calls",
    "for a second of the server's processor.",
    "The user has a managed policy of ten statements; every turn of the mix makes a user and deletes it.",
)


def measures(results: Results) -> list[Measure]:
    """Every measure, in the order of the table."""
    return [*_added(results), *_calls(results), *_served(results), *_start(results), *_memory(results)]


def as_json(results: Results, machine: Machine) -> dict[str, Any]:
    """The same, as data, with every round."""
    return {
        "rounds": len(results.inside),
        "machine": {"load_before": machine.load_before, "load_after": machine.load_after, "cores": list(machine.cores)},
        "measures": [_data(measure) for measure in measures(results)],
        "errors": dict(errors_of(results)),
        "inside": results.inside,
        "http": {
            side: {str(n): rounds for n, rounds in by_clients.items()} for side, by_clients in results.http.items()
        },
        "agreement": {name: dict(counts(played)) for name, played in results.played.items()},
        "skipped": results.skipped,
    }


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
    }


def _added(results: Results) -> Iterator[Measure]:
    for who in ("administrator", "user"):
        for share, goal in (("median", ADDED_MS), ("p99", None)):
            yield _spread(results, f"added to a call, {who}: {share}", ("whole", who, "added"), share, goal)


def _calls(results: Results) -> Iterator[Measure]:
    for share in ("median", "p99"):
        yield _spread(results, f"a call, user: {share}", ("whole", "user", "call"), share)
    for share in ("median", "p99"):
        yield _spread(results, f"  the engine without the layer: {share}", ("bare", "call"), share)


def _spread(results: Results, name: str, way: Sequence[str], share: str, goal: float | None = None) -> Measure:
    """A share of the times that stand in the figures under these names."""
    found = [reduce(lambda figures, step: figures[step], way, each) for each in results.inside]
    walls, cpus = ([each[clock][share] * 1e3 for each in found] for clock in ("spread", "spread_cpu"))
    return Measure(name, "ms", walls, goal, cpus)


def _served(results: Results) -> Iterator[Measure]:
    for clients, rounds in results.http["ours"].items():
        cpu = [f["count"] / f["server_cpu"] for f in rounds if f["server_cpu"]]
        theirs = results.http.get("moto", {}).get(clients)
        peers = {"moto": median(_rate(f) for f in theirs)} if theirs else {}
        yield Measure(f"calls over HTTP, {clients} clients", "/s", [_rate(f) for f in rounds], None, cpu, peers)


def _rate(figures: Figures) -> float:
    return float(figures["count"] / figures["wall"])


def _start(results: Results) -> Iterator[Measure]:
    theirs = results.start.get("moto")
    peers = {"moto": median(f["wall"] for f in theirs)} if theirs else {}
    for name, goal in (("Embedded()", START_S), ("narrowgate sandbox", START_S)):
        rounds = results.start[name]
        cpu = [f["cpu"] for f in rounds if f["cpu"] is not None]
        is_process = name != "Embedded()"
        told = f"start: `{name}`, to its first answer" if is_process else f"start: `{name}`, imports included"
        yield Measure(told, "s", [f["wall"] for f in rounds], goal, cpu, peers if is_process else {})


def _memory(results: Results) -> Iterator[Measure]:
    theirs, rounds = results.memory.get("moto", []), results.memory["narrowgate sandbox"]
    for stage, name in (
        ("started", "memory at the first answer"),
        ("after", f"memory after {rounds[0]['calls']} calls"),
    ):
        known = [f[stage] for f in rounds if f[stage] is not None]
        peer = [f[stage] for f in theirs if f[stage] is not None]
        if known:
            yield Measure(name, "MB", known, None, (), {"moto": median(peer)} if peer else {})


def _row(measure: Measure) -> tuple[str, ...]:
    ratio, moto = measure.ratio, (measure.peers or {}).get("moto")
    said = "" if ratio is None else f"{ratio:.2f} {'met' if ratio >= 1 else 'MISSED'}"
    cpu = _number(median(measure.cpu)) if measure.cpu else ""
    peer = ("", "") if moto is None else (_number(moto), f"{moto / measure.reached:.2f}")
    return measure.name, measure.unit, _goal(measure.goal), _number(measure.reached), said, cpu, *peer


def _goal(goal: float | None) -> str:
    return "" if goal is None else f"{goal:g}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _busy(results: Results, machine: Machine) -> Iterator[str]:
    spent = [f["whole"]["user"]["added"] for f in results.inside]
    waited, slowed = median(f["wall"] / f["cpu"] for f in spent), median(f["slowed"] for f in results.inside)
    load = f"load average {machine.load_before:.1f} before, {machine.load_after:.1f} after"
    # A core that others share makes processor time longer too.
    told = f"the wall took {waited:.1f} times the processor's time, which for one and the same loop was {slowed:.1f}"
    is_busy = max(waited, slowed) > BUSY
    yield f"THE MACHINE WAS BUSY: {load}; {told} times its best" if is_busy else load


def _errors(results: Results) -> Iterator[str]:
    found = errors_of(results)
    met = "met" if not any(found.values()) else "MISSED"
    yield f"errors (goal 0, {met}): " + ", ".join(f"{count} with {where}" for where, count in found.items())
    firsts = (f["first_error"] for rounds in results.http["ours"].values() for f in rounds if f["errors"])
    if first := next(firsts, ""):
        yield f"  the first: {first}"


def _split(results: Results) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [("how it splits up, user", "mean us", "by CPU", "median us", "p99 us by CPU")]
    parts = [figures["parts"]["user"] for figures in results.inside]
    rows += [_part(name, [each[key] for each in parts]) for key, name in _PARTS.items()]
    whole = [figures["whole"]["user"] for figures in results.inside]
    rows.append(_rest(parts, [each["added"] for each in whole]))
    rows.append(_part("everything that is added", [each["added"] for each in whole]))
    rows.append(_part("perform: moto, made repeatable", [each["perform"] for each in whole]))
    yield from aligned(rows)


def _rest(parts: Sequence[Figures], added: Sequence[Figures]) -> tuple[str, ...]:
    """What the parts do not explain, in the mean; they were measured at other calls than the whole."""
    means = (
        median(
            whole[clock] / whole["count"] - sum(each[clock] / each["count"] for each in own.values())
            for own, whole in zip(parts, added, strict=True)
        )
        for clock in ("wall", "cpu")
    )
    return "the rest: WSGI, the call in moto's form (by difference)", *(_number(each * 1e6) for each in means), "", ""


def _part(name: str, rounds: Sequence[Figures]) -> tuple[str, ...]:
    figures = (
        [f["wall"] / f["count"] for f in rounds],
        [f["cpu"] / f["count"] for f in rounds],
        [f["spread"]["median"] for f in rounds],
        [f["spread_cpu"]["p99"] for f in rounds],
    )
    return name, *(_number(median(each) * 1e6) for each in figures)


def _operations(results: Results) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [("added, median us by CPU", "administrator", "user")]
    for operation in results.inside[0]["whole"]["user"]["by_operation"]:
        times = (
            median(f["whole"][who]["by_operation"][operation]["spread_cpu"]["median"] for f in results.inside)
            for who in ("administrator", "user")
        )
        rows.append((operation, *(_number(each * 1e6) for each in times)))
    yield from aligned(rows)
