"""The served sandbox and moto's own server under 1 and more clients: `python -m bench.sandbox_http ours|moto` serves.

Clients are threads that send requests signed beforehand, over connections that they keep where the server does.
"""

from __future__ import annotations

import http.client
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from tempfile import TemporaryDirectory
from typing import Final, Literal, TypeAlias

from bench.enforcement_peers import free_port
from bench.policy_clock import Figures
from bench.sandbox_calls import HOST, Key, Signed, prepare, query, signed, turns
from bench.served import surroundings

Side: TypeAlias = Literal["ours", "moto"]
ROOT: Final = Path(__file__).parents[1]
PATIENCE: Final = 60.0
LOOK: Final = 0.005
MOTO_KEY: Final = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
WARM: Final = 2
LONGEST_NAME: Final = 100_000
"""Turns of one client: the numbers of the next begin there."""


class Line:
    """One client's connection."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection(HOST, port, timeout=PATIENCE)

    def send(self, each: Signed) -> tuple[int, bytes]:
        """Status and body of the answer. Raises OSError and HTTPException."""
        self._http.request(each.method, each.target, each.body, dict(each.headers))
        answer = self._http.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        """Let go of the connection."""
        self._http.close()


@contextmanager
def started(command: Sequence[str]) -> Iterator[Popen[bytes]]:
    """A process, ended at the end, in an empty folder."""
    with TemporaryDirectory() as folder:
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        environ = {**surroundings(), "HOME": folder, "PYTHONPATH": path}
        process = Popen(command, env=environ, cwd=folder, stdout=PIPE, stderr=DEVNULL)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE)
            assert process.stdout
            process.stdout.close()


def first_answer(process: Popen[bytes], port: int, key: Key) -> None:
    """Wait until the server answers a call rightly. Raises TimeoutError, and ChildProcessError where it ended."""
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None:
        line = Line(port)
        try:
            if line.send(signed(query("sts:GetCallerIdentity"), key, f"{HOST}:{port}"))[0] == 200:
                return
        except (OSError, http.client.HTTPException):
            if time.monotonic() > deadline:
                raise TimeoutError(f"no answer on port {port}") from None
        finally:
            line.close()
        time.sleep(LOOK)
    raise ChildProcessError(f"{process.args!r} ended with {process.returncode}")


def loaded(side: Side, clients: int, calls: int) -> Figures:
    """Calls a second, and errors, with so many clients; about `calls` calls in all, as the user of the mix."""
    port = free_port()
    with started((sys.executable, "-m", "bench.sandbox_http", side, str(port))) as process:
        first_answer(process, port, _admin(side))
        line = Line(port)
        host = f"{HOST}:{port}"
        key, subnet = prepare(line.send, _admin(side), host)
        for each in _requests(key, subnet, host, 0, WARM):
            line.send(each)
        line.close()
        each_has = max(1, round(calls / clients / len(_requests(key, subnet, host, 0, 1))))
        work = [_requests(key, subnet, host, (n + 1) * LONGEST_NAME, each_has) for n in range(clients)]
        before = processor_of(process.pid)
        figures = _at_once([_client(port, own) for own in work])
        after = processor_of(process.pid)
        server = None if before is None or after is None else after - before
        return {**figures, "clients": clients, "server_cpu": server}


def _requests(key: Key, subnet: str, host: str, first: int, count: int) -> list[Signed]:
    return [signed(wire, key, host) for wire in turns(subnet, first, count)]


def _admin(side: Side) -> Key:
    from narrowgate.adapters.sandbox.administrator import ADMIN

    return ADMIN if side == "ours" else MOTO_KEY


Client: TypeAlias = Callable[[list[str]], int]
"""Makes its calls and says how many; adds its errors to the list."""


def _client(port: int, requests: Sequence[Signed]) -> Client:
    def run(errors: list[str]) -> int:
        line = Line(port)
        for each in requests:
            try:
                status, body = line.send(each)
                if status != each.status:
                    errors.append(f"{each.name}: {status} {body[:200].decode('utf-8', 'replace')}")
            except (OSError, http.client.HTTPException) as why:
                errors.append(f"{each.name}: {type(why).__name__} {why}")
                line.close()
        line.close()
        return len(requests)

    return run


def _at_once(clients: Sequence[Client]) -> Figures:
    """All clients at the same time; `client_cpu` is what sending took in this process."""
    errors: list[str] = []
    counts: list[int] = []
    gate = threading.Barrier(len(clients) + 1)

    def run(client: Client) -> None:
        gate.wait()
        counts.append(client(errors))

    threads = [threading.Thread(target=run, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    gate.wait()
    cpu, wall = time.process_time(), time.perf_counter()
    for thread in threads:
        thread.join()
    took = {"wall": time.perf_counter() - wall, "client_cpu": time.process_time() - cpu}
    # A client that fell over counted nothing.
    errors += ["a client ended early"] * (len(clients) - len(counts))
    return {"count": sum(counts), "errors": len(errors), "first_error": errors[0] if errors else "", **took}


def processor_of(pid: int) -> float | None:
    """Seconds of processor that a process has had; None where the system does not tell."""
    fields = _proc(pid, "stat").rpartition(")")[2].split()
    # Fields 14 and 15 of the whole line, in hundredths: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    return (int(fields[11]) + int(fields[12])) / 100 if fields else None


def memory_of(pid: int) -> float | None:
    """Resident megabytes of a process; None where the system does not tell."""
    for line in _proc(pid, "status").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return None


def _proc(pid: int, name: str) -> str:
    file = Path("/proc") / str(pid) / name
    return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""


def serve(side: str, port: int) -> None:
    """Serve until terminated."""
    if side == "moto":
        from moto.server import ThreadedMotoServer

        ThreadedMotoServer(ip_address=HOST, port=port, verbose=False).start()
        threading.Event().wait()
    from narrowgate.adapters.sandbox.embedded import Embedded
    from narrowgate.adapters.sandbox.server import serve as serving

    with Embedded() as embedded, serving(embedded, port=port):
        threading.Event().wait()


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
