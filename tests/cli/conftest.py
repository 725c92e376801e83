"""One served sandbox for the whole session; every person gets names of their own in its account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path

import pytest
from cli.person import Person, printed_json, sandbox

NUMBERS = count(1)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """The variables that point at a running `narrowgate sandbox`."""
    folder = tmp_path_factory.mktemp("served")
    with sandbox(Person(folder), "--state", "state", "--json") as process:
        yield printed_json(process)


@pytest.fixture
def prefix() -> str:
    """A name prefix that no other test of this session uses."""
    return f"t{next(NUMBERS)}-"


@pytest.fixture
def person(tmp_path: Path, served: Mapping[str, str], prefix: str) -> Person:
    """Somebody with a spec, and the administrator's key of the served sandbox."""
    somebody = Person(tmp_path, served)
    somebody.write(name_prefix=prefix)
    return somebody


@pytest.fixture
def alone(tmp_path: Path) -> Person:
    """Somebody with an empty folder and no credentials."""
    return Person(tmp_path)
