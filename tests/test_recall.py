"""What the journal's lines prove, from lines as `adapters/journal` writes them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate.calls import Fields
from narrowgate.recall import keys, scopes

LAW = settings(deadline=None)  # a busy machine proves nothing


class Lines:
    """Writes lines: each number is a minute."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def add(self, **entry: object) -> int:
        number = len(self.entries)
        self.entries.append({"n": number, "at": f"2026-01-01T00:{number:02}:00+00:00", **entry})
        return number

    def intent(self, call: str, note: object = None, **params: object) -> int:
        return self.add(
            event="intent", address="a.b", call=call, params=params, **({} if note is None else {"note": note})
        )

    def outcome(self, of: int, **ids: str) -> None:
        self.add(event="outcome", of=of, ids=ids)

    def failure(self, of: int) -> None:
        self.add(event="failure", of=of, code="LimitExceeded")

    def make(self, before: list[str], *, user: str = "Ann") -> int:
        return self.intent("iam:CreateAccessKey", {"Before": before, "UserName": user}, UserName=user)

    def switch(self, key: str, status: str, *, user: str = "Ann") -> int:
        return self.intent("iam:UpdateAccessKey", UserName=user, AccessKeyId=key, Status=status)


def test_an_empty_journal_proves_nothing() -> None:
    found = keys([], "Ann")
    assert {"Made", "Delivered", "Open", "Inactive", "Rotation"} <= set(found)
    assert not any(found.values())
    assert scopes([]) == ()


def test_an_answered_creation_is_ours() -> None:
    lines = Lines()
    lines.outcome(lines.make([]), AccessKeyId="A1", UserId="U", CreateDate="x")
    lines.outcome(lines.make(["A1"]), AccessKeyId="A2")
    found = keys(lines.entries, "Ann")
    assert found.texts("Made") == ("A1", "A2")
    assert found.items_of("Open") == ()
    assert found.texts("Delivered") == ()


def test_an_unanswered_creation_stays_open_with_its_ids_and_time() -> None:
    lines = Lines()
    lines.make(["A1"])
    lines.failure(lines.make(["A2"]))
    assert keys(lines.entries, "Ann").items_of("Open") == (Fields(Before=("A1",), At="2026-01-01T00:00:00+00:00"),)


def test_a_creation_without_a_note_is_open_with_no_ids() -> None:
    lines = Lines()
    lines.intent("iam:CreateAccessKey", UserName="Ann")
    assert keys(lines.entries, "Ann").items_of("Open") == (Fields(Before=(), At="2026-01-01T00:00:00+00:00"),)


@pytest.mark.parametrize("call", ["sink:StoreKey", "sink:CopyKey"])
def test_a_stored_key_is_delivered_once_the_sink_answered(call: str) -> None:
    lines = Lines()
    first = lines.intent(call, UserName="Ann", AccessKeyId="A1", Sink="csv")
    assert keys(lines.entries, "Ann").texts("Delivered") == ()
    lines.outcome(first)
    lines.failure(lines.intent(call, UserName="Ann", AccessKeyId="A2", Sink="csv"))
    lines.outcome(lines.intent(call, UserName="Ann", AccessKeyId="A1", Sink="env"))
    assert keys(lines.entries, "Ann").texts("Delivered") == ("A1",)


def test_a_key_is_born_until_we_delete_it() -> None:
    lines = Lines()
    lines.outcome(lines.make([]), AccessKeyId="A1")
    assert keys(lines.entries, "Ann").group("Born") == Fields(A1="2026-01-01T00:01:00+00:00")
    deletion = lines.intent("iam:DeleteAccessKey", UserName="Ann", AccessKeyId="A1")
    assert "A1" in keys(lines.entries, "Ann").group("Born")
    lines.outcome(deletion)
    found = keys(lines.entries, "Ann")
    assert found.group("Born") == Fields()
    assert found.texts("Made") == ("A1",)


def test_each_sink_is_told_with_the_key_that_it_was_given_last() -> None:
    lines = Lines()
    for key, sink in (("A1", "csv"), ("A1", "env"), ("A2", "csv")):
        lines.outcome(lines.intent("sink:StoreKey", AccessKeyId=key, Sink=sink))
    lines.intent("sink:StoreKey", AccessKeyId="A2", Sink="env")
    stored = {(s.text("Sink"), s.text("AccessKeyId")) for s in keys(lines.entries, "Ann").items_of("Stored")}
    assert stored == {("csv", "A2"), ("env", "A1")}
    lines.outcome(lines.intent("sink:ForgetKey", AccessKeyId="A1", Sink="env"))
    assert [s.text("Sink") for s in keys(lines.entries, "Ann").items_of("Stored")] == ["csv"]


def test_other_users_keys_are_others() -> None:
    lines = Lines()
    lines.outcome(lines.make([], user="Bob"), AccessKeyId="B1")
    lines.make([], user="Bob")
    lines.outcome(lines.switch("B1", "Inactive", user="Bob"))
    lines.add(event="rotation", user="Bob", old="B1")
    assert keys(lines.entries, "Ann") == keys([], "Ann")
    assert keys(lines.entries, "Bob").texts("Made") == ("B1",)


def test_the_time_of_a_deactivation_is_that_of_its_answer() -> None:
    lines = Lines()
    lines.outcome(lines.switch("A1", "Inactive"))
    lines.switch("A2", "Inactive")
    lines.failure(lines.switch("A3", "Inactive"))
    assert keys(lines.entries, "Ann").group("Inactive") == Fields(A1="2026-01-01T00:01:00+00:00")


def test_a_key_that_was_switched_on_again_is_not_inactive() -> None:
    lines = Lines()
    lines.outcome(lines.switch("A1", "Inactive"))
    lines.outcome(lines.switch("A1", "Active"))
    assert keys(lines.entries, "Ann").group("Inactive") == Fields()
    lines.outcome(lines.switch("A1", "Inactive"))
    assert keys(lines.entries, "Ann").group("Inactive") == Fields(A1="2026-01-01T00:05:00+00:00")


def test_a_rotation_lasts_until_it_is_finished_or_all_is_torn_down() -> None:
    lines = Lines()
    lines.add(event="rotation", user="Ann", old="A1")
    assert keys(lines.entries, "Ann").text("Rotation") == "A1"
    lines.add(event="rotated", user="Ann", old="A1")
    assert keys(lines.entries, "Ann").text("Rotation") == ""
    lines.add(event="rotation", user="Ann", old="A2")
    lines.add(event="clean", account="1", file="a.yaml", system="a", user="Bob")
    assert keys(lines.entries, "Ann").text("Rotation") == "A2"
    lines.add(event="clean", account="1", file="a.yaml", system="a", user="Ann")
    assert keys(lines.entries, "Ann").text("Rotation") == ""


def test_scopes_are_remembered_once_each_until_what_they_made_is_clean() -> None:
    one, two = ({"account": "1", "file": "a.yaml", "spec": {"system": "a", "path": p}} for p in ("/", "/x/"))
    elsewhere = {**one, "account": "2"}
    beside = {**one, "file": "b.yaml"}
    renamed = {"account": "1", "file": "a.yaml", "spec": {"system": "b"}}
    others = (elsewhere, beside, renamed)
    lines = Lines()
    for scope in (one, two, one, *others):
        lines.add(event="run", verb="setup", scope=scope)
    assert scopes(lines.entries) == (one, two, *others)
    lines.add(event="clean", account="1", file="a.yaml", system="a", user="Ann")
    assert scopes(lines.entries) == others
    lines.add(event="run", verb="setup", scope=two)
    assert scopes(lines.entries) == (*others, two)


def test_what_was_done_in_another_account_proves_nothing_here() -> None:
    lines = Lines()
    for account, key in (("1", "A1"), ("2", "A2")):
        lines.add(event="run", verb="setup", scope={"account": account})
        lines.outcome(lines.make([]), AccessKeyId=key)
        lines.outcome(lines.intent("sink:StoreKey", UserName="Ann", AccessKeyId=key, Sink="csv"))
    found = keys(lines.entries, "Ann", "2")
    assert found.texts("Made") == found.texts("Delivered") == ("A2",)
    assert keys(lines.entries, "Ann").texts("Made") == ("A1", "A2")


EVENTS = st.lists(
    st.tuples(st.sampled_from(["make", "store", "off", "on"]), st.sampled_from(["outcome", "failure", ""]))
)


@LAW
@given(EVENTS)
def test_what_is_known_only_grows_and_an_intent_ends_in_one_way(events: list[tuple[str, str]]) -> None:
    lines, made, opened = Lines(), set(), 0
    for number, (what, end) in enumerate(events):
        key = f"A{number}"
        match what:
            case "make":
                at = lines.make([])
                opened += end == ""
            case "store":
                at = lines.intent("sink:StoreKey", AccessKeyId=key, Sink="csv")
            case _:
                at = lines.switch("A0", "Inactive" if what == "off" else "Active")
        if end == "outcome":
            lines.outcome(at, **({"AccessKeyId": key} if what == "make" else {}))
            made |= {key} if what == "make" else set()
        elif end == "failure":
            lines.failure(at)
    found = keys(lines.entries, "Ann")
    assert set(found.texts("Made")) == made
    assert len(found.items_of("Open")) == opened
