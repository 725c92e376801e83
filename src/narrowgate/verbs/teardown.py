"""`narrowgate teardown`: everything that we own, in the reverse order, and then a look whether it is gone.

It finds our things by their names, those of earlier specs by the journal, and never lists the account's roles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from narrowgate.adapters.apply import apply
from narrowgate.adapters.observe import observe
from narrowgate.errors import Refused
from narrowgate.plan import Plan, Refusal, joined, removal, strangers
from narrowgate.resource import Resource
from narrowgate.verbs.past import Group, earlier, other_systems, past_specs
from narrowgate.verbs.setup import halted, stage, told_of_journal
from narrowgate.verbs.site import Site

SETTLE = 30.0


@dataclass(frozen=True, slots=True)
class TornDown:
    """What became of a teardown: steps done, what is left, and what was never ours."""

    steps: int
    left: tuple[str, ...]
    strangers: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Removal:
    """The plan of a teardown, and the things with our names that it leaves alone."""

    parts: tuple[tuple[str, Plan], ...]
    """A region and what is removed with its World; the present spec's last."""
    strangers: tuple[Refusal, ...]

    @property
    def plan(self) -> Plan:
        """All parts as one, for a person."""
        return joined(plan for _, plan in self.parts)


def planned(site: Site) -> Removal:
    """What a teardown would remove; touches nothing."""
    parts: list[tuple[str, Plan]] = []
    others: list[Refusal] = []
    for group in _groups(site):
        seen = observe(group.resources, site.admin_in(group.region), whole=True)
        parts.append((group.region, removal(group.resources, seen, group.system)))
        others += strangers(group.resources, seen, group.system)
    return Removal(tuple(parts), tuple(others))


def teardown(site: Site, approve: Callable[[Removal], bool], *, force: bool = False) -> TornDown:
    """Remove everything of ours. Raises Refused, before any write, when others attached something to it.

    With `force` that is removed too. What is still there in the end is in `left`.
    """
    site.journal.lock()
    try:
        told_of_journal(site)
        wanted = planned(site)
        refuse_extras(wanted, force=force)
        if not wanted.plan.steps:
            return TornDown(0, _beyond_us(site, wanted), wanted.strangers)
        if approve(wanted) and planned(site) != wanted:
            raise Refused("the account changed while you were asked; run the command again")
        site.journal.begin("teardown", site.scope)
        done = sum(_apply(site, region, plan) for region, plan in wanted.parts)
        left = (*_what_is_left(site), *_beyond_us(site, wanted))
        if not left:
            user, lineage = site.spec.user_name, site.lineage
            site.journal.mark("clean", account=lineage.account, file=lineage.file, system=lineage.system, user=user)
        return TornDown(done, left, wanted.strangers)
    finally:
        site.journal.close()


def _apply(site: Site, region: str, plan: Plan) -> int:
    outcome = apply(plan, stage(site, region))
    halted(outcome)
    error = outcome.error()
    if error is not None:
        present = [identity for group in _groups(site) for identity in _present(site, group)]
        error.message += "".join(f"\nstill there: {identity}" for identity in present)
        raise error
    return len(outcome.done)


def _beyond_us(site: Site, wanted: Removal) -> tuple[str, ...]:
    """What the journal says was made here, and a teardown may not touch: to be told, not passed over."""
    made_here = past_specs(site.journal.entries, site.lineage)
    abandoned = [f"{r.address}: {r.message}" for r in wanted.strangers] if made_here else []
    foreign = [
        f"{identity}, of the installation `{group.system}`: put `system: {group.system}` back to remove it"
        for group in other_systems(site)
        for identity in _present(site, group)
    ]
    return (*abandoned, *foreign)


def refuse_extras(wanted: Removal, *, force: bool) -> None:
    """Raise Refused when others attached something, unless the person forces it."""
    extras = wanted.plan.extras
    if extras and not force:
        listed = "\n".join(f"  {extra}" for extra in extras)
        raise Refused(
            f"others attached this to what narrowgate made; nothing was touched:\n{listed}\n"
            "remove it yourself, or run teardown with `--force`"
        )


def _groups(site: Site) -> tuple[Group, ...]:
    # What only an earlier form names goes first: it hangs on what the present one names.
    former = (replace(g, resources=tuple(_former(r) for r in g.resources)) for g in earlier(site))
    return (*former, Group(site.spec.system, site.spec.region, site.resources))


def _former(resource: Resource) -> Resource:
    return replace(resource, name=f"{resource.name}, of an earlier form of the spec")


def _what_is_left(site: Site) -> tuple[str, ...]:
    """What of ours is still seen, once AWS had time to settle."""
    clock = site.around.clock
    deadline = clock.monotonic() + SETTLE
    pause = 0.25
    while True:
        left = [identity for group in _groups(site) for identity in _present(site, group)]
        if not left or clock.monotonic() > deadline or site.around.stop.is_set():
            return tuple(left)
        clock.sleep(pause)
        pause = min(pause * 2, 4.0)


def _present(site: Site, group: Group) -> tuple[str, ...]:
    """What of the group is there and ours."""
    seen = observe(group.resources, site.admin_in(group.region))
    others = frozenset(refusal.address for refusal in strangers(group.resources, seen, group.system))
    return tuple(
        r.identity
        for r in group.resources
        if seen[r.address] is not None and r.address not in others and r.parent not in others
    )
