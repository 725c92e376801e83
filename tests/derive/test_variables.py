"""Two recordings of one program: what differs is variable, what does not is constant."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrowgate.adapters.action_data import action_list
from narrowgate.calls import Fields, call
from narrowgate.catalogue.facts import Place
from narrowgate.derive.common_form import common_form
from narrowgate.derive.derivation import Derived, NotDerived
from narrowgate.derive.evidence import Evidence, Origin, evidence_of
from narrowgate.derive.variables import derive_both, varying
from narrowgate.happening import Happening
from narrowgate.policy.actions import ActionList
from narrowgate.policy.arn import matches

TEXT = st.text(alphabet="ab1-_/:", max_size=12)


@lru_cache
def actions() -> ActionList:
    return action_list()


def ran(
    name: str, run: int, *, region: str = "eu-west-1", account: str = "123456789012", more: Iterable[Happening] = ()
) -> Evidence:
    """One run of a program that makes a tagged network, a role under its name, and a bucket."""
    tags = [{"Key": "Owner", "Value": name}, {"Key": "Team", "Value": "sales"}]
    spec = [{"ResourceType": "vpc", "Tags": tags}]
    vpc = f"vpc-{run}"
    calls = [
        (call("ec2", "DescribeVpcs"), Fields()),
        (call("ec2", "CreateVpc", CidrBlock="10.0.0.0/16", TagSpecifications=spec), Fields(Vpc={"VpcId": vpc})),
        (call("ec2", "DeleteVpc", VpcId=vpc), Fields()),
        (call("iam", "CreateRole", RoleName=f"{name}-node", AssumeRolePolicyDocument="{}", Tags=tags), Fields()),
        (call("iam", "GetRole", RoleName="fixed"), Fields()),
        (call("s3", "PutObject", Bucket=f"{name}-data", Key=f"logs/{name}/1"), Fields()),
    ]
    happenings = [Happening(c, region, reply=reply, source=f"{name} line {i}") for i, (c, reply) in enumerate(calls, 1)]
    return evidence_of([*happenings, *more], Place("aws", account, region), Origin(name), actions=actions())


def statements(derived: Derived | NotDerived) -> str:
    assert isinstance(derived, Derived), derived
    return " ".join(document.text() for document in derived.documents)


@pytest.mark.parametrize(
    ("one", "other", "form"),
    [
        ("app-7f3", "app-7f3", "app-7f3"),
        ("app-7f3", "app-7a1", "app-*"),
        ("app-7f3-node", "app-913-node", "app-*-node"),
        ("app", "app-2", "app*"),
        ("App1", "App2", "App*"),
        ("7f3-node", "913-node", "*-node"),
        ("alpha", "beta", None),
        ("7f3", "7f9", None),
        ("arn:aws:iam::1:role/app-7f3", "arn:aws:iam::1:role/app-91c", "arn:aws:iam::1:role/app-*"),
        ("arn:aws:iam::1:role/a-1/n", "arn:aws:iam::1:role/a-2/n", "arn:aws:iam::1:role/a-*/n"),
        ("arn:aws:iam::1:role/alpha", "arn:aws:iam::1:role/beta", None),
        ("arn:aws:ec2:eu-west-1:1:vpc/*", "arn:aws:ec2:us-east-1:2:vpc/*", "arn:aws:ec2:*:*:vpc/*"),
        ("arn:aws:iam::aws:policy/AmazonA", "arn:aws:iam::aws:policy/AmazonB", None),
        ("arn:aws:iam::1:role/aws-service-role/a.x/A-1", "arn:aws:iam::1:role/aws-service-role/b.x/A-2", None),
        ("arn:aws:iam::1:role/x", "arn:aws-cn:iam::1:role/x", None),
        ("arn:aws:iam::1:role/x", "arn:aws:iam::1:user/x", None),
        ("arn:aws:s3:::d-1/logs/*", "arn:aws:s3:::d-2/logs/*", "arn:aws:s3:::d-*/logs/*"),
        ("arn:aws:s3:::d/a/*", "arn:aws:s3:::d/a/b/*", "arn:aws:s3:::d/a/*"),
        ("arn:aws:s3:::alpha/logs/*", "arn:aws:s3:::beta/logs/*", None),
    ],
)
def test_the_form_that_two_texts_have_in_common(one: str, other: str, form: str | None) -> None:
    assert common_form(one, other) == form
    assert common_form(other, one) == form


@given(TEXT, TEXT)
def test_a_form_matches_both_and_is_never_a_bare_star(one: str, other: str) -> None:
    form = common_form(one, other)
    if form is not None:
        assert matches(form, one)
        assert matches(form, other)
        assert form != "*"


def test_names_tags_and_regions_that_differ_are_left_open() -> None:
    both = derive_both(ran("shop-7f3", 1), ran("shop-91c", 2, region="us-east-1"), actions())
    text = statements(both)
    assert '"arn:aws:iam::123456789012:role/shop-*-node"' in text
    assert '"arn:aws:s3:::shop-*-data/logs/shop-*/*"' in text
    assert '"arn:aws:ec2:*:123456789012:vpc/*"' in text
    assert '"StringLike":{"aws:RequestTag/Owner":"shop-*"}' in text
    assert '"StringLike":{"aws:ResourceTag/Owner":"shop-*"}' in text
    assert "aws:RequestedRegion" not in text
    assert "7f3" not in text
    assert "91c" not in text


def test_what_is_the_same_stays_exact() -> None:
    both = derive_both(ran("shop-7f3", 1), ran("shop-91c", 2), actions())
    text = statements(both)
    assert '"arn:aws:iam::123456789012:role/fixed"' in text
    assert '"aws:RequestTag/Team":"sales"' in text
    assert '"arn:aws:ec2:eu-west-1:123456789012:vpc/*"' in text
    assert '"aws:RequestedRegion":"eu-west-1"' in text
    assert isinstance(both, Derived)
    assert dict(both.own.tags) == {"Owner": "shop-*", "Team": "sales"}


def test_the_same_recording_twice_varies_in_nothing() -> None:
    found = varying(ran("shop", 1), ran("shop", 2))
    assert (dict(found.resources), dict(found.conditions), found.notes) == ({}, {}, ())


def test_the_order_of_the_recordings_does_not_matter() -> None:
    a, b = ran("shop-7f3", 1), ran("shop-91c", 2, region="us-east-1")
    assert statements(derive_both(a, b, actions())) == statements(derive_both(b, a, actions()))


def test_another_account_is_left_open() -> None:
    text = statements(derive_both(ran("a-1x", 1), ran("a-2x", 2, account="999999999999"), actions()))
    assert '"arn:aws:iam::*:role/a-*-node"' in text


def test_names_without_anything_in_common_stay_and_that_is_serious() -> None:
    both = derive_both(ran("alpha", 1), ran("beta", 2), actions())
    text = statements(both)
    assert "alpha-data" in text
    assert "beta-data" in text
    assert '"Null":{"aws:RequestTag/Owner":"false"}' in text
    assert isinstance(both, Derived)
    left = {each.what: each.serious for each in both.evidence.left_out}
    assert left["arn:aws:s3:::alpha-data/logs/alpha/* and arn:aws:s3:::beta-data/logs/beta/*"] is True
    assert left["aws:RequestTag/Owner alpha and beta"] is False


def test_calls_of_one_recording_only_are_allowed_and_told_of() -> None:
    one = Happening(call("iam", "GetRole", RoleName="only-here"), "eu-west-1", source="line 7")
    known = Happening(call("ec2", "DescribeSubnets"), "eu-west-1", source="line 8")
    both = derive_both(ran("shop-7f3", 1, more=[one, known]), ran("shop-91c", 2), actions())
    assert "role/only-here" in statements(both)
    assert "ec2:DescribeSubnets" in statements(both)
    assert isinstance(both, Derived)
    told = {each.what: each for each in both.evidence.left_out}
    assert told["iam:GetRole"].serious
    assert "only the first recording has it" in told["iam:GetRole"].why
    assert not told["ec2:DescribeSubnets"].serious


def roles(*calls: tuple[str, str]) -> Evidence:
    """A run that asks so many operations on roles."""
    happenings = [Happening(call("iam", operation, RoleName=name), "eu-west-1") for operation, name in calls]
    return evidence_of(happenings, Place("aws", "123456789012", "eu-west-1"), Origin("a run"))


def test_constants_in_another_order_do_not_vary() -> None:
    found = varying(roles(("GetRole", "a-1"), ("GetRole", "a-2")), roles(("GetRole", "a-2"), ("GetRole", "a-1")))
    assert dict(found.resources) == {}


def test_what_is_one_thing_in_one_run_and_two_in_the_other_has_one_form() -> None:
    once = roles(("GetRole", "app-node-1"), ("DeleteRole", "app-node-1"))
    twice = roles(("GetRole", "app-node-2"), ("DeleteRole", "app-3"))
    role = "arn:aws:iam::123456789012:role/app-"
    assert dict(varying(once, twice).resources) == {
        f"{role}node-1": f"{role}*",
        f"{role}node-2": f"{role}*",
        f"{role}3": f"{role}*",
    }


def test_calls_in_another_order_are_the_same_calls() -> None:
    kinds = ("GetRole", "DeleteRole", "ListRoleTags")
    a = roles(*((kind, "a-x1-role") for kind in kinds))
    b = roles(*((kind, "a-y2-role") for kind in (*kinds[1:], kinds[0])))
    found = varying(a, b)
    assert found.notes == ()
    assert set(found.resources.values()) == {"arn:aws:iam::123456789012:role/a-*-role"}


def test_services_that_differ_are_both_named_and_no_other() -> None:
    def launch(name: str, service: str) -> Evidence:
        who = Happening(call("iam", "CreateServiceLinkedRole", AWSServiceName=service), "eu-west-1")
        return evidence_of([who], Place("aws", "123456789012", "eu-west-1"), Origin(name))

    text = statements(
        derive_both(launch("a", "autoscaling.amazonaws.com"), launch("b", "eks.amazonaws.com"), actions())
    )
    assert '"iam:AWSServiceName":["autoscaling.amazonaws.com","eks.amazonaws.com"]' in text
    assert "*" not in text


def test_without_calls_nothing_is_derived() -> None:
    empty = evidence_of([], Place("aws", "123456789012", "eu-west-1"), Origin("b"))
    assert isinstance(derive_both(ran("a", 1), empty, actions()), NotDerived)
