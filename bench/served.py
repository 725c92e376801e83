"""The embedded AWS as a process of its own, with a log of the calls that reached it.

It is the `narrowgate sandbox` server; a WSGI wrapper around its application notes when each call came in and
when its answer, delay included, went out. All peers talk to it, so all are counted in the same way. The clock is
the machine's monotonic one, the same in every process.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

LOG = "/_bench/log"
REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Seen:
    """One call: its operation, and when it came and was answered."""

    operation: str
    came: float
    answered: float

    @property
    def reads(self) -> bool:
        """Whether the operation changes nothing."""
        return self.operation.startswith(("Get", "List", "Describe"))


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: where it is, and the environment that points any AWS client at it."""

    url: str
    environ: dict[str, str]

    def take_log(self) -> tuple[Seen, ...]:
        """The calls since the last time."""
        with urllib.request.urlopen(self.url + LOG) as reply:
            return tuple(Seen(**entry) for entry in json.load(reply))


@contextmanager
def serving(folder: Path, *, delay: float) -> Iterator[Served]:
    """An empty account, served; warmed up, so that the first peer does not pay for moto's imports."""
    clean = surroundings()
    command = [sys.executable, "-m", "bench.served", str(folder), str(delay)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clean)
    assert process.stdout is not None
    try:
        given = json.loads(process.stdout.readline())
        environ = {**clean, **given, "HOME": str(folder), "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": ""}
        served = Served(given["AWS_ENDPOINT_URL"], environ)
        served.take_log()
        yield served
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def surroundings() -> dict[str, str]:
    """The environment without the person's own AWS configuration."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "BOTO"))}


class Logged:
    """A WSGI application that notes each call of the one inside."""

    def __init__(self, inside: Callable[..., Iterable[bytes]]) -> None:
        self._inside = inside
        self._seen: list[Seen] = []
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == LOG:
            with self._lock:
                taken, self._seen = self._seen, []
            body = json.dumps([asdict(seen) for seen in taken]).encode()
            start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
            return [body]
        came = time.monotonic()
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        answer = list(self._inside(environ, start_response))
        with self._lock:
            self._seen.append(Seen(_operation(environ, body), came, time.monotonic()))
        return answer


def _operation(environ: dict[str, Any], body: bytes) -> str:
    target: str = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return target.rpartition(".")[2]
    return parse_qs(body.decode("utf-8", "replace")).get("Action", ["unknown"])[0]


def main(folder: Path, delay: float) -> None:
    """Serve until terminated; prints the variables as one line of JSON when ready."""
    from narrowgate.adapters.sandbox.embedded import Embedded
    from narrowgate.adapters.sandbox.server import serve
    from narrowgate.verbs.sandbox import variables

    with Embedded(folder / "state", delay=delay) as embedded:
        logged = Logged(embedded.app)
        embedded.app = logged
        with serve(embedded) as server:
            given = variables(server.url, REGION)
            _warm_up(given)
            print(json.dumps(dict(given)), flush=True)
            threading.Event().wait()


def _warm_up(given: Mapping[str, str]) -> None:
    from narrowgate.adapters.aws import Endpoint, Identity, connect
    from narrowgate.calls import call
    from narrowgate.secret import Secret

    who = Identity(given["AWS_ACCESS_KEY_ID"], Secret(given["AWS_SECRET_ACCESS_KEY"]))
    world = connect(who, Endpoint(REGION, given["AWS_ENDPOINT_URL"]))
    for service, operation, params in (
        ("iam", "CreateUser", {"UserName": "warm-up"}),
        ("iam", "DeleteUser", {"UserName": "warm-up"}),
        ("sts", "GetCallerIdentity", {}),
        ("ec2", "DescribeInstances", {}),
    ):
        world(call(service, operation, **params))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
