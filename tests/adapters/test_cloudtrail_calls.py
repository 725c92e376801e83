"""One event as a call: every case of tests/cases/cloudtrail/calls.json, and names that come back from any shape."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from narrowgate.adapters.cloudtrail_calls import told_by
from narrowgate.adapters.cloudtrail_files import Event
from narrowgate.adapters.sandbox.services import profiles, service
from narrowgate.calls import Fields, Value
from narrowgate.catalogue.authorization import tables
from narrowgate.secret import Secret

CASES = json.loads((Path(__file__).parents[1] / "cases" / "cloudtrail" / "calls.json").read_text())
WHO = "arn:aws:iam::111122223333:user/u"


def plain(value: Value) -> Any:
    if isinstance(value, Fields):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return "(secret)" if isinstance(value, Secret) else value


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_case(case: Any) -> None:
    event = {"eventType": "AwsApiCall", "awsRegion": "eu-west-1", "eventID": "e-1", **case["event"]}
    expect = case["expect"]
    told = told_by(Event({"awsRegion": "eu-west-1", **event}, "trail.json", 1), WHO)
    assert [each.why for each in told.left_out] == expect.get("left_out", [])
    assert all(each.serious is expect.get("serious", True) for each in told.left_out)
    assert list(told.hidden) == expect.get("hidden", [])
    made = told.happening
    assert (made.call.name if made else "") == expect["call"]
    if made:
        assert plain(made.call.params) == expect["params"]
        assert plain(made.reply) == expect.get("reply", {})
        assert (made.failed, made.without_effect) == (expect.get("failed", ""), expect.get("without_effect", False))
        assert (made.principal, made.region, made.source) == (WHO, "eu-west-1", "trail.json e-1")


class Sampler:
    """A value of any shape, each scalar another."""

    def __init__(self) -> None:
        self._last = 0

    def of(self, shape: Any, seen: tuple[str, ...] = ()) -> Any:
        self._last += 1
        match shape.type_name:
            case "structure":
                return self._structure(shape, seen)
            case "list":
                made = [self.of(shape.member, seen), self.of(shape.member, seen)]
                return None if None in made else made
            case "map":
                inner = self.of(shape.value, seen)
                return None if inner is None else {f"key{self._last}": inner}
            case "boolean":
                return True
            case "integer" | "long" | "float" | "double":
                return self._last
        return f"text{self._last}"

    def _structure(self, shape: Any, seen: tuple[str, ...]) -> Any:
        if shape.name in seen:
            return None
        made = {name: self.of(member, (*seen, shape.name)) for name, member in shape.members.items()}
        return {name: value for name, value in made.items() if value is not None} or None


def lowered(shape: Any, value: Any) -> Any:
    """The value as most services' events spell it: the API's names with a small first letter."""
    match shape.type_name:
        case "structure":
            return {name[:1].lower() + name[1:]: lowered(shape.members[name], each) for name, each in value.items()}
        case "list":
            return [lowered(shape.member, each) for each in value]
        case "map":
            return {name: lowered(shape.value, each) for name, each in value.items()}
    return value


def queried(shape: Any, value: Any) -> Any:
    """The value as the events of EC2's newer operations spell it: the query's names, list items with a `tag`."""
    if shape.type_name == "structure":
        return {_sent(shape.members[name], name): queried(shape.members[name], each) for name, each in value.items()}
    if shape.type_name != "list":
        return value
    made = [queried(shape.member, each) for each in value]
    return [{"tag": n, **(each if isinstance(each, dict) else {"content": each})} for n, each in enumerate(made, 1)]


def _sent(shape: Any, name: str) -> str:
    sent = str(shape.serialization.get("name", name))
    return str(shape.serialization.get("queryName") or sent[:1].upper() + sent[1:])


def operations() -> Iterator[tuple[str, str, Any]]:
    for name, table in tables().items():
        known = service(name, profiles()[name].protocols[0])
        for operation in table.rules:
            model = known.model.operation_model(operation)
            shape = model.input_shape
            # S3's events have one name for both versions of these.
            if shape is not None and not model.deprecated and (sample := Sampler().of(shape)):
                yield name, operation, (shape, sample)


def read(named: str, operation: str, params: Any) -> tuple[Any, list[str]]:
    profile = profiles()[named]
    event = {
        "eventSource": f"{profile.signing_name}.amazonaws.com",
        "eventName": operation,
        "apiVersion": profile.version,
        "requestParameters": params,
    }
    told = told_by(Event({"awsRegion": "eu-west-1", **event}, "trail.json", 1), WHO)
    assert told.happening, told.left_out
    return told.happening.call, [each.why for each in told.left_out]


def same(found: Any, wanted: Any) -> bool:
    """Whether all of what was given came back; a secret is as good as any text."""
    if isinstance(found, Secret):
        return True
    if isinstance(wanted, dict):
        return (
            isinstance(found, Fields)
            and found.keys() == wanted.keys()
            and all(same(found[k], wanted[k]) for k in wanted)
        )
    if isinstance(wanted, list):
        return isinstance(found, tuple) and len(found) == len(wanted) and all(map(same, found, wanted))
    return bool(found == wanted)


def test_every_parameter_of_every_operation_comes_back() -> None:
    count = 0
    for named, operation, (shape, sample) in operations():
        forms = [lowered(shape, sample)]
        if named == "ec2":
            forms.append({f"{operation}Request": queried(shape, sample)})
        for form in forms:
            found, lost = read(named, operation, form)
            assert found.name == f"{named}:{operation}"
            assert not lost and same(found.params, sample), (named, operation)
            count += 1
    assert count > 900


def test_what_is_too_deep_is_told() -> None:
    value: Any = {"S": "x"}
    for _ in range(5_000):
        value = {"M": {"a": value}}
    made, lost = read("dynamodb", "GetItem", {"tableName": "t", "key": {"id": value}})
    assert made.params.text("TableName") == "t" and len(lost) == 1 and "could not be read" in lost[0]
