"""What parts of a statement mean, read by hand from AWS's documentation, so that no engine judges itself. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Final, TypeAlias

from judges.world import Json, many

Context: TypeAlias = Mapping[str, "str | list[str]"]
Condition: TypeAlias = tuple[str, str, list[str]]
Entry: TypeAlias = tuple[str, str]

VARIABLE: Final = re.compile(r"\$\{([^{}]*)\}")
_TOKEN: Final = re.compile(r"\$\{[*?$]\}|[*?]|[^*?$]+|\$")
_SEPARATOR: Final = re.compile(r"\$\{[^{}]*\}|(:)")
BASES: Final = frozenset(
    f"{family}{tail}"
    for family, tails in {
        "String": ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike"),
        "Arn": ("Equals", "NotEquals", "Like", "NotLike"),
        "Numeric": ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"),
        "Date": ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"),
        "Bool": ("",),
        "Binary": ("Equals",),
        "IpAddress": ("",),
        "NotIpAddress": ("",),
        "Null": ("",),
    }.items()
    for tail in tails
)


def uses_variables(document: Json) -> bool:
    """Whether `${...}` is a variable in the document: only under the newer Version."""
    return document.get("Version") == "2012-10-17"


def value_of(context: Context, key: str) -> str | list[str] | None:
    """The value of a key, whatever its case; None where it is absent."""
    return next((value for name, value in context.items() if name.lower() == key.lower()), None)


def resolved(text: str, context: Context) -> str | None:
    """The text with its variables filled in, their wildcards escaped; None where one has no value."""
    made, at = [], 0
    for found in VARIABLE.finditer(text):
        inside = found.group(1)
        filled = found.group() if inside in ("*", "?", "$") else _filled(inside, context)
        if filled is None:
            return None
        made += [text[at : found.start()], filled]
        at = found.end()
    return "".join([*made, text[at:]])


def _filled(inside: str, context: Context) -> str | None:
    key, _, default = inside.partition(", '")
    value = value_of(context, key)
    if value is None or (isinstance(value, list) and len(value) != 1):
        return default.removesuffix("'") if default else None
    single = value if isinstance(value, str) else value[0]
    return re.sub(r"[*?$]", lambda found: f"${{{found.group()}}}", single)


def plain(text: str) -> str:
    """The text with its escapes as the characters they stand for."""
    return re.sub(r"\$\{([*?$])\}", r"\1", text)


def glob(pattern: str, text: str, *, any_one: str = ".", any_many: str = ".*") -> bool:
    """Whether the pattern is all of the text, by a regular expression."""
    return re.fullmatch(_expression(pattern, any_one, any_many), text, re.DOTALL) is not None


def _expression(pattern: str, any_one: str, any_many: str) -> str:
    tokens = _TOKEN.findall(pattern)
    return "".join({"*": any_many, "?": any_one}.get(token) or re.escape(plain(token)) for token in tokens)


def segments(text: str) -> list[str]:
    """The six parts of an ARN pattern; a colon inside a variable separates nothing."""
    cuts = [found.start() for found in _SEPARATOR.finditer(text) if found.group(1)][:5]
    starts = [0, *(cut + 1 for cut in cuts)]
    return [text[a:b] for a, b in zip(starts, [*cuts, len(text)], strict=True)]


def resource_fits(pattern: str, resource: str) -> bool:
    """Whether a resource pattern without variables matches: in the first five parts only a `*` at the end
    of its part crosses colons."""
    if pattern == "*":
        return True
    *heads, last = segments(pattern)
    parts = [
        _expression(h[:-1], "[^:]", "[^:]*") + ".*" if h.endswith("*") else _expression(h, "[^:]", "[^:]*")
        for h in heads
    ]
    whole = ":".join([*parts, _expression(last, ".", ".*")])
    return re.fullmatch(whole, resource, re.DOTALL) is not None


def fits_by_parts(pattern: str, resource: str) -> bool:
    """Whether it matches part by part, so that no wildcard crosses a colon between parts."""
    left, right = segments(pattern), resource.split(":", 5)
    return len(left) == len(right) == 6 and all(glob(p, t) for p, t in zip(left, right, strict=True))


def conditions(statement: Json) -> list[Condition]:
    """The conditions of a statement, one for each operator and key."""
    return [
        (operator, key, many(values))
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    ]


def with_conditions(statement: Json, kept: Iterable[Condition]) -> Json:
    """The statement with these conditions instead of its own. Raises ValueError where two have one place."""
    made: dict[str, dict[str, list[str]]] = {}
    for operator, key, values in kept:
        if key in made.setdefault(operator, {}):
            raise ValueError(f"two conditions {operator} {key}")
        made[operator][key] = values
    bare = {name: part for name, part in statement.items() if name != "Condition"}
    return {**bare, "Condition": made} if made else bare


def constant(truth: bool, number: int) -> Condition:
    """A condition that always holds, or never: whether a key is absent that no request has."""
    return "Null", f"aws:RequestTag/never{number}", ["true" if truth else "false"]


def taken_apart(operator: str) -> tuple[str, str, bool]:
    """Qualifier, base and whether `IfExists`; the base is "" for an operator that does not exist."""
    head, colon, rest = operator.rpartition(":")
    base = rest.removesuffix("IfExists")
    known = base in BASES and head in ("", "ForAllValues", "ForAnyValue") and not (base == "Null" and base != rest)
    return head + colon, base if known else "", base != rest


def readable(base: str, text: str) -> bool:
    """Whether the operator can read a value."""
    if base.startswith("Numeric"):
        return re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text) is not None
    if base.startswith("Date"):
        return instant(text) is not None
    if base in ("Bool", "Null"):
        return text.lower() in ("true", "false")
    if base.startswith("Arn"):
        return text == "*" or (text.startswith("arn:") and len(segments(text)) == 6)
    if base.endswith("IpAddress"):
        return _parses(ip_network, text)
    return not base.startswith("Binary") or _parses(base64.b64decode, text)


def _parses(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except (ValueError, binascii.Error):
        return False
    return True


def instant(text: str) -> datetime | None:
    """The moment of a date of this generator: seconds since 1970, a year, a day, or a time with its zone."""
    if re.fullmatch("[0-9]{5,}", text):
        return datetime.fromtimestamp(int(text), UTC)
    full = f"{text}-01-01" if re.fullmatch("[0-9]{4}", text) else text
    try:
        moment = datetime.fromisoformat(full)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def is_address(text: str) -> bool:
    """Whether the text is one IP address."""
    return _parses(ip_address, text)


def entries(statement: Json) -> tuple[str, list[Entry]]:
    """The element that names principals, `Principal` or `NotPrincipal`, and what it names; "" if none."""
    element = next((name for name in ("Principal", "NotPrincipal") if name in statement), "")
    found = statement.get(element, {})
    if isinstance(found, str):
        return element, [("AWS", "*")]
    return element, [(kind, name) for kind, names in found.items() for name in many(names)]


def with_entries(statement: Json, element: str, kept: Iterable[Entry]) -> Json:
    """The statement with these principals."""
    table: dict[str, list[str]] = {}
    for kind, name in kept:
        table.setdefault(kind, []).append(name)
    bare = {name: part for name, part in statement.items() if name not in ("Principal", "NotPrincipal")}
    return {**bare, element: "*" if table == {"AWS": ["*"]} else table}
