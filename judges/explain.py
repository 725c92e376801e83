"""Known classes of differences, each with the rewrite or the switch that takes it away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

from judges import condition_rewrites as c
from judges import rewrites as r
from judges.rewrites import Rewrite
from judges.world import World
from narrowgate.policy.decision import Switches

REWRITES: Final[tuple[Rewrite, ...]] = (
    r.layer_that_does_not_apply,
    r.root_without_policies,
    r.federated_principal,
    r.unique_id,
    r.role_of_another_path,
    r.user_of_a_federated_name,
    r.canonical_user,
    c.condition_that_cannot_be_evaluated,
    c.unresolved_variable,
    c.dollar_text_of_the_old_version,
    c.variable_before_the_last_part,
    c.variable_in_an_arn_condition,
    c.variable_of_one_listed_value,
    c.escape_in_an_exact_text,
    c.wildcard_across_parts,
    c.date_in_seconds,
    c.unreadable_value_of_the_request,
    c.address_without_a_mask,
    c.network_of_all_addresses,
    c.star_for_any_arn,
    c.for_any_value_if_exists,
    c.list_of_one_value,
    r.not_principal,
    r.endpoint_principal,
    r.federated_user_without_session_policy,
    r.session_policy_beside_a_direct_grant,
    r.root_that_assumes_a_role,
    r.missing_trust_policy,
)
"""In the order in which they are applied: variables are filled in before patterns are read."""

WITNESSES: Final[Mapping[str, Rewrite]] = MappingProxyType(
    {"session_policy_beside_a_direct_grant": r.granted_without_the_session_policy}
)
"""For rewrites that cannot see whether they apply: a world that iam-simulate must allow, else they do not."""

SWITCHES: Final = MappingProxyType(
    {
        "switch_many_values": Switches(many_values="never"),
    }
)
"""Where AWS's documentation is silent, and iam-simulate has taken the other value of a switch of ours."""

Outcome: TypeAlias = Callable[[World, Switches], str]
Theirs: TypeAlias = Callable[[Sequence[World]], list[str]]

DEFAULT: Final = Switches()
EXPLAINED: Final = Path(__file__).parent / "explained.json"
"""Every known class in words: `id` (the name of a rewrite or switch), `right`, `why`, `page`."""


@dataclass(frozen=True, slots=True)
class Account:
    """What takes a difference away, by name; empty where nothing does.

    `moved`: rewrites that changed our own answer, which points at a fault of ours.
    """

    classes: tuple[str, ...]
    moved: tuple[str, ...] = ()


def account_for(world: World, ours: Outcome, theirs: Theirs) -> Account:
    """The smallest set found of known classes without which both engines agree on the world."""
    names = [rewrite.__name__ for rewrite in REWRITES]
    for switches in _switch_sets():
        left, moved = _without(world, names, ours, theirs)
        if _agree(left.world, switches, ours, theirs):
            return Account(_smallest(world, [*left.used, *switches], ours, theirs))
    return Account((), moved)


def _switch_sets() -> Iterable[tuple[str, ...]]:
    return ((), *((name,) for name in SWITCHES), tuple(SWITCHES))


@dataclass(frozen=True, slots=True)
class _Left:
    world: World
    used: tuple[str, ...]


def _without(world: World, names: Iterable[str], ours: Outcome, theirs: Theirs) -> tuple[_Left, tuple[str, ...]]:
    """The world after the named rewrites, those that were used, and those left out since they moved our answer.

    INVARIANT: a rewrite keeps the meaning, so our decision too. One that changes it explains nothing: it
    would hide a fault of our own.
    """
    before, state = ours(world, DEFAULT), world
    used, moved = [], []
    for rewrite in REWRITES:
        if rewrite.__name__ not in names or (new := rewrite(state)) is state:
            continue
        witness = WITNESSES.get(rewrite.__name__)
        if witness and theirs([witness(state)]) != ["allowed"]:
            continue
        if ours(new, DEFAULT) == before:
            state = new
            used.append(rewrite.__name__)
        else:
            moved.append(rewrite.__name__)
    return _Left(state, tuple(used)), tuple(moved)


def _agree(world: World, switches: Iterable[str], ours: Outcome, theirs: Theirs) -> bool:
    changed = DEFAULT
    for name in switches:
        field = name.removeprefix("switch_")
        changed = replace(changed, **{field: getattr(SWITCHES[name], field)})
    return theirs([world]) == [ours(world, changed)]


def _smallest(world: World, names: list[str], ours: Outcome, theirs: Theirs) -> tuple[str, ...]:
    """The names without those that the others make superfluous."""
    kept = list(names)
    for name in names:
        fewer = [other for other in kept if other != name]
        left, _ = _without(world, fewer, ours, theirs)
        if _agree(left.world, [n for n in fewer if n in SWITCHES], ours, theirs):
            kept = fewer
    return tuple(kept)
