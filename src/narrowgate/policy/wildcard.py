"""Wildcard patterns: how Resource strings, ARNs and texts with `*` and `?` are read, and what they match. Pure.

INVARIANT: the code of a pattern is canonical: `**` is `*`, and `*?` is `?*`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from narrowgate.policy import arn as arns
from narrowgate.policy import variable as grammar
from narrowgate.policy.automaton import (
    ANY,
    CLOSE,
    LOOSE_VARIABLE,
    NOTHING,
    NUL,
    SEGMENT_ANY,
    SEGMENT_STAR,
    SET,
    STAR,
    VARIABLE,
    Symbols,
    accepts,
    tokens,
)

LITERAL, PREFIX, GLOB, OTHER = range(4)
"""Kinds of patterns: one text; a text and a star; `*` and `?` alone; everything else."""

_VARIABLE_OR_COLON = re.compile(grammar.VARIABLE.pattern + "|(:)")
_RUN = re.compile(r"(?:\0[*?]){2,}")
_SEGMENT_RUN = re.compile(r"(?:\0[sc]){2,}")
_IDLE_STAR = re.compile(r"(?:\0s)+(?=\0\*)|(?<=\0\*)(?:\0s)+")
# Characters that only `str.lower` ties to a letter; `upper` and `title` of the letter do not name them.
_ALSO: Final = {"k": "\u212a", "\u00e5": "\u212b", "\u03c9": "\u2126", "\u03b8": "\u03f4", "\u00df": "\u1e9e"}


@dataclass(frozen=True, slots=True)
class Pattern:
    """A set of texts. Equal patterns match the same texts, whatever their spelling.

    `code` is the canonical form that `language` reads, `text` the source. `variables` are the keys in
    lower case, with their default where they have one: `aws:username`, `aws:username, 'nobody'`.
    `prefix` begins every text; `shape` is the source with one `*` or `?` for every token that is open.
    """

    code: str
    text: str = field(compare=False)
    variables: tuple[str, ...] = field(default=(), compare=False)
    kind: int = field(default=OTHER, compare=False)
    prefix: str = field(default="", compare=False, repr=False)
    shape: str = field(default="", compare=False, repr=False)

    @property
    def is_literal(self) -> bool:
        """Whether it matches one text only, which is then `shape`."""
        return self.kind == LITERAL


@lru_cache(maxsize=8192)
def glob(text: str, *, ignore_case: bool = False, variables: bool = False) -> Pattern:
    """Texts that are wholly matched: `*` is any text, `?` any one character.

    With `variables`, `${key}` and `${key, 'default'}` are policy variables, `${*}`, `${?}` and `${$}`
    characters. Without regard to case means: letters of one `str.lower`.
    """
    return from_code(_encoded(text, _Mode(STAR, ANY, ignore_case, variables)), text)


@lru_cache(maxsize=8192)
def exact(text: str, *, ignore_case: bool = False, variables: bool = False) -> Pattern:
    """The text itself; `*` and `?` are characters. Variables as for `glob`."""
    return from_code(_encoded(text, _Mode("*", "?", ignore_case, variables)), text)


@lru_cache(maxsize=8192)
def resource(text: str, *, whole: bool = False, variables: bool = False) -> Pattern:
    """The resources that a Resource string matches; `*` alone matches all.

    In the first five segments, `?` and a `*` that does not end its segment match no colon.
    `whole`: the wildcards match colons everywhere, which is `glob`.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    if whole or text == "*":
        return glob(text, variables=variables)
    inside, beyond = _Mode(SEGMENT_STAR, SEGMENT_ANY, False, variables), _Mode(STAR, ANY, False, variables)
    parts = _segments(text, variables)
    codes = [_encoded(part[:-1], inside) + STAR if part.endswith("*") else _encoded(part, inside) for part in parts[:5]]
    return from_code(":".join([*codes, *(_encoded(part, beyond) for part in parts[5:])]), text)


@lru_cache(maxsize=8192)
def arn(text: str, *, variables: bool = False) -> Pattern:
    """The values that an ArnLike value meets: six parts, one by one; `*` alone meets everything.

    Wildcards of the first five parts match no colon. What is no ARN of six parts is only met by `*`,
    and itself meets nothing.
    """
    if text == "*":
        return glob(text)
    kind, *parts = _segments(text, variables)
    if len(parts) < 5 or not arns.matches(kind, "arn"):
        return from_code(NOTHING, text)
    inside = _Mode(SEGMENT_STAR, SEGMENT_ANY, False, variables)
    codes = [_encoded(part, inside) for part in parts[:4]]
    return from_code(":".join(["arn", *codes, _encoded(parts[4], _Mode(STAR, ANY, False, variables))]), text)


@dataclass(frozen=True, slots=True)
class _Mode:
    """What `*` and `?` become, and how the rest is read."""

    star: str
    one: str
    ignore_case: bool
    variables: bool


def _segments(text: str, variables: bool) -> list[str]:
    """At most six; a colon in a variable separates nothing."""
    if not variables:
        return text.split(":", 5)
    cuts = [found.start() for found in _VARIABLE_OR_COLON.finditer(text) if found.group(5)][:5]
    return [text[a:b] for a, b in zip([0, *(cut + 1 for cut in cuts)], [*cuts, len(text)], strict=True)]


def _encoded(text: str, mode: _Mode) -> str:
    if not mode.variables or "${" not in text:
        return _encoded_text(text, mode)
    parts, at = [], 0
    for found in grammar.VARIABLE.finditer(text):
        parts.append(_encoded_text(text[at : found.start()], mode))
        parts.append(found.group(1) or _encoded_variable(found, LOOSE_VARIABLE if mode.ignore_case else VARIABLE))
        at = found.end()
    return "".join([*parts, _encoded_text(text[at:], mode)])


def _encoded_variable(found: re.Match[str], opening: str) -> str:
    inside = found.group(2).lower() + (found.group(3) or "")
    return opening + inside.replace("\\", "\\\\").replace("\0", "\\0") + CLOSE


def _encoded_text(text: str, mode: _Mode) -> str:
    if mode.ignore_case:
        text = "".join(map(_letter, text))
    elif "\0" in text:
        text = text.replace("\0", NUL)
    # The codes of wildcards hold a `*` or `?` of their own: one pass each, in this order, is safe.
    return text.replace("*", mode.star).replace("?", mode.one)


def _letter(char: str) -> str:
    lower = char.lower()
    named = (char, lower, lower.upper(), lower.title(), _ALSO.get(lower, ""))
    letters = dict.fromkeys(letter for letter in named if letter.lower() == lower and len(letter) == 1)
    if char == "\0":
        return NUL
    return char if len(letters) == 1 else SET + "".join(letters) + CLOSE


def from_code(code: str, text: str) -> Pattern:
    """The pattern of a code, which is made canonical: stars of one run are one, after the single characters."""
    code = _RUN.sub(lambda run: _ordered(run.group(), ANY, STAR), code)
    code = _SEGMENT_RUN.sub(lambda run: _ordered(run.group(), SEGMENT_ANY, SEGMENT_STAR), code)
    code = _IDLE_STAR.sub("", code)
    prefix = code.partition("\0")[0]
    open_at = len(prefix)
    if open_at == len(code):
        return Pattern(code, text, (), LITERAL, code, code)
    if open_at == len(code) - 2 and code.endswith(STAR):
        return Pattern(code, text, (), PREFIX, prefix, prefix + "*")
    wild = code.count(STAR), code.count(ANY)
    if sum(wild) == code.count("\0") and wild == (code.count("*"), code.count("?")):
        return Pattern(code, text, (), GLOB, prefix, code.replace("\0", ""))
    variables = dict.fromkeys(_shown(token) for token in tokens(code) if token[:2] in (VARIABLE, LOOSE_VARIABLE))
    shape = "".join("*" if len(token) > 1 else token for token in tokens(code))
    return Pattern(code, text, tuple(variables), OTHER, prefix, shape)


def _ordered(run: str, one: str, star: str) -> str:
    return one * run.count(one) + (star if star in run else "")


def _shown(token: str) -> str:
    """The inside of a variable's braces."""
    return re.sub(r"\\(.)", lambda found: "\0" if found.group(1) == "0" else "\\", token[2:-2])


def spelled(symbols: Symbols) -> str:
    """The text of symbols: a variable as `${key}`; where it may stand in any case, its key in capitals."""
    return "".join(symbol if len(symbol) == 1 else _spelled_variable(symbol) for symbol in symbols)


def _spelled_variable(symbol: str) -> str:
    key, comma, default = _shown(symbol).partition(",")
    return "${" + (key.upper() if symbol.startswith(LOOSE_VARIABLE) else key) + comma + default + "}"


def matches(pattern: Pattern, text: str, *, variables: bool = False) -> bool:
    """Whether the text is in the pattern.

    `variables`: `${key}` in the text is a variable, as `find` and `cells` write it, not characters.
    """
    if variables and "${" in text:
        return accepts(pattern.code, _read(text))
    if pattern.kind == LITERAL:
        return text == pattern.prefix
    if not text.startswith(pattern.prefix):
        return False
    if pattern.kind == OTHER:
        start = len(pattern.prefix)
        return accepts(pattern.code[start:], text[start:])
    return pattern.kind == PREFIX or arns.matches(pattern.shape, text)


def _read(text: str) -> Symbols:
    symbols: list[str] = []
    at = 0
    for found in grammar.VARIABLE.finditer(text):
        if key := found.group(2):
            symbols.extend(text[at : found.start()])
            symbols.append(_encoded_variable(found, LOOSE_VARIABLE if key.upper() == key != key.lower() else VARIABLE))
            at = found.end()
    return (*symbols, *text[at:])
