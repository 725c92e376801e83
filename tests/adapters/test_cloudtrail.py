"""CloudTrail events as evidence: whose calls, in which order, and what is said of the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.cloudtrail import ACCOUNT, ROLE, USER, event, file_of, ids, refused, session, trail, user

from narrowgate.adapters.cloudtrail import read_trail
from narrowgate.catalogue.facts import Place

INSTALLER = Path(__file__).parents[1] / "cases" / "cloudtrail" / "installer.json"


# Once, and in order


def test_an_event_in_two_files_counts_once(tmp_path: Path) -> None:
    paths = [file_of(tmp_path, [event(2), event(1)], "a.json"), file_of(tmp_path, [event(2), event(3)], "b.json")]
    found = read_trail(paths)
    assert ids(found) == ["e-001", "e-002", "e-003"]
    assert "3 events in 2 files" in found.origin.whose


def test_an_event_delivered_to_two_accounts_counts_once(tmp_path: Path) -> None:
    twice = [event(n, sharedEventID="s-1", recipientAccountId=to) for n, to in ((1, ACCOUNT), (2, "444455556666"))]
    assert ids(trail(tmp_path, *twice)) == ["e-001"]


def test_events_without_ids_all_count(tmp_path: Path) -> None:
    bare = {name: value for name, value in event(1).items() if name != "eventID"}
    found = trail(tmp_path, bare, bare)
    assert [each.source for each in found.happenings] == ["trail.json event 1", "trail.json event 2"]


def vpc_events(*order: str) -> list[dict[str, Any]]:
    """A VPC, a subnet in it and its end, all in one second, with ids in the order given."""
    made: dict[str, tuple[Any, Any]] = {
        "CreateVpc": ({"cidrBlock": "10.0.0.0/16"}, {"vpc": {"vpcId": "vpc-1"}}),
        "CreateSubnet": (
            {"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/24"},
            {"subnet": {"subnetId": "subnet-1", "vpcId": "vpc-1"}},
        ),
        "ModifySubnetAttribute": ({"subnetId": "subnet-1", "mapPublicIpOnLaunch": {"value": True}}, {"_return": True}),
    }
    return [
        event(n, name, eventSource="ec2.amazonaws.com", eventTime="2026-03-01T09:00:00Z")
        | {"requestParameters": made[name][0], "responseElements": made[name][1]}
        for n, name in enumerate(order)
    ]


@pytest.mark.parametrize("turn", range(3))
def test_within_a_second_what_is_made_comes_before_its_use(turn: int, tmp_path: Path) -> None:
    names = ["ModifySubnetAttribute", "CreateSubnet", "CreateVpc"]
    found = trail(tmp_path, *vpc_events(*names[turn:], *names[:turn]))
    assert [each.call.operation for each in found.happenings] == ["CreateVpc", "CreateSubnet", "ModifySubnetAttribute"]


def test_within_a_second_a_role_comes_before_its_policies(tmp_path: Path) -> None:
    when = {"eventTime": "2026-03-01T09:00:00Z"}
    role = {"requestParameters": {"roleName": "r", "assumeRolePolicyDocument": "{}"}}
    put = {"requestParameters": {"roleName": "r", "policyName": "p", "policyDocument": "{}"}}
    found = trail(tmp_path, event(1, "PutRolePolicy", **when, **put), event(2, "CreateRole", **when, **role))
    assert ids(found) == ["e-002", "e-001"]


# Whose calls


def test_sessions_of_a_role_are_one_principal(tmp_path: Path) -> None:
    found = trail(
        tmp_path,
        event(1, userIdentity=session(ROLE, "one")),
        event(2, userIdentity=session(ROLE, "two")),
        event(3, userIdentity=session(ROLE, "three", issuer=False)),
    )
    assert {each.principal for each in found.happenings} == {ROLE} and len(found.happenings) == 3
    assert found.origin.left_out == ()


def test_several_principals_are_listed_and_one_is_chosen(tmp_path: Path) -> None:
    events = [event(1), event(2), event(3, userIdentity=session(ROLE, "one"))]
    path = file_of(tmp_path, events)
    said = refused([path])
    assert f"2 principals: {USER} (2 events), {ROLE} (1 event)" in said and "--principal ARN" in said
    for name in (USER, "alice"):
        found = read_trail([path], principal=name)
        assert ids(found) == ["e-001", "e-002"]
        (other,) = found.origin.left_out
        assert other.what == f"1 event of {ROLE}" and not other.serious
    for name in (ROLE, "Installer", f"arn:aws:sts::{ACCOUNT}:assumed-role/Installer/any"):
        assert ids(read_trail([path], principal=name)) == ["e-003"]
    assert f"no CloudTrail event is of `bob`; there are events of {USER} (2 events)" in refused([path], principal="bob")


def test_several_accounts_are_listed_and_one_is_chosen(tmp_path: Path) -> None:
    other = "arn:aws:iam::444455556666:user/alice"
    path = file_of(tmp_path, [event(1), event(2, userIdentity=user(other)), event(3, userIdentity=user(other))])
    said = refused([path])
    assert "2 accounts: 444455556666 (2 events), 111122223333 (1 event)" in said and "--account ID" in said
    assert ids(read_trail([path], account=ACCOUNT)) == ["e-001"]
    assert read_trail([path], account="444455556666").place == Place("aws", "444455556666", "us-east-1")
    assert ids(read_trail([path], principal=other)) == ["e-002", "e-003"]
    assert "2 accounts" in refused([path], principal="alice")
    assert "account `1`" in refused([path], account="1")


def test_services_and_other_accounts_are_no_principals(tmp_path: Path) -> None:
    found = trail(
        tmp_path,
        event(1),
        event(2, userIdentity={"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}),
        event(3, userIdentity={"type": "AWSAccount", "accountId": "444455556666"}),
    )
    assert ids(found) == ["e-001"]
    assert found.origin.left_out[0].what == "2 events of AWSAccount 444455556666, ec2.amazonaws.com"


def test_events_of_services_alone_are_of_nobody(tmp_path: Path) -> None:
    path = file_of(tmp_path, event(1, userIdentity={"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}))
    assert "no CloudTrail event is of a user or role" in refused([path])


def test_the_partition_is_the_principals(tmp_path: Path) -> None:
    china = "arn:aws-cn:iam::111122223333:user/u"
    found = trail(tmp_path, event(1, userIdentity=user(china), awsRegion="cn-north-1"))
    assert found.place == Place("aws-cn", ACCOUNT, "cn-north-1")


# What is said of the rest


def test_the_installers_trail() -> None:
    found = read_trail([INSTALLER])
    assert found.place == Place("aws", ACCOUNT, "eu-west-1")
    assert found.origin.whose == (
        f"the CloudTrail events of {ROLE} from 2026-03-01T09:00:01Z to 2026-03-01T09:00:30Z, 30 events in 1 file"
    )
    assert found.origin.left_out == () and len(found.happenings) == 30
    assert [each.failed for each in found.happenings if each.failed] == ["Client.UnauthorizedOperation"]
    assert "not-to-be-kept" not in repr(found)
    blind = "\n".join(found.origin.blind)
    for said in (
        "passing a role has no event of its own",
        "there are data events of dynamodb (1), s3 (2)",
        "what failed is taken as not needed: 1 event",
        "was allowed: 1 event",
        "dry runs were permitted and did nothing: 1 event",
        "events of other regions than eu-west-1, us-east-1 are in other files",
        "here it hides ec2:CreateLaunchTemplate LaunchTemplateData.UserData, ec2:RunInstances userData",
    ):
        assert said in blind


def test_what_services_do_for_the_principal_counts_and_is_said(tmp_path: Path) -> None:
    forwarded = {**user(), "invokedBy": "cloudformation.amazonaws.com"}
    console = {**user(), "invokedBy": "signin.amazonaws.com"}
    found = trail(tmp_path, event(1), event(2, userIdentity=forwarded), event(3, userIdentity=console))
    assert len(found.happenings) == 3
    (said,) = [each for each in found.origin.blind if "with its permissions" in each]
    assert said.endswith("cloudformation.amazonaws.com (1); they count as its own")
    assert not any("with its permissions" in each for each in trail(tmp_path, event(1)).origin.blind)


def test_no_data_event_is_said(tmp_path: Path) -> None:
    assert any(each.startswith("there is no data event") for each in trail(tmp_path, event(1)).origin.blind)


def test_the_same_of_many_events_is_said_once(tmp_path: Path) -> None:
    odd = {"userName": "u", "novelty": 1}
    found = trail(
        tmp_path,
        event(1, requestParameters=odd),
        event(2, requestParameters=odd),
        event(3, "ConsoleLogin", eventType="AwsConsoleSignIn"),
    )
    assert [(each.what, each.source, each.serious) for each in found.origin.left_out] == [
        ("iam:GetUser", "trail.json e-001 and 1 more", True),
        ("iam:ConsoleLogin", "trail.json e-003", False),
    ]
    assert ids(found) == ["e-001", "e-002"]


def test_a_record_that_tells_nothing_is_told(tmp_path: Path) -> None:
    bare = {"eventType": "AwsApiCall", "userIdentity": user()}
    (left,) = trail(tmp_path, bare).origin.left_out
    assert left.what == "unknown:unknown" and left.serious


@pytest.mark.parametrize(
    "value", [7, "x", [], None, [{}], {"items": 7}, {"items": [7]}, {"items": [[{}]]}, {"a": {"b": {}}}]
)
@pytest.mark.parametrize("where", ["userIdentity", "requestParameters", "responseElements", "additionalEventData"])
def test_odd_values_are_told_or_change_nothing(value: Any, where: str, tmp_path: Path) -> None:
    odd = event(1, "RunInstances", eventSource="ec2.amazonaws.com") | {where: value}
    found = trail(tmp_path, event(2), odd, event(3, requestParameters={"userName": value}))
    assert len(found.happenings) + sum(left.what.startswith("1 event") for left in found.origin.left_out) == 3
