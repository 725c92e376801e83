"""Which KMS key a call means, and what a service asks KMS for on the caller's behalf. Pure.

A service that encrypts for its caller asks KMS with the caller's permissions, and `kms:ViaService` names it.
https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from narrowgate.catalogue.rule import Asked, Keys, Target, Where, constant, reserved
from narrowgate.policy.request_context import Value

TYPE = "key"


def key_arn(asked: Asked, text: str) -> str:
    """The ARN of the key that an id, an alias or an ARN of either means.

    Facts tell of an alias with links `key`. KMS decides on the key: where nobody knows which one the alias
    means, it is one that no policy can name.
    https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id
    """
    if text.startswith("arn:"):
        arn = text
    else:
        arn = asked.place.arn("kms", text if text.startswith("alias/") else f"key/{text}")
    if ":alias/" not in arn:
        return arn
    unknown = asked.place.arn("kms", f"key/{reserved(arn.rpartition(':')[2], 'KeyId')}")
    return next(iter(asked.known(arn).links.get("key", ())), unknown)


def keys_at(*paths: str) -> Where:
    """The customer's keys that the texts at the paths mean; the empty text means none.

    A key of AWS's own (`alias/aws/ssm`) lets everybody of the account through its service.
    https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-cmk
    """

    def where(asked: Asked) -> Iterator[Target]:
        for text in (text for path in paths for text in asked.texts(path)):
            if text and "alias/aws/" not in text:
                yield Target(key_arn(asked, text), TYPE)

    return where


def keys_behind(where: Where) -> Where:
    """The customer's keys that encrypt the resources, by their links `key`; none where nobody knows of one.

    Facts give no such link for a key of AWS's own.
    """

    def keys(asked: Asked) -> Iterable[Target]:
        return (Target(arn, TYPE) for found in where(asked) for arn in asked.known(found.arn).links.get("key", ()))

    return keys


def via(service: str) -> Keys:
    """`kms:ViaService`, such as `ssm.eu-west-1.amazonaws.com`, and `kms:CallerAccount`."""

    def keys(asked: Asked, _: Target) -> Mapping[str, Value]:
        name = f"{service}.{asked.place.region}.amazonaws.com"
        return {"kms:ViaService": name, "kms:CallerAccount": asked.place.account}

    return keys


def encryption_context(name: str, where: Where) -> Keys:
    """The encryption context of a service whose one entry is the ARN of the resource."""

    def keys(asked: Asked, target: Target) -> Mapping[str, Value]:
        arn = next((found.arn for found in where(asked)), "")
        return constant(f"kms:EncryptionContext:{name}", arn)(asked, target) if arn else {}

    return keys
