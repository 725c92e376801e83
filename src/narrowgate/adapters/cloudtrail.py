"""CloudTrail events as a source of evidence: files read, one principal's calls told, and what they cannot tell.

No credentials and no network: the files are those that CloudTrail delivered.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-events.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from narrowgate.adapters.cloudtrail_calls import API_CALL, Told, failure_of, is_dry_run, told_by
from narrowgate.adapters.cloudtrail_files import Event, events_of, text_of
from narrowgate.adapters.cloudtrail_identities import Chosen, chosen
from narrowgate.calls import Fields, Value
from narrowgate.catalogue.authorization import tables
from narrowgate.catalogue.facts import Place
from narrowgate.derive.evidence import LeftOut, Origin
from narrowgate.errors import UsageError
from narrowgate.happening import Happening
from narrowgate.report.text import count_of

_SERVICES: Final = ".amazonaws.com"
_NOT_A_SERVICE: Final = frozenset({"signin.amazonaws.com"})


@dataclass(frozen=True, slots=True)
class Trail:
    """The calls of one principal in their order, where its account is, and what the files do not tell."""

    happenings: tuple[Happening, ...]
    place: Place
    origin: Origin


def read_trail(paths: Iterable[Path], *, principal: str = "", account: str = "") -> Trail:
    """The calls of one principal in CloudTrail's files; each event once, in the order of time.

    `principal`: the ARN or the name of a user or role, of whose sessions all count; `account`: an account id;
    both only where the files have events of several. Raises UsageError for a file that cannot be read whole, for
    no event at all, and where there are several to choose from.
    """
    files = tuple(paths)
    events = events_of(files)
    if not events:
        raise UsageError("the files hold no CloudTrail event; give files with `Records`")
    mine = chosen(_once(events), principal, account)
    told = [(event, told_by(event, mine.identity.principal)) for event in mine.events]
    happenings = _in_order(told)
    if not happenings and not any(each.left_out for _, each in told):
        raise UsageError(f"no event of `{mine.identity.principal}` is a call; give more files")
    place = Place(_partition(mine), mine.identity.account, _region(mine.events, happenings))
    left_out = (*_told_once(each for _, one in told for each in one.left_out), *_others(mine))
    return Trail(happenings, place, Origin(_whose(mine, len(files)), left_out, _blind(mine, told, happenings)))


def _once(events: Iterable[Event]) -> tuple[Event, ...]:
    """Each event once. Delivered to two accounts it has two ids, and one that both share."""
    found: dict[tuple[str, ...], Event] = {}
    for number, event in enumerate(events):
        # An id that two different events have, as in a file that was edited, hides neither.
        what = (event.text("eventSource"), event.text("eventName"), event.text("eventTime"))
        shared = event.text("sharedEventID")
        found.setdefault((shared,) if shared else (event.id or f" {number}", *what), event)
    return tuple(found.values())


# Order


def _in_order(told: Sequence[tuple[Event, Told]]) -> tuple[Happening, ...]:
    """By time, then by id; but within one second, for no finer time is told, what is made before what names it."""
    by_second: dict[str, list[tuple[str, Happening]]] = {}
    for event, each in told:
        if each.happening:
            by_second.setdefault(event.text("eventTime"), []).append((event.id, each.happening))
    found: list[Happening] = []
    for second in sorted(by_second):
        ordered = sorted(by_second[second], key=lambda one: one[0])
        found.extend(_made_first([happening for _, happening in ordered]))
    return tuple(found)


def _made_first(happenings: list[Happening]) -> Iterator[Happening]:
    left = [(each, set(_texts(each.call.params)), _made(each)) for each in happenings]
    makers = Counter(text for _, _, made in left for text in made)
    while left:
        ready = (n for n, (_, named, made) in enumerate(left) if all(makers[each] == (each in made) for each in named))
        # Where each names what another one made, the order of ids is as good as any.
        happening, _, made = left.pop(next(ready, 0))
        makers.subtract(made)
        yield happening


def _made(happening: Happening) -> set[str]:
    """What the call may have made: what its reply names and it did not."""
    return set(_texts(happening.reply)) - set(_texts(happening.call.params)) | _named_anew(happening)


def _named_anew(happening: Happening) -> set[str]:
    name = happening.call.operation.removeprefix("Create")
    own = happening.call.params.text(f"{name}Name") if name != happening.call.operation else ""
    return {own} - {""}


def _texts(value: Value) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Fields | tuple):
        for inner in value.values() if isinstance(value, Fields) else value:
            yield from _texts(inner)


# What is told of the whole


def _partition(mine: Chosen) -> str:
    return mine.identity.principal.split(":")[1] if mine.identity.principal.startswith("arn:") else "aws"


def _region(events: Sequence[Event], happenings: Sequence[Happening]) -> str:
    """The region of most calls to services that have one, the first by name among equals."""
    known = tables()
    regional = [each.region for each in happenings if not ((table := known.get(each.call.service)) and table.home)]
    counts = Counter(regional or [event.text("awsRegion") for event in events])
    return min(counts, key=lambda region: (-counts[region], region))


def _whose(mine: Chosen, files: int) -> str:
    times = sorted(time for event in mine.events if (time := event.text("eventTime")))
    span = f" from {times[0]} to {times[-1]}" if times else ""
    many = f"{count_of(len(mine.events), 'event')} in {count_of(files, 'file')}"
    return f"the CloudTrail events of {mine.identity.principal}{span}, {many}"


def _told_once(left_out: Iterable[LeftOut]) -> Iterator[LeftOut]:
    """The same of several events once, with their number and where the first stands."""
    found: dict[LeftOut, list[str]] = {}
    for each in left_out:
        found.setdefault(replace(each, source=""), []).append(each.source)
    for each, sources in found.items():
        more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
        yield replace(each, source=f"{sources[0]}{more}")


def _others(mine: Chosen) -> Iterator[LeftOut]:
    if count := sum(mine.others.values()):
        names = ", ".join(sorted(mine.others)[:5]) + (" and others" if len(mine.others) > 5 else "")
        yield LeftOut(f"{count_of(count, 'event')} of {names}", f"not made by {mine.identity.principal}", serious=False)


# What the source cannot tell


def _blind(mine: Chosen, told: Sequence[tuple[Event, Told]], happenings: Sequence[Happening]) -> tuple[str, ...]:
    hidden = sorted({each for _, one in told for each in one.hidden})
    return (
        "passing a role has no event of its own: it is inferred from the calls that pass one",
        _data_events(mine.events),
        *_failures(mine.events),
        *_regions(happenings),
        *_by_services(mine.events),
        "CloudTrail tells the time to the second: of calls within one, what is made is taken to come before its use",
        "what is not in the files, or was not done in their time, is not known: teardown and failover, for one",
        "CloudTrail leaves out some parameters, among them user data, object contents and what is too long"
        + (f"; here it hides {', '.join(hidden)}" if hidden else ""),
    )


def _data_events(events: Iterable[Event]) -> str:
    counts = Counter(event.text("eventSource").partition(_SERVICES)[0] for event in events if _is_data(event))
    rest = "calls on objects, items, functions and messages are absent unless the trail records them"
    if not counts:
        return f"there is no data event: {rest}"
    told = ", ".join(f"{name} ({n})" for name, n in sorted(counts.items()))
    return f"there are data events of {told}; of other services {rest}"


def _is_data(event: Event) -> bool:
    return event.text("eventCategory") == "Data" or event.record.get("managementEvent") is False


def _failures(events: Sequence[Event]) -> Iterator[str]:
    failed = sum(bool(failure_of(event)) for event in events)
    dry = sum(is_dry_run(event) for event in events)
    late = sum(bool(event.text("errorCode")) for event in events) - failed - dry
    if failed:
        yield f"what failed is taken as not needed: {count_of(failed, 'event')}"
    if late:
        yield f"what failed because a thing was missing, there already or in use was allowed: {count_of(late, 'event')}"
    if dry:
        yield f"dry runs were permitted and did nothing: {count_of(dry, 'event')}"


def _regions(happenings: Iterable[Happening]) -> Iterator[str]:
    regions = sorted({each.region for each in happenings if each.region})
    yield f"events of other regions than {', '.join(regions) or 'those given'} are in other files, if there are any"


def _by_services(events: Iterable[Event]) -> Iterator[str]:
    """Calls that a service made with the principal's permissions (forward access sessions).

    https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
    """
    counts = Counter(by for event in events if _is_call(event) and (by := _invoker(event)))
    if counts:
        told = ", ".join(f"{name} ({n})" for name, n in sorted(counts.items()))
        yield f"services made calls for the principal, with its permissions: {told}; they count as its own"


def _is_call(event: Event) -> bool:
    return (event.text("eventType") or API_CALL) == API_CALL


def _invoker(event: Event) -> str:
    named = text_of(event.group("userIdentity"), "invokedBy") or event.text("sourceIPAddress")
    told = named == "AWS Internal" or (named.endswith(_SERVICES) and named not in _NOT_A_SERVICE)
    return named if told else ""
