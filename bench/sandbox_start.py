"""How long the sandbox takes to be there, and what memory it has after a thousand calls, beside moto's server."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Final

from bench.enforcement_peers import free_port
from bench.policy_clock import Figures
from bench.sandbox_calls import HOST, Key, prepare, signed, turns
from bench.sandbox_http import MOTO_KEY, Line, first_answer, memory_of, processor_of, started
from bench.served import surroundings
from narrowgate.adapters.sandbox.administrator import ADMIN

CALLS: Final = 1_000

# In an interpreter of its own: the clocks run from before the first import of ours.
_EMBEDDED: Final = """
import json, time
def now(): return time.perf_counter(), time.process_time()
begun = now()
from narrowgate.adapters.sandbox.embedded import Embedded
embedded = Embedded()
made = now()
embedded.close()
print(json.dumps({"wall": made[0] - begun[0], "cpu": made[1] - begun[1]}))
"""

COMMANDS: Final[dict[str, tuple[tuple[str, ...], Key]]] = {
    "narrowgate sandbox": ((sys.executable, "-m", "narrowgate", "sandbox", "--port"), ADMIN),
    "moto": ((sys.executable, "-m", "moto.server", "-H", HOST, "-p"), MOTO_KEY),
}
"""Whole processes, without the port at the end, and who may do everything there."""


def embedded_start() -> Figures:
    """`Embedded()` in a fresh process, with its imports, without the interpreter."""
    done = subprocess.run(
        (sys.executable, "-c", _EMBEDDED), env=surroundings(), capture_output=True, text=True, check=True
    )
    made: Figures = json.loads(done.stdout)
    return made


def process_start(name: str) -> Figures:
    """A process from its beginning to its first right answer."""
    command, key = COMMANDS[name]
    port = free_port()
    wall = time.perf_counter()
    with started((*command, str(port))) as process:
        first_answer(process, port, key)
        return {"wall": time.perf_counter() - wall, "cpu": processor_of(process.pid)}


def memory(name: str, calls: int = CALLS) -> Figures:
    """Resident megabytes of a process at its first answer and after so many calls of the mix."""
    command, key = COMMANDS[name]
    port = free_port()
    with started((*command, str(port))) as process:
        first_answer(process, port, key)
        begun, line, host = memory_of(process.pid), Line(port), f"{HOST}:{port}"
        user, subnet = prepare(line.send, key, host)
        left, number, errors = calls, 0, 0
        while left > 0:
            number += 1
            for wire in list(turns(subnet, number, 1))[:left]:
                errors += line.send(signed(wire, user, host))[0] != wire.status
                left -= 1
        line.close()
        return {"started": begun, "after": memory_of(process.pid), "calls": calls, "errors": errors}
