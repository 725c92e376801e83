"""Concrete requests near what policies say, and whether policies allow one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from random import Random
from typing import Final, TypeAlias

from narrowgate.policy import Decision, Document, Layers, from_value, request
from narrowgate.policy.document import Statement
from narrowgate.policy.request_context import Request

ACCOUNT: Final = "123456789012"
PRINCIPAL: Final = f"arn:aws:iam::{ACCOUNT}:user/judged"
VALUES: Final = ("x", "a", "ann", "red", "a:b", "", "true", "5", "us-east-1", "10.1.2.3", "2024-06-01", "A*")
_PIECE: Final = re.compile(r"(\$\{[^}]*\}|\*|\?)")


Decide: TypeAlias = Callable[[Request, Layers], Decision]
"""An evaluator."""


def allows(decide: Decide, documents: tuple[Document, ...], asked: Request) -> bool:
    """Whether the evaluator allows the request to a principal who has these identity policies.

    The resource's own policy names the account, so that roles and keys, which always have one, do not
    need it to grant anything.
    """
    named = _named(asked.principal.account)
    return decide(asked, Layers(identity=documents, resource=named)).outcome == "allowed"


def asks(action: str, resource: str, context: Mapping[str, str | Sequence[str]]) -> Request:
    """The request of a user of the resource's own account."""
    return request(PRINCIPAL, action, resource, context, ACCOUNT)


@lru_cache(maxsize=8)
def _named(account: str) -> Document:
    statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "*", "Resource": "*"}
    made = from_value({"Version": "2012-10-17", "Statement": [statement]}, "resource")
    assert isinstance(made, Document)
    return made


def sample(rng: Random, documents: Sequence[Document], actions: Sequence[str]) -> Request:
    """A request that some statement of the documents nearly meets, or meets."""
    statements = [statement for document in documents for statement in document.statements]
    near = rng.choice(statements)
    resources = near.resources.items if near.resources else ()
    resource = _instance(rng, rng.choice(resources).value) if rng.random() < 0.85 else "*"
    context = {key: value for key, value in _context(rng, statements).items() if value}
    return asks(_action(rng, near, actions), resource if resource.count(":") > 4 else "*", context)


def _action(rng: Random, near: Statement, actions: Sequence[str]) -> str:
    return rng.choice([action for action in actions if near.names_action(action)] or list(actions))


def _context(rng: Random, statements: Sequence[Statement]) -> dict[str, tuple[str, ...]]:
    """A value, several or none for each key; several only where some condition has a qualifier."""
    pool: dict[str, list[str]] = {}
    many: set[str] = set()
    for condition in (c for statement in statements for c in statement.conditions):
        pool.setdefault(condition.key.lower(), []).extend(value.value for value in condition.values)
        many |= {condition.key.lower()} if ":" in condition.operator else set()
    texts = [r.value for s in statements if s.resources for r in s.resources.items]
    texts += [value for values in pool.values() for value in values]
    for key in re.findall(r"\$\{([^{}', *?$]+)", " ".join(texts)):
        pool.setdefault(key.lower(), []).extend(VALUES)
    return {key: _values(rng, values, key in many) for key, values in pool.items()}


def _values(rng: Random, pool: Sequence[str], many: bool) -> tuple[str, ...]:
    count = rng.choice((0, 1, 1, 2, 3)) if many else rng.choice((0, 1, 1, 1))
    return tuple(_value(rng, pool) for _ in range(count))


def _value(rng: Random, pool: Sequence[str]) -> str:
    return rng.choice(VALUES) if rng.random() < 0.2 else _instance(rng, rng.choice(pool))


def _instance(rng: Random, pattern: str) -> str:
    """A text that the pattern meets, but for the networks, whose first address it is."""
    bare = pattern.partition("/")[0] if re.fullmatch(r"[0-9a-f.:]+/[0-9]+", pattern) else pattern
    return "".join(_filled(rng, piece) for piece in _PIECE.split(bare))


def _filled(rng: Random, piece: str) -> str:
    if piece == "*":
        return rng.choice(("", "x", "a", "us-east-1", "a/b", "a:b", "instance/i-1", "::::x"))
    if piece == "?":
        return rng.choice(("x", "1", "e", ":"))
    return rng.choice(VALUES) if piece.startswith("${") else piece
