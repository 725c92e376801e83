"""`narrowgate demo`: the whole story on the embedded AWS."""

from __future__ import annotations

import pytest
from cli.person import Person

pytestmark = pytest.mark.slow


def test_the_demo_tells_the_whole_story(alone: Person) -> None:
    done = alone.narrowgate("demo")
    assert done.code == 0, done.err
    for verb in ("init", "plan", "setup", "status", "drift", "rotate", "teardown"):
        assert f"narrowgate {verb}" in done.out + done.err, verb


def test_the_demo_ignores_ambient_credentials(alone: Person) -> None:
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE000000000"}
    assert alone.narrowgate("demo", AWS_PROFILE="nobody", **nowhere).code == 0
