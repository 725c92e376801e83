"""The spec's file, read and checked against what this machine knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel

from narrowgate.adapters import sinks
from narrowgate.adapters.regions import regions
from narrowgate.errors import UsageError
from narrowgate.profiles import profiles
from narrowgate.spec import Known, Spec
from narrowgate.spec_text import parse
from narrowgate.yaml_text import load, place


class _Settings(Mapping[str, type[BaseModel]]):
    """The settings of each sink, looked up when asked for: most specs name one or two."""

    def __getitem__(self, name: str) -> type[BaseModel]:
        return sinks.kinds()[name].settings

    def __iter__(self) -> Iterator[str]:
        return iter(sinks.kinds())

    def __len__(self) -> int:
        return len(sinks.kinds())


def known() -> Known:
    """What a spec may name on this machine."""
    return Known(
        profiles={p.name: p.defaults for p in profiles().values()},
        minima={p.name: p.minima for p in profiles().values()},
        regions=regions(),
        sinks=_Settings(),
    )


def placed(path: Path, *location: str) -> str:
    """`platform.yaml:7: node.role`, for what is found wrong only after the spec was read."""
    return place(load(path.read_text(encoding="utf-8"), path.name), path.name, location)


def read_spec(path: Path) -> Spec:
    """The spec in the file. Raises UsageError with the line of everything that is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"there is no `{path}`: write one with `narrowgate init`, or name it with `--spec`") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read `{path}`: {error}") from None
    return parse(text, path.name, known())
