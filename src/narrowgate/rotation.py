"""Rotation without an outage, as a decision: what is the next move, given what is there and what time it is. Pure.

Every transition is in `next_move`. It looks at AWS, the sinks and the journal only, so a rotation that was cut
anywhere goes on from where it is.
Source: "Update access keys", IAM User Guide: make, distribute, watch the old one's last use, deactivate, delete.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from narrowgate.calls import EMPTY, Fields
from narrowgate.kinds.iam_access_key import MOST_KEYS, copies, current, holders_of


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the old key must have been unused before it is deactivated, and stay inactive before it goes."""

    quiet: timedelta
    grace: timedelta


@dataclass(frozen=True, slots=True)
class Situation:
    """What the decision rests on. `found` is what was observed of the key resource."""

    user: str
    found: Fields
    now: datetime
    last_used: Fields = EMPTY
    """AWS's `AccessKeyLastUsed` of the key to be replaced."""
    proved: bool = False
    """Whether the new key was seen to work, in this run."""
    retire: str = ""
    """A key that the person named as the one to replace, though it is not provably ours."""


@dataclass(frozen=True, slots=True)
class Begin:
    """Remember that `old` is being replaced."""

    old: str


@dataclass(frozen=True, slots=True)
class DropLost:
    """Delete keys whose secret was lost before any sink had it."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Make:
    """Make the new key and store it in every sink."""

    before: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Save:
    """Bring the new key into the sinks that lack it."""

    key: str


@dataclass(frozen=True, slots=True)
class Prove:
    """Use the new key where it will be used."""

    key: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before `until`."""

    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Deactivate:
    """Switch the old key off; it can be switched on again."""

    old: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the old key."""

    old: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The old key is gone: forget the rotation."""

    old: str


@dataclass(frozen=True, slots=True)
class Stuck:
    """It cannot go on without a person."""

    message: str


Move: TypeAlias = Begin | DropLost | Make | Save | Prove | Wait | Deactivate | Delete | Finish | Stuck


def next_move(now: Situation, pace: Pace) -> Move:
    """The next move; each leads closer to the end, and repeating it after a crash does no harm."""
    found = now.found
    lost = found.texts("Lost")
    if lost:
        return DropLost(lost)
    old = found.group("Memory").text("Rotation")
    if not old:
        return _begin(now)
    if now.retire not in ("", old):
        return Stuck(f"a rotation that replaces `{old}` is unfinished: finish it first, without `--retire`")
    keys = {k.text("AccessKeyId"): k for k in found.items_of("Keys")}
    others = [key for key in keys if key != old]
    if not others:
        return Make(before=tuple(keys))
    return _retire(now, pace, old, others[-1])


def _begin(now: Situation) -> Move:
    found = now.found
    keys = [k.text("AccessKeyId") for k in found.items_of("Keys")]
    if not keys:
        return Stuck(f"user {now.user} has no access key: `narrowgate setup` makes the first one")
    if now.retire and now.retire not in keys:
        return Stuck(f"user {now.user} has no access key `{now.retire}`; it has {', '.join(keys)}")
    kept = current(found)
    if len(keys) < MOST_KEYS:
        return Begin(keys[0]) if keys[0] in (kept, now.retire) else _unknown(now.user, keys[0])
    # Two keys: only an unfinished rotation explains both, or the person says which one is to go.
    if not kept:
        return Stuck(
            f"user {now.user} has two keys ({', '.join(keys)}) and no sink of ours holds either; delete one in IAM"
        )
    other = next(key for key in keys if key != kept)
    if now.retire == kept:
        return Stuck(
            f"`{kept}` is the newer key, and a user has two at most: replace `{other}` first, or delete it in IAM"
        )
    if other == now.retire or other in _ours(found):
        return Begin(other)
    return _unknown(now.user, other)


def _unknown(user: str, key: str) -> Stuck:
    return Stuck(
        f"user {user} has the access key `{key}`, which narrowgate cannot account for. "
        f"if it is the one to be replaced, say `--retire {key}`"
    )


def _ours(found: Fields) -> frozenset[str]:
    memory = found.group("Memory")
    return frozenset((*holders_of(found), *memory.texts("Made"), *memory.texts("Delivered")))


def _retire(now: Situation, pace: Pace, old: str, new: str) -> Move:
    """The new key is there: it must be in every sink and work, before the old one goes by degrees."""
    found = now.found
    if new not in holders_of(found):
        return Stuck(
            f"no sink holds the secret of the newer key `{new}`: delete it in IAM if nobody uses it, "
            "then run `narrowgate rotate` again"
        )
    if copies(found, now.user, new):
        return Save(new)
    if not now.proved:
        return Prove(new)
    status = {k.text("AccessKeyId"): k.text("Status") for k in found.items_of("Keys")}.get(old)
    if status is None:
        return Finish(old)
    if status == "Active":
        return _when_quiet(now, pace, old, new)
    since = found.group("Memory").group("Inactive").text(old)
    if not since:
        # Somebody else switched it off, or our answer was lost: doing it again gives the grace period a beginning.
        return Deactivate(old)
    until = datetime.fromisoformat(since) + pace.grace
    if now.now < until:
        return Wait(until, f"the old key `{old}` is inactive, and is deleted after a grace period")
    return Delete(old)


def _when_quiet(now: Situation, pace: Pace, old: str, new: str) -> Move:
    """Deactivate once the old key was not used for `pace.quiet` since the new one was there to be used."""
    created = next(k.text("CreateDate") for k in now.found.items_of("Keys") if k.text("AccessKeyId") == new)
    used = now.last_used.text("LastUsedDate")
    last = max(datetime.fromisoformat(moment) for moment in (created, used) if moment)
    until = last + pace.quiet
    if now.now < until:
        where = f"{now.last_used.text('ServiceName')} in {now.last_used.text('Region')}"
        seen = f"was last used at {used} by {where}" if used else "was never used"
        return Wait(until, f"the old key `{old}` {seen}; it is deactivated once it stays unused")
    return Deactivate(old)
