"""Policy files for the `policy` commands: read with the place of every fault, format, replace whole."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from narrowgate.errors import UsageError
from narrowgate.policy import Document, Fault, Faults, Kind, parse, size
from narrowgate.policy.lines import Memory, Span, elements, moved

STDIN: Final = "-"
LONGEST_FILE: Final = 64 * 1024 * 1024
MOST_FAULTS: Final = 50

_HINTS: Final[Mapping[int, str]] = {
    errno.ENOENT: "name a file, or `-` for standard input",
    errno.EISDIR: "name a file in it",
    errno.EACCES: "allow yourself to read it, or name another file",
}

AnyKind: TypeAlias = Kind | Literal["auto"]
NAMES: Final[Mapping[Kind, str]] = {
    "identity": "an identity policy",
    "resource": "a resource policy",
    "trust": "a trust policy",
    "boundary": "a permissions boundary",
    "scp": "an SCP",
    "rcp": "an RCP",
}


class Files:
    """Reads files by name; `-` is standard input, which can be read once.

    `stdin` gives all of it, or its first LONGEST_FILE + 1 bytes; raises UsageError.
    """

    def __init__(self, stdin: Callable[[], bytes]) -> None:
        self._stdin = stdin
        self._taken = False

    def read(self, name: str) -> str:
        """The text of a file. Raises UsageError where there is none, or it is no text."""
        content = self._from_stdin() if name == STDIN else _content(name)
        if len(content) > LONGEST_FILE:
            raise UsageError(f"cannot read {spoken(name)}: longer than {LONGEST_FILE} bytes; no policy is")
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise UsageError(f"{shown(name)}:{line}: not UTF-8 text; save the file as UTF-8") from None

    def _from_stdin(self) -> bytes:
        if self._taken:
            raise UsageError("`-` is here twice: standard input can be read once, so name a file for the other")
        self._taken = True
        return self._stdin()


def _content(name: str) -> bytes:
    try:
        with BufferedReader(opened(name)) as file:
            return file.read(LONGEST_FILE + 1)
    except OSError as error:
        raise unreadable(name, error) from None


def opened(name: str) -> FileIO:
    """The file of that name, for reading without a buffer. Raises UsageError."""
    if not name:
        raise UsageError("cannot read a file without a name: name a file, or `-` for standard input")
    try:
        return FileIO(name)
    except OSError as error:
        raise unreadable(name, error) from None
    except ValueError:
        raise UsageError(f"cannot read {spoken(name)}: this is not the name of a file") from None


def unreadable(name: str, error: OSError) -> UsageError:
    """Why a file cannot be read, and what to do."""
    hint = _HINTS.get(error.errno or 0, "name a file that can be read")
    return UsageError(f"cannot read {spoken(name)}: {error.strerror or error}; {hint}")


def spoken(name: str) -> str:
    """A file as a sentence names it."""
    return "standard input" if name == STDIN else f"`{name}`"


def shown(name: str) -> str:
    """A file as messages name it."""
    return "stdin" if name == STDIN else name


def guessed(text: str) -> Kind:
    """The kind of document that the text looks like: with principals a resource or trust policy, else identity."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return "identity"
    found = value.get("Statement") if isinstance(value, dict) else None
    statements = [s for s in (found if isinstance(found, list) else [found]) if isinstance(s, dict)]
    if not any("Principal" in s or "NotPrincipal" in s for s in statements):
        return "identity"
    return "resource" if any("Resource" in s or "NotResource" in s for s in statements) else "trust"


def read_document(name: str, text: str, kind: AnyKind, *, lenient: bool = False) -> Document:
    """The document that the text of a file is. Raises UsageError with file, line and column of every fault."""
    found = parse(text, guessed(text) if kind == "auto" else kind, lenient=lenient)
    if isinstance(found, Faults):
        raise unsound(name, found.items)
    return found


def read_documents(name: str, text: str, kind: AnyKind) -> tuple[Document, ...]:
    """The document, or the list of documents, that the text of a file is; unknown operators are taken.

    Raises UsageError with file, line and column of every fault.
    """
    if not text.lstrip(" \t\n\r").startswith("["):
        return (read_document(name, text, kind, lenient=True),)
    start = text.index("[")
    memory = Memory()
    try:
        raw = memory.value(text, start)
        spans = tuple(elements(Span(start, raw), memory))
    except ValueError:
        raw, spans = "", ()
    if not raw or text[start + len(raw) :].strip(" \t\n\r"):
        # The strict reader knows why this is no JSON, or no list of documents.
        return (read_document(name, text, kind, lenient=True),)
    return tuple(_element(name, text, (span, f"[{index}]"), kind) for index, span in enumerate(spans))


def _element(name: str, text: str, where: tuple[Span, str], kind: AnyKind) -> Document:
    span, path = where
    found = parse(span.raw, guessed(span.raw) if kind == "auto" else kind, lenient=True)
    if isinstance(found, Faults):
        raise unsound(name, tuple(moved(fault, path, text, span.at) for fault in found.items))
    return found


def unsound(name: str, faults: tuple[Fault, ...]) -> UsageError:
    """What is wrong with a file, a line a fault."""
    lines = [_fault_line(shown(name), fault) for fault in faults[:MOST_FAULTS]]
    if len(faults) > MOST_FAULTS:
        lines.append(f"{shown(name)}: and {len(faults) - MOST_FAULTS} more")
    return UsageError("\n".join(lines))


def _fault_line(name: str, fault: Fault) -> str:
    where = f"{name}:{fault.line}:{fault.column}" if fault.line else name
    return f"{where}: {fault.path}: {fault.message}" if fault.path else f"{where}: {fault.message}"


@dataclass(frozen=True, slots=True)
class Formatted:
    """A file's document as it is written canonically; `size` is as AWS counts it."""

    name: str
    kind: Kind
    text: str
    size: int
    statements: int
    is_changed: bool

    @property
    def summary(self) -> str:
        """One line about it."""
        count = "1 statement" if self.statements == 1 else f"{self.statements} statements"
        return f"{shown(self.name)}: {NAMES[self.kind]}, {count}, {self.size:,} characters as AWS counts them"

    def as_data(self) -> dict[str, Any]:
        """The same for `--json`."""
        return {
            "file": self.name,
            "kind": self.kind,
            "size": self.size,
            "statements": self.statements,
            "formatted": not self.is_changed,
            "text": self.text,
        }


def formatted(name: str, text: str, kind: AnyKind, *, compact: bool = False) -> Formatted:
    """The document of a file in its canonical form. Raises UsageError for one that AWS would not take."""
    document = read_document(name, text, kind)
    made = (document.text() if compact else document.pretty()) + "\n"
    # Organizations counts every character, and is sent the shortest form; IAM leaves white space out.
    counted = len(document.text()) if document.kind in ("scp", "rcp") else size(made)
    return Formatted(name, document.kind, made, counted, len(document.statements), made != text)


def rewrite(name: str, text: str) -> None:
    """Make the text the whole of an existing file, or leave the file as it was; its mode stays.

    A symbolic link stays one: the file that it names is replaced. Raises UsageError.
    """
    path = Path(os.path.realpath(name))
    scratch = None
    try:
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            scratch = Path(file.name)
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        scratch.chmod(path.stat().st_mode & 0o7777)
        scratch.replace(path)
    except OSError as error:
        raise UsageError(f"cannot write `{name}`: {error.strerror}; it is as it was") from None
    finally:
        if scratch is not None:
            with suppress(FileNotFoundError):
                scratch.unlink()
