"""Recorded calls as happenings: whose they are, where they went, and what the recording lacks.

INVARIANT: a line is a happening, somebody else's call, or a LeftOut; none is passed over in silence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, TypeAlias

from narrowgate.adapters.sandbox.recording import Recorded
from narrowgate.calls import Call
from narrowgate.catalogue.authorization import TAGS, Authorization, tables
from narrowgate.catalogue.facts import Place
from narrowgate.derive.evidence import Evidence, LeftOut, Origin, Use
from narrowgate.derive.known import opened
from narrowgate.errors import UsageError
from narrowgate.happening import Happening
from narrowgate.policy.arn import matches
from narrowgate.report.text import count_of

BLIND: Final = (
    "it shows the way that the program took: what it does in another case, such as after an error, is not in it",
    "what things that the program only looked up are tagged with is not in it",
    "what a service does later on its own, such as the launches of an auto-scaling group, is not in it",
)

Request: TypeAlias = tuple[str, str]
"""An action and a resource."""

Line: TypeAlias = tuple[int, Recorded]
"""A recorded call with the number of its line."""


@dataclass(frozen=True, slots=True)
class RecordedCalls:
    """The happenings of one principal, where its account is, and what is to be said of the recording.

    `asked`: the actions and resources that the gate decided, by the happening's `source`.
    """

    happenings: tuple[Happening, ...]
    place: Place
    origin: Origin
    asked: Mapping[str, tuple[Request, ...]]


def recorded_calls(recorded: Iterable[Recorded], name: str, *, principal: str = "") -> RecordedCalls:
    """The calls of one principal of a recording; `name` is what the recording is called, its file's name.

    `principal`: an ARN, or the name in it; needed where several made calls. The sessions of a role are one.
    Raises UsageError for an empty recording, for several principals, and where the named one made no call.
    """
    lines = tuple(enumerate(_signed(tuple(recorded)), 1))
    if not lines:
        raise UsageError(f"{name} is empty: nothing was called while it was recorded")
    who = _chosen(lines, name, principal)
    theirs = tuple(line for line in lines if holder_of(line[1].principal) == who)
    left_out = (*_lost(lines, name), *_undecided(theirs, name), *_nobodys(lines, name), *_others(lines, who, name))
    happenings = tuple(_happening(line, name) for line in theirs if not _is_undecided(line[1]))
    asked = {_source(number, name): _decided(line) for number, line in theirs if line.decision}
    origin = Origin(f"{who} in {name}", left_out, BLIND)
    return RecordedCalls(happenings, _place(who, theirs), origin, MappingProxyType(asked))


def completed(evidence: Evidence, asked: Mapping[str, tuple[Request, ...]]) -> Evidence:
    """The evidence with what the gate decided beyond what the calls alone tell.

    The gate knows every thing of the account, such as which subnet the id of an association means; what is known
    of a recording is what its calls made.
    """
    return replace(evidence, uses=tuple(_completed(use, asked, evidence) for use in evidence.uses))


def _completed(use: Use, asked: Mapping[str, tuple[Request, ...]], evidence: Evidence) -> Use:
    more = tuple(
        _authorization(action, resource, use, evidence)
        for action, resource in asked.get(use.happening.source, ())
        if not any(_is_same(known, action, resource) for known in use.authorizations)
    )
    return replace(use, authorizations=(*use.authorizations, *more)) if more else use


def _authorization(action: str, resource: str, use: Use, evidence: Evidence) -> Authorization:
    made = evidence.made.get(resource)
    kind = made.type if made else resource.split(":", 5)[-1].partition("/")[0]
    return Authorization(
        action,
        resource,
        {"aws:RequestedRegion": use.happening.region},
        () if resource == "*" else (TAGS,),
        type="" if resource == "*" else kind,
    )


def _is_same(known: Authorization, action: str, resource: str) -> bool:
    return known.action.lower() == action.lower() and (
        known.resource == resource or matches(opened(known.resource), resource)
    )


def _decided(recorded: Recorded) -> tuple[Request, ...]:
    requests = recorded.decision.items_of("requests")
    return tuple((each.text("action"), each.text("resource")) for each in requests)


def _source(number: int, name: str) -> str:
    return f"{name} line {number}"


def holder_of(principal: str) -> str:
    """Who holds the policies: of a role's session the role, `arn:aws:sts::1:assumed-role/NAME`."""
    head, slash, rest = principal.partition(":assumed-role/")
    return f"{head}{slash}{rest.partition('/')[0]}" if slash else principal


def _signed(lines: Sequence[Recorded]) -> Iterator[Recorded]:
    """The lines, with the owner of the key where the call ended before anybody looked who made it."""
    owners = {line.key_id: line.principal for line in lines if line.key_id and line.principal}
    for line in lines:
        yield line if line.principal else replace(line, principal=owners.get(line.key_id, ""))


def _chosen(lines: Sequence[Line], name: str, wanted: str) -> str:
    counts = Counter(holder_of(line.principal) for _, line in lines if line.principal)
    if not counts:
        raise UsageError(f"{name} has no call of anybody who proved who it was: there is nothing to derive from")
    found = [who for who in counts if not wanted or wanted in (who, who.rpartition("/")[2]) or who == holder_of(wanted)]
    told = ", ".join(f"{who} ({count_of(count, 'call')})" for who, count in sorted(counts.items()))
    if not found:
        raise UsageError(f"{name} has no call of `{wanted}`; there are {told}")
    if len(found) > 1:
        raise UsageError(
            f"{name} has calls of {len(found)} principals: choose one with `--principal`; there are {told}"
        )
    return found[0]


def _place(who: str, lines: Sequence[Line]) -> Place:
    """The account of the principal, and the region where most of its regional calls went."""
    _, partition, _, _, account, *_ = (*who.split(":"), "", "", "", "", "")
    table = tables()
    regional = [line.region for _, line in lines if not ((t := table.get(line.call.service)) and t.home)]
    counts = Counter(regional or [line.region for _, line in lines])
    return Place(partition or "aws", account, counts.most_common(1)[0][0])


def _happening(line: Line, name: str) -> Happening:
    number, recorded = line
    denied = recorded.decision.text("outcome") not in ("", "allowed")
    lost_before = recorded.result.status == 0 and not recorded.decision
    return Happening(
        recorded.call,
        recorded.region,
        recorded.principal,
        recorded.phase,
        recorded.result.ids,
        failed=(_error(recorded) or "AccessDenied") if denied else "",
        source=_source(number, name),
        # What AWS allowed and could not do is needed all the same: a program that looks before it makes
        # something must be told that it is not there, not that it may not look.
        without_effect=bool(_error(recorded)) or lost_before,
    )


def _is_undecided(recorded: Recorded) -> bool:
    """Whether the call was answered with an error before anything was decided, although AWS has it."""
    return not recorded.decision and bool(_error(recorded)) and _is_known(recorded.call)


def _error(recorded: Recorded) -> str:
    status = recorded.result.status
    return recorded.result.error or (f"HTTP {status}" if status >= 400 else "")


def _undecided(lines: Sequence[Line], name: str) -> Iterator[LeftOut]:
    """Calls that were answered with an error before anything was decided; asked again they are known."""
    decided = {line.call for _, line in lines if line.decision}
    for number, line in lines:
        if _is_undecided(line):
            why = f"it was answered {_error(line)} before anything was decided: what it needs is not known"
            yield LeftOut(line.call.name, why, _source(number, name), serious=line.call not in decided)


def _lost(lines: Sequence[Line], name: str) -> Iterator[LeftOut]:
    for number, line in lines:
        if line.lost:
            why = f"they are missing in the recording before line {number}: what they need is not known"
            yield LeftOut(count_of(line.lost, "call"), why, _source(number, name))


def _nobodys(lines: Sequence[Line], name: str) -> Iterator[LeftOut]:
    for number, line in lines:
        if not line.principal:
            said = line.result.error or "no answer"
            why = f"nobody proved to have made it ({said}), so no policy is asked for it"
            yield LeftOut(line.call.name, why, _source(number, name), serious=False)


def _others(lines: Sequence[Line], who: str, name: str) -> Iterator[LeftOut]:
    counts = Counter(holder_of(line.principal) for _, line in lines if line.principal)
    for other, count in sorted(counts.items()):
        if other != who:
            yield LeftOut(count_of(count, "call"), f"{other} made them, under policies of its own", name, serious=False)


def _is_known(call: Call) -> bool:
    table = tables().get(call.service)
    return table is not None and call.operation in table.rules
