"""The spec's file, read and checked against what this machine knows."""

from __future__ import annotations

from pathlib import Path

from narrowgate.adapters import sinks
from narrowgate.adapters.regions import regions
from narrowgate.errors import UsageError
from narrowgate.profiles import profiles
from narrowgate.spec import Known, Spec
from narrowgate.spec_text import parse


def known() -> Known:
    """What a spec may name on this machine."""
    return Known(
        profiles={p.name: p.defaults for p in profiles().values()},
        regions=regions(),
        sinks={kind.name: kind.settings for kind in sinks.kinds().values()},
    )


def read_spec(path: Path) -> Spec:
    """The spec in the file. Raises UsageError with the line of everything that is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"there is no `{path}`: write one with `narrowgate init`, or name it with `--spec`") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read `{path}`: {error}") from None
    return parse(text, path.name, known())
