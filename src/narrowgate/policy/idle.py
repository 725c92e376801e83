"""Statements and denied actions that make no difference: found by bits, left out by proof. Pure.

INVARIANT: a statement goes only where `covers` proves, without it, that all it allowed is allowed still.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from narrowgate.policy.actions import ActionList
from narrowgate.policy.arn import is_pattern
from narrowgate.policy.comparison import covers
from narrowgate.policy.rule import Rule, clause_of, clauses, needs_of, size_of, text_of
from narrowgate.policy.universe import Names, closed_names, open_names
from narrowgate.policy.verdict import Proved, Universe


@dataclass(frozen=True, slots=True)
class Ground:
    """What is proved: for which actions, and whether what is denied must stay the same too."""

    universe: Universe
    actions: ActionList | None
    keep_denies: bool = False

    @property
    def known(self) -> ActionList | None:
        """The actions that there are; None where there may be any."""
        return None if self.universe == "open" else self.actions


def without_idle(rules: tuple[Rule, ...], ground: Ground) -> tuple[Rule, ...]:
    """The rules without those that make no difference; the longest are tried first."""
    clauses = tuple(map(clause_of, rules))
    every = open_names(clauses, exactly=clauses)
    if every.inexact and ground.known is None:
        return rules  # nothing could be proved
    names = every if ground.known is None else closed_names(ground.known, map(clause_of, rules))
    kept = rules if ground.keep_denies else _with_short_denies(rules, names)
    bits = {rule: _selected(rule, names) for rule in kept}
    # Where the bits of all actions are not exact, only rules of known actions are tried.
    bounds = bits if every.inexact else {rule: _selected(rule, every) for rule in kept}
    for rule in sorted(kept, key=lambda rule: (-size_of(rule), text_of(rule))):
        others = tuple(each for each in kept if each is not rule)
        # A rule that has no action in common with this one says nothing about it.
        near = tuple(each for each in others if bounds[each] & bounds[rule])
        if _may_be_idle(rule, near, bits) and _is_idle(rule, near, ground, is_open=not every.inexact):
            kept = others
    return kept


def _selected(rule: Rule, names: Names) -> int:
    """The actions of a rule as bits."""
    return names.selected(clause_of(rule))


def _with_short_denies(rules: Iterable[Rule], names: Names) -> tuple[Rule, ...]:
    """The rules, each Deny without the actions that no Allow has in common with it."""
    allowed = 0
    for rule in rules:
        allowed |= _selected(rule, names) if rule.effect == "Allow" else 0
    return tuple(_short_deny(rule, allowed, names) if rule.effect == "Deny" else rule for rule in rules)


def _short_deny(rule: Rule, allowed: int, names: Names) -> Rule:
    if rule.not_actions:
        return rule
    bits = {text: _selected(rule._replace(actions=frozenset((text,))), names) for text in rule.actions}
    # What has no bits is not known to the list of actions, and stays.
    kept = frozenset(text for text, own in bits.items() if not own or own & allowed)
    return rule._replace(actions=kept) if kept else rule


def _may_be_idle(rule: Rule, others: Iterable[Rule], bits: Mapping[Rule, int]) -> bool:
    """Whether a proof can succeed: each of its actions occurs elsewhere, or it may hold never. A Deny can always."""
    left = bits[rule]
    for other in others:
        left &= ~bits[other]
    keys = [key.lower() for _, key, _ in rule.terms]
    return not left or rule.effect == "Deny" or len(keys) > len({*keys} - needs_of(rule))


def _is_idle(rule: Rule, others: tuple[Rule, ...], ground: Ground, *, is_open: bool) -> bool:
    """Whether a proof shows that nothing changes without the rule. `is_open`: whether any actions may be tried."""
    wide, narrow = _without(rule, others, keep_denies=ground.keep_denies)
    if is_open and _covers(wide, narrow, "open", None):
        return True
    known = ground.known
    # Actions that are written out are the same in every universe, and those that the list does not know stay.
    if known is None or not _is_known(rule, known) or (is_open and not any(map(is_pattern, rule.actions))):
        return False
    return _covers(wide, narrow, ground.universe, known)


def _without(rule: Rule, others: Sequence[Rule], *, keep_denies: bool) -> tuple[Sequence[Rule], Sequence[Rule]]:
    """Two lists: the rule is idle where the first allows all that the second does."""
    denies = [each for each in others if each.effect == "Deny"]
    if rule.effect == "Allow":
        return others, [rule, *denies]
    if keep_denies:
        return [each._replace(effect="Allow") for each in denies], [rule._replace(effect="Allow")]
    return [rule, *others], others


def _covers(wide: Iterable[Rule], narrow: Iterable[Rule], universe: Universe, actions: ActionList | None) -> bool:
    return isinstance(covers((clauses(wide),), (clauses(narrow),), universe=universe, actions=actions), Proved)


def _is_known(rule: Rule, actions: ActionList) -> bool:
    """Whether each Action selects known actions; what NotAction leaves is never all known."""
    return not rule.not_actions and all(map(actions.select, rule.actions))
