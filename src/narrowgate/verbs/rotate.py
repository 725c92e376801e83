"""`narrowgate rotate`: carries out the moves of `rotation` until the old key is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from narrowgate.adapters.apply import apply
from narrowgate.adapters.evidence import Proof
from narrowgate.adapters.observe import run
from narrowgate.calls import EMPTY, Call, Fields, call
from narrowgate.errors import Interrupted, Refused
from narrowgate.identities import KEY, USER
from narrowgate.kinds.iam_access_key import Wanted, copies, creation
from narrowgate.plan import Plan, plan_of
from narrowgate.resource import INSTALLATION, Draft, Resource
from narrowgate.rotation import (
    Begin,
    Deactivate,
    Delete,
    DropLost,
    Finish,
    Make,
    Move,
    Pace,
    Prove,
    Save,
    Situation,
    Stuck,
    Wait,
    next_move,
)
from narrowgate.verbs.setup import Patience, halted, probe, prove_current, recalled, stage, told_of_journal
from narrowgate.verbs.site import Site

POLL = 30.0
SAME_RUN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """How the person wants it."""

    pace: Pace
    retire: str = ""
    wait: bool = True
    """False: stop at the first waiting time instead of staying."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """How far it came: the old key, and what is still waited for (empty when all is done)."""

    old: str
    proof: Proof | None
    waiting: str


def rotate(site: Site, asked: Asked, approve: Callable[[Move], bool]) -> Rotated:
    """Replace the user's key. Raises Refused when a person must decide, Interrupted when stopped."""
    site.journal.lock()
    try:
        told_of_journal(site)
        return _rotate(site, asked, approve)
    finally:
        site.journal.close()


def undo(site: Site, approve: Callable[[str], bool]) -> str:
    """Switch the old key of an unfinished rotation on again; its id. Raises Refused when there is none."""
    site.journal.lock()
    try:
        found = observed(site)
        old = found.group("Memory").text("Rotation")
        listed = {k.text("AccessKeyId"): k.text("Status") for k in found.items_of("Keys")}
        if listed.get(old) != "Inactive":
            raise Refused("there is no unfinished rotation with a deactivated key: nothing can be switched on again")
        approve(old)
        site.journal.begin("rotate --undo", site.scope)
        _do(site, _status(site, old, "Active"), found)
        return old
    finally:
        site.journal.close()


def first_move(site: Site, asked: Asked) -> Move:
    """What a rotation would do first; touches nothing."""
    return next_move(_situation(site, asked, proved=False), asked.pace)


def _rotate(site: Site, asked: Asked, approve: Callable[[Move], bool]) -> Rotated:
    proof: Proof | None = None
    approved = acted = False
    while True:
        situation = _situation(site, asked, proved=proof is not None)
        move = next_move(situation, asked.pace)
        if isinstance(move, Stuck):
            raise Refused(move.message)
        if isinstance(move, Wait) and not asked.wait:
            old = situation.found.group("Memory").text("Rotation")
            return Rotated(old, proof, f"{move.why} (from {move.until.isoformat(timespec='seconds')})")
        if not approved:
            approve(move)
            site.journal.begin("rotate", site.scope)
            approved = True
        match move:
            case Begin(old):
                site.journal.mark("rotation", user=site.spec.user_name, old=old)
            case Prove(key):
                site.around.listener.say(f"proving that the new key `{key}` works where it will be used")
                proof = prove_current(site, key)
            case Finish(gone):
                site.journal.mark("rotated", user=site.spec.user_name, old=gone)
                if acted or _just_deleted(situation, gone):
                    return Rotated(gone, proof, "")
                # To report that old rotation as done would leave the present key in use.
                site.around.listener.say(f"an earlier rotation, of `{gone}`, was finished by hand; this is a new one")
                proof = None
            case Wait():
                _wait(site, move)
            case _:
                _do(site, _drafts(site, move), situation.found)
                acted = True


def _just_deleted(situation: Situation, key: str) -> bool:
    """Whether we set out to delete the key in a run that this one goes on with."""
    at = situation.found.group("Memory").group("Deleting").text(key)
    return bool(at) and situation.now - datetime.fromisoformat(at) < SAME_RUN


def _situation(site: Site, asked: Asked, *, proved: bool) -> Situation:
    found = _settled(site)
    old = found.group("Memory").text("Rotation")
    used = site.admin(call("iam", "GetAccessKeyLastUsed", AccessKeyId=old)) if old else None
    return Situation(
        user=site.spec.user_name,
        found=found,
        now=site.around.clock.now(),
        last_used=(used or EMPTY).group("AccessKeyLastUsed"),
        proved=proved,
        retire=asked.retire,
    )


def _settled(site: Site) -> Fields:
    """What is there of the key, once AWS shows what was done a moment ago."""
    wait = Patience(site)
    while wait.goes_on(found := observed(site)):
        pass
    return found


def observed(site: Site) -> Fields:
    """What is there of the key; empty without one. Raises Refused unless the user is ours."""
    wanted: dict[str, Resource] = {r.address: r for r in site.resources if r.address in (KEY, USER)}
    seen = run({address: r.read(False) for address, r in wanted.items()}, site.admin)
    user = seen[USER]
    if user is None:
        raise Refused(f"there is no user {site.spec.user_name}: `narrowgate setup` makes it")
    if user.group("Tags").get(INSTALLATION) != site.spec.system:
        raise Refused(f"user {site.spec.user_name} does not carry our tag, so its keys are not ours to rotate")
    return seen[KEY] or Fields(Memory=recalled(site))


def _drafts(site: Site, move: Move) -> tuple[Draft, ...]:
    user = site.spec.user_name
    match move:
        case DropLost(keys):
            return tuple(_deletion(user, key, "its secret was lost before it was stored") for key in keys)
        case Make(before):
            return creation(KEY, Wanted((user, USER), tuple(site.keeping.sinks), ()), before)
        case Save(key):
            return copies(observed(site), user, key)
        case Deactivate(old):
            return _status(site, old, "Inactive")
        case Delete(old):
            return (_deletion(user, old, "the new key works, and the old one was not missed"),)
    raise AssertionError(move)


def _status(site: Site, key: str, status: str) -> tuple[Draft, ...]:
    change: Call = call("iam", "UpdateAccessKey", UserName=site.spec.user_name, AccessKeyId=key, Status=status)
    return (Draft(change, "update", f"the old key becomes {status.lower()}"),)


def _deletion(user: str, key: str, why: str) -> Draft:
    return Draft(call("iam", "DeleteAccessKey", UserName=user, AccessKeyId=key), "delete", why)


def _do(site: Site, drafts: tuple[Draft, ...], found: Fields) -> None:
    plan: Plan = plan_of(KEY, drafts, f"access key of {site.spec.user_name}")
    probe(site, plan, found)
    outcome = apply(plan, stage(site))
    halted(outcome)
    error = outcome.error()
    if error is not None:
        raise error


def _wait(site: Site, move: Wait) -> None:
    clock = site.around.clock
    site.around.listener.say(f"{move.why}; waiting until {move.until.astimezone().strftime('%H:%M:%S')}")
    until = min((move.until - clock.now()).total_seconds(), POLL)
    deadline = clock.monotonic() + max(until, 0.0)
    while clock.monotonic() < deadline:
        if site.around.stop.is_set():
            raise Interrupted("stopped while waiting: the rotation is journalled, `narrowgate rotate` goes on with it")
        clock.sleep(min(0.5, max(deadline - clock.monotonic(), 0.0)))
