"""Malformed and hostile policy documents, made from a seed: a text or a decoded value, and where it will stand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import Any, Final, TypeAlias, cast

from narrowgate.policy import Kind

Plain: TypeAlias = dict[str, Any]

KINDS: Final[tuple[Kind, ...]] = ("identity", "identity", "identity", "resource", "trust", "boundary", "scp", "rcp")
LARGE: Final = 1 << 17
HUGE: Final = 1_100_000
"""A little more than the longest text that is read."""

ODD: Final = (
    *("\0", "\x1f", "\n", "\r\n", "\t", "\x7f", "\x80", "\xa0", "\xad", "\xff", "\u0100", "\u0130", "\u0131", "\u017f"),
    *("\u200b", "\u200f", "\u202e", "\u2028", "\u212a", "\ufb01", "\ufe0f", "\ufeff", "\uff0a", "\uffff", "\ud800"),
    *("\udfff", "\U0001f600", "\U000e0041", "\U0010ffff", "e\u0301", "\u00df", "\u1e9e", "\u03c2", "\u06dd", "\u0661"),
)
ACTIONS: Final = (
    "s3:GetObject",
    "s3:*",
    "*",
    "s3:Get*",
    "s3:?etObject",
    "s3:*e*",
    "ec2:RunInstances",
    "sts:AssumeRole",
)
RESOURCES: Final = (
    *("*", "arn:aws:s3:::b/*", "arn:aws:s3:::*a*", "arn:aws:s3:::b/?a*", "arn:aws:ec2:us-?:*:instance/*"),
    *("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::${aws:username, 'x'}*?", "arn:aws:sqs:*:123456789012:q?*"),
)
CONDITIONS: Final[tuple[tuple[str, str, Any], ...]] = (
    ("StringEquals", "aws:username", ["a", "b"]),
    ("StringLike", "aws:username", "*a*?b*"),
    ("StringNotLike", "aws:PrincipalTag/team", ["${aws:username}*", "r?d"]),
    ("StringEqualsIgnoreCase", "aws:PrincipalTag/team", "\u00c5\u00df"),
    ("ForAnyValue:StringLike", "aws:TagKeys", ["*a", "a*", "?"]),
    ("ForAllValues:StringNotEquals", "aws:TagKeys", ["a"]),
    ("ArnLike", "aws:SourceArn", "arn:aws:s3:::*a*"),
    ("ArnNotEqualsIfExists", "aws:SourceArn", "arn:*:*:*:*:${aws:username}"),
    ("NumericLessThan", "s3:max-keys", 5),
    ("NumericNotEquals", "s3:max-keys", ["5.0", "-0"]),
    ("DateGreaterThan", "aws:CurrentTime", "2024-02-29T23:59:59Z"),
    ("Bool", "aws:SecureTransport", True),
    ("Null", "aws:TokenIssueTime", "false"),
    ("IpAddress", "aws:SourceIp", ["10.0.0.0/8", "::/0"]),
    ("NotIpAddress", "aws:SourceIp", "2001:db8::/32"),
    ("BinaryEquals", "x:digest", "YQ=="),
)

# Each is the beginning of a text that some regular expression could go over again and again.
STORMS: Final = (
    *("*", "?", "*?", "?*", "*a", "a*", "a?", "*a?b", "**", "a*?b*?", "*:", ":", "*:*", "?:", "/", "*/", "a"),
    *("${", "$", "${a", "${a:", "${a:b", "${a:b, '", "${*}", "${?}", "${$}", "${aws:username}", "${aws:username, '*'}"),
    *("{{", "{{a", "}}", "<A", "<A_", "_", "<", "<account", "account", "%A", "%A_", "_A", "A_", "A_HERE", "YOUR_A"),
    *(
        "$A",
        "$A_",
        "${A",
        "LATEST",
        "$LATEST",
        "-",
        "a-",
        "a.",
        ".",
        "0",
        "9",
        "1.",
        "f:",
        "::",
        "=",
        "YQ",
        "\xff",
        "\\",
    ),
)
BEFORE: Final = (
    "",
    "",
    "",
    "arn:aws:s3:::",
    "s3:",
    "arn:aws:ec2:us-?:*:",
    "arn:aws:iam::",
    "arn:",
    "<A",
    "<account",
    "%A",
)


@dataclass(frozen=True, slots=True)
class Hostile:
    """One document: the group it is of, the kind of document it is given for, and the text or decoded value."""

    group: str
    kind: Kind
    source: str | Mapping[str, object]


def documents(seed: int, number: int) -> Iterable[Hostile]:
    """So many documents, the same for the same seed; each depends on the seed and its own number only."""
    names, weights = zip(*((name, weight) for name, (weight, _) in GROUPS.items()), strict=True)
    for each in range(number):
        rng = Random(f"{seed}/{each}")
        name = rng.choices(names, weights)[0]
        kind = rng.choice(KINDS)
        yield Hostile(name, kind, GROUPS[name][1](rng, kind))


def plain(rng: Random, kind: Kind) -> Plain:
    """A document of correct grammar."""
    statements = [_statement(rng, kind) for _ in range(rng.choice((1, 1, 2, 3)))]
    new = kind in ("scp", "rcp") or rng.random() < 0.8
    return {"Version": "2012-10-17" if new else "2008-10-17", "Statement": statements}


def _statement(rng: Random, kind: Kind) -> Plain:
    made: Plain = {"Effect": "Deny" if kind == "rcp" else rng.choice(("Allow", "Allow", "Deny"))}
    actions = [rng.choice(ACTIONS) for _ in range(rng.choice((1, 2)))]
    made["Action"] = ["sts:AssumeRole"] if kind == "trust" else actions
    if kind != "trust":
        made[rng.choice(("Resource", "Resource", "NotResource"))] = [rng.choice(RESOURCES)]
    if kind in ("resource", "trust", "rcp"):
        made["Principal"] = rng.choice(("*", {"AWS": "123456789012"})) if kind != "rcp" else "*"
    condition: Plain = {}
    for operator, key, values in rng.sample(CONDITIONS, rng.choice((0, 0, 1, 2, 3))):
        condition[operator] = {key: values}
    return made | ({"Condition": condition} if condition else {})


def size(rng: Random, most: int = LARGE) -> int:
    """A length: mostly short, now and then as long as can be."""
    if rng.random() < 0.985:
        return int(2 ** rng.uniform(0, 11))
    return int(min(most, 2 ** rng.uniform(11, 20.1)))


def _spelled(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _into(rng: Random, made: Plain, value: Any) -> None:
    """Puts a value somewhere into a document."""
    statement = rng.choice(made["Statement"])
    place = rng.randrange(8)
    operator, key, listed = rng.choice(CONDITIONS)
    if place == 0:
        statement[rng.choice(("Action", "Action", "NotAction"))] = value
    elif place == 1:
        statement[rng.choice(("Resource", "NotResource"))] = value
    elif place == 2:
        statement[rng.choice(("Principal", "NotPrincipal"))] = rng.choice(
            (value, {rng.choice(("AWS", "Service")): value})
        )
    elif place == 3:
        statement["Sid"] = value
    elif place == 4 and isinstance(value, str):
        statement["Condition"] = {operator: {rng.choice((value, f"aws:RequestTag/{value}")): listed}}
    elif place == 5 and isinstance(value, str):
        statement["Condition"] = {rng.choice((value, operator + value, value + operator)): {key: listed}}
    else:
        statement["Condition"] = {operator: {key: value}}


def _placed(value: Callable[[Random], Any]) -> Callable[[Random, Kind], str]:
    """A maker of documents that hold the value somewhere."""

    def make(rng: Random, kind: Kind) -> str:
        made = plain(rng, kind)
        for _ in range(rng.choice((1, 1, 2))):
            _into(rng, made, value(rng))
        return _spelled(made)

    return make


def _storm(rng: Random) -> str:
    unit = "".join(rng.choice(STORMS) for _ in range(rng.choice((1, 1, 1, 2, 3))))
    return rng.choice(BEFORE) + unit * max(1, size(rng) // len(unit)) + rng.choice(("", "", "b", "!", "}", ">"))


def _storms(rng: Random) -> Any:
    return [_storm(rng) for _ in range(int(2 ** rng.uniform(0, 5)))] if rng.random() < 0.2 else _storm(rng)


def _unicode(rng: Random) -> str:
    base = rng.choice((*ACTIONS, *RESOURCES, "a", "", "aws:username", "StringLike", "Allow"))
    at = rng.randrange(len(base) + 1)
    odd = "".join(rng.choice(ODD) for _ in range(rng.choice((1, 1, 2, size(rng) // 4 or 1))))
    return base[:at] + odd + rng.choice((base[at:], base))


def _wide(rng: Random) -> Any:
    count = size(rng)
    item: Any = rng.choice(
        ("s3:GetObject", "arn:aws:s3:::b/{}", "s3:Get{}*", "arn:aws:s3:::*{}?", "a{}", "", 0, True, None, [])
    )
    if isinstance(item, str):
        return [item.format(n) for n in range(count)]
    return [item] * count


def _crowd(rng: Random, kind: Kind) -> str:
    """Many statements, operators, keys, members, or principals."""
    made, count = plain(rng, kind), size(rng) // 8 or 1
    statement = made["Statement"][0]
    match rng.randrange(5):
        case 0:
            made["Statement"] = [_statement(rng, kind) for _ in range(count)]
        case 1:
            made["Statement"] = [statement | {"Sid": f"S{n // 2}"} for n in range(count)]
        case 2:
            statement["Condition"] = {"StringLike": {f"aws:RequestTag/{n}": "*a*" for n in range(count)}}
        case 3:
            statement |= {f"Element{n}": n for n in range(count)}
        case _:
            statement["Principal"] = {"AWS": [f"arn:aws:iam::123456789012:user/{n}" for n in range(count)]}
    return _spelled(made)


def _deep(rng: Random, kind: Kind) -> str:
    depth = size(rng, HUGE)
    opening, closing = rng.choice(
        (("[", "]"), ('{"a":', "}"), ('[{"Statement":', "}]"), ("[0,", "]"), ('{"":0,"":', "}"))
    )
    nest = opening * (depth // len(opening) + 1) + "0" + closing * (depth // len(opening) + rng.choice((0, 1)))
    text = _spelled(plain(rng, kind))
    at = rng.choice([0, *(n for n, c in enumerate(text) if c in '[":,')])
    return rng.choice((nest, text[:at] + nest, text[: at + 1] + nest + text[at + 1 :]))


def _repeated(rng: Random, kind: Kind) -> str:
    """One key again and again, below a long path."""
    keys = [rng.choice(("Statement", "k" * 60, "\\u0000" * 30, "")) for _ in range(rng.randrange(60))]
    member = rng.choice(('"":0', '"a":[]', '"Effect":"Allow"', '"\u00ff":null'))
    members = ",".join([member] * size(rng, HUGE // len(member)))
    return "".join(f'{{"{key}":' for key in keys) + f"{{{members}}}" + "}" * len(keys)


def _long(rng: Random, kind: Kind) -> str:
    """A document that is longer than is read, or nearly."""
    length = rng.choice((1 << 10, LARGE - 300, LARGE, HUGE - 60_000, HUGE)) if rng.random() < 0.1 else size(rng, HUGE)
    made, filler = plain(rng, kind), rng.choice((" ", "\n", "a", "\t\r\n", "0", "\\", '"', "\xff"))
    if rng.random() < 0.5:
        text = _spelled(made)
        at = rng.choice([n for n, c in enumerate(text) if c in "{[,:"]) + 1
        return text[:at] + filler * length + text[at:]
    _into(rng, made, filler * (length // len(filler)))
    return _spelled(made)


def _number(rng: Random, kind: Kind) -> str:
    digits = "".join(rng.choice("0123456789") for _ in range(rng.choice((1, 30, 31, 4_300, 4_301, size(rng)))))
    forms = (
        "{}",
        "-{}",
        "{0}.{0}",
        "{}e{}",
        "1e{}",
        "-0",
        "0x{}",
        "+{}",
        "NaN",
        "-Infinity",
        "{}.",
        ".{}",
        "1E+{}",
        "00",
    )
    text = rng.choice(forms).format(digits, digits[:9])
    made = plain(rng, kind)
    made["Statement"][0]["Condition"] = {rng.choice(CONDITIONS)[0]: {rng.choice(CONDITIONS)[1]: "@"}}
    return _spelled(made).replace('"@"', rng.choice((text, f'"{text}"', f"[{text},{text}]")))


_VALUES: Final = (
    "2024-01-01",
    "1.5",
    "10.0.0.0/8",
    "2001:db8::/129",
    "true",
    "YQ==",
    "arn:aws:s3:::b",
    "a",
    "0",
    "-",
    "",
)


def _value(rng: Random) -> Any:
    text = rng.choice(_VALUES)
    made = rng.choice(
        (text, text * size(rng), text + rng.choice(ODD), text.upper() + rng.choice(_VALUES), rng.choice(ODD))
    )
    return rng.choice((made, made, [made], [made, rng.choice(_VALUES)], [], [[made]], {made: made}, 5, 1.5, None))


def _damaged(rng: Random, kind: Kind) -> str:
    """A correct text with some characters changed, lost, doubled or moved."""
    text = json.dumps(plain(rng, kind), indent=rng.choice((None, 1)))
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        at, end = sorted((rng.randrange(len(text) + 1), rng.randrange(len(text) + 1)))
        end = end if rng.random() < 0.2 else min(end, at + 3)
        odd = rng.choice((*'{}[]:,"\\ *?$', "\\u", "\\ud800", "null", "//", "'", rng.choice(ODD), rng.choice(STORMS)))
        text = rng.choice(
            (text[:at] + text[end:], text[:at] + odd + text[at:], text[:end] + text[at:], text[:at] + odd + text[end:])
        )
    return text


SCRAPS: Final = (*'{}[]:,"', *("\n", " ", "0", "-", "1e5", "true", "null", "NaN", "\\", "\\u", '"a"', '"Statement":[{'))


def _scraps(rng: Random, kind: Kind) -> str:
    return "".join(rng.choice((*SCRAPS, rng.choice(ODD))) for _ in range(size(rng)))


def _restructured(rng: Random, kind: Kind) -> str:
    """A correct document with a part renamed, lost, wrapped, emptied or put elsewhere."""
    made: Any = plain(rng, kind)
    for _ in range(rng.choice((1, 1, 2, 4))):
        made = restructured(rng, made)
    return _spelled(made)


def restructured(rng: Random, value: Any) -> Any:
    """The value with one small damage to its structure, somewhere."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        made = dict(value)
        key = rng.choice(list(made))
        if rng.random() < 0.6:
            return made | {key: restructured(rng, made[key])}
        name = str(key)
        spelled = (name.lower(), name.upper(), f"Not{name}", f"{name} ", "", name[:-1], "Principal", "Id", "\ud800")
        other = rng.choice(spelled)
        item = made.pop(key)
        return made if rng.random() < 0.4 else made | {other: item}
    if isinstance(value, list) and value and rng.random() < 0.7:
        at = rng.randrange(len(value))
        return [*value[:at], restructured(rng, value[at]), *value[at + rng.choice((0, 1)) :]]
    text = value if isinstance(value, str) else "s3:GetObject"
    others: tuple[Any, ...] = (
        None,
        True,
        0,
        1.0,
        "",
        "*",
        [],
        {},
        [value],
        [[value]],
        {"a": value},
        [value, value],
        "\n",
        10**40,
    )
    return rng.choice((*others, f"{text}\n{text}", f"{text} ", f" {text}"))


def _decoded(rng: Random, kind: Kind) -> Mapping[str, object]:
    """Values that no JSON text spells, and some that one does."""
    made: Any = deepcopy(plain(rng, kind))
    loop: list[Any] = []
    loop.append(loop)
    laughs: Any = ["ha"]
    for _ in range(40):
        laughs = [laughs, laughs]
    odd: tuple[Any, ...] = (
        loop,
        laughs,
        b"s3:GetObject",
        1j,
        float("nan"),
        float("inf"),
        10**5_000,
        {1: "a"},
        {None: 1},
    )
    odd += (
        {"s3:GetObject"},
        ("s3:GetObject",),
        object(),
        {"\ud800": 1},
        "\udfff",
        -0.0,
        1e400,
        MappingProxyType({"a": "b"}),
    )
    odd += (["s3:GetObject"] * size(rng, 1 << 18), True, 2**63, {"a": loop}, range(3), iter("ab"), "*", ["*"], made)
    for _ in range(rng.choice((0, 1, 1, 2))):
        _into(rng, made, rng.choice(odd))
    element = rng.choice(("Version", "Id", "Statement"))
    top = (made, made, made, made, MappingProxyType(made), rng.choice(odd), made | {element: rng.choice(odd)})
    return cast("Mapping[str, object]", rng.choice((*top, restructured(rng, made))))


Maker: TypeAlias = Callable[[Random, Kind], "str | Mapping[str, object]"]

GROUPS: Final[Mapping[str, tuple[int, Maker]]] = {
    "storms": (20, _placed(_storms)),
    "unicode": (12, _placed(_unicode)),
    "wide lists": (8, _placed(_wide)),
    "crowds": (4, _crowd),
    "deep nesting": (6, _deep),
    "repeated keys": (3, _repeated),
    "long": (4, _long),
    "numbers": (5, _number),
    "values": (10, _placed(_value)),
    "damaged texts": (12, _damaged),
    "scraps": (4, _scraps),
    "restructured": (12, _restructured),
    "decoded values": (8, _decoded),
    "correct": (4, lambda rng, kind: _spelled(plain(rng, kind))),
}
"""Each group of documents: how often it comes, and its maker."""
