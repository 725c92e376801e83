"""ARNs: their six parts, and the wildcard match of IAM patterns. Pure.

Only `*` and `?` are wild; every other character is itself.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

PARTITIONS: Final = (
    "aws",
    "aws-cn",
    "aws-eusc",
    "aws-iso",
    "aws-iso-b",
    "aws-iso-e",
    "aws-iso-f",
    "aws-us-gov",
)
"""Every partition that botocore's endpoint data knows."""

# A colon inside `${aws:PrincipalAccount}` separates nothing.
_SEPARATOR = re.compile(r"\$\{[^{}]*+\}|(:)")


@dataclass(frozen=True, slots=True)
class Arn:
    """`arn:partition:service:region:account:resource`; each part may be a pattern."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


def parse_arn(text: str) -> Arn | None:
    """The six parts of an ARN or an ARN pattern; None where there are fewer, or no `arn:`.

    Colons beyond the fifth belong to the resource; colons in a policy variable separate nothing.
    Whether the parts make sense is not asked here.
    """
    cuts: list[int] = []
    for found in _SEPARATOR.finditer(text):
        if found.group(1):
            cuts.append(found.start())
        if len(cuts) == 5:
            break
    if len(cuts) < 5 or text[: cuts[0]] != "arn":
        return None
    bounds = [*cuts, len(text)]
    return Arn(*(text[a + 1 : b] for a, b in pairwise(bounds)))


def is_pattern(text: str) -> bool:
    """Whether the text has a wildcard."""
    return "*" in text or "?" in text


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern, in which `*` is any text and `?` any one character, is all of the text.

    Case-sensitive; nothing else is special, so a policy variable must be replaced before. Each
    piece between stars is looked for once from the left, which needs no backtracking.
    """
    if "*" not in pattern:
        return len(pattern) == len(text) and _agrees(pattern, text, 0)
    head, *middle, tail = pattern.split("*")
    end = len(text) - len(tail)
    if len(head) > end or not (_agrees(head, text, 0) and _agrees(tail, text, end)):
        return False
    at = len(head)
    for piece in middle:
        at = _find(piece, text, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


def _agrees(piece: str, text: str, at: int) -> bool:
    """Whether the piece, without stars, is what stands at `at`; it must fit."""
    if "?" not in piece:
        return text.startswith(piece, at)
    return all(p in ("?", text[at + i]) for i, p in enumerate(piece))


def _find(piece: str, text: str, start: int, end: int) -> int:
    """The first place in text[start:end] where the piece stands, or -1."""
    if "?" not in piece:
        return text.find(piece, start, end)
    anchor = max(piece.split("?"), key=len)
    offset = piece.find(anchor)
    last = end - len(piece)
    at = start
    while at <= last:
        hit = text.find(anchor, at + offset, last + offset + len(anchor))
        if hit < 0:
            return -1
        if _agrees(piece, text, hit - offset):
            return hit - offset
        at = hit - offset + 1
    return -1
