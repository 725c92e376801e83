"""The journal: chained, locked, never half a line, never a secret."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from support.clock import FakeClock

from narrowgate.adapters.journal import Journal
from narrowgate.calls import EMPTY, Fields, call
from narrowgate.errors import Refused
from narrowgate.secret import Secret


def opened(folder: Path) -> Journal:
    journal = Journal(folder, FakeClock())
    journal.lock()
    return journal


def written(folder: Path) -> Path:
    journal = opened(folder)
    journal.begin("setup", {"account": "1"})
    number = journal.intent("a", call("iam", "CreateAccessKey", UserName="u", SecretAccessKey=Secret("hidden")), EMPTY)
    journal.outcome(number, Fields(AccessKey=Fields(AccessKeyId="AKIA", SecretAccessKey=Secret("hidden"))))
    journal.close()
    return folder / ".narrowgate" / "journal.jsonl"


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert [e["event"] for e in Journal(tmp_path, FakeClock()).entries] == ["run", "intent", "outcome"]
    assert "hidden" not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600 and path.parent.stat().st_mode & 0o777 == 0o700


def test_cut_at_any_byte_the_whole_lines_are_kept(tmp_path: Path) -> None:
    path = written(tmp_path)
    text = path.read_bytes()
    for size in range(len(text)):
        path.write_bytes(text[:size])
        journal = opened(tmp_path)
        assert journal.set_aside is None
        assert len(journal.entries) == text[:size].count(b"\n")
        journal.begin("again", {})
        journal.close()
        assert [e["event"] for e in Journal(tmp_path, FakeClock()).entries][-1] == "run"


def test_any_changed_byte_is_noticed(tmp_path: Path) -> None:
    path = written(tmp_path)
    text = path.read_bytes()
    for at in range(0, len(text) - 1, 3):
        changed = bytes([text[at] ^ 1])
        path.write_bytes(text[:at] + changed + text[at + 1 :])
        journal = Journal(tmp_path, FakeClock())
        assert journal.entries == () and journal.set_aside == path
    assert list(path.parent.glob("*corrupt*")) == []


def test_only_one_holds_it_and_the_refusal_names_the_process(tmp_path: Path) -> None:
    first = opened(tmp_path)
    second = Journal(tmp_path, FakeClock())
    with pytest.raises(Refused, match=str(os.getpid())):
        second.lock()
    first.close()
    second.lock()
    second.close()


def test_without_the_lock_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not locked"):
        Journal(tmp_path, FakeClock()).begin("setup", {})


def test_what_another_command_wrote_in_between_is_seen_after_the_lock(tmp_path: Path) -> None:
    early = Journal(tmp_path, FakeClock())
    written(tmp_path)
    assert early.entries == ()
    early.lock()
    assert len(early.entries) == 3
    early.begin("setup", {})
    early.close()
    assert len(Journal(tmp_path, FakeClock()).entries) == 4


def test_lines_are_plain_json(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in written(tmp_path).read_text().splitlines()]
    assert lines[1]["params"] == {"UserName": "u", "SecretAccessKey": "********"}
    assert lines[2]["ids"] == {"AccessKeyId": "AKIA"}
