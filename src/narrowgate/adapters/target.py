"""Where a verb works: real AWS, or the embedded one with its state beside the spec."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from narrowgate.adapters.aws import Endpoint, Identity, connect
from narrowgate.calls import World
from narrowgate.errors import Refused
from narrowgate.secret import Secret

SANDBOX_FOLDER = "sandbox"
ADDRESS_FILE = "server.json"


@dataclass(frozen=True, slots=True)
class Target:
    """`connect(identity, region)` gives a World; without an identity, the administrator's."""

    name: str
    connect: Callable[[Identity | None, str], World]
    close: Callable[[], None]


def real(profile: str | None = None) -> Target:
    """AWS itself (or AWS_ENDPOINT_URL) with the person's own credentials."""
    return Target("aws", _connector(Identity(profile=profile), Endpoint), lambda: None)


def sandbox(folder: Path, *, delay: float = 0.0) -> Target:
    """The embedded AWS whose state is in `folder`: the one that serves already, or one in this process."""
    from narrowgate.adapters.sandbox.embedded import ADMIN, Embedded

    admin = Identity(ADMIN[0], Secret(ADMIN[1]))
    try:
        embedded = Embedded(folder, delay=delay)
    except Refused:
        url = served_at(folder)
        if url is None:
            raise
        return Target("sandbox", _connector(admin, lambda region: Endpoint(region, url)), lambda: None)
    transport = embedded.transport
    inside = _connector(admin, lambda region: Endpoint(region, "http://127.0.0.1", transport))
    return Target("sandbox", inside, embedded.close)


def _connector(admin: Identity, endpoint: Callable[[str], Endpoint]) -> Callable[[Identity | None, str], World]:
    """Connects with the clients made ahead that its first calls will need."""

    def connected(who: Identity | None, region: str) -> World:
        early = ("sts", "iam") if who is None else ("sts", "ec2")
        return connect(who or admin, endpoint(region), early=early)

    return connected


def served_at(folder: Path) -> str | None:
    """The URL of the `narrowgate sandbox` that serves this state, if it left word."""
    try:
        found = json.loads((folder / ADDRESS_FILE).read_text())
    except (OSError, ValueError):
        return None
    url = found.get("url") if isinstance(found, dict) else None
    return url if isinstance(url, str) else None
