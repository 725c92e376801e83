"""Whatever is sent is a Call or Undecodable, never an exception."""

from __future__ import annotations

import json

import pytest
from adapters.sandbox.wire import code, operations, posted, prepared, required_call, signed, whole_call
from catalogue.synthetic import model
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from narrowgate.adapters.sandbox.decode import decode
from narrowgate.adapters.sandbox.request import FORM, Request
from narrowgate.calls import Call

pytestmark = pytest.mark.slow

names = st.sampled_from(
    ["iam", "sts", "ec2", "autoscaling", "ssm", "dynamodb", "eks", "s3", "elasticloadbalancing", "kms", "lambda", "x"]
)
tokens = st.sampled_from(
    [
        *[
            "Action",
            "Version",
            "UserName",
            "Tags",
            "member",
            "1",
            "2",
            "Key",
            "Filter",
            "=",
            "&",
            ".",
            "%",
            "+",
            "/",
            "?",
        ],
        *["%ff", "%2F", "{", "}", "[", "]", '"', ":", "null", "<", ">", "</a>", "<a>", "acl", "clusters", "\x00", "é"],
        *["2010-05-08", "CreateUser", "RunInstances", "TagUser", "Name", "-1", "1e400", "entry", "<!DOCTYPE", "&#0;"],
    ]
)
soup = st.one_of(st.lists(tokens, max_size=25).map("".join), st.text(max_size=40))
bodies = st.one_of(soup.map(lambda text: text.encode("utf-8", "surrogatepass")), st.binary(max_size=60))
headers = st.dictionaries(
    st.sampled_from(
        ["content-type", "x-amz-target", "x-amz-copy-source", "x-amz-meta-a", "if-modified-since", "range"]
    ),
    st.one_of(soup, st.sampled_from([FORM, "AmazonSSM.GetParameter", "DynamoDB_20120810.PutItem"])),
    max_size=3,
)


@settings(max_examples=400, deadline=None)
@given(service=names, method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]), path=soup, sent=headers, body=bodies)
def test_any_request_is_a_call_or_undecodable(
    service: str, method: str, path: str, sent: dict[str, str], body: bytes
) -> None:
    answer = decode(signed(service, method, f"/{path}", sent, body))
    assert isinstance(answer, Call) or code(answer)


@st.composite
def spoilt(draw: st.DrawFn) -> Request:
    """A right request with one thing wrong: a cut, a swap or an insertion in its body, target or headers."""
    service = draw(st.sampled_from(["iam", "ec2", "dynamodb", "s3", "eks", "autoscaling"]))
    operation = draw(st.sampled_from(operations(service)))
    method, target, sent, body = prepared(draw(st.sampled_from([whole_call, required_call]))(service, operation))
    at = draw(st.integers(0, max(len(body), 1)))
    piece = draw(bodies)
    match draw(st.sampled_from(["cut", "insert", "replace", "target", "method", "header"])):
        case "cut":
            body = body[:at]
        case "insert":
            body = body[:at] + piece + body[at:]
        case "replace":
            body = body[:at] + piece + body[at + len(piece) :]
        case "target":
            target += piece.decode("latin-1")
        case "method":
            method = draw(st.sampled_from(["GET", "PUT", "POST", "OPTIONS", "BREW"]))
        case "header":
            sent = {name: value for name, value in sent.items() if draw(st.booleans())}
    return signed(str(model(service).signing_name), method, target, sent, body)


@pytest.mark.slow
@settings(max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(request=spoilt())
def test_a_spoilt_request_is_a_call_or_undecodable(request: Request) -> None:
    answer = decode(request)
    assert isinstance(answer, Call) or code(answer)


kinds = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["TableName", "Item", "Key", "S", "L", "M", "N", "B", "NULL", "x"]), inner),
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(body=kinds, operation=st.sampled_from(operations("dynamodb")))
def test_any_json_is_a_call_or_undecodable(body: object, operation: str) -> None:
    answer = posted("dynamodb", f"DynamoDB_20120810.{operation}", json.dumps(body).encode())
    assert isinstance(answer, Call) or code(answer)
