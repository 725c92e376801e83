"""Every case of tests/cases/denials: what it says, and that its grant allows what was denied without it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from narrowgate.adapters.action_data import action_list
from narrowgate.adapters.sandbox.denial import LAYER_NAMES
from narrowgate.explain_denial.answer import Explained, explained
from narrowgate.explain_denial.denied import WORDS, layer_of
from narrowgate.explain_denial.given import asked
from narrowgate.explain_denial.grant import Grant
from narrowgate.explain_denial.reading import read
from narrowgate.policy import Document, Layers, evaluate, from_value
from narrowgate.policy.actions import ActionList
from narrowgate.policy.decision import Outcome
from narrowgate.policy.request_context import Request

FILES = sorted((Path(__file__).parents[1] / "cases" / "denials").glob("*.json"))


def cases() -> Iterator[Any]:
    for path in FILES:
        for name, case in json.loads(path.read_text()).items():
            yield pytest.param(case["input"], case["expect"], id=f"{path.stem}: {name}")


@cache
def known() -> ActionList:
    return action_list()


def answer(given: Any) -> Explained:
    (denied,) = read(given if isinstance(given, str) else json.dumps(given))
    return explained(denied, known())


def test_there_are_enough() -> None:
    assert len(list(cases())) >= 60


@pytest.mark.parametrize(("given", "expect"), list(cases()))
def test_case(given: Any, expect: dict[str, Any]) -> None:
    found = answer(given)
    denied = found.denied
    told = (denied.principal, denied.action, denied.resource, denied.layer, denied.how)
    assert told == tuple(expect[name] for name in ("who", "action", "resource", "layer", "effect"))
    assert [[grant.layer, dict(grant.statement)] for grant in found.grants] == expect["grants"]
    assert denied.policy_arn == expect.get("policy_arn", "")
    assert expect.get("advice", "") in "\n".join(found.advice)
    assert expect.get("note", "") in "\n".join(note for grant in found.grants for note in grant.notes)
    assert set(expect.get("next", ())) <= {each.action for each in found.following}
    assert set(expect.get("candidates", ())) <= set(found.candidates)
    assert list(found.possible) == expect.get("possible", list(found.possible))
    assert [[s.effect, s.sid, s.layer] for s in denied.statements] == expect.get("statements", [])


@pytest.mark.parametrize(("given", "expect"), [case for case in cases() if case.values[1]["grants"]])
def test_the_grant_allows_the_request_that_was_denied_without_it(given: Any, expect: dict[str, Any]) -> None:
    found = answer(given)
    request = asked(found.denied)
    if not expect.get("verified", True):
        # A bare name is no resource that can be decided upon.
        assert isinstance(request, str)
        return
    assert isinstance(request, Request)
    assert outcome(request, found.grants, granted=False) == "implicitDeny"
    assert outcome(request, found.grants, granted=True) == "allowed"
    for one in found.grants:
        rest = tuple(grant for grant in found.grants if grant is not one)
        assert outcome(request, rest, granted=True, lacking=one) == "implicitDeny"


def outcome(request: Request, grants: tuple[Grant, ...], *, granted: bool, lacking: Grant | None = None) -> Outcome:
    """The decision where the grants' layers hold them and nothing else, or nothing at all; the others allow all."""
    parts = {grant.layer: document(grant, granted) for grant in grants}
    if lacking:
        parts[lacking.layer] = document(lacking, granted=False)
    everything = from_value(_doc({"Effect": "Allow", "Action": "*", "Resource": "*"}), "identity")
    assert isinstance(everything, Document)
    # A resource policy alone is enough in its own account: an identity policy beside it would hide what it does.
    only = set(parts) == {"resource"}
    identity = parts.get("identity", everything)
    layers = Layers(
        identity=() if only else (identity,),
        boundaries=(parts["boundary"],) if "boundary" in parts else (),
        session=parts.get("session"),
        scps=((parts["scp"],),) if "scp" in parts else (),
        resource=parts.get("resource") or account_policy(request),
        endpoints=(parts["endpoint"],) if "endpoint" in parts else (),
    )
    return evaluate(request, layers).outcome


def account_policy(request: Request) -> Document | None:
    """The trust or key policy that leaves all to the principal's account."""
    statement = {"Effect": "Allow", "Principal": {"AWS": request.principal.account}}
    if request.action.startswith("sts:"):
        return sound(from_value(_doc({**statement, "Action": request.action}), "trust"))
    if request.action.startswith("kms:"):
        return sound(from_value(_doc({**statement, "Action": "kms:*", "Resource": "*"}), "resource"))
    return None


def document(grant: Grant, granted: bool) -> Document:
    statement = dict(grant.statement)
    if not granted:
        statement["Action"] = "sts:TagSession" if grant.kind == "trust" else "sqs:SendMessage"
    return sound(from_value(_doc(statement), grant.kind))


def sound(found: object) -> Document:
    assert isinstance(found, Document), found
    return found


def _doc(statement: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_the_layers_have_the_words_of_the_sandbox() -> None:
    assert dict(WORDS) == dict(LAYER_NAMES)
    assert {layer_of(words) for words in WORDS.values()} == set(WORDS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "{",
        "[]",
        "null",
        "An error occurred (NoSuchEntity) when calling the GetUser operation: The user with name x cannot be found.",
        "An error occurred (ExpiredToken) when calling the ListBuckets operation: The provided token has expired.",
        json.dumps({"eventName": "GetUser", "eventSource": "iam.amazonaws.com"}),
        json.dumps({"allowed": True, "context": {}}),
        "[" * 100_000,
        "User: " * 20_000,
    ],
)
def test_what_is_no_denial_has_none(text: str) -> None:
    assert read(text) == ()


def test_each_denial_of_a_text_is_told_once() -> None:
    sentence = "User: arn:aws:iam::111122223333:user/{} is not authorized to perform: iam:GetUser on resource: x\n"
    found = read(sentence.format("a") + sentence.format("b") + sentence.format("a"))
    assert [each.principal[-1] for each in found] == ["a", "b"]


def test_an_encoded_message_is_kept_for_decoding_whole_though_a_terminal_broke_it() -> None:
    rows = ["aB3" * 26, "x_-" * 26, "Zz9"]
    text = "You are not authorized to perform this operation. Encoded authorization failure message: "
    (found,) = read(text + "\n".join(rows) + "\n")
    assert found.encoded == "".join(rows)
    (alone,) = read("\n".join(rows))
    assert alone.encoded == "".join(rows)
