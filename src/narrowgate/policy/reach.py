"""What statements reach of a resource type: some of it, all of it, or nothing. Pure.

A type is the set of ARNs that its patterns allow. Two readings meet: a Resource pattern is compared
with the ARN part by part; and where one of its early stars ends its segment it may also run over
colons, as long as no name in the ARN has a colon of its own. Without that proviso every ARN that
ends in an open name would belong to every type.

INVARIANT: where the search gives up, some is claimed and all is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from narrowgate.policy import pattern
from narrowgate.policy.pattern import Pattern

NO_RESOURCE: Final = ("*",)
"""The ARNs of an action without resource types: its resource is the text `*` itself."""

LIMIT: Final = 1_000
"""Sets of states after which a search gives up; all that AWS's own policies need is far below."""

_VARIABLE: Final = re.compile(r"\$\{[^{}]*\}")
_RELATIONS_KEPT: Final = 32_768


@dataclass(frozen=True, slots=True)
class Reach:
    """The resources of one statement. `sure`: whenever they match, the statement does.

    `variables`: whether `${...}` in them is a policy variable.
    """

    allows: bool
    texts: tuple[str, ...]
    negated: bool = False
    sure: bool = True
    variables: bool = False
    everything: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "everything", not self.negated and any(not text.strip("*") for text in self.texts))

    @property
    def surely(self) -> tuple[Pattern, ...]:
        """What the texts match whatever the variables are."""
        return tuple(pattern.resource(text, variables=self.variables) for text in self.texts)

    @property
    def opened(self) -> tuple[str, ...]:
        """The texts with a star for every variable: no less than they can match."""
        if not self.variables or not any("${" in text for text in self.texts):
            return self.texts
        return tuple(_VARIABLE.sub("*", text) for text in self.texts)

    def possibly(self, arns: tuple[str, ...]) -> tuple[Pattern, ...]:
        """What the texts match of a type, for some values of the variables; texts apart from it are left out."""
        near = [text for text in self.opened if any(_may_meet(arn, text) for arn in arns)]
        if arns == NO_RESOURCE:
            return tuple(map(pattern.resource, near))
        over = [text for text in near if any(_may_run_over(arn, text) for arn in arns)]
        return (*map(pattern.arn, near), *map(pattern.resource, over))


class Verdict(NamedTuple):
    """Of one type: whether some request is allowed, whether sure Allows cover it, whether a Deny touches it."""

    some: bool
    covered: bool
    touched: bool


def verdict(arns: tuple[str, ...], reaches: Sequence[Reach], partitions: Sequence[str]) -> Verdict:
    """What statements that all select the action make of one of its types.

    `partitions`: covered means in one of them; a principal has one, and it is not known which.
    """
    allows = [reach for reach in reaches if reach.allows]
    denies = [reach for reach in reaches if not reach.allows]
    sure = [reach for reach in denies if reach.sure]
    return Verdict(
        any(_allowed(arns, reach, sure) for reach in allows),
        any(_covered(_within(arns, partition), [a for a in allows if a.sure]) for partition in partitions),
        any(_allowed(arns, reach, ()) for reach in denies),
    )


def _find(wanted: Sequence[Sequence[Pattern]], unwanted: Sequence[Pattern]) -> bool:
    """Whether a text is in every wanted group and in no unwanted pattern, as far as the search can tell."""
    return pattern.find(wanted, unwanted, limit=LIMIT) is not None


def _within(arns: tuple[str, ...], partition: str) -> tuple[str, ...]:
    return tuple(arn.replace("arn:*:", f"arn:{partition}:", 1) for arn in arns)


def _allowed(arns: tuple[str, ...], allow: Reach, denies: Sequence[Reach]) -> bool:
    """Whether a resource of the type is in the one and in none of the others."""
    if not denies and not allow.negated:
        return any(meets(arn, text) for arn in arns for text in allow.opened)
    unwanted = [p for deny in denies if not deny.negated for p in deny.surely]
    groups = [deny.possibly(arns) for deny in denies if deny.negated]
    if allow.negated:
        return _find([_types(arns), *groups], [*unwanted, *allow.surely])
    return any(
        _find([*wanted, *groups], [*unwanted, *avoided])
        for arn in arns
        for text in allow.opened
        for wanted, avoided in _common(arn, text)
    )


def _covered(arns: tuple[str, ...], allows: Sequence[Reach]) -> bool:
    if any(allow.everything for allow in allows):
        return True
    wanted = [_types(arns), *(allow.possibly(arns) for allow in allows if allow.negated)]
    texts = [(text, allow.variables) for allow in allows if not allow.negated for text in allow.texts]
    near = [(text, v) for text, v in texts if (v and "${" in text) or any(_may_meet(arn, text) for arn in arns)]
    if not near and len(wanted) == 1:
        return False
    return not _find(wanted, [pattern.resource(text, variables=v) for text, v in near])


@lru_cache(maxsize=_RELATIONS_KEPT)
def meets(arn: str, text: str) -> bool:
    """Whether a resource of a type's ARN pattern may match a Resource pattern without variables."""
    return any(_find(*question) for question in _common(arn, text))


_Question: TypeAlias = tuple[list[tuple[Pattern, ...]], list[Pattern]]


def _common(arn: str, text: str) -> Iterator[_Question]:
    """What to ask of `find` for the common texts of a type's ARN and a Resource pattern; nothing if there are none."""
    types = _types((arn,))
    if not text.strip("*"):
        yield [types], []
    elif (arn,) == NO_RESOURCE:
        yield [types, (pattern.resource(text),)], []
    else:
        if not _are_apart(arn, text):
            yield [types, (pattern.arn(text),)], []
        if _may_run_over(arn, text):
            crowded = pattern.glob("*" + ":*" * (arn.count(":") + 1))
            yield [types, (pattern.resource(text),)], [crowded]


@lru_cache(maxsize=_RELATIONS_KEPT)
def _types(arns: tuple[str, ...]) -> tuple[Pattern, ...]:
    return (pattern.exact("*"),) if arns == NO_RESOURCE else tuple(map(pattern.arn, arns))


@lru_cache(maxsize=_RELATIONS_KEPT)
def _may_meet(arn: str, text: str) -> bool:
    """False where a look proves that the two have nothing in common; most pairs end here."""
    if not text.strip("*"):
        return True
    if (arn,) == NO_RESOURCE:
        return text[:1] in ("*", "?")
    return not _are_apart(arn, text) or _may_run_over(arn, text)


def _are_apart(arn: str, text: str) -> bool:
    """Whether the beginnings of their parts show that they differ, part by part."""
    pairs = zip(arn.split(":", 5), text.split(":", 5), strict=False)
    return any(_differ(_beginning(one), _beginning(other)) for one, other in pairs)


def _may_run_over(arn: str, text: str) -> bool:
    early = text.split(":")[:5]
    return arn.count(":") > min(text.count(":"), 5) and any(part.endswith("*") for part in early)


def _beginning(part: str) -> tuple[str, bool]:
    """The text before the first wildcard, and whether that is all."""
    cut = min((at for at in (part.find("*"), part.find("?")) if at >= 0), default=len(part))
    return part[:cut], cut == len(part)


def _differ(one: tuple[str, bool], other: tuple[str, bool]) -> bool:
    (head, whole), (second, complete) = one, other
    if len(head) > len(second) or (len(head) == len(second) and whole):
        head, whole, second, complete = second, complete, head, whole
    return not second.startswith(head) or (whole and complete and head != second)
