"""A box minus boxes: is there a request in the first that lies in none of the others? Pure.

A box is a set of resources and, for some keys, a set of states (see `theory`). To lie outside a box is
to fail it on one side: so the search chooses a side for each of the others, the ones with the least
choice first, and gives up a branch as soon as a key has no state left or no resource does.
INVARIANT: if the search ends without an answer and within its limit, there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from narrowgate.policy import pattern
from narrowgate.policy.pattern import Pattern, Undecided

MOST_WORK: Final = 100_000
"""Covers looked at in one search, over all its branches."""

MOST_WORK_IN_ALL: Final = 1_000_000
"""Covers looked at in all searches that share a budget."""

_KEYS_A_COVER: Final = 8
"""Keys whose domains take about as long to copy as one cover."""

_PAIRS_A_COVER: Final = 8
"""Pairs of patterns that take about as long as one cover."""

MOST_PATTERNS: Final = 1_000_000
"""Pairs of a pattern that is wanted and one that is not, in one question about resources."""

Domains: TypeAlias = Mapping[str, int]
"""For each key the set of states that are still possible."""


class Region(NamedTuple):
    """Resources that a pattern of every group matches and none of the others, and the states of keys."""

    groups: tuple[tuple[Pattern, ...], ...]
    without: tuple[Pattern, ...]
    domains: Domains


class Cover(NamedTuple):
    """A box to stay outside of. `resources` is None for all of them; `complement`: all but those.

    `needs`: for each key the states in which the box holds.
    """

    resources: tuple[Pattern, ...] | None
    complement: bool
    needs: tuple[tuple[str, int], ...]


class Found(NamedTuple):
    """A resource outside of all boxes, and the states of keys that go with it."""

    resource: str
    domains: Domains


class GaveUp(NamedTuple):
    """The search could not be finished."""

    why: str


@dataclass(slots=True)
class Budget:
    """Work that the searches of one comparison may still do together."""

    left: int = MOST_WORK_IN_ALL

    @property
    def is_spent(self) -> bool:
        """Whether there is none left."""
        return self.left <= 0


def outside(region: Region, covers: Sequence[Cover], budget: Budget) -> Iterator[Found | GaveUp]:
    """Points of the region that lie in no cover, different branches of the search, as many as are asked for.

    Ends when there are no more; GaveUp comes last, where a limit was hit.
    """
    # Branches are made one at a time: each has a copy of the domains.
    stack: list[Iterator[tuple[Region, tuple[Cover, ...]]]] = [iter([(region, tuple(covers))])]
    reserve = budget.left - MOST_WORK
    undecided = False
    while stack:
        branch = next(stack[-1], None)
        if branch is None:
            stack.pop()
            continue
        budget.left -= 1 + len(branch[1]) + len(region.domains) // _KEYS_A_COVER
        if budget.left <= max(0, reserve):
            yield GaveUp("the conditions and resources leave too many cases")
            return
        narrowed = _narrowed(*branch)
        if narrowed is None:
            continue
        region, open_covers = narrowed
        resource = _resource(region, open_covers, budget)
        if isinstance(resource, Undecided):
            undecided = True
        elif isinstance(resource, str):
            yield Found(resource, region.domains)
        if resource is not None and open_covers:
            stack.append(_branches(region, open_covers))
    if undecided:
        yield GaveUp("the patterns of the resources leave too many cases")


def _narrowed(region: Region, covers: tuple[Cover, ...]) -> tuple[Region, tuple[Cover, ...]] | None:
    """The region after every choice that is forced; None where a cover leaves nothing of it."""
    domains = dict(region.domains)
    groups, without = list(region.groups), list(region.without)
    todo = list(covers)
    changed = True
    while changed:
        changed = False
        left: list[Cover] = []
        for cover in todo:
            sides = _sides(cover, domains)
            if sides is None:
                continue
            if cover.resources is None and len(sides) == 1:
                key, states = sides[0]
                domains[key] = states
                changed = True
            elif cover.resources is not None and not sides:
                _leave(cover, groups, without)
            elif not sides:
                return None
            else:
                left.append(cover)
        todo = left
    return Region(tuple(groups), tuple(without), domains), tuple(todo)


def _sides(cover: Cover, domains: Domains) -> list[tuple[str, int]] | None:
    """The keys by which the region can leave the cover, and the states left then; None: it is outside."""
    sides = []
    for key, holding in cover.needs:
        possible = domains[key]
        if not possible & holding:
            return None
        if rest := possible & ~holding:
            sides.append((key, rest))
    return sides


def _leave(cover: Cover, groups: list[tuple[Pattern, ...]], without: list[Pattern]) -> None:
    """Adds that the resource is not one of the cover's."""
    if cover.complement:
        groups.append(cover.resources or ())
    else:
        without.extend(cover.resources or ())


def _resource(region: Region, covers: tuple[Cover, ...], budget: Budget) -> str | Undecided | bool | None:
    """A resource outside of all covers; True where there is one in the region, but keys have to choose."""
    groups, without = list(region.groups), list(region.without)
    if all(cover.resources is not None for cover in covers):
        for cover in covers:
            _leave(cover, groups, without)
        found = _find(groups, without, budget)
        if not covers or isinstance(found, str):
            return found
    found = _find(region.groups, region.without, budget)
    return True if isinstance(found, str) else found


def _find(groups: Sequence[tuple[Pattern, ...]], without: Sequence[Pattern], budget: Budget) -> str | Undecided | None:
    pairs = len(without) * sum(map(len, groups))
    if pairs > MOST_PATTERNS:
        return Undecided(0)
    budget.left -= pairs // _PAIRS_A_COVER
    found = pattern.find(groups, without)
    if found is not None or len(groups) < 2 or not any(each.variables for group in groups for each in group):
        return found
    # A variable may stand for what the other groups ask for: only the first is sure to be needed.
    return pattern.find(groups[:1], without)


def _branches(region: Region, covers: tuple[Cover, ...]) -> Iterator[tuple[Region, tuple[Cover, ...]]]:
    """One branch for each way to leave the cover with the fewest of them."""
    cover = min(covers, key=lambda each: len(each.needs) + (each.resources is not None))
    others = tuple(each for each in covers if each is not cover)
    for key, states in reversed(_sides(cover, region.domains) or ()):
        yield Region(region.groups, region.without, {**region.domains, key: states}), others
    if cover.resources is not None:
        groups, without = list(region.groups), list(region.without)
        _leave(cover, groups, without)
        yield Region(tuple(groups), tuple(without), region.domains), others
