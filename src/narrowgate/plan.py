"""From wanted and observed to the steps between them. Pure: the planner of setup and of teardown.

A step waits only for what it truly needs, so that independent ones can run together. Positions in the plan
serve as names: a step needs lower positions only, which makes a cycle impossible to write down.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from narrowgate.calls import EMPTY, Call, Fields, Ref, Value, masked, resolve
from narrowgate.resource import ADDRESS, INSTALLATION, Change, Draft, Observed, Obstacle, Principal, Resource

Seen = Mapping[str, Observed]


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a plan. `needs` are positions of earlier steps."""

    address: str
    change: Change
    call: Call
    why: str
    principal: Principal
    needs: tuple[int, ...]
    note: Fields = EMPTY
    extra: str = ""
    name: str = ""
    """What a person calls the thing in AWS."""

    def __post_init__(self) -> None:
        assert list(self.needs) == sorted(set(self.needs))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the thing at `address` stops the whole plan."""

    address: str
    message: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in an order in which they can run, and what refuses them; refused plans have no effect."""

    steps: tuple[Step, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    def __post_init__(self) -> None:
        # INVARIANT: every step needs earlier steps only.
        assert all(need < at for at, step in enumerate(self.steps) for need in step.needs)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.steps and not self.refusals

    @property
    def extras(self) -> tuple[str, ...]:
        """What others attached and these steps would remove."""
        return tuple(step.extra for step in self.steps if step.extra)


def plan(resources: Sequence[Resource], seen: Seen, system: str, *, adopt: bool = False) -> Plan:
    """The steps that make `resources` out of what was `seen`; `adopt` takes over untagged things of our name.

    A Ref to a thing that is there already becomes the value that was seen; to one that a step makes, it stays.
    """
    ordered = in_order(resources)
    builder = _Builder(seen)
    for resource in ordered:
        found = seen.get(resource.address)
        if found is None:
            builder.add(_thing(resource), resource.create, resource.needs)
            continue
        stranger = _ownership(resource, found, system, adopt=adopt)
        if stranger:
            builder.refuse(resource.address, stranger)
            continue
        wanted = resource.change(found)
        for obstacle in wanted:
            if isinstance(obstacle, Obstacle):
                builder.refuse(resource.address, obstacle.message)
        builder.add(_thing(resource), tuple(d for d in wanted if isinstance(d, Draft)), resource.needs)
    return builder.plan()


def removal(resources: Sequence[Resource], seen: Seen, system: str) -> Plan:
    """The steps that unmake what exists and is ours, in the reverse order."""
    ordered = in_order(resources)
    strangers = frozenset(r.address for r in ordered if _not_ours(r, seen.get(r.address), system))
    builder = _Builder(seen)
    for resource in reversed(ordered):
        found = seen.get(resource.address)
        if found is None or resource.address in strangers or resource.parent in strangers:
            continue
        users = tuple(r.address for r in ordered if resource.address in r.needs)
        builder.add(_thing(resource), resource.delete(found), users)
    return builder.plan()


def plan_of(address: str, drafts: Iterable[Draft], name: str = "") -> Plan:
    """A plan for one thing: its drafts, one after the other."""
    builder = _Builder({})
    builder.add(_Thing(address, name, "admin"), drafts, ())
    return builder.plan()


def joined(plans: Iterable[Plan]) -> Plan:
    """One plan of several that do not need one another."""
    steps: list[Step] = []
    refusals: list[Refusal] = []
    for part in plans:
        base = len(steps)
        steps += [replace(step, needs=tuple(base + need for need in step.needs)) for step in part.steps]
        refusals += part.refusals
    return Plan(tuple(steps), tuple(refusals))


def strangers(resources: Sequence[Resource], seen: Seen, system: str) -> tuple[Refusal, ...]:
    """Things that have our names and not our tag: a teardown leaves them alone and says so."""
    told = ((r, _not_ours(r, seen.get(r.address), system)) for r in resources)
    return tuple(Refusal(r.address, why) for r, why in told if why)


def in_order(resources: Sequence[Resource]) -> tuple[Resource, ...]:
    """Needed things first, otherwise as given. Raises ValueError on a cycle."""
    by_address = {r.address: r for r in resources}
    done: dict[str, Resource] = {}

    def visit(resource: Resource, above: tuple[str, ...]) -> None:
        if resource.address in above:
            raise ValueError(f"{resource.address} needs itself, through {' and '.join(above)}")
        if resource.address in done:
            return
        for need in resource.needs:
            if need in by_address:
                visit(by_address[need], (*above, resource.address))
        done[resource.address] = resource

    for resource in resources:
        visit(resource, ())
    return tuple(done.values())


def _ownership(resource: Resource, found: Fields, system: str, *, adopt: bool) -> str:
    """Why the thing may not be touched; the empty string when it may."""
    why = _not_ours(resource, found, system)
    if not why and _is_another(resource, found):
        return (
            f"`{resource.name}` was made as `{found.group('Tags').text(ADDRESS)}`: names that changed places "
            "would give one identity the other's permissions. choose a new name"
        )
    if not why or (adopt and not found.group("Tags").get(INSTALLATION)):
        return ""
    if found.group("Tags").get(INSTALLATION):
        return f"{why}. choose another name or prefix"
    return f"{why}. adopt it with `--adopt`, or choose another name or prefix"


def _is_another(resource: Resource, found: Fields) -> bool:
    """Whether the thing is one of ours that was made for something else of the same kind."""
    made_as = found.group("Tags").text(ADDRESS)
    same_kind = made_as.partition(".")[0] == resource.kind and resource.kind.startswith("iam_")
    return not resource.parent and same_kind and made_as != resource.address


def _not_ours(resource: Resource, found: Observed, system: str) -> str:
    if found is None or resource.parent:
        return ""
    owner = found.group("Tags").text(INSTALLATION)
    if owner == system:
        return ""
    if owner:
        return f"`{resource.name}` belongs to the installation `{owner}`"
    return f"`{resource.name}` exists without our tag"


@dataclass(frozen=True, slots=True)
class _Thing:
    """What the steps of one resource share."""

    address: str
    name: str
    principal: Principal


def _thing(resource: Resource) -> _Thing:
    return _Thing(resource.address, resource.name, resource.principal)


def _known(call: Call, seen: Seen) -> Call:
    """The call with each Ref that names what was seen replaced by its value."""

    def lookup(ref: Ref) -> Value:
        value: Value = seen.get(ref.address)
        for part in ref.attribute.split("."):
            value = value.get(part) if isinstance(value, Fields) else None
        return value if isinstance(value, str) and value else ref

    params = resolve(call.params, lookup)
    assert isinstance(params, Fields)
    return call if params == call.params else replace(call, params=params)


class _Builder:
    """Collects steps; remembers the last position of each address."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._steps: list[Step] = []
        self._refusals: list[Refusal] = []
        self._last: dict[str, int] = {}

    def refuse(self, address: str, message: str) -> None:
        self._refusals.append(Refusal(address, message))

    def add(self, thing: _Thing, drafts: Iterable[Draft], needs: tuple[str, ...]) -> None:
        for draft in drafts:
            before = needs if draft.needs is None else draft.needs
            waits = {self._last[a] for a in (*before, thing.address) if a in self._last}
            step = Step(
                thing.address,
                draft.change,
                _known(draft.call, self._seen),
                draft.why,
                thing.principal,
                tuple(sorted(waits)),
                draft.note,
                draft.extra,
                thing.name,
            )
            self._last[thing.address] = len(self._steps)
            self._steps.append(step)

    def plan(self) -> Plan:
        return Plan(tuple(self._steps), tuple(self._refusals))


def as_data(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """The steps as JSON-ready data, secrets masked, for files, `--json` and digests."""
    return [
        {
            "address": step.address,
            "name": step.name,
            "change": step.change,
            "call": step.call.name,
            "params": masked(step.call.params),
            "why": step.why,
            "principal": step.principal,
            "needs": list(step.needs),
            **({"extra": step.extra} if step.extra else {}),
        }
        for step in steps
    ]


def digest(value: object) -> str:
    """A SHA-256 over the canonical JSON of `value`."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def chain(steps: Sequence[Step]) -> int:
    """The length of the longest chain of steps that must wait for one another."""
    depth: list[int] = []
    for step in steps:
        depth.append(1 + max((depth[n] for n in step.needs), default=0))
    return max(depth, default=0)
