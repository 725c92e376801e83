"""`python -m bench proofs`: how narrow the derived policies are, how fast they are proved, and what the gate says."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.policy_table import Machine
from bench.proofs_run import Settings, measure
from bench.proofs_table import as_json, table
from bench.proofs_times import NotProved


def main(arguments: Sequence[str], tell: Callable[[str], None]) -> None:
    """Measure, print the tables, and write the JSON where it is asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m bench proofs", description="The derived policies beside those of peers."
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds of the times (default: 5)")
    parser.add_argument("--no-runs", action="store_true", help="leave out what runs on the sandbox")
    parser.add_argument(
        "--policy", type=Path, action="append", default=[], metavar="FILE", help="also count this identity policy"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the measures to a file")
    asked = parser.parse_args(arguments)
    if asked.rounds < 1:
        parser.error("--rounds must be at least 1")
    settings = Settings(rounds=asked.rounds, runs=not asked.no_runs, files=tuple(asked.policy))
    try:
        report(settings, asked.json, tell)
    except (NotProved, OSError, ValueError) as reason:
        raise SystemExit(f"bench: {reason}") from None


def report(settings: Settings, file: Path | None, tell: Callable[[str], None]) -> None:
    """Measure, print, and write."""
    before = os.getloadavg()[0]
    results = measure(settings, tell)
    machine = Machine(before, os.getloadavg()[0], ())
    print("\n".join(table(results, machine)))
    if file is not None:
        file.write_text(json.dumps(as_json(results, machine), indent=2) + "\n", encoding="utf-8")
