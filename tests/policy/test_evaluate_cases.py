"""Every case of tests/cases/policy/evaluate: what the documentation says, for the engine and the naive judge."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from policy.naive import decide

from narrowgate.policy import Document, Kind, evaluate, from_value
from narrowgate.policy.condition import FORMS, parse_operator
from narrowgate.policy.decision import Deciding, Decision, Layers, Switches
from narrowgate.policy.request_context import Request, Requester, request

FILES = sorted((Path(__file__).parents[1] / "cases" / "policy" / "evaluate").glob("*.json"))
USER = "arn:aws:iam::111122223333:user/alice"
TRUST = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity", "sts:setcontext")

Judge = Callable[[Request, Layers, Switches], Decision]


# One test for each file: hundreds of tests would cost more than what they do.
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("judge", [decide, evaluate], ids=["naive judge", "engine"])
def test_cases(path: Path, judge: Judge) -> None:
    cases = json.loads(path.read_text())
    wrong = {name: found for name, case in cases.items() if (found := _difference(judge, case))}
    assert wrong == {}


def test_every_name_is_there_once() -> None:
    pairs = [name for path in FILES for name, _ in json.loads(path.read_text(), object_pairs_hook=list)]
    assert len(pairs) >= 300
    assert [name for name, count in Counter(pairs).items() if count > 1] == []


def test_every_operator_is_there() -> None:
    texts = {operator for path in FILES for operator in _operators(json.loads(path.read_text()))}
    found = {(parsed.name, parsed.if_exists) for text in texts if (parsed := parse_operator(text))}
    wanted = {(name, False) for name in FORMS} | {(name, True) for name in FORMS if name != "Null"}
    assert wanted <= found


def _operators(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        yield from (operator for item in value for operator in _operators(item))
    elif isinstance(value, dict):
        yield from value.get("Condition", {})
        yield from (operator for item in value.values() for operator in _operators(item))


def _difference(judge: Judge, case: dict[str, Any]) -> str:
    """What was found, where it is not what the case expects; else the empty string."""
    found, expect = judge(_request(case), _layers(case), Switches(**case.get("switches", {}))), case["expect"]
    agrees = (
        (found.outcome, found.layer) == (expect["decision"], expect["layer"])
        and ("statements" not in expect or _places(found.statements) == expect["statements"])
        and _places(found.not_evaluable) == expect.get("not_evaluable", [])
    )
    return "" if agrees else repr(found)


def _places(statements: tuple[Deciding, ...]) -> list[list[object]]:
    return [[s.layer, s.policy, s.index] for s in statements]


def _request(case: dict[str, Any]) -> Request:
    who = case.get("principal", USER)
    principal = who if isinstance(who, str) else Requester(**who)
    account = case.get("resource_account", "")
    return request(principal, case["action"], case["resource"], case.get("context", {}), account)


def _layers(case: dict[str, Any]) -> Layers:
    trust = case["action"].lower().startswith(TRUST)
    session, resource = case.get("session_policy"), case.get("resource_policy")
    return Layers(
        identity=_documents(case.get("identity_policies", ()), "identity"),
        boundaries=_documents(case.get("permission_boundaries", ()), "boundary"),
        session=_document(session, "identity") if session else None,
        scps=tuple(_documents(level, "scp") for level in case.get("scps", ())),
        rcps=tuple(_documents(level, "rcp") for level in case.get("rcps", ())),
        resource=_document(resource, "trust" if trust else "resource") if resource else None,
        endpoints=_documents(case.get("endpoint_policies", ()), "resource"),
    )


def _documents(values: Any, kind: Kind) -> tuple[Document, ...]:
    return tuple(_document(value, kind) for value in values)


def _document(value: Any, kind: Kind) -> Document:
    """A document, or one statement or a list of them, which get Version 2012-10-17."""
    whole = value if "Statement" in value else {"Version": "2012-10-17", "Statement": value}
    found = from_value(whole, kind, lenient=True)
    assert isinstance(found, Document), str(found)
    return found
