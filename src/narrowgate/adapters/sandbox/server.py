"""The embedded AWS on a loopback port, for programs outside this process. Never on another address.

The standard library's server, not werkzeug's: werkzeug's waits 10 ms after each answer and closes the
connection, so that a client makes less than a tenth of the calls.
"""

from __future__ import annotations

import ipaddress
import json
import os
import socket
import socketserver
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from narrowgate.adapters.sandbox.answer import Answer
from narrowgate.adapters.sandbox.request import MAX_BODY, wsgi_environ
from narrowgate.errors import Refused

if TYPE_CHECKING:
    from narrowgate.adapters.sandbox.embedded import Embedded

HEALTH: Final = "/_narrowgate/health"
IDLE_SECONDS: Final = 120


class Server:
    """A running server; `url` is what `AWS_ENDPOINT_URL` wants. Close it before its Embedded."""

    def __init__(self, listener: _Listener, url: str) -> None:
        self.url = url
        self._listener = listener
        self._thread = threading.Thread(
            target=listener.serve_forever, kwargs={"poll_interval": 0.05}, name="narrowgate-sandbox", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening, and end the connections that clients keep open."""
        self._listener.shutdown()
        self._thread.join()
        self._listener.server_close()
        self._listener.end_connections()

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def serve(embedded: Embedded, *, host: str = "127.0.0.1", port: int = 0) -> Server:
    """Listen on a loopback address; port 0 takes a free one. Raises Refused for any other address."""
    if not is_loopback(host):
        raise Refused(f"cannot listen on `{host}`: the sandbox is for this machine only. choose 127.0.0.1")
    kind = _Listener6 if ":" in host else _Listener
    try:
        listener = kind((host.strip("[]"), port), embedded)
    except OSError as why:
        raise Refused(f"cannot listen on `{host}:{port}`: {why.strerror}. choose another port") from None
    shown = f"[{host.strip('[]')}]" if ":" in host else host
    return Server(listener, f"http://{shown}:{listener.server_address[1]}")


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine: 127.0.0.0/8, ::1, `localhost`."""
    bare = host.strip("[]").lower().rstrip(".")
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False


class _Listener(ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], embedded: Embedded) -> None:
        self.embedded = embedded
        self._connections: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # HTTPServer's looks the host's name up, which can take seconds.
        socketserver.TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a client that went away is no error of ours, and a person reads stderr."""

    def end_connections(self) -> None:
        for connection in tuple(self._connections):
            # The client may have gone by itself.
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Listener6(_Listener):
    address_family = socket.AF_INET6


class _Handler(BaseHTTPRequestHandler):
    """One connection: the Host check, the health page, and everything else to the layer."""

    server: _Listener
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = IDLE_SECONDS

    def serve(self) -> None:
        """Answer one request, or end the connection where the weather wants it."""
        from narrowgate.adapters.sandbox.layer import Dropped

        try:
            answer = self._answer()
        except Dropped:
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        self.send_header("Date", self.date_time_string())
        for name, value in answer.headers:
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in answer.headers):
            self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else answer.body)
        self.wfile.flush()

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = serve  # noqa: N815  # http.server's

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a person reads stderr."""

    def _answer(self) -> Answer:
        length = self.headers.get("Content-Length", "0")
        # What is not read would be taken for the next request, so these end the connection.
        if not length.isdecimal() or "Transfer-Encoding" in self.headers:
            return self._refuse(411, "the length of the body must be told")
        if int(length) > MAX_BODY:
            return self._refuse(413, f"a body has at most {MAX_BODY} bytes")
        # A page in a browser that had its name point here (DNS rebinding) still sends its own name.
        if not is_loopback(_without_port(self.headers.get("Host", ""))):
            return self._refuse(403, "the Host header is not this machine's")
        body = self.rfile.read(int(length))
        if self.path == HEALTH and self.command in ("GET", "HEAD"):
            return _page(200, self._health())
        return self._ask(body)

    def _ask(self, body: bytes) -> Answer:
        """The embedded AWS's answer. Raises Dropped."""
        from werkzeug.test import run_wsgi_app

        environ = wsgi_environ(self.command, self.path, dict(self.headers.items()), body)
        given, status, headers = run_wsgi_app(self.server.embedded.app, environ, buffered=True)
        return Answer(int(status.split()[0]), tuple(headers.items()), b"".join(given))

    def _refuse(self, status: int, why: str) -> Answer:
        self.close_connection = True
        return _page(status, {"message": why})

    def _health(self) -> dict[str, Any]:
        return {"name": "narrowgate sandbox", "account": self.server.embedded.account, "pid": os.getpid()}


def _page(status: int, fields: dict[str, Any]) -> Answer:
    return Answer(status, (("Content-Type", "application/json"),), json.dumps(fields).encode())


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host
