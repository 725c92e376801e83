"""The policy document: what it says, what it means, how it prints. Pure.

INVARIANT: `==` and `hash` go by meaning; `parse(document.text()) == document`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from narrowgate.policy.arn import matches
from narrowgate.policy.condition import parse_operator
from narrowgate.policy.place import NOWHERE, Place
from narrowgate.policy.principal import EVERYONE, canonical_principal

Kind: TypeAlias = Literal["identity", "resource", "trust", "boundary", "scp", "rcp"]
"""Where a document will stand. The grammar differs; the meaning of a statement does not."""

Effect: TypeAlias = Literal["Allow", "Deny"]
Version: TypeAlias = Literal["2008-10-17", "2012-10-17"]
OLD_VERSION: Version = "2008-10-17"
NEW_VERSION: Version = "2012-10-17"


@dataclass(frozen=True, slots=True)
class Text:
    """A string of a document and where it stands."""

    value: str
    place: Place = field(default=NOWHERE, compare=False)

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Patterns:
    """An Action or Resource element; `negated` for NotAction and NotResource. As written."""

    items: tuple[Text, ...]
    negated: bool = False
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Principal:
    """One principal: AWS's type (`AWS`, `Service`, `Federated`, `CanonicalUser`) and its name."""

    kind: str
    name: str
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Principals:
    """A Principal element; `negated` for NotPrincipal. `"*"` is one Principal, `AWS` `*`."""

    items: tuple[Principal, ...]
    negated: bool = False
    place: Place = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: an operator as written, a key, and the values of which one must do."""

    operator: str
    key: str
    values: tuple[Text, ...]
    place: Place = field(default=NOWHERE, compare=False)

    @property
    def meaning(self) -> tuple[str, str, frozenset[str]]:
        """Operator, key in lower case, values as the operator compares them."""
        operator = parse_operator(self.operator)
        canonical = operator.form.canonical if operator else None
        values = (canonical(v.value) if canonical else v.value for v in self.values)
        kept = (v.value if c is None else c for v, c in zip(self.values, values, strict=True))
        return self.operator, self.key.lower(), frozenset(kept)


Meaning: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, as written; compared by meaning, so Sid, order, case and places do not count.

    `resources` is None in a trust policy, `principals` in identity policies and SCPs.
    """

    effect: Effect = field(compare=False)
    actions: Patterns = field(compare=False)
    resources: Patterns | None = field(default=None, compare=False)
    principals: Principals | None = field(default=None, compare=False)
    conditions: tuple[Condition, ...] = field(default=(), compare=False)
    sid: str | None = field(default=None, compare=False)
    place: Place = field(default=NOWHERE, compare=False)
    meaning: Meaning = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "meaning", _meaning(self))

    def names_action(self, action: str) -> bool:
        """Whether the Action or NotAction element selects the action (`ec2:RunInstances`)."""
        lower = action.lower()
        hit = any(matches(pattern.value.lower(), lower) for pattern in self.actions.items)
        return hit is not self.actions.negated


def _meaning(statement: Statement) -> Meaning:
    actions, resources, principals = statement.actions, statement.resources, statement.principals
    return (
        statement.effect,
        (actions.negated, frozenset(a.value.lower() for a in actions.items)),
        resources and (resources.negated, frozenset(r.value for r in resources.items)),
        principals and (principals.negated, frozenset(_canonical(p) for p in principals.items)),
        frozenset(condition.meaning for condition in statement.conditions),
    )


def _canonical(principal: Principal) -> tuple[str, str]:
    return canonical_principal(principal.kind, principal.name)


@dataclass(frozen=True, slots=True)
class ResourceUse:
    """A resource pattern where it is used: statement by number, effect, its actions, its place."""

    index: int
    effect: Effect
    actions: Patterns
    resource: str
    place: Place
    negated: bool


@dataclass(frozen=True, slots=True)
class Document:
    """A policy document of correct grammar; made by `parse` and `from_value`, compared by meaning.

    Neither kind, Id, Sids nor the order or number of equal statements count; a missing Version is
    2008-10-17, and 2012-10-17 differs from it, for only there `${...}` is a variable.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
    """

    kind: Kind = field(compare=False)
    statements: tuple[Statement, ...] = field(compare=False)
    version: Version | None = field(default=None, compare=False)
    id: str | None = field(default=None, compare=False)
    meaning: Meaning = field(init=False, repr=False)

    def __post_init__(self) -> None:
        statements = frozenset(statement.meaning for statement in self.statements)
        object.__setattr__(self, "meaning", (self.version or OLD_VERSION, statements))

    def resources(self) -> Iterator[ResourceUse]:
        """Every resource pattern, in the order of the text."""
        for index, statement in enumerate(self.statements):
            found = statement.resources or Patterns(())
            for item in found.items:
                effect, actions = statement.effect, statement.actions
                yield ResourceUse(index, effect, actions, item.value, item.place, found.negated)

    def allowing(self, action: str) -> tuple[tuple[int, Statement], ...]:
        """The Allow statements that select the action, with their numbers; case-insensitive."""
        return tuple(
            (index, statement)
            for index, statement in enumerate(self.statements)
            if statement.effect == "Allow" and statement.names_action(action)
        )

    def text(self) -> str:
        """Compact JSON for AWS: statements as written, within them sorted and without repetition."""
        return json.dumps(_plain(self), ensure_ascii=False, separators=(",", ":"))

    def pretty(self) -> str:
        """The same JSON with an indent of two, for people; no newline at the end."""
        return json.dumps(_plain(self), ensure_ascii=False, indent=2)


def size(text: str) -> int:
    """The length of a document as AWS counts it: white space does not count.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html does not say whether
    white space inside quotes counts; for IAM it is read as not counting. White space is JSON's:
    space, tab, LF and CR. SCPs and RCPs are different: Organizations counts every character.
    """
    return len(re.sub(r"[ \t\n\r]+", "", text))


def _plain(document: Document) -> dict[str, object]:
    head = {"Version": document.version, "Id": document.id}
    statements = [_plain_statement(statement) for statement in document.statements]
    return {**{k: v for k, v in head.items() if v is not None}, "Statement": statements}


def _plain_statement(statement: Statement) -> dict[str, object]:
    made: dict[str, object] = {} if statement.sid is None else {"Sid": statement.sid}
    made["Effect"] = statement.effect
    if (principals := statement.principals) is not None:
        made["NotPrincipal" if principals.negated else "Principal"] = _plain_principals(principals)
    actions = {a.value.lower(): a.value for a in sorted(statement.actions.items, key=str, reverse=True)}
    made["NotAction" if statement.actions.negated else "Action"] = _one_or_list(actions.values())
    if (resources := statement.resources) is not None:
        made["NotResource" if resources.negated else "Resource"] = _one_or_list(map(str, resources.items))
    if statement.conditions:
        made["Condition"] = _plain_conditions(statement.conditions)
    return made


def _plain_principals(principals: Principals) -> object:
    if {_canonical(p) for p in principals.items} == {EVERYONE}:
        return "*"
    ordered = sorted(principals.items, key=lambda p: (p.kind, p.name), reverse=True)
    unique = {_canonical(p): p for p in ordered}.values()
    kinds = sorted({p.kind for p in unique})
    return {kind: _one_or_list(p.name for p in unique if p.kind == kind) for kind in kinds}


def _plain_conditions(conditions: tuple[Condition, ...]) -> dict[str, object]:
    made: dict[str, dict[str, object]] = {}
    for condition in sorted(conditions, key=lambda c: (c.operator, c.key)):
        made.setdefault(condition.operator, {})[condition.key] = _one_or_list(map(str, condition.values))
    return dict(made)


def _one_or_list(values: Iterable[str]) -> str | list[str]:
    ordered = sorted(set(values))
    return ordered[0] if len(ordered) == 1 else ordered
