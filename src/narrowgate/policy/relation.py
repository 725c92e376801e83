"""Which actions the statements of equal conditions select on which resources, as bits. Pure.

A row is an action as written, a column a resource; where an element cannot be taken apart (NotAction,
NotResource, resources of which only some hold a variable) it is one row or column by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from narrowgate.policy.actions import positions
from narrowgate.policy.document import size
from narrowgate.policy.pattern import Pattern, includes
from narrowgate.policy.rule import (
    Rule,
    action_pattern,
    inclusions,
    needs,
    needs_of,
    needs_of_terms,
    resource_pattern,
    size_of,
)

Atom: TypeAlias = frozenset[str]
"""One row or column: one text, or an element as a whole."""

_STAR: Final = frozenset("*")


class Shape(NamedTuple):
    """What rules have in common that may be written as one. `whole`: their resources are one column."""

    effect: str
    not_actions: bool
    not_resources: bool
    whole: bool
    terms: tuple[object, ...]
    needs: frozenset[str]
    is_new: bool


class Block(NamedTuple):
    """A rule to be: its rows and columns, as bits."""

    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Axis:
    """The rows, or the columns: the atoms and their lengths in JSON. `wider[i]`: those that include atom i, as bits.

    `whole`: a rule has only one of them.
    """

    atoms: tuple[Atom, ...]
    sizes: tuple[int, ...]
    wider: tuple[int, ...]
    whole: bool

    def size(self, bits: int) -> int:
        """The length of the element in JSON."""
        found = [self.sizes[at] for at in positions(bits)]
        return found[0] if len(found) == 1 else sum(found) + len(found) + 1

    def texts(self, bits: int) -> frozenset[str]:
        """The texts of the element."""
        return frozenset().union(*(self.atoms[at] for at in positions(bits)))


@dataclass(frozen=True, slots=True)
class Relation:
    """What the rules of one shape are about.

    `required[i]`: the columns that row i must be given. `granted[i]`: those that it may be given, for
    they are granted anyway. `common`: any of the rules. `frame`: the length of a rule without its elements.
    """

    common: Rule
    rows: Axis
    columns: Axis
    required: tuple[int, ...]
    granted: tuple[int, ...]
    blocks: tuple[Block, ...]
    frame: int

    def size(self, block: Block) -> int:
        """The length of the block as a statement."""
        return self.frame + self.rows.size(block.rows) + self.columns.size(block.columns)

    def limit(self, block: Block) -> int:
        """The columns that all the rows of a block may be given."""
        found = (1 << len(self.columns.atoms)) - 1
        for row in positions(block.rows):
            found &= self.granted[row]
        return found

    def rule(self, block: Block) -> Rule:
        """The block as a rule."""
        return self.common._replace(actions=self.rows.texts(block.rows), resources=self.columns.texts(block.columns))


def shape_of(rule: Rule) -> Shape:
    """The shape of a rule."""
    needed = needs_of(rule)
    own = needed - needs_of_terms(rule.terms) if rule.is_new else frozenset()
    # A resource without the variable would be reached without the variable once it stood by itself.
    whole = rule.not_resources or any(not own <= needs((text,)) for text in rule.resources if own)
    return Shape(rule.effect, rule.not_actions, rule.not_resources, whole, rule.terms, needed, rule.is_new)


def relation(shape: Shape, rules: Sequence[Rule], others: Sequence[Rule]) -> Relation:
    """The relation of the rules of a shape.

    `others`: those that bear on it; what they select on fewer conditions, or deny, is not required.
    """
    rows = _axis((rule.actions for rule in rules), shape.not_actions, action_pattern)
    columns = _axis((rule.resources for rule in rules), shape.whole, _resource_reader(shape))
    blocks = tuple(
        Block(_bits(rows, rule.actions, shape.not_actions), _bits(columns, rule.resources, shape.whole))
        for rule in rules
    )
    own = _closed(rows, columns, blocks)
    outer = _outer(rows, columns, shape, [rule for rule in others if _is_wider(rule, shape)])
    denied = _outer(rows, columns, shape, [rule for rule in others if _denies(rule, shape)])
    return Relation(
        rules[0],
        rows,
        columns,
        tuple(
            _required(rows, columns, blocks, own, (*pair, row))
            for row, pair in enumerate(zip(outer, denied, strict=True))
        ),
        tuple(mine | theirs for mine, theirs in zip(own, outer, strict=True)),
        blocks,
        _frame(rules[0]),
    )


Reader: TypeAlias = Callable[[str], Pattern]


def _resource_reader(shape: Shape) -> Reader:
    return lambda text: resource_pattern(text, is_new=shape.is_new)


def _axis(elements: Iterable[frozenset[str]], whole: bool, reader: Reader) -> Axis:
    found = elements if whole else (frozenset((text,)) for element in elements for text in element)
    atoms = tuple(sorted(set(found), key=sorted))
    sizes = tuple(_length(atom) for atom in atoms)
    wider = (0,) * len(atoms) if whole else _wider([reader(text) for atom in atoms for text in atom])
    return Axis(atoms, sizes, wider, whole)


def _length(atom: Atom) -> int:
    return size(json.dumps(sorted(atom), ensure_ascii=False, separators=(",", ":"))) - 2 * (len(atom) == 1)


def _wider(patterns: Sequence[Pattern]) -> tuple[int, ...]:
    """For each pattern those that include it, as bits; of two that include each other, the first is wider."""
    wider = [0] * len(patterns)
    for big, small in inclusions(patterns):
        if not wider[big] >> small & 1:
            wider[small] |= 1 << big
    return tuple(wider)


def _bits(axis: Axis, element: frozenset[str], whole: bool) -> int:
    if whole:
        return 1 << axis.atoms.index(element)
    return sum(1 << at for at, atom in enumerate(axis.atoms) if atom <= element)


def _closed(rows: Axis, columns: Axis, blocks: Iterable[Block]) -> tuple[int, ...]:
    """For each row all the columns that the blocks select for it, by themselves or by wider atoms."""
    found = [0] * len(rows.atoms)
    for block in blocks:
        reached = sum(1 << at for at, wider in enumerate(columns.wider) if block.columns & (wider | 1 << at))
        for row, wider in enumerate(rows.wider):
            if block.rows & (wider | 1 << row):
                found[row] |= reached
    return tuple(found)


def _required(rows: Axis, columns: Axis, blocks: Iterable[Block], own: Sequence[int], of: tuple[int, int, int]) -> int:
    """The columns that a row must be given: none that is granted or denied elsewhere, none within a wider pair."""
    outer, denied, row = of
    wanted = 0
    for block in blocks:
        if block.rows >> row & 1:
            wanted |= block.columns
    wanted &= ~(outer | denied)
    for wider in positions(rows.wider[row]):
        wanted &= ~own[wider]
    return sum(1 << at for at in positions(wanted) if not columns.wider[at] & own[row])


def bearing(shape: Shape, rules: Iterable[Rule]) -> list[Rule]:
    """The rules of other shapes that may select or deny what rules of this shape select."""
    return [rule for rule in rules if _is_wider(rule, shape) or _denies(rule, shape)]


def _is_wider(rule: Rule, shape: Shape) -> bool:
    """Whether a rule of the same effect holds wherever the shape does, and elsewhere too."""
    if rule.effect != shape.effect or not _holds_with(rule, shape):
        return False
    # Not of rules that hold just where these do: each of two could be left out for the other's sake.
    return (rule.terms, needs_of(rule)) != (shape.terms, shape.needs)


def _denies(rule: Rule, shape: Shape) -> bool:
    return rule.effect == "Deny" and shape.effect == "Allow" and _holds_with(rule, shape)


def _holds_with(rule: Rule, shape: Shape) -> bool:
    return set(rule.terms) <= set(shape.terms) and needs_of(rule) <= shape.needs


def _outer(rows: Axis, columns: Axis, shape: Shape, others: Iterable[Rule]) -> tuple[int, ...]:
    """For each row the columns that other rules select."""
    found = [0] * len(rows.atoms)
    for rule in others:
        actions = _selection(rule.actions, rule.not_actions, action_pattern)
        resources = _selection(rule.resources, rule.not_resources, _resource_reader(shape))
        reached = sum(1 << at for at, atom in enumerate(columns.atoms) if resources(atom, shape.not_resources))
        for row, atom in enumerate(rows.atoms) if reached else ():
            if actions(atom, shape.not_actions):
                found[row] |= reached
    return tuple(found)


def _selection(element: frozenset[str], negated: bool, reader: Reader) -> Callable[[Atom, bool], bool]:
    """Whether an element surely selects all that an atom does."""
    if element == _STAR and not negated:
        return lambda atom, atom_negated: True
    if negated:
        return lambda atom, atom_negated: atom_negated and atom == element
    patterns = [reader(text) for text in element]

    def selects(atom: Atom, atom_negated: bool) -> bool:
        return not atom_negated and all(
            any(includes(wide, narrow) for wide in patterns) for narrow in map(reader, atom)
        )

    return selects


def _frame(rule: Rule) -> int:
    bare = rule._replace(actions=_STAR, resources=_STAR)
    return size_of(bare) - 6 + 1  # two elements of three characters; a comma to the next statement
