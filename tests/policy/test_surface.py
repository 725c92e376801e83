"""The surface where people know the answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data
from policy.small_world import CONDITION, LIST, S, allow, deny, document, of

from narrowgate.adapters.action_data import action_list
from narrowgate.policy import Document, from_value, parse
from narrowgate.policy.actions import list_of
from narrowgate.policy.pairs import Pair, pairs_of
from narrowgate.policy.permission_surface import Counts, Surface, difference, surface
from narrowgate.policy.reach import meets


def test_nothing_allows_nothing() -> None:
    assert of() == Surface(LIST, 0, 0, 0)
    assert of().counts[0] == Counts("List", 0, 0, 0)


def test_everything_is_every_pair() -> None:
    found = of(allow("*"))
    pairs = LIST.once(pairs_of)
    assert found.some == found.full == pairs.everything
    assert found.unrestricted == ("s:PutThing", "s:TagThing", "t:Reset", "t:SetPolicy")
    assert found.scopable_by_type == ("s:PutThing", "s:TagThing")
    assert found.scopable_by_key == ("s:PutThing", "t:SetPolicy")
    assert found.scopable == ("s:PutThing", "s:TagThing", "t:SetPolicy")
    assert [tuple(counts) for counts in found.counts] == [
        ("List", 1, 1, 1),
        ("Read", 1, 1, 1),
        ("Write", 2, 3, 3),
        ("Tagging", 1, 1, 1),
        ("Permissions management", 1, 1, 1),
    ]


def test_all_of_one_type_is_not_every_resource() -> None:
    found = of(allow("s:PutThing", "arn:aws:s:*:*:thing/*"))
    assert found.pairs(full=True) == (Pair("s:PutThing", "thing"),)
    assert found.unrestricted == ()


def test_several_statements_together_can_be_all() -> None:
    boxes = allow("s:PutThing", ["arn:aws:s:::box/*", "arn:aws:s:::case"])
    assert of(allow("s:PutThing", "arn:aws:s:*:*:thing/*"), boxes).unrestricted == ("s:PutThing",)
    inverted = {"Effect": "Allow", "Action": "s:PutThing", "NotResource": "arn:aws:s:::case"}
    assert of(inverted).unrestricted == ()
    assert of(inverted, allow("s:PutThing", "arn:aws:s:::ca*")).unrestricted == ("s:PutThing",)


def test_a_deny_of_one_resource_does_not_make_the_rest_harmless() -> None:
    found = of(allow("s:*"), deny("s:*", "arn:aws:s:*:*:thing/a"))
    assert Pair("s:PutThing", "thing") not in found.pairs(full=True)
    assert found.unrestricted == ("s:PutThing", "s:TagThing")


@pytest.mark.parametrize(
    "avoidable",
    [
        deny("s:*", Condition=CONDITION),
        deny("s:*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}),
        deny("s:*", ["*", "arn:aws:s:*:*:thing/${aws:username}"]),
        deny("s:*", Condition={"NoSuchOperator": {"a:b": "c"}}),
    ],
)
def test_a_deny_that_can_be_avoided_takes_away_only_what_is_full(avoidable: dict[str, Any]) -> None:
    found = of(allow("s:*"), avoidable)
    assert found.some == of(allow("s:*")).some
    assert found.full == 0
    assert found.unrestricted == ("s:PutThing", "s:TagThing")


def test_a_deny_without_a_way_round_takes_all() -> None:
    found = of(allow("*"), deny("s:*"), deny("t:SetPolicy", "*"))
    assert found.actions == found.unrestricted == ("t:Reset",)
    pinned = of(allow("s:GetThing", "arn:aws:s:*:*:thing/a"), deny("*", "arn:aws:s:*:*:thing/a*"))
    assert pinned.actions == ()


def test_two_inverted_denies_leave_what_both_name() -> None:
    def but(resource: str) -> dict[str, Any]:
        return {"Effect": "Deny", "Action": "*", "NotResource": resource}

    assert of(allow("s:GetThing"), but("arn:aws:s:*:*:thing/a*"), but("arn:aws:s:*:*:thing/*b")).actions != ()
    assert of(allow("s:GetThing"), but("arn:aws:s:*:*:thing/a"), but("arn:aws:s:*:*:thing/b")).actions == ()


def test_a_variable_is_some_name_and_never_every_name() -> None:
    found = of(allow("s:GetThing", "arn:aws:s:*:*:thing/${aws:username}"))
    assert (found.pairs(), found.pairs(full=True)) == ((Pair("s:GetThing", "thing"),), ())
    account = of(allow("s:GetThing", "arn:aws:s:*:${aws:PrincipalAccount}:thing/*"))
    assert (account.some.bit_count(), account.full) == (1, 0)
    with_default = of(allow("s:*", ["*", "arn:aws:s:*:*:thing/${aws:username, 'x'}"]))
    without = of(allow("s:*", ["*", "arn:aws:s:*:*:thing/${aws:username}"]))
    assert with_default.full != 0
    assert without.full == 0
    old = surface(
        [document(allow("s:GetThing", ["*", "arn:aws:s:*:*:thing/${aws:username}"]), version="2008-10-17")], LIST
    )
    assert old.full.bit_count() == 1


@pytest.mark.parametrize(
    "condition",
    [
        {"StringLikeIfExists": {"aws:SourceVpc": "*"}},
        {"ForAllValues:StringLike": {"aws:TagKeys": ["a", "*"]}},
        {"ArnLikeIfExists": {"aws:SourceArn": "*"}},
    ],
)
def test_a_condition_that_always_holds_is_none(condition: dict[str, Any]) -> None:
    assert of(allow("s:*", Condition=condition)) == of(allow("s:*"))
    assert of(allow("s:*"), deny("s:*", Condition=condition)).actions == ()


@pytest.mark.parametrize(
    "condition",
    [
        {"StringLike": {"aws:SourceVpc": "*"}},
        {"StringNotLikeIfExists": {"aws:SourceVpc": "*"}},
        {"StringLikeIfExists": {"aws:SourceVpc": ["*", "${aws:username}"]}},
        {"StringEqualsIfExists": {"aws:SourceVpc": "*"}},
    ],
)
def test_a_condition_that_may_fail_is_one(condition: dict[str, Any]) -> None:
    assert of(allow("s:*", Condition=condition)).unrestricted == ()


def test_an_allow_that_is_not_evaluable_counts_as_nothing_and_is_said() -> None:
    found = surface(
        [document(allow("t:*")), document(allow("t:Reset"), allow("s:*", Condition={"StringLikes": {"a:b": "c"}}))],
        LIST,
    )
    assert found.actions == ("t:Reset", "t:SetPolicy")
    assert found.not_evaluable == ((1, 1),)


def test_patterns_that_name_no_known_action_are_said() -> None:
    found = of(allow(["u:*", "s:Nothing", "s:Get*", "s:put*x"]), deny("v:*"))
    assert found.unknown == ("s:Nothing", "s:put*x", "u:*")
    assert found.actions == ("s:GetThing",)


def test_a_statement_with_a_principal_is_refused() -> None:
    made = from_value({"Statement": [{**allow("s:*"), "Principal": "*"}]}, "resource")
    assert isinstance(made, Document)
    with pytest.raises(ValueError, match="identity"):
        surface([made], LIST)


def test_surfaces_over_two_lists_are_not_compared() -> None:
    with pytest.raises(ValueError, match="different"):
        difference(of(), surface([], list_of([S])))


@pytest.mark.parametrize(
    ("arn", "text", "met"),
    [
        ("arn:*:ec2:*:*:instance/*", "arn:aws:ec2:*:*:volume/*", False),
        ("arn:*:ec2:*:*:instance/*", "arn:aws:ec2:us-east-1:*:*", True),
        ("arn:*:ec2:*:*:instance/*", "arn:aws:ec2:*:*:*/*", True),
        ("arn:*:ec2:*:*:instance/*", "arn:aws:rds:*:*:*", False),
        ("arn:*:s3:::*/*", "arn:aws:s3:::bucket", False),
        ("arn:*:s3:::*/*", "arn:aws:s3:::bucket/a:b", True),
        ("arn:*:s3:::*", "arn:aws:s3:::bucket", True),
        # A star that ends its segment may run over colons; no account is called `log-group`.
        ("arn:*:logs:*:*:log-group:*", "arn:aws:logs:*:*:x*", True),
        ("arn:*:logs:*:*:log-group:*", "arn:aws:logs:us-east-1:1:x*", False),
        ("arn:*:iam::*:role/*", "arn:aws:iam::*:role/x", True),
        ("*", "arn:aws:s3:::b", False),
        ("*", "*", True),
        ("*", "?", True),
    ],
)
def test_a_type_meets_a_resource(arn: str, text: str, met: bool) -> None:
    assert meets(arn, text) is met


@pytest.mark.slow
def test_every_policy_of_aws_is_within_administrator_access(tmp_path: Path) -> None:
    known = action_list(tmp_path)
    texts = {name: json.dumps(policy["Document"]) for name, policy in json.loads(aws_managed_policies_data).items()}
    read = {name: parse(text, "identity", lenient=True) for name, text in texts.items()}
    found = {name: surface([made], known) for name, made in read.items() if isinstance(made, Document)}
    assert len(found) == len(texts) > 1000
    whole = known.once(pairs_of)
    assert found["AdministratorAccess"].full == whole.everything
    assert found["AdministratorAccess"].open == whole.mutating
    assert not any(one.some & ~whole.everything or one.full & ~one.some for one in found.values())
    assert {name.partition(":")[0] for name in found["IAMFullAccess"].actions} == {"iam", "organizations"}
    power = [name for name in found["PowerUserAccess"].unrestricted if name.startswith("iam:")]
    assert power == ["iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole"]
    assert found["AmazonS3ReadOnlyAccess"].unrestricted == ()
    assert difference(surface([], known), found["AdministratorAccess"]).added == known.names
