"""The command `narrowgate`: parses arguments, calls one verb, prints, gives the exit code."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; the one place that catches everything."""
    from narrowgate.cli.group import narrowgate
    from narrowgate.cli.run import guarded

    sys.exit(guarded(narrowgate))
