"""`narrowgate policy compare`: whether documents allow all that others allow, both ways and by the thousand."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from narrowgate.policy import Fault, Readable
from narrowgate.policy.actions import ActionList
from narrowgate.policy.comparison import covers
from narrowgate.policy.lines import read_fields
from narrowgate.policy.verdict import Proved, Refuted, Universe
from narrowgate.verbs.policy_batch import Answer, Sink, Source, Tally, answer_lines
from narrowgate.verbs.policy_files import AnyKind, Files, read_documents
from narrowgate.verbs.policy_json import Faulty, request_data
from narrowgate.verbs.policy_request import Documents, Reading, Wrong, id_text

Word: TypeAlias = Literal["covers", "exceeds", "unknown"]

KNOWN: Final = frozenset({"id", "a", "b"})
LONG: Final = frozenset({"a", "b"})


@dataclass(frozen=True, slots=True)
class Compared:
    """Whether one side covers the other; `counterexample` is a request in JSON that only the other allows."""

    verdict: Word
    counterexample: dict[str, object] | None
    universe: Universe
    reason: str | None

    def as_data(self) -> dict[str, Any]:
        """The same for JSON."""
        return {
            "verdict": self.verdict,
            "counterexample": self.counterexample,
            "universe": self.universe,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Comparer:
    """Compares in one universe; `actions` are needed for the closed and the typed one."""

    universe: Universe = "open"
    actions: ActionList | None = None

    def covers(self, a: tuple[Readable, ...], b: tuple[Readable, ...]) -> Compared:
        """Whether `a` allows all that `b` allows."""
        found = covers(a, b, universe=self.universe, actions=self.actions)
        match found:
            case Proved():
                return Compared("covers", None, found.universe, None)
            case Refuted():
                return Compared("exceeds", request_data(found.counterexample.request), found.universe, None)
        return Compared("unknown", None, self.universe, "; ".join(found.why))


def compare_lines(source: Source, sink: Sink, comparer: Comparer, kind: AnyKind) -> Tally:
    """Answers every line `{"id", "a", "b"}` with whether `a` covers `b`, or with what is wrong with it."""
    documents = Documents()

    def answer(line: str) -> Answer:
        fields = read_fields(line, KNOWN, LONG, documents.memory)
        if fields.faults:
            return Wrong(id_text(fields), tuple(fields.faults))
        try:
            known = id_text(fields, strict=True)
            reading = Reading(line, fields, documents)
            sides = [_side(reading, name, kind) for name in ("a", "b")]
            reading.sound()
        except Faulty as error:
            return Wrong(id_text(fields), error.faults)
        return f'{{"id": {known}, {json.dumps(comparer.covers(sides[0], sides[1]).as_data())[1:]}'

    return answer_lines(source, sink, answer)


def _side(reading: Reading, name: str, kind: AnyKind) -> tuple[Readable, ...]:
    """The documents of one side; an empty list allows nothing, but it must be there."""
    found = reading.field(name, kind, 1)
    if found is None and not reading.faults:
        reading.faults.append(Fault(name, 0, 0, "is missing; a list of policy documents"))
    return found or ()


def comparer(universe: Universe) -> Comparer:
    """A comparer for the universe, with AWS's actions where it needs them."""
    if universe == "open":
        return Comparer()
    # Imported here only: the open universe has no use for the list.
    from narrowgate.adapters.action_data import action_list

    return Comparer(universe, action_list())


def read_side(files: Files, names: Iterable[str], kind: AnyKind) -> tuple[Readable, ...]:
    """The documents of one side, from its files. Raises UsageError."""
    return tuple(document for name in names for document in read_documents(name, files.read(name), kind))
