"""Opens the sinks of a spec, and those of earlier specs, which may still hold a secret."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from narrowgate.adapters.keeping import Keeping
from narrowgate.adapters.sinks import Context, Sink, kinds
from narrowgate.calls import World
from narrowgate.resource import INSTALLATION, Installation
from narrowgate.spec import Spec


@dataclass(frozen=True, slots=True)
class Opening:
    """What sinks are opened with: the spec's folder, the environment, an administrator for each region."""

    folder: Path
    environ: Mapping[str, str]
    world: Callable[[str], World]
    adopt: bool


def open_keeping(spec: Spec, installation: Installation, opening: Opening, past: Iterable[Spec]) -> Keeping:
    """The sinks of the spec by label, and beside them those that only `past` specs name."""
    sinks = open_sinks(spec, spec.region, opening)
    former: dict[str, Sink] = {}
    for earlier in past:
        former |= open_sinks(earlier, spec.region, opening)
    return Keeping(
        sinks=sinks,
        former={label: sink for label, sink in former.items() if label not in sinks},
        account=installation.account,
        region=installation.region,
        instance_profile=spec.instance_profile_name,
    )


def open_sinks(spec: Spec, present: str, opening: Opening) -> dict[str, Sink]:
    """Every sink of the spec by its label, which names the region where that is not the `present` one."""
    context = Context(
        folder=opening.folder,
        world=opening.world(spec.region),
        environ=opening.environ,
        owner_tags={INSTALLATION: spec.system},
        adopt=opening.adopt,
    )
    opened: dict[str, Sink] = {}
    for choice in spec.credentials:
        kind = kinds()[choice.sink]
        sink = kind.open(kind.settings.model_validate(choice.model_extra or {}), context)
        where = "" if spec.region == present else f" ({spec.region})"
        opened[sink.describe() + where] = sink
    return opened
