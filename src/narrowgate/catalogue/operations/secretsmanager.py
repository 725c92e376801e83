"""Secrets Manager. Source: the Service Authorization Reference and the API page of each operation.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html
INVARIANT: AWS ends a secret's ARN in six characters that it draws. Where they are not known they are six
that no policy can name, so that `name-??????` and `name-*` match them, as AWS advises, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from narrowgate.catalogue.encryption import key_arn, keys_at, keys_behind, via
from narrowgate.catalogue.facts import Attributes
from narrowgate.catalogue.rule import (
    RESERVED,
    Asked,
    Keys,
    Made,
    Rule,
    Table,
    Target,
    When,
    Where,
    always,
    created,
    given,
    key,
    keys_of,
    named,
    nowhere,
    request_tags,
    tag_keys,
    tags_at,
)
from narrowgate.policy.request_context import Value

_TYPE: Final = "Secret"
_SUFFIX: Final = "-" + RESERVED * 6


def _arn(asked: Asked, name: str) -> str:
    """The ARN of the secret that a name means."""
    plain = asked.place.arn("secretsmanager", f"secret:{name}")
    return next(iter(asked.known(plain).links.get("self", ())), plain + _SUFFIX)


def _drawn(asked: Asked) -> str:
    return asked.place.arn("secretsmanager", f"secret:{asked.text('Name')}{_SUFFIX}")


def _named(path: str) -> Where:
    """Secrets by name, by ARN, or by an ARN without its last six characters: the facts tell which one is meant.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
    """

    def where(asked: Asked) -> Iterator[Target]:
        for text in asked.texts(path):
            known = asked.known(text).links.get("self", (text,)) if text.startswith("arn:") else (_arn(asked, text),)
            yield Target(known[0], _TYPE)

    return where


_SECRET: Final = _named("SecretId")
_SECRETS: Final = _named("SecretIdList[]")
_NEW: Final = created(_TYPE, _drawn)
_ID: Final = key("secretsmanager:SecretId", "SecretId")
_STAGE: Final = key("secretsmanager:VersionStage", "VersionStage")
_DESCRIPTION: Final = key("secretsmanager:Description", "Description")
_KIND: Final = key("secretsmanager:Type", "Type")
_KEY_ID: Final = key("secretsmanager:KmsKeyId", "KmsKeyId")
_REPLICAS: Final = (
    keys_of("secretsmanager:AddReplicaRegions", "AddReplicaRegions[].Region"),
    key("secretsmanager:ForceOverwriteReplicaSecret", "ForceOverwriteReplicaSecret"),
)


def _key_arn(asked: Asked, _: Target) -> Mapping[str, Value]:
    text = asked.text("KmsKeyId")
    return {"secretsmanager:KmsKeyArn": key_arn(asked, text)} if text else {}


def _rules_change(asked: Asked, _: Target) -> Mapping[str, Value]:
    return {"secretsmanager:ModifyRotationRules": "true" if given("RotationRules")(asked) else "false"}


def _one(action: str, *keys: Keys) -> tuple[Rule, ...]:
    return (Rule(f"secretsmanager:{action}", _SECRET, keys=(_ID, *keys)),)


def _uses(*actions: str, when: When = always) -> tuple[Rule, ...]:
    """What the service asks KMS for where a customer's key encrypts the secret.

    https://docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html#security-encryption-authz
    """
    through = (via("secretsmanager"),)
    return tuple(Rule(f"kms:{action}", keys_behind(_SECRET), when, through) for action in actions)


def _value_changes(asked: Asked) -> bool:
    """Whether the call has a new value and leaves the key as it is."""
    return given("SecretString", "SecretBinary")(asked) and not given("KmsKeyId")(asked)


def _takes(*actions: str) -> tuple[Rule, ...]:
    """What it asks KMS for where the call names a key."""
    return tuple(Rule(f"kms:{action}", keys_at("KmsKeyId"), keys=(via("secretsmanager"),)) for action in actions)


def _made(asked: Asked) -> Iterable[Made]:
    keys = tuple(found.arn for found in keys_at("KmsKeyId")(asked))
    tags = tags_at(asked.call.params, "Tags[]")
    yield Made(_TYPE, _drawn(asked), Attributes(tags, links={"key": keys} if keys else {}), "ARN")


TABLE: Final = Table(
    "secretsmanager",
    {
        # https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
        "CreateSecret": (
            Rule(
                "secretsmanager:CreateSecret",
                _NEW,
                keys=(
                    key("secretsmanager:Name", "Name"),
                    _DESCRIPTION,
                    _KEY_ID,
                    _key_arn,
                    _KIND,
                    *_REPLICAS,
                    request_tags(),
                ),
            ),
            Rule("secretsmanager:TagResource", _NEW, given("Tags"), (request_tags(),)),
            Rule("secretsmanager:ReplicateSecretToRegions", _NEW, given("AddReplicaRegions"), _REPLICAS),
            *_takes("GenerateDataKey", "Decrypt"),
        ),
        "GetSecretValue": (
            *_one("GetSecretValue", key("secretsmanager:VersionId", "VersionId"), _STAGE),
            *_uses("Decrypt"),
        ),
        # Of a secret that may not be read, the reply has an error in its place; the call itself is not refused.
        # https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html
        "BatchGetSecretValue": (
            Rule("secretsmanager:BatchGetSecretValue", nowhere),
            Rule("secretsmanager:ListSecrets", nowhere, given("Filters")),
            Rule("secretsmanager:GetSecretValue", _SECRETS),
        ),
        "PutSecretValue": (*_one("PutSecretValue"), *_uses("GenerateDataKey", "Decrypt")),
        # https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecret.html
        "UpdateSecret": (
            *_one("UpdateSecret", _DESCRIPTION, _KEY_ID, _key_arn, _KIND),
            *_takes("GenerateDataKey", "Encrypt", "Decrypt"),
            *_uses("GenerateDataKey", "Decrypt", when=_value_changes),
        ),
        "DescribeSecret": _one("DescribeSecret"),
        "ListSecrets": (Rule("secretsmanager:ListSecrets"),),
        "ListSecretVersionIds": _one("ListSecretVersionIds"),
        "DeleteSecret": _one(
            "DeleteSecret",
            key("secretsmanager:RecoveryWindowInDays", "RecoveryWindowInDays"),
            key("secretsmanager:ForceDeleteWithoutRecovery", "ForceDeleteWithoutRecovery"),
        ),
        "RestoreSecret": _one("RestoreSecret"),
        # https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
        "RotateSecret": (
            *_one(
                "RotateSecret",
                key("secretsmanager:RotationLambdaARN", "RotationLambdaARN"),
                key("secretsmanager:RotateImmediately", "RotateImmediately"),
                key("secretsmanager:ExternalSecretRotationRoleArn", "ExternalSecretRotationRoleArn"),
                _rules_change,
            ),
            Rule("lambda:InvokeFunction", named("function", lambda _, text: text, "RotationLambdaARN")),
        ),
        "CancelRotateSecret": _one("CancelRotateSecret"),
        "UpdateSecretVersionStage": _one("UpdateSecretVersionStage", _STAGE),
        "TagResource": _one("TagResource", request_tags()),
        "UntagResource": _one("UntagResource", tag_keys()),
        "GetResourcePolicy": _one("GetResourcePolicy"),
        "PutResourcePolicy": _one("PutResourcePolicy", key("secretsmanager:BlockPublicPolicy", "BlockPublicPolicy")),
        "DeleteResourcePolicy": _one("DeleteResourcePolicy"),
        "ReplicateSecretToRegions": _one("ReplicateSecretToRegions", *_REPLICAS),
        "RemoveRegionsFromReplication": _one("RemoveRegionsFromReplication"),
        "StopReplicationToReplica": _one("StopReplicationToReplica"),
        "GetRandomPassword": (Rule("secretsmanager:GetRandomPassword"),),
    },
    {"CreateSecret": _made},
    tag_keys=("aws", "secretsmanager"),
)
