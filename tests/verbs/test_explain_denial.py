"""Encoded messages are decoded by whoever is asked; what that World answers decides."""

from __future__ import annotations

import json

import pytest

from narrowgate.adapters.target import Target
from narrowgate.calls import Call, Fields, Reply
from narrowgate.errors import NotPermitted, UsageError
from narrowgate.verbs.explain_denial import Asked, explain_denials
from narrowgate.verbs.policy_files import Files

BOB = "arn:aws:iam::111122223333:user/bob"
IMAGE = "arn:aws:ec2:us-east-1::image/ami-0abc"
CODE = "4GIOHlTkIaWHQD0Q0m6XSnuUMCm-abcdefghijklmn_0123456789"
WORDS = f"User: {BOB} is not authorized to perform: ec2:RunInstances on resource: {IMAGE} with an explicit deny in a "
DECODED = {
    "allowed": False,
    "explicitDeny": True,
    "matchedStatements": {"items": [{"statementId": "Keep", "effect": "DENY"}]},
    "failures": {"items": []},
    "context": {"principal": {"arn": BOB}, "action": "ec2:RunInstances", "resource": IMAGE, "conditions": {}},
}


def files() -> Files:
    return Files(lambda: b"")


def answering(reply: Reply | NotPermitted, closed: list[str]) -> Target:
    """An AWS that decodes the one message."""

    def world(call: Call) -> Reply:
        assert call.name == "sts:DecodeAuthorizationMessage" and call.params.text("EncodedMessage") == CODE
        if isinstance(reply, NotPermitted):
            raise reply
        return reply

    return Target("fake", lambda who, region: world, lambda: closed.append("closed"))


def test_a_message_alone_is_decoded() -> None:
    closed: list[str] = []
    target = answering(Fields({"DecodedMessage": json.dumps(DECODED)}), closed)
    (found,) = explain_denials(Asked((CODE,), decoder=lambda: target), files()).items
    assert (found.denied.principal, found.denied.action, found.denied.how) == (BOB, "ec2:RunInstances", "explicitDeny")
    assert [each.sid for each in found.denied.statements] == ["Keep"]
    assert closed == ["closed"]


def test_the_words_around_it_say_the_layer_that_aws_does_not_encode() -> None:
    target = answering(Fields({"DecodedMessage": json.dumps(DECODED)}), [])
    said = f"{WORDS}service control policy. Encoded authorization failure message: {CODE}"
    (found,) = explain_denials(Asked((said,), decoder=lambda: target), files()).items
    assert found.denied.layer == "scp" and [each.sid for each in found.denied.statements] == ["Keep"]
    assert "--decode" not in "\n".join(found.advice)


def test_who_may_not_decode_is_told_what_the_words_say() -> None:
    closed: list[str] = []
    target = answering(NotPermitted("AWS denied it", code="AccessDenied"), closed)
    said = f"{WORDS}session policy. Encoded authorization failure message: {CODE}"
    (found,) = explain_denials(Asked((said,), decoder=lambda: target), files()).items
    assert found.denied.layer == "session" and "--decode" in "\n".join(found.advice)
    with pytest.raises(NotPermitted):
        explain_denials(Asked((CODE,), decoder=lambda: target), files())
    assert closed == ["closed", "closed"]


def test_an_answer_that_is_no_denial_is_told() -> None:
    target = answering(Fields({"DecodedMessage": "{}"}), [])
    with pytest.raises(UsageError, match="tells of no denial"):
        explain_denials(Asked((CODE,), decoder=lambda: target), files())


def test_nobody_is_asked_where_nothing_is_encoded() -> None:
    def unwanted() -> Target:
        raise AssertionError("nobody needs to decode anything")

    (found,) = explain_denials(Asked((f"{WORDS}session policy",), decoder=unwanted), files()).items
    assert found.denied.layer == "session"
