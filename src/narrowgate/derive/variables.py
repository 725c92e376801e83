"""Two recordings of one program tell what varies from one run to the next, and what stays. Pure.

The calls of both are laid side by side; where they name different things, names, regions and accounts become
patterns of what they have in common. INVARIANT: a name, or a value of a condition that guards against rising, that
has nothing in common with the other stays as it was observed, and that is said; it never becomes a bare `*`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from types import MappingProxyType
from typing import TypeAlias, TypeVar

from narrowgate.catalogue.authorization import Authorization
from narrowgate.derive.common_form import common_form
from narrowgate.derive.derivation import Derived, Grant, NotDerived, decided, grants_of, written
from narrowgate.derive.evidence import Evidence, LeftOut, Use
from narrowgate.derive.ownership import own_of
from narrowgate.derive.scope import REGION, Condition, Conditions, Own, Scope, scope_of
from narrowgate.policy.actions import ActionList
from narrowgate.policy.splitting import Holder

Node = TypeVar("Node", str, Condition)
Pair: TypeAlias = tuple[Scope, Scope]
_TAGS = ("aws:requesttag/", "aws:resourcetag/")


@dataclass(frozen=True, slots=True)
class Varying:
    """What varies: patterns by the resources that they stand for, and what becomes of conditions.

    A condition that goes has no successors. `notes`: calls of one recording only, and names without anything in
    common.
    """

    resources: Mapping[str, str]
    conditions: Mapping[Condition, Conditions]
    notes: tuple[LeftOut, ...] = ()

    def scope(self, scope: Scope) -> Scope:
        """The scope as it is in every run."""
        resource = self.resources.get(scope.resource, scope.resource)
        conditions = tuple(sorted({n for c in scope.conditions for n in self.conditions.get(c, (c,))}))
        wide = scope.wide or _wide(scope, resource, conditions)
        return Scope(scope.action, resource, conditions, wide)


@dataclass(frozen=True, slots=True)
class _Side:
    """One recording: every use with its scopes, by action and resource type."""

    uses: tuple[Use, ...]
    scopes: tuple[Mapping[tuple[str, str], tuple[Scope, ...]], ...]

    def all(self) -> Iterator[Scope]:
        for of_use in self.scopes:
            for found in of_use.values():
                yield from found


def derive_both(
    first: Evidence, second: Evidence, actions: ActionList, *, own: Own | None = None, holder: Holder = "user"
) -> Derived | NotDerived:
    """The least policy for a program of which there are two recordings, with what varies between them left open."""
    for evidence in (first, second):
        if not evidence.uses:
            return NotDerived((f"{evidence.whose}: no call is left to derive from",))
    marks = _owns(first, second, own)
    found = varying(first, second, own=own)
    users: dict[Scope, list[Use]] = {}
    for evidence, mark in zip((first, second), marks, strict=True):
        for grant in grants_of(evidence, mark):
            users.setdefault(found.scope(grant.scope), []).extend(grant.uses)
    grants = tuple(Grant(scope, tuple(uses)) for scope, uses in users.items())
    return written(_joined(first, second, found.notes), grants, _own(*marks), actions, holder=holder)


def varying(first: Evidence, second: Evidence, *, own: Own | None = None) -> Varying:
    """What varies from the first recording to the second. `own`: as of `derive`."""
    marks = _owns(first, second, own)
    one, other = _side(first, marks[0]), _side(second, marks[1])
    aligned, alone = _aligned(one.uses, other.uses)
    pairs = tuple(pair for i, j in aligned for pair in _paired(one.scopes[i], other.scopes[j]))
    resources, apart = _resources(pairs, one, other)
    conditions, guarded = _conditions(pairs)
    known = {*resources, *({s.resource for s in one.all()} & {s.resource for s in other.all()})}
    notes = (*apart, *guarded, *_alone(one, alone[0], known, "first"), *_alone(other, alone[1], known, "second"))
    return Varying(MappingProxyType(resources), MappingProxyType(conditions), tuple(dict.fromkeys(notes)))


def _owns(first: Evidence, second: Evidence, own: Own | None) -> tuple[Own, Own]:
    """The ownership tags of each: the keys that mark what is made in both."""
    if own is not None:
        return own, own
    a, b = own_of(first).tags, own_of(second).tags
    both = sorted(a.keys() & b.keys())
    return Own(MappingProxyType({k: a[k] for k in both})), Own(MappingProxyType({k: b[k] for k in both}))


def _own(first: Own, second: Own) -> Own:
    """The tags by which both are told, `*` for what varies."""
    found = {k: common_form(v, second.tags[k]) or "*" for k, v in first.tags.items()}
    return Own(MappingProxyType(found))


def _side(evidence: Evidence, own: Own) -> _Side:
    def scopes(use: Use) -> Mapping[tuple[str, str], tuple[Scope, ...]]:
        found: dict[tuple[str, str], dict[Scope, None]] = {}
        for asked in decided(use):
            found.setdefault(_kind(asked), {})[scope_of(asked, own, evidence.drawn, evidence.place)] = None
        return {kind: tuple(each) for kind, each in found.items()}

    return _Side(evidence.uses, tuple(scopes(use) for use in evidence.uses))


def _kind(asked: Authorization) -> tuple[str, str]:
    return asked.action.lower(), asked.type


def _aligned(
    one: Sequence[Use], other: Sequence[Use]
) -> tuple[list[tuple[int, int]], tuple[tuple[int, ...], tuple[int, ...]]]:
    """The uses of both that are the same step, by number, and those of each that have no counterpart."""
    a, b = [use.name for use in one], [use.name for use in other]
    blocks = SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    pairs = [(i + k, j + k) for i, j, size in blocks for k in range(size)]
    left = [i for i in range(len(a)) if i not in {i for i, _ in pairs}]
    right = [j for j in range(len(b)) if j not in {j for _, j in pairs}]
    # Programs that do several things at once make the same calls in another order.
    for i in tuple(left):
        j = next((j for j in right if a[i] == b[j]), None)
        if j is not None:
            pairs.append((i, j))
            left.remove(i)
            right.remove(j)
    return pairs, (tuple(left), tuple(right))


def _paired(
    one: Mapping[tuple[str, str], tuple[Scope, ...]], other: Mapping[tuple[str, str], tuple[Scope, ...]]
) -> Iterator[Pair]:
    """The requests of two calls that are the same: by action and type, in order; what both have is itself."""
    for kind, found in one.items():
        theirs = other.get(kind, ())
        yield from ((scope, scope) for scope in found if scope in theirs)
        rest = ([s for s in found if s not in theirs], [s for s in theirs if s not in found])
        yield from zip(*rest, strict=False)


def _resources(pairs: Iterable[Pair], one: _Side, other: _Side) -> tuple[dict[str, str], list[LeftOut]]:
    """Patterns by resource; and resources that have nothing in common."""
    constant = {s.resource for s in one.all()} & {s.resource for s in other.all()}
    links = [(a.resource, b.resource) for a, b in pairs if a.resource != b.resource]
    found: dict[str, str] = {}
    apart: list[LeftOut] = []
    for group in _groups(link for link in links if not constant.intersection(link)):
        pattern = _form(group)
        if pattern is None:
            why = "these names have nothing in common: only they are allowed, and another run's would not be"
            apart.append(LeftOut(" and ".join(group), why))
        else:
            found |= dict.fromkeys(group, pattern)
    return found, apart


def _form(texts: Sequence[str]) -> str | None:
    """What several texts have in common."""
    form: str | None = texts[0]
    for text in texts[1:]:
        form = None if form is None else common_form(form, text)
    return form


def _conditions(pairs: Iterable[Pair]) -> tuple[dict[Condition, Conditions], list[LeftOut]]:
    """What becomes of the conditions whose values differ; and those whose values have nothing in common."""
    links: list[tuple[Condition, Condition]] = []
    for a, b in pairs:
        theirs = {(operator, key): values for operator, key, values in b.conditions}
        for operator, key, values in a.conditions:
            other = theirs.get((operator, key), values)
            if other != values:
                links.append(((operator, key, values), (operator, key, other)))
    found: dict[Condition, Conditions] = {}
    apart: list[LeftOut] = []
    for group in _groups(links):
        after, why = _loosened(group)
        found |= dict.fromkeys(group, after)
        if why:
            told = sorted({value for condition in group for value in condition[2]})
            apart.append(LeftOut(f"{group[0][1]} {' and '.join(told)}", why, serious=not why.startswith("any ")))
    return found, apart


def _loosened(group: Sequence[Condition]) -> tuple[Conditions, str]:
    """The conditions that stand for a group that differs in values; and what is to be said of it."""
    operator, key, _ = group[0]
    values = tuple(sorted({value for condition in group for value in condition[2]}))
    if key == REGION:
        return (), "any region is allowed: it differs"
    if operator.startswith("ForAllValues") or len({len(condition[2]) for condition in group}) > 1:
        return ((operator, key, values),), ""
    # Of the names of services and operations there is no pattern: any other one is another right. In a value of
    # StringEquals `*` is a letter like any other, and in a pattern it is not.
    is_named = key.lower().startswith(_TAGS) or all(value.startswith("arn:") for value in values)
    form = _form(values) if is_named and not any(c in value for value in values for c in "*?") else None
    if form is not None:
        return ((operator.replace("Equals", "Like"), key, (form,)),), ""
    if not key.lower().startswith(_TAGS):
        return ((operator, key, values),), "these values have nothing in common: only they are allowed"
    why = "any value of the tag is allowed: they have nothing in common"
    return () if operator.endswith("IfExists") else (("Null", key, ("false",)),), why


def _groups(links: Iterable[tuple[Node, Node]]) -> Iterator[tuple[Node, ...]]:
    """What is linked, directly or through others; each group sorted, in the order in which they are met."""
    group_of: dict[Node, dict[Node, None]] = {}
    for a, b in links:
        both = {**group_of.get(a, {a: None}), **group_of.get(b, {b: None})}
        group_of |= dict.fromkeys(both, both)
    seen: set[Node] = set()
    for node, group in group_of.items():
        if node not in seen:
            seen.update(group)
            yield tuple(sorted(group))


def _alone(side: _Side, numbers: Sequence[int], known: set[str], which: str) -> Iterator[LeftOut]:
    """The calls that one recording only has. Serious where nothing tells whether the names in them vary."""
    for number in numbers:
        use = side.uses[number]
        resources = {scope.resource for scopes in side.scopes[number].values() for scope in scopes}
        unsure = any(resource not in known and "*" not in resource for resource in resources)
        why = f"only the {which} recording has it: " + (
            "whether the names in it vary is not known, so they are exact" if unsure else "it is allowed all the same"
        )
        yield LeftOut(use.name, why, use.happening.source, serious=unsure)


def _wide(scope: Scope, resource: str, conditions: Conditions) -> str:
    if resource != scope.resource:
        parts = resource.split(":", 5)
        if len(parts) == 6 and "*" in parts[3:5]:
            return "it is in another region or account from run to run"
        return "its name differs from run to run"
    return "what its conditions ask for differs from run to run" if conditions != scope.conditions else ""


def _joined(first: Evidence, second: Evidence, notes: Sequence[LeftOut]) -> Evidence:
    """One evidence of two runs, whose accounts may differ; the place is the first's."""
    return replace(
        first,
        whose=f"{first.whose} and {second.whose}",
        uses=(*first.uses, *second.uses),
        left_out=tuple(dict.fromkeys((*first.left_out, *second.left_out, *notes))),
        made=MappingProxyType({**first.made, **second.made}),
        drawn=MappingProxyType({**first.drawn, **second.drawn}),
        blind=tuple(dict.fromkeys((*first.blind, *second.blind))),
    )
