"""What the tables of S3 share: buckets, objects, versions, sources of copies. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_service-with-iam.html
INVARIANT: ARNs of buckets and objects have neither region nor account.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl, unquote

from narrowgate.calls import Fields
from narrowgate.catalogue.rule import Asked, Keys, Target, Where, spelled
from narrowgate.policy.request_context import Value


def bucket_target(asked: Asked, bucket: str) -> Target:
    """A bucket by name, or an access point by its ARN."""
    if bucket.startswith("arn:"):
        return Target(bucket, "accesspoint")
    return Target(asked.place.arn("s3", bucket, region="", account=""), "bucket")


def object_target(asked: Asked, bucket: str, key: str) -> Target:
    """An object in a bucket, or behind an access point."""
    whole = bucket_target(asked, bucket)
    if whole.type == "accesspoint":
        return Target(f"{whole.arn}/object/{key}", "accesspointobject")
    return Target(f"{whole.arn}/{key}", "object")


def the_bucket(asked: Asked) -> tuple[Target, ...]:
    """The bucket of the call."""
    return (bucket_target(asked, asked.text("Bucket")),)


def new_bucket(asked: Asked) -> tuple[Target, ...]:
    """The bucket that the call makes."""
    return (Target(bucket_target(asked, asked.text("Bucket")).arn, "bucket", new=True),)


def the_object(asked: Asked) -> tuple[Target, ...]:
    """The object of the call."""
    return (object_target(asked, asked.text("Bucket"), asked.text("Key")),)


def deleted(*, versions: bool) -> Where:
    """The objects of DeleteObjects, those with a version or those without."""

    def where(asked: Asked) -> Iterator[Target]:
        for each in asked.groups("Delete.Objects[]"):
            if ("VersionId" in each) is versions:
                yield object_target(asked, asked.text("Bucket"), spelled(each.get("Key")) or "")

    return where


def source(*, versions: bool) -> Where:
    """The source of a copy, if it names a version or if it does not: `bucket/key?versionId=1`, or a structure.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html#API_CopyObject_RequestSyntax
    """

    def where(asked: Asked) -> Iterator[Target]:
        bucket, key, version = _source(asked)
        if bool(version) is versions:
            yield object_target(asked, bucket, key)

    return where


def _source(asked: Asked) -> tuple[str, str, str]:
    for each in asked.groups("CopySource"):
        return _text(each, "Bucket"), _text(each, "Key"), _text(each, "VersionId")
    path, _, version = asked.text("CopySource").partition("?versionId=")
    whole = unquote(path).removeprefix("/")
    if whole.startswith("arn:"):
        bucket, _, key = whole.partition("/object/")
    else:
        bucket, _, key = whole.partition("/")
    return bucket, key, version


def _text(fields: Fields, member: str) -> str:
    return spelled(fields.get(member)) or ""


def with_version(asked: Asked) -> bool:
    """Whether the call names a version of the object."""
    return bool(asked.text("VersionId"))


def without_version(asked: Asked) -> bool:
    """Whether the call means the current version."""
    return not with_version(asked)


def gives_acl(asked: Asked) -> bool:
    """Whether the call sets an access control list."""
    return bool(asked.text("ACL")) or any(name.startswith("Grant") for name in asked.call.params)


def keys_at(*names: str) -> tuple[Keys, ...]:
    """S3's keys that are named as headers are: `x-amz-acl=ACL`."""
    return tuple(_header(*name.split("=")) for name in names)


def _header(name: str, path: str) -> Keys:
    def keys(asked: Asked, _: Target) -> Mapping[str, Value]:
        return {f"s3:{name}": text for text in asked.texts(path)[:1]}

    return keys


def object_tags(asked: Asked, _: Target) -> Mapping[str, Value]:
    """`s3:RequestObjectTag/...` and `s3:RequestObjectTagKeys`, from the query string that `Tagging` is.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/tagging-and-policies.html
    """
    tags = dict(parse_qsl(asked.text("Tagging")))
    told = {f"s3:RequestObjectTag/{name}": value for name, value in tags.items()}
    return {**told, "s3:RequestObjectTagKeys": tuple(tags)} if tags else {}
