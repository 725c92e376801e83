"""Where a verb works: real AWS, or the embedded one with its state beside the spec."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from narrowgate.adapters.aws import Endpoint, Identity, Workshop, connect
from narrowgate.adapters.files import write_private
from narrowgate.adapters.sandbox.administrator import OPERATOR_FILE
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
    expect: Callable[[str, str], None] = lambda service, region: None
    """Told that a service will be called soon, so that its client, which takes a while, is made meanwhile."""


def real(profile: str | None = None) -> Target:
    """AWS itself (or AWS_ENDPOINT_URL) with the person's own credentials."""
    return _target("aws", Identity(profile=profile), Endpoint, lambda: None)


def sandbox(folder: Path, policy: str | None = None) -> Target:
    """The embedded AWS whose state is in `folder`: the one that serves already, or one in this process.

    With a policy, the administrator has its rights, and those that were given for this folder before: what an
    earlier form of a spec made must be found and removed, too. Without one it may do everything.
    """
    from narrowgate.adapters.sandbox.administrator import ADMIN, OPERATOR
    from narrowgate.adapters.sandbox.embedded import Embedded
    from narrowgate.adapters.sandbox.layer import Conditions
    from narrowgate.adapters.sandbox.watchers import LastDenialWatcher

    key_id, secret = ADMIN if policy is None else OPERATOR
    admin = Identity(key_id, Secret(secret))
    try:
        embedded = Embedded(folder, conditions=Conditions(watchers=(LastDenialWatcher(folder),)))
    except Refused:
        url = served_at(folder)
        if url is None:
            raise
        _allow(folder, policy)
        return _target("sandbox", admin, lambda region: Endpoint(region, url), lambda: None)
    _allow(folder, policy)
    transport = embedded.transport
    return _target("sandbox", admin, lambda region: Endpoint(region, "http://127.0.0.1", transport), embedded.close)


def _allow(folder: Path, policy: str | None) -> None:
    """Add a policy to the operator's. INVARIANT: the file is whole at every moment."""
    path = folder / OPERATOR_FILE
    kept = json.loads(path.read_text()) if path.exists() else []
    if policy is not None and policy not in kept:
        write_private(path, json.dumps([*kept, policy], indent=1).encode())


def _target(name: str, admin: Identity, endpoint: Callable[[str], Endpoint], close: Callable[[], None]) -> Target:
    workshop = Workshop(admin)

    def connected(who: Identity | None, region: str) -> World:
        connection = connect(who or admin, endpoint(region), workshop)
        if who is None:
            # What every verb asks first.
            connection.prepare("sts", "iam")
        return connection

    def expect(service: str, region: str) -> None:
        connect(admin, endpoint(region), workshop).prepare("sts", service)

    return Target(name, connected, close, expect)


def served_at(folder: Path) -> str | None:
    """The URL of the `narrowgate sandbox` that serves this state, if it left word."""
    try:
        found = json.loads((folder / ADDRESS_FILE).read_text())
    except (OSError, ValueError):
        return None
    url = found.get("url") if isinstance(found, dict) else None
    return url if isinstance(url, str) else None
