"""cvc5 on the same pairs, in a process of its own: `python -m bench.policy_cvc5 FILE COUNT SECONDS`.

The encoding is that of the judge of comparison, in the open universe; a question that takes five seconds is given up.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Final

from bench.policy_clock import Figures, spread_of
from bench.policy_work import Json
from narrowgate.policy import Document, from_value

TIMEOUT_MS: Final = 5_000


def judged(pairs: list[Json], seconds: float) -> Figures:
    """Words and times of the pairs, as many as the time allows."""
    from judges.cvc5_judge import judge

    ready = [(_read(pair["a"]), _read(pair["b"])) for pair in pairs]
    judge((ready[0][0],), (ready[0][1],), timeout_ms=TIMEOUT_MS)
    walls, cpus, answers = [], [], []
    until = time.perf_counter() + seconds
    for a, b in ready:
        cpu, wall = time.process_time(), time.perf_counter()
        answers.append(judge((a,), (b,), timeout_ms=TIMEOUT_MS).verdict)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        if time.perf_counter() > until:
            break
    return {**spread_of(walls, cpus), "answers": answers}


def _read(document: Json) -> Document:
    made = from_value(document, "identity")
    if not isinstance(made, Document):
        raise ValueError(f"a policy of the benchmark has faults: {made}")
    return made


if __name__ == "__main__":
    asked = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["pairs"][: int(sys.argv[2])]
    print(json.dumps(judged(asked, float(sys.argv[3]))))
