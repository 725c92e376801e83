"""The measures of the proofs as tables for a person, and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from statistics import median
from typing import Any, Final

from bench.policy_summary import Measure
from bench.policy_table import BUSY, Machine
from bench.proofs_policies import ELSEWHERE, REGION, SECOND_RUN
from bench.proofs_run import Results
from bench.proofs_runs import Enforced, Twice
from bench.proofs_surface import QUOTA, Counted
from bench.proofs_times import IDENTITY, MAKE, PROVE, SHARE
from bench.table import aligned
from narrowgate.verbs.identity_rehearsal import Enforced as Verbs

PROVE_S: Final = 5.0
GOALS: Final = {IDENTITY: PROVE_S, PROVE: PROVE_S}
_SURFACE: Final = (
    "allowed together",
    "actions",
    "mutating",
    "loose",
    "not listed",
    "untagged",
    "bare",
    "policies",
    "characters",
    "fullest / quota",
)


def table(results: Results, machine: Machine) -> Iterator[str]:
    """Every line of the report."""
    yield f"The derived policies: the default spec in {REGION}"
    yield from _surface(results)
    yield ""
    yield from _elsewhere()
    yield ""
    yield from _times(results, machine)
    if results.programs:
        yield ""
        yield from _programs(results.programs)
    if results.enforced:
        yield ""
        yield from _enforced(results.enforced)
    if results.verbs:
        yield _verbs(results.verbs)
    yield from (f"{name}: skipped, {why}" for name, why in results.skipped.items())


def as_json(results: Results, machine: Machine) -> dict[str, Any]:
    """The same, as data, with every round and every loose pair."""
    return {
        "machine": {"load_before": machine.load_before, "load_after": machine.load_after},
        "region": REGION,
        "ours": [_counted_data(each) for each in results.ours],
        "theirs": [_counted_data(each) for each in results.theirs],
        "elsewhere": {"not in this run": True, "bare": dict(ELSEWHERE), "second_run": list(SECOND_RUN)},
        "measures": [_measure_data(each) for each in measures(results)],
        "first": results.first,
        "programs": [asdict(each) for each in results.programs],
        "enforced": [asdict(each) for each in results.enforced],
        "identity_verbs": asdict(results.verbs) if results.verbs else None,
        "skipped": results.skipped,
    }


def measures(results: Results) -> list[Measure]:
    """The times."""
    return [
        Measure(name, "s", [f["wall"] for f in each], GOALS.get(name), [f["cpu"] for f in each])
        for name, each in results.times.items()
    ]


def _surface(results: Results) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [_SURFACE]
    rows += [_row(each, str(len({action for action, _ in each.unlisted}))) for each in results.ours]
    rows += [_row(each, "-") for each in results.theirs]
    yield from aligned(rows)
    yield from _NOTES
    left = [f"{each.name}: {action} on {resource}" for each in results.ours for action, resource in each.unlisted]
    yield f"ours, loose and not listed in the certificate (goal 0, {'MISSED' if left else 'met'}): {len(left)}"
    yield from (f"  {each}" for each in left)
    bare = sum(each.bare for each in results.ours)
    yield f"ours, bare (goal 0, {'MISSED' if bare else 'met'}): {bare}"
    yield "ours, loose, and what the certificate says of it:"
    for each in results.ours:
        yield from (f"  {line}" for line in _reasons(each))


_NOTES: Final = (
    "loose: mutating actions that a statement without conditions, or with one on the region only, allows on `*` or on",
    "all of a resource type, although AWS could scope them by resource or tag; not listed: those that the certificate",
    "does not name with a reason (others have none). untagged: the same under any conditions but those on tags.",
    "bare: on everything without any condition. Characters are counted without white space; a managed policy holds",
    f"{QUOTA:,} of them. One definition for all policies: bench/proofs_surface.py",
)


def _row(each: Counted, unlisted: str) -> tuple[str, ...]:
    numbers = (each.actions, each.mutating, each.loose_actions)
    more = (each.untagged_actions, each.bare, len(each.sizes), sum(each.sizes))
    return each.name, *map(str, numbers), unlisted, *(f"{number:,}" for number in more), f"{each.share:.0%}"


def _reasons(each: Counted) -> Iterator[str]:
    reasons = {(action, resource): why for action, resource, why in each.listed or ()}
    for action, resource in each.loose:
        yield f"{each.name}: {action} on {resource}: {reasons.get((action, resource), 'NOTHING')}"


def _elsewhere() -> Iterator[str]:
    yield "Published or measured elsewhere, not in this run: mutating actions on `*` without a condition (compare bare)"
    yield from aligned([("", "actions"), *ELSEWHERE])


def _times(results: Results, machine: Machine) -> Iterator[str]:
    found = measures(results)
    yield f"How long it takes, medians of {len(found[0].rounds)} rounds; first: for the first time in the process"
    yield _busy(found, machine)
    rows: list[tuple[str, ...]] = [("", "unit", "goal", "reached", "reached / goal", "by CPU", "first")]
    for each in found:
        said = "" if each.ratio is None else f"{each.ratio:.1f} {'met' if each.ratio >= 1 else 'MISSED'}"
        goal = "" if each.goal is None else f"{each.goal:g}"
        first = f"{results.first[each.name]['wall']:.3f}" if each.name in results.first else ""
        rows.append((each.name, each.unit, goal, f"{each.reached:.3f}", said, f"{median(each.cpu):.3f}", first))
    yield from aligned(rows)
    share = median(
        part["wall"] / whole["wall"] for part, whole in zip(results.times[SHARE], results.times[MAKE], strict=True)
    )
    yield f"the proofs are {share:.0%} of a plan where AWS answers at once"
    yield "the whole process of a plan has its goal in `python -m bench setup`"


def _busy(found: list[Measure], machine: Machine) -> str:
    (spent,) = (each for each in found if each.name == IDENTITY)
    waited = median(wall / cpu for wall, cpu in zip(spent.rounds, spent.cpu, strict=True) if cpu)
    load = f"load average {machine.load_before:.1f} before, {machine.load_after:.1f} after"
    is_busy = waited > BUSY
    return f"THE MACHINE WAS BUSY: {load}; the wall took {waited:.1f} times the processor's time" if is_busy else load


def _programs(programs: tuple[Twice, ...]) -> Iterator[str]:
    yield "Foreign programs, run a second time with other ids under the policy derived from the first run"
    rows: list[tuple[str, ...]] = [
        ("", "calls", "second run", "denied", "ended well", "statements", "grants", "wide", "of them mutating", "loose")
    ]
    for each in programs:
        numbers = (*each.calls, len(each.denials))
        more = (each.statements, each.grants, each.wide, each.wide_mutating, len({action for action, *_ in each.loose}))
        rows.append((each.name, *map(str, numbers), "yes" if each.ended_well else "NO", *map(str, more)))
    yield from aligned(rows)
    denied, calls = sum(len(each.denials) for each in programs), sum(each.calls[1] for each in programs)
    name, theirs, of = SECOND_RUN
    yield f"denied (goal 0, {'MISSED' if denied else 'met'}): {denied} of {calls} calls"
    yield f"{name}, quoted, another installer and not in this run: {theirs} of {of} requests"
    yield "wide: grants that reach beyond the program's own things, each with its reason; loose: as above, namely"
    yield from (f"  {each.name}: {action} on {what}: {why}" for each in programs for action, what, why in each.loose)
    yield from (f"  {each.name}: {denial}" for each in programs for denial in each.denials)


def _enforced(found: tuple[Enforced, ...]) -> Iterator[str]:
    yield "Enforced: our calls on a fresh sandbox under these policies only"
    rows: list[tuple[str, ...]] = [("", "calls", "decided at the gate", "denied")]
    rows += [(each.name, str(each.calls), str(each.asked), str(len(each.denied))) for each in found]
    yield from aligned(rows)
    denied = sum(len(each.denied) for each in found)
    undecided = sum(each.calls - each.asked for each in found)
    met = "MISSED" if denied or undecided or any(each.undecided for each in found) else "met"
    yield f"denied or not decided (goal 0, {met}): {denied} and {undecided}"
    yield from (f"  {each.name}: {why}" for each in found for why in (*each.denied, *each.undecided))


def _verbs(found: Verbs) -> str:
    """The administrator's part: what counts is what ran to its end, and that the gate said no to nothing."""
    met = "MISSED" if found.denied or found.failed else "met"
    told = f"administrator, by its own policy only: {', '.join(found.verbs)} ran to their ends, {found.writes} writes"
    return f"{told}; denied (goal none, {met}): {found.denied or found.failed or 'none'}"


def _counted_data(each: Counted) -> dict[str, Any]:
    return {
        **asdict(each),
        "loose_actions": each.loose_actions,
        "untagged_actions": each.untagged_actions,
        "unlisted": [list(pair) for pair in each.unlisted] if each.listed is not None else None,
        "share": each.share,
    }


def _measure_data(each: Measure) -> dict[str, Any]:
    return {
        "name": each.name.strip(),
        "unit": each.unit,
        "goal": each.goal,
        "reached": each.reached,
        "ratio": each.ratio,
        "rounds": list(each.rounds),
        "cpu_rounds": list(each.cpu),
    }
