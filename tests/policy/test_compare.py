"""Comparison: the laws of containment, proofs that no sample breaks, counterexamples that replay."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import pytest
from policy.naive import decide

from judges.pairs import ACTIONS, Policies, random_pair
from judges.samples import PRINCIPAL, sample
from narrowgate.policy import (
    Counterexample,
    Document,
    Layers,
    Proved,
    Refuted,
    Request,
    Unknown,
    covers,
    difference,
    equivalent,
    from_value,
    grants,
    intersection,
    parse,
)
from narrowgate.policy.actions import list_of
from narrowgate.policy.service import Action, ResourceType, Service

DECIDED = tuple(action for action in ACTIONS if action != "sts:GetCallerIdentity")
"""No policy decides about the other one, so it is in no comparison."""

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


Plain: TypeAlias = Mapping[str, object]


def policy(*statements: Plain, version: str = "2012-10-17") -> Document:
    made = from_value({"Version": version, "Statement": list(statements)}, "identity")
    assert isinstance(made, Document), made
    return made


def allow(action: object, resource: object = "*", **condition: object) -> Plain:
    made: dict[str, object] = {"Effect": "Allow", "Action": action, "Resource": resource}
    return made | ({"Condition": condition} if condition else {})


def deny(action: object, resource: object = "*", **condition: object) -> Plain:
    return {**allow(action, resource, **condition), "Effect": "Deny"}


def pairs(seed: int, number: int) -> Iterator[tuple[random.Random, Policies, Policies]]:
    for n in range(number):
        rng = random.Random(f"{seed}-{n}")
        yield rng, *random_pair(rng)


def naively(asked: Request, side: Sequence[Document], *ceilings: Sequence[Document]) -> bool:
    """Whether the naive judge allows it; roles and keys leave it to the account."""
    owner = {"Effect": "Allow", "Principal": {"AWS": asked.principal.account}, "Action": "*", "Resource": "*"}
    resource = from_value({"Version": "2012-10-17", "Statement": owner}, "resource")
    assert isinstance(resource, Document)
    layers = Layers(identity=tuple(side), scps=tuple(map(tuple, ceilings)), resource=resource)
    return decide(asked, layers).outcome == "allowed"


@pytest.mark.parametrize("number", [60, pytest.param(3_000, marks=pytest.mark.slow)])
def test_what_is_proved_no_sample_breaks(number: int) -> None:
    proved = 0
    for rng, a, b in pairs(1, number):
        if not isinstance(covers(a, b), Proved):
            continue
        proved += 1
        for _ in range(40):
            asked = sample(rng, (*b, *b, *a), DECIDED)
            assert not naively(asked, b) or naively(asked, a), (a, b, asked)
    assert proved > number // 4


@pytest.mark.parametrize("number", [120, pytest.param(3_000, marks=pytest.mark.slow)])
def test_a_counterexample_replays_with_the_naive_judge(number: int) -> None:
    refuted = unknown = 0
    for _, a, b in pairs(2, number):
        verdict = covers(a, b)
        unknown += isinstance(verdict, Unknown)
        if isinstance(verdict, Refuted):
            refuted += 1
            asked = verdict.counterexample.request
            assert naively(asked, b) and not naively(asked, a), (a, b, asked)
    assert refuted > number // 4
    assert unknown < number // 30


def test_covers_is_reflexive() -> None:
    for _, a, b in pairs(3, 40):
        assert covers(a, a) == Proved("open")
        assert isinstance(covers((*a, *b), (*a, *b)), Proved)


def test_covers_is_transitive() -> None:
    """Chains come about by taking Allows away and adding Denies."""
    chains = 0
    for rng, a, b in pairs(4, 120):
        third = random_pair(rng)[0]
        for one, two, three in ((a, b, third), (third, b, a), (b, a, third)):
            if isinstance(covers(one, two), Proved) and isinstance(covers(two, three), Proved):
                chains += 1
                assert isinstance(covers(one, three), Proved), (one, two, three)
    assert chains > 2


def test_covering_each_other_is_being_equivalent() -> None:
    for _, a, b in pairs(5, 50):
        there, back, both = covers(a, b), covers(b, a), equivalent(a, b)
        if isinstance(both, Proved):
            assert isinstance(there, Proved) and isinstance(back, Proved)
        elif isinstance(both, Refuted):
            assert isinstance(there, Refuted) or isinstance(back, Refuted)
        else:
            assert not (isinstance(there, Proved) and isinstance(back, Proved))


def test_the_difference_is_empty_exactly_when_the_other_covers() -> None:
    for _, a, b in pairs(6, 40):
        left = difference(b, a)
        assert type(left) is type(covers(a, b))
        if isinstance(left, Refuted):
            assert naively(left.counterexample.request, b) and not naively(left.counterexample.request, a)


def test_an_intersection_has_a_request_that_both_allow() -> None:
    found = 0
    for rng, a, b in pairs(7, 50):
        both = intersection(a, b)
        if isinstance(both, Refuted):
            found += 1
            assert naively(both.counterexample.request, a) and naively(both.counterexample.request, b)
        elif isinstance(both, Proved):
            for _ in range(20):
                asked = sample(rng, (*a, *b), DECIDED)
                assert not (naively(asked, a) and naively(asked, b))
    assert found > 10


def test_ceilings_count_on_both_sides() -> None:
    """Under its ceilings a allows less; what is proved of it no sample breaks, and counterexamples replay."""
    seen: set[type] = set()
    for rng, a, b in pairs(8, 50):
        ceiling, own = random_pair(rng)
        verdict = covers(grants(*a, ceilings=[ceiling]), grants(*b, ceilings=[own]))
        seen.add(type(verdict))
        if isinstance(verdict, Refuted):
            asked = verdict.counterexample.request
            assert naively(asked, b, own) and not naively(asked, a, ceiling)
        elif isinstance(verdict, Proved):
            for _ in range(20):
                asked = sample(rng, (*a, *b, *ceiling, *own), DECIDED)
                assert not naively(asked, b, own) or naively(asked, a, ceiling)
    assert {Proved, Refuted} <= seen


def test_a_ceiling_only_takes_away() -> None:
    for _, a, b in pairs(9, 40):
        assert isinstance(covers(a, grants(*a, ceilings=[b])), Proved)
        assert isinstance(covers(b, grants(*a, ceilings=[b])), Proved)


def test_nothing_is_covered_by_everything_and_everything_by_administration() -> None:
    everything = policy(EVERYTHING)
    for _, a, _ in pairs(10, 40):
        assert isinstance(covers(a, ()), Proved)
        assert isinstance(covers((everything,), a), Proved)


def test_a_counterexample_of_a_role_carries_the_trust_that_it_needs() -> None:
    b = policy(allow("sts:AssumeRole", "arn:aws:iam::123456789012:role/app"))
    verdict = covers((), (b,))
    assert isinstance(verdict, Refuted)
    assert verdict.counterexample.right_layers.resource is not None
    assert verdict.counterexample.right.outcome == "allowed"
    assert verdict.counterexample.request.principal.arn != PRINCIPAL


def test_a_principal_in_a_statement_is_unknown() -> None:
    bucket = parse(
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}}',
        "resource",
    )
    assert isinstance(bucket, Document)
    assert isinstance(covers((policy(EVERYTHING),), (bucket,)), Unknown)


def test_a_condition_that_cannot_be_evaluated_is_unknown() -> None:
    strange = from_value(
        {"Version": "2012-10-17", "Statement": {**EVERYTHING, "Condition": {"StringMatches": {"aws:x": "y"}}}},
        "identity",
        lenient=True,
    )
    assert isinstance(strange, Document)
    for a, b in (((strange,), ()), ((), (strange,)), ((strange,), (strange,))):
        assert isinstance(covers(a, b), Unknown)


BY_HAND: Final[Mapping[str, tuple[Plain, Plain, str]]] = {
    "a listed action is less than its wildcard": (allow("s3:Get*"), allow("s3:GetObject"), "covers"),
    "a wildcard is more than all that is listed": (
        allow(["s3:GetObject", "s3:GetBucketAcl"]),
        allow("s3:Get*"),
        "exceeds",
    ),
    "case of actions does not count": (allow("S3:getobject"), allow("s3:GetObject"), "covers"),
    "case of resources counts": (allow("s3:*", "arn:aws:s3:::b"), allow("s3:*", "arn:aws:s3:::B"), "exceeds"),
    "an absent key meets a negated operator": (
        allow("s3:*", StringNotEquals={"aws:x": "1"}),
        allow("s3:*", Null={"aws:x": "true"}),
        "covers",
    ),
    "IfExists is more than the operator": (
        allow("s3:*", StringEquals={"aws:x": "1"}),
        allow("s3:*", StringEqualsIfExists={"aws:x": "1"}),
        "exceeds",
    ),
    "a network lies in a larger one": (
        allow("s3:*", IpAddress={"aws:SourceIp": "10.0.0.0/8"}),
        allow("s3:*", IpAddress={"aws:SourceIp": ["10.1.0.0/16", "10.2.3.4"]}),
        "covers",
    ),
    "two halves of a network are the whole": (
        allow("s3:*", IpAddress={"aws:SourceIp": ["10.0.0.0/9", "10.128.0.0/9"]}),
        allow("s3:*", IpAddress={"aws:SourceIp": "10.0.0.0/8"}),
        "covers",
    ),
    "numbers are compared as numbers": (
        allow("s3:*", NumericLessThan={"s3:max-keys": "10"}),
        allow("s3:*", NumericEquals={"s3:max-keys": ["9", "9.99"]}),
        "covers",
    ),
    "instants are compared across zones": (
        allow("s3:*", DateLessThan={"aws:CurrentTime": "2025-01-01T00:00:00Z"}),
        allow("s3:*", DateLessThan={"aws:CurrentTime": "2025-01-01T01:00:00+02:00"}),
        "covers",
    ),
    "every value is less than any": (
        allow("s3:*", **{"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}),
        allow("s3:*", **{"ForAllValues:StringEquals": {"aws:TagKeys": "a"}, "Null": {"aws:TagKeys": "false"}}),
        "covers",
    ),
    "every value holds of none": (
        allow("s3:*", **{"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}}),
        allow("s3:*", **{"ForAllValues:StringEquals": {"aws:TagKeys": "a"}}),
        "exceeds",
    ),
    "a variable lies in its wildcard": (
        allow("s3:*", "arn:aws:s3:::b/*"),
        allow("s3:*", "arn:aws:s3:::b/${aws:username}/*"),
        "covers",
    ),
    "a wildcard does not lie in a variable": (
        allow("s3:*", "arn:aws:s3:::b/${aws:username}/*"),
        allow("s3:*", "arn:aws:s3:::b/*"),
        "exceeds",
    ),
    "a segment wildcard matches no colon": (
        allow("ec2:*", "arn:aws:ec2:us-*-1:*:instance/*"),
        allow("ec2:*", "arn:aws:ec2:us-east-1:123456789012:instance/i-1"),
        "covers",
    ),
    "an ARN condition is compared by parts": (
        allow("s3:*", ArnLike={"aws:PrincipalArn": "arn:aws:iam::*:role/*"}),
        allow("s3:*", ArnEquals={"aws:PrincipalArn": "arn:aws:iam::123456789012:role/a*"}),
        "covers",
    ),
    "NotAction leaves the rest": (
        {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},
        allow(["s3:*", "ec2:*"]),
        "covers",
    ),
    "NotResource leaves the rest": (
        {"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::secret*"},
        allow("s3:*", "arn:aws:s3:::public/*"),
        "covers",
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(name: str) -> None:
    a, b, expected = BY_HAND[name]
    verdict = covers((policy(a),), (policy(b),))
    assert {"covers": Proved, "exceeds": Refuted}[expected] is type(verdict), verdict


NOT_NOTHING: Final = (
    allow("s3:*", NumericGreaterThan={"aws:x": "9" * 30}),
    allow("s3:*", NumericGreaterThan={"aws:x": f"0.{'0' * 29}1"}, NumericLessThan={"aws:x": f"0.{'0' * 29}4"}),
    allow("s3:*", DateGreaterThan={"aws:x": "9999-12-31T23:59:59Z"}),
    allow("s3:*", DateLessThan={"aws:x": "0001-01-01T00:00:00.5Z"}),
)


@pytest.mark.parametrize("statement", NOT_NOTHING)
def test_the_ends_of_numbers_and_dates_are_something(statement: Plain) -> None:
    assert isinstance(covers((), (policy(statement),)), Refuted)


def test_a_variable_needs_one_value_even_of_values_that_are_alike() -> None:
    a = policy(allow("s3:*", ["*", "arn:aws:s3:::${aws:TagKeys}"]))
    b = policy(allow("s3:*", **{"ForAllValues:StringLike": {"aws:TagKeys": "a*"}, "Null": {"aws:TagKeys": "false"}}))
    assert isinstance(covers((a,), (b,)), Refuted)


def test_a_service_of_any_name_is_told_from_those_that_nobody_names() -> None:
    assert isinstance(covers((policy(allow("unmentioned:*")),), (policy(allow("*")),)), Refuted)


def test_a_variable_of_the_one_is_no_text_of_the_other() -> None:
    """`${...}` is text under the old Version: the same spelling is another set of resources."""
    old, new = (
        policy(allow("s3:*", "arn:aws:s3:::b/${aws:username}"), version=v) for v in ("2008-10-17", "2012-10-17")
    )
    assert isinstance(covers((old,), (new,)), Refuted)
    assert isinstance(covers((new,), (old,)), Refuted)


def test_a_deny_takes_away_on_either_side() -> None:
    whole, less = policy(allow("s3:*")), policy(allow("s3:*"), deny("s3:Delete*", "arn:aws:s3:::b/*"))
    assert isinstance(covers((whole,), (less,)), Proved)
    verdict = covers((less,), (whole,))
    assert isinstance(verdict, Refuted)
    assert isinstance(verdict.counterexample, Counterexample)
    assert verdict.counterexample.left.outcome == "explicitDeny"


KNOWN = list_of(
    [
        Service("ec2", tuple(Action(f"ec2:{name}", "List") for name in ("DescribeImages", "DescribeVpcs"))),
        Service(
            "s3",
            (
                Action("s3:GetObject", "Read", (ResourceType("object", ("arn:*:s3:::*/*",), True),)),
                Action("s3:ListBucket", "List", (ResourceType("bucket", ("arn:*:s3:::*",), True),)),
            ),
        ),
    ]
)


def test_the_universe_decides_about_actions_to_come() -> None:
    listed = policy(allow(["ec2:DescribeImages", "ec2:DescribeVpcs"]))
    every = policy(allow("ec2:Describe*"))
    assert isinstance(covers((listed,), (every,), universe="open"), Refuted)
    assert covers((listed,), (every,), universe="closed", actions=KNOWN) == Proved("closed")


def test_the_typed_universe_knows_the_resources_of_an_action() -> None:
    objects = policy(allow("s3:GetObject", "arn:aws:s3:::*/*"), allow("s3:GetObject", "arn:aws-cn:s3:::*/*"))
    everywhere = policy(allow("s3:GetObject", ["arn:aws:s3:::*", "arn:aws-cn:s3:::*"]))
    assert isinstance(covers((objects,), (everywhere,), universe="closed", actions=KNOWN), Refuted)
    assert covers((objects,), (everywhere,), universe="typed", actions=KNOWN) == Proved("typed")


def test_a_counterexample_comes_from_the_narrowest_universe() -> None:
    verdict = covers((), (policy(allow("s3:Get*", "arn:aws:s3:::b/*")),), actions=KNOWN)
    assert isinstance(verdict, Refuted)
    assert verdict.universe == "typed"
    assert verdict.counterexample.request.action == "s3:GetObject"


def test_a_closed_universe_needs_the_actions() -> None:
    with pytest.raises(ValueError, match="needs the list of actions"):
        covers((), (), universe="closed")


def test_hundreds_of_conditions_end_in_an_answer() -> None:
    """Neither recursion nor doubling: the search gives up where it must."""
    many = policy(*(deny("s3:*", f"arn:aws:s3:::b{n}/*", StringLike={f"aws:RequestTag/{n}": "a*"}) for n in range(300)))
    verdict = covers((policy(allow("s3:*")), many), (policy(allow("s3:*")),))
    assert isinstance(verdict, Refuted | Unknown)
