"""What others attached to a thing of ours, and the calls that take it off. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from narrowgate.calls import Fields, call
from narrowgate.resource import Draft


@dataclass(frozen=True, slots=True)
class Extra:
    """One sort of attachment: where it is in what was observed, and what removes it."""

    observed: str
    operation: str
    parameter: str
    """The parameter that names it; empty where the entity's name is enough."""
    word: str


def removals(extras: Iterable[Extra], entity: tuple[str, str], found: Fields) -> tuple[Draft, ...]:
    """The removing calls; `entity` is the parameter that names the entity, and its value."""
    key, name = entity
    return tuple(
        Draft(
            call("iam", extra.operation, **{key: name}, **({extra.parameter: item} if extra.parameter else {})),
            "delete",
            "put there by someone else",
            extra=f"{extra.word} {item}".rstrip() + f" of `{name}`",
        )
        for extra in extras
        for item in found.texts(extra.observed)
    )
