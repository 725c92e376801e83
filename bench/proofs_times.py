"""How long deriving and proving takes: in a process that is warm, and as whole processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.policy_clock import Figures, timed
from bench.proofs_policies import REGION, SYSTEM
from bench.served import serving
from narrowgate.adapters.clock import SystemClock
from narrowgate.adapters.sink_calls import sink_calls
from narrowgate.adapters.stop import Stop
from narrowgate.administrator import administrators
from narrowgate.derive.derivation import Derived
from narrowgate.policy import Layers, Requester
from narrowgate.policy.actions import ActionList
from narrowgate.prove.minimality import Beside, Minimal, minimal
from narrowgate.prove.standing import Standing
from narrowgate.prove.sufficiency import Sufficient, sufficient
from narrowgate.spec import Spec
from narrowgate.verbs import planning
from narrowgate.verbs.policy_proofs import policy_proofs
from narrowgate.verbs.prove import EXAMPLE_ACCOUNT, Asked, failing, prove
from narrowgate.verbs.site import Options, Surroundings, open_site

IDENTITY: Final = "identity phases: derive + prove"
DERIVE: Final = "  derive alone"
PARTIES: Final = "all three parties: derive + prove"
MAKE: Final = "plan on the embedded AWS, without its start"
SHARE: Final = "  of it the proofs"
PROVE: Final = "`narrowgate prove`, a whole process"
PLAN: Final = "`narrowgate plan`, a whole process, AWS without delay"
NARROWGATE: Final = (sys.executable, "-m", "narrowgate")


class NotProved(Exception):
    """What was timed did not come out as it must, so its time says nothing."""


def in_process(spec: Spec, file: Path, actions: ActionList) -> dict[str, Figures]:
    """One round of everything that is timed inside this process. Raises NotProved."""

    def all_three() -> None:
        proofs = prove(spec, file, EXAMPLE_ACCOUNT, Asked(), lambda _: None)
        if wrong := [f"{name}: {claim.name} {claim.outcome}" for name, claim in failing(proofs)]:
            raise NotProved(", ".join(wrong))

    def derive() -> Derived:
        return administrators(spec, EXAMPLE_ACCOUNT, actions, sink_calls(spec))

    return {
        IDENTITY: timed(1, lambda: _prove_identity(derive(), actions)),
        DERIVE: timed(1, derive),
        PARTIES: timed(1, all_three),
        **_plan(file),
    }


def _prove_identity(derived: Derived, actions: ActionList) -> None:
    who = Requester("AWS", f"arn:aws:iam::{EXAMPLE_ACCOUNT}:user/administrator")
    standing = Standing(who, Layers(identity=derived.documents))
    enough = sufficient(derived.evidence, who, standing.layers, actions, own=derived.own)
    beside = Beside(declared=tuple(grant.scope for grant in derived.grants if grant.scope.wide))
    least = minimal(derived.evidence, derived.documents, standing, actions, own=derived.own, beside=beside)
    if not isinstance(enough, Sufficient) or not isinstance(least, Minimal):
        raise NotProved(f"identity phases: {type(enough).__name__}, {type(least).__name__}")


class _Nobody:
    """Hears nothing."""

    def say(self, text: str) -> None:
        """A line of news."""

    def step(self, step: object, event: str) -> None:
        """A step of a plan."""


def _plan(file: Path) -> dict[str, Figures]:
    around = Surroundings(SystemClock(), {}, _Nobody(), Stop())
    with open_site(Options(file, sandbox=True), around) as site:
        return {
            MAKE: timed(1, lambda: planning.proved(site, planning.make(site))),
            SHARE: timed(1, lambda: policy_proofs(site)),
        }


def whole_processes(file: Path) -> dict[str, Figures]:
    """One round of the commands, from their start to their end."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    found = {PROVE: _process((*NARROWGATE, "prove", "--spec", str(file)), clean)}
    with TemporaryDirectory() as folder, serving(Path(folder), delay=0.0) as served:
        spec = str(Path(folder, "platform.yaml"))
        init = (*NARROWGATE, "init", "--spec", spec, "--system", SYSTEM, "--region", REGION)
        _process(init, served.environ)
        found[PLAN] = _process((*NARROWGATE, "plan", "--spec", spec), served.environ)
    return found


def _process(command: tuple[str, ...], environ: Mapping[str, str]) -> Figures:
    before, begun = os.times(), time.perf_counter()
    done = subprocess.run(command, env=dict(environ), capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - begun, os.times()
    if done.returncode:
        raise NotProved(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return {"count": 1, "wall": wall, "cpu": cpu}


def rounds(
    number: int, spec: Spec, file: Path, actions: ActionList, tell: Callable[[str], None]
) -> tuple[dict[str, list[Figures]], dict[str, Figures]]:
    """As many rounds as asked for, and one before them: what was timed for the first time in this process."""
    first = in_process(spec, file, actions)
    found: dict[str, list[Figures]] = {}
    for at in range(number):
        tell(f"times: round {at + 1} of {number}")
        for name, figures in {**in_process(spec, file, actions), **whole_processes(file)}.items():
            found.setdefault(name, []).append(figures)
    return found, first
