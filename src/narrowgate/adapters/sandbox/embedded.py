"""The embedded AWS of this process: no account, no network, and the same answers for the same calls."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from narrowgate.adapters.sandbox.administrator import ADMIN
from narrowgate.errors import Refused

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

    from narrowgate.adapters.sandbox.layer import Conditions, Layer
    from narrowgate.adapters.sandbox.state import State
    from narrowgate.adapters.sandbox.weather import Weather

__all__ = ["ADMIN", "Embedded"]

# moto's state belongs to the process, and so does this: held while an Embedded lives.
_ALIVE: Final = threading.Lock()


class Embedded:
    """The embedded AWS, made afresh or from the state folder of an earlier one.

    `seed` decides every id and secret of a new one; `delay` seconds are added to each answer;
    `conditions`: weather, who watches. One lives in a process at a time. Raises Refused for a second, or
    for a state folder in use or unreadable.
    """

    def __init__(
        self, state: Path | None = None, *, seed: int = 1, delay: float = 0.0, conditions: Conditions | None = None
    ) -> None:
        if not _ALIVE.acquire(blocking=False):
            raise Refused("cannot start a second embedded AWS in this process: close the first one")
        self._state: State | None = None
        self._layer: Layer | None = None
        self._open = True
        try:
            self._start(state, seed, delay, conditions)
        except BaseException:
            self.close()
            raise

    def _start(self, folder: Path | None, seed: int, delay: float, conditions: Conditions | None) -> None:
        from moto.core import DEFAULT_ACCOUNT_ID

        from narrowgate.adapters.action_data import action_list
        from narrowgate.adapters.sandbox.denial import Seal
        from narrowgate.adapters.sandbox.desk import Desk
        from narrowgate.adapters.sandbox.engine import Engine
        from narrowgate.adapters.sandbox.gate import Gate
        from narrowgate.adapters.sandbox.layer import FAIR, Layer
        from narrowgate.adapters.sandbox.state import Identity, State

        if folder:
            self._state = State(folder, Identity(seed, DEFAULT_ACCOUNT_ID, version("moto")))
            seed = self._state.identity.seed
        desk = Desk(Gate(action_list()), Seal(seed, DEFAULT_ACCOUNT_ID))
        engine = Engine(seed, desk)
        self.account: str = engine.account
        conditions = replace(conditions or FAIR, delay=delay)
        if self._state:
            conditions = replace(conditions, operator=self._state.operator)
        self._layer = Layer(engine, self._state, desk, conditions)
        self.app: Callable[..., Any] = self._layer

    def transport(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """The answer to one signed request of botocore's, without a socket. Safe from several threads.

        Register it on the `before-send` event of a client or session: botocore then sends nothing.
        """
        from botocore.awsrequest import AWSResponse
        from botocore.exceptions import ConnectionClosedError
        from werkzeug.test import run_wsgi_app

        from narrowgate.adapters.sandbox.layer import Dropped

        parts = urlsplit(request.url)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        try:
            body, status, headers = run_wsgi_app(self.app, _environ(request, parts.netloc, target), buffered=True)
        except Dropped:
            raise ConnectionClosedError(endpoint_url=request.url) from None
        raw: Any = _Raw(b"".join(body))
        told: Any = headers
        return AWSResponse(request.url, int(status.split()[0]), told, raw)

    def change_weather(self, weather: Weather) -> None:
        """Another weather from the next call on."""
        if self._layer:
            self._layer.change_weather(weather)

    def close(self) -> None:
        """Forget everything that is not in the state folder, and let another one be made."""
        if not self._open:
            return
        self._open = False
        try:
            self._release()
        finally:
            _ALIVE.release()

    def _release(self) -> None:
        from narrowgate.adapters.sandbox.engine import reset

        if self._layer:
            self._layer.close()
        if self._state:
            self._state.close()
        reset()

    def __enter__(self) -> Embedded:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Raw(io.BytesIO):
    """A body as botocore reads it from urllib3."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


def _environ(request: AWSPreparedRequest, host: str, target: str) -> dict[str, Any]:
    from narrowgate.adapters.sandbox.request import wsgi_environ

    # The Host header is added, and was signed, although the request does not show it.
    headers = {"Host": host} | {
        name: value.decode("latin-1") if isinstance(value, bytes) else str(value)
        for name, value in request.headers.items()
    }
    return wsgi_environ(request.method or "GET", target, headers, _bytes(request.body))


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    if hasattr(body, "read"):
        return _bytes(body.read())
    return bytes(body)
