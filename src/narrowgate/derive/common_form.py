"""What two texts have in common, as a pattern: names, ARNs, tag values. Pure.

INVARIANT: a pattern matches both texts, and holds a letter or a digit of each part of a name that it was made from.
"""

from __future__ import annotations

import re
from typing import Final

_PARTS: Final = re.compile("([/:])")
_WORD: Final = re.compile(r"[A-Za-z]{3,}")
_ARN_PARTS: Final = 6


def common_form(one: str, other: str) -> str | None:
    """The narrowest pattern of two ARNs or names; None where they have nothing in common.

    `app-7f3` and `app-91c` are `app-*`. Regions and accounts that differ are `*`. What AWS or a program drew may
    begin alike by chance, so a pattern is cut where a word ends. Of names that AWS chose (its managed policies,
    service-linked roles) there is no pattern: who may name one of them may not therefore name another.
    """
    if one == other:
        return one
    if not (one.startswith("arn:") or other.startswith("arn:")):
        return _name(one, other)
    a, b = one.split(":", _ARN_PARTS - 1), other.split(":", _ARN_PARTS - 1)
    if len(a) != _ARN_PARTS or len(b) != _ARN_PARTS or a[:3] != b[:3] or _is_of_aws(a) or _is_of_aws(b):
        return None
    name = _name(a[5], b[5])
    where = [x if x == y else "*" for x, y in zip(a[3:5], b[3:5], strict=True)]
    return None if name is None else ":".join((*a[:3], *where, name))


def _is_of_aws(arn: list[str]) -> bool:
    return arn[4] == "aws" or arn[5].startswith("role/aws-service-role/")


def _name(one: str, other: str) -> str | None:
    """Part by part where both have the same number; else what they begin with, if that is a whole part at least."""
    a, b = _PARTS.split(one), _PARTS.split(other)
    if len(a) != len(b) or a[1::2] != b[1::2]:
        head = _alike(one, other)
        cut = max(head.rfind("/"), head.rfind(":")) + 1
        # What comes first is the type: what is alike must go beyond it.
        return f"{head[:cut]}*" if sum(part not in ("", "/", ":") for part in _PARTS.split(head[:cut])) > 1 else None
    parts = [_part(x, y) for x, y in zip(a, b, strict=True)]
    return None if any(part is None for part in parts) else "".join(part or "" for part in parts)


def _part(one: str, other: str) -> str | None:
    if one == other:
        return one
    head = _head(one, other)
    tail = _tail(one[len(head) :], other[len(head) :])
    return f"{head}*{tail}" if any(c.isalnum() for c in head + tail) else None


def _head(one: str, other: str) -> str:
    head = _alike(one, other)
    if head in (one, other):
        return head
    cut = next((i for i in range(len(head), 0, -1) if not head[i - 1].isalnum()), 0)
    word = _WORD.match(head)
    return head[:cut] if cut or not word else word[0]


def _tail(one: str, other: str) -> str:
    tail = _alike(one[::-1], other[::-1])[::-1]
    cut = next((i for i, c in enumerate(tail) if not c.isalnum()), len(tail))
    return tail[cut:]


def _alike(one: str, other: str) -> str:
    """What both begin with."""
    end = next((i for i, (x, y) in enumerate(zip(one, other, strict=False)) if x != y), min(len(one), len(other)))
    return one[:end]
