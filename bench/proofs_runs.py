"""What the gate of the enforcing sandbox says: foreign programs run twice, and our parties' calls rehearsed."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.proofs_surface import Listed, counted
from narrowgate.adapters.sandbox.administrator import ACCOUNT
from narrowgate.adapters.sandbox.rehearsal import rehearse
from narrowgate.policy.actions import ActionList
from narrowgate.policy.service import MUTATING
from narrowgate.spec import Spec
from narrowgate.verbs.parties import Party, parties
from narrowgate.verbs.record import Outcome, Wanted, record
from narrowgate.verbs.workload_rehearsal import stage_of

ROOT: Final = Path(__file__).parents[1]
PROGRAMS: Final = ROOT / "tests" / "programs"
PACKAGES: Final = ROOT / "tests" / "enforcement" / "js" / "node_modules"
AWS: Final = Path(sys.executable).with_name("aws")
COMMANDS: Final[Mapping[str, tuple[str, ...]]] = {
    "boto3": (sys.executable, str(PROGRAMS / "network.py")),
    "AWS CLI": ("sh", str(PROGRAMS / "network.sh")),
    "JavaScript SDK": ("node", str(PROGRAMS / "network.mjs")),
}
SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Twice:
    """A program that was run twice.

    `wide`: grants that reach beyond its own things, `wide_mutating`: those of them that change something.
    `loose`: as for every policy: action, resource, and why.
    """

    name: str
    calls: tuple[int, int]
    denials: tuple[str, ...]
    ended_well: bool
    statements: int
    grants: int
    wide: int
    wide_mutating: int
    loose: tuple[Listed, ...]


@dataclass(frozen=True, slots=True)
class Enforced:
    """Calls made for real under our policies only. `asked`: decided at the gate; `undecided`: made by nobody."""

    name: str
    calls: int
    asked: int
    denied: tuple[str, ...]
    undecided: tuple[str, ...]


def missing(name: str) -> str:
    """Why a program cannot be run here; the empty string where it can."""
    if name == "AWS CLI" and not AWS.exists():
        return f"the AWS CLI is not installed beside {Path(sys.executable).name}"
    if name == "JavaScript SDK" and (shutil.which("node") is None or not PACKAGES.is_dir()):
        return "node or its packages are not installed: make js"
    return ""


def twice(name: str, actions: ActionList) -> Twice:
    """Record a program, derive its policy, and run it again under that alone."""
    environ = {**os.environ, "AWS": str(AWS), "NODE_NO_WARNINGS": "1"}
    # What it prints is not looked at; its complaints are.
    quiet = ("sh", "-c", 'exec "$0" "$@" >/dev/null', *COMMANDS[name])
    return _told(name, record(Wanted(quiet, environ, seconds=SECONDS), lambda _: None), actions)


def _told(name: str, found: Outcome, actions: ActionList) -> Twice:
    assert found.second is not None
    documents = found.derived.documents
    wide = [grant.scope for grant in found.derived.grants if grant.scope.wide]
    reasons = {(scope.action, scope.resource): scope.wide for scope in wide}
    loose = counted(name, [document.text() for document in documents], actions).loose
    return Twice(
        name=name,
        calls=(len(found.first.calls), len(found.second.calls)),
        denials=tuple(f"{each.call}: {each.action} on {each.resource}" for each in found.second.denials),
        ended_well=found.first.ended.is_good and found.second.ended.is_good,
        statements=sum(len(document.statements) for document in documents),
        grants=len(found.derived.grants),
        wide=len(wide),
        wide_mutating=sum(_changes(scope.action, actions) for scope in wide),
        loose=tuple((*pair, reasons.get(pair, "")) for pair in loose),
    )


def _changes(name: str, actions: ActionList) -> bool:
    found = actions.action(name)
    return found is None or found.level in MUTATING


def enforced(spec: Spec, file: Path, actions: ActionList, tell: Callable[[str], None]) -> Iterator[Enforced]:
    """The installer's and the nodes' calls, rehearsed."""
    for party in parties(spec, file, ACCOUNT, actions):
        if party.name != "admin":
            tell(f"enforced: {party.name}")
            yield _rehearsed(spec, party)


def _rehearsed(spec: Spec, party: Party) -> Enforced:
    happenings = tuple(use.happening for use in party.evidence.uses)
    found = rehearse(happenings, party.documents, stage_of(spec, ACCOUNT, for_nodes=party.name == "node"))
    denied = tuple(each.sentence for each in found.denied)
    undecided = len(happenings) > found.asked
    not_made = tuple(f"{call}: {why}" for call, why in found.not_made) if undecided else ()
    return Enforced(party.name, len(happenings), found.asked, denied, not_made)
