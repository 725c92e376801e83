"""DynamoDB's items. Source: the Service Authorization Reference and the pages below.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
A partition key that cannot be told (of a table whose key schema nobody knows) is one that no policy can
name: were it absent, `ForAllValues` would hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from narrowgate.calls import Fields
from narrowgate.catalogue.dynamodb import TYPE, attributes_of, leading_key, table_arn
from narrowgate.catalogue.rule import Asked, Keys, Rule, Table, Target, constant, key, reserved
from narrowgate.policy.request_context import Value

Parts: TypeAlias = Callable[[Asked], Iterator[tuple[str, Fields]]]
"""The table and the parameters of each item that a call speaks of."""


def _as_arn(asked: Asked, name: str) -> str:
    return name if name.startswith("arn:") else table_arn(asked, name)


def _whole(asked: Asked) -> Iterator[tuple[str, Fields]]:
    yield _as_arn(asked, asked.text("TableName")), asked.call.params


def _transacted(member: str) -> Parts:
    def parts(asked: Asked) -> Iterator[tuple[str, Fields]]:
        for each in asked.groups(f"TransactItems[].{member}"):
            yield _as_arn(asked, str(each.get("TableName", ""))), each

    return parts


def _written(asked: Asked) -> Iterator[tuple[str, Fields]]:
    for items in asked.groups("RequestItems"):
        for table, writes in items.items():
            for write in writes if isinstance(writes, tuple) else ():
                for part in write.values() if isinstance(write, Fields) else ():
                    if isinstance(part, Fields):
                        yield _as_arn(asked, table), part


def _got(asked: Asked) -> Iterator[tuple[str, Fields]]:
    for items in asked.groups("RequestItems"):
        for table, wanted in items.items():
            keys = wanted.get("Keys", ()) if isinstance(wanted, Fields) else ()
            for each in keys if isinstance(keys, tuple) else ():
                yield _as_arn(asked, table), Fields(wanted, Key=each) if isinstance(wanted, Fields) else Fields()


def _tables(parts: Parts) -> Callable[[Asked], Iterator[Target]]:
    return lambda asked: (Target(arn, TYPE) for arn in dict.fromkeys(arn for arn, _ in parts(asked)))


def _leading(parts: Parts) -> Keys:
    def keys(asked: Asked, target: Target) -> Mapping[str, Value]:
        table = target.arn.partition("/index/")[0]
        found = [leading_key(asked, part, table) for arn, part in parts(asked) if arn == table]
        values = dict.fromkeys(reserved("", "LeadingKeys") if value is None else value for value in found)
        return {"dynamodb:LeadingKeys": tuple(values)} if values else {}

    return keys


def _attributes(parts: Parts) -> Keys:
    def keys(asked: Asked, target: Target) -> Mapping[str, Value]:
        table = target.arn.partition("/index/")[0]
        names = dict.fromkeys(name for arn, part in parts(asked) if arn == table for name in attributes_of(part))
        return {"dynamodb:Attributes": tuple(names)} if names else {}

    return keys


def _select(parts: Parts) -> Keys:
    """`dynamodb:Select`, or what the operation does where the call has none.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html#DDB-Query-request-Select
    """

    def keys(asked: Asked, target: Target) -> Mapping[str, Value]:
        table = target.arn.partition("/index/")[0]
        some = [part for arn, part in parts(asked) if arn == table]
        projected = all("ProjectionExpression" in part or "AttributesToGet" in part for part in some)
        index = "ALL_PROJECTED_ATTRIBUTES" if asked.text("IndexName") else "ALL_ATTRIBUTES"
        return {"dynamodb:Select": asked.text("Select") or ("SPECIFIC_ATTRIBUTES" if projected else index)}

    return keys


_CONSUMED: Final = key("dynamodb:ReturnConsumedCapacity", "ReturnConsumedCapacity")
_RETURNS: Final = key("dynamodb:ReturnValues", "ReturnValues")


def _items(action: str, parts: Parts, *keys: Keys) -> Rule:
    return Rule(f"dynamodb:{action}", _tables(parts), keys=(_leading(parts), _attributes(parts), _CONSUMED, *keys))


def _searched(asked: Asked) -> Iterator[Target]:
    """The index where the call names one: AWS then decides on the index and not on its table.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    """
    table = _as_arn(asked, asked.text("TableName"))
    index = asked.text("IndexName")
    yield Target(f"{table}/index/{index}", "index") if index else Target(table, TYPE)


_SEARCH: Final = (_attributes(_whole), _CONSUMED, _select(_whole))
_ENCLOSED: Final = "dynamodb:EnclosingOperation"
_WRITES: Final = constant(_ENCLOSED, "TransactWriteItems")

TABLE: Final = Table(
    "dynamodb",
    {
        "GetItem": (_items("GetItem", _whole, _select(_whole)),),
        "PutItem": (_items("PutItem", _whole, _RETURNS),),
        "UpdateItem": (_items("UpdateItem", _whole, _RETURNS),),
        "DeleteItem": (_items("DeleteItem", _whole, _RETURNS),),
        "BatchGetItem": (_items("BatchGetItem", _got, _select(_got)),),
        "BatchWriteItem": (_items("BatchWriteItem", _written),),
        "Query": (Rule("dynamodb:Query", _searched, keys=(_leading(_whole), *_SEARCH)),),
        "Scan": (Rule("dynamodb:Scan", _searched, keys=_SEARCH),),
        "TransactGetItems": (
            _items(
                "GetItem",
                _transacted("Get"),
                _select(_transacted("Get")),
                constant(_ENCLOSED, "TransactGetItems"),
            ),
        ),
        "TransactWriteItems": (
            # The reference has no EnclosingOperation for ConditionCheckItem, which is in transactions only.
            _items("ConditionCheckItem", _transacted("ConditionCheck")),
            _items("PutItem", _transacted("Put"), _WRITES),
            _items("UpdateItem", _transacted("Update"), _WRITES),
            _items("DeleteItem", _transacted("Delete"), _WRITES),
        ),
    },
)
