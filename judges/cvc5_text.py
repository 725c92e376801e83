"""Texts and patterns as cvc5 terms: tokens of a pattern, and whether a string term meets it.

Written from docs/policy-engine.md alone; nothing of the engine's matching is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

import cvc5
from cvc5 import Kind, Term


class Undecided(Exception):
    """The judge cannot say; the message is the reason."""


class Wild(Enum):
    """Wildcards: any text, any character; and the same without a colon."""

    STAR = "*"
    ONE = "?"
    STAR_IN_SEGMENT = "*:"
    ONE_IN_SEGMENT = "?:"


@dataclass(frozen=True, slots=True)
class Variable:
    """A policy variable: its key in lower case, and its default where it has one."""

    key: str
    default: str | None


Token: TypeAlias = "str | Variable | Wild"
Tokens: TypeAlias = "tuple[Token, ...]"

LAST: Final = chr(0x2FFFF)
"""The last character that cvc5 has."""

_VARIABLE: Final = re.compile(r"\$\{(?:([*?$])|([^{}', ]+)(?:, '([^{}']*)')?)\}")
_COLON: Final = re.compile(r"\$\{[^{}]*\}|(:)")


def tokens(text: str, *, variables: bool, wild: bool = True) -> Tokens:
    """The tokens of a text of a document, neighbouring texts joined."""
    found: list[Token] = []
    at = 0
    for hit in _VARIABLE.finditer(text) if variables else ():
        found += _plain(text[at : hit.start()], wild)
        character, key, default = hit.groups()
        found.append(character or Variable(key.lower(), default))
        at = hit.end()
    return joined([*found, *_plain(text[at:], wild)])


def _plain(text: str, wild: bool) -> list[Token]:
    pieces = re.split(r"([*?])", text) if wild else [text]
    return [Wild(piece) if wild and piece in ("*", "?") else piece for piece in pieces if piece]


def joined(items: Iterable[Token]) -> Tokens:
    """Neighbouring texts as one, and neighbouring stars as one."""
    made: list[Token] = []
    for item in items:
        last = made[-1] if made else None
        if isinstance(item, str) and isinstance(last, str):
            made[-1] = last + item
        elif item and not (item is last is Wild.STAR):
            made.append(item)
    return tuple(made)


def segments(text: str, *, variables: bool) -> tuple[str, ...]:
    """The six parts of an ARN pattern as written; colons in a policy variable separate nothing."""
    colon = _COLON if variables else re.compile("(:)")
    cuts = [hit.start() for hit in colon.finditer(text) if hit.group(1)][:5]
    if len(cuts) < 5 or text[: cuts[0]] != "arn":
        raise Undecided(f"`{text}` is no ARN of six parts")
    return tuple(text[a + 1 : b] for a, b in zip([-1, *cuts], [*cuts, len(text)], strict=True))


def variables_in(items: Tokens) -> tuple[Variable, ...]:
    """The variables among the tokens."""
    return tuple(item for item in items if isinstance(item, Variable))


class Terms:
    """Makes terms, folding constants; equal formulas are one term, for cvc5 shares them."""

    def __init__(self) -> None:
        self.manager = cvc5.TermManager()
        self.true: Term = self.manager.mkTrue()
        self.false: Term = self.manager.mkFalse()
        self.all: Term = self.manager.mkRegexpAll()
        self.one: Term = self.manager.mkRegexpAllchar()
        self.not_colon: Term = self._ranges(("\0", "9"), (";", LAST))
        self._wilds = {
            Wild.STAR: self.all,
            Wild.ONE: self.one,
            Wild.STAR_IN_SEGMENT: self.manager.mkTerm(Kind.REGEXP_STAR, self.not_colon),
            Wild.ONE_IN_SEGMENT: self.not_colon,
        }

    def _ranges(self, *ranges: tuple[str, str]) -> Term:
        made = [self.make(Kind.REGEXP_RANGE, self.text(low), self.text(high)) for low, high in ranges]
        return made[0] if len(made) == 1 else self.make(Kind.REGEXP_UNION, *made)

    def many(self, *ranges: tuple[str, str], least: int = 0) -> Term:
        """The regular expression of texts of characters in the ranges."""
        return self.make(Kind.REGEXP_PLUS if least else Kind.REGEXP_STAR, self._ranges(*ranges))

    def make(self, kind: Kind, *items: Term) -> Term:
        """One term."""
        return self.manager.mkTerm(kind, *items)

    def text(self, value: str) -> Term:
        """A constant text."""
        return self.manager.mkString(value)

    def number(self, value: int) -> Term:
        """A constant integer."""
        return self.manager.mkInteger(value)

    def string(self, name: str) -> Term:
        """A new string variable."""
        return self.manager.mkConst(self.manager.getStringSort(), name)

    def integer(self, name: str) -> Term:
        """A new integer variable."""
        return self.manager.mkConst(self.manager.getIntegerSort(), name)

    def boolean(self, name: str) -> Term:
        """A new Boolean variable."""
        return self.manager.mkConst(self.manager.getBooleanSort(), name)

    def all_of(self, items: Iterable[Term]) -> Term:
        """The conjunction."""
        return self._fold(Kind.AND, items, self.true, self.false)

    def any_of(self, items: Iterable[Term]) -> Term:
        """The disjunction."""
        return self._fold(Kind.OR, items, self.false, self.true)

    def _fold(self, kind: Kind, items: Iterable[Term], unit: Term, zero: Term) -> Term:
        kept = [item for item in dict.fromkeys(items) if item != unit]
        if zero in kept:
            return zero
        if len(kept) < 2:
            return kept[0] if kept else unit
        return self.make(kind, *kept)

    def negate(self, item: Term) -> Term:
        """The negation."""
        if item == self.true or item == self.false:
            return self.false if item == self.true else self.true
        return self.make(Kind.NOT, item)

    def equal(self, left: Term, right: Term) -> Term:
        """Equality."""
        return self.true if left == right else self.make(Kind.EQUAL, left, right)

    def concat(self, items: Sequence[Term]) -> Term:
        """The texts one after another."""
        if not items:
            return self.text("")
        return items[0] if len(items) == 1 else self.make(Kind.STRING_CONCAT, *items)

    def _literal(self, value: str) -> Term:
        return self.make(Kind.STRING_TO_REGEXP, self.text(value))

    def regex(self, items: Tokens, *, any_case: bool = False) -> Term:
        """The regular expression of tokens without variables."""
        parts: list[Term] = []
        for item in items:
            if isinstance(item, Variable):
                raise Undecided("a variable in a regular expression")
            if isinstance(item, Wild):
                parts.append(self._wilds[item])
            elif any_case:
                parts += [self._cases(character) for character in item]
            else:
                parts.append(self._literal(item))
        if not parts:
            return self._literal("")
        return parts[0] if len(parts) == 1 else self.make(Kind.REGEXP_CONCAT, *parts)

    def _cases(self, character: str) -> Term:
        forms = sorted({character, *(f for f in (character.lower(), character.upper()) if len(f) == 1)})
        forms = [form for form in forms if form.lower() == character.lower()]
        literals = [self._literal(form) for form in forms]
        return literals[0] if len(literals) == 1 else self.make(Kind.REGEXP_UNION, *literals)

    def within(self, term: Term, regexes: Sequence[Term]) -> Term:
        """Whether a text is in one of the regular expressions."""
        union = regexes[0] if len(regexes) == 1 else self.make(Kind.REGEXP_UNION, *dict.fromkeys(regexes))
        return self.make(Kind.STRING_IN_REGEXP, term, union)


Resolve: TypeAlias = Callable[[Variable], Term]
"""The text of a policy variable."""


@dataclass(frozen=True, slots=True)
class Matcher:
    """Says whether a string term meets tokens; `resolve` gives the texts of variables."""

    terms: Terms
    resolve: Resolve

    def meets(self, term: Term, items: Tokens, *, any_case: bool = False) -> Term:
        """Whether the whole text is what the tokens describe."""
        if items == (Wild.STAR,):
            return self.terms.true
        if variables_in(items):
            return self._greedy(term, items, any_case)
        if any_case or any(isinstance(item, Wild) for item in items):
            return self.terms.within(term, [self.terms.regex(items, any_case=any_case)])
        return self.terms.equal(term, self._text(items))

    def _text(self, items: Sequence[Token], any_case: bool = False) -> Term:
        made = [self.resolve(i) if isinstance(i, Variable) else self.terms.text(str(i)) for i in items]
        text = self.terms.concat(made)
        return self.terms.make(Kind.STRING_TO_LOWER, text) if any_case else text

    def _greedy(self, term: Term, items: Tokens, any_case: bool) -> Term:
        """Head and tail where they must be, pieces between stars at their first place.

        The first place is always good enough, so no quantifier is needed, whichever the polarity.
        """
        if Wild.STAR_IN_SEGMENT in items or Wild.ONE_IN_SEGMENT in items:
            raise Undecided("a variable beside a wildcard that stops at a colon")
        text = self.terms.make(Kind.STRING_TO_LOWER, term) if any_case else term
        pieces = _split(items)
        length = self.terms.make(Kind.STRING_LENGTH, text)
        size = [self._length(piece) for piece in pieces]
        if len(pieces) == 1:
            return self._stands(text, pieces[0], self.terms.number(0), any_case, size=length)
        end = self.terms.make(Kind.SUB, length, size[-1])
        parts = [self._stands(text, pieces[0], self.terms.number(0), any_case)]
        at = size[0]
        for piece, width in zip(pieces[1:-1], size[1:-1], strict=True):
            if Wild.ONE in piece:
                raise Undecided("a `?` between two stars, beside a variable")
            found = self.terms.make(Kind.STRING_INDEXOF, text, self._text(piece, any_case), at)
            parts.append(self.terms.make(Kind.GEQ, found, self.terms.number(0)))
            at = self.terms.make(Kind.ADD, found, width)
        parts.append(self.terms.make(Kind.LEQ, at, end))
        parts.append(self._stands(text, pieces[-1], end, any_case))
        return self.terms.all_of(parts)

    def _length(self, piece: Tokens) -> Term:
        ones = self.terms.number(sum(item is Wild.ONE for item in piece))
        text = self.terms.make(Kind.STRING_LENGTH, self._text([i for i in piece if i is not Wild.ONE]))
        return self.terms.make(Kind.ADD, text, ones)

    def _stands(self, text: Term, piece: Tokens, at: Term, any_case: bool, size: Term | None = None) -> Term:
        """Whether the piece stands at a place of the text; with `size`, it is all of the text."""
        if size is not None and Wild.ONE not in piece:
            return self.terms.equal(text, self._text(piece, any_case))
        parts = [] if size is None else [self.terms.equal(size, self._length(piece))]
        for run, before in _runs(piece):
            start = self.terms.make(Kind.ADD, at, self._length(before))
            shown = self._text(run, any_case)
            width = self.terms.make(Kind.STRING_LENGTH, shown)
            parts.append(self.terms.equal(self.terms.make(Kind.STRING_SUBSTR, text, start, width), shown))
        return self.terms.all_of(parts)


def _split(items: Tokens) -> list[Tokens]:
    """The pieces between stars; the first and the last may be empty, the others are not."""
    pieces: list[list[Token]] = [[]]
    for item in items:
        if item is Wild.STAR:
            pieces.append([])
        else:
            pieces[-1].append(item)
    return [tuple(p) for n, p in enumerate(pieces) if p or n in (0, len(pieces) - 1)]


def _runs(piece: Tokens) -> list[tuple[Tokens, Tokens]]:
    """The runs without `?` of a piece, each with what stands before it."""
    found: list[tuple[Tokens, Tokens]] = []
    start = 0
    for at in range(len(piece) + 1):
        if at == len(piece) or piece[at] is Wild.ONE:
            if at > start:
                found.append((piece[start:at], piece[:start]))
            start = at + 1
    return found
