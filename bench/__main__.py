"""`python -m bench [setup|policy|sandbox|proofs] [--rounds N] [--json FILE]`; without a suite `setup`, the guide."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench import policy, proofs, sandbox
from bench.measure import measure_guide, measure_start
from bench.table import as_json, table

STARTS = 15
SUITES = {"policy": policy, "sandbox": sandbox, "proofs": proofs}


def main() -> None:
    """Run the suite that is named first."""
    given = sys.argv[1:]
    suite = given.pop(0) if given[:1] and given[0] in ("setup", *SUITES) else "setup"
    if suite in SUITES:
        with _bytecode():
            SUITES[suite].main(given, _tell)
    else:
        setup(given)


def setup(arguments: Sequence[str]) -> None:
    """Measure the guide, print the tables, and write the JSON where it is asked for."""
    parser = argparse.ArgumentParser(
        prog="python -m bench setup", description="Narrowgate beside its peers, in one run."
    )
    parser.add_argument("--rounds", type=int, default=5, help="rounds of the guide (default: 5)")
    parser.add_argument("--delay", type=float, default=0.08, help="seconds added to each AWS call (default: 0.08)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the measures to a file")
    asked = parser.parse_args(arguments)
    if asked.rounds < 1:
        parser.error("--rounds must be at least 1")
    with _bytecode():
        guide = measure_guide(asked.rounds, asked.delay, _tell)
        start = measure_start(STARTS, _tell)
    print("\n".join(table(guide, start)))
    if asked.json is not None:
        asked.json.write_text(json.dumps(as_json(guide, start), indent=2) + "\n", encoding="utf-8")


@contextmanager
def _bytecode() -> Iterator[None]:
    """Let every process keep its bytecode, as an installed command does.

    Where PYTHONDONTWRITEBYTECODE is set (containers, CI), each run would compile our sources anew, and only ours.
    """
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        print(text, file=sys.stderr)


if __name__ == "__main__":
    main()
