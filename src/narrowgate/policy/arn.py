"""ARNs: their six parts, and the wildcard match of IAM patterns. Pure.

Only `*` and `?` are wild; every other character is itself.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
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
# Up to so many comparisons, trying place by place is faster than the bits.
_SMALL: Final = 8_192


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
    if "${" not in text:
        head, *parts = text.split(":", 5)
        return Arn(*parts) if head == "arn" and len(parts) == 5 else None
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
    piece between stars is looked for once from the left, which needs no backtracking. Linear in the
    text and in the pattern; a piece with `?` costs the product of both, 64 places in one step.
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
    if len(piece) * (end - start) > _SMALL:
        return _sifted(piece, text, start, end)
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


def _sifted(piece: str, text: str, start: int, end: int) -> int:
    """The same for long ones: many places at once, of which each character of the piece leaves some."""
    offsets: dict[str, list[int]] = {}
    for offset, char in enumerate(piece):
        if char != "?":
            offsets.setdefault(char, []).append(offset)
    step = max(len(piece), 64)
    for at in range(start, end - len(piece) + 1, step):
        places = min(step, end - len(piece) + 1 - at)
        if left := _left(offsets, text[at : at + places + len(piece) - 1], places):
            return at + (left & -left).bit_length() - 1
    return -1


def _left(offsets: Mapping[str, Sequence[int]], text: str, places: int) -> int:
    """The places, as bits, at which every character of the piece stands at its offsets."""
    found: dict[str, list[int]] = {char: [] for char in offsets}
    for at, char in enumerate(text):
        if char in found:
            found[char].append(at)
    left = (1 << places) - 1
    # The rarest characters first: they leave the least.
    for char in sorted(found, key=lambda each: len(found[each])):
        bits = _bits(found[char], len(text))
        for offset in offsets[char]:
            left &= bits >> offset
            if not left:
                return 0
    return left


def _bits(places: Iterable[int], size: int) -> int:
    made = bytearray(size // 8 + 1)
    for place in places:
        made[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(made, "little")
