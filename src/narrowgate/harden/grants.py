"""Each Allow of the original as narrowed grants, with what was observed of it and why it stays wide. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from narrowgate.catalogue.facts import HOME
from narrowgate.derive.evidence import Evidence
from narrowgate.derive.scope import REGION, Condition, Conditions, Scope, scope_of
from narrowgate.derive.statements import document_of, statements_of
from narrowgate.harden.context import Choice, Context
from narrowgate.harden.known_services import GLOBAL
from narrowgate.harden.meeting import joined, met
from narrowgate.harden.narrowing import linked, located, passing, scopes_of, service_of
from narrowgate.harden.observed import Judge, Needed, Observed
from narrowgate.harden.original import Allowed
from narrowgate.policy.actions import ActionList
from narrowgate.policy.arn import matches
from narrowgate.policy.service import MUTATING, Action

TOO_MANY: Final = 3_000
"""Known actions of one pattern, beyond which it is kept as it is: no principal's policies could list them."""

NOT_KNOWN: Final = "no action that is known: AWS would have to say what it reaches"
NOT_FITTING: Final = "written action by action it would not fit into ten managed policies"


@dataclass(frozen=True, slots=True)
class Grant:
    """One grant of the result: `scope` with why it is wide, the pattern of the original that it lies within.

    `needed`: the requests of the evidence that it is for; none for what nobody observed.
    """

    scope: Scope
    pattern: str
    at: tuple[int, int]
    needed: tuple[Needed, ...] = ()
    names: tuple[str, ...] = ()
    """The actions that it grants: one, but for a wildcard that is kept."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Narrows Allows. `wide`: services whose wildcards are kept, as the rest would not fit."""

    actions: ActionList
    context: Context
    choice: Choice
    seen: Observed
    evidence: Evidence | None
    linked: tuple[str, ...] = ()
    wide: frozenset[str] = frozenset()

    def grants(self, allow: Allowed) -> Iterator[Grant]:
        """The narrowed grants of one Allow."""
        if not allow.names:
            yield from self._kept(allow, "" if self.choice.unobserved else NOT_KNOWN)
        elif len(allow.names) > TOO_MANY or ("*" in allow.pattern and service_of(allow.pattern) in self.wide):
            yield from self._kept(allow, NOT_FITTING)
        else:
            details = [found for name in allow.names if (found := self.actions.action(name))]
            changing = [each for each in details if each.level in MUTATING]
            yield from self._reads(allow, [each for each in details if each.level not in MUTATING], not changing)
            for each in changing:
                if each.name.lower() not in self.choice.actions:
                    yield from self._changes(allow, each)

    def _kept(self, allow: Allowed, why: str) -> Iterator[Grant]:
        """The pattern as it is, in the region."""
        if why and allow.pattern.lower() not in self.choice.actions:
            for resource, conditions in self._places(allow):
                yield Grant(Scope(allow.pattern, resource, conditions, why), allow.pattern, allow.at, names=allow.names)

    def _places(self, allow: Allowed) -> Iterator[tuple[str, Conditions]]:
        for resource in allow.resources:
            yield (
                located(resource, self.context) if resource.count(":") >= 5 else resource,
                joined(self._region(allow.pattern, resource), allow.conditions),
            )

    def _region(self, pattern: str, resource: str) -> tuple[Condition, ...]:
        service, place = service_of(pattern), self.context.place
        if resource != "*" or service in GLOBAL:
            return ()
        # A pattern of all services takes in those that answer in the partition's home region only.
        both = {place.region, HOME.get(place.partition, place.region)} if "*" in service else {place.region}
        return (("StringEquals", REGION, tuple(sorted(both))),)

    def _reads(self, allow: Allowed, reads: list[Action], alone: bool) -> Iterator[Grant]:
        """Reads stay as they are, in the region: a wildcard of reads alone as that wildcard."""
        kept = [each.name for each in reads if self._stays(each.name, allow)]
        texts = (allow.pattern,) if kept and alone and len(kept) == len(reads) else tuple(kept)
        for resource, conditions in self._places(allow):
            for text in texts:
                names = tuple(kept) if text == allow.pattern else (text,)
                needed = tuple(each for name in names for each in self._needed(name, allow, resource))
                yield Grant(Scope(text, resource, conditions), allow.pattern, allow.at, needed, names)

    def _stays(self, name: str, allow: Allowed) -> bool:
        if name.lower() in self.choice.actions:
            return False
        return not self.choice.unobserved or any(self._needed(name, allow, each) for each in allow.resources)

    def _needed(self, name: str, allow: Allowed, resource: str) -> tuple[Needed, ...]:
        """The requests for an action that the Allow lets through by a resource pattern of its own."""
        return tuple(
            each for each in self.seen.of(name) if allow.at in each.by and matches(resource, each.asked.resource)
        )

    def _changes(self, allow: Allowed, action: Action) -> Iterator[Grant]:
        for resource in allow.resources:
            needed = self._needed(action.name, allow, resource)
            possible = [
                (kind, found)
                for kind, scope in self._candidates(allow, action, resource)
                if (found := met(scope, resource, allow.conditions))
            ]
            yield from self._observed(needed, possible, (allow, resource))
            if not self.choice.unobserved:
                types = {each.asked.type for each in needed}
                for kind, scope in possible:
                    # A type that was tagged once does not split all the others, which are many, apart.
                    if not types or action.level == "Tagging" or (kind and kind not in types):
                        yield Grant(scope, allow.pattern, allow.at, names=(action.name,))

    def _candidates(self, allow: Allowed, action: Action, resource: str) -> Iterator[tuple[str, Scope]]:
        match action.name:
            case "iam:PassRole":
                yield from (("role", scope) for scope in passing(resource, self.context))
            case "iam:CreateServiceLinkedRole":
                services = _services(allow.conditions, self.linked)
                yield from (("role", scope) for scope in linked(services, self.context))
            case _:
                yield from scopes_of(action, self.context)

    def _observed(
        self, needed: tuple[Needed, ...], possible: list[tuple[str, Scope]], where: tuple[Allowed, str]
    ) -> Iterator[Grant]:
        """What the evidence needs: as it was asked for; where that is wide, as tightly as it is still allowed."""
        allow, resource = where
        by_scope: dict[Scope, list[Needed]] = {}
        for each in needed:
            assert self.evidence is not None, "requests come from evidence"
            asked = scope_of(each.asked, self.context.own, self.evidence.drawn, self.evidence.place)
            found = met(asked, resource, allow.conditions)
            if found is not None:
                by_scope.setdefault(found, []).append(each)
        for scope, users in by_scope.items():
            narrower = [one for kind, one in possible if kind == users[0].asked.type] if scope.wide else []
            chosen = narrower if narrower and self._suffice(narrower, users) else [scope]
            for one in chosen:
                yield Grant(one, allow.pattern, allow.at, tuple(users), (scope.action,))

    def _suffice(self, scopes: list[Scope], users: list[Needed]) -> bool:
        judge = Judge((document_of(statements_of(scopes, self.actions)),), self.context.place)
        return not any(judge.refused(users))


def _services(conditions: Conditions, linked_: tuple[str, ...]) -> tuple[str, ...]:
    """The services of the original's condition on `iam:AWSServiceName`; those of its actions where it has none."""
    for operator, key, values in conditions:
        if key.lower() == "iam:awsservicename" and operator in ("StringEquals", "StringLike"):
            exact = [value for value in values if not {"*", "?"} & set(value)]
            return tuple(sorted({*exact, *(s for s in linked_ if any(matches(value, s) for value in values))}))
    return linked_
