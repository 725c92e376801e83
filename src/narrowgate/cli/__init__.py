"""The command `narrowgate`: parses arguments, calls one verb, prints, gives the exit code."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line; the one place that catches everything."""
    # Importing botocore and pydantic makes many objects and no garbage: looking for it costs a tenth of a second.
    gc.set_threshold(50_000)
    from narrowgate.cli.group import narrowgate
    from narrowgate.cli.run import guarded

    code = guarded(narrowgate)
    # The process ends: nothing is left to be collected that the system does not take back anyway.
    gc.freeze()
    sys.exit(code)
