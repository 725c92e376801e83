"""Edit one section of an INI file and leave every other byte alone. Pure.

What a line means follows Python's configparser as botocore uses it, because that is what AWS's
tools read with: only whole lines are comments, and a line indented deeper than its option goes on
with the option, even where it looks like a header.
"""

from __future__ import annotations

import configparser
import io
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from narrowgate.adapters.sinks._file import newline_of, text_of

HEADER: Final = re.compile(r"\[(?P<name>.+)\]")
OPTION: Final = re.compile(r"(?P<name>.*?)\s*(?:[=:]\s*.*)$")


@dataclass(frozen=True, slots=True)
class Line:
    """One line with its ending, the section it is in, and what it is.

    `option` is the option that it sets or goes on with; a header, comment or blank line has none.
    """

    raw: str
    section: str | None
    option: str | None = None
    header: bool = False

    @property
    def text(self) -> str:
        """The line without surrounding white space."""
        return self.raw.strip()

    @property
    def indent(self) -> str:
        """The white space that it begins with."""
        return self.raw[: len(self.raw) - len(self.raw.lstrip())]

    @property
    def newline(self) -> str:
        """How it ends; the last line may not."""
        return self.raw[len(self.raw.rstrip("\r\n")) :]


def parse(content: bytes) -> dict[str, dict[str, str]] | None:
    """The sections and their options as botocore reads them; None where it could not."""
    text = text_of(content)
    if text is None:
        return None
    parser = configparser.RawConfigParser()
    try:
        parser.read_file(io.StringIO(text, newline=None))
    except configparser.Error:  # it quotes the line, perhaps a secret: the caller raises its own
        return None
    sections = {name: dict(parser.items(name)) for name in parser.sections()}
    values = (value for options in sections.values() for value in options.values())
    nested = (line for value in values if value.startswith("\n") for line in value.splitlines())
    return sections if all("=" in line for line in nested if line.strip()) else None


def comments(content: bytes, section: str) -> tuple[str, ...]:
    """The comments inside the section, without surrounding white space."""
    lines = scan(content)
    return tuple(line.text for line in lines if line.section == section and line.text.startswith(("#", ";")))


def remove(content: bytes, section: str, options: Collection[str], comment: str) -> bytes:
    """The bytes without these options of the section, nor its comments that begin with `comment`."""
    return _join(
        line
        for line in scan(content)
        if line.section != section or not (line.option in options or line.text.startswith(comment))
    )


def insert(content: bytes, section: str, texts: Collection[str]) -> bytes:
    """The bytes with these lines first in the section, which is added at the end where there is none."""
    lines = list(scan(content))
    at = next((i for i, line in enumerate(lines) if line.header and line.section == section), None)
    if at is None:
        newline = (lines[-1].newline if lines else "") or newline_of(content)
        begun = _ended(content, newline)
        gap = newline if begun else ""
        return begun + (gap + f"[{section}]{newline}" + "".join(t + newline for t in texts)).encode()
    newline = lines[at].newline or newline_of(content)
    # As deep as what follows: deeper lines after ours would go on with our last option.
    follower = next((line for line in lines[at + 1 :] if line.option or line.header), None)
    indent = follower.indent if follower else ""
    head = _ended(_join(lines[: at + 1]), newline)
    return head + "".join(indent + text + newline for text in texts).encode() + _join(lines[at + 1 :])


def prune(content: bytes, section: str) -> bytes:
    """The bytes without the section, and the blank line before it, where the section is empty."""
    lines = list(scan(content))
    inside = [i for i, line in enumerate(lines) if line.section == section]
    if any(lines[i].text and not lines[i].header for i in inside):
        return content
    gone = {i for i in inside if lines[i].header}
    gone |= {i - 1 for i in gone if i and not lines[i - 1].text}
    return _join(line for i, line in enumerate(lines) if i not in gone)


def scan(content: bytes) -> Iterator[Line]:
    """Every line of the bytes, in order; joined again they are the same bytes."""
    section: str | None = None
    option: str | None = None
    level = 0
    for raw in re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z", text_of(content) or ""):
        text, depth = raw.strip(), len(raw) - len(raw.lstrip())
        if not text or text.startswith(("#", ";")):
            yield Line(raw, section)
        elif option is not None and depth > level:
            yield Line(raw, section, option)
        elif header := HEADER.match(text):
            section, option, level = header["name"], None, depth
            yield Line(raw, section, header=True)
        else:
            found = OPTION.match(text)
            option, level = found["name"].rstrip().lower() if found else "", depth
            yield Line(raw, section, option)


def _join(lines: Iterator[Line] | list[Line]) -> bytes:
    return "".join(line.raw for line in lines).encode()


def _ended(content: bytes, newline: str) -> bytes:
    return content + newline.encode() if content and not content.endswith((b"\n", b"\r")) else content
