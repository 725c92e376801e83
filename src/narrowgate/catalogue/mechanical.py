"""Rules made from small rows by general reasoning, for services that are not read operation by operation. Pure.

The reasoning: an operation is authorised by the action of its own name, unless the row has another; on the
resources that its parameters name; a create call on the new resource; tags at creation by the service's tag
action. What is true of 94 of 100 operations is not proof of the others: such tables say that they are
`mechanical`.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from narrowgate.catalogue.rule import (
    NO_RESOURCE,
    Asked,
    Keys,
    Rule,
    Target,
    Where,
    given,
    nowhere,
    request_tags,
)

Spell: TypeAlias = Callable[[Asked, str, str], str]
"""The ARN of a resource of a type from the text that names it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One operation: its action if that has another name, and what it is asked on.

    `on`: where its resources come from, `*` by default. `tags`: the path of the tags that it gives;
    `tagging`: the rule for them, where tagging at creation is an action of its own. `also`: further rules.
    """

    operation: str
    on: Where = nowhere
    action: str = ""
    keys: tuple[Keys, ...] = ()
    tags: str = ""
    tagging: str = ""
    tagged: Where | None = None
    also: tuple[Rule, ...] = ()


def rules_of(prefix: str, rows: Iterable[Row]) -> Mapping[str, tuple[Rule, ...]]:
    """The rules of a table from its rows. Raises ValueError where two rows are of one operation."""
    found: dict[str, tuple[Rule, ...]] = {}
    for row in rows:
        if row.operation in found:
            raise ValueError(f"{prefix} has two rows for {row.operation}")
        found[row.operation] = (_main(prefix, row), *_tagging(prefix, row), *row.also)
    return found


def _main(prefix: str, row: Row) -> Rule:
    tags = (request_tags(row.tags),) if row.tags else ()
    return Rule(f"{prefix}:{row.action or row.operation}", row.on, keys=(*row.keys, *tags))


def _tagging(prefix: str, row: Row) -> Iterator[Rule]:
    if row.tagging:
        where = row.tagged or row.on
        yield Rule(f"{prefix}:{row.tagging}", where, given(row.tags.removesuffix("[]")), (request_tags(row.tags),))


def each(operations: str, on: Where = nowhere, *keys: Keys) -> tuple[Row, ...]:
    """Rows for operations, separated by blanks, that are alike and have actions of their own names."""
    return tuple(Row(operation, on, keys=keys) for operation in operations.split())


def named_in(spell: Spell, types: str, *paths: str) -> Where:
    """Existing resources by name or ARN at the paths, of one of the types, separated by blanks.

    Of several types the one whose name is in the ARN counts, or the first.
    """
    possible = types.split()

    def where(asked: Asked) -> Iterator[Target]:
        for text in (text for path in paths for text in asked.texts(path)):
            arn = text if text.startswith("arn:") else spell(asked, possible[0], text)
            found = arn.split(":", 5)[-1]
            yield Target(arn, next((type_ for type_ in possible if found.startswith(type_)), possible[0]))

    return where


def new_at(spell: Spell, type_: str, path: str) -> Where:
    """The resource that a call makes under the name at the path."""
    return lambda asked: (Target(spell(asked, type_, asked.text(path)), type_, new=True),)


def or_any(where: Where) -> Where:
    """The resources, or `*` where the call names none: for actions whose resource types are optional."""
    return lambda asked: tuple(where(asked)) or (NO_RESOURCE,)
