"""The decoder gives back the call that botocore put on the wire, and refuses bad forms and JSON in AWS's words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from adapters.sandbox.wire import (
    ALIASES,
    FORMED,
    JSON,
    SERVICES,
    code,
    expected,
    form,
    operations,
    posted,
    request_of,
    required_call,
    signed,
    whole_call,
)
from catalogue.synthetic import model

from narrowgate.adapters.sandbox.decode import decode
from narrowgate.adapters.sandbox.request import FORM, Request
from narrowgate.adapters.sandbox.services import candidates, profiles
from narrowgate.adapters.sandbox.undecodable import Undecodable
from narrowgate.calls import Call, Fields, call
from narrowgate.secret import Secret

pytestmark = pytest.mark.slow

IAM = "Version=2010-05-08"


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_comes_back_as_it_was_called(service: str) -> None:
    for operation in operations(service):
        if operation in ALIASES:
            continue
        for made in (whole_call(service, operation), required_call(service, operation)):
            assert decode(request_of(made)) == expected(made), operation


@pytest.mark.parametrize("operation", [name for name in ALIASES if not name.startswith("Put")])
def test_of_two_names_for_one_request_the_newer_one_is_told(operation: str) -> None:
    found = decode(request_of(required_call("s3", operation)))
    assert isinstance(found, Call) and found.operation == ALIASES[operation]


@pytest.mark.slow
def test_a_call_without_one_of_its_required_members_is_refused() -> None:
    for service in SERVICES:
        for operation in operations(service):
            made = required_call(service, operation)
            shape = model(service).operation_model(operation).input_shape
            required = shape.required_members if shape and operation not in ALIASES else []
            for name in required:
                if shape is None or shape.members[name].serialization.get("location"):
                    continue
                less = Fields({key: value for key, value in made.params.items() if key != name})
                assert isinstance(decode(request_of(Call(service, operation, less))), Undecodable), (operation, name)


@pytest.mark.slow
def test_every_name_of_a_service_has_its_signing_name_from_the_models() -> None:
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    for name in Loader().list_available_services("service-2"):
        service = ServiceModel(Loader().load_service_model(name, "service-2"), name)
        assert profiles()[name].signing_name == service.signing_name
        assert profiles()[name].version == service.api_version


def test_a_shared_signing_name_is_told_apart() -> None:
    balancers = "Action=DescribeLoadBalancers&Version="
    assert form("elasticloadbalancing", balancers + "2012-06-01") == call("elb", "DescribeLoadBalancers")
    assert form("elasticloadbalancing", balancers + "2015-12-01") == call("elbv2", "DescribeLoadBalancers")
    assert code(form("elasticloadbalancing", balancers + "2016-01-01")) == "InvalidAction"
    assert posted("dynamodb", "DynamoDBStreams_20120810.ListStreams", b"{}") == call("dynamodbstreams", "ListStreams")
    assert code(posted("dynamodb", "DynamoDBStreams_20120810.ListTables", b"{}")) == "UnknownOperationException"


def test_secret_members_are_secrets() -> None:
    found = form("iam", f"Action=CreateLoginProfile&{IAM}&UserName=u&Password=hunter2-x")
    assert isinstance(found, Call) and found.params["Password"] == Secret("hunter2-x")
    stored = posted("secretsmanager", "secretsmanager.PutSecretValue", b'{"SecretId":"a","SecretString":"hunter2-x"}')
    assert isinstance(stored, Call) and stored.params["SecretString"] == Secret("hunter2-x")
    assert "hunter2" not in repr(found) + repr(stored)


def test_an_unsigned_call_with_a_web_identity_is_decoded() -> None:
    body = b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=r&RoleSessionName=s&WebIdentityToken=t"
    request = Request("POST", "/", (("content-type", FORM),), body, None)
    assert isinstance(found := decode(request), Call)
    assert found.name == "sts:AssumeRoleWithWebIdentity"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (f"Action=NoSuchThing&{IAM}", "InvalidAction"),
        ("Action=ListUsers", "InvalidAction"),
        (IAM, "MissingAction"),
        (f"Action=ListUsers&Action=DeleteUser&{IAM}", "MalformedInput"),
        (f"Action=GetUser&{IAM}&UserName=a&UserName=b", "MalformedInput"),
        (f"Action=DeleteUser&{IAM}", "ValidationError"),
        (f"Action=ListUsers&{IAM}&MaxItems=many", "MalformedInput"),
        (f"Action=ListUsers&{IAM}&MaxItems=99999999999", "MalformedInput"),
        (f"Action=ListUsers&{IAM}&MaxItems.1=9", "MalformedInput"),
        (f"Action=GetUser&{IAM}&UserName=%ff", "MalformedInput"),
        (f"Action=GetUser&{IAM}&UserName=a&UserName.b=c", "MalformedInput"),
        (f"Action=TagUser&{IAM}&UserName=a&Tags.member.2.Key=k&Tags.member.2.Value=v", "MalformedInput"),
        (f"Action=TagUser&{IAM}&UserName=a&Tags.member.0.Key=k&Tags.member.0.Value=v", "MalformedInput"),
        (f"Action=TagUser&{IAM}&UserName=a&Tags.1.Key=k&Tags.1.Value=v", "MalformedInput"),
        (f"Action=TagUser&{IAM}&UserName=a&Tags=k", "MalformedInput"),
        (f"Action=TagUser&{IAM}&UserName=a&Tags.member.1.Key=k", "ValidationError"),
        (f"Action=GetUser&{IAM}&" + "a." * 300 + "b=c", "MalformedInput"),
        (f"Action=GetUser&{IAM}" + "&a=b" * 100_001, "MalformedInput"),
    ],
)
def test_a_bad_form_is_refused_in_the_words_of_iam(body: str, wanted: str) -> None:
    assert code(form("iam", body)) == wanted


def test_the_action_of_a_query_and_of_a_form_may_not_differ() -> None:
    assert code(form("iam", f"Action=DeleteUser&{IAM}&UserName=a", target="/?Action=ListUsers")) == "MalformedInput"
    assert (
        code(decode(signed("iam", "POST", "/?Action=ListUsers&" + IAM, JSON, b"Action=DeleteUser"))) == "MalformedInput"
    )
    assert code(form("iam", f"Action=ListUsers&{IAM}", target="/users")) == "InvalidAction"
    assert decode(signed("iam", "GET", f"/?Action=ListUsers&{IAM}", {}, b"")) == call("iam", "ListUsers")


@pytest.mark.parametrize(
    ("body", "wanted", "word"),
    [
        ("Action=RunInstances&Version=2016-11-15", "MissingParameter", "M"),
        ("Action=Nope&Version=2016-11-15", "InvalidAction", "Nope"),
        ("Action=DescribeVpcs&Version=2016-11-15&Sneaky.1=x", "UnknownParameter", "Sneaky"),
        ("Action=DescribeVpcs&Version=2016-11-15&MaxResults=x", "InvalidParameterValue", "MaxResults"),
        ("Action=DescribeVpcs&Version=2016-11-15&DryRun=maybe", "InvalidParameterValue", "DryRun"),
        ("Action=DescribeVpcs&Version=2016-11-15&VpcId.2=x", "MalformedQueryString", "VpcId"),
    ],
)
def test_a_bad_form_is_refused_in_the_words_of_ec2(body: str, wanted: str, word: str) -> None:
    answer = form("ec2", body)
    assert code(answer) == wanted
    assert isinstance(answer, Undecodable) and word in answer.message


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b"{", "SerializationException"),
        (b"[]", "SerializationException"),
        (b"null", "SerializationException"),
        (b'{"Name": "\xff"}', "SerializationException"),
        (b'{"Name": 1}', "SerializationException"),
        (b'{"Name": ["x"]}', "SerializationException"),
        (b'{"Name": true}', "SerializationException"),
        (b'{"Name": "x", "WithDecryption": "true"}', "SerializationException"),
        (b'{"Name": null}', "ValidationException"),
        (b"{}", "ValidationException"),
        (b"", "ValidationException"),
        (b"[" * 100_000, "SerializationException"),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, "SerializationException"),
        (b'{"Name": ' + b"9" * 5_000 + b"}", "SerializationException"),
        (b'{"Name": NaN}', "SerializationException"),
        (b'{"Name": [' + b"1," * 1_000_001 + b"1]}", "SerializationException"),
    ],
)
def test_a_bad_json_body_is_refused(body: bytes, wanted: str) -> None:
    assert code(posted("ssm", "AmazonSSM.GetParameter", body)) == wanted


def test_an_item_nested_too_deeply_is_refused_and_one_as_deep_as_dynamodb_takes_is_not() -> None:
    def put(levels: int) -> Call | Undecodable:
        value: Any = {"S": "x"}
        for _ in range(levels):
            value = {"L": [value]}
        body = json.dumps({"TableName": "t", "Item": {"k": value}}).encode()
        return posted("dynamodb", "DynamoDB_20120810.PutItem", body)

    assert isinstance(put(32), Call)
    assert code(put(200)) == "SerializationException"


def test_the_target_header_alone_names_the_operation() -> None:
    headers = {**JSON, "X-Amz-Target": "AmazonSSM.GetParameter"}
    body = b'{"Name":"x"}'
    assert isinstance(decode(signed("ssm", "POST", "/", headers, body)), Call)
    assert code(decode(signed("ssm", "POST", "/?Action=DeleteParameter", headers, body))) == "UnknownOperationException"
    assert code(decode(signed("ssm", "POST", "/x", headers, body))) == "UnknownOperationException"
    assert code(decode(signed("ssm", "GET", "/", headers, body))) == "UnknownOperationException"
    assert code(decode(signed("iam", "POST", "/", headers, body))) == "UnknownOperationException"
    assert code(decode(signed("ssm", "POST", "/", {**headers, **FORMED}, body))) == "UnknownOperationException"
    assert code(decode(signed("ssm", "POST", "/", {**headers, "Action": "X"}, body))) == "InvalidRequest"
    assert code(posted("ssm", "AmazonSSM.Nope", body)) == "UnknownOperationException"
    assert code(posted("ssm", "GetParameter", body)) == "UnknownOperationException"


def test_an_unknown_service_is_refused() -> None:
    assert code(decode(signed("nothing", "POST", "/", FORMED, b"Action=X"))) == "UnknownOperationException"
    assert candidates("nothing", frozenset({"query"})) == ()
