"""`python -m bench sandbox`: the enforcing sandbox beside moto and ministack, in one run."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.policy_table import Machine
from bench.sandbox_run import Settings, measure
from bench.sandbox_table import as_json, table


def main(arguments: Sequence[str], tell: Callable[[str], None]) -> None:
    """Measure, print the tables, and write the JSON where it is asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m bench sandbox", description="The enforcing sandbox beside its peers."
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default: 5)")
    parser.add_argument("--turns", type=int, default=40, help="turns of the mix of calls, in process (default: 40)")
    parser.add_argument("--calls", type=int, default=960, help="calls over HTTP (default: 960)")
    parser.add_argument(
        "--ministack", default="", metavar="PYTHON", help="one that has ministack; else it is installed"
    )
    parser.add_argument("--no-peers", action="store_true", help="measure ourselves only")
    parser.add_argument("--no-scenarios", action="store_true", help="leave out the enforcement scenarios")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the measures to a file")
    asked = parser.parse_args(arguments)
    if min(asked.rounds, asked.turns, asked.calls) < 1:
        parser.error("--rounds, --turns and --calls must be at least 1")
    settings = Settings(
        rounds=asked.rounds,
        turns=asked.turns,
        calls=asked.calls,
        peers=not asked.no_peers,
        scenarios=not asked.no_scenarios,
        ministack=asked.ministack,
    )
    try:
        report(settings, asked.json, tell)
    except (subprocess.CalledProcessError, ChildProcessError, TimeoutError) as reason:
        raise SystemExit(f"bench: {reason}") from None


def report(settings: Settings, file: Path | None, tell: Callable[[str], None]) -> None:
    """Measure, print, and write."""
    before = os.getloadavg()[0]
    results = measure(settings, tell)
    machine = Machine(before, os.getloadavg()[0], ())
    print("\n".join(table(results, machine)))
    if file is not None:
        file.write_text(json.dumps(as_json(results, machine), indent=2) + "\n", encoding="utf-8")
