"""Signatures as a server sees them: botocore's own signers, and AWS's published vectors, are the oracle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from adapters.sandbox.claims import KEY, SECRET, authorization, good, header
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate.adapters.sandbox.signature import (
    Claim,
    Signature,
    freshness,
    matches,
    signature_of,
)

pytestmark = pytest.mark.slow

Pairs = list[tuple[str, str]]


def sent(made: Any) -> tuple[str, str, Pairs, bytes]:
    """Method, target, headers and body of a signed request, as they come out of a socket."""
    ready = made.prepare()
    parts = urlsplit(ready.url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    headers = [
        (name.lower(), value if isinstance(value, str) else value.decode()) for name, value in ready.headers.items()
    ]
    body = ready.body if isinstance(ready.body, bytes) else (ready.body or "").encode()
    return ready.method, target, [*headers, ("host", parts.netloc)], body


def signed(signer: Callable[..., Any], request: AWSRequest, *, service: str, token: str | None = None) -> Claim:
    signer(Credentials(KEY, SECRET, token), service, "us-east-1").add_auth(request)
    return signature_of(*sent(request))


letters = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x2FF, exclude_categories=["Cs", "Cc"]), max_size=12)
paths = st.lists(
    st.one_of(letters, st.sampled_from(["", ".", "..", "a b", "a/b", "~", "%2F", "+", "é", "*'()"])), max_size=5
)
queries = st.lists(st.tuples(letters.filter(bool), letters), max_size=4)
values = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
more_headers = st.dictionaries(
    st.sampled_from(["X-Amz-Meta-A", "X-Amz-Target", "Content-Type", "My-Header"]), values, max_size=3
)


@st.composite
def requests(draw: st.DrawFn) -> AWSRequest:
    path = "/" + "/".join(quote(part, safe="~") for part in draw(paths))
    query = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in draw(queries))
    url = f"http://127.0.0.1:4566{path}" + (f"?{query}" if query else "")
    method = draw(st.sampled_from(["GET", "POST", "PUT", "DELETE"]))
    return AWSRequest(method, url, headers=draw(more_headers), data=draw(st.binary(max_size=30)))


tokens = st.one_of(st.none(), st.just("AQoEXAMPLE+/=token"))


@settings(max_examples=200, deadline=None)
@given(request=requests(), token=tokens, name=st.sampled_from(["iam", "s3"]))
def test_what_botocore_signs_in_a_header_matches_and_with_another_secret_does_not(
    request: AWSRequest, token: str | None, name: str
) -> None:
    found = good(signed(S3SigV4Auth if name == "s3" else SigV4Auth, request, service=name, token=token))
    assert matches(found, SECRET)
    assert not matches(found, SECRET + "x")
    assert (found.scope.key_id, found.scope.region, found.scope.service) == (KEY, "us-east-1", name)
    assert (found.token, found.expires) == (token, None)
    assert freshness(found, datetime.now(UTC)) is None


@settings(max_examples=200, deadline=None)
@given(request=requests(), token=tokens, name=st.sampled_from(["sts", "s3"]))
def test_what_botocore_presigns_matches(request: AWSRequest, token: str | None, name: str) -> None:
    request.data = b""
    found = good(signed(S3SigV4QueryAuth if name == "s3" else SigV4QueryAuth, request, service=name, token=token))
    assert matches(found, SECRET)
    assert not matches(found, SECRET.lower())
    assert found.token == token
    assert found.expires == 3600
    assert freshness(found, found.at + timedelta(seconds=3600)) is None
    assert freshness(found, found.at + timedelta(seconds=3601))


@settings(max_examples=150, deadline=None)
@given(request=requests(), change=st.sampled_from(["method", "path", "query", "header", "body", "host", "date"]))
def test_one_thing_changed_after_signing_does_not_match(request: AWSRequest, change: str) -> None:
    SigV4Auth(Credentials(KEY, SECRET), "iam", "us-east-1").add_auth(request)
    method, target, headers, body = sent(request)
    swapped = {"host": "other", "date": "20150830T123600Z"}
    match change:
        case "method":
            method = "PATCH"
        case "path":
            path, mark, query = target.partition("?")
            target = f"{path}x{mark}{query}"
        case "query":
            target += "&a=b" if "?" in target else "?a=b"
        case "body":
            body += b"x"
        case "header":
            headers = [*headers, ("host", "again")]
        case _:
            headers = [(n, swapped[change] if n.endswith(change) else v) for n, v in headers]
    claim = signature_of(method, target, headers, body)
    assert not isinstance(claim, Signature) or not matches(claim, SECRET)


# https://docs.aws.amazon.com/general/latest/gr/signature-v4-test-suite.html (retired; known by every SDK's tests).
VECTORS: list[tuple[str, str, str, Pairs, str]] = [
    ("get-vanilla", "GET", "/", [], "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    ("post-vanilla", "POST", "/", [], "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    (
        "get-vanilla-query-order-key-case",
        "GET",
        "/?Param2=value2&Param1=value1",
        [],
        "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ),
    (
        "get-header-value-trim",
        "GET",
        "/",
        [("my-header1", " value1"), ("my-header2", ' "a   b   c"')],
        "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
    ),
]


@pytest.mark.parametrize(("name", "method", "target", "more", "value"), VECTORS, ids=[row[0] for row in VECTORS])
def test_the_published_vectors(name: str, method: str, target: str, more: Pairs, value: str) -> None:
    names = ";".join(sorted({"host", "x-amz-date", *(key for key, _ in more)}))
    found = good(header(authorization(value, names), *more, target=target, method=method))
    assert matches(found, SECRET)
    assert not matches(replace(found, day="20150831"), SECRET)


def test_the_published_example_of_s3_with_a_range() -> None:
    # https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    scope = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"
    value = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    headers = [
        ("host", "examplebucket.s3.amazonaws.com"),
        ("range", "bytes=0-9"),
        ("x-amz-content-sha256", empty),
        ("x-amz-date", "20130524T000000Z"),
        ("authorization", authorization(value, "host;range;x-amz-content-sha256;x-amz-date", scope)),
    ]
    found = good(signature_of("GET", "/test.txt", headers, b""))
    assert matches(found, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")


def test_the_published_example_of_a_presigned_url() -> None:
    # https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
    target = (
        "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
        "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )
    found = good(signature_of("GET", target, [("host", "examplebucket.s3.amazonaws.com")], b""))
    assert matches(found, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    assert found.payload == "UNSIGNED-PAYLOAD"


def test_a_repeated_header_is_signed_as_its_values_in_order() -> None:
    one = AWSRequest("GET", "http://example.amazonaws.com/", headers={"My-Header": "b,a"})
    SigV4Auth(Credentials(KEY, SECRET), "iam", "us-east-1").add_auth(one)
    method, target, headers, body = sent(one)
    rest = [pair for pair in headers if pair[0] != "my-header"]
    both = good(signature_of(method, target, [*rest, ("my-header", " b "), ("my-header", "a")], body))
    assert matches(both, SECRET)
    turned = good(signature_of(method, target, [*rest, ("my-header", "a"), ("my-header", "b")], body))
    assert not matches(turned, SECRET)


def test_a_path_sent_unencoded_matches_what_the_client_signed() -> None:
    request = AWSRequest("GET", "http://127.0.0.1/b/a%20b", headers={})
    S3SigV4Auth(Credentials(KEY, SECRET), "s3", "us-east-1").add_auth(request)
    method, _, headers, body = sent(request)
    assert matches(good(signature_of(method, "/b/a b", headers, body)), SECRET)
    assert not matches(good(signature_of(method, "/b/a%2Bb", headers, body)), SECRET)


def test_the_date_header_serves_where_there_is_no_amz_date() -> None:
    request = AWSRequest("GET", "http://127.0.0.1/", headers={"Date": "x"})
    found = good(signed(SigV4Auth, request, service="iam"))
    assert matches(found, SECRET)
    assert freshness(found, datetime.now(UTC)) is None
