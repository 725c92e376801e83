"""Saving and loading a sandbox: what is damaged, foreign or in the way is refused, and nothing is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from adapters.sandbox.support import client

from narrowgate.adapters.sandbox.embedded import Embedded
from narrowgate.adapters.sandbox.snapshot import Snapshot, load, put, save, taken_of
from narrowgate.errors import Refused

pytestmark = pytest.mark.slow


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """The file of a sandbox with one user."""
    with Embedded(tmp_path / "state") as aws:
        client(aws, "iam").create_user(UserName="bob")
        save(taken_of(tmp_path / "state"), tmp_path / "saved")
    return tmp_path / "saved"


def files(folder: Path) -> dict[str, bytes]:
    """Every file of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_call_that_is_being_written_is_left_out(saved: Path) -> None:
    calls = saved.parent / "state" / "calls.jsonl"
    calls.write_bytes(calls.read_bytes() + b'{"n":2')
    assert taken_of(saved.parent / "state").calls == load(saved).calls


def test_every_cut_and_every_changed_byte_is_found(saved: Path) -> None:
    whole = saved.read_bytes()
    for place in range(0, len(whole), 7):
        for text in (whole[:place], whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]):
            saved.write_bytes(text)
            with pytest.raises(Refused):
                put(load(saved), saved.parent / "other", replace=False)
    assert not (saved.parent / "other" / "calls.jsonl").exists()


def test_one_of_another_format_or_moto_is_refused_and_the_folder_stays(saved: Path) -> None:
    state = saved.parent / "state"
    before = files(state)
    with pytest.raises(Refused, match="format 2"):
        text = saved.read_text().replace('"narrowgate sandbox": 1', '"narrowgate sandbox": 2')
        other = saved.with_name("two")
        other.write_text(text)
        load(other)
    good = load(saved)
    foreign = Snapshot({**good.identity, "moto": "0.1"}, good.used, good.operator, good.calls)
    with pytest.raises(Refused, match=r"moto 0\.1"):
        put(foreign, state, replace=True)
    assert files(state) == before


def test_the_operators_policies_go_along(saved: Path) -> None:
    good = load(saved)
    put(Snapshot(good.identity, good.used, ["{}"], good.calls), saved.parent / "other", replace=False)
    assert json.loads((saved.parent / "other" / "operator.json").read_text()) == ["{}"]
    assert taken_of(saved.parent / "other").operator == ["{}"]
