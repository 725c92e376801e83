"""Evidence: calls that somebody made, or will make, with every request that AWS decides for each. Pure.

INVARIANT: nothing is left out in silence: a call is a Use, or a LeftOut that says why it is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from narrowgate.calls import strings
from narrowgate.catalogue.authorization import Authorization, UnknownOperation, effects_of, requests_of
from narrowgate.catalogue.facts import Facts, Place, nothing_known
from narrowgate.catalogue.rule import Made
from narrowgate.derive.known import Known
from narrowgate.derive.scope import pinned_values
from narrowgate.happening import PHASES, Happening
from narrowgate.policy.actions import ActionList


@dataclass(frozen=True, slots=True)
class Use:
    """A call with what AWS decides for it. `mechanical`: by general rules of the catalogue."""

    happening: Happening
    authorizations: tuple[Authorization, ...]
    mechanical: bool = False

    @property
    def name(self) -> str:
        """`ec2:CreateVpc`."""
        return self.happening.call.name


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something of the source that no policy was derived from, and why, in a sentence."""

    what: str
    why: str
    source: str = ""
    serious: bool = True
    """Whether the derived policy may lack something because of it; a call that AWS refused is not needed."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where happenings come from: whose calls they are, what of the source is no happening, what it cannot tell."""

    whose: str
    left_out: tuple[LeftOut, ...] = ()
    blind: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of the calls of one program in one account.

    `whose`: whose calls they are, for every claim that rests on them: `narrowgate's own setup`. `made`: what
    the calls made, by ARN, with the tags it got; `drawn`: for what of it AWS drew the id, the pattern of its ARN.
    `blind`: what a source of this kind cannot tell.
    """

    whose: str
    place: Place
    uses: tuple[Use, ...]
    left_out: tuple[LeftOut, ...] = ()
    made: Mapping[str, Made] = field(default_factory=lambda: MappingProxyType({}))
    drawn: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    blind: tuple[str, ...] = ()

    @property
    def phases(self) -> tuple[str, ...]:
        """The phases that occur, in the order of a life; others after them."""
        found = {use.happening.phase for use in self.uses}
        known = [phase for phase in PHASES if phase in found]
        return (*known, *sorted(found.difference(known)))


def evidence_of(
    happenings: Iterable[Happening],
    place: Place,
    origin: Origin,
    *,
    actions: ActionList | None = None,
    facts: Facts = nothing_known,
) -> Evidence:
    """The evidence of calls in their order; each sees what those before it made.

    `facts`: what is known of resources that none of the calls made. `place` is the account's; each call's region
    is its own.
    """
    known = Known(facts)
    uses: list[Use] = []
    missing = list(origin.left_out)
    for happening in happenings:
        there = Place(place.partition, place.account, happening.region or place.region)
        if happening.failed:
            missing.append(_refused(happening))
            continue
        asked = requests_of(happening.call, there, known, actions)
        if isinstance(asked, UnknownOperation):
            missing.append(LeftOut(happening.call.name, str(asked), happening.source))
            continue
        if odd := _read_as_pattern(happening, asked.authorizations):
            why = f"it names `{odd}`, which a policy reads as a pattern: no grant is made of it"
            missing.append(LeftOut(happening.call.name, why, happening.source))
            continue
        uses.append(Use(happening, asked.authorizations, asked.mechanical))
        if happening.without_effect:
            continue
        made = effects_of(happening.call, there, known)
        assert not isinstance(made, UnknownOperation)
        known.learn(made, happening.reply, happening.address)
    return Evidence(origin.whose, place, tuple(uses), tuple(missing), known.made, known.drawn, origin.blind)


_PATTERN: Final = re.compile(r"[*?]|\$\{")


def _read_as_pattern(happening: Happening, asked: Iterable[Authorization]) -> str:
    """A text of the call that would be a wildcard or a variable in a policy; "" where none gets there."""
    odd = [text for text in strings(happening.call.params) if _PATTERN.search(text)]
    if not odd:
        return ""
    told = {each.resource for each in asked} | {text for each in asked for text in pinned_values(each)}
    return next((text for text in odd if any(text in each for each in told)), "")


def together(whose: str, *parts: Evidence) -> Evidence:
    """One evidence of several of one account. Raises ValueError for another account or partition."""
    places = {(part.place.partition, part.place.account) for part in parts}
    if len(places) != 1:
        raise ValueError(f"evidence of {len(places)} accounts cannot be taken together")
    made: dict[str, Made] = {}
    drawn: dict[str, str] = {}
    for part in parts:
        made |= part.made
        drawn |= part.drawn
    return Evidence(
        whose,
        parts[0].place,
        tuple(use for part in parts for use in part.uses),
        tuple(dict.fromkeys(each for part in parts for each in part.left_out)),
        MappingProxyType(made),
        MappingProxyType(drawn),
        tuple(dict.fromkeys(each for part in parts for each in part.blind)),
    )


def _refused(happening: Happening) -> LeftOut:
    why = f"AWS answered {happening.failed}: what failed is not needed"
    return LeftOut(happening.call.name, why, happening.source, serious=False)
