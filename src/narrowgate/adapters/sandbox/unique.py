"""Unique ids and dates of IAM entities in AWS's form: moto has its own for all but roles."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from moto.iam.utils import generate_access_key_id_from_account_id


def unique_id(account: str, prefix: str) -> str:
    """A new unique id: the prefix (`AIDA`, ...) and 17 characters.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
    """
    return str(generate_access_key_id_from_account_id(account, prefix, 21))


def born(result: Any, thing: Any, unique: str = "") -> Any:
    """The result as it came, with its new thing told in AWS's form."""
    if unique:
        thing.id = unique
    in_seconds(thing)
    return result


def in_seconds(thing: Any) -> None:
    """IAM tells dates in whole seconds; moto shows microseconds where a date has them."""
    for name in ("create_date", "update_date"):
        if isinstance(when := getattr(thing, name, None), datetime):
            setattr(thing, name, when.replace(microsecond=0))
