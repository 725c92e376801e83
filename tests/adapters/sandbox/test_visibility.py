"""What is seen late is what was, for exactly as long as the delay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate.adapters.sandbox.visibility import ALWAYS, NO_CHANGE, Change, History, Views

LAW = settings(deadline=None)
START = datetime(2026, 1, 1, tzinfo=UTC)
KEEP = 10
Snapshot = frozenset[str]


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def begun(value: str = "first") -> History[str]:
    return History(((ALWAYS, value),), timedelta(seconds=KEEP))


# Steps of time, backwards too, each with a value of few, so that values repeat.
STEPS = st.lists(st.tuples(st.integers(-3, 8), st.sampled_from("abc")), max_size=30)


def slow_history(steps: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Every change with its instant, time never going back: the definition."""
    found, now = [(-(10**6), "first")], 0
    for step, value in steps:
        now += step
        found.append((max(now, found[-1][0]), value))
    return found


@LAW
@given(STEPS, st.integers(0, KEEP))
def test_what_was_some_seconds_ago_is_seen(steps: list[tuple[int, str]], delay: int) -> None:
    history, everything = begun(), slow_history(steps)
    for since, value in everything[1:]:
        history = history.noted(at(since), value)
    now = everything[-1][0] if steps else 0
    for later in range(3):
        asked = now + later - delay
        assert history.at(at(asked)) == [value for since, value in everything if since <= asked][-1]
    assert history.latest == everything[-1][1]


@LAW
@given(STEPS)
def test_only_what_may_be_asked_for_is_kept(steps: list[tuple[int, str]]) -> None:
    history, now = begun(), 0
    for step, value in steps:
        now += step
        history = history.noted(at(now), value)
        instants = [since for since, _ in history.entries]
        assert instants == sorted(set(instants))
        edge = instants[-1] - timedelta(seconds=KEEP)
        # One entry holds at the edge; all others come after it.
        assert all(since > edge for since in instants[1:])


def test_a_thousand_changes_a_second_are_not_kept_for_ever() -> None:
    history = begun()
    for number in range(20_000):
        history = history.noted(at(number / 100), str(number))
    assert len(history.entries) == KEEP * 100 + 1


def test_before_its_beginning_the_first_value_held() -> None:
    assert History(((at(0), "a"),), timedelta(seconds=1)).at(at(-100)) == "a"


def test_the_change_of_that_very_instant_has_happened() -> None:
    history = begun().noted(at(5), "second")
    assert (history.at(at(4.999)), history.at(at(5)), history.at(at(5.001))) == ("first", "second", "second")


def test_of_two_changes_at_one_instant_the_later_is_seen() -> None:
    history = begun().noted(at(5), "second").noted(at(5), "third")
    assert (history.at(at(4)), history.at(at(5))) == ("first", "third")


def test_no_history_is_without_a_value() -> None:
    with pytest.raises(AssertionError):
        History((), timedelta())


def test_history_is_a_value() -> None:
    history = begun()
    assert history.noted(at(1), "x") == begun().noted(at(1), "x") != history
    assert history.noted(at(1), "first") is history


class Account:
    """Identities that change, as the layer would tell of it."""

    def __init__(self) -> None:
        self.keys: Snapshot = frozenset()
        self.change = NO_CHANGE
        self.taken = 0
        self.views = Views(self.take, timedelta(seconds=8))

    def take(self) -> Snapshot:
        self.taken += 1
        return self.keys

    def seen(self, seconds: float, delay: float) -> Snapshot:
        return self.views.seen(self.change, at(seconds), timedelta(seconds=delay))

    def performs(self, seconds: float, keys: Snapshot) -> None:
        """A call that changes identities: the gate looks, then it is carried out."""
        self.seen(seconds, 0)
        self.keys = keys
        self.change = Change(self.change.sequence + 1, at(seconds))


def test_a_key_is_seen_after_the_delay_of_the_service() -> None:
    account = Account()
    account.performs(0, frozenset({"AKIA"}))
    for seconds, delay, seen in [(0, 0, True), (4.9, 5, False), (5, 5, True), (7.9, 8, False), (8, 8, True)]:
        assert ("AKIA" in account.seen(seconds, delay)) is seen


def test_a_deleted_key_works_until_the_delay_is_over() -> None:
    account = Account()
    account.performs(0, frozenset({"AKIA"}))
    account.performs(20, frozenset())
    assert [bool(account.seen(20 + s, 5)) for s in (0, 4.9, 5)] == [True, True, False]
    assert not account.seen(20, 0)


def test_a_change_counts_from_when_it_was_made_not_from_when_it_was_looked_at() -> None:
    account = Account()
    account.performs(0, frozenset({"AKIA"}))
    # Nobody looked for a minute.
    assert account.seen(60, 5)


def test_whoever_learns_at_once_sees_the_present_even_when_the_clock_was_set_back() -> None:
    account = Account()
    account.performs(20, frozenset({"AKIA"}))
    account.performs(21, frozenset({"AKIB"}))
    assert account.seen(3, 0) == {"AKIB"}


def test_services_differ_at_one_instant() -> None:
    account = Account()
    account.performs(0, frozenset({"AKIA"}))
    assert account.seen(6, 5) and not account.seen(6, 8)


def test_a_snapshot_is_taken_only_after_a_change() -> None:
    account = Account()
    for seconds in range(50):
        account.seen(seconds, 5)
    assert account.taken == 1
    account.performs(50, frozenset({"AKIA"}))
    for seconds in range(50, 100):
        account.seen(seconds, 5)
    assert account.taken == 2


def test_what_was_there_at_the_start_has_always_been_there() -> None:
    account = Account()
    account.keys = frozenset({"AKIA"})
    assert account.seen(0, 8)


@LAW
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=20), st.integers(0, 8))
def test_every_view_is_the_state_of_then(steps: list[tuple[int, bool]], delay: int) -> None:
    """Against the whole story: what is seen at any call is the state `delay` seconds before."""
    account, story, now = Account(), [(-(10**6), frozenset[str]())], 0
    for number, (step, changes) in enumerate(steps):
        now += step
        expected = [keys for since, keys in story if since <= now - delay][-1]
        assert account.seen(now, delay) == expected
        if changes:
            account.performs(now, frozenset({str(number)}))
            story.append((now, account.keys))
