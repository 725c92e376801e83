"""What is refused as a request, and what an Evaluator keeps of those it has met."""

from __future__ import annotations

import pytest

from narrowgate.policy import Document, Evaluator, Layers, Proved, Requester, Unknown, covers, from_value, request
from narrowgate.policy.pattern import exact
from narrowgate.policy.request_context import LONGEST_NAME
from narrowgate.policy.search import Budget, Cover, Found, GaveUp, Region, outside

ALICE = "arn:aws:iam::111122223333:user/alice"
SESSION = "arn:aws:sts::111122223333:assumed-role/app/s1"
EVERYTHING = from_value({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, "identity")


@pytest.mark.parametrize(
    ("principal", "says"),
    [
        (Requester("Service", service="ec2.amazonaws.com", arn=ALICE), "type Service has no `arn`"),
        (Requester("AWS", ALICE, service="ec2.amazonaws.com"), "type AWS has no `service`"),
        (Requester("Anonymous", provider="example.com"), "type Anonymous has no `provider`"),
        (Requester("Federated", provider="example.com", role_arn=ALICE), "type Federated has no `role_arn`"),
        (Requester("Service"), "type Service needs `service`"),
        (Requester("Federated"), "type Federated needs `provider`"),
        (Requester("Federated", provider="a" * 5_000), f"longer than {LONGEST_NAME} characters"),
        (Requester("Federated", provider="\ud800"), "lone surrogate"),
        (Requester("AWS", ALICE, role_arn="arn:aws:iam::111122223333:role/alice"), "not that of the session"),
        (Requester("AWS", SESSION, role_arn="arn:aws:iam::111122223333:role/other"), "not that of the session"),
        (Requester("AWS", SESSION, role_arn="arn:aws:iam::111122223333:user/app"), "not the ARN of a role"),
        ("arn:aws:iam::111122223333:user/" + "a" * 5_000, f"longer than {LONGEST_NAME} characters"),
        ("arn:aws:iam::1111:user/alice", "not the ARN of a user, role, session or account root"),
        ("arn:aws:s3:::alice", "not the ARN of a user, role, session or account root"),
        ("alice", "not the ARN of a user, role, session or account root"),
    ],
)
def test_principals_that_are_none(principal: Requester | str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        request(principal, "s3:GetObject")


@pytest.mark.parametrize("text", ["", "*", "alice", "arn:aws:iam"])
def test_a_principal_of_aws_has_an_arn(text: str) -> None:
    """Else it would belong to no account, and meet no SCP."""
    with pytest.raises(ValueError, match="not the ARN of a user"):
        Requester("AWS", text)


@pytest.mark.parametrize(
    ("action", "resource", "account", "context", "says"),
    [
        ("s3:Get*", "*", "", {}, "not one action"),
        ("s3:" + "a" * 200, "*", "", {}, "not one action"),
        ("s3:GetObject", "bucket", "", {}, "an ARN of six parts"),
        ("s3:GetObject", "arn:aws:s3:::\udfff", "", {}, "lone surrogate"),
        ("s3:GetObject", "*", "1234", {}, "not 12 digits"),
        ("sns:Publish", "arn:aws:sns:eu-west-1:444455556666:t", "111122223333", {}, "not that of the resource"),
        ("s3:GetObject", "*", "", {"": "x"}, "not a context key"),
        ("s3:GetObject", "*", "", {"aws:\ud800": "x"}, "not a context key"),
        ("s3:GetObject", "*", "", {"aws:x": "1", "AWS:X": "2"}, "here twice"),
        ("s3:GetObject", "*", "", {"aws:x": ["a", "\ud800"]}, "lone surrogate"),
    ],
)
def test_what_is_no_request(action: str, resource: str, account: str, context: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        request(ALICE, action, resource, context, account)


def test_the_account_that_the_arn_names_may_be_said_again() -> None:
    asked = request(ALICE, "sns:Publish", "arn:aws:sns:eu-west-1:444455556666:t", {}, "444455556666")
    assert asked.crosses


def test_an_evaluator_forgets_before_it_has_too_much() -> None:
    """What it keeps is bounded over all actions and combinations together, and no decision depends on it."""
    assert isinstance(EVERYTHING, Document)
    small, large = (Evaluator(Layers(identity=(EVERYTHING,) * 20), most=most) for most in (100, 1_000_000))
    for number in range(200):
        asked = request(ALICE, f"s3:Get{number}")
        assert small.evaluate(asked) == large.evaluate(asked)
    assert len(small._plans["identity"]) <= 100 // 20
    assert len(large._plans["identity"]) == 200


def _pigeons(holes: int, allows: int) -> Document:
    """One more pigeon than holes: no value of the keys escapes all the Denies, and only trying tells."""
    keys = [[f"k:{pigeon}in{hole}" for hole in range(holes)] for pigeon in range(holes + 1)]
    placed = [{"StringNotEquals": dict.fromkeys(each, "x")} for each in keys]
    apart = [
        {"StringEquals": {one[hole]: "x", other[hole]: "x"}}
        for hole in range(holes)
        for number, one in enumerate(keys)
        for other in keys[:number]
    ]
    everywhere = {"Action": "*", "Resource": "*"}
    denies = [{"Effect": "Deny", **everywhere, "Condition": each} for each in (*placed, *apart)]
    granted = [{"Effect": "Allow", "Action": f"s3:x{n}*", "Resource": "*"} for n in range(allows)]
    made = from_value({"Version": "2012-10-17", "Statement": [*granted, *denies]}, "identity")
    assert isinstance(made, Document)
    return made


def test_all_searches_of_a_comparison_share_one_budget() -> None:
    """Each Allow alone would be given up after its own limit, and all together after that many times as long."""
    assert isinstance(covers([], [_pigeons(3, 20)]), Proved)
    few, many = (covers([], [_pigeons(6, number)]) for number in (2, 40))
    gave_up = "the conditions and resources leave too many cases"
    assert few == Unknown((gave_up,))
    assert many == Unknown((gave_up, "there are too many statements to compare them all"))


def test_a_search_ends_with_its_budget() -> None:
    two_states = dict.fromkeys("abc", 3)
    choices = [Cover(None, False, tuple((key, 0b01) for key in "abc")) for _ in range(3)]
    region = Region(((exact("*"),),), (), two_states)
    assert isinstance(next(outside(region, choices, Budget())), Found)
    spent = Budget(3)
    assert list(outside(region, choices, spent)) == [GaveUp("the conditions and resources leave too many cases")]
    assert spent.is_spent
