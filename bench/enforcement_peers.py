"""The enforcement scenarios at our sandbox, at moto's own server and at ministack: `python -m bench.enforcement_peers`.

moto enforces what its own IAM decides when it is told to, ministack with `AUTH=true`. Each is emptied before each
scenario; what is given is made by its administrator.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from bench.enforcement import VERDICTS, Hooks, Played, counts, play
from bench.enforcement_stage import ACCOUNT
from bench.enforcement_table import Scenario, scenarios
from bench.policy_run import MINISTACK
from bench.served import surroundings
from bench.table import aligned

KEY: Final = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
PATIENCE: Final = 60.0

Place: TypeAlias = tuple[str, tuple[str, str], Hooks]
"""Endpoint, the administrator's key, and the hooks."""


@contextmanager
def ours() -> Iterator[Place]:
    """The sandbox, served from this process on one port; emptied means closed and made again."""
    from narrowgate.adapters.sandbox.embedded import ADMIN, Embedded
    from narrowgate.adapters.sandbox.server import serve

    port, living = free_port(), ExitStack()

    def reset() -> None:
        living.close()
        aws = living.enter_context(Embedded())
        living.enter_context(serve(aws, port=port))

    with living:
        yield f"http://127.0.0.1:{port}", ADMIN, Hooks(reset)


@contextmanager
def moto() -> Iterator[Place]:
    """moto's own server; how many calls pass before it enforces is what its control interface sets."""
    port = free_port()
    command = (sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port))
    url = f"http://127.0.0.1:{port}"
    with _running(command, {}, f"{url}/moto-api/"):

        def after(calls: str) -> Callable[[], None]:
            return lambda: post(f"{url}/moto-api/reset-auth", calls)

        yield url, KEY, Hooks(lambda: post(f"{url}/moto-api/reset"), after("0"), after("inf"))


@contextmanager
def ministack(python: str) -> Iterator[Place]:
    """ministack, with a Python that has it. Its root user's key is that of its environment."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    variables = {
        "AUTH": "true",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "MINISTACK_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": KEY[0],
        "AWS_SECRET_ACCESS_KEY": KEY[1],
    }
    with _running((str(Path(python).with_name("ministack")),), variables, f"{url}/_ministack/health"):
        yield url, KEY, Hooks(lambda: post(f"{url}/_ministack/reset"))


@contextmanager
def environment() -> Iterator[str]:
    """The Python of a throwaway environment with ministack. Raises CalledProcessError."""
    with tempfile.TemporaryDirectory() as folder:
        python = str(Path(folder) / "bin" / "python")
        subprocess.run((sys.executable, "-m", "venv", folder), check=True)
        pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", MINISTACK)
        subprocess.run(pip, check=True)
        yield python


@contextmanager
def _running(command: Sequence[str], variables: Mapping[str, str], health: str) -> Iterator[None]:
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            command,
            env={**surroundings(), "HOME": folder, **variables},
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait(health, process)
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    """Until the server answers. Raises TimeoutError, and ChildProcessError where it has ended."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            if time.monotonic() > deadline:
                raise TimeoutError(url) from None
            time.sleep(0.1)
    raise ChildProcessError(f"{process.args!r} ended with {process.returncode}")


def post(url: str, body: str = "") -> None:
    """Tell a server's control interface something. Raises OSError."""
    # As a form, which is the default, moto would not find the body.
    asked = urllib.request.Request(url, body.encode(), {"Content-Type": "text/plain"}, method="POST")
    with urllib.request.urlopen(asked, timeout=PATIENCE):
        return


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


def table(rows: Mapping[str, tuple[Played, ...]]) -> Iterator[str]:
    """The lines of the report."""
    total = max((len(played) for played in rows.values()), default=0)
    yield f"The enforcement scenarios ({total}), in the same run"
    lines: list[tuple[str, ...]] = [("", *VERDICTS)]
    lines += [(name, *(str(count) for count in counts(played).values())) for name, played in rows.items()]
    yield from aligned(lines)
    yield "same answer: code, status and words; same decision: refused or not"
    yield "not possible: what is given could not be made, or the answer was none that a client can read"


def measured(python: str, chosen: tuple[Scenario, ...]) -> dict[str, tuple[Played, ...]]:
    """Every scenario at ours and at the peers; `python` is one that has ministack, or one is made."""
    found: dict[str, tuple[Played, ...]] = {}
    with ExitStack() as stack:
        python = python or stack.enter_context(environment())
        for name, place in (("narrowgate", ours()), ("moto", moto()), ("ministack", ministack(python))):
            with place as (endpoint, key, hooks):
                found[name] = play(endpoint, key, hooks, chosen)
    return found


def main() -> None:
    """Measure, and print the table, or everything as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.enforcement_peers")
    parser.add_argument(
        "--ministack", default="", metavar="PYTHON", help="one that has ministack; else it is installed"
    )
    parser.add_argument("--json", action="store_true", help="every scenario with its verdict")
    asked = parser.parse_args()
    rows = measured(asked.ministack, scenarios())
    if asked.json:
        told = {
            name: [{"scenario": each.scenario.name, "verdict": each.verdict, "faults": each.faults} for each in played]
            for name, played in rows.items()
        }
        print(json.dumps(told, indent=1))
        return
    print(*table(rows), sep=os.linesep)


if __name__ == "__main__":
    main()
