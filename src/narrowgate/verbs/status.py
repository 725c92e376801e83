"""`narrowgate status`: what exists of what the spec names, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass

from narrowgate.calls import EMPTY, call
from narrowgate.finding import Finding
from narrowgate.identities import KEY
from narrowgate.kinds.iam_access_key import current, last_use
from narrowgate.verbs import planning
from narrowgate.verbs.site import Site


@dataclass(frozen=True, slots=True)
class Item:
    """One wanted thing: `state` is `there`, `missing`, `differs` or `refused`."""

    address: str
    name: str
    identity: str
    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class KeyState:
    """One access key of the user: when made, when used, and which sinks hold it."""

    key: str
    status: str
    created: str
    last_used: str
    current: bool
    sinks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """Everything that `status` tells."""

    items: tuple[Item, ...]
    keys: tuple[KeyState, ...]
    findings: tuple[Finding, ...]


def status(site: Site) -> Status:
    """Look at everything; touches nothing."""
    planned = planning.make(site)
    refused = {r.address: r.message for r in planned.plan.refusals}
    differs: dict[str, str] = {}
    for step in planned.plan.steps:
        differs.setdefault(step.address, step.why)
    items = []
    for resource in site.resources:
        state, detail = "there", ""
        if planned.seen[resource.address] is None:
            state = "missing"
        elif resource.address in refused:
            state, detail = "refused", refused[resource.address]
        elif resource.address in differs:
            state, detail = "differs", differs[resource.address]
        items.append(Item(resource.address, resource.name, resource.identity, state, detail))
    return Status(tuple(items), _keys(site, planned), planning.drifted(site, planned))


def _keys(site: Site, planned: planning.Planned) -> tuple[KeyState, ...]:
    found = planned.seen.get(KEY) or EMPTY
    kept, held = current(found), found.group("Held")
    states = []
    for key in found.items_of("Keys"):
        name = key.text("AccessKeyId")
        states.append(
            KeyState(
                key=name,
                status=key.text("Status"),
                created=key.text("CreateDate"),
                last_used=last_use(site.admin(call("iam", "GetAccessKeyLastUsed", AccessKeyId=name))),
                current=name == kept,
                sinks=tuple(sink for sink in held if name in held.texts(sink)),
            )
        )
    return tuple(states)
