"""`narrowgate policy derive`: evidence read from files, and the least policy for it with its reasons."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from narrowgate.adapters.action_data import action_list
from narrowgate.adapters.recorded_calls import RecordedCalls, completed, recorded_calls
from narrowgate.adapters.sandbox.recording import read_recording
from narrowgate.calls import Call, Fields, unmasked
from narrowgate.catalogue.facts import Place
from narrowgate.derive.derivation import Derived, Grant, NotDerived, by_phase, derive
from narrowgate.derive.evidence import Evidence, LeftOut, Origin, evidence_of, together
from narrowgate.derive.scope import Own
from narrowgate.derive.variables import derive_both
from narrowgate.errors import Refused, UsageError
from narrowgate.happening import Happening
from narrowgate.policy import size
from narrowgate.policy.actions import ActionList
from narrowgate.policy.arn import matches
from narrowgate.policy.document import Document, Statement
from narrowgate.policy.splitting import MANAGED_QUOTA
from narrowgate.verbs.policy_files import Files, shown


@dataclass(frozen=True, slots=True)
class Sources:
    """The files with the evidence; `principal` and `account` choose whose calls of them count.

    `own`: the tags that mark what is the program's, where the person knows better than the calls tell.
    """

    recordings: tuple[str, ...] = ()
    trails: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()
    principal: str = ""
    account: str = ""
    own: Own | None = None


@dataclass(frozen=True, slots=True)
class Reasoned:
    """A statement of a derived document, by the numbers of both, with the grants that it is there for."""

    document: int
    statement: int
    grants: tuple[Grant, ...]

    @property
    def calls(self) -> Mapping[str, tuple[str, ...]]:
        """The calls that need it, each once, by phase."""
        return by_phase([use for grant in self.grants for use in grant.uses])

    @property
    def wide(self) -> tuple[str, ...]:
        """Where and why it reaches beyond what is the program's own."""
        found = (f"{g.scope.action} on {g.scope.resource}: {g.scope.wide}" for g in self.grants if g.scope.wide)
        return tuple(dict.fromkeys(found))


def derived_from(sources: Sources, files: Files) -> Derived:
    """The least policy for the calls in the files. Raises UsageError where none can be derived, and why."""
    if not (sources.recordings or sources.trails or sources.plans):
        raise UsageError("there is no evidence: give `--recording FILE`, `--cloudtrail FILE` or `--plan FILE`")
    if len(sources.recordings) > 2:
        raise UsageError("two recordings tell what varies: give one, or two of the same program")
    if len(sources.recordings) == 2 and (sources.trails or sources.plans):
        raise UsageError("two recordings are compared with each other: leave the other sources out, or one of them")
    actions = action_list()
    return _made(parts_of(sources, files, actions), sources, actions)


def parts_of(sources: Sources, files: Files, actions: ActionList) -> tuple[Evidence, ...]:
    """The evidence of each source: of every recording by itself, and of all the events together."""
    recorded = (_recorded(name, sources, files, actions) for name in sources.recordings)
    planned = (_planned(name, sources, files, actions) for name in sources.plans)
    return (*recorded, *_trail(sources, actions), *planned)


def evidence(
    happenings: Iterable[Happening], place: Place, origin: Origin, actions: ActionList, account: str = ""
) -> Evidence:
    """The evidence of a source's calls. Raises UsageError where it is of another account than the wanted one."""
    if account and place.account != account:
        raise UsageError(f"{origin.whose}: this is account {place.account}, not {account}")
    return evidence_of(happenings, place, origin, actions=actions)


def recorded_evidence(found: RecordedCalls, actions: ActionList, account: str = "") -> Evidence:
    """The evidence of a recording. Raises UsageError where it is of another account than the wanted one."""
    return completed(evidence(found.happenings, found.place, found.origin, actions, account), found.asked)


def sound(made: Derived | NotDerived, left_out: Sequence[LeftOut]) -> Derived:
    """What was derived. Raises UsageError where nothing was, with what was left out."""
    if isinstance(made, Derived):
        return made
    lines = [f"cannot derive a policy: {'; '.join(made.why)}"]
    lines += [f"  left out: {told(each)}" for each in left_out[:10]]
    lines += [f"  and {len(left_out) - 10} more"] if len(left_out) > 10 else []
    raise UsageError("\n".join(lines))


def told(left_out: LeftOut) -> str:
    """What was left out, in a sentence."""
    return f"{left_out.what}{f' ({left_out.source})' if left_out.source else ''}: {left_out.why}"


def is_lacking(made: Derived) -> bool:
    """Whether the policy may lack something because of what was left out."""
    return any(each.serious for each in made.evidence.left_out)


def reasoned(made: Derived) -> tuple[Reasoned, ...]:
    """Every statement of the documents with its reasons."""
    places = [(i, j, s) for i, document in enumerate(made.documents) for j, s in enumerate(document.statements)]
    found: dict[tuple[int, int], list[Grant]] = {(i, j): [] for i, j, _ in places}
    for grant in made.grants:
        # Minimising joins statements, and leaves out what a wider one allows.
        allowing = [(i, j, s) for i, j, s in places if _allows(s, grant)]
        alike = [place for place in allowing if len(place[2].conditions) == len(grant.scope.conditions)]
        for i, j, _ in alike or allowing:
            found[i, j].append(grant)
    return tuple(Reasoned(i, j, tuple(grants)) for (i, j), grants in found.items())


def write_policies(name: str, documents: Sequence[Document]) -> tuple[str, ...]:
    """Write the documents to the file, or to `NAME.1.json` and so on where they are several; gives the names.

    Each file is replaced whole or not at all. Raises Refused.
    """
    if not documents:
        raise Refused(f"there is no policy to write to `{name}`: nothing is allowed. what is there stays as it is")
    path = Path(name)
    numbered = [path.with_name(f"{path.name.removesuffix('.json')}.{i}.json") for i in range(1, len(documents) + 1)]
    paths = [path] if len(documents) == 1 else numbered
    for each, document in zip(paths, documents, strict=True):
        _write(each, document.pretty() + "\n")
    return tuple(str(each) for each in paths)


def check_output(name: str) -> None:
    """Find out, before long work, whether policies can be written to the file. Raises Refused."""
    path = Path(name)
    if path.is_dir() or not path.parent.is_dir():
        why = "it is a folder" if path.is_dir() else f"there is no folder `{path.parent}`"
        raise Refused(f"cannot write `{name}`: {why}. choose another file")


def derived_data(made: Derived) -> dict[str, Any]:
    """What was derived and why, for JSON."""
    found = made.evidence
    return {
        "policies": [
            {"document": document_data(document), "size": size(document.text()), "quota": MANAGED_QUOTA}
            for document in made.documents
        ],
        "statements": [
            {
                "policy": each.document,
                "statement": each.statement,
                "calls": {phase: list(names) for phase, names in each.calls.items()},
                "wide": list(each.wide),
            }
            for each in reasoned(made)
        ],
        "own": dict(made.own.tags),
        "whose": found.whose,
        "place": {"partition": found.place.partition, "account": found.place.account, "region": found.place.region},
        "leftOut": [
            {"what": each.what, "why": each.why, "source": each.source, "serious": each.serious}
            for each in ordered(found.left_out)
        ],
        "blind": list(found.blind),
    }


def document_data(document: Document) -> Any:
    """A document as JSON data."""
    return json.loads(document.text())


def ordered(left_out: Iterable[LeftOut]) -> tuple[LeftOut, ...]:
    """The serious ones first, otherwise in their order."""
    return tuple(sorted(left_out, key=lambda each: not each.serious))


def own_of_words(words: Sequence[str]) -> Own | None:
    """The ownership tags that KEY=VALUE words tell; None without a word. Raises UsageError."""
    found: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not key or not equals:
            raise UsageError(f"`{word}` is no tag: write `--own KEY=VALUE`")
        if found.setdefault(key, value) != value:
            raise UsageError(f"the tag `{key}` has two values: give one")
    return Own(MappingProxyType(found)) if found else None


def _recorded(name: str, sources: Sources, files: Files, actions: ActionList) -> Evidence:
    try:
        found = recorded_calls(read_recording(files.read(name)), shown(name), principal=sources.principal)
    except Refused as error:
        raise Refused(f"{shown(name)}: {error.message}") from None
    return recorded_evidence(found, actions, sources.account)


def _planned(name: str, sources: Sources, files: Files, actions: ActionList) -> Evidence:
    """The writes of a plan of ours, as `plan -o` writes it; what it looked at before is not in it."""
    try:
        found = json.loads(files.read(name))
        place = Place(found["partition"], found["account"], found["region"])
        happenings = tuple(_step(step, place, shown(name)) for step in found["steps"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError(
            f"{shown(name)} is not a plan of this version: make it with `narrowgate plan -o FILE`"
        ) from None
    of_aws = tuple(each for each in happenings if each.call.service not in ("sink", "journal"))
    blind = (
        "a plan holds what is written: reads, and what the verbs do in another state of the account, are not in it",
    )
    return evidence(of_aws, place, Origin(f"the plan {shown(name)}", blind=blind), actions, sources.account)


def _step(step: Mapping[str, Any], place: Place, name: str) -> Happening:
    service, _, operation = step["call"].partition(":")
    params = unmasked(step["params"])
    if not isinstance(params, Fields):
        raise TypeError("parameters are members")
    source = f"{name} {step['address']}"
    principal, address = step["principal"], step["address"]
    return Happening(Call(service, operation, params), place.region, principal, "setup", address=address, source=source)


def _trail(sources: Sources, actions: ActionList) -> Iterator[Evidence]:
    if not sources.trails:
        return
    from narrowgate.adapters.cloudtrail import read_trail

    paths = [Path(name) for name in sources.trails]
    trail = read_trail(paths, principal=sources.principal, account=sources.account)
    yield evidence(trail.happenings, trail.place, trail.origin, actions, sources.account)


def _made(parts: Sequence[Evidence], sources: Sources, actions: ActionList) -> Derived:
    left_out = [each for part in parts for each in part.left_out]
    if len(sources.recordings) == 2:
        return sound(derive_both(parts[0], parts[1], actions, own=sources.own), left_out)
    try:
        whole = parts[0] if len(parts) == 1 else together(" and ".join(part.whose for part in parts), *parts)
    except ValueError:
        raise UsageError("the recording and the events are of two accounts: derive a policy for each") from None
    return sound(derive(whole, actions, own=sources.own), left_out)


def _allows(statement: Statement, grant: Grant) -> bool:
    """Whether the statement names the grant's action and resource, and asks for no other conditions."""
    scope, resources = grant.scope, statement.resources
    granted = {(operator, key): set(values) for operator, key, values in scope.conditions}
    return (
        statement.names_action(scope.action)
        and resources is not None
        and any(matches(item.value, scope.resource) for item in resources.items)
        and all(
            (c.operator, c.key) in granted and granted[c.operator, c.key] <= {str(value) for value in c.values}
            for c in statement.conditions
        )
    )


def _write(path: Path, text: str) -> None:
    scratch = None
    try:
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            scratch = Path(file.name)
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except OSError as error:
        raise Refused(f"cannot write `{path}`: {error.strerror or error}. choose another file") from None
    finally:
        if scratch is not None:
            with suppress(FileNotFoundError):
                scratch.unlink()
