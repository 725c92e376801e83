"""What a person asks of a running sandbox: a file in its state folder, which it takes away when it has it.

A file of the owner's, not a page of the server: nothing in a browser, and no other user, can put it there.
What the sandbox then is stands in its address file.

    <folder>/wish.json     0600; {"weather": "throttle=0.3"}, {"phase": "setup"}, or both
    <folder>/server.json   0600; {"url": ..., "pid": ..., "weather": ..., "phase": ...}, while it serves
"""

from __future__ import annotations

import http.client
import json
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from narrowgate.adapters.files import read_private, write_private
from narrowgate.adapters.sandbox.server import HEALTH
from narrowgate.adapters.target import ADDRESS_FILE
from narrowgate.errors import Refused

FILE: Final = "wish.json"
PATIENCE: Final = 5.0
"""Seconds until a wish must have been taken."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to change; None: stays as it is."""

    weather: str | None = None
    phase: str | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """A sandbox that serves: where, in which process, and how it is."""

    url: str
    pid: int
    weather: str
    phase: str = ""


def leave_word(folder: Path, served: Served) -> None:
    """Let others know of the sandbox that serves from this folder. Raises Refused."""
    write_private(folder / ADDRESS_FILE, (json.dumps(asdict(served)) + "\n").encode())


def take_word(folder: Path) -> None:
    """The sandbox serves no more, and what was asked of it is void."""
    for name in (ADDRESS_FILE, FILE):
        (folder / name).unlink(missing_ok=True)


def served_from(folder: Path) -> Served:
    """The sandbox that serves from this folder now. Raises Refused where there is none."""
    found = _word(folder)
    if found is None or not _is_alive(found):
        raise Refused(f"no sandbox runs on `{folder}`: start one with `narrowgate sandbox`, or name its `--state`")
    return found


def ask(folder: Path, wish: Wish) -> Served:
    """Have the running sandbox do it; what it then is. Raises Refused where none runs, or it does not do it."""
    served_from(folder)
    path = folder / FILE
    write_private(path, json.dumps({k: v for k, v in asdict(wish).items() if v is not None}).encode())
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        time.sleep(0.05)
        if not path.exists() and (now := _word(folder)) and _is_met(wish, now):
            return now
    path.unlink(missing_ok=True)
    raise Refused(f"the sandbox on `{folder}` did not do it within {PATIENCE:.0f} seconds: look at what it says")


def taken(folder: Path) -> Wish | None:
    """What was asked since, for the sandbox itself; it is taken away. Raises Refused for what is no wish."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        found = json.loads(read_private(path) or b"{}")
        wish = Wish(**found) if isinstance(found, dict) else None
    except (ValueError, TypeError, RecursionError):
        wish = None
    finally:
        path.unlink(missing_ok=True)
    if wish is None or not all(isinstance(part, str | None) for part in (wish.weather, wish.phase)):
        raise Refused(f"`{path}` is no wish: use `narrowgate sandbox weather`")
    return wish


def _is_met(wish: Wish, now: Served) -> bool:
    return wish.weather in (None, now.weather) and wish.phase in (None, now.phase)


def _word(folder: Path) -> Served | None:
    try:
        found = json.loads(read_private(folder / ADDRESS_FILE) or b"null")
        return Served(**found) if isinstance(found, dict) else None
    except (ValueError, TypeError, RecursionError):
        return None


def _is_alive(served: Served) -> bool:
    """Whether that very process answers there: a killed one leaves its word behind."""
    try:
        where = urlsplit(served.url)
        with closing(http.client.HTTPConnection(where.hostname or "", where.port, timeout=5)) as connection:
            connection.request("GET", HEALTH)
            found = json.loads(connection.getresponse().read(4096))
    except (OSError, ValueError, http.client.HTTPException):
        return False
    return isinstance(found, dict) and found.get("pid") == served.pid
