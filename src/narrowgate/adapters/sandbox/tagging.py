"""Tags of IAM entities: keys are unique without regard to case, and keep the case in which they came.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#id_tags_rules. Tags are moto's: dicts with
Key and Value. Raises moto's exceptions, which it renders as AWS does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from moto.iam.exceptions import DuplicateTags, InvalidInput, LimitExceededException

from narrowgate.adapters.sandbox import quotas

Tag: TypeAlias = dict[str, str]
RESERVED: Final = "aws:"


def check(tags: Iterable[Tag]) -> None:
    """Raises InvalidInput where a key comes twice or is AWS's own."""
    keys = [tag["Key"].lower() for tag in tags]
    if len(set(keys)) < len(keys):
        raise DuplicateTags
    if any(key.startswith(RESERVED) for key in keys):
        raise InvalidInput("aws: prefixed tag key names are not allowed for external use.")


def merged(kind: str, old: Iterable[Tag], new: Iterable[Tag]) -> list[Tag]:
    """The old tags of a `User`, `Role`, ... with the new ones over them; raises LimitExceeded over fifty."""
    given = list(new)
    check(given)
    kept = without(old, (tag["Key"] for tag in given))
    if len(kept) + len(given) > quotas.TAGS:
        raise LimitExceededException(f"Cannot exceed quota for TagsPer{kind}: {quotas.TAGS}")
    return [*kept, *given]


def without(tags: Iterable[Tag], keys: Iterable[str]) -> list[Tag]:
    """The tags that have none of the keys, in whatever case."""
    gone = {key.lower() for key in keys}
    return [tag for tag in tags if tag["Key"].lower() not in gone]


def of_policy(policy: Any) -> list[Tag]:
    """A managed policy's tags, which moto keeps by key in lower case."""
    return list(policy.tags.values())


def set_of_policy(policy: Any, tags: Iterable[Tag]) -> None:
    """Replace a managed policy's tags."""
    policy.tags = {tag["Key"].lower(): tag for tag in tags}
