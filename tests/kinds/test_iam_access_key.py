"""The rules of evidence, over every combination of what AWS, the sinks and the journal can say of two keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from kinds.setting import installation, observe, replying

from narrowgate.calls import EMPTY, Fields, masked
from narrowgate.kinds.iam_access_key import (
    MOST_KEYS,
    SKEW,
    UNDER_WAY,
    UNLISTED,
    Wanted,
    copies,
    current,
    holders_of,
    lost,
    resource,
    suspects,
    unseen,
    used,
)
from narrowgate.resource import Draft, Obstacle, Resource

MEANT = datetime(2026, 1, 1, 10, tzinfo=UTC)
SINKS = ("csv", "env")
# When a key was made, relative to the intent to make one.
EARLIER, DURING, LATER = timedelta(hours=-1), timedelta(seconds=3), timedelta(hours=1)


@dataclass(frozen=True)
class Key:
    """One key and all that can be true of it."""

    name: str
    made_at: timedelta
    holders: tuple[str, ...]
    made: bool
    delivered: bool
    was_used: bool | None
    """None: AWS does not say."""
    beside: bool

    @property
    def secret_was_somewhere(self) -> bool:
        return bool(self.holders) or self.delivered


@dataclass(frozen=True)
class World:
    """What is true; `before` are the ids that the open intent lists, None without one."""

    keys: tuple[Key, ...]
    before: tuple[str, ...] | None

    def may_be_lost(self, key: Key) -> bool:
        """The rule, said once more and in other words than the code."""
        if key.was_used is not False or key.secret_was_somewhere:
            return False
        if key.made:
            return True
        if self.before is None or not -SKEW <= key.made_at <= UNDER_WAY:
            return False
        return [k for k in self.keys if not k.made and k.name not in self.before] == [key]

    @property
    def replies(self) -> dict[str, object]:
        listed = [
            {"AccessKeyId": k.name, "Status": "Active", "CreateDate": (MEANT + k.made_at).isoformat()}
            for k in self.keys
        ]
        intents = [] if self.before is None else [{"Before": self.before, "At": MEANT.isoformat()}]
        memory = {
            "Made": [k.name for k in self.keys if k.made],
            "Delivered": [k.name for k in self.keys if k.delivered],
            "Open": intents,
        }
        uses = {
            f"iam:GetAccessKeyLastUsed {k.name}": {
                "AccessKeyLastUsed": {"LastUsedDate": "2026-01-01T12:00:00Z"} if k.was_used else {"Region": "N/A"}
            }
            for k in self.keys
            if k.was_used is not None
        }
        held = {f"sink:HoldsKeys {s}": {"Held": [k.name for k in self.keys if s in k.holders]} for s in SINKS}
        return {"iam:ListAccessKeys": {"AccessKeyMetadata": listed}, "journal:RecallKeys": memory, **uses, **held}


def each_key(name: str) -> Iterator[Key]:
    holders = ((), ("csv",), ("csv", "env"))
    for at, where, made, delivered, was_used, beside in product(
        (EARLIER, DURING, LATER), holders, (False, True), (False, True), (False, True, None), (False, True)
    ):
        yield Key(name, at, where, made, delivered, was_used, beside)


def worlds() -> Iterator[World]:
    """Every world of one key, and every tenth or so of two: a step that shares no factor with the axes."""
    for key, before in product(each_key("A1"), (None, (), ("A1",))):
        yield World((key,), before)
    pairs = product(each_key("A1"), each_key("A2"), (None, (), ("A1",), ("A1", "A2")))
    yield from (World((one, two), before) for at, (one, two, before) in enumerate(pairs) if at % 37 == 0)


def wanting(world: World) -> Resource:
    beside = frozenset(k.name for k in world.keys if k.beside)
    return resource(
        installation(), "iam_access_key.installer", Wanted(("Ann", "iam_user.installer"), SINKS, (), beside=beside)
    )


def seen(world: World) -> Fields:
    found = observe(wanting(world), replying(world.replies))
    assert found is not None
    return found


ALL = tuple(worlds())


def deletions(drafts: tuple[Draft | Obstacle, ...]) -> list[str]:
    return [
        d.call.params.text("AccessKeyId")
        for d in drafts
        if isinstance(d, Draft) and d.call.operation == "DeleteAccessKey"
    ]


def operations(drafts: tuple[Draft | Obstacle, ...]) -> list[str]:
    return [d.call.operation for d in drafts if isinstance(d, Draft)]


def test_there_are_many_worlds_and_each_outcome_is_among_them() -> None:
    assert len(ALL) > 5000
    outcomes = {
        (
            bool(found.texts("Lost")),
            bool(current(found)),
            any(isinstance(d, Obstacle) for d in wanting(w).change(found)),
        )
        for w in ALL
        for found in [seen(w)]
    }
    assert outcomes >= {(True, True, False), (True, False, False), (False, True, False), (False, False, True)}


def test_a_key_is_lost_exactly_when_the_rule_says_so() -> None:
    for world in ALL:
        assert set(seen(world).texts("Lost")) == {k.name for k in world.keys if world.may_be_lost(k)}, world


def test_a_key_that_was_used_delivered_or_held_is_never_lost() -> None:
    for world in ALL:
        gone = seen(world).texts("Lost")
        assert not [k for k in world.keys if k.name in gone and (k.was_used is not False or k.secret_was_somewhere)]


def test_setup_deletes_lost_keys_alone_and_never_one_to_be_kept() -> None:
    for world in ALL:
        dropped = deletions(wanting(world).change(seen(world)))
        assert all(world.may_be_lost(k) and not k.beside for k in world.keys if k.name in dropped), world
        assert set(dropped) <= {k.name for k in world.keys}


def test_setup_never_makes_a_third_key_nor_one_beside_a_current_one() -> None:
    for world in ALL:
        found = seen(world)
        drafts = wanting(world).change(found)
        count = len(world.keys)
        for operation in operations(drafts):
            count += {"CreateAccessKey": 1, "DeleteAccessKey": -1}.get(operation, 0)
            assert count <= MOST_KEYS, world
        if "CreateAccessKey" in operations(drafts):
            assert not current(found), world
            assert not any(k.secret_was_somewhere for k in world.keys), world
            assert operations(drafts).count("CreateAccessKey") == 1


def test_setup_asks_rather_than_guesses() -> None:
    """Where a key is neither ours nor named by the person, nothing at all is done."""
    for world in ALL:
        drafts = wanting(world).change(seen(world))
        unexplained = [
            k for k in world.keys if not k.secret_was_somewhere and not world.may_be_lost(k) and not k.beside
        ]
        provided = any(k.secret_was_somewhere for k in world.keys)
        if unexplained and not provided:
            assert [type(d) for d in drafts] == [Obstacle], world
            assert any(k.name in str(d) for d in drafts for k in unexplained)
        if any(isinstance(d, Obstacle) for d in drafts):
            assert len(drafts) == 1, world


def test_setup_leaves_every_sink_with_one_and_the_same_key() -> None:
    for world in ALL:
        found = seen(world)
        drafts = wanting(world).change(found)
        kept = current(found)
        holders = {s for k in world.keys if k.name == kept for s in k.holders}
        for draft in drafts:
            if isinstance(draft, Draft) and draft.call.operation == "CopyKey":
                params = draft.call.params
                assert params.text("AccessKeyId") == kept
                assert params.text("From") in holders
                assert params.text("Sink") not in holders
        if holders:
            copied = {d.call.params.text("Sink") for d in drafts if isinstance(d, Draft) and d.change == "store"}
            assert copied | holders == set(SINKS), world
        if "CreateAccessKey" in operations(drafts):
            stored = [d.call.params.text("Sink") for d in drafts if isinstance(d, Draft) and d.change == "store"]
            assert stored == list(SINKS)


def test_the_journal_is_told_which_keys_were_there() -> None:
    for world in ALL:
        drafts = wanting(world).change(seen(world))
        for draft in drafts:
            if isinstance(draft, Draft) and draft.call.operation == "CreateAccessKey":
                left = {k.name for k in world.keys} - set(deletions(drafts))
                assert set(draft.note.texts("Before")) == left
                assert draft.note.text("UserName") == "Ann"


def test_a_teardown_names_every_key_that_is_not_ours() -> None:
    for world in ALL:
        found = seen(world)
        drafts = wanting(world).delete(found)
        assert deletions(drafts) == [k.text("AccessKeyId") for k in found.items_of("Keys")]
        extras = {d.call.params.text("AccessKeyId") for d in drafts if d.extra}
        assert extras == {
            k.name for k in world.keys if not (k.made or k.secret_was_somewhere or world.may_be_lost(k))
        }, world
        forgotten = {
            (d.call.params.text("Sink"), d.call.params.text("AccessKeyId")) for d in drafts if d.call.service == "sink"
        }
        assert forgotten == {(s, k.name) for k in world.keys for s in k.holders}


def test_a_key_is_deleted_before_it_is_forgotten() -> None:
    for world in ALL:
        drafts = wanting(world).delete(seen(world))
        for at, draft in enumerate(drafts):
            if draft.call.operation == "ForgetKey":
                assert draft.call.params["AccessKeyId"] in deletions(drafts[:at])


def test_the_secret_is_in_no_draft() -> None:
    for draft in wanting(ALL[0]).create:
        assert "********" not in repr(masked(draft.call.params)), "only a reference stands for it"


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        (-SKEW - timedelta(seconds=1), ()),
        (-SKEW, ("A1",)),
        (timedelta(0), ("A1",)),
        (UNDER_WAY, ("A1",)),
        (UNDER_WAY + timedelta(seconds=1), ()),
    ],
)
def test_an_unanswered_intent_explains_a_key_within_its_time_only(late: timedelta, expected: tuple[str, ...]) -> None:
    key = Fields(AccessKeyId="A1", CreateDate=(MEANT + late).isoformat())
    memory = Fields(Open=[{"Before": [], "At": MEANT.isoformat()}])
    assert lost([key], memory, {"A1": False}) == expected


@pytest.mark.parametrize("intent", [{"Before": []}, {"Before": [], "At": ""}])
def test_an_intent_without_a_time_explains_nothing(intent: dict[str, object]) -> None:
    key = Fields(AccessKeyId="A1", CreateDate=MEANT.isoformat())
    assert lost([key], Fields(Open=[intent]), {"A1": False}) == ()
    assert lost([Fields(AccessKeyId="A1")], Fields(Open=[{**intent, "At": MEANT.isoformat()}]), {"A1": False}) == ()


def test_two_unanswered_intents_explain_one_key_each() -> None:
    def intent(before: list[str], at: datetime) -> dict[str, object]:
        return {"Before": before, "At": at.isoformat()}

    later = MEANT + timedelta(hours=1)
    keys = [
        Fields(AccessKeyId="A1", CreateDate=MEANT.isoformat()),
        Fields(AccessKeyId="A2", CreateDate=later.isoformat()),
    ]
    unused = {"A1": False, "A2": False}
    assert lost(keys, Fields(Open=[intent([], MEANT), intent(["A1"], later)]), unused) == ("A2",)
    assert lost(keys[:1], Fields(Open=[intent([], MEANT), intent([], later)]), unused) == ("A1",)


def test_use_is_told_by_its_date_and_silence_counts_as_use() -> None:
    assert used(None)
    assert used(Fields(AccessKeyLastUsed={"LastUsedDate": "2026-01-01T00:00:00Z"}))
    assert not used(Fields(AccessKeyLastUsed={"ServiceName": "N/A", "Region": "N/A"}))


def test_helpers_on_nothing() -> None:
    assert current(EMPTY) == ""
    assert holders_of(EMPTY) == frozenset()
    assert suspects((), EMPTY, frozenset()) == ()
    assert copies(EMPTY, "Ann", "A1") == ()


def test_a_user_without_keys_is_read_as_missing() -> None:
    wanted = wanting(World((), None))
    assert observe(wanted, replying({})) is None
    assert observe(wanted, replying({"iam:ListAccessKeys": {"AccessKeyMetadata": []}})) is None


def test_current_is_the_newest_that_a_sink_holds_then_the_newest_delivered() -> None:
    keys = [{"AccessKeyId": "A1"}, {"AccessKeyId": "A2"}]
    assert current(Fields(Keys=keys, Held={"csv": ["A1"]}, Memory={"Delivered": ["A2"]})) == "A1"
    assert current(Fields(Keys=keys, Held={"csv": ["A1"], "env": ["A2"]})) == "A2"
    assert current(Fields(Keys=keys, Held={"csv": ["A9"]}, Memory={"Delivered": ["A1", "A2"]})) == "A2"
    assert current(Fields(Keys=keys, Held={"csv": ["A9"]}, Memory={"Made": ["A2"]})) == ""


SHOWN = Fields(Keys=[{"AccessKeyId": "A1"}], Held={"csv": ["A1"], "env": []})


@pytest.mark.parametrize(
    ("memory", "found", "says"),
    [
        ({}, None, ""),
        ({}, SHOWN, ""),
        ({"Born": {"A1": MEANT.isoformat()}}, SHOWN, ""),
        ({"Born": {"A1": MEANT.isoformat()}}, None, "AWS does not list the new key yet"),
        ({"Born": {"A2": MEANT.isoformat()}}, SHOWN, "AWS does not list the new key yet"),
        ({"Open": [{"Before": [], "At": MEANT.isoformat()}]}, None, "never answered"),
        ({"Open": [{"Before": [], "At": MEANT.isoformat()}]}, Fields({**SHOWN, "Lost": ["A1"]}), ""),
        ({"Stored": [{"AccessKeyId": "A1", "Sink": "csv", "At": MEANT.isoformat()}]}, SHOWN, ""),
        ({"Stored": [{"AccessKeyId": "A1", "Sink": "env", "At": MEANT.isoformat()}]}, SHOWN, "env does not show"),
        ({"Stored": [{"AccessKeyId": "A1", "Sink": "gone", "At": MEANT.isoformat()}]}, SHOWN, ""),
        ({"Stored": [{"AccessKeyId": "A0", "Sink": "env", "At": MEANT.isoformat()}]}, SHOWN, ""),
    ],
)
def test_what_was_done_a_moment_ago_is_waited_for_until_it_is_seen(
    memory: dict[str, object], found: Fields | None, says: str
) -> None:
    moment = MEANT + UNLISTED - timedelta(seconds=1)
    told = unseen(found, Fields(memory), moment)
    assert says in told
    assert bool(told) is bool(says)
    assert unseen(found, Fields(memory), MEANT + UNLISTED) == ""
