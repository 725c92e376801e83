"""What a parameter of IAM or STS may look like: lengths, characters, ranges and choices of AWS's model.

The rules are those of botocore's description of each operation; the words are AWS's. Raises moto's
exceptions, which it renders as AWS does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from moto.iam.exceptions import EntityAlreadyExists, ValidationError

_NAME: Final = r"[\w+=,.@-]+"
_PATH_WORDS: Final = "It must begin and end with / and contain only alphanumeric characters and/or / characters."
_NAME_WORDS: Final = "It must contain only alphanumeric characters and/or the following: +=,.@_-"
_TEXT_WORDS: Final = "It must contain only printable ASCII characters."
_POLICY_ARN: Final = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/[\x21-\x7e]+")
# https://www.unicode.org/reports/tr44/#General_Category_Values: `\p{Z}`, which `re` does not have.
_SEPARATORS: Final = "\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"


def check(operation: Any, params: Mapping[str, Any]) -> None:
    """Raises ValidationError with every parameter that breaks AWS's rules.

    `operation` is botocore's model of the operation.
    https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
    """
    shape = operation.input_shape
    found = tuple(_structure(shape, params, "")) if shape else ()
    if plain := [fault for fault in found if fault.startswith("The specified value")]:
        raise ValidationError(plain[0])
    if found:
        count = f"{len(found)} validation error{'s' if len(found) > 1 else ''}"
        raise ValidationError(f"{count} detected: {'; '.join(found)}")
    for name in ("PolicyArn", "PermissionsBoundary"):
        if (arn := params.get(name)) and not _POLICY_ARN.fullmatch(arn):
            raise ValidationError(f"ARN {arn} is not valid.")


def refuse_twin(taken: str, name: str, existing: Any) -> None:
    """Raises EntityAlreadyExists, with the message `taken`, where a name differs at most by case.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    if name.lower() in {other.lower() for other in existing}:
        raise EntityAlreadyExists(taken)


def _structure(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, member in shape.members.items():
        where = f"{path}.{_camel(name)}" if path else _camel(name)
        if name in value and value[name] is not None:
            yield from _value(member, value[name], where)
        # An empty list cannot be told from a missing one in a query.
        elif name in shape.required_members and member.type_name != "list":
            yield _breach("null", where, "Member must not be null")


def _value(shape: Any, value: Any, where: str) -> Iterator[str]:
    if shape.type_name == "structure":
        yield from _structure(shape, value, where)
    elif shape.type_name == "list":
        yield from _list(shape, value, where)
    elif shape.type_name == "string":
        yield from _string(shape, str(value), where)
    elif shape.type_name in ("integer", "long"):
        yield from _range(shape, value, int(value), where, "value")


def _list(shape: Any, value: Sequence[Any], where: str) -> Iterator[str]:
    yield from _range(shape, value, len(value), where, "length") if value else ()
    for number, item in enumerate(value, 1):
        yield from _value(shape.member, item, f"{where}.{number}.member")


def _string(shape: Any, value: str, where: str) -> Iterator[str]:
    rules = shape.metadata
    told = "*****" if rules.get("sensitive") else value
    yield from _range(shape, told, len(value), where, "length")
    if "enum" in rules and value not in rules["enum"]:
        yield _breach(told, where, f"Member must satisfy enum value set: [{', '.join(rules['enum'])}]")
    if (pattern := rules.get("pattern")) and value and not _pattern(pattern).fullmatch(value):
        yield _misspelled(pattern, told, where)


def _range(shape: Any, value: Any, measure: int, where: str, what: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and measure < int(least):
        yield _breach(value, where, f"Member must have {what} greater than or equal to {least}")
    if most is not None and measure > int(most):
        yield _breach(value, where, f"Member must have {what} less than or equal to {most}")


def _misspelled(pattern: str, value: str, where: str) -> str:
    if pattern == _NAME and where.endswith("Name"):
        return f"The specified value for {where} is invalid. {_NAME_WORDS}"
    if where.endswith(("path", "Path", "pathPrefix")):
        return f"The specified value for {where} is invalid. {_PATH_WORDS}"
    if where.endswith(("Document", "policy")):
        return f"The specified value for {where} is invalid. {_TEXT_WORDS}"
    return _breach(value, where, f"Member must satisfy regular expression pattern: {pattern}")


def _breach(value: Any, where: str, constraint: str) -> str:
    told = value if value == "null" else f"'{value}'"
    return f"Value {told} at '{where}' failed to satisfy constraint: {constraint}"


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]


@lru_cache(maxsize=256)
def _pattern(java: str) -> re.Pattern[str]:
    """The model's pattern, which is Java's, for `re`: there `\\w` and `\\d` are ASCII."""
    if r"\p{L}" not in java:
        return re.compile(java.replace(r"\u10000-\u10FFFF", r"\U00010000-\U0010FFFF"), re.ASCII)
    # Letters and numbers are what `\w` is; the underscore stands in these patterns anyway.
    return re.compile(java.replace(r"\p{L}", r"\w").replace(r"\p{Z}", _SEPARATORS).replace(r"\p{N}", ""))
