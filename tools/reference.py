"""Writes docs/reference.md and docs/platform.schema.json from the code. `make docs` runs it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from narrowgate.adapters import sinks
from narrowgate.checks import checks
from narrowgate.cli.group import COMMANDS, narrowgate
from narrowgate.kinds import kinds
from narrowgate.platform import Cluster, Existing, Image, New, Platform, Volume
from narrowgate.profiles import profiles
from narrowgate.spec import Installer, KeyConditions, Node, PolicySource, SinkChoice, Spec
from narrowgate.spec_text import schema
from narrowgate.verbs.spec_file import known

PAGE = Path(__file__).parent.parent / "docs" / "reference.md"
SCHEMA = PAGE.with_name("platform.schema.json")
OPTIONS = ("path", "name_prefix", "tags", "permissions_boundary")
SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("", Spec),
    ("installer.", Installer),
    ("installer.key_conditions.", KeyConditions),
    ("node.", Node),
    ("installer.policy_source.", PolicySource),
    ("node.policy_source.", PolicySource),
    ("platform.", Platform),
    ("platform.network.new.", New),
    ("platform.network.existing.", Existing),
    ("platform.image.", Image),
    ("platform.data.", Cluster),
    ("platform.data.volume.", Volume),
    ("platform.application.", Cluster),
    ("platform.application.volume.", Volume),
)


def page() -> str:
    """The whole page."""
    lines = [
        "# Reference",
        "",
        "Written by `make docs` from the code; a test compares the two.",
        *_commands(),
        *_settings(),
        *_sinks(),
        *_kinds(),
        *_checks(),
        *_profiles(),
    ]
    return "\n".join(lines) + "\n"


def _commands() -> Iterator[str]:
    yield from ("", "## Commands", "")
    context = click.Context(narrowgate)
    for name in COMMANDS:
        command = narrowgate.get_command(context, name)
        assert command is not None
        yield from _command(name, command)


def _command(name: str, command: click.Command) -> Iterator[str]:
    """One command, and those below it."""
    text = " ".join((command.help or "").replace("\f", "").split())
    names = [p.make_metavar(click.Context(command)) for p in command.params if isinstance(p, click.Argument)]
    yield from (f"### narrowgate {' '.join((name, *names))}", "", text, "")
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    if options:
        yield from ("| option | meaning |", "|---|---|")
    for option in options:
        spelled = ", ".join(f"`{n}`" for n in (*option.opts, *option.secondary_opts))
        shown = option.get_help_record(click.Context(command))
        yield f"| {spelled} | {_cell(shown[1] if shown else '')} |"
    if options:
        yield ""
    if isinstance(command, click.Group):
        for below, inner in command.commands.items():
            yield from _command(f"{name} {below}", inner)


def _settings() -> Iterator[str]:
    yield from ("## Settings of platform.yaml", "", "| setting | default | meaning |", "|---|---|---|")
    for prefix, model in SECTIONS:
        for name, field in model.model_fields.items():
            yield f"| `{prefix}{name}` | {_default(prefix, name, field)} | {_cell(field.description or '')} |"


def _default(prefix: str, name: str, field: FieldInfo) -> str:
    given = profiles()["iguazio"].defaults.get(prefix.rstrip("."), {}).get(name)
    if given:
        return f"`{given}`"
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel) or value in (None, (), {}):
        return ""
    if isinstance(value, tuple):
        return "a csv sink" if isinstance(value[0], SinkChoice) else f"`{json.dumps(value)}`"
    return f"`{json.dumps(value) if isinstance(value, bool) else value}`"


def _sinks() -> Iterator[str]:
    yield from ("", "## Sinks: where the access key goes", "")
    for kind in sinks.kinds().values():
        yield from (f"### {kind.name}", "", kind.doc, "", "| setting | default | meaning |", "|---|---|---|")
        for name, field in kind.settings.model_fields.items():
            yield f"| `{name}` | {_default('', name, field)} | {_cell(field.description or '')} |"
        yield ""


def _kinds() -> Iterator[str]:
    yield from ("## Kinds of resource, and the options that AWS supports on each", "")
    yield f"| kind | what | {' | '.join(OPTIONS)} |"
    yield f"|---|---|{'---|' * len(OPTIONS)}"
    for kind in kinds():
        marks = " | ".join("yes" if option in kind.options else "-" for option in OPTIONS)
        yield f"| `{kind.name}` | {kind.doc} | {marks} |"


def _checks() -> Iterator[str]:
    yield from ("", "## Checks", "", "| check | looks at | holds when |", "|---|---|---|")
    for check in checks():
        yield f"| `{check.name}` | the {check.about} | {check.doc} |"
    yield "| `leftover` | the account | nothing made for an earlier form of the spec is still there |"


def _profiles() -> Iterator[str]:
    yield from ("", "## Profiles", "", "| profile | platform |", "|---|---|")
    for profile in profiles().values():
        yield f"| `{profile.name}` | {profile.doc} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def schema_text() -> str:
    """The JSON Schema of platform.yaml, as `narrowgate init` writes it beside the spec."""
    return json.dumps(schema(known()), indent=2) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    SCHEMA.write_text(schema_text(), encoding="utf-8")
    sys.stdout.write(f"wrote {PAGE.name} and {SCHEMA.name}\n")
