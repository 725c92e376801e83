"""Statements of equal conditions written as few and short ones: rows times columns, several ways tried. Pure.

The smallest cover of a relation by blocks is NP-hard; this takes the best of three beginnings (rows of
equal columns, columns of equal rows, the statements as they are), each merged while that saves a character.
INVARIANT: every step gives each row the columns it requires, and none that it may not be given.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Final, NamedTuple

from narrowgate.policy.actions import positions
from narrowgate.policy.clause import Term
from narrowgate.policy.condition import parse_operator
from narrowgate.policy.predicate import is_negated
from narrowgate.policy.relation import Block, Relation, Shape, bearing, relation, shape_of
from narrowgate.policy.rule import Rule, needs_of, settled, tidy

MOST_BLOCKS: Final = 60
"""Blocks of which every two are tried; more are merged only where rows or columns are equal."""


def merged(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Rules that select the same, merged where that is shorter; sorted by their text."""
    found: dict[Shape, list[Rule]] = {}
    for rule in rules:
        found.setdefault(shape_of(rule), []).append(rule)
    everything = tuple(rule for each in found.values() for rule in each)
    made = (new for shape, each in found.items() for new in _covered(shape, each, everything))
    return settled(_joined_values(made))


def _covered(shape: Shape, rules: Sequence[Rule], everything: Sequence[Rule]) -> Iterable[Rule]:
    others = bearing(shape, everything)
    if len(rules) == 1 and not others:
        return rules
    about = relation(shape, rules, others)
    beginnings = (_by_rows(about), _by_columns(about), list(about.blocks))
    best = min((_shortened(about, blocks) for blocks in beginnings), key=lambda blocks: _length(about, blocks))
    return (tidy(about.rule(block)) for block in best)


def _length(about: Relation, blocks: Iterable[Block]) -> int:
    return sum(map(about.size, blocks))


def _by_rows(about: Relation) -> list[Block]:
    found: dict[int, int] = {}
    for row, columns in enumerate(about.required):
        if columns:
            found[columns] = found.get(columns, 0) | 1 << row
    return list(_single(about, (Block(rows, columns) for columns, rows in found.items())))


def _by_columns(about: Relation) -> list[Block]:
    rows_of: dict[int, int] = {}
    for row, columns in enumerate(about.required):
        for column in positions(columns):
            rows_of[column] = rows_of.get(column, 0) | 1 << row
    found: dict[int, int] = {}
    for column, rows in sorted(rows_of.items()):
        found[rows] = found.get(rows, 0) | 1 << column
    return list(_single(about, (Block(rows, columns) for rows, columns in found.items())))


def _single(about: Relation, blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks, taken apart where a rule can have one row or column only."""
    for block in blocks:
        for rows in _parts(block.rows, apart=about.rows.whole):
            for columns in _parts(block.columns, apart=about.columns.whole):
                yield Block(rows, columns)


def _parts(bits: int, *, apart: bool) -> Iterable[int]:
    return (1 << at for at in positions(bits)) if apart else (bits,)


def _shortened(about: Relation, blocks: list[Block]) -> list[Block]:
    """The blocks merged and stripped of what others give, while that makes them shorter."""
    blocks = _stripped(about, blocks)
    while True:
        shorter = _stripped(about, _merged_blocks(about, blocks))
        if _length(about, shorter) >= _length(about, blocks):
            return blocks
        blocks = shorter


class _Weighed(NamedTuple):
    """A block, the columns that its rows may be given, and its length."""

    block: Block
    limit: int
    size: int


def _weighed(about: Relation, block: Block) -> _Weighed:
    return _Weighed(block, about.limit(block), about.size(block))


def _merged_blocks(about: Relation, blocks: list[Block]) -> list[Block]:
    """One after another the two blocks whose union saves most."""
    if len(blocks) > MOST_BLOCKS:
        return blocks
    live, numbers = dict(enumerate(_weighed(about, block) for block in blocks)), count(len(blocks))
    gains = {(i, j): gain for j in live for i in range(j) if (gain := _gain(about, live[i], live[j])) > 0}
    while gains:
        first, second = min(gains, key=lambda pair: (-gains[pair], pair))
        joined, number = _weighed(about, _union(live.pop(first).block, live.pop(second).block)), next(numbers)
        gains = {pair: gain for pair, gain in gains.items() if first not in pair and second not in pair}
        gains |= {(i, number): gain for i, each in live.items() if (gain := _gain(about, each, joined)) > 0}
        live[number] = joined
    return [each.block for each in live.values()]


def _union(one: Block, other: Block) -> Block:
    return Block(one.rows | other.rows, one.columns | other.columns)


def _gain(about: Relation, one: _Weighed, other: _Weighed) -> int:
    """The characters that one rule instead of two saves; 0 where one cannot be."""
    union = _union(one.block, other.block)
    if union.columns & ~(one.limit & other.limit):
        return 0
    if (about.rows.whole and union.rows.bit_count() > 1) or (about.columns.whole and union.columns.bit_count() > 1):
        return 0
    return one.size + other.size - about.size(union)


def _stripped(about: Relation, blocks: list[Block]) -> list[Block]:
    """The blocks, the longest first, without rows and columns that the others give or nobody requires."""
    kept = sorted(blocks, key=lambda block: (-about.size(block), block))
    for at, block in enumerate(kept):
        kept[at] = _needed(about, block, kept[:at] + kept[at + 1 :])
    return [block for block in kept if block.rows and block.columns]


def _needed(about: Relation, block: Block, others: Sequence[Block]) -> Block:
    """The block without rows of which nothing, and then columns of which nothing, is left to give."""
    left = {row: about.required[row] & block.columns for row in positions(block.rows)}
    for other in others:
        for row in left:
            if other.rows >> row & 1:
                left[row] &= ~other.columns
    # A row or column goes only as a whole: with what stays, pairs that others give are given twice.
    rows = sum(1 << row for row, columns in left.items() if columns)
    columns = 0
    for each in left.values():
        columns |= each
    return Block(rows, columns)


def _joined_values(rules: Iterable[Rule]) -> list[Rule]:
    """The rules, those of them joined that differ in the values of one condition only."""
    found = list(dict.fromkeys(rules))
    while (joined := _joined_once(found)) is not None:
        found = joined
    return found


def _joined_once(rules: list[Rule]) -> list[Rule] | None:
    seen: dict[tuple[object, ...], tuple[Rule, Term]] = {}
    for rule in rules:
        for term in rule.terms:
            if not _is_choice(term):
                continue
            others = tuple(each for each in rule.terms if each != term)
            key = (rule._replace(terms=others), term[:2], needs_of(rule))
            if key in seen and seen[key][0] != rule:
                other, other_term = seen[key]
                union = (*term[:2], tuple(sorted({*term[2], *other_term[2]})))
                whole = rule._replace(terms=tuple(sorted((*others, union))))
                return [tidy(whole), *(each for each in rules if each not in (rule, other))]
            seen[key] = (rule, term)
    return None


def _is_choice(term: Term) -> bool:
    """Whether a condition of two lists of values holds just where one of each list does."""
    operator = parse_operator(term[0])
    if operator is None or is_negated(operator.name) or operator.form.single:
        return False
    return operator.qualifier != "ForAllValues:"
