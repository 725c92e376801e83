"""S3's objects: by general rules, with a table of operations whose actions have other names.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
An operation on a version of an object is another action than the same on the object.
"""

from __future__ import annotations

from typing import Final

from narrowgate.catalogue.encryption import keys_at as kms_keys
from narrowgate.catalogue.encryption import keys_behind, via
from narrowgate.catalogue.mechanical import Row, each, rules_of
from narrowgate.catalogue.rule import Keys, Rule, Table, When, equals, given
from narrowgate.catalogue.s3 import (
    deleted,
    gives_acl,
    keys_at,
    object_tags,
    source,
    the_object,
    with_version,
    without_version,
)

_VERSION: Final = keys_at("versionid=VersionId")
_ACL: Final = keys_at(
    "x-amz-acl=ACL",
    "x-amz-grant-full-control=GrantFullControl",
    "x-amz-grant-read=GrantRead",
    "x-amz-grant-read-acp=GrantReadACP",
    "x-amz-grant-write-acp=GrantWriteACP",
)
_STORED: Final = keys_at(
    "x-amz-storage-class=StorageClass",
    "x-amz-server-side-encryption=ServerSideEncryption",
    "x-amz-server-side-encryption-aws-kms-key-id=SSEKMSKeyId",
    "x-amz-server-side-encryption-customer-algorithm=SSECustomerAlgorithm",
    "x-amz-website-redirect-location=WebsiteRedirectLocation",
)
_IF: Final = keys_at("if-match=IfMatch", "if-none-match=IfNoneMatch")
_LOCK: Final = keys_at("object-lock-mode=ObjectLockMode", "object-lock-retain-until-date=ObjectLockRetainUntilDate")
_HOLD: Final = keys_at("object-lock-legal-hold=ObjectLockLegalHoldStatus")
_COPY: Final = keys_at("x-amz-copy-source=CopySource", "x-amz-metadata-directive=MetadataDirective")


def _upon(action: str, when: When, *keys: Keys) -> Rule:
    return Rule(f"s3:{action}", the_object, when, keys)


def _versioned(plain: str, version: str, *keys: Keys) -> tuple[Rule, ...]:
    """An action, or the other one that the same operation is for a version."""
    return _upon(plain, without_version, *keys), _upon(version, with_version, *_VERSION, *keys)


def _decrypts() -> Rule:
    """Where a customer's key encrypts the object.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    """
    return Rule("kms:Decrypt", keys_behind(the_object), keys=(via("s3"),))


_BYPASS: Final = Rule("s3:BypassGovernanceRetention", the_object, equals("BypassGovernanceRetention", "true"))
_SOURCE: Final = (
    Rule("s3:GetObject", source(versions=False)),
    Rule("s3:GetObjectVersion", source(versions=True)),
)
# What a new object gets beside its content is an action each.
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
_BESIDE: Final = (
    _upon("PutObjectAcl", gives_acl, *_ACL),
    _upon("PutObjectTagging", given("Tagging"), object_tags),
    _upon("PutObjectRetention", given("ObjectLockMode", "ObjectLockRetainUntilDate"), *_LOCK),
    _upon("PutObjectLegalHold", given("ObjectLockLegalHoldStatus"), *_HOLD),
    Rule("kms:GenerateDataKey", kms_keys("SSEKMSKeyId"), keys=(via("s3"),)),
)
_WRITE: Final = (*_ACL, *_STORED, *_LOCK, *_HOLD, object_tags)


def _put(operation: str, *also: Rule, keys: tuple[Keys, ...] = ()) -> Row:
    return Row(operation, the_object, "PutObject", keys=keys, also=also)


_ROWS: Final = (
    _put("PutObject", *_BESIDE, keys=(*_WRITE, *_IF)),
    _put("CopyObject", *_SOURCE, *_BESIDE, keys=(*_WRITE, *_COPY)),
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
    _put("CreateMultipartUpload", *_BESIDE, keys=_WRITE),
    _put("UploadPart"),
    _put("UploadPartCopy", *_SOURCE),
    _put("CompleteMultipartUpload", keys=_IF),
    Row("ListParts", the_object, "ListMultipartUploadParts"),
    Row("SelectObjectContent", the_object, "GetObject"),
    *each("AbortMultipartUpload GetObjectLegalHold GetObjectRetention GetObjectTorrent RestoreObject", the_object),
    Row("PutObjectLegalHold", the_object, keys=keys_at("object-lock-legal-hold=LegalHold.Status")),
    Row(
        "PutObjectRetention",
        the_object,
        keys=keys_at("object-lock-mode=Retention.Mode", "object-lock-retain-until-date=Retention.RetainUntilDate"),
        also=(_BYPASS,),
    ),
)

TABLE: Final = Table(
    "s3",
    {
        **rules_of("s3", _ROWS),
        "GetObject": (*_versioned("GetObject", "GetObjectVersion"), _decrypts()),
        "HeadObject": _versioned("GetObject", "GetObjectVersion"),
        # https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html
        "GetObjectAttributes": (
            *_versioned("GetObject", "GetObjectVersion"),
            *_versioned("GetObjectAttributes", "GetObjectVersionAttributes"),
        ),
        "GetObjectAcl": _versioned("GetObjectAcl", "GetObjectVersionAcl"),
        "PutObjectAcl": _versioned("PutObjectAcl", "PutObjectVersionAcl", *_ACL),
        "GetObjectTagging": _versioned("GetObjectTagging", "GetObjectVersionTagging"),
        "PutObjectTagging": _versioned("PutObjectTagging", "PutObjectVersionTagging"),
        "DeleteObjectTagging": _versioned("DeleteObjectTagging", "DeleteObjectVersionTagging"),
        "DeleteObject": (*_versioned("DeleteObject", "DeleteObjectVersion"), _BYPASS),
        "DeleteObjects": (
            Rule("s3:DeleteObject", deleted(versions=False)),
            Rule("s3:DeleteObjectVersion", deleted(versions=True)),
            Rule(
                "s3:BypassGovernanceRetention",
                deleted(versions=True),
                equals("BypassGovernanceRetention", "true"),
            ),
        ),
    },
    mechanical=True,
)
