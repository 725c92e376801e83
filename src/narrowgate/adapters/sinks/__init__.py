"""Credential sinks: the places where the one-time secret of iam:CreateAccessKey is put.

One file a kind, with a module constant `SINK`; `kinds()` finds them. Only a sink reveals a secret.

Whose is a key that is there already? In a file, ours only if the caller says so because IAM or the
journal does (`probe(ours)`). Our mark (`# narrowgate: <installation> key <id>`, where the form has
comments) proves nothing of a key, because two installations may share a name and a file: it says
whose a place without a secret is. In AWS the container's owner tags decide. Any other key is refused
before one is made, unless the setting `replace` is true: a secret that somebody else kept there
cannot be had again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from narrowgate.calls import World
from narrowgate.secret import Secret

if TYPE_CHECKING:  # pydantic is slow to import, and only the kinds' own modules need it
    from pydantic import BaseModel

INSTALLATION_TAG: Final = "narrowgate:installation"


@dataclass(frozen=True, slots=True)
class Credential:
    """One access key with all that the sinks write about it."""

    access_key_id: str
    secret: Secret
    user_name: str
    account: str
    region: str
    data_instance_profile: str
    app_instance_profile: str


Pair: TypeAlias = tuple[str, Secret]
"""An access key id and its secret."""


class Sink(Protocol):
    """A place that keeps one credential. Every method may raise Refused; those in AWS, AWS's errors."""

    def probe(self, ours: frozenset[str] = frozenset()) -> None:
        """Raise Refused if `store` would fail or would lose what is not ours; nothing stays changed.

        Called before the key is made. `ours` are the key ids that IAM or the journal proves ours.
        """

    def store(self, credential: Credential) -> None:
        """Put the credential there, durably, in place of an older one. Idempotent."""

    def holds(self) -> frozenset[str]:
        """The ids of the keys whose whole credential is there."""

    def load(self, key_id: str) -> Pair | None:
        """The key with its secret, or None where this key is not there whole."""

    def forget(self, key_id: str) -> bool:
        """Remove that key and nothing else; whether it was there."""

    def describe(self) -> str:
        """Where it is, for a plan: ``csv file ./credentials.csv``."""

    def place(self) -> str:
        """What it writes to: a file's real, absolute path, or ``ssm:NAME`` for a container in AWS."""

    def part(self) -> str:
        """The part of the place that it keeps to, such as a profile's name; "" where that is all of it."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a sink may know of its surroundings."""

    folder: Path
    """The spec's folder: relative paths begin here."""
    world: World | None = field(repr=False)
    """The administrator's World, for the sinks that live in AWS; None when offline."""
    environ: Mapping[str, str] = field(repr=False)
    """Never printed: it may hold credentials."""
    owner_tags: Mapping[str, str]
    """The tags that everything of this installation carries."""
    adopt: bool = False
    """Whether the person takes over what has no owner: the plan tags it before anything is stored."""

    @property
    def installation(self) -> str:
        """The system name, on one line, as a mark in a file carries it."""
        return "-".join(self.owner_tags.get(INSTALLATION_TAG, "unnamed").split())


def _no_sources(settings: Any, context: Context) -> tuple[Path, ...]:
    return ()


@dataclass(frozen=True, slots=True)
class SinkKind:
    """A kind of sink: its name in the spec, its settings, and how one is opened."""

    name: str
    doc: str
    settings: type[BaseModel]
    open: Callable[[Any, Context], Sink]
    """Takes an instance of `settings`. Reads and writes nothing yet; raises Refused offline, in AWS."""
    sources: Callable[[Any, Context], tuple[Path, ...]] = _no_sources
    """The person's files that such a sink reads from: no sink may write to them."""


class _Kinds(Mapping[str, SinkKind]):
    """Every kind of sink by its name, in order of name; a module is imported when its kind is asked for."""

    def __init__(self) -> None:
        names = (found.name for found in iter_modules(__path__))
        self._names = tuple(sorted(name for name in names if not name.startswith("_")))

    def __getitem__(self, name: str) -> SinkKind:
        if name not in self._names:
            raise KeyError(name)
        kind = import_module(f"{__name__}.{name}").SINK
        assert isinstance(kind, SinkKind)
        return kind

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


@cache
def kinds() -> Mapping[str, SinkKind]:
    """Every kind of sink by its name, in order of name."""
    return _Kinds()
