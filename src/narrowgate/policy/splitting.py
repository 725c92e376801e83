"""Rules laid out in documents that AWS takes: inline where they fit, else in several managed policies. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
Managed policies are counted at 6,144 characters each and ten a principal, inline policies together.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from narrowgate.policy.document import Document, size
from narrowgate.policy.rule import Rule, document_of, needs_of, size_of, text_of

Holder: TypeAlias = Literal["user", "role", "group"]
"""What the policies are for; the quota of inline policies depends on it."""

Placement: TypeAlias = Literal["inline", "managed"]

INLINE_QUOTA: Final[Mapping[Holder, int]] = MappingProxyType({"user": 2_048, "role": 10_240, "group": 5_120})
MANAGED_QUOTA: Final = 6_144
MOST_MANAGED: Final = 10

_FRAME: Final = len('{"Version":"2012-10-17","Statement":[]}')
_LARGEST: Final = MANAGED_QUOTA - _FRAME
_SHARES: Final = 8


@dataclass(frozen=True, slots=True)
class Layout:
    """Documents, and where they are to be put."""

    documents: tuple[Document, ...]
    placement: Placement


def laid_out(rules: Sequence[Rule], holder: Holder) -> Layout | str:
    """The documents of some rules, or why they do not fit: one inline, or else up to ten managed ones.

    A statement that is longer than a managed policy is split by its actions, by its resources, or by both.
    """
    inline = _documents([rules] if rules else [])
    if sum(size(document.text()) for document in inline) <= INLINE_QUOTA[holder]:
        return Layout(inline, "inline")
    pieces = [piece for rule in rules for piece in _pieces(rule)]
    if any(size_of(piece) > _LARGEST for piece in pieces):
        return f"a statement that cannot be split is longer than a managed policy, {MANAGED_QUOTA} characters"
    groups = _packed(pieces)
    if len(groups) > MOST_MANAGED:
        return f"{len(groups)} managed policies are needed, and a {holder} can have {MOST_MANAGED}"
    return Layout(_documents(groups), "managed")


def _documents(groups: Iterable[Sequence[Rule]]) -> tuple[Document, ...]:
    made = [document_of(sorted(group, key=text_of)) for group in groups]
    return tuple(sorted(made, key=Document.text))


def _packed(rules: Iterable[Rule]) -> list[list[Rule]]:
    """The rules in groups that fit into a managed policy: the longest first, each where it first fits."""
    groups: list[list[Rule]] = []
    lengths: list[int] = []
    for length, rule in sorted(
        ((size_of(rule), rule) for rule in rules), key=lambda pair: (-pair[0], text_of(pair[1]))
    ):
        at = next((at for at, used in enumerate(lengths) if used + length + 1 <= _LARGEST), None)
        if at is None:
            groups.append([rule])
            lengths.append(length)
        else:
            groups[at].append(rule)
            lengths[at] += length + 1
    return groups


def _pieces(rule: Rule) -> list[Rule]:
    """The rule in as few pieces as fit into managed policies, by several shares of room for the resources."""
    if size_of(rule) <= _LARGEST:
        return [rule]
    tried = (_cut_up(rule, share) for share in range(_SHARES, 0, -1))
    fitting = [pieces for pieces in tried if all(size_of(piece) <= _LARGEST for piece in pieces)]
    return min(fitting, key=len, default=[rule])


def _cut_up(rule: Rule, share: int) -> list[Rule]:
    """Pieces whose resources take at most a share of the room, unless they cannot be divided."""
    room = _LARGEST - size_of(rule._replace(actions=frozenset("*"), resources=frozenset("*")))
    resources = _cut(rule.resources, room * share // _SHARES) if _has_parts(rule) else [rule.resources]
    return [
        rule._replace(actions=actions, resources=part)
        for part in resources
        for actions in ([rule.actions] if rule.not_actions else _cut(rule.actions, room - _length(part)))
    ]


def _has_parts(rule: Rule) -> bool:
    """Whether each of the resources may stand by itself: not where only some hold a variable that all need."""
    needed = needs_of(rule)
    return not rule.not_resources and all(
        needs_of(rule._replace(resources=frozenset((text,)))) == needed for text in rule.resources
    )


def _length(texts: Iterable[str]) -> int:
    """The length of a list in JSON, without its brackets and with a comma too many."""
    return sum(size(json.dumps(text, ensure_ascii=False)) + 1 for text in texts)


def _cut(texts: Iterable[str], room: int) -> Iterator[frozenset[str]]:
    """The texts in order, in runs that each take so much room; a text that takes more by itself."""
    run: list[str] = []
    used = 0
    for text in sorted(texts):
        length = _length((text,))
        if run and used + length > room:
            yield frozenset(run)
            run, used = [], 0
        run.append(text)
        used += length
    yield frozenset(run)
