"""The whole answer to one denial: what it was, the grant, what to do, what may be denied next. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from narrowgate.explain_denial.advice import advice, crosses, possible
from narrowgate.explain_denial.denied import Denied
from narrowgate.explain_denial.given import Decided, Given, decided
from narrowgate.explain_denial.grant import TRUST_ACTIONS, Grant, grant
from narrowgate.explain_denial.operation import Next, candidates, completed, following
from narrowgate.policy.actions import ActionList
from narrowgate.policy.decision import Layer


@dataclass(frozen=True, slots=True)
class Explained:
    """A denial and its explanation.

    `possible`: the layers that may have said no, where that is not told. `candidates`: the actions that may
    be meant, likewise. `decided`: the decision with the given policies, or why there is none; None without
    policies. `unused`: why the grants of the message may not be all.
    """

    denied: Denied
    possible: tuple[Layer, ...]
    candidates: tuple[str, ...]
    grants: tuple[Grant, ...]
    advice: tuple[str, ...]
    following: tuple[Next, ...]
    decided: Decided | str | None = None


def explained(denied: Denied, actions: ActionList, given: Given | None = None) -> Explained:
    """The answer to a denial; with policies at hand, the request is decided with them, too."""
    whole = completed(denied, actions)
    found = decided(whole, given, actions) if given is not None and given.names else None
    meant = candidates(whole, actions)
    said = [*advice(whole, meant), *(_about_given(whole, given, found) if given else ())]
    grants = _grants(whole, actions, given, found)
    return Explained(whole, possible(whole), meant, grants, tuple(said), following(whole, actions), found)


def _grants(denied: Denied, actions: ActionList, given: Given | None, found: Decided | str | None) -> tuple[Grant, ...]:
    """What the given policies lack; for layers that were not given, what the message says."""
    known = found.grants if isinstance(found, Decided) else ()
    if denied.how == "explicitDeny" or denied.cross_account_pass:
        return ()
    if isinstance(found, Decided) and found.after.outcome == "explicitDeny":
        return ()
    covered = set(given.names) if given and isinstance(found, Decided) else set()
    told = [layer for layer in _layers(denied) if layer not in covered]
    if isinstance(found, Decided) and denied.layer is None and known:
        # Which layer said no is not told, and here is one that does: nothing is guessed beside it.
        told = []
    made = [each for layer in told if (each := grant(denied, layer, actions)) is not None]
    return (*known, *made)


def _layers(denied: Denied) -> tuple[Layer, ...]:
    """The layers that need the grant: the one that AWS names, both sides across accounts, else the likeliest."""
    if denied.layer not in (None, "identity", "resource"):
        return (denied.layer,) if denied.layer else ()
    if crosses(denied):
        return ("resource", "identity") if denied.layer == "resource" else ("identity", "resource")
    if denied.layer is not None:
        return (denied.layer,)
    return ("resource",) if denied.action.lower() in TRUST_ACTIONS else ("identity",)


def _about_given(denied: Denied, given: Given, found: Decided | str | None) -> Iterator[str]:
    """What the given policies' decision means beside what AWS said."""
    if isinstance(found, str):
        yield f"the given policies cannot be asked: {found}"
    if not isinstance(found, Decided):
        return
    if found.assumed:
        yield f"not given, and taken to allow: {', '.join(found.assumed)}"
    if found.decision.outcome == "allowed":
        yield "the given policies allow it, in the model: what said no is a policy that was not given, or a condition"
    elif denied.layer is not None and found.decision.layer != denied.layer and denied.layer in given.names:
        said = found.decision.layer
        yield f"AWS said that it was `{denied.layer}`, the given policies say `{said}`: are they current?"
    absent = sorted(
        {f.key for e in found.explanations for f in e.failures if f.element == "Condition" and not f.actual}
    )
    if absent:
        yield f"condition keys that are not told, and count as absent: {', '.join(absent)}. Say `--context KEY=VALUE`"


def filled(denied: Denied, principal: str = "", action: str = "", resource: str = "") -> Denied:
    """The denial with what a person adds where it tells nothing."""
    return replace(
        denied,
        principal=denied.principal or principal,
        action=denied.action or action,
        resource=denied.resource or resource,
    )
