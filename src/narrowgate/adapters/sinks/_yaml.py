"""Edit values of a YAML document and keep its other keys and comments. Pure.

ruamel.yaml is imported where it is used: it is slow to load, and most runs never need it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from ruamel.yaml import YAML

Path: TypeAlias = Sequence[str]
Document: TypeAlias = Any
"""ruamel's commented mapping."""

MARKED: Final = re.compile(rb"^([ \t]*access_key_id:.*?)[ \t]*#?[ \t]*narrowgate: \S+ key \S+[ \t]*(?=\r?$)", re.M)
FIRST_INDENT: Final = re.compile(r"^[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\n(?:[ \t]*(?:#[^\n]*)?\n)*( +)[^\s#-]", re.M)
FIRST_LIST: Final = re.compile(r"^( *)[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\n(?:[ \t]*(?:#[^\n]*)?\n)*\1( *)- ", re.M)


def load(text: str | None) -> Document | None:
    """The document, an empty one for an empty text; None where it is not one mapping."""
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import YAMLError

    if text is None:
        return None
    try:
        document = _yaml(text).load(text.replace("\r\n", "\n"))
    except (YAMLError, ValueError, TypeError, NotImplementedError, RecursionError):
        return None  # their messages quote the text, perhaps a secret
    if document is None:
        return CommentedMap()
    return document if isinstance(document, CommentedMap) else None


def dump(document: Document, *, like: str) -> str:
    """The document as text, indented as the text `like` is; a `like` of comments alone stays on top."""
    out = io.StringIO()
    _yaml(like).dump(document, out)
    only_comments = all(not line.strip() or line.lstrip().startswith("#") for line in like.splitlines())
    head = like.replace("\r\n", "\n") if only_comments else ""
    return head + ("\n" if head and not head.endswith("\n") else "") + out.getvalue()


def at(document: Document, path: Path) -> Any:
    """The value at the path; None where there is none."""
    for key in path:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def text_at(document: Document, path: Path) -> str:
    """The value at the path as text; the empty string where there is none."""
    value = at(document, path)
    return "" if value is None or isinstance(value, dict | list) else str(value)


def blocked(document: Document, *, maps: Iterable[Path] = (), lists: Iterable[Path] = ()) -> Path | None:
    """The first path where something stands that is neither absent, nor null, nor what is wanted."""
    prefixes = (path[:end] for path in maps for end in range(1, len(path) + 1))
    wrong_maps = (p for p in prefixes if not isinstance(at(document, p), dict | None))
    wrong_lists = (p for p in lists if not isinstance(at(document, p), list | None))
    return next(wrong_maps, None) or next(wrong_lists, None)


def set_text(document: Document, path: Path, value: str | None, *, blank: str = "") -> None:
    """Set the text at the path, quoted so that every YAML version reads it as text.

    None leaves what is there; where nothing is, it makes an empty string with the comment `blank`.
    """
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString as Quoted

    parent, key = _parent(document, path), path[-1]
    if value is not None:
        parent[key] = Quoted(value)
        _uncomment(parent, key, blank)
    elif parent.get(key) is None:
        parent[key] = Quoted("")
        if key not in parent.ca.items:
            parent.yaml_add_eol_comment(blank, key)


def set_items(document: Document, path: Path, items: Iterable[str]) -> None:
    """Make these the whole list at the path."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString as Quoted

    wanted = list(items)
    if at(document, path) != wanted:
        _parent(document, path)[path[-1]] = [Quoted(item) for item in wanted]


def add_items(document: Document, path: Path, items: Iterable[str]) -> None:
    """Add those of the items that the list at the path lacks."""
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString as Quoted

    parent, key = _parent(document, path), path[-1]
    if parent.get(key) is None:
        parent[key] = []
    parent[key].extend(Quoted(item) for item in items if item not in parent[key])


def marked(text: str, mark: str) -> bool:
    """Whether a line ends with our mark."""
    return any(line.rstrip().endswith(mark) for line in text.splitlines())


def unmarked(content: bytes) -> bytes:
    """The text without any mark of ours."""
    return MARKED.sub(rb"\1", content)


def with_mark(text: str, key_id: str, mark: str) -> str:
    """The text with the mark behind the key id, after a comment that stands there."""
    line = re.compile(rf'^([ \t]*access_key_id: "{re.escape(key_id)}")(.*)$', re.M)
    return line.sub(lambda m: f"{m[1]}{m[2]} {mark}" if "#" in m[2] else f"{m[1]} # {mark}", text, count=1)


def _parent(document: Document, path: Path) -> Any:
    from ruamel.yaml.comments import CommentedMap

    for key in path[:-1]:
        if document.get(key) is None:
            document[key] = CommentedMap()
        document = document[key]
    return document


def _uncomment(parent: Any, key: str, blank: str) -> None:
    tokens = parent.ca.items.get(key)
    if blank and tokens and tokens[2] and tokens[2].value.strip() == f"# {blank}":
        del parent.ca.items[key]


def _yaml(like: str) -> YAML:
    from ruamel.yaml import YAML

    text = like.replace("\r\n", "\n")
    indent, items = FIRST_INDENT.search(text), FIRST_LIST.search(text)
    mapping = len(indent[1]) if indent else 2
    offset = len(items[2]) if items else 2
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = 2**16  # never fold a line
    yaml.indent(mapping=mapping, sequence=offset + 2, offset=offset)
    return yaml
