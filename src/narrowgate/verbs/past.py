"""What earlier forms of the spec made, by the journal, and the present one no longer names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from narrowgate import recall
from narrowgate.profiles.identities import Places, identities, installation_of
from narrowgate.resource import Resource
from narrowgate.spec import Spec

if TYPE_CHECKING:
    from narrowgate.verbs.site import Site


@dataclass(frozen=True, slots=True)
class Group:
    """Resources that one system name owns, in one region."""

    system: str
    region: str
    resources: tuple[Resource, ...]


def past_specs(entries: Iterable[Mapping[str, Any]], account: str) -> tuple[Spec, ...]:
    """The specs that mutating commands worked on in the account since all was last torn down, oldest first.

    One that this version cannot read any more is left out; `unreadable` counts those.
    """
    return tuple(spec for _, spec in _scopes(entries, account) if spec is not None)


def unreadable(entries: Iterable[Mapping[str, Any]], account: str) -> int:
    """How many earlier specs in the journal this version cannot read."""
    return sum(1 for _, spec in _scopes(entries, account) if spec is None)


def _scopes(entries: Iterable[Mapping[str, Any]], account: str) -> list[tuple[Mapping[str, Any], Spec | None]]:
    return [(scope, _spec(scope)) for scope in recall.scopes(entries) if scope["account"] == account]


def _spec(scope: Mapping[str, Any]) -> Spec | None:
    try:
        return Spec.model_validate(scope["spec"])
    except ValidationError:
        return None


def earlier(site: Site) -> tuple[Group, ...]:
    """One group for each earlier spec in this account; an identity that is wanted now is left out."""
    wanted = {r.identity for r in site.resources}
    found: list[Group] = []
    for spec in past_specs(site.journal.entries, site.installation.account):
        if spec == site.spec:
            continue
        installation = installation_of(spec, site.installation.account)
        # The keys of a user that is not wanted any more may be in any sink that was ever named.
        places = Places(labels=(), former=(*site.keeping.sinks, *site.keeping.former))
        resources = identities(spec, installation, site.documents, places)
        left = tuple(r for r in resources if r.identity not in wanted)
        wanted |= {r.identity for r in left}
        if left:
            found.append(Group(spec.system, spec.region, left))
    return tuple(found)
