"""The recording's file: whole lines, the owner's only, one writer, and never somebody else's file."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from adapters.sandbox.recordings import made

from narrowgate.adapters.sandbox.recording import Recorder, line_of, read_recording
from narrowgate.calls import call
from narrowgate.errors import Refused


def test_a_file_is_its_owners_only_and_grows(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.touch(0o644)
    for number in range(2):
        recorder = Recorder(path, tell=pytest.fail)
        recorder.record(replace(made(call("iam", "GetUser")), sequence=number))
        # There before anything is closed.
        assert len(list(read_recording(path.read_text()))) == number + 1
        recorder.close()
        recorder.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [r.sequence for r in read_recording(path.read_text())] == [0, 1]


def test_a_line_that_a_crash_cut_short_is_taken_away_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    line = line_of(made(call("iam", "GetUser")))
    for cut in (len(line) + 3, len(line) + 40, 2 * len(line) - 1, 4, len(line) - 1):
        path.write_text((line * 2)[:cut])
        recorder = Recorder(path, tell=pytest.fail)
        recorder.record(made(call("iam", "GetUser")))
        recorder.close()
        assert [r.lost for r in read_recording(path.read_text())] == ([0, 1] if cut > len(line) else [1])


@pytest.mark.parametrize("text", ["kind: platform", "kind: platform\n", '{"event":"run"}\n', '{"at": "x"}'])
def test_somebody_elses_file_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "platform.yaml"
    path.write_text(text)
    path.chmod(0o644)
    with pytest.raises(Refused, match=r"cannot record to `.*platform\.yaml`: there is something else in it"):
        Recorder(path, tell=pytest.fail)
    assert path.read_text() == text and stat.S_IMODE(path.stat().st_mode) == 0o644


def test_places_where_no_file_can_be_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("pipe", "link", "missing/calls.jsonl", "."):
        with pytest.raises(Refused, match="cannot record to"):
            Recorder(tmp_path / name, tell=pytest.fail)
    assert not (tmp_path / "elsewhere").exists()


def test_two_sandboxes_do_not_write_one_file(tmp_path: Path) -> None:
    first = Recorder(tmp_path / "calls.jsonl", tell=pytest.fail)
    with pytest.raises(Refused, match="another sandbox writes it"):
        Recorder(tmp_path / "calls.jsonl", tell=pytest.fail)
    first.close()
    Recorder(tmp_path / "calls.jsonl", tell=pytest.fail).close()


# The kernel refuses to let a file grow beyond a limit: what a full disk does, half a line first.
LIMITED = """
import resource, sys, pathlib
from narrowgate.adapters.sandbox.recording import Recorder
from narrowgate.calls import call
from adapters.sandbox.recordings import made
path, said = pathlib.Path(sys.argv[1]), []
recorder = Recorder(path, tell=said.append)
recorder.record(made(call("iam", "GetUser", UserName="first")))
size = path.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, resource.RLIM_INFINITY))
for _ in range(3):
    recorder.record(made(call("iam", "GetUser", UserName="lost")))
    assert path.stat().st_size == size, "half a line"
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
recorder.record(made(call("iam", "GetUser", UserName="after")))
recorder.close()
print(len(said))
"""


@pytest.mark.slow
def test_a_file_that_cannot_grow_keeps_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    ran = subprocess.run(
        [sys.executable, "-c", LIMITED, str(path)], env=env, capture_output=True, text=True, check=False
    )
    assert (ran.stdout, ran.returncode) == ("1\n", 0), ran.stderr
    found = [(r.call.params["UserName"], r.lost) for r in read_recording(path.read_text())]
    assert found == [("first", 0), ("after", 3)]
