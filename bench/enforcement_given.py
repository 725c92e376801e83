"""What the administrator makes before the call of a scenario: users, roles, buckets, networks, an organization."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import jmespath  # type: ignore[import-untyped]

from bench.enforcement_stage import Caller, Stage
from bench.enforcement_table import Json, document, filled

_BOTH: Final = [{"allow": "sts:AssumeRole", "to": {"AWS": "<account>", "Service": "ec2.amazonaws.com"}}]
MEMBERS_ROLE: Final = "OrganizationAccountAccessRole"


def give(stage: Stage, step: Json) -> None:
    """Make one thing. Raises ClientError where the account refuses, ValueError for a kind that does not exist."""
    kind = next((name for name in step if name in _KINDS), None)
    if kind is None:
        raise ValueError(f"nothing is made by {sorted(step)}; kinds: {', '.join(sorted(_KINDS))}")
    whose = Stage(member(stage), stage.endpoint, stage.send, stage.names) if step.get("in") == "member" else stage
    _KINDS[kind](whose, step[kind], step)


def member(stage: Stage) -> Caller:
    """The role that manages the member account, assumed by the administrator of the managing one."""
    arn = f"arn:aws:iam::{stage.names['member']}:role/{MEMBERS_ROLE}"
    return assumed(stage, stage.admin, {"RoleArn": arn, "RoleSessionName": "manager"})


def assumed(stage: Stage, by: Caller, params: Json) -> Caller:
    """The session of a role."""
    reply = stage.do("sts:AssumeRole", params, by)
    return session(reply["Credentials"], reply["AssumedRoleUser"]["Arn"])


def session(given: Mapping[str, str], arn: str) -> Caller:
    """The holder of credentials of STS."""
    return Caller(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], arn)


def _user(stage: Stage, name: str, step: Json) -> None:
    params = {"UserName": name, **_path(step), **_tags(step), **_boundary(stage, name, step)}
    stage.names[f"{name}.arn"] = stage.do("iam:CreateUser", params)["User"]["Arn"]
    _policies(stage, "User", name, step)
    for group, can in step.get("groups", {}).items():
        stage.do("iam:CreateGroup", {"GroupName": group})
        _policies(stage, "Group", group, {"can": can})
        stage.do("iam:AddUserToGroup", {"GroupName": group, "UserName": name})


def _role(stage: Stage, name: str, step: Json) -> None:
    trust = document(filled(step.get("trust", _BOTH), stage.names), resource=None)
    own = {"RoleName": name, "AssumeRolePolicyDocument": trust}
    made = stage.do("iam:CreateRole", {**own, **_path(step), **_tags(step), **_boundary(stage, name, step)})
    stage.names.update({f"{name}.arn": made["Role"]["Arn"], f"{name}.id": made["Role"]["RoleId"]})
    _policies(stage, "Role", name, step)


def _profile(stage: Stage, name: str, step: Json) -> None:
    made = stage.do("iam:CreateInstanceProfile", {"InstanceProfileName": name, **_path(step)})
    stage.names[f"{name}.profile"] = made["InstanceProfile"]["Arn"]
    if "holds" in step:
        stage.do("iam:AddRoleToInstanceProfile", {"InstanceProfileName": name, "RoleName": step["holds"]})


def _policy(stage: Stage, name: str, step: Json) -> None:
    text = document(filled(step["says"], stage.names))
    made = stage.do("iam:CreatePolicy", {"PolicyName": name, "PolicyDocument": text, **_path(step)})
    stage.names[f"{name}.arn"] = made["Policy"]["Arn"]


def _policies(stage: Stage, kind: str, name: str, step: Json) -> None:
    if "can" in step:
        text = document(filled(step["can"], stage.names))
        stage.do(f"iam:Put{kind}Policy", {f"{kind}Name": name, "PolicyName": "given", "PolicyDocument": text})
    if "managed" in step:
        _policy(stage, f"{name}-managed", {"says": step["managed"]})
        arn = stage.names[f"{name}-managed.arn"]
        stage.do(f"iam:Attach{kind}Policy", {f"{kind}Name": name, "PolicyArn": arn})


def _boundary(stage: Stage, name: str, step: Json) -> Json:
    if "boundary" not in step:
        return {}
    _policy(stage, f"{name}-boundary", {"says": step["boundary"]})
    return {"PermissionsBoundary": stage.names[f"{name}-boundary.arn"]}


def _path(step: Json) -> Json:
    return {"Path": step["path"]} if "path" in step else {}


def _tags(step: Json) -> Json:
    return {"Tags": listed(step["tags"])} if "tags" in step else {}


def listed(tags: Mapping[str, str]) -> Json:
    """Tags as most operations have them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _network(stage: Stage, name: str, step: Json) -> None:
    """A VPC with a subnet and a security group, all with the same tags; beside them an image of the account's own."""

    def tagged(type_: str) -> Json:
        tags = [{"ResourceType": type_, "Tags": listed(step["tags"])}] if "tags" in step else []
        return {"TagSpecifications": tags} if tags else {}

    vpc = stage.do("ec2:CreateVpc", {"CidrBlock": "10.1.0.0/16", **tagged("vpc")})["Vpc"]["VpcId"]
    subnet = stage.do("ec2:CreateSubnet", {"VpcId": vpc, "CidrBlock": "10.1.1.0/24", **tagged("subnet")})
    own = {"VpcId": vpc, "GroupName": name, "Description": "of a scenario", **tagged("security-group")}
    group = stage.do("ec2:CreateSecurityGroup", own)["GroupId"]
    image = {"Name": name, "RootDeviceName": "/dev/sda1", "Architecture": "x86_64"}
    stage.names["image"] = stage.do("ec2:RegisterImage", image)["ImageId"]
    ids = {"vpc": vpc, "subnet": subnet["Subnet"]["SubnetId"], "security-group": group}
    for kind, id_ in ids.items():
        short = "group" if kind == "security-group" else kind
        arn = f"arn:aws:ec2:{stage.names['region']}:{stage.names['account']}:{kind}/{id_}"
        stage.names.update({f"{name}.{short}": id_, f"{name}.{short}.arn": arn})


def _bucket(stage: Stage, name: str, step: Json) -> None:
    where = {"LocationConstraint": stage.names["region"]}
    stage.do("s3:CreateBucket", {"Bucket": name, "CreateBucketConfiguration": where})
    for key, text in step.get("objects", {}).items():
        stage.do("s3:PutObject", {"Bucket": name, "Key": key, "Body": text})
    if "policy" in step:
        text = document(filled(step["policy"], stage.names), resource=None)
        stage.do("s3:PutBucketPolicy", {"Bucket": name, "Policy": text})


def _table(stage: Stage, name: str, _: Json) -> None:
    key = {"AttributeName": "id", "AttributeType": "S"}
    schema = [{"AttributeName": "id", "KeyType": "HASH"}]
    own = {"TableName": name, "AttributeDefinitions": [key], "KeySchema": schema, "BillingMode": "PAY_PER_REQUEST"}
    stage.do("dynamodb:CreateTable", own)


def _organization(stage: Stage, _: Json, step: Json) -> None:
    """An organization of the managing account with one member, in a unit, and SCPs on root, unit and member."""
    stage.do("organizations:CreateOrganization", {"FeatureSet": "ALL"})
    made = stage.do("organizations:CreateAccount", {"AccountName": "member", "Email": "member@example.org"})
    account = made["CreateAccountStatus"]["AccountId"]
    root = stage.do("organizations:ListRoots", {})["Roots"][0]["Id"]
    unit = stage.do("organizations:CreateOrganizationalUnit", {"ParentId": root, "Name": "unit"})
    targets = {"member": account, "root": root, "unit": unit["OrganizationalUnit"]["Id"]}
    stage.names.update(targets)
    moved = {"AccountId": account, "SourceParentId": root, "DestinationParentId": targets["unit"]}
    stage.do("organizations:MoveAccount", moved)
    stage.do("organizations:EnablePolicyType", {"RootId": root, "PolicyType": "SERVICE_CONTROL_POLICY"})
    for where, statements in step.get("scps", {}).items():
        own = {"Name": where, "Description": "", "Type": "SERVICE_CONTROL_POLICY"}
        text = document(filled(statements, stage.names))
        policy = stage.do("organizations:CreatePolicy", {**own, "Content": text})["Policy"]["PolicySummary"]["Id"]
        stage.do("organizations:AttachPolicy", {"PolicyId": policy, "TargetId": targets[where]})
    for where in step.get("without_full_access", ()):
        stage.do("organizations:DetachPolicy", {"PolicyId": "p-FullAWSAccess", "TargetId": targets[where]})


def _call(stage: Stage, call: str, step: Json) -> None:
    """Any call; `save` has names for parts of its reply, by JMESPath; `policy` is a document in short form."""
    params = filled(step.get("params", {}), stage.names)
    for member_, statements in step.get("documents", {}).items():
        params[member_] = document(filled(statements, stage.names))
    reply = stage.do(call, params, region=step.get("region", ""))
    for name, path in step.get("save", {}).items():
        stage.names[name] = str(jmespath.search(path, reply))


_KINDS: Final[Mapping[str, Callable[[Stage, Any, Json], None]]] = {
    "user": _user,
    "role": _role,
    "profile": _profile,
    "policy": _policy,
    "network": _network,
    "bucket": _bucket,
    "table": _table,
    "organization": _organization,
    "call": _call,
}
