"""`python -m bench policy`: the policy engine beside its peers, on one core, in one run."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.policy_pairs import PAIRS, pairs, sample
from bench.policy_questions import managed_policies, work
from bench.policy_run import Failed, Settings, measure
from bench.policy_table import Machine, as_json, table
from bench.policy_work import Json
from narrowgate.adapters.action_data import action_list


def main(arguments: Sequence[str], tell: Callable[[str], None]) -> None:
    """Measure, print the tables, and write the JSON where it is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench policy", description="The policy engine beside its peers.")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: 5)")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each suite of each peer (default: 3)")
    parser.add_argument("--judged", type=int, default=PAIRS, help=f"pairs for cvc5 (default: {PAIRS})")
    parser.add_argument(
        "--ministack", default="", metavar="PYTHON", help="one that has ministack; else it is installed"
    )
    parser.add_argument("--no-peers", action="store_true", help="measure ourselves only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the measures to a file")
    asked = parser.parse_args(arguments)
    if asked.rounds < 1:
        parser.error("--rounds must be at least 1")
    settings = Settings(
        rounds=asked.rounds,
        seconds=asked.seconds,
        judged=asked.judged,
        peers=not asked.no_peers,
        ministack=asked.ministack,
    )
    try:
        report(questions(), settings, asked.json, tell)
    except Failed as reason:
        raise SystemExit(f"bench: {reason}") from None


def questions() -> Json:
    """Everything that is asked: decisions, pairs, and the sample of which all pairs are compared."""
    policies, known = managed_policies(), action_list()
    return {**work(policies, known), "pairs": pairs(policies, known.names), "sample": sample(policies)}


def report(asked: Json, settings: Settings, file: Path | None, tell: Callable[[str], None]) -> None:
    """Measure on one core, print, and write."""
    cores, before = _one_core(), os.getloadavg()[0]
    results = measure(asked, settings, tell)
    machine = Machine(before, os.getloadavg()[0], cores)
    print("\n".join(table(results, asked, machine)))
    if file is not None:
        file.write_text(json.dumps(as_json(results, asked, machine), indent=2) + "\n", encoding="utf-8")


def _one_core() -> tuple[int, ...]:
    """Keep this process and all it starts on the last core, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        return ()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    return tuple(os.sched_getaffinity(0))
