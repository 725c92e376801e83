"""DynamoDB's tables, their tags, policies and backups. Source: the Service Authorization Reference.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
What AWS asks KMS for where a customer's key encrypts the table, and what replicas of a global table need,
is not in this table.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from narrowgate.calls import Fields
from narrowgate.catalogue.dynamodb import TYPE, table_arn
from narrowgate.catalogue.facts import Attributes
from narrowgate.catalogue.rule import (
    Asked,
    Keys,
    Made,
    Rule,
    Table,
    Target,
    created,
    given,
    named,
    request_tags,
    tag_keys,
    tags_at,
)


def _new(asked: Asked) -> str:
    return table_arn(asked, asked.text("TableName"))


def _by_arn(asked: Asked) -> Iterable[Target]:
    """A table or its stream."""
    for arn in asked.texts("ResourceArn"):
        yield Target(arn, "stream" if "/stream/" in arn else TYPE)


def _table(action: str) -> tuple[Rule, ...]:
    return (Rule(f"dynamodb:{action}", named(TYPE, table_arn, "TableName")),)


def _resource(action: str, *keys: Keys) -> tuple[Rule, ...]:
    return (Rule(f"dynamodb:{action}", _by_arn, keys=keys),)


def _everywhere(action: str) -> tuple[Rule, ...]:
    return (Rule(f"dynamodb:{action}"),)


def _backup(action: str) -> tuple[Rule, ...]:
    return (Rule(f"dynamodb:{action}", named("backup", lambda _, text: text, "BackupArn")),)


def _made(asked: Asked) -> Iterable[Made]:
    params = asked.call.params
    kept = ("KeySchema", "GlobalSecondaryIndexes", "LocalSecondaryIndexes")
    data = Fields({name: params[name] for name in kept if name in params})
    yield Made(TYPE, _new(asked), Attributes(tags_at(params, "Tags[]"), data=data))


_CREATED: Final = created(TYPE, _new)

TABLE: Final = Table(
    "dynamodb",
    {
        # https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
        "CreateTable": (
            Rule("dynamodb:CreateTable", _CREATED, keys=(request_tags(),)),
            # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Tagging.Operations.html
            Rule("dynamodb:TagResource", _CREATED, given("Tags"), (request_tags(),)),
            # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/rbac-create-table.html
            Rule("dynamodb:PutResourcePolicy", _CREATED, given("ResourcePolicy")),
        ),
        **{
            action: _table(action)
            for action in (
                "CreateBackup",
                "DeleteTable",
                "DescribeContinuousBackups",
                "DescribeTable",
                "DescribeTimeToLive",
                "UpdateContinuousBackups",
                "UpdateTable",
                "UpdateTimeToLive",
            )
        },
        **{action: _backup(action) for action in ("DeleteBackup", "DescribeBackup")},
        **{
            action: _everywhere(action)
            for action in ("DescribeEndpoints", "DescribeLimits", "ListBackups", "ListGlobalTables", "ListTables")
        },
        "TagResource": _resource("TagResource", request_tags()),
        "UntagResource": _resource("UntagResource", tag_keys()),
        "ListTagsOfResource": _resource("ListTagsOfResource"),
        "GetResourcePolicy": _resource("GetResourcePolicy"),
        "PutResourcePolicy": _resource("PutResourcePolicy"),
        "DeleteResourcePolicy": _resource("DeleteResourcePolicy"),
    },
    {"CreateTable": _made},
)
