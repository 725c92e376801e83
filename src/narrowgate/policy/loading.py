"""The quick way in: from JSON straight to a Policy, for documents as they nearly all are. Pure.

What the quick look is not sure of, it leaves to the strict reader, with its places and its words.
INVARIANT: what is taken here is taken by `parse`, and means the same; a test holds both against
thousands of documents.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from narrowgate.policy.clause import Clause, Policy, Term, policy_of
from narrowgate.policy.condition import Operator, parse_operator
from narrowgate.policy.document import NEW_VERSION, OLD_VERSION, Kind
from narrowgate.policy.elements import is_condition_key, is_legal
from narrowgate.policy.grammar import from_value, parse
from narrowgate.policy.place import Faults
from narrowgate.policy.placeholder import leftover_in_value
from narrowgate.policy.reader import MOST_VALUES
from narrowgate.policy.resource import resource_fault, variable_fault

LONGEST: Final = 131_072
"""Longer texts, and decoded documents with more values, go the strict way, which counts."""

LONGEST_VALUE: Final = 512
"""Longer values go the strict way too, so that what is remembered of values stays small."""

_MOST_REMEMBERED: Final = 64

_VERSIONS: Final[Mapping[Kind, tuple[str, ...]]] = MappingProxyType(
    {
        "identity": (NEW_VERSION, OLD_VERSION),
        "boundary": (NEW_VERSION, OLD_VERSION),
        "scp": (NEW_VERSION,),
    }
)
"""The kinds of documents that the quick look knows, and the versions that they may have."""

_TOP: Final = frozenset({"Version", "Statement"})
_PARTS: Final = frozenset({"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"})
_ACTIONS: Final = re.compile(r"(?:(?:\*|[A-Za-z0-9.-]++:[A-Za-z0-9*?]++)\n)++")
_SID: Final = re.compile(r"[A-Za-z0-9]{0,512}+")


# A boolean may stand without quotes.
_SPELLED: Final = MappingProxyType({True: ("true",), False: ("false",)})


class _NotSure(Exception):
    """The quick look cannot tell."""


def load(source: str | Mapping[str, object], kind: Kind, *, lenient: bool = False) -> Policy | Faults:
    """The policy that a JSON text or a decoded document spells, or every fault found, as `parse` says them."""
    try:
        value = _decoded(source) if isinstance(source, str) else source
        if kind in _VERSIONS:
            made = _policy(value, kind)
            # A text of at most LONGEST characters has no more values than the strict reader takes.
            return made if isinstance(source, str) else _counted(made)
    except _NotSure:
        pass
    strict = (
        parse(source, kind, lenient=lenient) if isinstance(source, str) else from_value(source, kind, lenient=lenient)
    )
    return strict if isinstance(strict, Faults) else policy_of(strict)


def _decoded(text: str) -> object:
    if len(text) > LONGEST:
        raise _NotSure
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        raise _NotSure from None


def _without_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise _NotSure
    return made


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_without_repetition)


def _counted(policy: Policy) -> Policy:
    """The policy, if it surely has no more values than the strict reader takes."""
    clauses = policy.clauses
    count = sum(10 + len(each.actions) + len(each.resources or ()) + 3 * len(each.terms) for each in clauses)
    count += sum(len(values) for each in clauses for _, _, values in each.terms)
    if count > MOST_VALUES - 10:
        raise _NotSure
    return policy


def _policy(value: object, kind: Kind) -> Policy:
    if not isinstance(value, dict):
        raise _NotSure
    version, statements = value.get("Version", OLD_VERSION), value.get("Statement")
    if not value.keys() <= _TOP or version not in _VERSIONS[kind]:
        raise _NotSure
    found = [statements] if isinstance(statements, dict) else statements
    if not isinstance(found, list) or not found:
        raise _NotSure
    clauses = tuple([_clause(statement, version == NEW_VERSION) for statement in found])
    sids = [clause.sid for clause in clauses if clause.sid]
    if len(set(sids)) < len(sids):
        raise _NotSure
    return Policy(kind, clauses)


def _clause(statement: object, modern: bool) -> Clause:
    if not isinstance(statement, dict) or not statement.keys() <= _PARTS:
        raise _NotSure
    effect, sid = statement.get("Effect"), statement.get("Sid")
    fits = _SID.fullmatch(sid) if isinstance(sid, str) else "Sid" not in statement
    if effect not in ("Allow", "Deny") or not fits:
        raise _NotSure
    not_actions, value = _one_of(statement, "Action", "NotAction")
    actions = _listed(value)
    lines = _joined(actions)
    # An action with a line feed in it would pass for two.
    if not _ACTIONS.fullmatch(lines) or lines.count("\n") != len(actions):
        raise _NotSure
    not_resources, value = _one_of(statement, "Resource", "NotResource")
    resources = _EVERYTHING if value == "*" else _resources(value, modern)
    terms = _terms(statement["Condition"], modern) if "Condition" in statement else ()
    return Clause(effect, actions, not_actions, resources, not_resources, None, terms, sid, modern)


def _one_of(statement: Mapping[str, object], plain: str, negated: str) -> tuple[bool, object]:
    is_negated = negated in statement
    if is_negated is (plain in statement):
        raise _NotSure
    return is_negated, statement[negated if is_negated else plain]


def _listed(value: object) -> tuple[str, ...]:
    """One or a list, not empty, of what `_joined` has to prove to be texts."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not value:
        raise _NotSure
    return tuple(value)


def _joined(texts: tuple[str, ...]) -> str:
    try:
        return "\n".join(texts) + "\n"
    except TypeError:
        raise _NotSure from None


def _strings(value: object) -> tuple[str, ...]:
    """Texts that may be remembered: none is very long."""
    found = _listed(value)
    if len(_joined(found)) > LONGEST_VALUE and max(map(len, found)) > LONGEST_VALUE:
        raise _NotSure
    return found


_EVERYTHING: Final = ("*",)


def _resources(value: object, modern: bool) -> tuple[str, ...]:
    found = _strings(value)
    for text in found:
        if text != "*" and not _is_resource(text, modern):
            raise _NotSure
    return found


# Resources as most are: none of the services with rules of their own, no placeholder, no variable.
_USUAL: Final = re.compile(
    r"arn:(?:aws|\*):(?!iam:|s3:)[a-z0-9-]++:(?:|\*|us-east-1):(?:|\*|[0-9]{12}):(?!.*(?:YOUR|HERE))[A-Za-z0-9/*:._?+@=-]++"
)


@lru_cache(maxsize=16_384)
def _is_resource(text: str, modern: bool) -> bool:
    if _USUAL.fullmatch(text):
        return True
    fine = is_legal(text) and resource_fault(text) is None
    return fine and not (modern and "${" in text and variable_fault(text))


def _terms(value: object, modern: bool) -> tuple[Term, ...]:
    if not isinstance(value, dict) or not value:
        raise _NotSure
    found: list[Term] = []
    for name, keys in value.items():
        if not isinstance(keys, dict) or not keys or (len(keys) > 1 and _have_twins(keys)):
            raise _NotSure
        for key, listed in keys.items():
            if not _is_short(name) or not _is_short(key):
                raise _NotSure
            term = (name, key, _SPELLED[listed] if isinstance(listed, bool) else _strings(listed))
            # Only what is short is remembered, lest hostile documents fill the memory.
            judge = _is_term if len(term[2]) <= _MOST_REMEMBERED else _is_term.__wrapped__
            if not judge(term, modern):
                raise _NotSure
            found.append(term)
    return tuple(found)


def _is_short(text: object) -> bool:
    return isinstance(text, str) and len(text) <= LONGEST_VALUE


def _have_twins(keys: Mapping[str, object]) -> bool:
    """Whether two keys differ in case only."""
    return len({key.lower() for key in keys if isinstance(key, str)}) < len(keys)


@lru_cache(maxsize=4_096)
def _is_term(term: Term, modern: bool) -> bool:
    name, key, listed = term
    operator = parse_operator(name)
    if operator is None or not is_condition_key(key) or (operator.form.single and len(listed) > 1):
        return False
    return all(_is_value(operator.name, text, modern and operator.takes_variables) for text in listed)


@lru_cache(maxsize=16_384)
def _is_value(name: str, text: str, variables: bool) -> bool:
    fits = is_legal(text) and not leftover_in_value(text) and Operator(name).reads(text, variables=variables)
    return fits and not (variables and variable_fault(text))
