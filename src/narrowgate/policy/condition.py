"""Condition operators, one row each, and the form that their values must have. Pure.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
Policy variables work with string and ARN operators only, so the other forms admit none.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_network
from types import MappingProxyType
from typing import Final, TypeAlias

from narrowgate.policy.arn import parse_arn
from narrowgate.policy.place import shown
from narrowgate.policy.values import instant
from narrowgate.policy.variable import VARIABLE

QUALIFIERS: Final = ("ForAllValues:", "ForAnyValue:")
IF_EXISTS: Final = "IfExists"
LONGEST_OPERATOR: Final = 64

Canonical: TypeAlias = Callable[[str], "str | None"]
"""A value as it means, or None where it does not have the form."""

_NUMBER = re.compile(r"([+-]?)([0-9]{1,30})(?:\.([0-9]{1,30}))?")


def _text(value: str) -> str | None:
    return value


def _any_case(value: str) -> str | None:
    return value.lower()


def _truth(value: str) -> str | None:
    lower = value.lower()
    return lower if lower in ("true", "false") else None


def _number(value: str) -> str | None:
    # By hand: Decimal rounds to 28 digits, and two different numbers would be one.
    if not (found := _NUMBER.fullmatch(value)):
        return None
    sign, whole, fraction = found.group(1), found.group(2).lstrip("0") or "0", (found.group(3) or "").rstrip("0")
    digits = f"{whole}.{fraction}" if fraction else whole
    return f"-{digits}" if sign == "-" and digits != "0" else digits


def _date(value: str) -> str | None:
    return None if instant(value) is None else value


def _network(value: str) -> str | None:
    # ip_network also reads `10.0.0.0/255.0.0.0`, which AWS does not have.
    if not re.fullmatch(r"[0-9A-Fa-f.:]+(?:/[0-9]{1,3})?", value):
        return None
    try:
        return str(ip_network(value))
    except ValueError:
        return None


def _arn(value: str) -> str | None:
    return value if value == "*" or parse_arn(value) else None


def _binary(value: str) -> str | None:
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    return value


@dataclass(frozen=True, slots=True)
class Form:
    """What the values of an operator must look like, in words and in code.

    `single` marks forms for which two different values make no sense.
    """

    words: str
    canonical: Canonical
    single: bool = False


TEXT: Final = Form("text", _text)
ANY_CASE: Final = Form("text", _any_case)
NUMBER: Final = Form("a whole or decimal number", _number)
DATE: Final = Form("an ISO 8601 date (a time needs its zone, such as `Z`) or seconds since 1970", _date)
TRUTH: Final = Form("`true` or `false`", _truth, single=True)
BINARY: Final = Form("base64", _binary)
NETWORK: Final = Form("an IP address, or a network in CIDR form without host bits", _network)
ARN: Final = Form("an ARN of six parts, or `*`", _arn)

FORMS: Final = MappingProxyType(
    {
        "StringEquals": TEXT,
        "StringNotEquals": TEXT,
        "StringEqualsIgnoreCase": ANY_CASE,
        "StringNotEqualsIgnoreCase": ANY_CASE,
        "StringLike": TEXT,
        "StringNotLike": TEXT,
        "NumericEquals": NUMBER,
        "NumericNotEquals": NUMBER,
        "NumericLessThan": NUMBER,
        "NumericLessThanEquals": NUMBER,
        "NumericGreaterThan": NUMBER,
        "NumericGreaterThanEquals": NUMBER,
        "DateEquals": DATE,
        "DateNotEquals": DATE,
        "DateLessThan": DATE,
        "DateLessThanEquals": DATE,
        "DateGreaterThan": DATE,
        "DateGreaterThanEquals": DATE,
        "Bool": TRUTH,
        "BinaryEquals": BINARY,
        "IpAddress": NETWORK,
        "NotIpAddress": NETWORK,
        "ArnEquals": ARN,
        "ArnLike": ARN,
        "ArnNotEquals": ARN,
        "ArnNotLike": ARN,
        "Null": TRUTH,
    }
)
"""Every operator of the documentation and the form of its values."""


@dataclass(frozen=True, slots=True)
class Operator:
    """A condition operator taken apart: `ForAnyValue:StringLikeIfExists` has all three parts."""

    name: str
    qualifier: str = ""
    if_exists: bool = False

    @property
    def form(self) -> Form:
        """The form of its values."""
        return FORMS[self.name]

    @property
    def takes_variables(self) -> bool:
        """Whether policy variables may stand in its values."""
        return self.name.startswith(("String", "Arn"))

    def reads(self, text: str, *, variables: bool) -> bool:
        """Whether the text has the form of its values; with variables, one alone may stand for an ARN."""
        if variables and self.form is ARN and (found := VARIABLE.fullmatch(text)):
            return found.group(2) is not None
        return self.form.canonical(text) is not None


def parse_operator(text: str) -> Operator | None:
    """The operator, or None where AWS has none of that name. Case-sensitive.

    AWS is silent about other cases (`stringequals`); the stricter reading is taken.
    """
    return _parsed(text) if len(text) <= LONGEST_OPERATOR else None


@lru_cache(maxsize=512)
def _parsed(text: str) -> Operator | None:
    qualifier = next((q for q in QUALIFIERS if text.startswith(q)), "")
    rest = text.removeprefix(qualifier)
    if rest in FORMS:
        return Operator(rest, qualifier)
    name = rest.removesuffix(IF_EXISTS)
    if name == rest or name not in FORMS or name == "Null":
        return None
    return Operator(name, qualifier, if_exists=True)


def operator_fault(text: str) -> str:
    """What to say of an operator that does not exist."""
    if text.endswith(f"Null{IF_EXISTS}"):
        return "`Null` cannot be combined with `IfExists`: it asks just whether the key exists"
    near = next((name for name in FORMS if name.lower() == text.lower()), None)
    return f"{shown(text)} is not a condition operator" + (f"; write `{near}`" if near else "")
