"""What EBS asks KMS for with the caller's permissions, where a volume has a key of the customer's. Pure.

https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html
A key that only the account's default or a snapshot names is not in the call, so it is not asked about.
"""

from __future__ import annotations

from narrowgate.catalogue.encryption import via
from narrowgate.catalogue.rule import Rule, Where, constant


def encrypting(keys: Where) -> tuple[Rule, ...]:
    """The requests to KMS for new volumes that the keys encrypt."""
    return (
        Rule("kms:DescribeKey", keys, keys=(via("ec2"),)),
        Rule("kms:GenerateDataKeyWithoutPlaintext", keys, keys=(via("ec2"),)),
        Rule("kms:CreateGrant", keys, keys=(via("ec2"), constant("kms:GrantIsForAWSResource", "true"))),
    )
