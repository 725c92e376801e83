"""Values of AWS's simple types out of text, and why a value does not fit its type. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, Literal

from narrowgate.adapters.sandbox.shapes import Node
from narrowgate.calls import Value, freeze
from narrowgate.secret import Secret

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
RANGES: Final = {"byte": 7, "short": 15, "integer": 31, "long": 63}
"""The bits of AWS's whole numbers, without the sign."""
_WHOLE: Final = re.compile(r"-?\d{1,19}", re.ASCII)
_REAL: Final = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?|NaN|-?Infinity", re.ASCII)
_BOOLEANS: Final = {"true": True, "false": False}


class Unfit(Exception):
    """A request that does not fit the model: how, where (`tagSet.1.key`), and in words.

    `missing`: a required member is not there. `wrong`: a value of another type. `malformed`: a body that
    cannot be read at all. `unknown`: a parameter that the operation has not.
    """

    def __init__(self, how: Literal["missing", "wrong", "malformed", "unknown"], where: str, why: str = "") -> None:
        super().__init__(how, where, why)
        self.how = how
        self.where = where
        self.why = why


def of_text(node: Node, text: str, where: str) -> Value:
    """The value that a text of a form, a header, a path or an XML element stands for. Raises Unfit."""
    if node.kind == "string":
        return sealed(node, text)
    reader = _READERS.get(node.kind)
    if reader is None:
        raise Unfit("wrong", where, f"a text where a {node.kind} is expected")
    try:
        return sealed(node, reader(node.kind, text))
    except (ValueError, OverflowError):
        raise Unfit("wrong", where, f"'{text[:60]}' is no {node.kind}") from None


def sealed(node: Node, value: Value) -> Value:
    """The value as a Secret where the model or our list calls the member sensitive."""
    if not node.secret:
        return value
    if isinstance(value, bytes):
        return Secret(value.decode("utf-8", "replace"))
    return Secret(value) if isinstance(value, str) else value


def whole(kind: str, number: int) -> int:
    """The number if it fits the type. Raises ValueError."""
    bits = RANGES[kind]
    if not -(1 << bits) <= number < (1 << bits):
        raise ValueError
    return number


def moment(seconds: float) -> str:
    """Seconds since 1970 as ISO text. Raises OverflowError, ValueError."""
    return _iso(EPOCH + timedelta(seconds=seconds))


def timestamp(text: str) -> str:
    """A date of ISO 8601, of HTTP, or in seconds since 1970, as ISO text. Raises ValueError, OverflowError."""
    if _REAL.fullmatch(text):
        return moment(float(text))
    at = parsedate_to_datetime(text) if text[:1].isalpha() else datetime.fromisoformat(text)
    return _iso(at if at.tzinfo else at.replace(tzinfo=UTC))


def blob(text: str) -> bytes:
    """The bytes of a Base64 text. Raises ValueError."""
    return base64.b64decode(text, validate=True)


def _iso(at: datetime) -> str:
    return str(freeze(at))


def _whole(kind: str, text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError
    return whole(kind, int(text))


def _real(_: str, text: str) -> float:
    if not _REAL.fullmatch(text):
        raise ValueError
    return float(text)


def _boolean(_: str, text: str) -> bool:
    if text.lower() not in _BOOLEANS:
        raise ValueError
    return _BOOLEANS[text.lower()]


_READERS: Final[dict[str, Callable[[str, str], Value]]] = {
    **dict.fromkeys(RANGES, _whole),
    "float": _real,
    "double": _real,
    "boolean": _boolean,
    "timestamp": lambda _, text: timestamp(text),
    "blob": lambda _, text: blob(text),
    "character": lambda _, text: text,
}
