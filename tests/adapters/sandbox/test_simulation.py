"""The policy simulator: AWS's examples, its forms, its refusals."""

from __future__ import annotations

from typing import Any

import pytest
from adapters.sandbox.simulations import ACCOUNT, AFTER, BOB, OBJECT, STRANGER, document, entry, one
from adapters.sandbox.support import DOCUMENT, EVERYTHING, client, plain, refusal, session_client

from narrowgate.adapters.sandbox.embedded import Embedded

pytestmark = pytest.mark.slow

INVALID = ("InvalidInput", 400)


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
def test_the_example_of_the_command_line_page(aws: Embedded) -> None:
    simulate = client(aws, "iam").simulate_custom_policy
    given = {"PolicyInputList": [AFTER], "ActionNames": ["dynamodb:CreateBackup"]}
    time = entry("aws:CurrentTime", "2019-04-25T11:00:00Z", type_="date")
    assert plain(simulate(**given, ContextEntries=[time])) == {
        "EvaluationResults": [
            {
                "EvalActionName": "dynamodb:CreateBackup",
                "EvalResourceName": "*",
                "EvalDecision": "allowed",
                "MatchedStatements": [
                    {
                        "SourcePolicyId": "PolicyInputList.1",
                        "SourcePolicyType": "IAM Policy",
                        "StartPosition": {"Line": 1, "Column": 38},
                        "EndPosition": {"Line": 1, "Column": 167},
                    }
                ],
                "MissingContextValues": [],
            }
        ],
        "IsTruncated": False,
    }
    early = entry("aws:CurrentTime", "2014-04-25T11:00:00Z", type_="date")
    denied = one(simulate(**given, ContextEntries=[early]))
    assert (denied["EvalDecision"], denied["MatchedStatements"]) == ("implicitDeny", [])
    assert one(simulate(**given))["MissingContextValues"] == ["aws:CurrentTime"]


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html
def test_one_result_for_each_action_with_the_strictest_decision(aws: Embedded) -> None:
    policies = [document("Allow", "s3:*"), document("Deny", "s3:GetObject", "arn:aws:s3:::bucket/secret*")]
    reply = client(aws, "iam").simulate_custom_policy(
        PolicyInputList=policies,
        ActionNames=["s3:GetObject", "ec2:DescribeVpcs"],
        ResourceArns=[OBJECT, "arn:aws:s3:::bucket/secret1"],
    )
    first, second = reply["EvaluationResults"]
    assert (first["EvalDecision"], second["EvalDecision"]) == ("explicitDeny", "implicitDeny")
    assert first["EvalResourceName"] == "arn:${Partition}:s3:::${BucketName}/${ObjectName}"
    assert second["EvalResourceName"] == "*"
    assert [each["SourcePolicyId"] for each in first["MatchedStatements"]] == ["PolicyInputList.2"]
    specific = {each["EvalResourceName"]: each["EvalResourceDecision"] for each in first["ResourceSpecificResults"]}
    assert specific == {OBJECT: "allowed", "arn:aws:s3:::bucket/secret1": "explicitDeny"}
    assert first["EvalDecisionDetails"] == {}


def test_across_accounts_each_type_of_policy_says_its_own(aws: Embedded) -> None:
    simulate = client(aws, "iam").simulate_custom_policy
    given = {
        "PolicyInputList": [document("Allow", "s3:*")],
        "ActionNames": ["s3:GetObject"],
        "ResourceArns": [OBJECT],
        "CallerArn": BOB,
        "ResourceOwner": f"arn:aws:iam::{STRANGER}:root",
        "PermissionsBoundaryPolicyInputList": [document("Allow", "s3:Get*")],
    }
    shared = document("Allow", "s3:GetObject", "arn:aws:s3:::bucket/*", Principal={"AWS": BOB})
    allowed = one(simulate(**given, ResourcePolicy=shared))
    assert allowed["EvalDecision"] == "allowed"
    assert set(allowed["EvalDecisionDetails"].values()) == {"allowed"}
    assert {each["SourcePolicyType"] for each in allowed["MatchedStatements"]} == {"IAM Policy", "Resource Policy"}
    assert allowed["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": True}
    denied = one(simulate(**{**given, "ResourcePolicy": shared.replace("Allow", "Deny")}))
    details = denied["EvalDecisionDetails"]
    assert (details["IAM Policy"], details["Resource Policy"]) == ("allowed", "explicitDeny")
    assert one(simulate(**given))["EvalDecision"] == "implicitDeny"


def test_service_control_policies_are_levels(aws: Embedded) -> None:
    simulate = client(aws, "iam").simulate_custom_policy
    given = {"PolicyInputList": [EVERYTHING], "ActionNames": ["ec2:DescribeVpcs"]}
    levels = [{"ServiceControlPolicyInputList": [EVERYTHING]}, {"ServiceControlPolicyInputList": [DOCUMENT]}]
    allowed = one(simulate(**given, OrderedOrganizationPolicyInputList=levels))
    assert allowed["EvalDecision"] == "allowed"
    assert allowed["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": True}
    levels[0] = {"ServiceControlPolicyInputList": [DOCUMENT.replace("ec2", "s3")]}
    denied = one(simulate(**given, OrderedOrganizationPolicyInputList=levels, ResourceArns=["arn:aws:ec2:::vpc/x"]))
    assert denied["EvalDecision"] == "implicitDeny"
    assert denied["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": False}
    assert "EvalDecisionDetails" not in denied
    assert "OrganizationsDecisionDetail" not in one(simulate(**given))


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
def test_a_user_has_inline_managed_and_group_policies_under_their_names(aws: Embedded) -> None:
    iam = client(aws, "iam")
    iam.create_user(UserName="bob")
    iam.create_group(GroupName="g")
    iam.add_user_to_group(UserName="bob", GroupName="g")
    policy = iam.create_policy(PolicyName="managed", PolicyDocument=document("Allow", "s3:*"))["Policy"]["Arn"]
    iam.attach_user_policy(UserName="bob", PolicyArn=policy)
    iam.attach_user_policy(UserName="bob", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    iam.put_user_policy(UserName="bob", PolicyName="own", PolicyDocument=document("Allow", "s3:*"))
    iam.put_group_policy(GroupName="g", PolicyName="team", PolicyDocument=document("Allow", "s3:*"))
    found = one(
        iam.simulate_principal_policy(
            PolicySourceArn=BOB, ActionNames=["s3:GetObject"], PolicyInputList=[document("Allow", "*")]
        )
    )
    names = {each["SourcePolicyId"] for each in found["MatchedStatements"]}
    assert names == {"managed", "AdministratorAccess", "user_bob_own", "group_g_team", "PolicyInputList.1"}
    # moto's text of AWS's own policies is laid out otherwise than AWS's.
    placed = {each["SourcePolicyId"] for each in found["MatchedStatements"] if "StartPosition" in each}
    assert placed == names - {"AdministratorAccess"}
    of_group = f"arn:aws:iam::{ACCOUNT}:group/g"
    found = one(iam.simulate_principal_policy(PolicySourceArn=of_group, ActionNames=["s3:GetObject"]))
    assert [each["SourcePolicyId"] for each in found["MatchedStatements"]] == ["group_g_team"]


def test_a_boundary_of_the_user_counts_until_another_is_given(aws: Embedded) -> None:
    iam = client(aws, "iam")
    boundary = iam.create_policy(PolicyName="b", PolicyDocument=DOCUMENT)["Policy"]["Arn"]
    iam.create_user(UserName="bob", PermissionsBoundary=boundary)
    iam.put_user_policy(UserName="bob", PolicyName="own", PolicyDocument=EVERYTHING)
    given = {"PolicySourceArn": BOB, "ActionNames": ["s3:GetObject"]}
    found = one(iam.simulate_principal_policy(**given))
    assert (found["EvalDecision"], found["MatchedStatements"]) == ("implicitDeny", [])
    assert found["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    found = one(iam.simulate_principal_policy(**given, PermissionsBoundaryPolicyInputList=[EVERYTHING]))
    assert found["EvalDecision"] == "allowed"


def test_as_if_bob_had_the_policies_of_another(aws: Embedded) -> None:
    iam = client(aws, "iam")
    iam.create_user(UserName="david")
    shared = document("Allow", "s3:GetObject", "arn:aws:s3:::bucket/*", Principal={"AWS": BOB})
    given = {
        "PolicySourceArn": f"arn:aws:iam::{ACCOUNT}:user/david",
        "ActionNames": ["s3:GetObject"],
        "ResourceArns": [OBJECT],
        "ResourcePolicy": shared,
    }
    assert one(iam.simulate_principal_policy(**given))["EvalDecision"] == "implicitDeny"
    assert one(iam.simulate_principal_policy(**given, CallerArn=BOB))["EvalDecision"] == "allowed"


def test_a_trust_policy_is_not_looked_at(aws: Embedded) -> None:
    simulate = client(aws, "iam").simulate_custom_policy
    role = f"arn:aws:iam::{STRANGER}:role/r"
    given = {"ActionNames": ["sts:AssumeRole"], "ResourceArns": [role], "CallerArn": BOB}
    assert one(simulate(PolicyInputList=[EVERYTHING], **given))["EvalDecision"] == "allowed"
    assert one(simulate(PolicyInputList=[DOCUMENT], **given))["EvalDecision"] == "implicitDeny"


def test_a_member_is_simulated_under_its_scps(aws: Embedded) -> None:
    organizations = client(aws, "organizations")
    organizations.create_organization(FeatureSet="ALL")
    status = organizations.create_account(Email="m@example.com", AccountName="m")["CreateAccountStatus"]
    role = f"arn:aws:iam::{status['AccountId']}:role/OrganizationAccountAccessRole"
    given = client(aws, "sts").assume_role(RoleArn=role, RoleSessionName="visit")["Credentials"]
    simulate = session_client(aws, "iam", given).simulate_principal_policy
    asked = {"PolicySourceArn": role, "ActionNames": ["ec2:DescribeVpcs"]}
    found = one(simulate(**asked))
    assert found["EvalDecision"] == "allowed"
    assert found["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": True}
    new = {"Name": "no", "Description": "d", "Type": "SERVICE_CONTROL_POLICY", "Content": document("Deny", "ec2:*")}
    scp = organizations.create_policy(**new)["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=scp, TargetId=status["AccountId"])
    found = one(simulate(**asked))
    assert (found["EvalDecision"], found["MatchedStatements"]) == ("explicitDeny", [])
    assert found["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": False}


# https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForCustomPolicy.html
def test_context_keys_are_those_of_conditions_and_variables(aws: Embedded) -> None:
    iam = client(aws, "iam")
    condition = {"StringLike": {"S3:Prefix": ["${aws:PrincipalTag/team}", "x"]}, "Null": {"aws:username": "false"}}
    policy = document("Allow", "s3:*", "arn:aws:s3:::${aws:username}/*", Condition=condition)
    names = iam.get_context_keys_for_custom_policy(PolicyInputList=[policy, AFTER])["ContextKeyNames"]
    assert names == ["aws:username", "S3:Prefix", "aws:PrincipalTag/team", "aws:CurrentTime"]
    iam.create_user(UserName="bob")
    iam.put_user_policy(UserName="bob", PolicyName="own", PolicyDocument=policy)
    names = iam.get_context_keys_for_principal_policy(PolicySourceArn=BOB)["ContextKeyNames"]
    assert names == ["aws:username", "S3:Prefix", "aws:PrincipalTag/team"]
    found = iam.simulate_custom_policy(
        PolicyInputList=[policy], ActionNames=["s3:ListBucket"], ContextEntries=[entry("AWS:UserName", "x")]
    )
    assert one(found)["MissingContextValues"] == ["S3:Prefix", "aws:PrincipalTag/team"]


def test_pages(aws: Embedded) -> None:
    simulate = client(aws, "iam").simulate_custom_policy
    actions = [f"ec2:Describe{number}" for number in range(5)]
    seen: list[str] = []
    more: dict[str, Any] = {}
    while True:
        reply = simulate(PolicyInputList=[DOCUMENT], ActionNames=actions, MaxItems=2, **more)
        seen += [each["EvalActionName"] for each in reply["EvaluationResults"]]
        if not reply["IsTruncated"]:
            break
        more = {"Marker": reply["Marker"]}
    assert seen == actions


@pytest.mark.parametrize(
    ("context", "condition", "decision"),
    [
        (
            entry("aws:MultiFactorAuthAge", "30", type_="numeric"),
            {"NumericLessThan": {"aws:MultiFactorAuthAge": "60"}},
            1,
        ),
        (entry("aws:SecureTransport", "true", type_="boolean"), {"Bool": {"aws:SecureTransport": "true"}}, 1),
        (entry("aws:SourceIp", "10.1.2.3", type_="ip"), {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, 1),
        (entry("aws:SourceIp", "11.1.2.3", type_="ip"), {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, 0),
        (entry("x:Binary", "eHl6", type_="binary"), {"BinaryEquals": {"x:Binary": "eHl6"}}, 1),
        (
            entry("aws:TagKeys", "a", "b", type_="stringList"),
            {"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b", "c"]}},
            1,
        ),
        (entry("aws:TagKeys", "a", "z", type_="stringList"), {"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}, 0),
        (entry("aws:TagKeys", type_="stringList"), {"Null": {"aws:TagKeys": "true"}}, 1),
    ],
)
def test_context_entries_have_types(
    aws: Embedded, context: dict[str, Any], condition: dict[str, Any], decision: int
) -> None:
    policy = document("Allow", "ec2:*", Condition=condition)
    given = {"PolicyInputList": [policy], "ActionNames": ["ec2:DescribeVpcs"], "ContextEntries": [context]}
    found = one(client(aws, "iam").simulate_custom_policy(**given))
    assert found["EvalDecision"] == ("allowed" if decision else "implicitDeny")


@pytest.mark.parametrize(
    "wrong",
    [
        {"PolicyInputList": ["{}"]},
        {"PolicyInputList": ["no policy"]},
        {"PolicyInputList": [DOCUMENT.replace('"Effect"', '"Principal":"*","Effect"')]},
        {"ActionNames": ["ec2:*"]},
        {"ActionNames": ["RunInstances"]},
        {"ResourceArns": ["bucket"]},
        {"PermissionsBoundaryPolicyInputList": [DOCUMENT, DOCUMENT]},
        {"ResourcePolicy": document("Allow", "s3:*", Principal="*")},
        {"ResourcePolicy": DOCUMENT, "CallerArn": BOB},
        {"ResourcePolicy": document("Allow", "s3:*", Principal="*"), "CallerArn": f"arn:aws:iam::{ACCOUNT}:role/r"},
        {"CallerArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s"},
        {"CallerArn": f"arn:aws:iam::{ACCOUNT}:root"},
        {"ResourceOwner": "999999999999"},
        {"ContextEntries": [entry("aws:SourceIp", "nowhere", type_="ip")]},
        {"ContextEntries": [entry("aws:CurrentTime", "tomorrow", type_="date")]},
        {"ContextEntries": [entry("aws:SecureTransport", "yes", type_="boolean")]},
        {"ContextEntries": [entry("aws:username", "a", "b")]},
        {"ContextEntries": [entry("aws:username", "a"), entry("aws:UserName", "b")]},
        {"ResourceHandlingOption": "EC2-Classic-EBS"},
        {"ResourceHandlingOption": "EC2-VPC-EBS", "ResourceArns": [f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/*"]},
    ],
)
def test_bad_input_is_invalid_input(aws: Embedded, wrong: dict[str, Any]) -> None:
    given = {"PolicyInputList": [DOCUMENT], "ActionNames": ["ec2:DescribeVpcs"], **wrong}
    assert refusal(client(aws, "iam").simulate_custom_policy, **given) == INVALID


def test_a_scenario_with_all_its_resources_is_simulated(aws: Embedded) -> None:
    types = ("instance", "image", "security-group", "network-interface", "volume")
    arns = [f"arn:aws:ec2:eu-west-1:{ACCOUNT}:{kind}/*" for kind in types]
    given = {"PolicyInputList": [DOCUMENT], "ActionNames": ["ec2:RunInstances"], "ResourceArns": arns}
    found = one(client(aws, "iam").simulate_custom_policy(**given, ResourceHandlingOption="EC2-VPC-EBS"))
    assert (found["EvalDecision"], len(found["ResourceSpecificResults"])) == ("allowed", 5)


def test_who_does_not_exist_and_what_is_not_there_yet(aws: Embedded) -> None:
    iam = client(aws, "iam")
    asked = {"ActionNames": ["ec2:DescribeVpcs"]}
    for kind in ("user", "group", "role"):
        missing = f"arn:aws:iam::{ACCOUNT}:{kind}/nobody"
        assert refusal(iam.simulate_principal_policy, PolicySourceArn=missing, **asked) == ("NoSuchEntity", 404)
        assert refusal(iam.get_context_keys_for_principal_policy, PolicySourceArn=missing) == ("NoSuchEntity", 404)
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s"
    assert refusal(iam.simulate_principal_policy, PolicySourceArn=session, **asked) == INVALID
    iam.create_user(UserName="bob")
    excluded = {"PolicyExclusionList": [{"PolicyType": "inline"}]}
    assert refusal(iam.simulate_principal_policy, PolicySourceArn=BOB, **asked, **excluded) == ("NotImplemented", 501)
