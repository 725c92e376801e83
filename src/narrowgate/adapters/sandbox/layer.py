"""The WSGI layer that sees every request before moto: it authenticates, journals, and performs.

Enforcement goes between `authenticate` and `_perform`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from narrowgate.adapters.sandbox.answer import Answer, Fault, error
from narrowgate.adapters.sandbox.authenticate import authenticate
from narrowgate.adapters.sandbox.engine import Engine
from narrowgate.adapters.sandbox.request import MAX_BODY, BodyRefused, Environ, Request, parse
from narrowgate.adapters.sandbox.state import Entry, State


class Layer:
    """A WSGI application. Safe from several threads; `delay` seconds are slept by each on its own."""

    def __init__(self, engine: Engine, state: State | None, *, delay: float = 0.0) -> None:
        self._engine = engine
        self._state = state
        self._delay = delay
        self._lock = threading.Lock()
        self._sequence = 0
        self._closed = False
        self._replay()

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            answer = self.answer(parse(environ))
        except BodyRefused:
            answer = error("query", Fault("RequestEntityTooLarge", 413, f"a body has at most {MAX_BODY} bytes"))
        headers = [(k, v) for k, v in answer.headers if k.lower() != "content-length"]
        headers.append(("Content-Length", _length(answer)))
        start_response(f"{answer.status} {_phrase(answer.status)}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def answer(self, request: Request) -> Answer:
        """What the embedded AWS says to one request."""
        with self._lock:
            answer = self._answer(request)
        # Outside the lock: waiting callers do not wait for one another.
        if self._delay:
            time.sleep(self._delay)
        return answer

    def close(self) -> None:
        """Answer nothing any more (ServiceUnavailable): moto's state may soon be another's."""
        with self._lock:
            self._closed = True

    def _answer(self, request: Request) -> Answer:
        if self._closed:
            return error(request.style, Fault("ServiceUnavailable", 503, "the embedded AWS is closed"))
        caller = authenticate(request, self._engine.account)
        if isinstance(caller, Fault):
            return error(request.style, caller)
        return self._perform(request)

    def _perform(self, request: Request) -> Answer:
        answer = self._change(request) if request.mutates else self._engine.perform(request)
        if self._state:
            self._state.note_use()
        return answer

    def _change(self, request: Request) -> Answer:
        entry = Entry(self._sequence + 1, _now(), request)
        # INVARIANT: the journal has the call before it takes effect.
        if self._state:
            self._state.append(entry)
        self._sequence = entry.sequence
        return self._engine.perform(request, sequence=entry.sequence, at=entry.at)

    def _replay(self) -> None:
        for entry in self._state.entries if self._state else ():
            self._engine.perform(entry.request, sequence=entry.sequence, at=entry.at)
            self._sequence = entry.sequence
        if self._state:
            self._state.restore_use()


def _now() -> datetime:
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _length(answer: Answer) -> str:
    told = next((v for k, v in answer.headers if k.lower() == "content-length"), "")
    return told if told and not answer.body else str(len(answer.body))


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"
