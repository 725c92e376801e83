"""SSM, its parameters only. Source: the Service Authorization Reference and the API page of each operation.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-access.html
INVARIANT: the ARN of `/a/b` is `parameter/a/b`, that of `a` is `parameter/a`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from narrowgate.catalogue.encryption import encryption_context, keys_at, keys_behind, via
from narrowgate.catalogue.facts import Attributes
from narrowgate.catalogue.rule import (
    Asked,
    Keys,
    Made,
    Rule,
    Table,
    Target,
    Where,
    equals,
    given,
    key,
    named,
    request_tags,
    tag_keys,
    tags_at,
)

_TYPE: Final = "parameter"


def _arn(asked: Asked, name: str) -> str:
    # AWS's public parameters belong to no account.
    # https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html
    account = "" if name.startswith("/aws/service/") else None
    return asked.place.arn("ssm", f"parameter/{name.removeprefix('/')}", account=account)


def _selected(asked: Asked, name: str) -> str:
    """The ARN without what may follow a name in a read: a version or a label, `name:3`."""
    if name.startswith("arn:"):
        return ":".join(name.split(":")[:6])
    return _arn(asked, name.partition(":")[0])


def _parameters(*paths: str) -> Where:
    return named(_TYPE, _arn, *paths)


def _read(*paths: str) -> Where:
    def where(asked: Asked) -> Iterable[Target]:
        return (Target(_selected(asked, text), _TYPE) for path in paths for text in asked.texts(path))

    return where


def _one(action: str, *keys: Keys, path: str = "Name") -> tuple[Rule, ...]:
    return (Rule(f"ssm:{action}", _parameters(path), keys=keys),)


def _decrypt(where: Where) -> Rule:
    # https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
    context = (via("ssm"), encryption_context("PARAMETER_ARN", where))
    return Rule("kms:Decrypt", keys_behind(where), equals("WithDecryption", "true"), context)


def _encrypt(action: str, *, advanced: bool) -> Rule:
    """A standard parameter is encrypted by KMS itself, an advanced one with a data key."""

    def when(asked: Asked) -> bool:
        return asked.text("Type") == "SecureString" and (asked.text("Tier") == "Advanced") is advanced

    context = (via("ssm"), encryption_context("PARAMETER_ARN", _parameters("Name")))
    return Rule(action, keys_at("KeyId"), when, context)


_GET_ONE: Final = _read("Name")
_GET_MANY: Final = _read("Names[]")
_PATH: Final = _parameters("Path")
_PUT: Final = (key("ssm:Overwrite", "Overwrite"), key("ssm:Policies", "Policies"), request_tags())


def _put(asked: Asked) -> Iterable[Target]:
    """New, unless it is known or may be overwritten: then it may have tags already."""
    for found in _parameters("Name")(asked):
        yield Target(found.arn, _TYPE, new=asked.text("Overwrite") != "true" and asked.facts(found.arn) is None)


def _tagged(action: str, *keys: Keys) -> tuple[Rule, ...]:
    """Tags of a parameter, or of another resource that has its type in its ARN."""
    return (Rule(f"ssm:{action}", _typed, keys=keys),)


def _typed(asked: Asked) -> Iterable[Target]:
    """A resource by `ResourceType` and `ResourceId`."""
    type_ = _TYPES.get(asked.text("ResourceType"), asked.text("ResourceType"))
    if type_ == _TYPE:
        return _parameters("ResourceId")(asked)
    return named(type_, lambda a, text: a.place.arn("ssm", f"{type_}/{text}"), "ResourceId")(asked)


_TYPES: Final[Mapping[str, str]] = {
    "Association": "association",
    "Automation": "automation-execution",
    "CloudConnector": "cloud-connector",
    "Document": "document",
    "MaintenanceWindow": "maintenancewindow",
    "ManagedInstance": "managed-instance",
    "OpsItem": "opsitem",
    "OpsMetadata": "opsmetadata",
    "Parameter": _TYPE,
    "PatchBaseline": "patchbaseline",
}


def _made(asked: Asked) -> Iterable[Made]:
    keys = tuple(found.arn for found in keys_at("KeyId")(asked)) if asked.text("Type") == "SecureString" else ()
    tags = tags_at(asked.call.params, "Tags[]")
    for found in _parameters("Name")(asked):
        yield Made(_TYPE, found.arn, Attributes(tags, links={"key": keys} if keys else {}))


TABLE: Final = Table(
    "ssm",
    {
        # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
        "PutParameter": (
            Rule("ssm:PutParameter", _put, keys=_PUT),
            # Without AddTagsToResource AWS refuses a PutParameter that has tags.
            Rule("ssm:AddTagsToResource", _put, given("Tags"), (request_tags(),)),
            _encrypt("kms:Encrypt", advanced=False),
            _encrypt("kms:GenerateDataKey", advanced=True),
        ),
        "GetParameter": (Rule("ssm:GetParameter", _GET_ONE), _decrypt(_GET_ONE)),
        "GetParameters": (Rule("ssm:GetParameters", _GET_MANY), _decrypt(_GET_MANY)),
        "GetParameterHistory": _one("GetParameterHistory"),
        # AWS decides on the path, not on the parameters below it.
        # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
        "GetParametersByPath": (Rule("ssm:GetParametersByPath", _PATH, keys=(key("ssm:Recursive", "Recursive"),)),),
        "DescribeParameters": (Rule("ssm:DescribeParameters"),),
        "DeleteParameter": _one("DeleteParameter"),
        "DeleteParameters": _one("DeleteParameters", path="Names[]"),
        "LabelParameterVersion": _one("LabelParameterVersion"),
        "UnlabelParameterVersion": _one("UnlabelParameterVersion"),
        "AddTagsToResource": _tagged("AddTagsToResource", request_tags()),
        "RemoveTagsFromResource": _tagged("RemoveTagsFromResource", tag_keys()),
        "ListTagsForResource": _tagged("ListTagsForResource"),
    },
    {"PutParameter": _made},
    # https://docs.aws.amazon.com/systems-manager/latest/userguide/security_iam_service-with-iam.html
    tag_keys=("aws", "ssm"),
)
