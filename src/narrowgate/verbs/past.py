"""What earlier forms of the spec made, by the journal, and the present one no longer names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from narrowgate import recall
from narrowgate.identities import Forms, Places, identities, installation_of
from narrowgate.resource import Resource
from narrowgate.spec import Spec

if TYPE_CHECKING:
    from narrowgate.verbs.site import Site


SHRUNK, WIDENED = "shrunk", "widened"
"""What the journal is marked with when the installer's policy is shrunk, and when the whole one is put back."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """What makes a spec in the journal an earlier form of the present one: account, file and system name.

    A folder may hold several specs, and may have been copied: what those made is not ours to remove.
    """

    account: str
    file: str
    system: str


@dataclass(frozen=True, slots=True)
class Group:
    """Resources that one system name owns, in one region."""

    system: str
    region: str
    resources: tuple[Resource, ...]


def past_specs(entries: Iterable[Mapping[str, Any]], lineage: Lineage) -> tuple[Spec, ...]:
    """The earlier forms that mutating commands worked on since all was last torn down, oldest first.

    One that this version cannot read any more is left out; `unreadable` counts those.
    """
    found = (spec for _, spec in _scopes(entries, lineage) if spec is not None)
    return tuple(spec for spec in found if spec.system == lineage.system)


def unreadable(entries: Iterable[Mapping[str, Any]], lineage: Lineage) -> int:
    """How many earlier specs in the journal this version cannot read."""
    return sum(1 for _, spec in _scopes(entries, lineage) if spec is None)


def _scopes(entries: Iterable[Mapping[str, Any]], lineage: Lineage) -> list[tuple[Mapping[str, Any], Spec | None]]:
    ours = (s for s in recall.scopes(entries) if (s["account"], s.get("file")) == (lineage.account, lineage.file))
    return [(scope, _spec(scope)) for scope in ours]


def _spec(scope: Mapping[str, Any]) -> Spec | None:
    try:
        return Spec.model_validate(scope["spec"])
    except ValidationError:
        return None


def is_shrunk(entries: Iterable[Mapping[str, Any]], lineage: Lineage) -> bool:
    """Whether the installer's policy was shrunk, and neither widened nor torn down since."""
    marks = (e for e in entries if e["event"] in (SHRUNK, WIDENED, "clean"))
    told = [e["event"] for e in marks if (e["account"], e["file"], e["system"]) == astuple(lineage)]
    return told[-1:] == [SHRUNK]


def forms_of(specs: Iterable[Spec], account: str) -> Forms:
    """What any form of the spec attaches, and to whom: all of it is ours, whatever the present form says."""
    policies: set[str] = set()
    entities: set[tuple[str, str]] = set()
    profiles: set[str] = set()
    for spec in specs:
        at = installation_of(spec, account)
        policies |= {at.arn("policy", spec.installer_policy_name), at.arn("policy", spec.node_policy_name)}
        entities |= {("User", spec.user_name), ("Role", spec.role_name)}
        profiles.add(spec.instance_profile_name)
    return Forms(frozenset(policies), frozenset(entities), frozenset(profiles))


def earlier(site: Site) -> tuple[Group, ...]:
    """One group for each earlier form of the spec; an identity that is wanted now is left out."""
    past = past_specs(site.journal.entries, site.lineage)
    return _groups(site, (spec for spec in past if spec != site.spec))


def other_systems(site: Site) -> tuple[Group, ...]:
    """What the spec made under other system names: never removed, but not to be passed over in silence."""
    found = (spec for _, spec in _scopes(site.journal.entries, site.lineage) if spec is not None)
    return _groups(site, (spec for spec in found if spec.system != site.spec.system), wanted=frozenset())


def _groups(site: Site, specs: Iterable[Spec], wanted: frozenset[str] | None = None) -> tuple[Group, ...]:
    account = site.installation.account
    present = {r.identity for r in site.resources} if wanted is None else set(wanted)
    forms = forms_of((*past_specs(site.journal.entries, site.lineage), site.spec), account)
    found: list[Group] = []
    for spec in specs:
        # The keys of a user that is not wanted any more may be in any sink that was ever named.
        places = Places(labels=(), former=(*site.keeping.sinks, *site.keeping.former))
        resources = identities(spec, installation_of(spec, account), site.documents, places, forms)
        left = tuple(r for r in resources if r.identity not in present)
        present |= {r.identity for r in left}
        if left:
            found.append(Group(spec.system, spec.region, left))
    return tuple(found)
