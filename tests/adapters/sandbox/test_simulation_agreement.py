"""The policy simulator agrees with the engine, and with what happens when the call is made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
from adapters.sandbox.simulations import ACCOUNT, BOB, OBJECT, STRANGER, document, entry, one
from adapters.sandbox.support import EVERYTHING, Client, client, new_key
from botocore.exceptions import ClientError

from narrowgate.adapters.sandbox.embedded import Embedded
from narrowgate.adapters.sandbox.gate import Allowed, Refused
from narrowgate.adapters.sandbox.layer import Conditions, Seen
from narrowgate.policy import Layers, evaluate, load, request
from narrowgate.policy.place import Faults
from narrowgate.policy.request_context import Value

pytestmark = pytest.mark.slow

# The law: the simulator decides as the engine does.

ACTIONS = ("s3:GetObject", "s3:PutObject", "ec2:RunInstances", "iam:PassRole", "ssm:GetParameter")
RESOURCES = (
    OBJECT,
    "arn:aws:s3:::other/key",
    f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/i-1",
    f"arn:aws:iam::{ACCOUNT}:role/app/node",
    f"arn:aws:ssm:eu-west-1:{STRANGER}:parameter/p",
)
CONDITIONS: tuple[dict[str, Any], ...] = (
    {},
    {"StringEquals": {"aws:username": "bob"}},
    {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}},
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"ForAnyValue:StringLike": {"aws:TagKeys": ["t*"]}},
    {"NumericLessThanIfExists": {"aws:MultiFactorAuthAge": "60"}},
)
CONTEXT: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("aws:username", "string", ("bob",)),
    ("aws:RequestedRegion", "string", ("eu-west-1",)),
    ("aws:SourceIp", "ip", ("10.1.1.1",)),
    ("aws:TagKeys", "stringList", ("team", "x")),
    ("aws:MultiFactorAuthAge", "numeric", ("90",)),
)


def some_policy(dice: Random, *, principal: bool = False) -> str:
    """A policy of one to three random statements."""

    def statement() -> dict[str, Any]:
        patterns = ("*", "s3:*", "s3:Get*", "ec2:Run*", *ACTIONS)
        places = ("*", "arn:aws:s3:::bucket/*", "arn:aws:s3:::${aws:username}/*", "arn:aws:iam::*:role/*", *RESOURCES)
        who = {"Principal": dice.choice(({"AWS": BOB}, {"AWS": ACCOUNT}, "*", {"AWS": STRANGER}))} if principal else {}
        condition = dice.choice(CONDITIONS)
        return {
            "Effect": dice.choice(("Allow", "Allow", "Allow", "Deny")),
            dice.choice(("Action", "Action", "Action", "NotAction")): dice.choice(patterns),
            "Resource": dice.choice(places),
            **who,
            **({"Condition": condition} if condition else {}),
        }

    statements = [statement() for _ in range(dice.randint(1, 3))]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def loaded(text: str, kind: Any) -> Any:
    """The policy, which must be one."""
    made = load(text, kind)
    assert not isinstance(made, Faults)
    return made


def test_random_policies_are_decided_as_by_the_engine(aws: Embedded) -> None:
    iam, dice = client(aws, "iam"), Random(4)
    outcomes: dict[str, int] = {}
    for _ in range(200):
        outcome = _simulated_and_evaluated(iam, dice)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    # Otherwise the law says little.
    assert min(outcomes.get(each, 0) for each in ("allowed", "explicitDeny", "implicitDeny")) >= 15, outcomes


def _simulated_and_evaluated(iam: Client, dice: Random) -> str:
    texts = [some_policy(dice) for _ in range(dice.randint(1, 3))]
    boundary = [some_policy(dice)] if dice.random() < 0.3 else []
    levels = [[some_policy(dice), EVERYTHING] for _ in range(dice.randint(1, 2))] if dice.random() < 0.3 else []
    shared = some_policy(dice, principal=True) if dice.random() < 0.4 else ""
    chosen = [each for each in CONTEXT if dice.random() < 0.7]
    action, resource = dice.choice(ACTIONS), dice.choice(RESOURCES)
    given = {
        "PolicyInputList": texts,
        "ActionNames": [action],
        "ResourceArns": [resource],
        "CallerArn": BOB,
        "ContextEntries": [entry(key, *values, type_=type_) for key, type_, values in chosen],
        **({"PermissionsBoundaryPolicyInputList": boundary} if boundary else {}),
        **({"ResourcePolicy": shared} if shared else {}),
    }
    if levels:
        given["OrderedOrganizationPolicyInputList"] = [{"ServiceControlPolicyInputList": level} for level in levels]
    context: dict[str, Value] = {key: values if type_.endswith("List") else values[0] for key, type_, values in chosen}
    layers = Layers(
        identity=tuple(loaded(text, "identity") for text in texts),
        boundaries=tuple(loaded(text, "boundary") for text in boundary),
        scps=tuple(tuple(loaded(text, "scp") for text in level) for level in levels),
        resource=loaded(shared, "resource") if shared else None,
    )
    decision = evaluate(request(BOB, action, resource, context), layers)
    found = one(iam.simulate_custom_policy(**given))
    assert found["EvalDecision"] == decision.outcome, (given, decision)
    named = [each for each in decision.statements if each.layer in ("identity", "resource")]
    assert len(found["MatchedStatements"]) == len(named)
    return decision.outcome


# The law: the simulator says of a user what happens when the user calls.


def calls(aws: Embedded, own: tuple[str, str]) -> Iterator[Callable[[], Any]]:
    """Some twenty calls of the user."""
    iam, ec2, sts = client(aws, "iam", own), client(aws, "ec2", own), client(aws, "sts", own)
    ssm, dynamodb = client(aws, "ssm", own), client(aws, "dynamodb", own)
    tags = [{"Key": "team", "Value": "a"}]
    trust = document("Allow", "sts:AssumeRole", Principal={"AWS": ACCOUNT}).replace('"Resource": "*", ', "")
    role = {"RoleName": "r", "AssumeRolePolicyDocument": trust}
    yield lambda: iam.get_user(UserName="bob")
    yield lambda: iam.create_user(UserName="new", Tags=tags)
    yield lambda: iam.create_user(UserName="other", Path="/team/")
    yield lambda: iam.list_users()
    yield lambda: iam.delete_user(UserName="new")
    yield lambda: iam.create_access_key(UserName="bob")
    yield lambda: iam.create_role(**role)
    yield lambda: iam.tag_user(UserName="bob", Tags=tags)
    yield lambda: ec2.describe_vpcs()
    yield lambda: ec2.describe_instances()
    yield lambda: ec2.create_vpc(CidrBlock="10.1.0.0/16")
    yield lambda: ec2.create_vpc(CidrBlock="10.2.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": tags}])
    yield lambda: ec2.create_key_pair(KeyName="k")
    yield lambda: ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, InstanceType="t3.micro")
    yield lambda: ssm.put_parameter(Name="/app/p", Value="v", Type="String")
    yield lambda: ssm.get_parameter(Name="/app/p")
    yield lambda: ssm.get_parameters(Names=["/app/p", "/other/p"])
    yield lambda: dynamodb.list_tables()
    yield lambda: dynamodb.describe_table(TableName="t")
    yield lambda: sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/given", RoleSessionName="session")
    yield lambda: sts.decode_authorization_message(EncodedMessage="x")


POLICIES = (
    EVERYTHING,
    document("Allow", "iam:*", f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"),
    document("Allow", "iam:*", Condition={"StringEquals": {"aws:RequestTag/team": "a"}}),
    document("Allow", "ec2:*", Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}),
    document("Deny", "ec2:CreateTags"),
    document("Deny", "ec2:RunInstances", "arn:aws:ec2:*:*:subnet/*"),
    document("Allow", "ssm:GetParameter*", "arn:aws:ssm:*:*:parameter/app/*"),
    document("Deny", "*", Condition={"StringLike": {"ec2:InstanceType": "t3.*"}}),
    document("Allow", "sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/given"),
    document("Allow", "dynamodb:List*"),
)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_simulated_is_what_happens(seed: int) -> None:
    noted: list[Seen] = []

    def note(seen: Seen) -> None:
        noted.append(seen)

    with Embedded(conditions=Conditions(watchers=(note,))) as aws:
        iam, own = _a_user(aws, Random(seed))
        for call in calls(aws, own):
            refused = _is_refused(call)
            made = noted[-1]
            verdict = made.verdict
            assert isinstance(verdict, Allowed | Refused)
            found = [_simulated(iam, *each) for each in verdict.decided]
            assert refused is isinstance(verdict, Refused)
            assert refused is ("allowed" not in found[-1]), made.call
            assert all(each == "allowed" for each in found[:-1]), made.call


def _a_user(aws: Embedded, dice: Random) -> tuple[Client, tuple[str, str]]:
    iam = client(aws, "iam")
    boundary = iam.create_policy(PolicyName="b", PolicyDocument=dice.choice(POLICIES))["Policy"]["Arn"]
    iam.create_user(UserName="bob", Tags=[{"Key": "team", "Value": "a"}])
    if dice.random() < 0.3:
        iam.put_user_permissions_boundary(UserName="bob", PermissionsBoundary=boundary)
    for number, policy in enumerate(dice.sample(POLICIES, 4)):
        iam.put_user_policy(UserName="bob", PolicyName=f"p{number}", PolicyDocument=policy)
    trust = document("Allow", "sts:AssumeRole", Principal={"AWS": ACCOUNT}).replace('"Resource": "*", ', "")
    iam.create_role(RoleName="given", AssumeRolePolicyDocument=trust)
    return iam, new_key(iam, "bob")


def _is_refused(call: Callable[[], Any]) -> bool:
    """Whether a permission lacks; that something does not exist is no refusal."""
    try:
        call()
    except ClientError as error:
        response: Any = error.response
        return response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
    return False


def _simulated(iam: Client, asked: Any, decision: Any) -> str:
    context = [
        entry(
            key,
            *((value,) if isinstance(value, str) else value),
            type_="string" if isinstance(value, str) else "stringList",
        )
        for key, value in asked.context.items()
    ]
    given: dict[str, Any] = {"ActionNames": [asked.action], "ResourceArns": [asked.resource], "ContextEntries": context}
    if asked.resource_account:
        given["ResourceOwner"] = f"arn:aws:iam::{asked.resource_account}:root"
    found = one(iam.simulate_principal_policy(PolicySourceArn=BOB, **given))
    assert found["EvalDecision"] == decision.outcome
    return str(found["EvalDecision"])
