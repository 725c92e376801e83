"""The engine's comparison and its memory, in a process of its own: `python -m bench.policy_comparing PART FILE`."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from bench.policy_clock import Figures, each_timed, spread_of, timed
from bench.policy_ours import asked_of, forgetting, loaded, questioned
from bench.policy_work import Json
from narrowgate.adapters.action_data import action_list
from narrowgate.policy import Policy, request
from narrowgate.policy.actions import ActionList
from narrowgate.policy.comparison import covers
from narrowgate.policy.loading import load
from narrowgate.policy.verdict import Proved, Refuted, Unknown, Verdict

LONGEST: Final = 20.0
"""Seconds after which all pairs of the sample are cut short."""

Pair: TypeAlias = tuple[Policy, Policy]


def comparing(work: Json) -> Figures:
    """Every pair with nothing remembered, in the open universe and in the closed one, then as it goes on."""
    ready = [(_read(pair["a"]), _read(pair["b"])) for pair in work["pairs"]]
    known = action_list()
    covers((ready[0][0],), (ready[0][1],), universe="closed", actions=known)
    verdicts: list[Verdict] = []
    cold = each_timed(ready, lambda pair: verdicts.append(_open(pair)), forgetting())
    warm = each_timed(ready, _open)
    closed_verdicts: list[Verdict] = []
    closed = each_timed(ready, lambda pair: closed_verdicts.append(_closed(pair, known)), forgetting())
    return {
        "cold": {**cold, **_told(verdicts, work["pairs"])},
        "warm": warm,
        "closed": {**closed, **_told(closed_verdicts, work["pairs"])},
        "answers": [WORDS[type(verdict)] for verdict in verdicts],
        "each": cold["each"],
        "kinds": _kinds(cold["each"], work["pairs"]),
    }


def _read(document: Json) -> Policy:
    made = load(document, "identity")
    if not isinstance(made, Policy):
        raise ValueError(f"a policy of the benchmark has faults: {made}")
    return made


def _open(pair: Pair) -> Verdict:
    return covers((pair[0],), (pair[1],))


def _closed(pair: Pair, known: ActionList) -> Verdict:
    return covers((pair[0],), (pair[1],), universe="closed", actions=known)


def _told(verdicts: Sequence[Verdict], pairs: Sequence[Json]) -> Figures:
    """Who covers whom, and why some could not be told; `with_variables` is how many pairs have variables at all."""
    undecided = [n for n, verdict in enumerate(verdicts) if isinstance(verdict, Unknown)]
    variables = [_has_variables(pair) for pair in pairs]
    why = Counter("; ".join(verdict.why) for verdict in verdicts if isinstance(verdict, Unknown))
    return {
        "verdicts": Counter(WORDS[type(verdict)] for verdict in verdicts),
        "undecided": undecided,
        "undecided_without_variables": sum(not variables[n] for n in undecided),
        "with_variables": sum(variables),
        "why": why,
    }


def _has_variables(pair: Json) -> bool:
    return "${" in json.dumps([pair["a"], pair["b"]])


def _kinds(each: Sequence[float], pairs: Sequence[Json]) -> Figures:
    """The spread of unlike pairs and of near-equal ones by themselves."""
    by_kind: dict[str, list[float]] = {}
    for seconds, pair in zip(each, pairs, strict=True):
        by_kind.setdefault(pair["kind"], []).append(seconds)
    return {kind: spread_of(walls, walls)["spread"] for kind, walls in by_kind.items()}


def all_pairs(work: Json) -> Figures:
    """Containment of every ordered pair of the sample, one after the other, with what is remembered."""
    ready = [loaded(work["policies"][name], "identity") for name in work["sample"]]
    verdicts: Counter[str] = Counter()
    figures = timed(0, lambda: verdicts.update(_contained(ready)))
    return {**figures, "count": verdicts.total(), "of": len(ready) * (len(ready) - 1), "verdicts": verdicts}


def _contained(ready: Sequence[Policy]) -> Iterator[str]:
    begun = time.perf_counter()
    for a in ready:
        for b in ready:
            if a is not b:
                yield WORDS[type(covers((a,), (b,)))]
            if time.perf_counter() - begun > LONGEST:
                return


def memory(work: Json) -> Figures:
    """Peak resident memory in MB, growing: the texts, every policy loaded, every policy asked, the action list."""
    stages = {"texts": _peak()}
    policies = {name: loaded(text, "identity") for name, text in work["policies"].items()}
    stages["loaded"] = _peak()
    groups = questioned(policies, work["own"])
    for group in groups:
        for it in asked_of(group, 0, 1):
            group.evaluator.evaluate(request(*it))
    stages["asked"] = _peak()
    known = action_list()
    stages["actions"] = _peak()
    return {"stages": stages, "held": len(groups) + len(known.names)}


def _peak() -> float:
    """The most memory that this process held, in MB."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    # Linux hands ru_maxrss down from the process that started this one; VmHWM is of this one alone.
    found = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM:"))
    return int(found.split()[1]) / 1024


def main(part: str, path: Path) -> None:
    """Measure one part and print its figures."""
    work = json.loads(path.read_text(encoding="utf-8"))
    print(json.dumps(PARTS[part](work)))


WORDS: Final[Mapping[type, str]] = {Proved: "covers", Refuted: "exceeds", Unknown: "unknown"}
PARTS: Final[Mapping[str, Callable[[Json], Figures]]] = {
    "compare": comparing,
    "all-pairs": all_pairs,
    "memory": memory,
}

if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
