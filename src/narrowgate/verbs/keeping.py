"""Opens the sinks of a spec, and those of earlier specs, which may still hold a secret.

INVARIANT: no two sinks of a spec write to one place, and none to a file that we or the person need.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from pydantic import ValidationError

from narrowgate.adapters.journal import FOLDER
from narrowgate.adapters.keeping import Keeping
from narrowgate.adapters.sinks import Context, Sink, kinds
from narrowgate.calls import World
from narrowgate.errors import Refused, UsageError
from narrowgate.resource import INSTALLATION, Installation
from narrowgate.spec import Spec


@dataclass(frozen=True, slots=True)
class Opening:
    """What sinks are opened with: the spec's folder, the environment, an administrator for each region."""

    folder: Path
    environ: Mapping[str, str]
    world: Callable[[str], World]
    adopt: bool
    protected: tuple[Path, ...] = ()
    """Files that no sink may write to, beside those that the spec names: the spec itself."""


@dataclass(frozen=True, slots=True)
class _Opened:
    entry: str
    """Its place in the spec: ``credentials.0``."""
    kind: str
    label: str
    sink: Sink
    place: str
    part: str
    sources: tuple[Path, ...]
    region: str

    @property
    def identity(self) -> tuple[str, ...]:
        """The same for two that read and write the very same thing, however their settings spell it."""
        region = "" if Path(self.place).is_absolute() else self.region
        return self.kind, self.place, self.part, region


def open_keeping(spec: Spec, installation: Installation, opening: Opening, past: Iterable[Spec]) -> Keeping:
    """The sinks of the spec by label, and beside them those that only `past` specs name.

    Raises UsageError where two sinks write to one place, or one to a file that something else needs.
    A past sink that cannot be opened any more is left out: it must not block what the spec says now.
    """
    opened = [_open(spec, number, spec.region, opening) for number in range(len(spec.credentials))]
    _check_apart(opened, opening.folder)
    _check_protected(opened, _protected(spec, opened, opening), opening.folder)
    present = {one.identity for one in opened}
    return Keeping(
        sinks={one.label: one.sink for one in opened},
        former={one.label: one.sink for one in _former(spec, opening, past) if one.identity not in present},
        account=installation.account,
        region=installation.region,
        instance_profile=spec.instance_profile_name,
    )


def _open(spec: Spec, number: int, present: str, opening: Opening) -> _Opened:
    """One sink of the spec. Its label names the region where that is not the `present` one."""
    context = Context(
        folder=opening.folder,
        world=opening.world(spec.region),
        environ=opening.environ,
        owner_tags={INSTALLATION: spec.system},
        adopt=opening.adopt,
    )
    choice = spec.credentials[number]
    kind = kinds()[choice.sink]
    settings = kind.settings.model_validate(choice.model_extra or {})
    sink = kind.open(settings, context)
    where = "" if spec.region == present else f" ({spec.region})"
    return _Opened(
        entry=f"credentials.{number}",
        kind=kind.name,
        label=sink.describe() + where,
        sink=sink,
        place=sink.place(),
        part=sink.part(),
        sources=kind.sources(settings, context),
        region=spec.region,
    )


def _former(spec: Spec, opening: Opening, past: Iterable[Spec]) -> Iterator[_Opened]:
    for earlier in past:
        for number, choice in enumerate(earlier.credentials):
            if choice.sink not in kinds():
                continue
            try:
                yield _open(earlier, number, spec.region, opening)
            except (ValidationError, Refused):
                continue


def _check_apart(opened: Iterable[_Opened], folder: Path) -> None:
    for first, second in combinations(opened, 2):
        apart = first.part and second.part and first.part != second.part
        if first.place == second.place and not apart:
            raise UsageError(
                f"{second.entry} writes to the same place as {first.entry} "
                f"(`{_shown(second.place, folder)}`): give each sink its own"
            )


def _check_protected(opened: Iterable[_Opened], protected: Mapping[str, str], folder: Path) -> None:
    own = Path(os.path.realpath(folder / FOLDER))
    for one in opened:
        what = protected.get(one.place)
        if Path(one.place).is_relative_to(own):
            what = "where narrowgate keeps its own files"
        if what:
            raise UsageError(
                f"{one.entry} writes to `{_shown(one.place, folder)}`, {what}: give the sink another place"
            )


def _protected(spec: Spec, opened: Iterable[_Opened], opening: Opening) -> dict[str, str]:
    """The real paths that no sink may write to, and what each of them is."""
    found: dict[str, str] = {}
    for one in opened:
        found |= dict.fromkeys(map(os.path.realpath, one.sources), f"which {one.entry} reads from")
    for who, source in (("installer", spec.installer.policy_source), ("node", spec.node.policy_source)):
        if source.file:
            found[os.path.realpath(opening.folder / source.file)] = f"the file of {who}.policy_source"
    return found | {os.path.realpath(path): "the spec itself" for path in opening.protected}


def _shown(place: str, folder: Path) -> str:
    """The place as a person would write it: from the spec's folder where it is in there."""
    path, base = Path(place), Path(os.path.realpath(folder))
    return f"./{path.relative_to(base)}" if path.is_relative_to(base) else place
