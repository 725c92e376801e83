"""Shrinking the installer's policy to what its user still needs once the platform stands. Pure.

What remains are the calls of the phases in `REMAINING`: what the first look and the installation alone needed goes.
What a vendor's file is for is not known, so it is never shrunk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from narrowgate import fit
from narrowgate.derive.derivation import by_phase, grants_of
from narrowgate.derive.evidence import Evidence
from narrowgate.derive.scope import Scope
from narrowgate.derive.statements import Statement, document_of, statements_of
from narrowgate.happening import Phase
from narrowgate.policy import (
    Document,
    Faults,
    Layers,
    NotMinimised,
    Proved,
    Requester,
    covers,
    minimise,
    size,
    surface,
)
from narrowgate.policy.actions import ActionList
from narrowgate.prove.sufficiency import Insufficient, Sufficient, sufficient
from narrowgate.resource import Installation
from narrowgate.spec import Spec
from narrowgate.workload import installer_evidence, own_of

REMAINING: Final[frozenset[Phase]] = frozenset({"operate", "teardown"})
"""The user runs the platform and takes it down. Its key is rotated by the administrator, a failover is the nodes'."""


@dataclass(frozen=True, slots=True)
class Shrinking:
    """A shrunk policy, and what was proved of it in the model.

    `calls`: those that it suffices for, each once, by phase; `requests`: how many different ones AWS decides for
    them. `gone`: the actions that it names no more. `old` and `new`: the sizes as AWS counts them.
    """

    document: Document
    calls: Mapping[str, tuple[str, ...]]
    requests: int
    gone: tuple[str, ...]
    old: int
    new: int


@dataclass(frozen=True, slots=True)
class NotShrunk:
    """Why the policy cannot be shrunk, one sentence each."""

    why: tuple[str, ...]


def remaining(spec: Spec, installation: Installation, actions: ActionList) -> Evidence:
    """The installer's calls after the installation; what they touch is known from the calls before."""
    whole = installer_evidence(spec, installation, actions)
    return replace(whole, uses=tuple(use for use in whole.uses if use.happening.phase in REMAINING))


def shrunk(spec: Spec, installation: Installation, actions: ActionList) -> Document | NotShrunk:
    """The policy for the calls that remain, with the spec's conditions on the key."""
    if spec.installer.policy_source.file is not None:
        return NotShrunk((_foreign(spec.installer.policy_source.file),))
    return _restricted(spec, _written(_scopes(remaining(spec, installation, actions), installation), actions))


def shrinking(spec: Spec, installation: Installation, present: Document, actions: ActionList) -> Shrinking | NotShrunk:
    """What shrinking the `present` policy comes to: proved to lie within it, and to suffice for what remains.

    It lies within when each grant does. That those are joined into statements adds no pair of action and resource
    that AWS asks about: `derive.statements`.
    """
    wanted = shrunk(spec, installation, actions)
    if isinstance(wanted, NotShrunk):
        return wanted
    evidence = remaining(spec, installation, actions)
    scopes = _scopes(evidence, installation)
    # Where the key may be used from is no matter of the calls: a call from elsewhere is to be denied.
    bare = _written(scopes, actions)
    assert isinstance(bare, Document)
    user = Requester("AWS", installation.arn("user", spec.user_name))
    enough = sufficient(evidence, user, Layers(identity=(bare,)), actions, own=own_of(installation))
    why = (*_beyond(spec, scopes, present), *_lacking(enough))
    if why or not isinstance(enough, Sufficient):
        return NotShrunk(why)
    still = frozenset(surface((wanted,), actions).actions)
    return Shrinking(
        document=wanted,
        calls=by_phase(evidence.uses),
        requests=enough.counted.requests,
        gone=tuple(a for a in surface((present,), actions).actions if a not in still),
        old=size(present.text()),
        new=size(wanted.text()),
    )


def _scopes(evidence: Evidence, installation: Installation) -> tuple[Scope, ...]:
    return tuple(grant.scope for grant in grants_of(evidence, own_of(installation)))


def _written(scopes: tuple[Scope, ...], actions: ActionList) -> Document | NotShrunk:
    """The scopes as one document, without a wildcard that any of them has not."""
    made = minimise((document_of(statements_of(scopes, actions)),), principal="user")
    if isinstance(made, NotMinimised):
        return NotShrunk(made.why)
    if len(made.documents) > 1:
        return NotShrunk((f"what remains would need {len(made.documents)} managed policies, and one is made",))
    (document,) = made.documents
    return document


def _restricted(spec: Spec, found: Document | NotShrunk) -> Document | NotShrunk:
    conditions = spec.installer.key_conditions
    restriction = fit.restriction(conditions.source_ips, conditions.source_vpces)
    if isinstance(found, NotShrunk) or restriction is None:
        return found
    restricted = fit.restricted(found, restriction)
    if isinstance(restricted, Faults):
        return NotShrunk(tuple(fault.message for fault in restricted.items))
    return restricted


def _foreign(file: str) -> str:
    return (
        f"the installer's policy is the file `{file}`, and what its program calls is not known: narrow the file with "
        "`narrowgate policy harden`, and run setup"
    )


def _beyond(spec: Spec, scopes: Iterable[Scope], present: Document) -> Iterable[str]:
    """The grants that the present policy does not cover."""
    for scope in scopes:
        one = document_of((Statement((scope.action,), (scope.resource,), scope.conditions),))
        asked = _restricted(spec, one)
        within = covers((present,), (asked,)) if isinstance(asked, Document) else asked
        if not isinstance(within, Proved):
            yield (
                f"the policy in the account is not shown to allow `{scope.action}` on `{scope.resource}`, which the "
                "shrunk one would: run `narrowgate setup` first"
            )


def _lacking(enough: object) -> Iterable[str]:
    if isinstance(enough, Sufficient):
        return
    open_ = enough.misses if isinstance(enough, Insufficient) else getattr(enough, "why", ())
    yield from (f"the shrunk policy does not suffice: {each}" for each in open_)
