"""Runs every part of the sandbox's suite in processes of their own, round after round; figures as they come."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from bench.enforcement import Played, play
from bench.enforcement_peers import environment, ministack, moto, ours
from bench.enforcement_table import Scenario, scenarios
from bench.policy_clock import Figures
from bench.sandbox_http import Side, loaded
from bench.sandbox_start import CALLS, COMMANDS, embedded_start, memory, process_start

ROOT: Final = Path(__file__).parents[1]
CLIENTS: Final = (1, 8)

Tell: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """How much to measure: rounds, turns of the mix in process, calls over HTTP and for the memory.

    `ministack` is a Python that has it; without one it is installed into a throwaway environment.
    """

    rounds: int = 5
    turns: int = 40
    calls: int = 960
    remembered: int = CALLS
    peers: bool = True
    scenarios: bool = True
    ministack: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """What came, one entry a round; how the scenarios went, once; of a peer that is missing, why."""

    inside: list[Figures] = field(default_factory=list)
    http: dict[Side, dict[int, list[Figures]]] = field(default_factory=dict)
    start: dict[str, list[Figures]] = field(default_factory=dict)
    memory: dict[str, list[Figures]] = field(default_factory=dict)
    played: dict[str, tuple[Played, ...]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


def measure(settings: Settings, tell: Tell) -> Results:
    """Everything that is measured, in as many rounds as asked for. Raises CalledProcessError, OSError."""
    results = Results()
    # Compiles what is not compiled yet, which is nobody's start.
    embedded_start()
    for number in range(settings.rounds):
        tell(f"round {number + 1} of {settings.rounds}")
        _round(results, settings, tell)
    if settings.scenarios:
        _scenarios(results, settings, tell)
    else:
        results.skipped["scenarios"] = "not asked for"
    return results


def _round(results: Results, settings: Settings, tell: Tell) -> None:
    tell("  in process")
    results.inside.append(_inside(settings.turns))
    for clients in CLIENTS:
        for side in _sides(settings):
            tell(f"  {side}, {clients} clients")
            results.http.setdefault(side, {}).setdefault(clients, []).append(loaded(side, clients, settings.calls))
    tell("  start and memory")
    results.start.setdefault("Embedded()", []).append(embedded_start())
    for name in COMMANDS:
        if name != "moto" or settings.peers:
            results.start.setdefault(name, []).append(process_start(name))
            results.memory.setdefault(name, []).append(memory(name, settings.remembered))


def _sides(settings: Settings) -> tuple[Side, ...]:
    return ("ours", "moto") if settings.peers else ("ours",)


def _inside(turns: int) -> Figures:
    command = (sys.executable, "-m", "bench.sandbox_inside", str(turns))
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), stdout=subprocess.PIPE, text=True, check=True)
    made: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return made


def _scenarios(results: Results, settings: Settings, tell: Tell) -> None:
    """The enforcement scenarios at every side that is there."""
    chosen = scenarios()
    tell("  scenarios, ours")
    with ours() as (endpoint, key, hooks):
        results.played["narrowgate"] = play(endpoint, key, hooks, chosen)
    if not settings.peers:
        results.skipped.update(dict.fromkeys(("moto", "ministack"), "not asked for"))
        return
    tell("  scenarios, moto")
    with moto() as (endpoint, key, hooks):
        results.played["moto"] = play(endpoint, key, hooks, chosen)
    tell("  scenarios, ministack")
    try:
        results.played["ministack"] = _ministack(settings.ministack, chosen)
    except (subprocess.CalledProcessError, OSError) as why:
        results.skipped["ministack"] = str(why)


def _ministack(python: str, chosen: tuple[Scenario, ...]) -> tuple[Played, ...]:
    if not python:
        with environment() as made:
            return _ministack(made, chosen)
    with ministack(python) as (endpoint, key, hooks):
        return play(endpoint, key, hooks, chosen)


def errors_of(results: Results) -> Mapping[str, int]:
    """Wrong answers of ours, by where."""
    inside = sum(f["whole"][who]["errors"] for f in results.inside for who in f["whole"])
    over = {n: sum(f["errors"] for f in each) for n, each in results.http.get("ours", {}).items()}
    kept = sum(f["errors"] for name, each in results.memory.items() if name != "moto" for f in each)
    return {"in process": inside, **{f"{n} over HTTP": count for n, count in over.items()}, "memory": kept}
