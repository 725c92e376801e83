"""Which members are masked by their names: all that botocore's models mark, some more, and nothing that ids need."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from adapters.sandbox.recordings import made, one
from botocore.model import Shape

from narrowgate.adapters.sandbox.recording import line_of
from narrowgate.adapters.sandbox.secret_members import DEEPEST, TOO_DEEP, is_secret, shown
from narrowgate.calls import Call, Fields, Value, call
from narrowgate.secret import MASK

SERVICES = ("iam", "sts", "ec2", "autoscaling", "ssm", "secretsmanager", "dynamodb", "kms", "eks", "elbv2")
MORE = ("cloudformation", "s3", "service-quotas")
# Marked in the models because they name a customer's things; they are no secrets, and derivation needs ids.
NO_SECRETS = {"SSEKMSKeyId", "KMSMasterKeyID", "KeyId", "KMSKeyId", "KMSKeyArn", "AccessKeyId", "Description"}
# Structures, marked for the one secret in each, which is masked there.
NO_SECRETS |= {"TunnelOptions", "LaunchSpecification"}


def marked(shape: Shape, path: tuple[str, ...], above: frozenset[str]) -> set[tuple[str, ...]]:
    """The paths of the members that the model marks as sensitive."""
    found = {path} if shape.metadata.get("sensitive") else set()
    if shape.name in above:
        return found
    inner: Any = shape
    if shape.type_name == "structure":
        for name, member in inner.members.items():
            found |= marked(member, (*path, name), above | {shape.name})
    elif shape.type_name in ("list", "map"):
        found |= marked(inner.member if shape.type_name == "list" else inner.value, path, above | {shape.name})
    return found


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES + MORE)
def test_what_the_models_mark_is_masked_by_name(service: str) -> None:
    model = botocore.session.Session().get_service_model(service)
    missing = []
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        for path in marked(shape, (), frozenset()) if shape else ():
            asked = Call(service, name)
            hidden = any(is_secret(asked, member, top=level == 0) for level, member in enumerate(path))
            missing += [] if hidden or path[-1] in NO_SECRETS else [f"{name} {path}"]
    assert missing == []


@pytest.mark.parametrize(
    "asked",
    [
        call("ec2", "RunInstances", UserData="IyEvYmlu"),
        call("ec2", "CreateLaunchTemplate", LaunchTemplateData={"UserData": "IyEvYmlu"}),
        call("ec2", "ModifyInstanceAttribute", UserData={"Value": b"#!/bin"}),
        call("ec2", "ModifyInstanceAttribute", Attribute="userData", Value="IyEvYmlu"),
        call("autoscaling", "CreateLaunchConfiguration", UserData="IyEvYmlu"),
        call("secretsmanager", "CreateSecret", SecretString="IyEvYmlu"),
        call("secretsmanager", "PutSecretValue", SecretBinary=b"IyEvYmlu"),
        call("ssm", "PutParameter", Value="IyEvYmlu"),
        call("ssm", "SendCommand", Parameters={"commands": ["IyEvYmlu"]}),
        call("iam", "CreateLoginProfile", Password="IyEvYmlu"),
        call("iam", "ChangePassword", OldPassword="IyEvYmlu", NewPassword="#!/bin"),
        call("iam", "UploadServerCertificate", PrivateKey="IyEvYmlu"),
        call("sts", "AssumeRoleWithWebIdentity", WebIdentityToken="IyEvYmlu"),
        call("cloudformation", "CreateStack", Parameters=[{"ParameterKey": "P", "ParameterValue": "IyEvYmlu"}]),
        call("s3", "PutObject", Body="IyEvYmlu"),
        call("kms", "Encrypt", Plaintext="IyEvYmlu"),
        call("rds", "CreateDBInstance", MasterUserPassword=123456),
    ],
    ids=lambda asked: f"{asked.name} {' '.join(asked.params)}",
)
def test_secrets_in_known_places_are_masked(asked: Call) -> None:
    line = line_of(made(asked))
    assert MASK in line
    assert not [text for text in ("IyEvYmlu", "#!/bin", "123456,") if text in line.partition('"params"')[2]]


@pytest.mark.parametrize(
    "asked",
    [
        call("iam", "UpdateAccountPasswordPolicy", AllowUsersToChangePassword=True, MinimumPasswordLength=8),
        call("iam", "CreateUser", UserName="x", Tags=[{"Key": "a", "Value": "b"}]),
        call("secretsmanager", "GetSecretValue", SecretId="installer", VersionStage="AWSCURRENT"),
        call("ssm", "PutParameter", Name="/p", Type="SecureString", Tags=[{"Key": "a", "Value": "b"}]),
        call("cloudformation", "CreateStack", Parameters=[{"ParameterKey": "P"}], TemplateBody="{}"),
        call("ec2", "RunInstances", ClientToken="t", KeyName="k", NetworkInterfaces=[{"SubnetId": "subnet-1"}]),
        call("iam", "UpdateAccessKey", AccessKeyId="AKIA", Status="Inactive"),
        call("ec2", "DescribeVpcs", Filters=[{"Name": "vpc-id", "Values": ["vpc-1"]}], NextToken="n"),
    ],
    ids=lambda asked: asked.name,
)
def test_nothing_else_is_masked(asked: Call) -> None:
    assert one(line_of(made(asked))).call == asked


def test_what_json_has_no_word_for_is_text() -> None:
    asked = call("x", "PutX", A=float("nan"), B=float("-inf"), C=b"\x00", D="\ud800\n\u2028")
    params = one(line_of(made(asked))).call.params
    assert params == Fields(A="nan", B="-inf", C=MASK, D="\ud800\n\u2028")


def test_depth_that_no_service_has_does_not_break_the_recording() -> None:
    deep: Value = "x"
    for _ in range(DEEPEST - 1):
        deep = Fields(a=deep)
    assert one(line_of(made(call("x", "PutX", a=deep)))).call.params["a"] == deep
    line = line_of(made(call("x", "PutX", a=Fields(a=Fields(a=deep)))))
    assert TOO_DEEP in line and one(line)


def test_parameters_are_shown_as_plain_data() -> None:
    assert shown(call("iam", "CreateUser", UserName="x", Tags=[{"Key": "a"}], N=1, F=False)) == {
        "UserName": "x",
        "Tags": [{"Key": "a"}],
        "N": 1,
        "F": False,
    }
