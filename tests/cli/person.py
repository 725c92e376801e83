"""A person at a shell: runs the real command as a process, in a folder and an environment of their own."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NARROWGATE = (sys.executable, "-m", "narrowgate")
AWS = Path(sys.executable).with_name("aws")
ACCOUNT = "123456789012"
PATIENCE = 60


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str = ""

    @property
    def value(self) -> Any:
        """Its output as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Person:
    """Someone in `folder`, with `environ` and nothing of the machine's own AWS configuration."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def narrowgate(self, *arguments: str, **more: str) -> Done:
        """Run `narrowgate ARGUMENTS` without a terminal; `more` are variables."""
        return self.run(*NARROWGATE, *arguments, **more)

    def aws(self, *arguments: str) -> Any:
        """What the AWS CLI answers. Raises AssertionError when it fails."""
        done = self.run(str(AWS), "--output", "json", *arguments)
        assert done.code == 0, done.err
        return done.value if done.out.strip() else None

    def run(self, *command: str, **more: str) -> Done:
        """Run any command."""
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.variables(**more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def variables(self, **more: str) -> dict[str, str]:
        """The whole environment."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "BOTO", "PYTEST"))}
        home = {"HOME": str(self.folder / "home"), "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": ""}
        return {**kept, **home, **self.environ, **more}

    def write(self, **wanted: Any) -> None:
        """A `platform.yaml`; JSON is YAML."""
        spec = {"system": "test", "region": "us-east-1", **wanted}
        (self.folder / "platform.yaml").write_text(json.dumps(spec, indent=1))

    def answering(self, answer: str, *arguments: str) -> Done:
        """Run `narrowgate ARGUMENTS` on a pseudo-terminal, and type the answer at its question."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            # The terminal becomes its controlling one, so that a typed Ctrl-C is a signal.
            ["setsid", "--ctty", *NARROWGATE, *arguments],
            cwd=self.folder,
            env=self.variables(TERM="xterm"),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        try:
            said = _until(ours, "[y/N]")
            os.write(ours, f"{answer}\n".encode())
            said += _until(ours, None)
            return Done(process.wait(PATIENCE), said)
        finally:
            os.close(ours)
            process.kill()
            process.wait()


def _until(terminal: int, words: str | None) -> str:
    """What comes from the terminal until the words, or until its end."""
    said = ""
    while words is None or words not in said:
        try:
            more = os.read(terminal, 4096)
        except OSError:  # Linux: the other side has closed it
            more = b""
        if not more:
            assert words is None, f"it ended without `{words}`: {said}"
            break
        said += more.decode("utf-8", "replace")
    return said


def plain(text: str) -> str:
    """Terminal output without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text).replace("\r\n", "\n")


@contextmanager
def sandbox(person: Person, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A running `narrowgate sandbox`; it is stopped with Ctrl-C in the end, if it still runs."""
    process = subprocess.Popen(
        [*NARROWGATE, "sandbox", *arguments],
        cwd=person.folder,
        env=person.variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=10)
        process.kill()
        process.wait()


def printed_json(process: subprocess.Popen[str]) -> Any:
    """The JSON object that a running process prints first."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line == "}\n":
            break
    return json.loads("".join(lines))


def wait_for(words: str, process: subprocess.Popen[str]) -> str:
    """What a running process writes to stderr until a line holds the words."""
    assert process.stderr is not None
    said, deadline = "", time.monotonic() + PATIENCE
    for line in process.stderr:
        said += line
        if words in line:
            return said
        assert time.monotonic() < deadline
    raise AssertionError(f"it ended without `{words}`: {said}")
