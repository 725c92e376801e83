"""The installer's access key: made once, its secret stored at once, never deleted on a guess. Pure.

The secret exists in the reply of CreateAccessKey and nowhere else, so what happened to it is a matter of
evidence: AWS lists the ids, the sinks tell which they hold, the journal tells which we made and delivered.
Source: "Manage access keys for IAM users", IAM User Guide: at most two keys for each user.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from narrowgate.calls import EMPTY, Fields, Ref, Reply, Value, call
from narrowgate.kinds.drafts import NO_BOUNDARY
from narrowgate.resource import Draft, Installation, Kind, Observed, Obstacle, Resource, Script

KIND = Kind("iam_access_key", "the user's only credential", options=())
MOST_KEYS = 2
# How far AWS's clock and ours may differ, and how long a CreateAccessKey may be under way.
SKEW = timedelta(seconds=5)
UNDER_WAY = timedelta(minutes=2)
# How long AWS may take to show what was written a moment ago.
UNLISTED = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Wanted:
    """`user` is a name and an address; `sinks` are their labels; `places` the addresses the sinks need."""

    user: tuple[str, str]
    sinks: tuple[str, ...]
    places: tuple[str, ...]
    former: tuple[str, ...] = ()
    """Sinks that only earlier specs name: read as sources, emptied by a teardown, never filled."""
    beside: frozenset[str] = frozenset()
    """Keys of somebody else that the person knows of and wants kept."""


def resource(installation: Installation, address: str, wanted: Wanted) -> Resource:
    """The key of `wanted.user`, held by every sink."""
    user, user_address = wanted.user

    def change(found: Fields) -> tuple[Draft | Obstacle, ...]:
        lost_keys = tuple(key for key in found.texts("Lost") if key not in wanted.beside)
        drop = tuple(_deletion(user, key, "its secret was lost before it was stored") for key in lost_keys)
        rest = tuple(k.text("AccessKeyId") for k in found.items_of("Keys") if k.text("AccessKeyId") not in lost_keys)
        kept = current(found)
        if kept:
            return (*drop, *copies(found, user, kept))
        strangers = tuple(k for k in rest if k not in wanted.beside)
        if strangers or len(rest) >= MOST_KEYS:
            told = Fields({key: found.group("Suspects").text(key) for key in strangers or rest})
            return (Obstacle(_stranger(user, told, room=len(rest) < MOST_KEYS)),)
        return (*drop, *creation(address, wanted, before=rest))

    def delete(found: Fields) -> tuple[Draft, ...]:
        held = found.group("Held")
        dead = _dead(found.items_of("Keys"), found.group("Memory"), (Fields(Held=held[s]) for s in held))
        return (
            *(draft for key in found.items_of("Keys") for draft in _removal(user, key, found)),
            *(draft for key in dead for draft in _emptying(key, found)),
        )

    return Resource(
        address=address,
        name=f"access key of {user}",
        identity=f"{installation.arn('user', user)} access key",
        needs=(user_address, *wanted.places),
        read=partial(_read, wanted),
        create=creation(address, wanted, before=()),
        change=change,
        delete=delete,
        parent=user_address,
        unsupported=(
            ("tags", "AWS cannot tag an access key; it belongs to its user"),
            ("path", "an access key has no path"),
            ("name_prefix", "AWS chooses an access key's id"),
            NO_BOUNDARY,
        ),
    )


def _read(wanted: Wanted, whole: bool) -> Script:
    user, everywhere = wanted.user[0], (*wanted.sinks, *wanted.former)
    listed, memory, *held = yield (
        call("iam", "ListAccessKeys", UserName=user),
        call("journal", "RecallKeys", UserName=user),
        *(call("sink", "HoldsKeys", Sink=sink) for sink in everywhere),
    )
    keys = _oldest_first(listed)
    if not keys and not (whole and _dead(keys, memory or EMPTY, held)):
        return None
    unexplained = suspects(keys, memory or EMPTY, frozenset(k for h in held for k in (h or EMPTY).texts("Held")))
    uses = yield tuple(call("iam", "GetAccessKeyLastUsed", AccessKeyId=key) for key in unexplained)
    return Fields(
        Keys=keys,
        Held=Fields({s: (h or EMPTY).texts("Held") for s, h in zip(everywhere, held, strict=True)}),
        Former=wanted.former,
        Memory=memory or EMPTY,
        Lost=lost(keys, memory or EMPTY, {k: used(u) for k, u in zip(unexplained, uses, strict=True)}),
        Suspects=Fields({k: last_use(u) for k, u in zip(unexplained, uses, strict=True)}),
    )


def creation(address: str, wanted: Wanted, before: tuple[str, ...]) -> tuple[Draft, ...]:
    """Make a key and put it into every sink; `before` are the ids that exist, for the journal."""
    user = wanted.user[0]
    make = call("iam", "CreateAccessKey", UserName=user)
    note = Fields(Before=before, UserName=user)
    return (
        Draft(make, "create", "the secret is shown once, and goes to the sinks only", note=note),
        *(
            Draft(
                call(
                    "sink",
                    "StoreKey",
                    Sink=sink,
                    UserName=user,
                    AccessKeyId=Ref(address, "AccessKey.AccessKeyId"),
                    SecretAccessKey=Ref(address, "AccessKey.SecretAccessKey"),
                ),
                "store",
                f"into {sink}",
            )
            for sink in wanted.sinks
        ),
    )


def copies(found: Fields, user: str, key: str) -> tuple[Draft, ...]:
    """Bring the key from a sink that holds it to those that do not; none when no sink holds it any more."""
    held = found.group("Held")
    source = next((sink for sink in held if key in held.texts(sink)), None)
    if source is None:
        return ()
    return tuple(
        Draft(
            call("sink", "CopyKey", From=source, Sink=sink, UserName=user, AccessKeyId=key),
            "store",
            f"into {sink}, from {source}",
        )
        for sink in held
        if key not in held.texts(sink) and sink not in found.texts("Former")
    )


def current(found: Fields) -> str:
    """The newest key that is ours and whose secret somebody has; the empty string when there is none."""
    holders = holders_of(found)
    delivered = found.group("Memory").texts("Delivered")
    ours = [k.text("AccessKeyId") for k in found.items_of("Keys") if k.text("AccessKeyId") in {*holders, *delivered}]
    in_a_sink = [key for key in ours if key in holders]
    return (in_a_sink or ours or [""])[-1]


def holders_of(found: Fields) -> frozenset[str]:
    """The ids that at least one sink holds."""
    held = found.group("Held")
    return frozenset(key for sink in held for key in held.texts(sink))


def suspects(keys: Iterable[Fields], memory: Fields, held: frozenset[str]) -> tuple[str, ...]:
    """Ids that no sink holds and that we never delivered: lost ones of ours, or somebody else's."""
    known = {*held, *memory.texts("Delivered")}
    return tuple(k.text("AccessKeyId") for k in keys if k.text("AccessKeyId") not in known)


def lost(keys: Iterable[Fields], memory: Fields, used: dict[str, bool]) -> tuple[str, ...]:
    """The suspects that the journal proves ours and that nobody ever used.

    Ours is proved by the recorded reply, or, where a crash left an intent without a reply, by being the only
    key that appeared after that intent, within the time that the call can have taken.
    """
    # INVARIANT: a key that was used, delivered or held is never in the answer.
    unused = [key for key in keys if used.get(key.text("AccessKeyId")) is False]
    made = memory.texts("Made")
    proved = {k.text("AccessKeyId") for k in unused if k.text("AccessKeyId") in made}
    for intent in memory.items_of("Open"):
        fresh = [k for k in keys if k.text("AccessKeyId") not in {*intent.texts("Before"), *made}]
        if len(fresh) == 1 and fresh[0] in unused and _during(fresh[0].get("CreateDate"), intent.text("At")):
            proved.add(fresh[0].text("AccessKeyId"))
    return tuple(sorted(proved))


def unseen(found: Observed, memory: Fields, now: datetime) -> str:
    """What the journal says was done a moment ago and AWS does not show yet; the empty string when it shows all.

    To decide before it does would make a second key, or copy a secret over a newer one.
    """

    def recent(at: str) -> bool:
        return bool(at) and abs(now - datetime.fromisoformat(at)) < UNLISTED

    seen = found or EMPTY
    listed = {k.text("AccessKeyId"): k.text("Status") for k in seen.items_of("Keys")}
    born, gone, inactive = memory.group("Born"), memory.group("Gone"), memory.group("Inactive")
    if any(recent(gone.text(key)) or (recent(inactive.text(key)) and listed[key] == "Active") for key in listed):
        return "AWS does not show the change of the old key yet"
    if any(recent(born.text(key)) and key not in listed for key in born):
        return "AWS does not list the new key yet"
    if any(recent(intent.text("At")) for intent in memory.items_of("Open")) and not seen.texts("Lost"):
        return "an earlier key creation was never answered: looking whether AWS lists the key"
    held = seen.group("Held")
    for stored in memory.items_of("Stored"):
        key, sink = stored.text("AccessKeyId"), stored.text("Sink")
        if key in listed and sink in held and recent(stored.text("At")) and key not in held.texts(sink):
            return f"{sink} does not show the new key yet"
    return ""


def used(reply: Reply | None) -> bool:
    """Whether AWS has seen the key in use; an unreadable answer counts as use."""
    if reply is None:
        return True
    return bool(reply.group("AccessKeyLastUsed").text("LastUsedDate"))


def last_use(reply: Reply | None) -> str:
    """When and where AWS saw the key in use, in words."""
    if reply is None:
        return "use unknown"
    seen = reply.group("AccessKeyLastUsed")
    date = seen.text("LastUsedDate")
    return f"last used {date} by {seen.text('ServiceName')} in {seen.text('Region')}" if date else "never used"


def _during(created: Value, intent: str) -> bool:
    if not isinstance(created, str) or not intent:
        return False
    made, meant = datetime.fromisoformat(created), datetime.fromisoformat(intent)
    return meant - SKEW <= made <= meant + UNDER_WAY


def _oldest_first(reply: Reply | None) -> tuple[Fields, ...]:
    keys = (reply or EMPTY).items_of("AccessKeyMetadata")
    return tuple(sorted(keys, key=lambda k: (k.text("CreateDate"), k.text("AccessKeyId"))))


def _deletion(user: str, key: str, why: str, extra: str = "") -> Draft:
    gone = call("iam", "DeleteAccessKey", UserName=user, AccessKeyId=key)
    return Draft(gone, "delete", why, note=Fields(UserName=user), extra=extra)


def _removal(user: str, key: Fields, found: Fields) -> Iterable[Draft]:
    """Delete the key, then take it out of the sinks; one that we cannot account for is an extra."""
    name = key.text("AccessKeyId")
    memory = found.group("Memory")
    ours = name in {*holders_of(found), *memory.texts("Made"), *memory.texts("Delivered"), *found.texts("Lost")}
    yield _deletion(user, name, "the user's credential", extra="" if ours else f"access key {name} of `{user}`")
    yield from _emptying(name, found)


def _emptying(key: str, found: Fields) -> Iterable[Draft]:
    """Take the key out of every sink that holds it."""
    for sink in found.group("Held"):
        if key in found.group("Held").texts(sink):
            yield Draft(call("sink", "ForgetKey", Sink=sink, AccessKeyId=key), "delete", f"out of {sink}")


def _dead(keys: Iterable[Fields], memory: Fields, held: Iterable[Fields | None]) -> tuple[str, ...]:
    """Keys of ours that AWS has no more and a sink still holds: what a teardown that was cut leaves."""
    listed = {k.text("AccessKeyId") for k in keys}
    ours = {*memory.texts("Made"), *memory.texts("Delivered")} - listed
    return tuple(sorted(ours & {key for h in held for key in (h or EMPTY).texts("Held")}))


def _stranger(user: str, keys: Fields, *, room: bool) -> str:
    listed = ", ".join(f"`{key}` ({keys.text(key)})" if keys.text(key) else f"`{key}`" for key in keys)
    if not room:
        return (
            f"user {user} has two access keys already, {listed}, and neither is in a sink of ours, "
            f"so no key can be made. delete one that nobody uses with `aws iam delete-access-key`"
        )
    return (
        f"user {user} has an access key that narrowgate cannot account for: {listed}. "
        f"delete it with `aws iam delete-access-key`, or keep it with `--beside {next(iter(keys))}`"
    )
