"""The law: contained in the original, sufficient for the evidence, nothing unobserved dropped unasked."""

from __future__ import annotations

from typing import Any

import pytest
from harden.places import PLACE, allow, context, known, policy
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate.calls import Ref, call
from narrowgate.catalogue.authorization import Authorization
from narrowgate.derive.evidence import Evidence, Origin, evidence_of
from narrowgate.happening import Happening
from narrowgate.harden.context import Choice
from narrowgate.harden.grants import NOT_FITTING
from narrowgate.harden.hardening import Hardened, NotHardened, Task, harden
from narrowgate.harden.narrowing import located
from narrowgate.harden.observed import Judge
from narrowgate.harden.story import lacks, told
from narrowgate.policy import Document, Proved, from_value, size, surface
from narrowgate.policy.service import MUTATING

TAGS = [{"Key": "team", "Value": "data"}]
VPC = Ref("vpc.main", "VpcId")
TAGGED = {"own": {"team": "data"}}


def specified(kind: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": TAGS}]


CALLS = (
    Happening(call("ec2", "DescribeVpcs"), "eu-west-1"),
    Happening(
        call("ec2", "CreateVpc", CidrBlock="10.0.0.0/16", TagSpecifications=specified("vpc")),
        "eu-west-1",
        address="vpc.main",
    ),
    Happening(
        call("ec2", "CreateSubnet", VpcId=VPC, CidrBlock="10.0.0.0/24", TagSpecifications=specified("subnet")),
        "eu-west-1",
        address="subnet.main",
    ),
    Happening(call("ec2", "DeleteVpc", VpcId=VPC), "eu-west-1"),
)


def seen() -> Evidence:
    return evidence_of(CALLS, PLACE, Origin("a test"), actions=known())


def hardened(original: Document, where: dict[str, Any], evidence: Evidence | None = None, **choice: Any) -> Hardened:
    found = harden(Task((original,), evidence, context(where), Choice(**choice)), known())
    assert isinstance(found, Hardened), found
    assert found.contained == Proved("open"), found.contained
    return found


NETWORK = policy(
    allow(["ec2:Describe*", "ec2:CreateVpc", "ec2:CreateSubnet", "ec2:DeleteVpc", "ec2:DeleteSubnet", "ec2:CreateTags"])
)


def test_evidence_is_sufficed_and_the_rest_is_kept() -> None:
    found = hardened(NETWORK, TAGGED, seen())
    assert not found.missing and not found.seen.lacking and len(found.seen.needed) == 7
    status = {each.action: each.status for each in told(found, known()) if each.changes}
    assert status == {
        "ec2:CreateSubnet": "observed",
        "ec2:CreateTags": "observed",
        "ec2:CreateVpc": "observed",
        "ec2:DeleteSubnet": "unobserved",
        "ec2:DeleteVpc": "observed",
    }
    assert set(surface(found.documents, known()).actions) == set(surface((NETWORK,), known()).actions)


def test_what_nobody_observed_goes_only_when_the_person_says_so() -> None:
    found = hardened(NETWORK, TAGGED, seen(), unobserved=True)
    assert not found.missing
    allowed = set(surface(found.documents, known()).actions)
    assert "ec2:DeleteSubnet" not in allowed and "ec2:DescribeSubnets" not in allowed
    assert {"ec2:DescribeVpcs", "ec2:CreateVpc", "ec2:DeleteVpc"} <= allowed


def test_one_action_is_dropped_whatever_its_case() -> None:
    found = hardened(NETWORK, TAGGED, seen(), actions=frozenset({"ec2:deletesubnet", "ec2:describesubnets"}))
    gone = set(surface((NETWORK,), known()).actions) - set(surface(found.documents, known()).actions)
    assert gone == {"ec2:DeleteSubnet", "ec2:DescribeSubnets"}
    assert {each.action for each in told(found, known()) if each.status == "dropped"} == gone


def test_what_the_file_lacks_is_told_and_not_added() -> None:
    found = hardened(policy(allow(["ec2:CreateVpc", "ec2:Describe*"])), TAGGED, seen())
    assert [(each.action, each.calls) for each in lacks(found)] == [
        ("ec2:CreateSubnet", ("ec2:CreateSubnet",)),
        ("ec2:CreateTags", ("ec2:CreateVpc", "ec2:CreateSubnet")),
        ("ec2:DeleteVpc", ("ec2:DeleteVpc",)),
    ]
    assert "ec2:DeleteVpc" not in surface(found.documents, known()).actions


def test_denies_and_conditions_of_the_original_stay() -> None:
    denied = {"Effect": "Deny", "Action": "ec2:DeleteVpc", "Resource": "arn:aws:ec2:*:*:vpc/vpc-9"}
    address = {"aws:SourceIp": "192.0.2.0/24"}
    found = hardened(policy(allow("ec2:DeleteVpc", IpAddress=address), denied), TAGGED)
    statements = [statement for document in found.documents for statement in document.statements]
    assert [s.effect for s in statements] == ["Allow", "Deny"]
    assert {c.key for c in statements[0].conditions} == {"aws:SourceIp", "aws:ResourceTag/team"}


def test_an_allow_by_notaction_is_kept_word_for_word() -> None:
    original = policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})
    found = hardened(original, TAGGED)
    assert found.documents == (original,) and found.kept == original.statements


def test_everything_is_kept_wide_where_it_would_not_fit_and_told_so() -> None:
    found = hardened(policy(allow("*")), TAGGED)
    assert {grant.scope.wide for grant in found.grants} == {NOT_FITTING}
    conditions = found.documents[0].statements[0].conditions
    # Global services answer in the home region.
    assert [str(value) for value in conditions[0].values] == ["eu-west-1", "us-east-1"]


def test_an_unknown_action_is_kept() -> None:
    found = hardened(policy(allow("ec2:NobodyKnowsIt")), TAGGED)
    assert [str(a) for a in found.documents[0].statements[0].actions.items] == ["ec2:NobodyKnowsIt"]


def test_a_dollar_that_is_text_is_refused_rather_than_made_a_variable() -> None:
    value = {"Version": "2008-10-17", "Statement": [allow("s3:GetObject", "arn:aws:s3:::b/${aws:username}")]}
    original = from_value(value, "identity")
    assert isinstance(original, Document)
    assert isinstance(harden(Task((original,), None, context({})), known()), NotHardened)


def test_untagged_evidence_is_scoped_by_what_still_suffices() -> None:
    calls = (Happening(call("ec2", "TerminateInstances", InstanceIds=["i-1"]), "eu-west-1"),)
    evidence = evidence_of(calls, PLACE, Origin("a test"), actions=known())
    found = hardened(policy(allow("ec2:TerminateInstances")), {"profile": "Nodes"}, evidence)
    # Nobody knows that the instance runs with the profile: the request would be refused, so the id stays.
    assert not found.missing
    assert [grant.scope.resource for grant in found.grants] == ["arn:aws:ec2:eu-west-1:123456789012:instance/i-1"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "service", ["ec2", "autoscaling", "cloudwatch", "elasticloadbalancing", "cloudformation", "eks"]
)
def test_a_whole_service_is_kept_whole_in_ten_policies(service: str) -> None:
    original = policy(allow(f"{service}:*"))
    for where in (TAGGED, {"profile": "Nodes"}, {}):
        found = hardened(original, where)
        assert not any(grant.scope.wide == NOT_FITTING for grant in found.grants)
        assert len(found.documents) <= 10 and all(size(d.text()) <= 6_144 for d in found.documents)
        before, after = surface((original,), known()), surface(found.documents, known())
        assert after.actions == before.actions and not after.scopable


ACTIONS = st.lists(
    st.sampled_from(
        [
            "autoscaling:*",
            "ec2:Describe*",
            "ec2:RunInstances",
            "ec2:CreateTags",
            "ec2:*Tags",
            "iam:PassRole",
            "iam:*Role",
            "s3:PutObject",
            "iam:CreateServiceLinkedRole",
            "autoscaling:Set*",
            "ec2:Stop?",
            "ec2:NoSuch",
            "kms:CreateGrant",
        ]
    ),
    min_size=1,
    max_size=3,
)
RESOURCES = st.lists(
    st.sampled_from(
        [
            "*",
            "arn:aws:ec2:*:*:*",
            "arn:aws:ec2:*:*:instance/*",
            "arn:aws:iam::*:role/x-*",
            "arn:aws:iam::*:role/aws-service-role/*",
            "arn:aws:s3:::b/*",
            "arn:*:ec2:us-*:*:*/i-1*",
            "arn:aws:iam::*:role/${aws:username}",
        ]
    ),
    min_size=1,
    max_size=2,
)
CONDITIONS = st.sampled_from(
    [
        {},
        {"StringEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}},
        {"StringLike": {"aws:ResourceTag/team": "d*"}},
        {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
        {"StringEquals": {"iam:AWSServiceName": "eks.amazonaws.com"}},
        {"StringNotEquals": {"aws:ResourceTag/team": "data"}},
    ]
)
STATEMENTS = st.builds(
    lambda effect, action, resource, condition: {
        "Effect": effect,
        **action,
        **resource,
        **({"Condition": condition} if condition else {}),
    },
    st.sampled_from(["Allow", "Allow", "Allow", "Deny"]),
    st.one_of(st.builds(lambda a: {"Action": a}, ACTIONS), st.builds(lambda a: {"NotAction": a}, ACTIONS)),
    st.one_of(st.builds(lambda r: {"Resource": r}, RESOURCES), st.builds(lambda r: {"NotResource": r}, RESOURCES)),
    CONDITIONS,
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    st.lists(STATEMENTS, min_size=1, max_size=3), st.sampled_from([TAGGED, {}, {"roles": ["x-1"], "vpcs": ["vpc-1"]}])
)
def test_whatever_is_narrowed_lies_within_the_original(statements: list[dict[str, Any]], where: dict[str, Any]) -> None:
    found = harden(Task((policy(*statements),), None, context(where)), known())
    if isinstance(found, Hardened):
        assert found.contained == Proved("open"), found.contained


def launched(**more: Any) -> Evidence:
    """The calls of a program that launches an instance without tags, and ends it."""
    run = call("ec2", "RunInstances", ImageId="ami-1", MinCount=1, MaxCount=1, InstanceType="m5.large", **more)
    end = call("ec2", "TerminateInstances", InstanceIds=[Ref("i.1", "InstanceId")])
    calls = (Happening(run, "eu-west-1", address="i.1"), Happening(end, "eu-west-1"))
    return evidence_of(calls, PLACE, Origin("a test"), actions=known())


ENDING = policy(allow(["ec2:RunInstances", "ec2:TerminateInstances"]), allow("iam:PassRole"))


def ended(found: Hardened) -> set[str]:
    """The condition keys of what may be terminated."""
    grants = [grant for grant in found.grants if grant.scope.action == "ec2:TerminateInstances"]
    return {key for grant in grants for _, key, _ in grant.scope.conditions}


def test_wide_evidence_is_scoped_by_what_still_suffices() -> None:
    where = {"profile": "Nodes"}
    found = hardened(ENDING, where, launched(IamInstanceProfile={"Name": "Nodes"}))
    assert not found.missing and ended(found) == {"ec2:InstanceProfile"}
    # Without the profile the condition would refuse what was observed: it stays wide.
    found = hardened(ENDING, where, launched())
    assert not found.missing and not ended(found)


def test_a_request_that_is_not_allowed_is_found() -> None:
    needed = hardened(NETWORK, TAGGED, seen()).seen.needed
    assert tuple(Judge((), PLACE).refused(needed)) == needed
    assert not tuple(Judge((NETWORK,), PLACE).refused(needed))


def test_statements_of_the_original_are_not_joined_with_each_other() -> None:
    # Joined, `ssm:GetParameter` would be allowed on roles: AWS never asks that, but the original does not say it.
    original = policy(
        allow("iam:CreateRole", "arn:aws:iam::*:role/x-*"), allow("ssm:PutParameter", "arn:aws:ssm:*:*:parameter/x")
    )
    hardened(original, {})


def test_a_statement_that_a_variable_may_void_is_kept_word_for_word() -> None:
    # Without a value of the variable nothing of the statement is allowed, on `b` neither.
    original = policy(allow("s3:PutObject", ["arn:aws:s3:::a/${aws:username}", "arn:aws:s3:::b"]))
    found = hardened(original, {})
    assert found.kept == original.statements and not found.grants


@pytest.mark.slow
@pytest.mark.parametrize("service", ["ec2", "autoscaling", "eks", "elasticloadbalancing", "cloudwatch"])
def test_nothing_tagged_otherwise_is_touched_by_a_program_that_tags(service: str) -> None:
    # Told from the reference alone, not from what the narrowing takes a resource to be.
    found = hardened(policy(allow(f"{service}:*")), TAGGED)
    judge = Judge(found.documents, PLACE)
    keys = {"aws:ResourceTag/team": "another", "aws:RequestedRegion": "eu-west-1"}
    for name in known().chosen(known().select(f"{service}:*")):
        action = known().action(name)
        assert action is not None
        for row in action.types if action.level in MUTATING else ():
            looks = any(key.startswith("aws:ResourceTag") for key in (*row.keys, *(() if row.keys else row.type_keys)))
            for arn in row.arns if looks else ():
                if arn.split(":")[4]:
                    asked = Authorization(name, located(arn, found.context).replace("*", "another"), keys)
                    assert not judge.allows(asked), (name, row.name)
