"""Rotation driven to its end in a small model of IAM keys, sinks, journal and clock; cut at every effect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kinds.setting import installation, observe

from narrowgate import recall
from narrowgate.calls import Call, Fields, Reply, call, masked
from narrowgate.kinds.iam_access_key import MOST_KEYS, Wanted, copies, creation, resource
from narrowgate.resource import Draft
from narrowgate.rotation import (
    Begin,
    Deactivate,
    Delete,
    DropLost,
    Finish,
    Make,
    Move,
    Pace,
    Prove,
    Save,
    Situation,
    Stuck,
    Wait,
    next_move,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
PACE = Pace(quiet=timedelta(minutes=15), grace=timedelta(minutes=20))
SINKS = ("csv", "env")
USER, KEY = "Ann", "iam_access_key.installer"
WANTED = Wanted((USER, "iam_user.installer"), SINKS, ())
MOST_MOVES = 60


class Cut(Exception):
    """The process dies here."""


@dataclass
class Key:
    """A key in IAM."""

    created: datetime
    active: bool = True
    last_used: datetime | None = None
    off_since: datetime | None = None


@dataclass
class World:
    """Everything outside the process; `left` counts the effects until it dies."""

    keys: dict[str, Key] = field(default_factory=dict)
    sinks: dict[str, str] = field(default_factory=dict)
    journal: list[dict[str, Any]] = field(default_factory=list)
    now: datetime = START
    clients_until: datetime = START + timedelta(minutes=7)
    left: int = 10**9
    effects: int = 0
    proved: str = ""
    ours: frozenset[str] = frozenset({"K19"})
    dropped: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)

    # The outside, as the program sees it.

    def read(self, asked: Call) -> Reply | None:
        name = asked.params.text("AccessKeyId")
        match asked.operation:
            case "ListAccessKeys":
                listed = [
                    {
                        "AccessKeyId": k,
                        "Status": "Active" if v.active else "Inactive",
                        "CreateDate": v.created.isoformat(),
                    }
                    for k, v in self.keys.items()
                ]
                return Fields(AccessKeyMetadata=listed)
            case "RecallKeys":
                return recall.keys(self.journal, USER)
            case "HoldsKeys":
                held = self.sinks.get(asked.params.text("Sink"))
                return Fields(Held=[held] if held else [])
            case "GetAccessKeyLastUsed":
                return Fields(AccessKeyLastUsed=self.last_used(name))
        raise AssertionError(asked)

    def last_used(self, name: str) -> Fields:
        key = self.keys.get(name)
        if key is None or key.last_used is None:
            return Fields(ServiceName="N/A", Region="N/A")
        return Fields(LastUsedDate=key.last_used.isoformat(), ServiceName="ec2", Region="us-east-1")

    def found(self) -> Fields:
        observed = observe(resource(installation(), KEY, WANTED), self.read)
        return observed or Fields(Memory=recall.keys(self.journal, USER))

    # Effects; the process may die before each.

    def effect(self) -> None:
        if self.left == 0:
            raise Cut
        self.left -= 1
        self.effects += 1
        self.pass_time(timedelta(seconds=1))

    def pass_time(self, span: timedelta) -> None:
        """Clients that were given the first key use it all the time, until they have read the new one."""
        self.now += span
        last = min(self.now, self.clients_until)
        key = self.keys.get("K1")
        if key is not None and key.active and last >= START:
            key.last_used = last

    def write(self, entry: dict[str, Any]) -> int:
        self.effect()
        self.journal.append({"n": len(self.journal), "at": self.now.isoformat(), **entry})
        return len(self.journal) - 1

    def do(self, draft: Draft, made: dict[str, str]) -> None:
        """Intent, call, outcome, as `apply` does it."""
        params = masked(draft.call.params)
        assert isinstance(params, dict)
        if "SecretAccessKey" in params:
            params |= {"AccessKeyId": made["AccessKeyId"], "SecretAccessKey": "********"}
        intent = {"event": "intent", "address": KEY, "call": draft.call.name, "params": params}
        number = self.write(intent | ({"note": masked(draft.note)} if draft.note else {}))
        self.effect()
        made |= CALLS[draft.call.operation](self, params) or {}
        self.write({"event": "outcome", "of": number, "ids": made if draft.call.operation == "CreateAccessKey" else {}})

    def create(self, params: Mapping[str, str]) -> dict[str, str]:
        name = f"K{100 + len(self.ours)}"
        self.ours |= {name}
        self.keys[name] = Key(self.now)
        assert len(self.keys) <= MOST_KEYS, "AWS allows two"
        return {"AccessKeyId": name}

    def store(self, params: Mapping[str, str]) -> None:
        self.sinks[params["Sink"]] = params["AccessKeyId"]

    def copy(self, params: Mapping[str, str]) -> None:
        assert self.sinks[params["From"]] == params["AccessKeyId"], "the source holds it"
        self.sinks[params["Sink"]] = params["AccessKeyId"]

    def update(self, params: Mapping[str, str]) -> None:
        name = params["AccessKeyId"]
        key, new = self.keys[name], self.replacement(name)
        # INVARIANT: not before the new key is in every sink and proved, and the old one is quiet.
        assert self.proved == new, "proved in this run"
        if key.active:
            last = max(key.last_used or self.keys[new].created, self.keys[new].created)
            assert self.now - last >= PACE.quiet, "not quiet yet"
            key.off_since = self.now
        key.active = False

    def delete(self, params: Mapping[str, str]) -> None:
        name = params["AccessKeyId"]
        memory = recall.keys(self.journal, USER)
        if name != memory.text("Rotation"):
            # INVARIANT: beside the key that is replaced, only one whose secret was never anywhere may go.
            assert name not in self.sinks.values(), "a sink holds it"
            assert name not in memory.texts("Delivered"), "it was delivered"
            assert self.keys[name].last_used is None, "it was used"
            assert name in self.ours, "it is ours"
            self.dropped.append(name)
        else:
            key, new = self.keys[name], self.replacement(name)
            assert not key.active
            assert self.proved == new, "proved in this run"
            if key.off_since is not None:
                assert self.now - key.off_since >= PACE.grace, "grace has not passed"
            self.deleted.append(name)
        del self.keys[name]

    def replacement(self, old: str) -> str:
        """The key that takes the place of `old`, which by now must be everywhere."""
        (new,) = [key for key in self.keys if key != old]
        assert set(self.sinks.values()) == {new}, "a sink lacks it"
        assert set(self.sinks) == set(SINKS)
        assert self.keys[new].active
        return new


CALLS: Mapping[str, Callable[[World, Mapping[str, str]], dict[str, str] | None]] = {
    "CreateAccessKey": World.create,
    "StoreKey": World.store,
    "CopyKey": World.copy,
    "UpdateAccessKey": World.update,
    "DeleteAccessKey": World.delete,
}


def drafts(world: World, move: Move) -> tuple[Draft, ...]:
    """The calls of a move, as the verb makes them."""
    match move:
        case DropLost(keys):
            return tuple(deletion(key) for key in keys)
        case Make(before):
            return creation(KEY, WANTED, before)
        case Save(key):
            return copies(world.found(), USER, key)
        case Deactivate(old):
            off = call("iam", "UpdateAccessKey", UserName=USER, AccessKeyId=old, Status="Inactive")
            return (Draft(off, "update", ""),)
        case Delete(old):
            return (deletion(old),)
    raise AssertionError(move)


def deletion(key: str) -> Draft:
    return Draft(call("iam", "DeleteAccessKey", UserName=USER, AccessKeyId=key), "delete", "")


def situation(world: World, retire: str = "") -> Situation:
    found = world.found()
    old = found.group("Memory").text("Rotation")
    used = world.last_used(old) if old else Fields()
    return Situation(USER, found, world.now, used, bool(world.proved), retire)


def run(world: World, retire: str = "") -> list[Move]:
    """One run of the verb, to its end or its death. The moves it made."""
    moves: list[Move] = []
    world.proved = ""
    for _ in range(MOST_MOVES):
        move = next_move(situation(world, retire), PACE)
        moves.append(move)
        match move:
            case Stuck():
                return moves
            case Begin(old):
                world.write({"event": "rotation", "user": USER, "old": old})
            case Finish(old):
                world.write({"event": "rotated", "user": USER, "old": old})
                return moves
            case Prove(key):
                world.effect()
                world.proved = key
                world.keys[key].last_used = world.now
            case Wait(until):
                assert until > world.now, "a wait that waits for nothing"
                world.pass_time(until - world.now)
            case _:
                made: dict[str, str] = {}
                for draft in drafts(world, move):
                    world.do(draft, made)
    raise AssertionError(f"it does not end: {moves[-5:]}")


def finished(world: World, old: str) -> None:
    """How it must end: one new key, active, in every sink, and the old one gone."""
    assert len(world.keys) == 1
    (new,) = world.keys
    assert new != old
    assert world.keys[new].active
    assert world.sinks == dict.fromkeys(SINKS, new)
    assert old in world.deleted
    assert recall.keys(world.journal, USER).text("Rotation") == ""


def line(number: int, event: str, **more: object) -> dict[str, Any]:
    return {"n": number, "at": (START - timedelta(days=30)).isoformat(), "event": event, **more}


MONTH_AGO = START - timedelta(days=30)


def held_everywhere() -> World:
    return World({"K1": Key(MONTH_AGO)}, {"csv": "K1", "env": "K1"})


def held_by_one() -> World:
    return World({"K1": Key(MONTH_AGO)}, {"env": "K1"})


def delivered_and_lost_by_the_sinks() -> World:
    stored = line(
        0, "intent", address=KEY, call="sink:StoreKey", params={"UserName": USER, "AccessKeyId": "K1", "Sink": "csv"}
    )
    return World({"K1": Key(MONTH_AGO)}, {}, [stored, line(1, "outcome", of=0, ids={})])


def both_ours_without_a_note() -> World:
    return World({"K1": Key(MONTH_AGO), "K12": Key(START)}, {"csv": "K1", "env": "K12"})


def begun() -> World:
    return World({"K1": Key(MONTH_AGO)}, {"csv": "K1"}, [line(0, "rotation", user=USER, old="K1")])


def switched_off_by_hand() -> World:
    old = Key(MONTH_AGO, active=False)
    notes = [line(0, "rotation", user=USER, old="K1")]
    return World({"K1": old, "K12": Key(MONTH_AGO)}, {"csv": "K12", "env": "K12"}, notes)


def with_a_lost_key() -> World:
    made = line(
        0, "intent", address=KEY, call="iam:CreateAccessKey", params={"UserName": USER}, note={"Before": ["K1"]}
    )
    lost = line(1, "outcome", of=0, ids={"AccessKeyId": "K19"})
    return World({"K1": Key(MONTH_AGO), "K19": Key(MONTH_AGO)}, {"csv": "K1", "env": "K1"}, [made, lost])


def never_used() -> World:
    return World({"K1": Key(MONTH_AGO)}, {"csv": "K1", "env": "K1"}, clients_until=START - timedelta(days=1))


def used_for_long() -> World:
    return World({"K1": Key(MONTH_AGO)}, {"csv": "K1", "env": "K1"}, clients_until=START + timedelta(hours=1))


STARTS = (
    held_everywhere,
    held_by_one,
    delivered_and_lost_by_the_sinks,
    both_ours_without_a_note,
    begun,
    switched_off_by_hand,
    with_a_lost_key,
    never_used,
    used_for_long,
)
starts = pytest.mark.parametrize("start", STARTS, ids=lambda start: start.__name__)


@starts
def test_it_comes_to_its_end(start: Callable[[], World]) -> None:
    world = start()
    moves = run(world)
    assert isinstance(moves[-1], Finish), moves
    finished(world, "K1")


@starts
def test_it_comes_to_its_end_after_a_cut_before_every_effect(start: Callable[[], World]) -> None:
    whole = start()
    run(whole)
    assert whole.effects > 5
    for at in range(whole.effects):
        world = start()
        world.left = at
        with pytest.raises(Cut):
            run(world)
        world.left = 10**9
        moves = run(world)
        assert isinstance(moves[-1], Finish), (at, moves)
        finished(world, "K1")


def test_it_comes_to_its_end_after_two_cuts_anywhere() -> None:
    whole = held_everywhere()
    run(whole)
    for first in range(whole.effects):
        for second in range(whole.effects):
            world = held_everywhere()
            world.left = first
            with pytest.raises(Cut):
                run(world)
            world.left = second
            try:
                run(world)
            except Cut:
                world.left = 10**9
                run(world)
            finished(world, "K1")


def test_it_dies_and_goes_on_as_often_as_it_likes() -> None:
    """A process that lives for a few effects only makes no progress backwards."""
    world = held_everywhere()
    for _ in range(200):
        world.left = 4
        try:
            moves = run(world)
        except Cut:
            world.pass_time(timedelta(minutes=10))
            continue
        assert isinstance(moves[-1], Finish | Stuck)
        break
    assert "K1" not in world.keys or world.keys["K1"].active
    assert len(world.keys) <= MOST_KEYS


def test_the_moves_are_those_of_the_guide() -> None:
    moves = run(held_everywhere())
    # It waits twice for quiet: the old key is used once more during the first wait.
    assert [type(m) for m in moves] == [Begin, Make, Prove, Wait, Wait, Deactivate, Wait, Delete, Finish]


def test_a_key_that_is_still_used_is_not_switched_off() -> None:
    world = used_for_long()
    run(world)
    switched_off = next(e["at"] for e in world.journal if e.get("call") == "iam:UpdateAccessKey")
    assert datetime.fromisoformat(switched_off) - world.clients_until >= PACE.quiet


@pytest.mark.parametrize(
    ("world", "retire", "says"),
    [
        (World(), "", "has no access key: `narrowgate setup` makes the first one"),
        (
            World({"S1": Key(MONTH_AGO)}),
            "",
            "which narrowgate cannot account for. if it is the one to be replaced, say `--retire S1`",
        ),
        (World({"K1": Key(MONTH_AGO)}, {"csv": "K1"}), "K9", "has no access key `K9`; it has K1"),
        (World({"S1": Key(MONTH_AGO), "S2": Key(START)}), "", "no sink of ours holds either"),
        (World({"S1": Key(MONTH_AGO), "S2": Key(START)}), "S1", "no sink of ours holds either"),
        (World({"S1": Key(MONTH_AGO), "K1": Key(START)}, {"csv": "K1"}), "", "say `--retire S1`"),
        (World({"K1": Key(MONTH_AGO), "S1": Key(START)}, {"csv": "K1"}), "", "say `--retire S1`"),
        (World({"S1": Key(MONTH_AGO), "K1": Key(START)}, {"csv": "K1"}), "K1", "replace `S1` first"),
        (World({"K2": Key(MONTH_AGO), "K1": Key(START)}, {"csv": "K1", "env": "K2"}), "K1", "replace `K2` first"),
        (
            World({"K1": Key(MONTH_AGO), "S1": Key(START)}, {"csv": "K1"}, [line(0, "rotation", user=USER, old="K1")]),
            "",
            "no sink holds the secret of the newer key `S1`",
        ),
    ],
)
def test_it_stops_where_a_person_must_decide(world: World, retire: str, says: str) -> None:
    before = dict(world.keys)
    moves = run(world, retire)
    assert isinstance(moves[-1], Stuck)
    assert says in moves[-1].message
    assert world.keys == before
    assert world.effects == 0


def test_a_stranger_is_replaced_when_the_person_names_it() -> None:
    world = World({"S1": Key(MONTH_AGO)})
    run(world, "S1")
    finished(world, "S1")


def test_a_stranger_beside_ours_is_removed_when_the_person_names_it() -> None:
    world = World(
        {"S1": Key(MONTH_AGO), "K1": Key(START)}, {"csv": "K1", "env": "K1"}, clients_until=START - timedelta(1)
    )
    run(world, "S1")
    assert set(world.keys) == {"K1"}
    assert world.deleted == ["S1"]


def test_without_quiet_and_grace_nothing_is_waited_for() -> None:
    world = never_used()
    moves: list[Move] = []
    pace = Pace(timedelta(0), timedelta(0))
    found = {"K1": Key(MONTH_AGO, active=False), "K2": Key(MONTH_AGO)}
    notes = [
        line(0, "rotation", user=USER, old="K1"),
        line(
            1,
            "intent",
            call="iam:UpdateAccessKey",
            params={"UserName": USER, "AccessKeyId": "K1", "Status": "Inactive"},
        ),
        line(2, "outcome", of=1, ids={}),
    ]
    world = World(found, {"csv": "K2", "env": "K2"}, notes)
    world.proved = "K2"
    moves.append(next_move(situation(world), pace))
    world.keys["K1"].active = True
    moves.append(next_move(situation(world), pace))
    assert moves == [Delete("K1"), Deactivate("K1")]


def test_a_wait_says_how_the_old_key_was_last_used() -> None:
    world = held_everywhere()
    moves = run(world)
    (first, *_) = [m for m in moves if isinstance(m, Wait)]
    assert "by ec2 in us-east-1" in first.why
    assert "was never used" in next(m for m in run(never_used()) if isinstance(m, Wait)).why
