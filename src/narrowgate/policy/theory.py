"""All that the conditions on one key can tell apart: finitely many states of its values. Pure.

Each state is an absent key, one value, or several, and stands for every other that makes the same
conditions hold. Texts are told apart by the exact operations of `pattern`; numbers, instants and
addresses by one value in each gap between the listed ones; sets by the unions of what single values
can do.
INVARIANT: if `inexact` is empty, every value of the key makes the same literals hold as some state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from narrowgate.policy import pattern
from narrowgate.policy.gaps import around_dates, around_networks, around_numbers
from narrowgate.policy.literal import Atom, Literal
from narrowgate.policy.predicate import MEETS
from narrowgate.policy.request_context import Value
from narrowgate.policy.variable import VARIABLE

MOST_SETS: Final = 2_048
MOST_STEPS: Final = 200_000
MOST_PATTERNS: Final = 1_000
MOST_SYMBOLIC: Final = 5

_FAMILIES: Final = {"String": "text", "Arn": "text", "Numeric": "number", "Date": "date"}
_UNREADABLE: Final = "x"
"""No number, date, address or truth: such a value meets nothing."""


Placed: TypeAlias = tuple[Literal, int]
"""A literal and the number of its atom."""


class Element(NamedTuple):
    """One value: which atoms it meets, and the text. `guessed`: it meets them for some value of the variables."""

    meets: int
    text: str
    guessed: bool = False


class State(NamedTuple):
    """What a key may be: which literals then hold (bit i: the literal i), and its value; None: absent."""

    holds: int
    value: Value | None
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Theory:
    """The states of one key; `holding[i]` is the set of states (bit j: the state j) where literal i holds."""

    states: tuple[State, ...]
    holding: tuple[int, ...]
    inexact: str

    @property
    def everything(self) -> int:
        """The set of all the states."""
        return (1 << len(self.states)) - 1


def theory(literals: Sequence[Literal], *, several: bool) -> Theory:
    """The states of a key that these literals, all of them on it, tell apart.

    `several`: the key may have more than one value.
    """
    atoms = tuple(dict.fromkeys(literal.atom for literal in literals if literal.atom is not None))
    place = {atom: number for number, atom in enumerate(atoms)}
    placed = [(literal, 0 if literal.atom is None else place[literal.atom]) for literal in literals]
    elements, inexact = _elements(atoms)
    found: dict[int, State] = {}
    for state in _states(placed, elements):
        found.setdefault(state.holds, state)
    if several:
        sets = _sets(elements)
        if sets is None:
            inexact = f"`{literals[0].key}` can have too many combinations of values"
        for any_meets, all_meet, members in sets or ():
            holds = _held(placed, any_meets, all_meet, single=False)
            guessed = any(member.guessed for member in members)
            found.setdefault(holds, State(holds, tuple(member.text for member in members), guessed))
    states = tuple(sorted(found.values(), key=lambda state: state.guessed))
    holding = tuple(sum(1 << j for j, state in enumerate(states) if state.holds >> i & 1) for i in range(len(literals)))
    return Theory(states, holding, inexact)


def _states(placed: Sequence[Placed], elements: Sequence[Element]) -> Iterator[State]:
    yield State(sum(1 << i for i, (literal, _) in enumerate(placed) if literal.holds_absent), None)
    for element in elements:
        yield State(_held(placed, element.meets, element.meets, single=True), element.text, element.guessed)


def _held(placed: Sequence[Placed], any_meets: int, all_meet: int, *, single: bool) -> int:
    """The literals that hold, from the atoms that some value meets and those that all do."""
    held = 0
    for number, (literal, at) in enumerate(placed):
        if literal.on_values(bool(any_meets >> at & 1), bool(all_meet >> at & 1), single=single):
            held |= 1 << number
    return held


def _sets(elements: Sequence[Element]) -> list[tuple[int, int, tuple[Element, ...]]] | None:
    """Every (or, and) of two values or more that sets of elements reach, with such a set; None: too many."""
    reached: dict[tuple[int, int], tuple[Element, ...]] = {}
    todo: list[tuple[int, int, tuple[Element, ...]]] = [(e.meets, e.meets, (e,)) for e in elements]
    steps = 0
    while todo:
        any_meets, all_meet, members = todo.pop()
        steps += len(elements)
        if steps > MOST_STEPS:
            return None
        for element in elements:
            union = (any_meets | element.meets, all_meet & element.meets)
            if element in members or union in reached:
                continue
            if len(reached) >= MOST_SETS:
                return None
            reached[union] = (*members, element)
            todo.append((*union, reached[union]))
    # The same value twice, or two that meet the same: as one value, but for a variable, which needs just one.
    for element in elements:
        reached.setdefault((element.meets, element.meets), (element, element))
    return [(any_meets, all_meet, members) for (any_meets, all_meet), members in reached.items()]


def _elements(atoms: Sequence[Atom]) -> tuple[list[Element], str]:
    """One value for each combination of atoms that a value can meet, and why they may not be all."""
    families = {_family(atom.name) for atom in atoms}
    if families <= {"text"}:
        return _texts(atoms)
    candidates = [text for family in sorted(families) for text in _candidates(family, atoms)]
    inexact = "" if len(families) == 1 else "a key is compared as values of different kinds"
    tests = [_meets(atom) for atom in atoms]
    found: dict[int, Element] = {}
    for text in candidates:
        meets = sum(1 << i for i, test in enumerate(tests) if test(text))
        found.setdefault(meets, Element(meets, text))
    return list(found.values()), inexact


def _family(name: str) -> str:
    return next((family for start, family in _FAMILIES.items() if name.startswith(start)), name)


def _meets(atom: Atom) -> Callable[[str], bool]:
    return MEETS[atom.name](atom.listed)


def _candidates(family: str, atoms: Sequence[Atom]) -> Iterable[str]:
    listed = [text for atom in atoms if _family(atom.name) == family for text in atom.listed]
    match family:
        case "number":
            return (*around_numbers(listed), _UNREADABLE)
        case "date":
            return (*around_dates(listed), _UNREADABLE)
        case "IpAddress":
            return (*around_networks(listed), _UNREADABLE)
        case "Bool":
            return ("true", "false", _UNREADABLE)
        case "text":
            return tuple(element.text for element in _texts([a for a in atoms if _family(a.name) == "text"])[0])
    return (*listed, *_other_texts(listed))


def _other_texts(listed: Iterable[str]) -> tuple[str, ...]:
    """A base64 text that is none of the listed ones."""
    known = set(listed)
    return (next(text for n in range(len(known) + 1) if (text := f"eA{n:06d}") not in known),)


def _texts(atoms: Sequence[Atom]) -> tuple[list[Element], str]:
    """The same for texts. Atoms with variables are told apart text by text: two that share one share its chance."""
    if not any(atom.symbolic for atom in atoms):
        return _told_apart(atoms)
    parts = [[a._replace(listed=(t,)) for t in a.listed] if a.symbolic else [a] for a in atoms]
    singles = tuple(dict.fromkeys(part for each in parts for part in each))
    place = {single: number for number, single in enumerate(singles)}
    masks = [sum(1 << place[part] for part in set(each)) for each in parts]
    elements, inexact = _told_apart(singles)
    found: dict[int, Element] = {}
    for element in elements:
        meets = sum(1 << i for i, mask in enumerate(masks) if element.meets & mask)
        if meets not in found or (found[meets].guessed and not element.guessed):
            found[meets] = element._replace(meets=meets)
    return list(found.values()), inexact


def _told_apart(atoms: Sequence[Atom]) -> tuple[list[Element], str]:
    if all(atom.name == "StringEquals" and not atom.symbolic for atom in atoms):
        return _equal_texts(atoms), ""
    patterns = [(i, built) for i, atom in enumerate(atoms) for built in patterns_of(atom)]
    cells = None if len(patterns) > MOST_PATTERNS else pattern.cells([built for _, built in patterns])
    if cells is None or isinstance(cells, pattern.Undecided):
        return _some_texts(atoms), "the patterns of a key are too many to tell apart"
    found: dict[int, Element] = {}
    for cell in cells:
        meets = 0
        for bit, (i, _) in enumerate(patterns):
            meets |= (cell.mask >> bit & 1) << i
        if meets not in found or "${" in found[meets].text:
            found[meets] = Element(meets, cell.text)
    elements = list(found.values())
    if not any(atom.symbolic for atom in atoms):
        return elements, ""
    return _with_guesses(atoms, elements)


def _some_texts(atoms: Sequence[Atom]) -> list[Element]:
    """For atoms that are too many: the texts that come to mind, and what they meet."""
    listed = dict.fromkeys(text.replace("*", "").replace("?", "x") for atom in atoms for text in atom.listed)
    tests = [_meets(atom) for atom in atoms]
    found: dict[int, Element] = {}
    for text in (_UNREADABLE, *list(listed)[:MOST_PATTERNS]):
        meets = sum(1 << i for i, test in enumerate(tests) if test(text))
        found.setdefault(meets, Element(meets, text))
    return list(found.values())


def _equal_texts(atoms: Sequence[Atom]) -> list[Element]:
    """For atoms that list plain texts: each text, and one that is none of them."""
    meets: dict[str, int] = {}
    for i, atom in enumerate(atoms):
        for text in atom.listed:
            meets[text] = meets.get(text, 0) | 1 << i
    other = next(text for n in range(len(meets) + 1) if (text := f"x{n or ''}") not in meets)
    return [Element(mask, text) for text, mask in {other: 0, **meets}.items()]


def patterns_of(atom: Atom) -> list[pattern.Pattern]:
    """The patterns of texts that meet the atom."""
    match atom.name:
        case "StringEquals":
            return [pattern.exact(text, variables=atom.symbolic) for text in atom.listed]
        case "StringEqualsIgnoreCase":
            return [pattern.exact(text, ignore_case=True, variables=atom.symbolic) for text in atom.listed]
        case "StringLike":
            return [pattern.glob(text, variables=atom.symbolic) for text in atom.listed]
    # A variable alone stands for a whole ARN.
    return [
        pattern.exact(text, variables=True)
        if atom.symbolic and VARIABLE.fullmatch(text)
        else pattern.arn(text, variables=atom.symbolic)
        for text in atom.listed
    ]


def _with_guesses(atoms: Sequence[Atom], elements: list[Element]) -> tuple[list[Element], str]:
    """The elements, and every other combination that could arise for some value of the variables.

    A plain text may meet an atom with a variable, or not, as the variable's value goes; only what
    inclusion or disjointness of the patterns rules out for every value is left out.
    """
    patterns = [patterns_of(atom) for atom in atoms]
    symbolic = [i for i, each in enumerate(patterns) if any(one.variables for one in each)]
    if len(symbolic) > MOST_SYMBOLIC:
        return elements, "a key is compared with too many variables"
    implied = [(i, j) for i in symbolic for j in range(len(atoms)) if i != j and _within(patterns[i], patterns[j])]
    implied += [(j, i) for i in symbolic for j in range(len(atoms)) if i != j and _within(patterns[j], patterns[i])]
    found = {element.meets: element for element in elements}
    plain = ~sum(1 << i for i in symbolic)
    for element in elements:
        for choice in range(1 << len(symbolic)):
            meets = (element.meets & plain) | sum(1 << i for n, i in enumerate(symbolic) if choice >> n & 1)
            if meets not in found and not any(meets >> i & 1 and not meets >> j & 1 for i, j in implied):
                found[meets] = Element(meets, element.text, True)
    return list(found.values()), ""


def _within(inner: Sequence[pattern.Pattern], outer: Sequence[pattern.Pattern]) -> bool:
    return all(any(pattern.includes(big, small) for big in outer) for small in inner)
