"""The decoder on REST services: one path means one operation, and an XML body is read as any other reader reads it."""

from __future__ import annotations

import pytest
from adapters.sandbox.wire import FORMED, code, s3, signed

from narrowgate.adapters.sandbox.decode import decode
from narrowgate.calls import Call, Fields, call


def test_a_path_with_two_meanings_has_none() -> None:
    assert isinstance(decode(signed("eks", "DELETE", "/clusters/a", {}, b"")), Call)
    assert decode(signed("eks", "DELETE", "/clusters/a/node-groups/b", {}, b"")) == call(
        "eks", "DeleteNodegroup", clusterName="a", nodegroupName="b"
    )
    assert (
        code(decode(signed("eks", "DELETE", "/clusters/a%2Fnode-groups%2Fb", {}, b""))) == "UnknownOperationException"
    )
    arn = "arn%3Aaws%3Aeks%3Aus-east-1%3A1%3Acluster%2Fa"
    found = decode(signed("eks", "GET", f"/tags/{arn}", {}, b""))
    assert found == call("eks", "ListTagsForResource", resourceArn="arn:aws:eks:us-east-1:1:cluster/a")


def test_eks_requests_that_mean_nothing_are_refused() -> None:
    unknown = "UnknownOperationException"
    assert code(decode(signed("eks", "GET", "/nothing/here", {}, b""))) == unknown
    assert code(decode(signed("eks", "PATCH", "/clusters", {}, b""))) == unknown
    assert code(decode(signed("eks", "GET", "/clusters?Action=DeleteCluster", {}, b""))) == unknown
    assert code(decode(signed("eks", "POST", "/clusters", FORMED, b"{}"))) == unknown
    assert code(decode(signed("eks", "GET", "/clusters/%ff", {}, b""))) == "InvalidURI"
    assert code(decode(signed("eks", "POST", "/clusters", {}, b"{"))) == "SerializationException"
    assert code(decode(signed("eks", "POST", "/clusters", {}, b"{}"))) == "ValidationException"
    assert code(decode(signed("eks", "GET", "/clusters?maxResults=x", {}, b""))) == "SerializationException"
    assert (
        code(decode(signed("eks", "GET", "/clusters?maxResults=1&maxResults=2", {}, b""))) == "SerializationException"
    )


@pytest.mark.parametrize(
    ("method", "target", "operation", "params"),
    [
        ("GET", "/", "ListBuckets", {}),
        ("GET", "/b", "ListObjects", {"Bucket": "b"}),
        ("GET", "/b/", "ListObjects", {"Bucket": "b"}),
        ("GET", "/b?list-type=2&prefix=a%2F", "ListObjectsV2", {"Bucket": "b", "Prefix": "a/"}),
        ("GET", "/b?acl", "GetBucketAcl", {"Bucket": "b"}),
        ("GET", "/b/?policy=", "GetBucketPolicy", {"Bucket": "b"}),
        ("GET", "/b?analytics&id=x", "GetBucketAnalyticsConfiguration", {"Bucket": "b", "Id": "x"}),
        ("GET", "/b?analytics", "ListBucketAnalyticsConfigurations", {"Bucket": "b"}),
        ("GET", "/b/k?x-id=GetObject", "GetObject", {"Bucket": "b", "Key": "k"}),
        ("GET", "/b/a/../k/", "GetObject", {"Bucket": "b", "Key": "a/../k/"}),
        ("GET", "/b//k", "GetObject", {"Bucket": "b", "Key": "/k"}),
        ("GET", "/b/a%2Fk%20%2B+", "GetObject", {"Bucket": "b", "Key": "a/k ++"}),
        ("GET", "/b/k?uploadId=u", "ListParts", {"Bucket": "b", "Key": "k", "UploadId": "u"}),
        ("HEAD", "/b", "HeadBucket", {"Bucket": "b"}),
        ("DELETE", "/b/k?versionId=v", "DeleteObject", {"Bucket": "b", "Key": "k", "VersionId": "v"}),
    ],
)
def test_s3_by_path_and_sub_resource(method: str, target: str, operation: str, params: dict[str, object]) -> None:
    assert s3(method, target) == call("s3", operation, **params)


def test_s3_copies_are_told_from_puts_by_their_header() -> None:
    assert isinstance(found := s3("PUT", "/b/k", b"x", x_amz_meta_a="1"), Call)
    assert (found.operation, found.params["Body"], found.params["Metadata"]) == ("PutObject", b"x", Fields(a="1"))
    assert isinstance(found := s3("PUT", "/b/k", x_amz_copy_source="/c/d"), Call)
    assert found.operation == "CopyObject"
    assert isinstance(found := s3("PUT", "/b/k?partNumber=1&uploadId=u", x_amz_copy_source="/c/d"), Call)
    assert found.operation == "UploadPartCopy"


def test_what_selects_two_operations_of_s3_is_refused() -> None:
    assert code(s3("GET", "/b?acl&policy")) == "InvalidArgument"
    assert code(s3("PUT", "/b/k?acl&uploadId=u")) == "InvalidArgument"
    assert code(s3("PUT", "/b/k?acl", x_amz_copy_source="/c/d")) == "InvalidArgument"
    assert code(s3("PATCH", "/b/k")) == "MethodNotAllowed"
    assert code(s3("GET", "/b%2Fk")) == "MethodNotAllowed"
    assert code(s3("GET", "/b/%ff")) == "InvalidURI"


TAGS = "<Tagging><TagSet>{}</TagSet></Tagging>"
TAG = "<Tag><Key>k</Key><Value>v</Value></Tag>"


def test_a_tagging_of_s3_is_read() -> None:
    wanted = call("s3", "PutBucketTagging", Bucket="b", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    assert s3("PUT", "/b?tagging", TAGS.format(TAG).encode()) == wanted
    spaced = f'<?xml version="1.0" encoding="UTF-8"?>\n{TAGS.format(TAG)}'.replace(
        "<Tagging>", '<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    )
    assert s3("PUT", "/b?tagging", spaced.encode()) == wanted


@pytest.mark.parametrize(
    "body",
    [
        b"<Tagging>",
        b"<Other><TagSet/></Other>",
        b"\xff\xfe<\x00T\x00/\x00>\x00",
        b"\x00",
        TAGS.format("<Tag><Key>k</Key><Key>l</Key><Value>v</Value></Tag>").encode(),
        b'<!DOCTYPE T [<!ENTITY a "k">]>' + TAGS.format("<Tag><Key>&a;</Key><Value>v</Value></Tag>").encode(),
        b'<!DOCTYPE T [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + TAGS.format(TAG).encode(),
        TAGS.format("<Tag><Key>&a;</Key><Value>v</Value></Tag>").encode(),
        b'<?xml version="1.0" encoding="ISO-8859-1"?>' + TAGS.format(TAG).encode(),
        b'<?xml version="1.0" encoding="utf-7"?>' + TAGS.format(TAG).encode(),
        b"<a>" * 200_000 + b"</a>" * 200_000,
    ],
)
def test_a_bad_xml_body_is_refused(body: bytes) -> None:
    assert code(s3("PUT", "/b?tagging", body)) == "MalformedXML"


def test_an_xml_body_without_a_required_member_or_with_elements_for_a_text_is_refused() -> None:
    assert code(s3("PUT", "/b?tagging", TAGS.format("<Tag><Key>k</Key></Tag>").encode())) == "InvalidRequest"
    assert code(s3("PUT", "/b?tagging")) == "InvalidRequest"
    deep = TAGS.format(f"<Tag><Key>{TAG}</Key><Value>v</Value></Tag>")
    assert code(s3("PUT", "/b?tagging", deep.encode())) == "InvalidArgument"
