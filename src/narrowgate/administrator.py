"""The least policy with which an administrator can run the identity verbs of one spec: derived from calls. Pure.

Nothing in it is written by hand: `identity_calls` walks the verbs, and every grant is one that a call of theirs
needs. It names our things by ARN; what lists things has no resource in AWS.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from narrowgate.catalogue.authorization import effects_of
from narrowgate.catalogue.facts import Attributes, Facts, Place, nothing_known
from narrowgate.derive.derivation import Derived, NotDerived, derive
from narrowgate.derive.evidence import Evidence, Origin, evidence_of, together
from narrowgate.derive.scope import Own
from narrowgate.happening import Happening
from narrowgate.identities import installation_of
from narrowgate.identity_calls import SinkCalls, identity_happenings
from narrowgate.policy import Document
from narrowgate.policy.actions import ActionList
from narrowgate.resource import INSTALLATION, Installation
from narrowgate.spec import Spec

WHOSE = "narrowgate's own identity verbs"


def identity_evidence(spec: Spec, installation: Installation, actions: ActionList, sinks: SinkCalls) -> Evidence:
    """What AWS decides for the calls of the identity verbs.

    AWS knows a name that does not exist, or that it does not show yet, without its path, and an existing one with
    it. So under a path the calls are looked at twice.
    """
    place = Place(installation.partition, installation.account, installation.region)
    happenings = identity_happenings(spec, installation, sinks)

    def evidence(of: Iterable[Happening], facts: Facts) -> Evidence:
        return evidence_of(of, place, Origin(WHOSE), actions=actions, facts=facts)

    there = evidence(happenings, _known(spec, installation))
    if installation.path == "/":
        return there
    # A creation names the path itself, and from it the others would learn it.
    absent = evidence((h for h in happenings if not effects_of(h.call, place, nothing_known)), nothing_known)
    return together(WHOSE, there, absent)


def _known(spec: Spec, installation: Installation) -> Facts:
    """Our users, roles and profiles under their path, found by their bare names too."""
    names = (
        ("user", spec.user_name),
        ("role", spec.role_name),
        ("instance-profile", spec.instance_profile_name),
    )
    known: dict[str, Attributes] = {}
    for kind, name in names:
        real = installation.arn(kind, name)
        known[f"arn:{installation.partition}:iam::{installation.account}:{kind}/{name}"] = _found_at(real)
        known[real] = Attributes(tags={INSTALLATION: installation.system})
    return known.get


def _found_at(real: str) -> Attributes:
    return Attributes(links={"self": (real,)})


def administrators(spec: Spec, account: str, actions: ActionList, sinks: SinkCalls) -> Derived:
    """The derived policy of an administrator in `account`, with its reasons."""
    installation = installation_of(spec, account)
    evidence = identity_evidence(spec, installation, actions, sinks)
    # INVARIANT: the catalogue knows every operation of ours; one that it lacks would be missing in the policy.
    assert not evidence.left_out, evidence.left_out
    derived = derive(evidence, actions, own=Own({INSTALLATION: spec.system}))
    assert not isinstance(derived, NotDerived), derived.why
    return derived


def policy_text(spec: Spec, account: str, actions: ActionList, sinks: SinkCalls) -> str:
    """The policy for one spec in an account as one JSON text, of whatever length.

    Within AWS's quotas it may be several documents: those are `administrators(...).documents`.
    """
    documents = administrators(spec, account, actions, sinks).documents
    if len(documents) == 1:
        return documents[0].text()
    statements = [statement for document in documents for statement in _statements(document)]
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))


def _statements(document: Document) -> list[object]:
    found = json.loads(document.text())["Statement"]
    return found if isinstance(found, list) else [found]
