"""Installation placeholders of vendor files: filled in where given, found where left over. Pure.

Not to be confused with IAM's policy variables, which have a colon (`${aws:username}`, with or
without a default) or are one of `${*}`, `${?}`, `${$}`: those stay.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html

How strict: in an ARN or a principal everything that looks like a placeholder is one, for no name
that AWS gives looks so (`$Latest`, `$Default`, `$LATEST`, `$DEFAULT` excepted). In a condition value,
which may be any text, only `${NAME}`, `{{name}}`, `$UPPER_CASE`, `<UPPER_CASE>`, `<...account...>` and
`%UPPER_CASE%` are. Sid and Id are never looked at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from narrowgate.policy.arn import PARTITIONS
from narrowgate.policy.place import Fault, shown

_PLACEHOLDER = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))")

_REAL_NAMES = r"(?!(?:LATEST|DEFAULT|Latest|Default)(?![A-Za-z0-9_]))"
_EVERYWHERE = r"\$\{[A-Za-z_][A-Za-z0-9_.-]*\}|\{\{[^{}]*\}\}"
_CAPITALS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"
_IN_ARN = re.compile(
    rf"{_EVERYWHERE}|\${_REAL_NAMES}[A-Z][A-Z0-9_]*|<[A-Za-z][^<>]*>|%[A-Za-z_]{{3,}}%"
    r"|(?<![A-Za-z0-9])YOUR[_-][A-Z][A-Z0-9_-]*|(?<![A-Za-z0-9])[A-Z]++_HERE(?![A-Za-z0-9])"
)
_IN_VALUE = re.compile(
    rf"{_EVERYWHERE}|\$[A-Z][A-Z0-9]*_[A-Z0-9_]+|<[A-Z](?=[A-Z0-9-]*+_)[A-Z0-9_-]*+>"
    r"|<(?=[^<>]*+>)[^<>]*?(?:account|region|partition|ACCOUNT|REGION|PARTITION|Account)[^<>]*+>|%[A-Z]++(?:_[A-Z]++)++%"
)

REGION: Final = re.compile(r"[a-z]{2,4}(?:-[a-z]+)+-[0-9]{1,2}")
ACCOUNT: Final = re.compile(r"[0-9]{12}")


def fill(text: str, variables: Mapping[str, str]) -> str:
    """The text with `$NAME` and `${NAME}` replaced by the variable of that name, where given.

    What was filled in is not looked at again.
    """
    if not variables or "$" not in text:
        return text
    return _PLACEHOLDER.sub(lambda m: variables.get(m.group(1) or m.group(2), m.group()), text)


def variable_faults(variables: Mapping[str, str]) -> tuple[Fault, ...]:
    """What is wrong with the given values: one that could widen a policy is refused."""
    return tuple(
        Fault(f"variables.{name}", 0, 0, f"{shown(value)} is not a value for `{name}`")
        for name, value in variables.items()
        if not _is_fit(name, value)
    )


def _is_fit(name: str, value: str) -> bool:
    match name:
        case "AWS_ACCOUNT_ID":
            return ACCOUNT.fullmatch(value) is not None
        case "AWS_REGION":
            return REGION.fullmatch(value) is not None
        case "AWS_PARTITION":
            return value in PARTITIONS
    # A wildcard or a colon would change what the pattern around it means.
    return re.fullmatch(r"[A-Za-z0-9_+=,.@/-]+", value) is not None


def leftover_in_arn(text: str) -> str | None:
    """The first placeholder that is left in an ARN, a principal or an action."""
    found = _IN_ARN.search(text)
    if found is None:
        return None
    # Of `YOUR_ID_HERE` only the end is looked for, which is linear; it is named as a whole.
    before = text[: found.start()]
    start = len(before.rstrip(_CAPITALS)) if found.group().endswith("_HERE") else len(before)
    return text[start : found.end()]


def leftover_in_value(text: str) -> str | None:
    """The first placeholder that is left in a condition value."""
    found = _IN_VALUE.search(text)
    return found.group() if found else None


def leftover_message(placeholder: str) -> str:
    """What to say of a placeholder that is left over."""
    name = _PLACEHOLDER.fullmatch(placeholder)
    known = f"give a value for `{name.group(1) or name.group(2)}`" if name else "put the real value there"
    return f"the placeholder {shown(placeholder)} is not filled in; {known}"
