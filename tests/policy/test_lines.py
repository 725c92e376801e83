"""Fields of JSON objects: read as `json.loads` reads them, whatever was read before."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgate.policy import parse
from narrowgate.policy.lines import (
    BEGINNING,
    MOST_KEPT,
    MOST_SKIPPED,
    Memory,
    Number,
    Span,
    elements,
    moved,
    read_fields,
    too_deep,
)
from narrowgate.policy.place import Faults

KNOWN = frozenset({"id", "a", "b", "docs"})
LONG = frozenset({"a", "b", "docs"})

TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)
OBJECTS = st.dictionaries(st.sampled_from(sorted(KNOWN)), VALUES)
STYLES = st.sampled_from([{}, {"indent": 1}, {"separators": (",", ":")}, {"ensure_ascii": False}])
LONG_TEXT = "x" * BEGINNING


def plain(value: Any) -> Any:
    """Decoded numbers as Python's; Number is a text."""
    if isinstance(value, Number):
        return int(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def whole(text: str, memory: Memory) -> dict[str, Any]:
    fields = read_fields(text, KNOWN, LONG, memory)
    assert not fields.faults
    spans = {name: json.loads(span.raw) for name, span in fields.spans.items()}
    assert all(text.startswith(span.raw, span.at) for span in fields.spans.values())
    return {**plain(fields.values), **spans}


@given(st.lists(st.tuples(OBJECTS, STYLES), max_size=5))
def test_fields_are_what_json_loads_reads(objects: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    memory = Memory()
    for value, style in objects:
        long = {**value, "docs": [LONG_TEXT, value]}
        text = json.dumps(long, **style)
        assert whole(text, memory) == long
        assert whole(f" \t{text}\r\n", memory) == long


@given(OBJECTS, st.data())
def test_a_text_with_one_character_changed_is_read_as_json_loads_reads_it(value: Any, data: st.DataObject) -> None:
    text = json.dumps({**value, "docs": [LONG_TEXT, value]})
    memory = Memory()
    whole(text, memory)
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.sampled_from('{}[]",:\\ 0x')) + text[at + 1 :]
    fresh, known = (read_fields(changed, KNOWN, LONG, m) for m in (Memory(), memory))
    assert fresh == known
    try:
        wanted = json.loads(changed)
    except ValueError:
        wanted = None
    if not isinstance(wanted, dict):
        assert fresh.faults
    elif not fresh.faults:
        assert whole(changed, memory) == wanted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1, column 1: the text ends too early"),
        ("[]", "line 1, column 1: not a JSON object"),
        ('{"id": 1} x', "text after the end"),
        ('{"id": 1,}', "a comma before"),
        ('{"id": NaN}', "line 1, column 8"),
        ('{"id": 1, "id": 2}', "`id` is here twice"),
        ('{"id": null, "i\\u0064": null}', "`id` is here twice"),
        ('{"docs": [], "docs": 1}', "`docs` is here twice"),
        ('{"id": {"x": 1, "x": 2}}', "id.x: the key `x` is here twice"),
        ('{"docs": [{"x": }]}', "line 1, column 17: docs[0].x"),
        ('{"docs": ' + "[" * 100_000, "nested more than 64 levels deep"),
        ("{" + '"a":{' * 100_000, "nested more than 64 levels deep"),
        ('\ufeff{"id": 1}', "byte order mark"),
        ('{"foo": 1}', "`foo` is not a field; there are a, b, docs, id"),
    ],
)
def test_what_is_wrong_is_told(text: str, words: str) -> None:
    found = read_fields(text, KNOWN, LONG, Memory()).faults
    assert words in "; ".join(map(str, found))


def test_numbers_keep_their_spelling() -> None:
    long = "9" * 10_000
    fields = read_fields(f'{{"id": {long}, "a": 1e400}}', KNOWN, LONG, Memory())
    assert fields.values == {"id": long, "a": "1e400"}
    assert all(isinstance(value, Number) for value in fields.values.values())


def test_the_elements_of_a_list_are_found_where_they_stand() -> None:
    text = '{"docs":  [ {"x": 1},2 , "[", [] ]}'
    span = read_fields(text, KNOWN, LONG, Memory()).spans["docs"]
    found = list(elements(span, Memory()))
    assert [item.raw for item in found] == ['{"x": 1}', "2", '"["', "[]"]
    assert all(text.startswith(item.raw, item.at) for item in found)
    assert list(elements(Span(0, "[ ]"), Memory())) == []


def test_a_fault_moves_to_where_its_text_stands() -> None:
    document = '{"Statement": {\n  "Effect": "Permit"}}'
    text = f'{{\n"a": 1, "b": {document}}}'
    found = parse(document, "identity")
    assert isinstance(found, Faults)
    first = next(moved(fault, "b", text, text.index(document)) for fault in found.items if fault.line == 2)
    assert str(first).startswith("line 3, column 13: b.Statement.Effect:")


def test_a_value_nested_too_deeply_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        Memory().value("[" * 5000 + "]" * 5000, 0)


def test_an_element_nested_too_deeply_is_a_value_error_and_told_with_its_place() -> None:
    span = Span(7, f"[{{}}, {'[' * 5000}{']' * 5000}]")
    with pytest.raises(ValueError, match="nested too deeply"):
        list(elements(span, Memory()))
    assert [str(fault) for fault in too_deep(span)] == ["line 1, column 69: nested more than 64 levels deep"]


@pytest.mark.parametrize("name", ["docs", "id", "foo"])
def test_what_stands_behind_a_value_nested_too_deeply_is_read(name: str) -> None:
    deep = '[{"}]": "\\\\", "\\"[": ' * 3000 + "0" + "}]" * 3000
    found = read_fields(f'{{"a": "before", "{name}": {deep} , "b": "behind"}}', KNOWN, LONG, Memory())
    assert (found.values["a"], found.values[name], found.values["b"]) == ("before", None, "behind")
    assert ["nested more than 64 levels deep" in fault.message for fault in found.faults] == [True]


@pytest.mark.parametrize(
    "deep",
    ["[" * MOST_SKIPPED * 2, "[" * 5000 + '"' + '\\"' * 60_000, "[" * 5000 + "]" * 4999, '[{"":' * 2_000_000],
)
def test_a_value_that_does_not_end_is_passed_over_in_no_time(deep: str) -> None:
    began = time.process_time()
    found = read_fields(f'{{"id": "it", "docs": {deep}', KNOWN, LONG, Memory())
    assert time.process_time() - began < 1
    assert found.values["id"] == "it" and "nested more than 64 levels deep" in found.faults[0].message


def test_a_long_value_nested_too_deeply_is_not_passed_over() -> None:
    deep = "[" * 5000 + " " * MOST_SKIPPED + "]" * 5000
    found = read_fields(f'{{"id": "it", "docs": {deep}, "b": "behind"}}', KNOWN, LONG, Memory())
    assert found.values == {"id": "it"}
    assert "nested more than 64 levels deep" in found.faults[0].message


def test_many_values_nested_too_deeply_cost_no_more_than_their_length() -> None:
    deep = "[" * 1000 + "]" * 1000
    began = time.process_time()
    found = read_fields(
        f"{{{', '.join(f'{chr(34)}{n}{chr(34)}: {deep}' for n in range(2000))}}}", KNOWN, LONG, Memory()
    )
    assert time.process_time() - began < 1.5
    assert len(found.values) == 2000 and len(found.faults) == 1


@pytest.mark.slow
def test_what_is_remembered_is_bounded() -> None:
    memory = Memory()
    tracemalloc.start()
    for number in range(4 * MOST_KEPT // 10**6):
        memory.value(f'["{number}{"x" * 10**6}"]', 0)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 1.2 * MOST_KEPT
