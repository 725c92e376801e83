"""Mutants of a policy document: each the document with one statement changed in one place. Pure.

A narrower mutant shows that what it lacks is needed, a wider one that what it lacks is a limit. What a mutant changes
is written as JSON and read again by the strict reader, so that a fault of the writer shows.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from narrowgate.policy.condition import Operator, parse_operator
from narrowgate.policy.document import Document
from narrowgate.policy.grammar import parse
from narrowgate.prove.alternatives import Others
from narrowgate.prove.forbidden import MAY_BE_ABSENT, TAG_KEYS

Sense: TypeAlias = Literal["narrower", "wider"]
_Statement: TypeAlias = dict[str, Any]

_OPPOSITE: Final[Mapping[Sense, Sense]] = {"narrower": "wider", "wider": "narrower"}
_ELEMENTS: Final = ("Action", "NotAction", "Resource", "NotResource")
_LIKE: Final[Mapping[str, str]] = {
    "StringEquals": "StringLike",
    "StringEqualsIgnoreCase": "StringLike",
    "StringLike": "StringLike",
    "ArnEquals": "ArnLike",
    "ArnLike": "ArnLike",
}
"""The operators whose values can be widened to `*`, and the one that reads it so."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A statement changed in one place: which, how, and what it then says.

    `document` and `statement`: their numbers, from 0. `changed`: a document of the changed statement alone, None where
    the statement is dropped. What it lets through is more (`wider`) or less (`narrower`), or the same.
    """

    document: int
    statement: int
    sense: Sense
    what: str
    changed: Document | None

    def __str__(self) -> str:
        return f"policy {self.document + 1}, statement {self.statement + 1}: {self.what}"


class _Change(NamedTuple):
    sense: Sense
    what: str
    statement: _Statement | None


def mutants_of(number: int, document: Document, others: Others) -> Iterator[Mutant]:
    """Every mutant of a document, statement by statement.

    Raises ValueError where the changed statement cannot be read again: that is a fault of the writer or of a change.
    """
    plain = json.loads(document.text())
    for index, statement in enumerate(plain["Statement"]):
        for sense, what, changed in (*_narrower(statement), *_wider(statement, others)):
            if statement["Effect"] == "Deny":
                sense = _OPPOSITE[sense]
            read = None if changed is None else _read({**plain, "Statement": [changed]}, document)
            yield Mutant(number, index, sense, what, read)


def _read(plain: Mapping[str, Any], original: Document) -> Document:
    found = parse(json.dumps(plain), original.kind)
    if not isinstance(found, Document):
        raise ValueError(f"a mutant cannot be read: {found}")
    return found


def _narrower(statement: _Statement) -> Iterator[_Change]:
    """Without the statement, or without one of several actions, resources or values."""
    yield _Change("narrower", "without the statement", None)
    for element in _ELEMENTS:
        values = _list(statement.get(element, ()))
        for value in values if len(values) > 1 else ():
            sense: Sense = "wider" if element.startswith("Not") else "narrower"
            rest = {**statement, element: [each for each in values if each != value]}
            yield _Change(sense, f"{element} without `{value}`", rest)
    for operator, key, values in _conditions(statement):
        form = parse_operator(operator)
        sense = "wider" if form is not None and "Not" in form.name else "narrower"
        for value in values if len(values) > 1 else ():
            rest = _conditioned(statement, operator, key, [each for each in values if each != value])
            yield _Change(sense, f"{operator} {key} without `{value}`", rest)


def _wider(statement: _Statement, others: Others) -> Iterator[_Change]:
    for action in _services(statement):
        if not others.is_spare(action, _list(statement.get("Resource", ()))):
            continue
        rest = [each for each in _list(statement["Action"]) if not _same_service(each, action)]
        yield _Change("wider", f"Action `{action}:*`", {**statement, "Action": [*rest, f"{action}:*"]})
    resources = _list(statement.get("Resource", ()))
    for resource in resources:
        for wide in dict.fromkeys(_widened(resource)):
            rest = [wide if each == resource else each for each in resources]
            yield _Change("wider", f"Resource `{wide}` for `{resource}`", {**statement, "Resource": rest})
    for operator, key, values in _conditions(statement):
        if not _is_implied(statement, operator, key):
            yield _Change("wider", f"without {operator} {key}", _conditioned(statement, operator, key, []))
        if (form := parse_operator(operator)) is not None:
            yield from _loosened(statement, (operator, key, values), form, others)


def _loosened(
    statement: _Statement, condition: tuple[str, str, list[str]], form: Operator, others: Others
) -> Iterator[_Change]:
    """A condition that admits another value, any value, or a request without the key."""
    operator, key, values = condition
    like = form.qualifier + _LIKE.get(form.name, "") + ("IfExists" if form.if_exists else "")
    if form.name not in _LIKE:
        return
    other = others.value(key, values[0])
    if other and other not in values and "*" not in values and key.lower() != TAG_KEYS:
        made = _conditioned(statement, operator, key, [*values, other])
        yield _Change("wider", f"{operator} {key} also `{other}`", made)
    if "*" not in values and (like == operator or key not in statement["Condition"].get(like, {})):
        made = _conditioned(_conditioned(statement, operator, key, []), like, key, ["*"])
        yield _Change("wider", f"{operator} {key} `*`", made)
    if not form.if_exists and not form.qualifier and _may_be_absent(statement, key):
        absent = f"{operator}IfExists"
        if key not in statement["Condition"].get(absent, {}):
            made = _conditioned(_conditioned(statement, operator, key, []), absent, key, values)
            yield _Change("wider", f"{absent} {key}", made)


def _may_be_absent(statement: _Statement, key: str) -> bool:
    """Whether the rest of the statement meets requests without the key, of which there are some.

    Where a request must name tags and may name this one only, it has the key.
    """
    family, slash, name = key.partition("/")
    if family.lower() == "aws:requesttag":
        conditions = {(operator, other.lower()): values for operator, other, values in _conditions(statement)}
        must_name = conditions.get(("Null", TAG_KEYS)) == ["false"]
        return not must_name or conditions.get(("ForAllValues:StringEquals", TAG_KEYS)) != [name]
    return key.lower() in MAY_BE_ABSENT or (slash != "" and family.lower().endswith(":resourcetag"))


def _is_implied(statement: _Statement, operator: str, key: str) -> bool:
    """Whether a condition only says what is so anyhow: every request to make tags names them, one to delete may not.

    `Null` beside `ForAllValues` is AWS's advice, and stays also where it changes nothing.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
    """
    actions = {each.lower() for each in _list(statement.get("Action", ()))}
    return operator == "Null" and key.lower() == TAG_KEYS and actions == {"ec2:createtags"}


def _widened(resource: str) -> Iterator[str]:
    """The resource for every account, every region, every name, everything."""
    if resource == "*":
        return
    yield "*"
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return
    for at in (3, 4):
        if parts[at] not in ("", "*"):
            yield ":".join((*parts[:at], "*", *parts[at + 1 :]))
    head, name = ":".join(parts[:5]), parts[5]
    at = max(name.rfind("/"), name.rfind(":")) + 1
    if name[at:] != "*":
        yield f"{head}:{name[:at]}*"
    elif parts[2] == "s3":
        above = name.removesuffix("/*")
        yield f"{head}:{above[: above.rfind('/') + 1]}*"


def _services(statement: _Statement) -> tuple[str, ...]:
    actions = _list(statement.get("Action", ()))
    found = {each.partition(":")[0].lower() for each in actions if ":" in each}
    return tuple(sorted(each for each in found if f"{each}:*" not in {action.lower() for action in actions}))


def _same_service(action: str, service: str) -> bool:
    return action.partition(":")[0].lower() == service


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _conditions(statement: _Statement) -> Iterator[tuple[str, str, list[str]]]:
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            yield operator, key, _list(values)


def _conditioned(statement: _Statement, operator: str, key: str, values: Collection[str]) -> _Statement:
    """The statement with these values of a condition; without the condition where there are none."""
    made = deepcopy(statement)
    conditions = made.setdefault("Condition", {})
    if values:
        conditions.setdefault(operator, {})[key] = list(values)
        return made
    conditions[operator].pop(key)
    if not conditions[operator]:
        conditions.pop(operator)
    if not conditions:
        made.pop("Condition")
    return made
