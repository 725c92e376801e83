"""What is derived from calls: statement by statement, and the laws that hold of every derivation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate.adapters.action_data import action_list
from narrowgate.calls import Call, Fields, Ref, call
from narrowgate.catalogue.facts import Attributes, Place
from narrowgate.derive.derivation import Derived, NotDerived, by_phase, decided, derive
from narrowgate.derive.evidence import Evidence, Origin, evidence_of, together
from narrowgate.derive.ownership import own_of, untagged
from narrowgate.derive.scope import Own
from narrowgate.derive.statements import document_of, statements_of
from narrowgate.happening import Happening
from narrowgate.policy import Layers, evaluate, request
from narrowgate.policy.actions import ActionList
from narrowgate.policy.request_context import Request, Requester

PLACE = Place("aws", "123456789012", "eu-west-1")
ROOT = "arn:aws:ec2:eu-west-1:123456789012"
WHO = Requester("AWS", "arn:aws:iam::123456789012:user/installer")
OWN = Own({"installation": "one"})
VPC, SUBNET, GROUP = Ref("vpc.main", "VpcId"), Ref("subnet.main", "SubnetId"), Ref("security_group.data", "GroupId")


@cache
def known() -> ActionList:
    return action_list()


def tags(*types: str) -> list[Mapping[str, Any]]:
    return [{"ResourceType": type_, "Tags": [{"Key": "installation", "Value": "one"}]} for type_ in types]


def happening(made: Call, address: str = "", reply: Mapping[str, Any] | None = None) -> Happening:
    return Happening(made, "eu-west-1", "installer", "install", Fields(reply or {}), address)


def network() -> Iterator[Happening]:
    yield happening(call("ec2", "DescribeVpcs"))
    yield happening(call("ec2", "CreateVpc", CidrBlock="10.0.0.0/16", TagSpecifications=tags("vpc")), "vpc.main")
    subnet = call("ec2", "CreateSubnet", VpcId=VPC, CidrBlock="10.0.0.0/24", TagSpecifications=tags("subnet"))
    yield happening(subnet, "subnet.main")
    group = call("ec2", "CreateSecurityGroup", VpcId=VPC, GroupName="g", TagSpecifications=tags("security-group"))
    yield happening(group, "security_group.data")
    yield happening(call("ec2", "AuthorizeSecurityGroupIngress", GroupId=GROUP, IpPermissions=[]))
    launch = call(
        "ec2",
        "RunInstances",
        ImageId="ami-1",
        MinCount=1,
        MaxCount=1,
        SubnetId=SUBNET,
        SecurityGroupIds=[GROUP],
        IamInstanceProfile={"Name": "Node"},
        TagSpecifications=tags("instance", "volume", "network-interface"),
    )
    yield happening(launch, "instance.one")
    yield happening(call("ec2", "TerminateInstances", InstanceIds=[Ref("instance.one", "InstanceId")]))
    yield happening(call("ec2", "DeleteVpc", VpcId=VPC))


def facts(arn: str) -> Attributes | None:
    profile = "arn:aws:iam::123456789012:instance-profile/Node"
    return Attributes(links={"role": ("arn:aws:iam::123456789012:role/Node",)}) if arn == profile else None


def evidence(happenings: Sequence[Happening]) -> Evidence:
    return evidence_of(happenings, PLACE, Origin("the test's program"), actions=known(), facts=facts)


def derived(found: Evidence, own: Own | None = None) -> Derived:
    made = derive(found, known(), own=own)
    assert isinstance(made, Derived), made
    return made


def allowed(made: Derived, found: Evidence) -> list[str]:
    """The actions of the evidence that the documents do not allow."""
    layers = Layers(identity=made.documents)
    return [
        asked.action
        for use in found.uses
        for asked in decided(use)
        if evaluate(asked.asked_by(WHO, {}), layers).outcome != "allowed"
    ]


def questions(made: Derived) -> list[Request]:
    """For every action that is granted, a request on each of its types here, with our tags and without any."""
    actions = sorted({grant.scope.action for grant in made.grants})
    found = [(action, type_.arns[0]) for action in actions for type_ in known().types_of(action)]
    contexts = [{}, *({f"aws:{kind}/installation": "one"} for kind in ("RequestTag", "ResourceTag"))]
    return [request(WHO, action, _here(arn), context) for action, arn in found for context in contexts]


def _here(pattern: str) -> str:
    """An ARN of the type, in our account and region: images have no account, IAM has no region."""
    _, _, service, region, account, resource = pattern.split(":", 5)
    where = ("aws", service, region and "eu-west-1", account and "123456789012", resource.replace("*", "x"))
    return "arn:" + ":".join(where)


def is_allowed(made: Derived, asked: Request) -> bool:
    return evaluate(asked, Layers(identity=made.documents)).outcome == "allowed"


def statement(made: Derived, action: str) -> list[tuple[list[str], list[str], dict[str, Any]]]:
    """Actions, resources and conditions of every statement that names the action."""
    found = [each for document in made.documents for each in json.loads(document.text())["Statement"]]
    listed = [(_list(each["Action"]), _list(each["Resource"]), each.get("Condition", {})) for each in found]
    return [each for each in listed if action in each[0]]


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_ids_become_types_with_the_tag_and_parents_are_asked_by_their_own() -> None:
    made = derived(evidence(list(network())))
    assert made.own == OWN
    asked = {"StringEquals": {"aws:RequestTag/installation": "one"}}
    owned = {"StringEquals": {"aws:ResourceTag/installation": "one"}}
    found = {json.dumps(condition): resources for _, resources, condition in statement(made, "ec2:CreateSubnet")}
    assert f"{ROOT}:subnet/*" in found[json.dumps(asked)] and f"{ROOT}:vpc/*" not in found[json.dumps(asked)]
    parents = found[json.dumps(owned)]
    assert f"{ROOT}:vpc/*" in parents and f"{ROOT}:subnet/*" not in parents


def test_a_launch_is_scoped_by_type_and_passes_one_role_to_one_service() -> None:
    made = derived(evidence(list(network())))
    ((actions, resources, condition),) = statement(made, "iam:PassRole")
    assert (actions, resources) == (["iam:PassRole"], ["arn:aws:iam::123456789012:role/Node"])
    assert condition == {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    every = [resource for _, resources, _ in statement(made, "ec2:RunInstances") for resource in resources]
    assert "*" not in every and "arn:aws:ec2:eu-west-1::image/ami-1" in every


def test_tagging_is_bound_to_creation_and_to_the_keys_that_were_set() -> None:
    ((_, resources, condition),) = statement(derived(evidence(list(network()))), "ec2:CreateTags")
    assert condition["StringEquals"]["ec2:CreateAction"] == [
        "CreateSecurityGroup",
        "CreateSubnet",
        "CreateVpc",
        "RunInstances",
    ]
    assert condition["ForAllValues:StringEquals"] == {"aws:TagKeys": "installation"}
    assert condition["Null"] == {"aws:TagKeys": "false"}
    assert len(resources) == 6


def test_a_tag_set_later_never_takes_what_another_has_marked() -> None:
    bare = happening(call("ec2", "CreateVpc", CidrBlock="10.0.0.0/16"), "vpc.main")
    tagging = happening(call("ec2", "CreateTags", Resources=[VPC], Tags=[{"Key": "installation", "Value": "one"}]))
    found = evidence([bare, tagging, happening(call("ec2", "DeleteVpc", VpcId=VPC))])
    made = derived(found, OWN)
    ((_, resources, condition),) = statement(made, "ec2:CreateTags")
    assert resources == [f"{ROOT}:vpc/*"]
    assert condition["StringEqualsIfExists"] == {"aws:ResourceTag/installation": "one"}
    ((_, _, condition),) = statement(made, "ec2:DeleteVpc")
    assert condition == {"StringEquals": {"aws:ResourceTag/installation": "one"}}
    wide = {grant.scope.action: grant.scope.wide for grant in made.grants if grant.scope.wide}
    assert list(wide) == ["ec2:CreateVpc", "ec2:CreateTags"] and "not tagged in the call" in wide["ec2:CreateVpc"]
    assert "without an owner can be tagged" in wide["ec2:CreateTags"]
    assert untagged(found, OWN) == ()
    assert [each.type for each in untagged(evidence([bare]), OWN)] == ["vpc"]


def test_what_cannot_be_scoped_stays_on_everything_in_one_region_and_says_why() -> None:
    made = derived(evidence([happening(call("ec2", "DescribeVpcs"))]))
    ((_, resources, condition),) = statement(made, "ec2:DescribeVpcs")
    assert (resources, condition) == (["*"], {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})
    assert [grant.scope.wide for grant in made.grants] == ["AWS decides this on `*` only"]


@pytest.mark.parametrize(
    ("made", "action", "resource"),
    [
        (call("s3", "GetObject", Bucket="box", Key="a/b/c"), "s3:GetObject", "arn:aws:s3:::box/a/b/*"),
        (call("s3", "GetObject", Bucket="box", Key="c"), "s3:GetObject", "arn:aws:s3:::box/*"),
        (
            call("secretsmanager", "DeleteSecret", SecretId="key"),
            "secretsmanager:DeleteSecret",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:key-??????",
        ),
        (call("iam", "CreateUser", UserName="bob"), "iam:CreateUser", "arn:aws:iam::123456789012:user/bob"),
    ],
)
def test_names_stay_and_what_aws_draws_or_data_names_does_not(made: Call, action: str, resource: str) -> None:
    ((_, resources, _),) = statement(derived(evidence([happening(made)])), action)
    assert resources == [resource]


def test_ids_in_replies_are_ids_that_another_run_does_not_have() -> None:
    create = call("ec2", "CreateVpc", CidrBlock="10.0.0.0/16", TagSpecifications=tags("vpc"))
    seen = [
        happening(create, reply={"Vpc": {"VpcId": "vpc-0abc"}}),
        happening(call("ec2", "DeleteVpc", VpcId="vpc-0abc")),
    ]
    made = derived(evidence([*seen, happening(call("ec2", "DeleteVpc", VpcId="vpc-old"))]))
    found = {tuple(resources): condition for _, resources, condition in statement(made, "ec2:DeleteVpc")}
    assert found[(f"{ROOT}:vpc/*",)] == {"StringEquals": {"aws:ResourceTag/installation": "one"}}
    assert found[(f"{ROOT}:vpc/vpc-old",)] == {}


def test_nothing_is_left_out_in_silence() -> None:
    refused = Happening(
        call("ec2", "DeleteVpc", VpcId="vpc-1"), "eu-west-1", failed="DependencyViolation", source="x 1"
    )
    strange = Happening(call("braket", "CreateJob"), "eu-west-1", source="x 2")
    found = evidence([refused, strange, happening(call("ec2", "DescribeVpcs"))])
    assert [(each.what, each.source, each.serious) for each in found.left_out] == [
        ("ec2:DeleteVpc", "x 1", False),
        ("braket:CreateJob", "x 2", True),
    ]
    assert derive(evidence([strange]), known()) == NotDerived(("the test's program: no call is left to derive from",))


def test_reasons_are_calls_by_phase() -> None:
    made = derived(evidence(list(network())))
    (tagging,) = [g for g in made.grants if g.scope.action == "ec2:CreateTags" and ":vpc/" in g.scope.resource]
    assert by_phase(tagging.uses) == {"install": ("ec2:CreateVpc",)}


def test_evidence_of_two_accounts_is_not_mixed() -> None:
    one = evidence([happening(call("ec2", "DescribeVpcs"))])
    other = evidence_of([], Place("aws", "999999999999", "eu-west-1"), Origin("another"))
    with pytest.raises(ValueError, match="2 accounts"):
        together("both", one, other)
    both = together("both", one, evidence([happening(call("ec2", "DescribeSubnets"))]))
    assert [use.name for use in both.uses] == ["ec2:DescribeVpcs", "ec2:DescribeSubnets"]


CREATING = (1, 2, 3, 5)
CHOSEN = st.lists(st.integers(0, 7), min_size=1, max_size=8, unique=True).map(sorted)


@settings(deadline=None)
@given(CHOSEN)
def test_what_is_derived_suffices_and_is_the_same_again(numbers: list[int]) -> None:
    steps = list(network())
    found = evidence([steps[number] for number in numbers])
    made = derived(found, OWN)
    assert allowed(made, found) == []
    assert [d.text() for d in derived(found, OWN).documents] == [d.text() for d in made.documents]


@pytest.mark.slow
@settings(deadline=None)
@given(CHOSEN, st.integers(0, 7))
def test_another_call_never_takes_anything_away(numbers: list[int], more: int) -> None:
    """Of a program whose creations are seen: what is made unseen has no tag that could narrow a grant."""
    steps = list(network())
    seen = {*numbers, *CREATING}
    less = derived(evidence([steps[number] for number in sorted(seen)]), OWN)
    greater = derived(evidence([steps[number] for number in sorted({*seen, more})]), OWN)
    assert [each for each in questions(less) if is_allowed(less, each) and not is_allowed(greater, each)] == []


@pytest.mark.slow
@settings(deadline=None)
@given(CHOSEN)
def test_joining_statements_grants_nothing_that_aws_could_ask_about(numbers: list[int]) -> None:
    steps = list(network())
    made = derived(evidence([steps[number] for number in numbers]), OWN)
    # Tags at creation are joined on purpose: the operation that creates says which types there are.
    scopes = [grant.scope for grant in made.grants if grant.scope.action != "ec2:CreateTags"]
    joined = replace(made, documents=(document_of(statements_of(scopes, known())),))
    apart = replace(made, documents=tuple(document_of(statements_of([scope], known())) for scope in scopes))
    assert [each for each in questions(made) if is_allowed(joined, each) != is_allowed(apart, each)] == []


def test_every_dropped_grant_is_missed() -> None:
    found = evidence(list(network()))
    made = derived(found)
    for number in range(len(made.grants)):
        kept = [grant.scope for at, grant in enumerate(made.grants) if at != number]
        less = Derived((document_of(statements_of(kept, known())),), (), made.own, found)
        assert allowed(less, found), made.grants[number].scope


def test_the_tag_of_everything_is_the_programs_own_one() -> None:
    one = happening(call("ec2", "CreateVpc", TagSpecifications=tags("vpc")), "vpc.main")
    named = [{"ResourceType": "subnet", "Tags": [*tags("x")[0]["Tags"], {"Key": "Name", "Value": "a"}]}]
    two = happening(call("ec2", "CreateSubnet", VpcId=VPC, TagSpecifications=named), "subnet.main")
    assert own_of(evidence([one, two])) == OWN
    assert own_of(evidence([happening(call("ec2", "CreateVpc"), "vpc.main")])) == Own({})


@pytest.mark.parametrize(
    "made",
    [
        call("iam", "DeleteUser", UserName="*"),
        call("iam", "GetRole", RoleName="${aws:username}"),
        call("s3", "GetObject", Bucket="b", Key="${aws:username}/x"),
        call("iam", "AttachUserPolicy", UserName="u", PolicyArn="arn:aws:iam::aws:policy/*"),
    ],
)
def test_a_name_that_a_policy_reads_as_a_pattern_makes_no_grant(made: Call) -> None:
    found = evidence([happening(made), happening(call("ec2", "DescribeVpcs"))])
    ((name, why, serious),) = [(each.what, each.why, each.serious) for each in found.left_out]
    assert (name, serious) == (made.name, True) and "reads as a pattern" in why
    assert [grant.scope.action for grant in derived(found).grants] == ["ec2:DescribeVpcs"]


def test_what_was_derived_is_held_against_the_calls_once_more() -> None:
    found = evidence([happening(call("ec2", "DescribeVpcs"))])
    (use,) = found.uses
    strange = replace(use, authorizations=(replace(use.authorizations[0], resource="no ARN"),))
    made = derive(replace(found, uses=(strange,)), known())
    assert isinstance(made, NotDerived)
