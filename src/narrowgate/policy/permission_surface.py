"""How much the policies of one principal allow, as numbers, and the names behind each number. Pure.

INVARIANT: one more Allow lowers no number, one more Deny raises none.

Counted are pairs of an action and one of its resource types (an action without types is one pair).
*Some*: a request is allowed, its conditions met. A Deny takes that away only where it cannot be
avoided: without conditions and variables, on all that is allowed. *Full*: every request is allowed,
any region, account and name; a Deny that may touch any of it takes that away. Where a search gives up
(see `reach.LIMIT`; no policy of AWS's own comes near), some is claimed and full is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import NamedTuple

from narrowgate.policy.actions import ActionList, bitset, positions
from narrowgate.policy.arn import PARTITIONS
from narrowgate.policy.clause import Clause, Policy, policies_of
from narrowgate.policy.condition import parse_operator
from narrowgate.policy.decision import Switches
from narrowgate.policy.document import Document
from narrowgate.policy.pairs import Pair, Pairs, pairs_of
from narrowgate.policy.predicate import holds
from narrowgate.policy.reach import Reach, Verdict, verdict
from narrowgate.policy.service import LEVELS, Level
from narrowgate.policy.variable import template


class Counts(NamedTuple):
    """Of one access level: actions allowed in some request, and pairs allowed in some and in full."""

    level: Level
    actions: int
    some: int
    full: int


@dataclass(frozen=True, slots=True)
class Surface:
    """What policies allow. `some`, `full`: bitsets of pairs; `open`: of actions, see `unrestricted`.

    `unknown` are action patterns of Allows that name no known action: what they allow is not counted.
    `not_evaluable` are the statements (document, statement) with a condition that AWS does not have:
    such an Allow counts as nothing, such a Deny as one with conditions.
    """

    known: ActionList = field(repr=False)
    some: int
    full: int
    open: int
    unknown: tuple[str, ...] = ()
    not_evaluable: tuple[tuple[int, int], ...] = ()

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions that some request is allowed to make."""
        return self.known.chosen(self._pairs.actions_of(self.some))

    @property
    def counts(self) -> tuple[Counts, ...]:
        """The numbers of every access level, from List to Permissions management."""
        return tuple(self._count(level) for level in LEVELS)

    def actions_at(self, level: Level) -> tuple[str, ...]:
        """The actions of a level that some request is allowed to make."""
        return self.known.chosen(self._pairs.actions_of(self.some & self._pairs.at[level]))

    def pairs(self, *, full: bool = False) -> tuple[Pair, ...]:
        """The pairs allowed in some request, or in full; reads the details of their services."""
        return tuple(map(self._pairs.pair, positions(self.full if full else self.some)))

    @property
    def unrestricted(self) -> tuple[str, ...]:
        """Actions that change something, allowed on every resource without a condition.

        Allows without conditions cover all of every type, in one partition. A Deny counts only where
        it leaves nothing: one that names a single resource does not make the rest harmless.
        """
        return self.known.chosen(self.open)

    @property
    def scopable_by_type(self) -> tuple[str, ...]:
        """Those of `unrestricted` that AWS could scope by resource: they have a resource type."""
        return self.known.chosen(self.open & self._pairs.typed)

    @property
    def scopable_by_key(self) -> tuple[str, ...]:
        """Those of `unrestricted` that AWS could scope by a condition key of their own.

        Own are the keys of the action's rows in the reference, of the action and for its types, but
        not global keys (`aws:...`), nor keys that are only listed for a type in general.
        """
        return self.known.chosen(self.open & self._pairs.keyed)

    @property
    def scopable(self) -> tuple[str, ...]:
        """Those of `unrestricted` that AWS could scope either way."""
        return self.known.chosen(self.open & (self._pairs.typed | self._pairs.keyed))

    @property
    def _pairs(self) -> Pairs:
        return self.known.once(pairs_of)

    def _count(self, level: Level) -> Counts:
        some = self.some & self._pairs.at[level]
        actions = self._pairs.actions_of(some)
        return Counts(level, actions.bit_count(), some.bit_count(), (self.full & some).bit_count())


@dataclass(frozen=True, slots=True)
class SurfaceDifference:
    """What changed from one surface to another: names, and differences of numbers, which may be negative."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    counts: tuple[Counts, ...]
    unrestricted_added: tuple[str, ...]
    unrestricted_removed: tuple[str, ...]
    unknown_added: tuple[str, ...]
    unknown_removed: tuple[str, ...]


def difference(before: Surface, after: Surface) -> SurfaceDifference:
    """What `after` has that `before` has not, and the other way round. Raises ValueError for two action lists."""
    if before.known is not after.known:
        raise ValueError("surfaces over different action lists cannot be compared")
    olds, news = before.counts, after.counts
    counts = (
        Counts(n.level, *(y - x for x, y in zip(o[1:], n[1:], strict=True))) for o, n in zip(olds, news, strict=True)
    )
    return SurfaceDifference(
        _without(after.actions, before.actions),
        _without(before.actions, after.actions),
        tuple(counts),
        _without(after.unrestricted, before.unrestricted),
        _without(before.unrestricted, after.unrestricted),
        _without(after.unknown, before.unknown),
        _without(before.unknown, after.unknown),
    )


def _without(names: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    known = frozenset(others)
    return tuple(name for name in names if name not in known)


def surface(documents: Iterable[Document | Policy], actions: ActionList) -> Surface:
    """How much identity policies allow that count together, as those of one principal do.

    Raises ValueError for documents that are not identity policies: who else may use what a resource
    policy grants is another question.
    """
    policies = policies_of(documents)
    if any(clause.principals or clause.resources is None for policy in policies for clause in policy.clauses):
        raise ValueError("a surface is that of identity policies; a statement with a Principal belongs to no principal")
    clauses = [(at, number, c) for at, policy in enumerate(policies) for number, c in enumerate(policy.clauses)]
    refused = dict.fromkeys((at, number) for at, number, clause in clauses if not _is_evaluable(clause))
    rules = [_rule(c, actions) for at, number, c in clauses if c.effect == "Deny" or (at, number) not in refused]
    pairs = actions.once(pairs_of)
    found = _counted([rule for rule in rules if rule.actions], pairs)
    full = found.some & found.covered & ~found.touched
    allows = [clause for _, _, clause in clauses if clause.effect == "Allow"]
    return Surface(actions, found.some, full, _open(pairs, found), _unknown(allows, actions), tuple(refused))


def _open(pairs: Pairs, found: _Found) -> int:
    """The mutating actions of which Allows cover every pair, and a Deny leaves something."""
    partly = pairs.actions_of(pairs.everything & ~found.covered)
    return pairs.mutating & ~partly & pairs.actions_of(found.some)


def _unknown(allows: Iterable[Clause], actions: ActionList) -> tuple[str, ...]:
    patterns = {pattern for clause in allows if not clause.not_actions for pattern in clause.actions}
    return tuple(sorted(pattern for pattern in patterns if not actions.select(pattern)))


def _is_evaluable(clause: Clause) -> bool:
    return all(holds(term, has_variables=clause.has_variables, switches=_SWITCHES) for term in clause.terms)


_SWITCHES = Switches()


class _Rule(NamedTuple):
    """A statement: the actions that it selects, as a bitset, and what it reaches."""

    actions: int
    reach: Reach


def _rule(clause: Clause, actions: ActionList) -> _Rule:
    selected = reduce(or_, map(actions.select, clause.actions), 0)
    return _Rule(
        actions.everything & ~selected if clause.not_actions else selected,
        Reach(
            clause.effect == "Allow",
            clause.resources or (),
            clause.not_resources,
            all(map(_always_holds, clause.terms)) and not _may_be_void(clause),
            clause.has_variables,
        ),
    )


def _may_be_void(clause: Clause) -> bool:
    """Whether an absent variable can void the statement, whatever else it says."""
    texts = [text for text in clause.resources or () if "${" in text] if clause.has_variables else []
    return any(variable.default is None for text in texts for variable in template(text).variables)


def _always_holds(term: tuple[str, str, tuple[str, ...]]) -> bool:
    """Whether a condition is none at all: a star for a key that may be absent."""
    operator = parse_operator(term[0])
    if operator is None or operator.name not in ("StringLike", "ArnLike", "ArnEquals") or "${" in "".join(term[2]):
        return False
    star = any(value and not value.strip("*") for value in term[2])
    return star and (operator.if_exists or operator.qualifier == "ForAllValues:")


class _Found(NamedTuple):
    """Bitsets of pairs: allowed in some request, covered by sure Allows, touched by a Deny."""

    some: int
    covered: int
    touched: int


def _counted(rules: Sequence[_Rule], pairs: Pairs) -> _Found:
    """Statements on every resource are counted by bitsets, and only the others pair by pair."""
    wide = _Found(
        pairs.of(_union(rule for rule in rules if rule.reach.everything and rule.reach.allows)),
        pairs.of(_union(rule for rule in rules if rule.reach.everything and rule.reach.allows and rule.reach.sure)),
        pairs.of(_union(rule for rule in rules if rule.reach.everything and not rule.reach.allows)),
    )
    dead = pairs.of(_union(r for r in rules if r.reach.everything and not r.reach.allows and r.reach.sure))
    narrow_allows = pairs.of(_union(rule for rule in rules if not rule.reach.everything and rule.reach.allows))
    narrow_denies = pairs.of(_union(rule for rule in rules if not rule.reach.everything and not rule.reach.allows))
    asked = (narrow_allows & ~wide.covered | narrow_denies & (narrow_allows | wide.some)) & ~dead
    found = _one_by_one(rules, pairs, pairs.actions_of(asked)) if asked else _Found(0, 0, 0)
    some, covered, touched = (old & ~asked | new & asked for old, new in zip(wide, found, strict=True))
    return _Found(some & ~dead, covered, touched)


def _union(rules: Iterable[_Rule]) -> int:
    return reduce(or_, (rule.actions for rule in rules), 0)


def _one_by_one(rules: Sequence[_Rule], pairs: Pairs, asked: int) -> _Found:
    partitions = _partitions(rules)
    found: tuple[list[int], list[int], list[int]] = ([], [], [])
    for actions, reaches in _classes(rules, asked):
        verdicts: dict[tuple[str, ...], Verdict] = {}
        for number, arns in pairs.targets(actions):
            if (made := verdicts.get(arns)) is None:
                made = verdicts[arns] = verdict(arns, reaches, partitions)
            for holds_, numbers in zip(made, found, strict=True):
                if holds_:
                    numbers.append(number)
    return _Found(*(bitset(numbers, pairs.first[-1]) for numbers in found))


def _classes(rules: Sequence[_Rule], asked: int) -> Iterator[tuple[int, tuple[Reach, ...]]]:
    """The actions in classes that the same statements select."""
    classes: list[tuple[int, tuple[Reach, ...]]] = [(asked, ())]
    for selected, reach in rules:
        split = []
        for bits, reaches in classes:
            inside = bits & selected
            if inside:
                split.append((inside, (*reaches, reach)))
            if inside != bits:
                split.append((bits ^ inside, reaches))
        classes = split
    return iter(classes)


def _partitions(rules: Iterable[_Rule]) -> tuple[str, ...]:
    texts = (text for _, reach in rules if reach.allows for text in reach.texts if text.startswith("arn:"))
    named = {text.split(":", 2)[1] for text in texts}
    return tuple(partition for partition in PARTITIONS if partition == "aws" or partition in named)
