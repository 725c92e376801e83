"""Calls and their fields: immutable, hashable, one canonical form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate.calls import EMPTY, Call, Fields, Ref, Value, call, freeze, masked, refs, resolve
from narrowgate.secret import MASK, Secret

LAW = settings(deadline=None)  # a busy machine proves nothing
KEYS = st.text(alphabet="abcdeABC", min_size=1, max_size=4)
PLAIN = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
REFS = st.builds(Ref, st.sampled_from(["a.x", "b.y"]), st.sampled_from(["Id", "Arn"]))
JSON = st.recursive(PLAIN, lambda i: st.lists(i, max_size=3) | st.dictionaries(KEYS, i, max_size=3), max_leaves=8)
VALUES: st.SearchStrategy[Value] = st.recursive(
    PLAIN | REFS,
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(KEYS, inner, max_size=3).map(Fields),
    max_leaves=8,
)


@LAW
@given(st.dictionaries(KEYS, JSON, max_size=5), st.randoms())
def test_the_order_of_keys_does_not_matter(items: dict[str, object], random: object) -> None:
    keys = list(items)
    random.shuffle(keys)  # type: ignore[attr-defined]
    one, other = Fields(items), Fields({k: items[k] for k in keys})
    assert one == other
    assert hash(one) == hash(other)
    assert repr(one) == repr(other)
    assert list(one) == sorted(items)
    assert len(one) == len(items)


@LAW
@given(JSON)
def test_freezing_keeps_what_is_said(value: object) -> None:
    frozen = freeze(value)
    hash(frozen)
    assert masked(frozen) == value
    assert freeze(frozen) == frozen


def test_fields_cannot_be_changed() -> None:
    inner = {"b": [1]}
    fields = Fields(a=inner)
    inner["b"].append(2)
    inner["c"] = [3]
    assert fields == Fields(a={"b": [1]})
    with pytest.raises(TypeError):
        fields["a"] = 1  # type: ignore[index]
    with pytest.raises(TypeError):
        del fields["a"]  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        fields.other = 1  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        call("iam", "GetUser").service = "ec2"  # type: ignore[misc]


def test_dates_become_text_in_utc() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert freeze(moment) == "2026-01-02T03:04:05Z"
    assert freeze(moment.astimezone(timezone(timedelta(hours=5)))) == freeze(moment)
    assert datetime.fromisoformat(str(freeze(moment))) == moment


@pytest.mark.parametrize("value", [object(), 1j, lambda: None, [object()], {"a": object()}, bytearray(b"x")])
def test_what_no_call_has_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="no place for a"):
        freeze(value)


@LAW
@given(st.sets(st.text(max_size=3), max_size=8))
def test_a_set_has_one_form_whatever_its_order(items: set[str]) -> None:
    assert freeze(items) == freeze(frozenset(reversed(list(items)))) == tuple(sorted(items, key=repr))


def test_masked_is_plain_data() -> None:
    value = Fields(S=Secret("x"), B=b"y", R=Ref("a.b", "Id"), T=(1, "z", None), F={"G": True})
    assert masked(value) == {
        "S": MASK,
        "B": MASK,
        "R": {"$ref": ["a.b", "Id"]},
        "T": [1, "z", None],
        "F": {"G": True},
    }
    json.dumps(masked(value))


@LAW
@given(VALUES)
def test_resolving_leaves_no_reference_and_asks_for_each(value: Value) -> None:
    asked: list[Ref] = []

    def lookup(ref: Ref) -> Value:
        asked.append(ref)
        return f"{ref}"

    found = resolve(value, lookup)
    assert frozenset(asked) == refs(value)
    assert refs(found) == frozenset()
    assert resolve(found, lookup) == found
    if not refs(value):
        assert found == value


@LAW
@given(VALUES)
def test_resolving_to_itself_changes_nothing(value: Value) -> None:
    assert resolve(value, lambda ref: ref) == value


def test_the_readers_tolerate_what_is_not_there() -> None:
    fields = Fields(T="x", N=5, G={"A": 1}, L=[{"A": 1}, "b", {"A": 2}], S=["a", 1, "b"])
    assert (fields.text("T"), fields.text("N"), fields.text("no")) == ("x", "", "")
    assert (fields.group("G"), fields.group("T"), fields.group("no")) == (Fields(A=1), EMPTY, EMPTY)
    assert fields.items_of("L") == (Fields(A=1), Fields(A=2))
    assert fields.items_of("T") == fields.items_of("no") == ()
    assert fields.texts("S") == ("a", "b")
    assert fields.texts("T") == fields.texts("no") == ()
    assert isinstance(fields, Mapping)


def test_a_call_leaves_out_what_is_none() -> None:
    assert call("iam", "GetUser", UserName="x", PathPrefix=None) == Call("iam", "GetUser", Fields(UserName="x"))
    assert call("iam", "GetUser").name == "iam:GetUser"
    assert str(Ref("a.b", "C.D")) == "<a.b.C.D>"


@pytest.mark.parametrize(
    ("operation", "reads"),
    [
        ("GetUser", True),
        ("ListAccessKeys", True),
        ("DescribeSecret", True),
        ("HoldsKeys", True),
        ("RecallKeys", True),
        ("SimulatePrincipalPolicy", True),
        ("CreateUser", False),
        ("DeleteUser", False),
        ("StoreKey", False),
        ("CopyKey", False),
        ("ForgetKey", False),
        ("GetSessionToken", False),
        ("GetFederationToken", False),
        ("BatchWriteItem", False),
    ],
)
def test_reads_are_told_by_their_names(operation: str, reads: bool) -> None:
    assert call("x", operation).reads_only is reads
