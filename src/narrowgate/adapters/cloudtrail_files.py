"""The events in CloudTrail's files: as delivered (gzip or plain), a list, lines, lookups, EventBridge's `detail`.

INVARIANT: a file is read whole or refused: half of the events would make a policy that lacks something.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from narrowgate.errors import UsageError

MAX_BYTES: Final = 256 * 1024 * 1024
"""The most that one file may hold, unpacked. AWS delivers files of a few megabytes."""
MAX_ALL: Final = 1024 * 1024 * 1024
"""The most that all the files of one reading may hold, unpacked."""
_GZIP: Final = b"\x1f\x8b"
_DAMAGED: Final = "the file is damaged or not complete; copy it again from the bucket"
_FOREIGN: Final = "this is no CloudTrail event; give log files as CloudTrail delivers them, or events as JSON"


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it stands in a file. `record` is its JSON object; `file` the name of the file."""

    record: Mapping[str, Any]
    file: str
    number: int

    @property
    def id(self) -> str:
        """CloudTrail's id of the event; the empty string where it has none."""
        return self.text("eventID")

    @property
    def source(self) -> str:
        """Where the event stands, for a person: file and id, or its number in the file."""
        return f"{self.file} {self.id or f'event {self.number}'}"

    def text(self, name: str) -> str:
        """A text of the record; the empty string where it has none."""
        return text_of(self.record, name)

    def group(self, name: str) -> Mapping[str, Any]:
        """An object of the record; an empty one where it has none."""
        return group_of(self.record, name)


def text_of(value: Mapping[str, Any], name: str) -> str:
    """The text at a name; the empty string where there is none."""
    found = value.get(name)
    return found if isinstance(found, str) else ""


def group_of(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object at a name; an empty one where there is none."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def events_of(paths: Iterable[Path]) -> tuple[Event, ...]:
    """The events of all the files, in the order of the files. Raises UsageError for what cannot be read whole."""
    found: list[Event] = []
    room = MAX_ALL
    for path in paths:
        content = _content(path)
        room -= len(content)
        if room < 0:
            raise UsageError(f"the files hold more than {MAX_ALL >> 20} MiB of events; give fewer files")
        found.extend(Event(record, path.name, n) for n, record in enumerate(_records(path, content), 1))
    return tuple(found)


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            packed = file.read(len(_GZIP)) == _GZIP
            file.seek(0)
            content = gzip.GzipFile(fileobj=file).read(MAX_BYTES + 1) if packed else file.read(MAX_BYTES + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        _refuse(path, f"its gzip data ends early or is damaged: {_DAMAGED}")
    except IsADirectoryError:
        _refuse(path, "it is a folder; name the files in it")
    except OSError as error:
        _refuse(path, error.strerror or "it cannot be opened")
    if len(content) > MAX_BYTES:
        _refuse(path, f"it holds more than {MAX_BYTES >> 20} MiB; split it")
    return content


def _records(path: Path, content: bytes) -> Iterator[Mapping[str, Any]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        _refuse(path, "it is neither JSON nor gzip of it; give the log files themselves")
    if not text.strip():
        _refuse(path, f"it is empty; {_DAMAGED}")
    for value in _values(path, text):
        yield from _each(path, value)


def _values(path: Path, text: str) -> Iterator[object]:
    """The one JSON value of the file, or those of its lines."""
    try:
        yield _parsed(text)
        return
    except ValueError as error:
        whole = error
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if len(lines) < 2 or not _is_json(lines[0][1]):
        _refuse(path, f"its JSON ends early or is damaged ({whole}): {_DAMAGED}")
    for number, line in lines:
        try:
            yield _parsed(line)
        except ValueError as error:
            _refuse(path, f"line {number} ends early or is damaged ({error}): {_DAMAGED}")


def _is_json(line: str) -> bool:
    try:
        return isinstance(_parsed(line), dict | list)
    except ValueError:
        return False


def _parsed(text: str) -> object:
    """The JSON value. Raises ValueError."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("it is too deep") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _each(path: Path, value: object) -> Iterator[Mapping[str, Any]]:
    """The events of a value, through the wrappers that AWS puts around them."""
    if isinstance(value, list):
        for inner in value:
            yield from _each(path, inner)
        return
    if not isinstance(value, dict):
        _refuse(path, _FOREIGN)
    wrapped = next((value[name] for name in ("Records", "Events") if isinstance(value.get(name), list)), None)
    if wrapped is not None:
        yield from _each(path, wrapped)
    elif isinstance(value.get("detail"), dict):
        yield from _each(path, value["detail"])
    elif isinstance(value.get("CloudTrailEvent"), str):
        yield from _each(path, _looked_up(path, value["CloudTrailEvent"]))
    elif "digestS3Object" in value:
        _refuse(path, "it is a digest of log files, without events; leave it out")
    elif "eventName" in value or "eventType" in value:
        yield value
    else:
        _refuse(path, _FOREIGN)


def _looked_up(path: Path, text: str) -> object:
    try:
        return _parsed(text)
    except ValueError as error:
        _refuse(path, f"an event in it ends early or is damaged ({error}): {_DAMAGED}")


def _refuse(path: Path, why: str) -> NoReturn:
    raise UsageError(f"cannot read the CloudTrail events in `{path}`: {why}")
