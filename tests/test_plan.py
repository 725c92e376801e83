"""The planner's laws, with resources of any shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from narrowgate.calls import EMPTY, Fields, Ref, call
from narrowgate.plan import (
    Plan,
    Refusal,
    Step,
    as_data,
    chain,
    digest,
    in_order,
    joined,
    plan,
    plan_of,
    removal,
    strangers,
)
from narrowgate.resource import INSTALLATION, Draft, Observed, Obstacle, Resource, Script

LAW = settings(deadline=None)  # a busy machine proves nothing
SYSTEM = "mine"
OURS = Fields(Tags={INSTALLATION: SYSTEM})


def nothing_to_read(whole: bool) -> Script:
    yield from ()
    return None


def thing(name: str, needs: Sequence[str] = (), *, drafts: int = 1, parent: str = "") -> Resource:
    """A resource of several calls each way, that differs when what was observed says so."""

    def change(found: Fields) -> tuple[Draft | Obstacle, ...]:
        if found.get("Stuck"):
            return (Obstacle("it cannot be moved"),)
        return tuple(
            Draft(call("x", "Update", Name=name, N=n), "update", "differs")
            for n in range(drafts if found.get("Differs") else 0)
        )

    def delete(found: Fields) -> tuple[Draft, ...]:
        return tuple(Draft(call("x", "Delete", Name=name, N=n), "delete", "gone") for n in range(drafts))

    return Resource(
        address=f"kind.{name}",
        name=name,
        identity=f"arn:{name}",
        needs=tuple(f"kind.{need}" for need in needs),
        read=nothing_to_read,
        create=tuple(Draft(call("x", "Create", Name=name, N=n), "create", "new") for n in range(drafts)),
        change=change,
        delete=delete,
        parent=f"kind.{parent}" if parent else "",
    )


@st.composite
def things(draw: st.DrawFn) -> tuple[Resource, ...]:
    """Resources without cycles, in any order; some need what is not among them."""
    count = draw(st.integers(0, 7))
    made = []
    for at in range(count):
        needs = draw(st.sets(st.sampled_from([str(n) for n in range(at)]), max_size=3)) if at else set()
        outside = draw(st.sets(st.just("elsewhere")))
        made.append(thing(str(at), [*sorted(needs), *outside], drafts=draw(st.integers(1, 3))))
    return tuple(draw(st.permutations(made)))


@st.composite
def observed(draw: st.DrawFn, resources: Sequence[Resource]) -> dict[str, Observed]:
    states = st.sampled_from([None, OURS, Fields({**OURS, "Differs": True})])
    return {r.address: draw(states) for r in resources}


THINGS_SEEN = things().flatmap(lambda made: st.tuples(st.just(made), observed(made)))


def positions(made: Plan) -> Mapping[str, list[int]]:
    found: dict[str, list[int]] = {}
    for at, step in enumerate(made.steps):
        found.setdefault(step.address, []).append(at)
    return found


def waits(made: Plan) -> tuple[frozenset[int], ...]:
    """For each step, every position that it waits for, directly or through others."""
    found: list[frozenset[int]] = []
    for step in made.steps:
        found.append(frozenset(step.needs).union(*(found[n] for n in step.needs)))
    return tuple(found)


@LAW
@given(THINGS_SEEN)
def test_every_step_comes_after_all_steps_of_what_it_needs(
    given: tuple[tuple[Resource, ...], dict[str, Observed]],
) -> None:
    resources, seen = given
    made = plan(resources, seen, SYSTEM)
    where, waited = positions(made), waits(made)
    for resource in resources:
        for at in where.get(resource.address, []):
            for need in resource.needs:
                assert waited[at] >= set(where.get(need, []))


@LAW
@given(THINGS_SEEN)
def test_steps_of_one_thing_keep_their_order(given: tuple[tuple[Resource, ...], dict[str, Observed]]) -> None:
    resources, seen = given
    for made in (plan(resources, seen, SYSTEM), removal(resources, seen, SYSTEM)):
        waited = waits(made)
        for ats in positions(made).values():
            assert all(before in waited[after] for before, after in pairwise(ats))
            assert [made.steps[at].call.params["N"] for at in ats] == list(range(len(ats)))


@LAW
@given(THINGS_SEEN)
def test_a_plan_makes_what_is_missing_and_changes_what_differs(
    given: tuple[tuple[Resource, ...], dict[str, Observed]],
) -> None:
    resources, seen = given
    made = plan(resources, seen, SYSTEM)
    assert made.refusals == ()
    done = {address: made.steps[ats[0]].change for address, ats in positions(made).items()}
    missing = {a: "create" for a, found in seen.items() if found is None}
    differing = {a: "update" for a, found in seen.items() if found is not None and found.get("Differs")}
    assert done == {**missing, **differing}


@LAW
@given(things())
def test_the_plan_of_what_is_there_is_empty(resources: tuple[Resource, ...]) -> None:
    made = plan(resources, {r.address: OURS for r in resources}, SYSTEM)
    assert made.is_empty
    assert made == Plan()


@LAW
@given(things())
def test_nothing_is_needlessly_waited_for(resources: tuple[Resource, ...]) -> None:
    """The longest chain is the longest path through the needs, each thing's own calls counted."""
    length: dict[str, int] = {}
    for resource in in_order(resources):
        length[resource.address] = len(resource.create) + max((length.get(n, 0) for n in resource.needs), default=0)
    made = plan(resources, {}, SYSTEM)
    assert chain(made.steps) == max(length.values(), default=0)


@LAW
@given(things())
def test_removal_is_the_reverse(resources: tuple[Resource, ...]) -> None:
    seen = {r.address: OURS for r in resources}
    made = removal(resources, seen, SYSTEM)
    where, waited = positions(made), waits(made)
    assert set(where) == set(seen)
    for resource in resources:
        for need in resource.needs:
            for at in where.get(need, []):
                assert waited[at] >= set(where[resource.address])
    there = plan(resources, {}, SYSTEM)
    assert chain(made.steps) == chain(there.steps)


@LAW
@given(THINGS_SEEN)
def test_removal_touches_what_exists_only(given: tuple[tuple[Resource, ...], dict[str, Observed]]) -> None:
    resources, seen = given
    assert set(positions(removal(resources, seen, SYSTEM))) == {a for a, found in seen.items() if found is not None}


@LAW
@given(things())
def test_the_order_keeps_needs_and_otherwise_stays(resources: tuple[Resource, ...]) -> None:
    ordered = in_order(resources)
    assert sorted(r.address for r in ordered) == sorted(r.address for r in resources)
    place = {r.address: at for at, r in enumerate(ordered)}
    assert all(place[n] < place[r.address] for r in ordered for n in r.needs if n in place)
    assert in_order(ordered) == ordered
    if not any(n in place for r in resources for n in r.needs):
        assert ordered == resources


@LAW
@given(things(), st.data())
def test_a_cycle_is_detected(resources: tuple[Resource, ...], data: st.DataObject) -> None:
    assume(resources)
    size = data.draw(st.integers(1, 4))
    ring = [thing(f"ring{n}", [f"ring{(n + 1) % size}"]) for n in range(size)]
    mixed = data.draw(st.permutations([*resources, *ring]))
    with pytest.raises(ValueError, match=r"kind\.ring\d needs itself"):
        in_order(mixed)


@pytest.mark.slow
@LAW
@given(st.lists(THINGS_SEEN, max_size=3))
def test_joined_plans_keep_their_needs(given: list[tuple[tuple[Resource, ...], dict[str, Observed]]]) -> None:
    plans = [plan(resources, seen, SYSTEM) for resources, seen in given]
    whole = joined(plans)
    assert len(whole.steps) == sum(len(p.steps) for p in plans)
    assert chain(whole.steps) == max((chain(p.steps) for p in plans), default=0)
    base = 0
    for part in plans:
        for at, step in enumerate(part.steps):
            assert whole.steps[base + at].call == step.call
            assert [whole.steps[n].call for n in whole.steps[base + at].needs] == [
                part.steps[n].call for n in step.needs
            ]
        base += len(part.steps)


def test_joined_plans_keep_their_refusals() -> None:
    one, two = Refusal("a.b", "no"), Refusal("c.d", "never")
    assert joined([Plan((), (one,)), Plan((), (two,))]).refusals == (one, two)
    assert joined([]) == Plan()


UNTAGGED, STRANGE = Fields(Tags={}, Differs=True), Fields(Tags={INSTALLATION: "other"}, Differs=True)


def test_a_thing_without_our_tag_is_refused_and_not_changed() -> None:
    made = plan([thing("a")], {"kind.a": UNTAGGED}, SYSTEM)
    assert made.steps == ()
    assert made.refusals == (
        Refusal("kind.a", "`a` exists without our tag. adopt it with `--adopt`, or choose another name or prefix"),
    )


def test_a_thing_without_our_tag_is_taken_over_when_asked() -> None:
    made = plan([thing("a")], {"kind.a": UNTAGGED}, SYSTEM, adopt=True)
    assert made.refusals == ()
    assert [s.call.name for s in made.steps] == ["x:Update"]


@pytest.mark.parametrize("adopt", [False, True])
def test_a_thing_of_another_installation_is_never_touched(adopt: bool) -> None:
    made = plan([thing("a")], {"kind.a": STRANGE}, SYSTEM, adopt=adopt)
    assert made.steps == ()
    assert made.refusals == (
        Refusal("kind.a", "`a` belongs to the installation `other`. choose another name or prefix"),
    )


@pytest.mark.parametrize("found", [UNTAGGED, STRANGE])
def test_a_removal_leaves_strangers_and_what_belongs_to_them(found: Fields) -> None:
    resources = [thing("a"), thing("key", ["a"], parent="a"), thing("b")]
    seen = {"kind.a": found, "kind.key": EMPTY, "kind.b": OURS}
    assert {s.address for s in removal(resources, seen, SYSTEM).steps} == {"kind.b"}
    assert [r.address for r in strangers(resources, seen, SYSTEM)] == ["kind.a"]


def test_what_cannot_be_tagged_shares_the_ownership_of_its_parent() -> None:
    resources = [thing("a"), thing("key", ["a"], parent="a")]
    seen = {"kind.a": OURS, "kind.key": Fields(Differs=True)}
    assert [s.address for s in plan(resources, seen, SYSTEM).steps] == ["kind.key"]
    assert [s.address for s in removal(resources, seen, SYSTEM).steps] == ["kind.key", "kind.a"]
    assert strangers(resources, seen, SYSTEM) == ()


def test_the_prefix_of_a_system_name_is_another_system() -> None:
    made = plan([thing("a")], {"kind.a": Fields(Tags={INSTALLATION: SYSTEM + "x"})}, SYSTEM)
    assert made.refusals


def test_an_obstacle_refuses_the_plan() -> None:
    made = plan([thing("a")], {"kind.a": Fields({**OURS, "Stuck": True})}, SYSTEM)
    assert made == Plan((), (Refusal("kind.a", "it cannot be moved"),))
    assert not made.is_empty


def test_a_plan_cannot_need_what_comes_later() -> None:
    step = plan_of("a.b", thing("a").create).steps[0]
    with pytest.raises(AssertionError):
        Plan((Step(step.address, step.change, step.call, step.why, "admin", (0,)),))
    with pytest.raises(AssertionError):
        Step(step.address, step.change, step.call, step.why, "admin", (1, 0))


def test_a_draft_may_need_less_than_its_resource() -> None:
    base = thing("a")
    early = Resource(
        "kind.b",
        "b",
        "arn:b",
        ("kind.a",),
        nothing_to_read,
        (Draft(call("x", "Make"), "create", "at once", needs=()), Draft(call("x", "Fill"), "create", "later")),
        base.change,
        base.delete,
    )
    made = plan([base, early], {}, SYSTEM)
    assert [(s.call.operation, s.needs) for s in made.steps] == [("Create", ()), ("Make", ()), ("Fill", (0, 1))]


@LAW
@given(THINGS_SEEN)
def test_planning_is_deterministic_down_to_its_digest(given: tuple[tuple[Resource, ...], dict[str, Observed]]) -> None:
    resources, seen = given
    one = plan(resources, seen, SYSTEM)
    other = plan(resources, dict(reversed(seen.items())), SYSTEM)
    assert one == other
    assert digest(as_data(one.steps)) == digest(as_data(other.steps))
    if one.steps:
        assert digest(as_data(one.steps)) != digest(as_data(one.steps[:-1]))


def test_extras_are_told() -> None:
    drafts = [Draft(call("x", "A"), "delete", "w", extra="a password"), Draft(call("x", "B"), "delete", "w")]
    made = plan_of("a.b", drafts)
    assert made.extras == ("a password",)
    assert [s.get("extra") for s in as_data(made.steps)] == ["a password", None]


def test_an_id_that_was_seen_takes_the_place_of_its_ref_and_any_other_stays() -> None:
    there, coming = Ref("kind.a", "VpcId"), Ref("kind.b", "Deep.Id")
    base = thing("c", ["a", "b"])
    made = (
        Draft(call("x", "Make", Of=there, In=({"Vpc": there},), With=coming, Not=Ref("kind.a", "Size")), "create", ""),
    )
    resources = [thing("a"), thing("b"), replace(base, create=made)]
    seen = {"kind.a": Fields(OURS, VpcId="vpc-1", Size=3), "kind.b": None, "kind.c": None}
    step = plan(resources, seen, SYSTEM).steps[-1]
    # Only texts are ids.
    assert step.call == call("x", "Make", Of="vpc-1", In=({"Vpc": "vpc-1"},), With=coming, Not=Ref("kind.a", "Size"))
    deep = {**seen, "kind.b": Fields(OURS, Deep={"Id": "b-1"})}
    assert plan(resources, deep, SYSTEM).steps[-1].call.params["With"] == "b-1"


def test_a_removal_names_what_was_seen_of_others() -> None:
    gone = (Draft(call("x", "Delete", Of=Ref("kind.a", "VpcId")), "delete", ""),)
    resources = [thing("a"), replace(thing("b"), delete=lambda found: gone)]
    seen = {"kind.a": Fields(OURS, VpcId="vpc-1"), "kind.b": OURS}
    assert removal(resources, seen, SYSTEM).steps[0].call == call("x", "Delete", Of="vpc-1")


def test_a_step_is_its_things_principals() -> None:
    resources = [thing("a"), replace(thing("b", ["a"]), principal="installer")]
    assert [s.principal for s in plan(resources, {}, SYSTEM).steps] == ["admin", "installer"]
    seen = {"kind.a": OURS, "kind.b": OURS}
    assert [s.principal for s in removal(resources, seen, SYSTEM).steps] == ["installer", "admin"]
