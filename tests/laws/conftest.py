"""One embedded AWS for each module of laws, wiped before each law."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.account import REGIONS, Cloud, Setting

from narrowgate.adapters.sandbox.embedded import Embedded


@pytest.fixture(scope="module")
def embedded() -> Iterator[Embedded]:
    """The process's embedded AWS."""
    with Embedded() as aws:
        yield aws


@pytest.fixture(scope="module")
def sky(embedded: Embedded) -> Cloud:
    """The account, as left by the law before."""
    return Cloud(embedded)


@pytest.fixture
def cloud(sky: Cloud) -> Cloud:
    """An empty account."""
    sky.wipe()
    return sky


@pytest.fixture
def setting(cloud: Cloud, tmp_path: Path) -> Setting:
    """A spec with two sinks in files, in an empty account."""
    return Setting(cloud, tmp_path)


@pytest.fixture(params=REGIONS)
def anywhere(cloud: Cloud, tmp_path: Path, request: pytest.FixtureRequest) -> Setting:
    """The same in each of the three partitions."""
    return Setting(cloud, tmp_path, region=request.param)
