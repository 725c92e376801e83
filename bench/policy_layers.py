"""The documents of the layers around the identity policies that are measured: what an organization might have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

Json: TypeAlias = dict[str, Any]

ACCOUNT: Final = "123456789012"
OTHER_ACCOUNT: Final = "210987654321"


def _document(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


_BOUNDARY: Final = _document(
    {
        "Effect": "Allow",
        "NotAction": ["iam:*", "organizations:*", "account:*", "ds:*", "acm-pca:Revoke*"],
        "Resource": "*",
    },
    {"Effect": "Allow", "Action": ["iam:PassRole", "iam:Get*", "iam:List*"], "Resource": "*"},
    {"Effect": "Deny", "Action": "iam:*", "Resource": f"arn:aws:iam::{ACCOUNT}:role/admin*"},
)
_SESSION: Final = _document(
    {
        "Effect": "Allow",
        "NotAction": ["organizations:*", "emr-serverless:*", "logs:*", "ec2:CopyImage"],
        "Resource": "*",
    },
    {
        "Effect": "Deny",
        "Action": ["ec2:Delete*", "sagemaker:Delete*", "rds:Delete*"],
        "Resource": ["arn:aws:ec2:*:*:security-group/*", "arn:aws:sagemaker:*:*:*", "arn:aws:rds:*:*:db:*"],
        "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
    },
)
_REGIONS: Final = _document(
    {
        "Effect": "Deny",
        "NotAction": ["iam:*", "sts:*", "kms:*", "cloudfront:*"],
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["us-east-1", "eu-west-1"]}},
    }
)
_UNIT: Final = _document(
    {"Effect": "Allow", "NotAction": ["redshift:*", "sagemaker:CreateModel*"], "Resource": "*"},
    {
        "Effect": "Deny",
        "Action": ["backup:Delete*", "ec2:DeleteVolume"],
        "Resource": "*",
        "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:sts::*:assumed-role/operator/*"}},
    },
)
_PERIMETER: Final = _document(
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:*", "secretsmanager:*", "sqs:*", "kms:*", "lambda:*", "ecr:*", "dynamodb:*", "ec2:*"],
        "Resource": "*",
        "Condition": {
            "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-exampleorg"},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        },
    }
)
_RESOURCE: Final = _document(
    {
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{ACCOUNT}:role/installer", f"arn:aws:iam::{ACCOUNT}:root"]},
        "Action": ["s3:*", "ec2:*", "lambda:*", "backup:*", "secretsmanager:GetSecretValue", "sagemaker:*"],
        "Resource": "*",
    },
    {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    },
)
_ENDPOINT: Final = _document(
    {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "*",
        "Resource": "*",
        "Condition": {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.0.2.0/25"]}},
    }
)
_ALL: Final = _document({"Effect": "Allow", "Action": "*", "Resource": "*"})

LAYERS: Final[Mapping[str, list[Any]]] = {
    "boundaries": [_BOUNDARY],
    "session": [_SESSION],
    "scps": [[_ALL, _REGIONS], [_UNIT]],
    "rcps": [[_PERIMETER]],
    "resource": [_RESOURCE],
    "endpoints": [_ENDPOINT],
}
"""By layer; SCPs and RCPs in levels, session and resource with one document."""
