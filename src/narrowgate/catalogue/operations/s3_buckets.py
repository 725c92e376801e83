"""S3's buckets and what is configured of them: by general rules, with a table of other names.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from narrowgate.catalogue.mechanical import Row, each, rules_of
from narrowgate.catalogue.rule import Rule, Table, constant, equals, given, named, request_tags
from narrowgate.catalogue.s3 import gives_acl, keys_at, new_bucket, the_bucket

_OTHER_NAMES: Final = """
HeadBucket ListBucket
ListMultipartUploads ListBucketMultipartUploads
GetBucketAccelerateConfiguration GetAccelerateConfiguration
PutBucketAccelerateConfiguration PutAccelerateConfiguration
GetBucketAnalyticsConfiguration GetAnalyticsConfiguration
ListBucketAnalyticsConfigurations GetAnalyticsConfiguration
PutBucketAnalyticsConfiguration PutAnalyticsConfiguration
DeleteBucketAnalyticsConfiguration PutAnalyticsConfiguration
GetBucketCors GetBucketCORS
PutBucketCors PutBucketCORS
DeleteBucketCors PutBucketCORS
GetBucketEncryption GetEncryptionConfiguration
PutBucketEncryption PutEncryptionConfiguration
DeleteBucketEncryption PutEncryptionConfiguration
GetBucketIntelligentTieringConfiguration GetIntelligentTieringConfiguration
ListBucketIntelligentTieringConfigurations GetIntelligentTieringConfiguration
PutBucketIntelligentTieringConfiguration PutIntelligentTieringConfiguration
DeleteBucketIntelligentTieringConfiguration PutIntelligentTieringConfiguration
GetBucketInventoryConfiguration GetInventoryConfiguration
ListBucketInventoryConfigurations GetInventoryConfiguration
PutBucketInventoryConfiguration PutInventoryConfiguration
DeleteBucketInventoryConfiguration PutInventoryConfiguration
GetBucketLifecycle GetLifecycleConfiguration
GetBucketLifecycleConfiguration GetLifecycleConfiguration
PutBucketLifecycle PutLifecycleConfiguration
PutBucketLifecycleConfiguration PutLifecycleConfiguration
DeleteBucketLifecycle PutLifecycleConfiguration
GetBucketMetricsConfiguration GetMetricsConfiguration
ListBucketMetricsConfigurations GetMetricsConfiguration
PutBucketMetricsConfiguration PutMetricsConfiguration
DeleteBucketMetricsConfiguration PutMetricsConfiguration
GetBucketNotificationConfiguration GetBucketNotification
PutBucketNotificationConfiguration PutBucketNotification
DeleteBucketOwnershipControls PutBucketOwnershipControls
GetBucketReplication GetReplicationConfiguration
DeleteBucketReplication PutReplicationConfiguration
DeleteBucketTagging PutBucketTagging
GetObjectLockConfiguration GetBucketObjectLockConfiguration
PutObjectLockConfiguration PutBucketObjectLockConfiguration
GetPublicAccessBlock GetBucketPublicAccessBlock
PutPublicAccessBlock PutBucketPublicAccessBlock
DeletePublicAccessBlock PutBucketPublicAccessBlock
"""
"""Operation and action, one pair a line: taking a configuration away is putting it."""


def _renamed() -> Iterator[Row]:
    for line in _OTHER_NAMES.split("\n"):
        if line:
            operation, action = line.split()
            yield Row(operation, the_bucket, action)


_ACL: Final = keys_at(
    "x-amz-acl=ACL",
    "x-amz-grant-full-control=GrantFullControl",
    "x-amz-grant-read=GrantRead",
    "x-amz-grant-read-acp=GrantReadACP",
    "x-amz-grant-write=GrantWrite",
    "x-amz-grant-write-acp=GrantWriteACP",
)
_LISTED: Final = keys_at("prefix=Prefix", "delimiter=Delimiter", "max-keys=MaxKeys")
_LOCKED: Final = equals("ObjectLockEnabledForBucket", "true")
_TAGS: Final = "CreateBucketConfiguration.Tags"
_REPLICATION: Final = named(
    "role", lambda asked, text: asked.place.arn("iam", f"role/{text}", region=""), "ReplicationConfiguration.Role"
)

_ROWS: Final = (
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
    Row(
        "CreateBucket",
        new_bucket,
        keys=(
            *_ACL,
            *keys_at(
                "locationconstraint=CreateBucketConfiguration.LocationConstraint",
                "x-amz-object-ownership=ObjectOwnership",
            ),
        ),
        tags=f"{_TAGS}[]",
        also=(
            Rule("s3:PutBucketAcl", new_bucket, gives_acl, _ACL),
            Rule("s3:PutBucketObjectLockConfiguration", new_bucket, _LOCKED),
            Rule("s3:PutBucketVersioning", new_bucket, _LOCKED),
            Rule("s3:PutBucketOwnershipControls", new_bucket, given("ObjectOwnership")),
            Rule("s3:TagResource", new_bucket, given(_TAGS), (request_tags(f"{_TAGS}[]"),)),
        ),
    ),
    Row("PutBucketAcl", the_bucket, keys=_ACL),
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
    Row(
        "PutBucketReplication",
        the_bucket,
        "PutReplicationConfiguration",
        also=(Rule("iam:PassRole", _REPLICATION, keys=(constant("iam:PassedToService", "s3.amazonaws.com"),)),),
    ),
    Row("ListObjects", the_bucket, "ListBucket", keys=_LISTED),
    Row("ListObjectsV2", the_bucket, "ListBucket", keys=_LISTED),
    Row("ListObjectVersions", the_bucket, "ListBucketVersions", keys=_LISTED),
    Row("ListBuckets", action="ListAllMyBuckets"),
    *_renamed(),
    *each("DeleteBucket DeleteBucketPolicy DeleteBucketWebsite GetBucketAcl GetBucketLocation", the_bucket),
    *each("GetBucketLogging GetBucketOwnershipControls GetBucketPolicy GetBucketPolicyStatus", the_bucket),
    *each("GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetBucketWebsite", the_bucket),
    *each("PutBucketLogging PutBucketOwnershipControls PutBucketPolicy PutBucketRequestPayment", the_bucket),
    *each("PutBucketTagging PutBucketVersioning PutBucketWebsite", the_bucket),
)

TABLE: Final = Table("s3", rules_of("s3", _ROWS), mechanical=True)
