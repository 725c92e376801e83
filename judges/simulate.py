"""iam-simulate in a process of its own: worlds in, its decisions out, many at a time."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import IO, Final

from judges.world import World, line, owner

HOME: Final = Path(__file__).parent / "iam_simulate"
PIPE: Final = 16_384
"""What every pipe surely holds, in characters of ASCII."""


def missing() -> str:
    """What is not there to run it, and what to do; the empty string where all is there."""
    if shutil.which("node") is None:
        return "node is not installed; iam-simulate needs it"
    if not (HOME / "node_modules" / "@cloud-copilot" / "iam-simulate").is_dir():
        return "iam-simulate is not installed: run `make judges`"
    return ""


class Simulator:
    """A running iam-simulate; a context manager, ended on the way out."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            ["node", "serve.mjs"], cwd=HOME, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )
        self._writer: Thread | None = None

    def __enter__(self) -> Simulator:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._process:
            _pipe(self._process.stdin).close()

    def decide(self, worlds: Sequence[World]) -> list[str]:
        """Its decision on each, in order: AWS's word, or `error: ` and what it said."""
        self.ask(worlds)
        return self.answers(len(worlds))

    def ask(self, worlds: Sequence[World]) -> None:
        """Puts the questions, without waiting; as many `answers` must be read later."""
        text = "".join(json.dumps({**line(world), "owner": owner(world)}) + "\n" for world in worlds)
        # Much is written from a thread: the answers must be read meanwhile, or both pipes fill up and wait.
        self._writer = Thread(target=self._write, args=(text,)) if len(text) > PIPE else None
        if self._writer:
            self._writer.start()
        else:
            self._write(text)

    def answers(self, count: int) -> list[str]:
        """The next answers. Raises RuntimeError when the process ends before it has given them."""
        found = [_pipe(self._process.stdout).readline() for _ in range(count)]
        if self._writer:
            self._writer.join()
        if not all(found):
            raise RuntimeError("iam-simulate ended before it answered all requests")
        return [_decision(answer) for answer in found]

    def _write(self, text: str) -> None:
        pipe = _pipe(self._process.stdin)
        pipe.write(text)
        pipe.flush()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise RuntimeError("the process was started without its pipes")
    return pipe


def _decision(answer: str) -> str:
    reply = json.loads(answer)
    return str(reply["decision"]) if "decision" in reply else f"error: {reply['error']}"
