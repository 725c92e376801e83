"""CloudTrail's files: every form in which events come is read whole, and what is not whole is refused."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from support.cloudtrail import event, file_of, ids, refused

from narrowgate.adapters.cloudtrail import read_trail


@pytest.mark.parametrize(
    "value",
    [
        {"Records": [event(1), event(2)]},
        [event(1), event(2)],
        [{"Records": [event(1)]}, {"Records": [event(2)]}],
        {"Events": [{"EventId": "x", "CloudTrailEvent": json.dumps(event(n))} for n in (1, 2)]},
        [{"detail-type": "AWS API Call via CloudTrail", "detail": event(n)} for n in (1, 2)],
        "\n".join(json.dumps(event(n)) for n in (1, 2)),
        "\ufeff" + json.dumps([event(1), event(2)]),
        json.dumps({"Records": [event(1)]}) + "\n\n" + json.dumps({"detail": event(2)}) + "\n",
    ],
)
def test_every_form_is_read(value: Any, tmp_path: Path) -> None:
    path = file_of(tmp_path, value)
    found = read_trail([path])
    assert ids(found) == ["e-001", "e-002"]
    packed = tmp_path / "trail.json.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert [each.call for each in read_trail([packed]).happenings] == [each.call for each in found.happenings]


def test_one_event_alone_is_read(tmp_path: Path) -> None:
    assert ids(read_trail([file_of(tmp_path, event(1))])) == ["e-001"]
    assert ids(read_trail([file_of(tmp_path, {"detail": event(1)})])) == ["e-001"]


@pytest.mark.parametrize("packed", [True, False])
def test_a_file_cut_anywhere_is_refused(packed: bool, tmp_path: Path) -> None:
    whole = json.dumps({"Records": [event(1), event(2)]}).encode()
    whole = gzip.compress(whole) if packed else whole
    path = tmp_path / "cut.json"
    for size in range(2, len(whole), 7):
        path.write_bytes(whole[:size])
        said = refused([path])
        assert f"`{path}`" in said and "copy it again" in said


def test_lines_cut_in_the_middle_are_refused(tmp_path: Path) -> None:
    text = "\n".join(json.dumps(event(n)) for n in (1, 2, 3))
    assert "line 3 ends early" in refused([file_of(tmp_path, text[:-10])])


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "it is empty"),
        ("{}", "this is no CloudTrail event"),
        ("7", "this is no CloudTrail event"),
        ('{"Records": [7]}', "this is no CloudTrail event"),
        (json.dumps({"Records": [event(1), 7]}), "this is no CloudTrail event"),
        (json.dumps({"Records": [event(1), {"a": 1}]}), "this is no CloudTrail event"),
        ('{"Records": []}', "the files hold no CloudTrail event"),
        ('{"a": NaN}', "ends early or is damaged"),
        ("[" * 100_000, "ends early or is damaged"),
        ('{"digestS3Object": "x"}', "a digest of log files"),
        ('{"Events": [{"CloudTrailEvent": "{"}]}', "an event in it ends early"),
    ],
)
def test_what_is_no_trail_is_refused(value: str, said: str, tmp_path: Path) -> None:
    assert said in refused([file_of(tmp_path, value)])


def test_what_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refused([tmp_path / "none.json"])
    assert "it is a folder" in refused([tmp_path])
    (tmp_path / "x.bin").write_bytes(b"\xff\xfe\x00")
    assert "neither JSON nor gzip" in refused([tmp_path / "x.bin"])
    assert "no CloudTrail event" in refused([])


@pytest.mark.slow
def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.json.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(257):
            file.write(b" " * 1024 * 1024)
    assert "more than 256 MiB" in refused([path])
