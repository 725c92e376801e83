"""`narrowgate sandbox`: the embedded AWS on a loopback port, until it is stopped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from narrowgate.adapters.target import ADDRESS_FILE
from narrowgate.errors import Refused


@contextmanager
def running(state: Path, *, port: int = 0, delay: float = 0.0) -> Iterator[str]:
    """Serve the embedded AWS with its state in `state`; gives its URL. Raises Refused when it is in use or a file."""
    from narrowgate.adapters.sandbox.embedded import Embedded
    from narrowgate.adapters.sandbox.server import serve

    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        why = "it is a file" if state.is_file() else str(error.strerror).lower()
        raise Refused(f"cannot keep the sandbox's state in `{state}`: {why}; name a folder with `--state`") from None
    with Embedded(state, delay=delay) as embedded, serve(embedded, port=port) as server:
        address = state / ADDRESS_FILE
        address.write_text(json.dumps({"url": server.url}) + "\n", encoding="utf-8")
        try:
            yield server.url
        finally:
            address.unlink(missing_ok=True)


def variables(url: str, region: str) -> Mapping[str, str]:
    """What points any AWS client at the sandbox, as its administrator."""
    from narrowgate.adapters.sandbox.embedded import ADMIN

    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": ADMIN[0],
        "AWS_SECRET_ACCESS_KEY": ADMIN[1],
        "AWS_DEFAULT_REGION": region,
    }
