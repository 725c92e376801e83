"""KMS: by general rules.

Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html
https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
A key is decided on by its ARN, also where the call names it by an alias; see `encryption.key_arn`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from narrowgate.catalogue.encryption import TYPE, key_arn
from narrowgate.catalogue.mechanical import Row, rules_of
from narrowgate.catalogue.rule import (
    Asked,
    Keys,
    Rule,
    Table,
    Target,
    Where,
    either,
    given,
    key,
    keys_of,
    nowhere,
    request_tags,
    reserved,
    spelled,
    tag_keys,
)
from narrowgate.policy.request_context import Value


def _key(path: str) -> Where:
    """The key at a path; one that no policy can name where the ciphertext tells which it is."""

    def where(asked: Asked) -> tuple[Target, ...]:
        text = asked.text(path) or reserved("", path)
        return (Target(key_arn(asked, text), TYPE),)

    return where


def _alias(asked: Asked) -> tuple[Target, ...]:
    name = asked.text("AliasName").removeprefix("alias/")
    return (Target(asked.place.arn("kms", f"alias/{name}"), "alias"),)


def _caller(asked: Asked, _: Target) -> Mapping[str, Value]:
    return {"kms:CallerAccount": asked.place.account}


def _request_alias(path: str) -> Keys:
    """`kms:RequestAlias`: the alias by which the call names the key."""

    def keys(asked: Asked, _: Target) -> Mapping[str, Value]:
        text = asked.text(path)
        name = text.rpartition(":")[2]
        return {"kms:RequestAlias": name} if name.startswith("alias/") else {}

    return keys


def _context(path: str) -> Keys:
    """The encryption context: `kms:EncryptionContext:...` and `kms:EncryptionContextKeys`."""

    def keys(asked: Asked, _: Target) -> Mapping[str, Value]:
        pairs = {n: spelled(v) or "" for each in asked.groups(path) for n, v in each.items()}
        told = {f"kms:EncryptionContext:{name}": value for name, value in pairs.items()}
        return {**told, "kms:EncryptionContextKeys": tuple(pairs)} if pairs else {}

    return keys


def _or(name: str, path: str, default: str) -> Keys:
    """A key whose value is the default of the operation where the call has none."""
    return lambda asked, _: {name: asked.text(path) or default}


# https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html
_SHAPE: Final = (
    _or("kms:KeySpec", "KeySpec", "SYMMETRIC_DEFAULT"),
    _or("kms:KeyUsage", "KeyUsage", "ENCRYPT_DECRYPT"),
    _or("kms:KeyOrigin", "Origin", "AWS_KMS"),
    _or("kms:MultiRegion", "MultiRegion", "false"),
)
_BYPASS: Final = key("kms:BypassPolicyLockoutSafetyCheck", "BypassPolicyLockoutSafetyCheck")
_CRYPTO: Final = (
    _request_alias("KeyId"),
    _context("EncryptionContext"),
    key("kms:EncryptionAlgorithm", "EncryptionAlgorithm"),
)
_SIGNING: Final = (
    _request_alias("KeyId"),
    key("kms:SigningAlgorithm", "SigningAlgorithm"),
    key("kms:MessageType", "MessageType"),
)
_PAIR: Final = key("kms:DataKeyPairSpec", "KeyPairSpec")
_ONE: Final = _key("KeyId")


def _rows(operations: str, on: Where, *keys: Keys) -> tuple[Row, ...]:
    return tuple(Row(operation, on, keys=(_caller, *keys)) for operation in operations.split())


def _new(asked: Asked) -> tuple[Target, ...]:
    return (Target(asked.place.arn("kms", "key/*"), TYPE, new=True),)


def _again(end: str, which: str) -> Rule:
    """One half of ReEncrypt, which is two actions.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html
    """
    keys = (_caller, _request_alias(f"{which}KeyId"), _context(f"{which}EncryptionContext"))
    return Rule(f"kms:ReEncrypt{end}", _key(f"{which}KeyId"), keys=keys)


_ROWS: Final = (
    Row(
        "CreateKey",
        keys=(_caller, *_SHAPE, _BYPASS),
        tags="Tags[]",
        also=(Rule("kms:TagResource", _new, given("Tags"), (_caller, request_tags())),),
    ),
    *_rows("DescribeKey GetPublicKey", _ONE, _request_alias("KeyId")),
    *_rows("Decrypt Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext", _ONE, *_CRYPTO),
    *_rows("GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext", _ONE, *_CRYPTO, _PAIR),
    *_rows("Sign Verify", _ONE, *_SIGNING),
    *_rows("GenerateMac VerifyMac", _ONE, _request_alias("KeyId"), key("kms:MacAlgorithm", "MacAlgorithm")),
    *_rows("CancelKeyDeletion DisableKey DisableKeyRotation EnableKey GetKeyPolicy GetKeyRotationStatus", _ONE),
    *_rows("ListGrants ListKeyPolicies ListKeyRotations ListResourceTags RevokeGrant", _ONE),
    *_rows("RotateKeyOnDemand UpdateKeyDescription", _ONE),
    *_rows("EnableKeyRotation", _ONE, key("kms:RotationPeriodInDays", "RotationPeriodInDays")),
    *_rows("PutKeyPolicy", _ONE, _BYPASS),
    *_rows(
        "ScheduleKeyDeletion",
        _ONE,
        _or("kms:ScheduleKeyDeletionPendingWindowInDays", "PendingWindowInDays", "30"),
    ),
    *_rows(
        "CreateGrant",
        _ONE,
        key("kms:GranteePrincipal", "GranteePrincipal"),
        key("kms:RetiringPrincipal", "RetiringPrincipal"),
        keys_of("kms:GrantOperations", "Operations[]"),
    ),
    *_rows("TagResource", _ONE, request_tags()),
    *_rows("UntagResource", _ONE, tag_keys()),
    # An alias is decided on together with its key, a moved one with both keys.
    # https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
    *_rows("CreateAlias", either(_alias, _key("TargetKeyId"))),
    *_rows("UpdateAlias", either(_alias, _key("AliasName"), _key("TargetKeyId"))),
    *_rows("DeleteAlias", either(_alias, _key("AliasName"))),
    *_rows("GenerateRandom ListAliases ListKeys", nowhere),
)

TABLE: Final = Table(
    "kms",
    {**rules_of("kms", _ROWS), "ReEncrypt": (_again("From", "Source"), _again("To", "Destination"))},
    mechanical=True,
)
