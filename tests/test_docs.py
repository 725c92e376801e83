"""Every verb, option, check, kind, sink and setting is documented: its name stands in README.md or docs/."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import click
import pytest
from pydantic import BaseModel

from narrowgate.adapters import sinks
from narrowgate.checks import checks
from narrowgate.cli.group import COMMANDS, narrowgate
from narrowgate.kinds import kinds
from narrowgate.platform import Cluster, Existing, Image, NetworkChoice, New, Platform, Volume
from narrowgate.profiles import profiles
from narrowgate.spec import Installer, KeyConditions, Node, PolicySource, Spec

ROOT = Path(__file__).parent.parent
MODELS: tuple[type[BaseModel], ...] = (
    *(Spec, Installer, KeyConditions, Node, PolicySource),
    *(Platform, NetworkChoice, New, Existing, Image, Cluster, Volume),
)


def pages() -> str:
    """All the documentation."""
    return "\n".join(page.read_text(encoding="utf-8") for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")))


def commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(narrowgate)
    for name in COMMANDS:
        command = narrowgate.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            yield from ((f"{name} {below}", inner) for below, inner in command.commands.items())


def options() -> Iterator[str]:
    for _, command in commands():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                yield from (o for o in (*parameter.opts, *parameter.secondary_opts) if o.startswith("--"))


def settings() -> Iterator[str]:
    for model in (*MODELS, *(kind.settings for kind in sinks.kinds().values())):
        yield from model.model_fields


def undocumented(names: Iterable[str], text: str) -> list[str]:
    return sorted({n for n in names if not re.search(rf"(?<![\w-]){re.escape(n)}(?![\w-])", text)})


NAMES = {
    "commands": lambda: (f"narrowgate {name}" for name, _ in commands()),
    "options": options,
    "checks": lambda: (check.name for check in checks()),
    "kinds": lambda: (kind.name for kind in kinds()),
    "sinks": lambda: sinks.kinds(),
    "settings": settings,
    "profiles": lambda: profiles(),
}


@pytest.mark.parametrize("sort", NAMES)
def test_every_name_is_documented(sort: str) -> None:
    names: Iterable[str] = NAMES[sort]()  # type: ignore[no-untyped-call]
    missing = undocumented(names, pages())
    assert not missing, f"these {sort} stand in neither README.md nor docs/: {', '.join(missing)}"


def test_a_missing_name_is_found() -> None:
    """The check itself works: a part of a longer name does not count."""
    assert undocumented(["--grace", "csv"], "say `--grace-period`, write a .csvx") == ["--grace", "csv"]
    assert undocumented(["--grace", "csv"], "say `--grace 1h`; the `csv` sink") == []


def test_the_pages_written_from_the_code_are_current() -> None:
    """`make docs` writes both."""
    from tools import reference

    assert reference.PAGE.read_text(encoding="utf-8") == reference.page()
    assert reference.SCHEMA.read_text(encoding="utf-8") == reference.schema_text()
