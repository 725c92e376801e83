"""The drafts that several kinds have in common: tags, boundaries, what others attached. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from narrowgate.calls import Call, Fields, call
from narrowgate.resource import INSTALLATION, Draft, Obstacle, missing_tags, tag_list

NO_BOUNDARY = ("permissions_boundary", "AWS has boundaries on users and roles only")
VALUE_REPLACED = "; it is taken over, and the key takes the place of its value"


def retagged(
    found: Fields, wanted: Fields, tag: Callable[[tuple[Fields, ...]], Call], *, adopting: str = ""
) -> tuple[Draft, ...]:
    """The call that sets the tags which are missing or differ, if any are; `adopting` is said where ours is."""
    tags = missing_tags(found, wanted)
    if not tags:
        return ()
    why = f"tags to set: {', '.join(tags)}" + (adopting if INSTALLATION in tags else "")
    return (Draft(tag(tag_list(tags)), "update", why, needs=()),)


def rebounded(found: Fields, boundary: str | None, put: Callable[[str], Call]) -> tuple[Draft, ...]:
    """The call that sets the permissions boundary; one that the spec does not ask for stays as it is."""
    present = found.text("Boundary")
    if not boundary or present == boundary:
        return ()
    return (Draft(put(boundary), "update", f"its boundary is {present or 'none'}"),)


def unmoved(found: Fields, path: str, what: str) -> tuple[Obstacle, ...]:
    """Why a thing at another path cannot be had at this one."""
    if found.text("Path") == path:
        return ()
    message = f"its path is {found.text('Path')}; AWS cannot move {what} to {path}"
    return (Obstacle(f"{message}. tear down with the old path first, or keep it"),)


@dataclass(frozen=True, slots=True)
class Extra:
    """One sort of attachment: where it is in what was observed, and what removes it."""

    observed: str
    operation: str
    parameter: str
    """The parameter that names it; empty where the entity's name is enough."""
    word: str


def removals(extras: Iterable[Extra], entity: tuple[str, str], found: Fields) -> tuple[Draft, ...]:
    """The calls that take off what others attached; `entity` is the parameter that names the entity, and its value."""
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
