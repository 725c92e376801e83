"""`narrowgate policy surface`: how much policies allow, and what changed from others to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from narrowgate.adapters.action_data import action_list
from narrowgate.errors import UsageError
from narrowgate.policy.actions import ActionList
from narrowgate.policy.permission_surface import Surface, SurfaceDifference, difference, surface
from narrowgate.verbs.policy_files import AnyKind, Files, read_documents, spoken


@dataclass(frozen=True, slots=True)
class Measured:
    """A surface and, where another one was given, what changed from that one to it."""

    surface: Surface
    change: SurfaceDifference | None = None

    def as_data(self) -> dict[str, Any]:
        """The same for JSON; `against` is null where nothing was compared."""
        found = self.surface
        return {
            "levels": [count._asdict() for count in found.counts],
            "actions": list(found.actions),
            "unrestricted": list(found.unrestricted),
            "scopable": list(found.scopable),
            "unknown": list(found.unknown),
            "not_evaluable": [{"policy": policy, "index": index} for policy, index in found.not_evaluable],
            "against": _change_data(self.change) if self.change else None,
        }


def _change_data(change: SurfaceDifference) -> dict[str, Any]:
    return {
        "levels": [count._asdict() for count in change.counts],
        "added": list(change.added),
        "removed": list(change.removed),
        "unrestricted_added": list(change.unrestricted_added),
        "unrestricted_removed": list(change.unrestricted_removed),
        "unknown_added": list(change.unknown_added),
        "unknown_removed": list(change.unknown_removed),
    }


def measured(files: Files, names: Sequence[str], against: Sequence[str], kind: AnyKind) -> Measured:
    """The surface of the documents of these files together. Raises UsageError."""
    actions = action_list()
    found = _surface(files, names, kind, actions)
    if not against:
        return Measured(found)
    return Measured(found, difference(_surface(files, against, kind, actions), found))


def _surface(files: Files, names: Sequence[str], kind: AnyKind, actions: ActionList) -> Surface:
    documents = [document for name in names for document in read_documents(name, files.read(name), kind)]
    try:
        return surface(documents, actions)
    except ValueError as error:
        raise UsageError(f"cannot measure {', '.join(map(spoken, names))}: {error}") from None
