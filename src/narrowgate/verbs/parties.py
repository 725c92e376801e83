"""The parties of a spec: whose calls there are, under which documents, and as whom. Touches no account."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Final, Literal, TypeAlias

from narrowgate.adapters.sink_calls import sink_calls
from narrowgate.administrator import administrators
from narrowgate.derive.derivation import Grant, grants_of
from narrowgate.derive.evidence import Evidence
from narrowgate.derive.scope import Own
from narrowgate.identities import installation_of
from narrowgate.policy import Document, Layers, Requester
from narrowgate.policy.actions import ActionList
from narrowgate.policy.request_context import Value
from narrowgate.profiles import profiles
from narrowgate.prove.forbidden import ForbiddenRequest
from narrowgate.prove.standing import Standing
from narrowgate.resource import Installation
from narrowgate.spec import Spec
from narrowgate.verbs.policies import read_documents
from narrowgate.workload import forbidden, installer_evidence, node_evidence, own_of

Name: TypeAlias = Literal["admin", "installer", "node"]
Barred: TypeAlias = tuple[Own, tuple[ForbiddenRequest, ...]]
NAMES: Final[tuple[Name, ...]] = ("admin", "installer", "node")
ADMINISTRATOR: Final = "administrator"
INSTANCE: Final = "i-0123456789abcdef0"
"""The session's name of a node: an instance's id."""


@dataclass(frozen=True, slots=True)
class Party:
    """One principal with its evidence and its identity policies.

    `source`: where the policies are from. `grants`: what was derived. `forbidden`: what it must never do besides what
    is made from the evidence.
    """

    name: Name
    evidence: Evidence
    documents: tuple[Document, ...]
    source: str
    standing: Standing
    own: Own
    grants: tuple[Grant, ...]
    forbidden: tuple[ForbiddenRequest, ...] = ()


def parties(spec: Spec, file: Path, account: str, actions: ActionList) -> tuple[Party, ...]:
    """All parties of the spec in `file`, as they are in an account. Raises UsageError for policies that are wrong."""
    installation = installation_of(spec, account)
    documents = read_documents(spec, installation, profiles()[spec.profile], file)
    own = own_of(installation)
    barred = tuple(ForbiddenRequest(name, asked) for name, asked in forbidden(spec, installation))
    installer, node = spec.installer.policy_source.file, spec.node.policy_source.file
    user = replace(installer_standing(spec, installation), layers=Layers(identity=(documents.installer,)))
    role = replace(node_standing(spec, installation), layers=Layers(identity=(documents.node,)))
    calls, own_calls = installer_evidence(spec, installation, actions), node_evidence(spec, installation, actions)
    return (
        _administrator(spec, account, actions),
        _party("installer", calls, documents.installer, user, installer, (own, barred)),
        _party("node", own_calls, documents.node, role, node, (own, barred)),
    )


def limited(party: Party, layers: Layers) -> Party:
    """The party under boundaries and the organization's policies too; its identity policies stay.

    A session policy is for the nodes: the installer is a user. The boundary is that of the spec's own user and role.
    """
    own = party.standing.layers
    session = layers.session if party.name == "node" else None
    boundaries = () if party.name == "admin" else layers.boundaries
    limits = replace(layers, identity=own.identity, session=session, boundaries=boundaries)
    return replace(party, standing=replace(party.standing, layers=limits))


def in_phases(party: Party, phases: frozenset[str]) -> Party:
    """The party with the calls of some phases only."""
    kept = tuple(use for use in party.evidence.uses if use.happening.phase in phases)
    evidence = replace(party.evidence, uses=kept)
    return replace(party, evidence=evidence, grants=grants_of(evidence, party.own))


def _party(
    name: Name, evidence: Evidence, document: Document, standing: Standing, file: str | None, barred: Barred
) -> Party:
    own, wrong = barred
    source = file or "derived from these calls"
    return Party(name, evidence, (document,), source, standing, own, grants_of(evidence, own), wrong)


def _administrator(spec: Spec, account: str, actions: ActionList) -> Party:
    derived = administrators(spec, account, actions, sink_calls(spec))
    requester = Requester("AWS", f"arn:{spec.partition}:iam::{account}:user/{ADMINISTRATOR}")
    standing = Standing(requester, Layers(identity=derived.documents))
    source = "derived from these calls"
    return Party("admin", derived.evidence, derived.documents, source, standing, derived.own, derived.grants)


def installer_standing(spec: Spec, installation: Installation) -> Standing:
    """The user, still without policies; where its key may be used from certain places only, it is used from there."""
    conditions = spec.installer.key_conditions
    context: dict[str, Value] = {}
    if conditions.source_ips:
        context["aws:SourceIp"] = str(ip_network(conditions.source_ips[0])[0])
    if conditions.source_vpces:
        context["aws:SourceVpce"] = conditions.source_vpces[0]
    return Standing(Requester("AWS", installation.arn("user", spec.user_name)), Layers(), context)


def node_standing(spec: Spec, installation: Installation) -> Standing:
    """A node's session of its role, still without policies."""
    session = f"arn:{installation.partition}:sts::{installation.account}:assumed-role/{spec.role_name}/{INSTANCE}"
    return Standing(Requester("AWS", session, role_arn=installation.arn("role", spec.role_name)), Layers())
