"""The reader: never raises, agrees with json.loads on what it accepts, knows every place."""

from __future__ import annotations

import json
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgate.policy.place import Faults, shown
from narrowgate.policy.reader import Node, Number, read, scan, scan_value

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
SCRAPS = st.lists(st.sampled_from([*'{}[]:,"\\ue0"\n\t 01-.eE', "true", "null", "NaN", '"a"', "\ufeff"]))


def plain(node: Node) -> object:
    if node.is_object:
        return {m.key: plain(m.node) for m in node.members}
    if node.is_list:
        return [plain(n) for n in node.nodes]
    if isinstance(node.value, Number):
        return json.loads(node.value.text)
    return node.value


@given(st.text() | SCRAPS.map("".join) | st.binary().map(lambda b: b.decode("latin-1")))
def test_any_text_is_a_value_or_a_fault(text: str) -> None:
    found = read(text)
    if isinstance(found, Node):
        assert plain(found) == json.loads(text)
    else:
        assert all(fault.line >= 1 and fault.column >= 1 for fault in found.items)


@given(JSON, st.sampled_from([None, 2]))
def test_what_json_writes_is_read(value: object, indent: int | None) -> None:
    found = read(json.dumps(value, indent=indent))
    assert isinstance(found, Node), str(found)
    assert plain(found) == value


@given(JSON)
def test_a_decoded_value_is_the_value_that_was_read(value: object) -> None:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except UnicodeEncodeError:
        return
    read_back, converted = read(text), scan_value(value).node
    if converted is None:
        assert abs(max(_integers(value), key=abs, default=0)) >= 10**40
    else:
        assert isinstance(read_back, Node)
        assert plain(converted) == plain(read_back)


def _integers(value: object) -> list[int]:
    match value:
        case int():
            return [value]
        case list():
            return [i for item in value for i in _integers(item)]
        case dict():
            return [i for item in value.values() for i in _integers(item)]
    return []


def test_every_value_and_key_has_its_place() -> None:
    found = read('{\n  "a": [1,\n    {"b c": true}]\n}')
    assert isinstance(found, Node)
    key = found.members[0]
    inner = key.node.nodes[1].members[0]
    assert (key.place.path, key.place.line, key.place.column) == ("a", 2, 3)
    assert (key.node.place.path, key.node.place.line, key.node.place.column) == ("a", 2, 8)
    assert (inner.place.path, inner.place.line, inner.place.column) == ('a[1]["b c"]', 3, 6)
    assert (inner.node.place.line, inner.node.place.column) == (3, 13)


def test_a_duplicate_key_is_a_fault_at_the_second() -> None:
    found = read('{"a": 1,\n "a": 2}')
    assert isinstance(found, Faults)
    assert str(found) == "line 2, column 2: a: the key `a` is here twice"
    assert scan('{"a": 1, "a": 2}').node is not None


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '"' + "a" * 1_000_000,
        '"' + "\\" * 1_000_001,
        "1" * 1_000_000,
        "[" + "0," * 100_000,
        " " * 1_000_000,
        "\n" * 1_000_000,
        '{"' + "k" * 500_000 + '": [' + "1," * 70_000,
    ],
    ids=lambda t: shown(t),
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    start = process_time()
    read(text)
    assert process_time() - start < 5


def test_a_number_too_long_for_int_keeps_its_digits() -> None:
    found = read("1" * 10_000)
    assert isinstance(found, Node)
    assert found.value == Number("1" * 10_000)


def test_a_value_that_holds_itself_is_a_fault() -> None:
    loop: list[object] = []
    loop.append(loop)
    assert scan_value(loop).faults
    assert scan_value({"a": float("nan")}).faults
    assert scan_value({1: "a"}).faults
    assert scan_value({"a": b"bytes"}).faults
    assert scan_value(10**5000).faults
