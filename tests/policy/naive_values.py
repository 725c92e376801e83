"""The values of the naive judge: patterns with variables, and what each operator compares."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from ipaddress import ip_address, ip_network
from typing import NamedTuple, TypeAlias

from narrowgate.policy.request_context import Value

ORDERS = ("LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
POSITIVE = {"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "Bool", "BinaryEquals"}
POSITIVE |= {"IpAddress", "NumericEquals", "DateEquals"} | {k + order for k in ("Numeric", "Date") for order in ORDERS}
NEGATED = {"StringNotEquals", "StringNotEqualsIgnoreCase", "StringNotLike", "ArnNotEquals", "ArnNotLike"}
NEGATED |= {"NotIpAddress", "NumericNotEquals", "DateNotEquals"}

_VARIABLE = re.compile(r"\$\{(?:([*?$])|([^{}', ]+)(?:, '([^{}']*)')?)\}")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d\d):(\d\d)))?)?)?", re.ASCII
)


class Mark(NamedTuple):
    """One character of a pattern, or a wildcard, which may be one that no colon meets."""

    char: str
    is_wild: bool = False
    is_literal: bool = False
    """Out of a variable: neither a wildcard nor a colon that separates."""
    takes_colon: bool = True


Expanded: TypeAlias = "tuple[Mark, ...]"


def expand(text: str, context: Mapping[str, Value] | None = None) -> Expanded | None:
    """The marks of a pattern with its variables replaced; None where one has no value.

    Without a context, `${...}` is text.
    """
    marks: list[Mark] = []
    is_alone = _VARIABLE.fullmatch(text) is not None
    at = 0
    while at < len(text):
        variable = None if context is None else _VARIABLE.match(text, at)
        if variable is None or context is None:
            marks.append(Mark(text[at], is_wild=text[at] in "*?"))
            at += 1
            continue
        value = _value_of(variable, context)
        if value is None:
            return None
        # A variable alone is the whole of an ARN: then its colons do part it.
        marks.extend(Mark(char, is_literal=not is_alone) for char in value)
        at = variable.end()
    return tuple(marks)


def _value_of(variable: re.Match[str], context: Mapping[str, Value]) -> str | None:
    character, key, default = variable.groups()
    if character:
        return str(character)
    given = context.get(key.lower(), ())
    values = (given,) if isinstance(given, str) else given
    return values[0] if len(values) == 1 else default


def glob(pattern: Expanded | None, text: str) -> bool:
    """Whether the pattern is all of the text: the set of places that each mark can reach."""
    reached = {0}
    for mark in pattern or ():
        reached = _after(mark, reached, text)
    return pattern is not None and len(text) in reached


def _after(mark: Mark, reached: set[int], text: str) -> set[int]:
    found = set()
    for at in range(len(text) + 1):
        free = at > 0 and (mark.takes_colon or text[at - 1] != ":")
        if mark.is_wild and mark.char == "*":
            is_reached = at in reached or (free and at - 1 in found)
        elif mark.is_wild:
            is_reached = free and at - 1 in reached
        else:
            is_reached = at > 0 and at - 1 in reached and text[at - 1] == mark.char
        if is_reached:
            found.add(at)
    return found


def segmented(pattern: Expanded) -> Expanded:
    """An ARN pattern whose wildcards keep to their segment, save a `*` that ends one, and the sixth part."""
    colons = [number for number, mark in enumerate(pattern) if _separates(mark)]
    if len(colons) < 5:
        return pattern
    made = []
    for number, mark in enumerate(pattern):
        ends = mark.char == "*" and number + 1 in colons
        made.append(mark._replace(takes_colon=ends or number > colons[4]))
    return tuple(made)


def _separates(mark: Mark) -> bool:
    return mark.char == ":" and not mark.is_literal


def arn_parts(pattern: Expanded) -> list[Expanded]:
    """The pattern cut at its first five colons."""
    parts: list[list[Mark]] = [[]]
    for mark in pattern:
        if _separates(mark) and len(parts) < 6:
            parts.append([])
        else:
            parts[-1].append(mark)
    return [tuple(part) for part in parts]


def taken_apart(operator: str) -> tuple[str, str, bool]:
    """Qualifier, name and whether it ends in IfExists. The name may be any text."""
    qualifier = next((q for q in ("ForAllValues:", "ForAnyValue:") if operator.startswith(q)), "")
    name = operator[len(qualifier) :]
    if name.endswith("IfExists") and name != "NullIfExists":
        return qualifier, name[: -len("IfExists")], True
    return qualifier, name, False


def readable(name: str, text: str, variables: bool) -> bool:
    """Whether the operator exists and can read this value of the document."""
    if name not in POSITIVE and name not in NEGATED and name != "Null":
        return False
    if name.startswith("String"):
        return True
    if name.startswith("Numeric"):
        return _number(text) is not None
    if name.startswith("Date"):
        return _instant(text) is not None
    if name in ("Bool", "Null"):
        return text.lower() in ("true", "false")
    if name == "BinaryEquals":
        return _is_base64(text)
    if name.startswith("Arn"):
        whole = _VARIABLE.fullmatch(text)
        if variables and whole:
            return whole.group(2) is not None
        # The value of a variable cannot add to the parts: they are counted without it.
        bare = _VARIABLE.sub("x", text) if variables else text
        return text == "*" or (bare.startswith("arn:") and bare.count(":") >= 5)
    return _is_network(text)


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _is_network(text: str) -> bool:
    if not re.fullmatch("[0-9A-Fa-f.:]+(/[0-9]{1,3})?", text):
        return False
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def compare(name: str, pattern: Expanded, value: str) -> bool:
    """Whether a value of the request meets one of the document; a negated operator asks the same."""
    text = "".join(mark.char for mark in pattern)
    kind = name.replace("Not", "")
    if kind == "StringEquals" or kind == "BinaryEquals":
        return text == value
    if kind in ("StringEqualsIgnoreCase", "Bool"):
        return text.lower() == value.lower()
    if kind == "StringLike":
        return glob(pattern, value)
    if kind in ("ArnEquals", "ArnLike"):
        return _arns_meet(pattern, value)
    if kind == "IpAddress":
        return _lies_in(value, text)
    if kind.startswith("Numeric"):
        return _ordered(kind.removeprefix("Numeric"), _number(value), _number(text))
    return _ordered(kind.removeprefix("Date"), _instant(value), _instant(text))


def _arns_meet(pattern: Expanded, value: str) -> bool:
    parts, given = arn_parts(pattern), value.split(":", 5)
    if len(parts) == 1 and len(parts[0]) == 1 and parts[0][0].is_wild and parts[0][0].char == "*":
        return True
    if len(given) < 6 or given[0] != "arn" or len(parts) < 6:
        return False
    return all(glob(part, text) for part, text in zip(parts, given, strict=True))


def _lies_in(address: str, network: str) -> bool:
    if not re.fullmatch("[0-9A-Fa-f.:]+", address):
        return False
    try:
        return ip_address(address) in ip_network(network)
    except ValueError:
        return False


def _ordered(relation: str, left: Fraction | None, right: Fraction | None) -> bool:
    if left is None or right is None:
        return False
    found = {
        "Equals": left == right,
        "LessThan": left < right,
        "LessThanEquals": left <= right,
        "GreaterThan": left > right,
        "GreaterThanEquals": left >= right,
    }
    return found[relation]


def _number(text: str) -> Fraction | None:
    return Fraction(text) if _NUMBER.fullmatch(text) else None


def _instant(text: str) -> Fraction | None:
    """Seconds since 1970; a date of less than a day or a time is where it begins."""
    if re.fullmatch("[0-9]{5,19}", text):
        return Fraction(int(text))
    found = _DATE.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second, fraction, sign, zone_hour, zone_minute = found.groups()
    if int(zone_hour or 0) > 23 or int(zone_minute or 0) > 59:
        return None
    try:
        local = datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        return None
    since = local - datetime(1970, 1, 1)
    ahead = (int(zone_hour or 0) * 3600 + int(zone_minute or 0) * 60) * (-1 if sign == "-" else 1)
    return Fraction(since.days * 86400 + since.seconds - ahead) + Fraction(f"0.{fraction or 0}")
