"""The reference workload: every call of an installer and of the nodes, and the default policies from them. Pure.

These are the calls of the reference installer of a profile: written down, not recorded. They say nothing of a
vendor's own installer. When narrowgate installs the platform itself, the calls of its own plan take their place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from narrowgate.catalogue.authorization import Authorization, UnknownOperation, requests_of
from narrowgate.catalogue.facts import Attributes, Facts, Place
from narrowgate.derive.derivation import Derived, NotDerived, derive
from narrowgate.derive.evidence import Evidence, Origin, evidence_of
from narrowgate.derive.scope import Own
from narrowgate.happening import Happening
from narrowgate.identities import Documents
from narrowgate.policy.actions import ActionList
from narrowgate.policy.document import Document
from narrowgate.profiles import Ground, Profile, Variant, profiles
from narrowgate.resource import INSTALLATION, Installation
from narrowgate.spec import Spec

NEW: Final = Variant()
"""A new VPC, and auto-scaling groups."""
_BLIND: Final = (
    "calls written down from the guide tell nothing of calls that nobody thought of",
    "what auto-scaling groups launch later, AWS does as its service-linked role: the caller is asked when the group "
    "is made",
)

_SHORTER: Final = ". fewer or shorter tags, or a shorter path or name, leave more room"


def installer_happenings(spec: Spec, installation: Installation, variant: Variant = NEW) -> tuple[Happening, ...]:
    """The calls of the reference installer in their order; ids that AWS will draw are Refs."""
    return _profile(spec).installer_calls(Ground(spec, installation, variant))


def node_happenings(spec: Spec, installation: Installation, variant: Variant = NEW) -> tuple[Happening, ...]:
    """The calls of a node with its role, in their order."""
    return _profile(spec).node_calls(Ground(spec, installation, variant))


def installer_evidence(spec: Spec, installation: Installation, actions: ActionList, variant: Variant = NEW) -> Evidence:
    """The installer's calls with what AWS decides for each."""
    calls = installer_happenings(spec, installation, variant)
    return _evidence(
        f"the reference installer of profile {spec.profile}", Ground(spec, installation, variant), actions, calls
    )


def node_evidence(spec: Spec, installation: Installation, actions: ActionList, variant: Variant = NEW) -> Evidence:
    """The nodes' calls with what AWS decides for each."""
    calls = node_happenings(spec, installation, variant)
    return _evidence(
        f"the reference node of profile {spec.profile}", Ground(spec, installation, variant), actions, calls
    )


def default_documents(
    spec: Spec, installation: Installation, actions: ActionList, variant: Variant = NEW
) -> Documents | NotDerived:
    """The spec's default policies, the installer's and the nodes'."""
    installer = installer_document(spec, installation, actions, variant)
    node = node_document(spec, installation, actions, variant)
    if isinstance(installer, NotDerived):
        return installer
    return node if isinstance(node, NotDerived) else Documents(installer, node)


def installer_document(
    spec: Spec, installation: Installation, actions: ActionList, variant: Variant = NEW
) -> Document | NotDerived:
    """The installer's default policy."""
    return _document(installer_evidence(spec, installation, actions, variant), installation, actions)


def node_document(
    spec: Spec, installation: Installation, actions: ActionList, variant: Variant = NEW
) -> Document | NotDerived:
    """The nodes' default policy."""
    return _document(node_evidence(spec, installation, actions, variant), installation, actions)


def own_of(installation: Installation) -> Own:
    """The tag by which an installation knows its own things; the address differs from thing to thing."""
    return Own({INSTALLATION: installation.system})


def forbidden(spec: Spec, installation: Installation, variant: Variant = NEW) -> tuple[tuple[str, Authorization], ...]:
    """What neither the installer nor a node may ever do, by name: for each, requests that AWS must refuse.

    Raises ValueError where the profile forbids a call that does not ask for the action that it names.
    """
    ground = Ground(spec, installation, variant)
    profile = _profile(spec)
    facts = _facts(profile.strangers(ground))
    found: list[tuple[str, Authorization]] = []
    for each in profile.forbidden(ground):
        there = Place(installation.partition, installation.account, each.region or installation.region)
        asked = requests_of(each.call, there, facts)
        wanted = () if isinstance(asked, UnknownOperation) else asked.authorizations
        meant = [(each.name, one) for one in wanted if one.action == each.action and each.type in ("", one.type)]
        if not meant:
            raise ValueError(f"{each.name}: {each.call.name} does not ask for {each.action}")
        found.extend(meant)
    return tuple(found)


def _profile(spec: Spec) -> Profile:
    return profiles()[spec.profile]


def _evidence(whose: str, ground: Ground, actions: ActionList, calls: tuple[Happening, ...]) -> Evidence:
    at = ground.installation
    origin = Origin(f"{whose} (calls written down, not recorded)", blind=_BLIND)
    known = _facts(_profile(ground.spec).known(ground))
    return evidence_of(calls, Place(at.partition, at.account, at.region), origin, actions=actions, facts=known)


def _facts(known: Mapping[str, Attributes]) -> Facts:
    return known.get


def _document(evidence: Evidence, installation: Installation, actions: ActionList) -> Document | NotDerived:
    if missing := [str(each.why) for each in evidence.left_out if each.serious]:
        return NotDerived(tuple(missing))
    made = derive(evidence, actions, own=own_of(installation))
    if not isinstance(made, Derived):
        return NotDerived(tuple(f"{evidence.whose}: {why}{_SHORTER}" for why in made.why))
    if len(made.documents) > 1:
        why = f"{evidence.whose}: its policy would need {len(made.documents)} managed policies, and one is made"
        return NotDerived((f"{why}{_SHORTER}",))
    return made.documents[0]
