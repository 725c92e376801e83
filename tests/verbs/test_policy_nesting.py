"""Lines of a batch nested however deep: each gets its error, with its id, and the run goes on."""

from __future__ import annotations

import json
import re

import pytest
from verbs.test_policy_batch import Pipe, line, run

from narrowgate.verbs.policy_batch import Tally
from narrowgate.verbs.policy_compare import Comparer, compare_lines

DEPTHS = [70, *range(700, 1010), 5000]
"""The decoder gives up somewhere in the middle, at a depth that depends on how deep its caller is."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("identity_policies", "{}"),
        ("scps", "{}"),
        ("session_policy", '{{"Statement": {}}}'),
        ("resource_policy", '{{"Statement": {}}}'),
        ("context", '{{"aws:x": {}}}'),
        ("principal", '{{"arn": {}}}'),
        ("foo", "{}"),
    ],
)
def test_a_line_nested_however_deep_ends_nothing(name: str, form: str) -> None:
    lines = []
    for depth in DEPTHS:
        deep = form.format("[" * depth + "]" * depth)
        rest = json.dumps({key: value for key, value in line(id=depth).items() if key != name})
        lines += [f'{rest[:-1]}, "{name}": {deep}}}', f'{{"{name}": {deep}, {rest[1:]}', json.dumps(line(id=depth))]
    _, found = run("\n".join(lines).encode())
    assert [item["id"] for item in found] == [depth for depth in DEPTHS for _ in range(3)]
    for number, item in enumerate(found):
        if number % 3 == 2:
            assert item["decision"] == "allowed"
        else:
            assert re.match(rf"line {number + 1}(, column \d+)?: ", item["error"])


def test_an_id_nested_however_deep_is_not_repeated() -> None:
    _, found = run("\n".join(f'{{"id": {"[" * depth + "]" * depth}}}' for depth in DEPTHS).encode())
    assert [item["id"] for item in found] == [None] * len(DEPTHS)
    assert all("error" in item for item in found)


@pytest.mark.parametrize("form", ["{}", "[{}]", '[{{"Statement": {}}}]'])
def test_a_comparison_nested_however_deep_ends_nothing(form: str) -> None:
    deep = [form.format("[" * depth + "]" * depth) for depth in DEPTHS]
    lines = [f'{{"a": [], "b": {text}, "id": {depth}}}\n' for text, depth in zip(deep, DEPTHS, strict=True)]
    pipe = Pipe("".join([*lines, '{"id": 0, "a": [], "b": []}']).encode(), 10**6)
    assert compare_lines(pipe, pipe, Comparer(), "auto") == Tally(len(DEPTHS) + 1, len(DEPTHS))
    *wrong, last = [json.loads(text) for text in pipe.written.splitlines()]
    assert [item["id"] for item in wrong] == DEPTHS and last["verdict"] == "covers"
    assert all(item["error"].startswith("line ") for item in wrong)
