"""What `--help` says."""

from __future__ import annotations

import pytest
from cli.person import Person

from narrowgate import __version__
from narrowgate.cli.group import COMMANDS

pytestmark = pytest.mark.slow


def test_help_lists_every_command(alone: Person) -> None:
    done = alone.narrowgate("--help")
    assert done.code == 0
    for command in COMMANDS:
        assert f"\n  {command} " in done.out
    assert "Exit codes" in done.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(alone: Person, command: str) -> None:
    done = alone.narrowgate(command, "--help")
    assert done.code == 0, done.err
    assert f"narrowgate {command}" in done.out or f"__main__ {command}" in done.out or command in done.out


def test_the_version_is_told(alone: Person) -> None:
    assert alone.narrowgate("--version").out == f"narrowgate {__version__}\n"


def test_help_is_quick_because_it_imports_nothing_heavy(alone: Person) -> None:
    done = alone.run(*_python(), "-X", "importtime", "-m", "narrowgate", "--help")
    loaded = {line.rpartition("|")[2].strip() for line in done.err.splitlines()}
    assert done.code == 0
    assert not loaded & {"boto3", "botocore", "moto", "pydantic", "ruamel.yaml", "rich", "flask"}


def _python() -> tuple[str, ...]:
    import sys

    return (sys.executable,)
