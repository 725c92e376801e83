"""Malformed, stale and contradictory signatures, each with the reason that the client is told."""

from __future__ import annotations

from datetime import timedelta

import pytest
from adapters.sandbox.claims import ANY, AT, KEY, SCOPE, SECRET, STAMP, authorization, bad, good, header
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgate.adapters.sandbox.signature import Malformed, Unsigned, freshness, matches, signature_of


def test_a_request_without_any_signature_is_unsigned() -> None:
    assert signature_of("GET", "/?a=b", [("host", "h")], b"") == Unsigned()


@pytest.mark.parametrize(
    ("value", "word"),
    [
        ("AWS AKIDEXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=", "version 2"),
        ("AWS4-ECDSA-P256-SHA256 Credential=a", "4A"),
        ("Bearer abc", "Unsupported"),
        ("", "Unsupported"),
        ("AWS4-HMAC-SHA256", "not understood"),
        (f"AWS4-HMAC-SHA256 Credential={SCOPE}", "'Signature'"),
        (authorization(ANY) + ", Extra=1", "Extra"),
        (authorization(ANY) + f", Credential={SCOPE}", "Credential"),
        (authorization("zz"), "hexadecimal"),
        (authorization(ANY.upper().replace("0", "A")), "hexadecimal"),
        (authorization(ANY, scope="a/b/c"), "5 slash"),
        (authorization(ANY, scope="/20150830/us-east-1/iam/aws4_request"), "5 slash"),
        (authorization(ANY, scope=f"{KEY}/2015-08-30/us-east-1/iam/aws4_request"), "YYYYMMDD"),
        (authorization(ANY, scope=f"{KEY}/20150830/us-east-1/iam/aws5_request"), "terminator"),
        (authorization(ANY, scope=f"{KEY}/20150830/us-east-1/IAM/aws4_request"), "correct service"),
        (authorization(ANY, "x-amz-date"), "Host"),
        (authorization(ANY, "host"), "not signed: x-amz-date"),
        (authorization(ANY, "x-amz-date;host"), "sorted"),
        (authorization(ANY, "host;host;x-amz-date"), "sorted"),
        (authorization(ANY, "Host;x-amz-date"), "lower case"),
        (authorization(ANY, ""), "lower case"),
    ],
)
def test_a_malformed_authorization_says_why(value: str, word: str) -> None:
    assert word in bad(header(value))


def test_headers_that_contradict_one_another_are_malformed() -> None:
    right = authorization(ANY)
    assert "one Authorization" in bad(header(right, ("authorization", right)))
    assert "more than once" in bad(header(right, ("x-amz-date", STAMP)))
    assert "Only one auth mechanism" in bad(header(right, target="/?X-Amz-Algorithm=AWS4-HMAC-SHA256"))
    assert "control" in bad(header(right, target="/\n"))
    undated = signature_of("GET", "/", [("host", "h"), ("authorization", authorization(ANY, "host"))], b"")
    assert "X-Amz-Date" in bad(undated)
    wrong = signature_of("GET", "/", [("host", "h"), ("x-amz-date", "soon"), ("authorization", right)], b"")
    assert "ISO-8601" in bad(wrong)
    assert "not signed: x-amz-security-token" in bad(header(right, ("x-amz-security-token", "t")))


def test_a_claimed_hash_is_the_bodys_and_only_s3_may_leave_it_unsigned() -> None:
    names = "host;x-amz-content-sha256;x-amz-date"
    s3 = f"{KEY}/20150830/us-east-1/s3/aws4_request"
    assert "does not match" in bad(header(authorization(ANY, names), ("x-amz-content-sha256", ANY), body=b"x"))
    unsigned = ("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
    assert "only S3" in bad(header(authorization(ANY, names), unsigned))
    assert good(header(authorization(ANY, names, s3), unsigned, body=b"x")).payload == "UNSIGNED-PAYLOAD"
    chunks = ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
    assert "chunks" in bad(header(authorization(ANY, names, s3), chunks))


PRESIGNED = {
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": SCOPE.replace("service", "s3"),
    "X-Amz-Date": STAMP,
    "X-Amz-Expires": "60",
    "X-Amz-SignedHeaders": "host",
    "X-Amz-Signature": ANY,
}


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("X-Amz-Algorithm", "AWS4-ECDSA-P256-SHA256", "4A"),
        ("X-Amz-Algorithm", None, "Unsupported"),
        ("X-Amz-Credential", None, "X-Amz-Credential"),
        ("X-Amz-Signature", None, "X-Amz-Signature"),
        ("X-Amz-SignedHeaders", "x-a", "Host"),
        ("X-Amz-Expires", None, "at least 1"),
        ("X-Amz-Expires", "0", "at least 1"),
        ("X-Amz-Expires", "-5", "at least 1"),
        ("X-Amz-Expires", "1e3", "at least 1"),
        ("X-Amz-Expires", "604801", "less than a week"),
        ("X-Amz-Date", "20150832T000000Z", "ISO-8601"),
        ("X-Amz-Date", "20150830T123600Z&X-Amz-Date=20150830T123600Z", "more than once"),
        ("AWSAccessKeyId", "", ""),
    ],
)
def test_a_malformed_presigned_url_says_why(name: str, value: str | None, word: str) -> None:
    fields = {key: each for key, each in {**PRESIGNED, name: value}.items() if each is not None}
    query = "&".join(f"{key}={each}" for key, each in fields.items())
    claim = signature_of("GET", f"/?{query}", [("host", "h")], b"")
    assert word in bad(claim) if word else good(claim)


def test_version_2_in_a_query_or_a_form_is_named() -> None:
    old = "AWSAccessKeyId=a&SignatureVersion=2&Signature=b"
    assert "version 2" in bad(signature_of("GET", f"/?{old}", [("host", "h")], b""))
    assert "version 2" in bad(signature_of("POST", "/", [("host", "h")], b"Action=X&" + old.encode()))


@pytest.mark.parametrize(
    ("minutes", "word"),
    [(0, None), (15, None), (-15, None), (15.02, "expired"), (120, "expired"), (-15.02, "not yet current")],
)
def test_a_header_is_fresh_for_a_quarter_of_an_hour_both_ways(minutes: float, word: str | None) -> None:
    said = freshness(good(header(authorization(ANY))), AT + timedelta(minutes=minutes))
    assert said is None if word is None else said is not None and word in said


def test_a_presigned_url_is_fresh_from_its_date_until_it_expires() -> None:
    query = "&".join(f"{key}={value}" for key, value in PRESIGNED.items())
    found = good(signature_of("GET", f"/?{query}", [("host", "h")], b""))
    assert freshness(found, AT) is None
    assert freshness(found, AT + timedelta(seconds=60)) is None
    assert "expired" in str(freshness(found, AT + timedelta(seconds=61)))
    assert "not yet" in str(freshness(found, AT - timedelta(seconds=1)))


def test_the_day_of_the_scope_is_the_day_of_the_date() -> None:
    claim = good(header(authorization(ANY, scope=SCOPE.replace("20150830", "20150829"))))
    assert "does not match" in str(freshness(claim, AT))


def test_nothing_secret_is_in_the_repr() -> None:
    found = good(header(authorization(ANY, "host;x-amz-date;x-amz-security-token"), ("x-amz-security-token", "tok-en")))
    assert "tok-en" not in repr(found)
    assert ANY not in repr(found)


@settings(max_examples=300, deadline=None)
@given(
    value=st.one_of(st.text(max_size=80), st.text(max_size=20).map(lambda text: authorization(ANY, text, SCOPE))),
    target=st.text(max_size=40),
    stamp=st.text(max_size=20),
    body=st.binary(max_size=10),
)
def test_any_text_is_a_claim(value: str, target: str, stamp: str, body: bytes) -> None:
    pairs = [("host", "h"), ("authorization", value), ("x-amz-date", stamp)]
    for headers in (pairs, pairs[:1]):
        claim = signature_of("GET", target, headers, body)
        assert isinstance(claim, Malformed | Unsigned) or not matches(claim, SECRET)
