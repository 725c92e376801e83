"""Fixtures of the embedded AWS's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from narrowgate.adapters.sandbox.embedded import Embedded


@pytest.fixture
def aws() -> Iterator[Embedded]:
    """A new embedded AWS without a state folder."""
    with Embedded() as embedded:
        yield embedded
