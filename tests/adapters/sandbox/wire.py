"""What botocore puts on the wire for a call, without a client: the other side of the decoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from botocore.awsrequest import create_request_object, prepare_request_dict
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.serialize import create_serializer
from catalogue.synthetic import _value, full_call, model

from narrowgate.adapters.aws import _sealed, _thawed
from narrowgate.adapters.sandbox.decode import decode
from narrowgate.adapters.sandbox.request import FORM, Request, parse, wsgi_environ
from narrowgate.adapters.sandbox.undecodable import Undecodable
from narrowgate.calls import Call, Fields, Value, freeze

SERVICES: Final = (
    *("iam", "sts", "ec2", "autoscaling", "ssm", "secretsmanager", "dynamodb"),
    *("service-quotas", "elb", "elbv2", "eks", "s3", "cloudformation", "kms"),
)
JSON: Final = {"Content-Type": "application/x-amz-json-1.1"}
FORMED: Final = {"Content-Type": f"{FORM}; charset=utf-8"}
# Two names for one request; the later one is what AWS documents.
ALIASES: Final = {
    "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
    "GetBucketNotification": "GetBucketNotificationConfiguration",
    "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
    "PutBucketNotification": "PutBucketNotificationConfiguration",
    # Told apart from ListBuckets by the host alone.
    "ListDirectoryBuckets": "ListBuckets",
}
COMPOUND: Final = ("structure", "list", "map")
# What a Request does not keep, because it does not decide anything.
DROPPED: Final = {("s3", "ContentLength")}


def operations(service: str) -> list[str]:
    """The names of a service's operations."""
    return list(model(service).operation_names)


def prepared(call: Call) -> tuple[str, str, dict[str, str], bytes]:
    """Method, target, headers and body as botocore prepares them, unsigned."""
    service = model(call.service)
    found: OperationModel = service.operation_model(call.operation)
    serialized = create_serializer(str(service.protocol), include_validation=False).serialize_to_request(
        _thawed(call.params), found
    )
    prepare_request_dict(serialized, endpoint_url="http://127.0.0.1:1", user_agent="tests")
    made: Any = create_request_object(serialized).prepare()
    parts = urlsplit(made.url)
    headers = {name: _text(value) for name, value in made.headers.items()}
    body = made.body.encode() if isinstance(made.body, str) else made.body or b""
    return made.method, parts.path + (f"?{parts.query}" if parts.query else ""), headers, body


def signed(service: str, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Request:
    """The Request that the layer makes of what a client sent, signed for a service (by signing name)."""
    credential = f"AKIDEXAMPLE/20260101/us-east-1/{service}/aws4_request"
    authorization = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=00"
    return parse(wsgi_environ(method, target, {**headers, "Authorization": authorization}, body))


def request_of(call: Call) -> Request:
    """The Request that botocore makes for a call."""
    return signed(str(model(call.service).signing_name), *prepared(call))


def whole_call(service: str, operation: str) -> Call:
    """The operation with all its parameters, and complete where the synthetic ones end for their depth."""
    return _complete(full_call(service, operation))


def required_call(service: str, operation: str) -> Call:
    """The operation with only the parameters that its model requires."""
    full = full_call(service, operation)
    shape = model(service).operation_model(operation).input_shape
    return _complete(Call(service, operation, _required(full.params, shape) if shape else Fields()))


def _required(value: Value, shape: Shape) -> Any:
    match value, shape:
        case Fields(), StructureShape():
            return Fields({k: _required(value[k], shape.members[k]) for k in value if k in shape.required_members})
        case Fields(), MapShape():
            return Fields({key: _required(each, shape.value) for key, each in value.items()})
        case tuple(), ListShape():
            return tuple(_required(each, shape.member) for each in value)
    return value


def _complete(call: Call) -> Call:
    shape = model(call.service).operation_model(call.operation).input_shape
    return Call(call.service, call.operation, _completed(call.params, shape, top=True)) if shape else call


def _completed(value: Value, shape: Shape, *, top: bool = False) -> Any:
    """The value with what its model requires, nothing in it empty: a protocol may have no word for that."""
    match shape:
        case StructureShape():
            given = dict(value) if isinstance(value, Fields) else {}
            simple = [name for name, each in shape.members.items() if each.type_name not in COMPOUND]
            wanted = set(given) | set(shape.required_members) or (
                set() if top else {*(simple or list(shape.members))[:1]}
            )
            return Fields({name: _completed(given.get(name), shape.members[name]) for name in wanted})
        case ListShape():
            elements = value if isinstance(value, tuple) and value else (None,)
            return tuple(_completed(each, shape.member) for each in elements)
        case MapShape():
            entries = value if isinstance(value, Fields) and value else {"k": None}
            return Fields({key: _completed(each, shape.value) for key, each in entries.items()})
    return freeze(_value(shape, "made", 1)) if value is None else value


def expected(call: Call) -> Call:
    """The call as it must come back: secrets sealed, and without what a Request does not keep."""
    shape = model(call.service).operation_model(call.operation).input_shape
    sealed = _sealed(_thawed(call.params), shape)
    fields = sealed if isinstance(sealed, Fields) else Fields()
    kept = Fields({name: value for name, value in fields.items() if (call.service, name) not in DROPPED})
    return Call(call.service, call.operation, kept)


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def form(service: str, body: str | bytes, method: str = "POST", target: str = "/") -> Call | Undecodable:
    """What is made of a form of a query service."""
    given_body = body.encode() if isinstance(body, str) else body
    return decode(signed(service, method, target, FORMED, given_body))


def posted(service: str, target: str, body: bytes) -> Call | Undecodable:
    """What is made of a JSON body with a target."""
    return decode(signed(service, "POST", "/", {**JSON, "X-Amz-Target": target}, body))


def s3(method: str, target: str, body: bytes = b"", **headers: str) -> Call | Undecodable:
    """What is made of a request to S3."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return decode(signed("s3", method, target, named, body))


def code(answer: Call | Undecodable) -> str:
    """The code of an error; asserts that it is one of the client's and has a message."""
    assert isinstance(answer, Undecodable), answer
    assert 400 <= answer.status < 500
    assert answer.message
    return answer.code
