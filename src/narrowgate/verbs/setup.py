"""`narrowgate setup`: bring the account to what the spec says, and prove it. Also used by `teardown` to apply."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from narrowgate.adapters.apply import Outcome, Stage, apply
from narrowgate.adapters.aws import Identity
from narrowgate.adapters.evidence import Proof, prove_key
from narrowgate.calls import EMPTY, Fields, call
from narrowgate.errors import AwsError, Interrupted, NarrowgateError, OutcomeUnknown, Refused
from narrowgate.finding import Finding
from narrowgate.identities import KEY
from narrowgate.kinds.iam_access_key import unseen
from narrowgate.plan import Plan, Step
from narrowgate.resource import Observed
from narrowgate.verbs import planning
from narrowgate.verbs.past import WIDENED
from narrowgate.verbs.planning import Planned
from narrowgate.verbs.policy_proofs import refuse_insufficient
from narrowgate.verbs.site import Site

# Somebody, or an earlier try of ours, was there first: look again and plan again.
LOOK_AGAIN = frozenset(
    {"EntityAlreadyExists", "ResourceExistsException", "ParameterAlreadyExists", "NoSuchEntity", "DeleteConflict"}
)
ROUNDS = 4
SETTLE = 30.0


@dataclass(frozen=True, slots=True)
class Setup:
    """What became of a setup."""

    steps: int
    proof: Proof | None
    findings: tuple[Finding, ...]


def setup(site: Site, approve: Callable[[Planned], bool], *, plan_file: Path | None = None) -> Setup:
    """Plan, ask, do, verify.

    `approve` raises Refused when the person says no, and answers whether a question was asked: the account is
    then looked at again, for what is done must be what was approved.

    Raises Refused for a plan that is refused, and Interrupted when stopped; the next setup goes on.
    """
    site.journal.lock()
    try:
        told_of_journal(site)
        told_of_shrinking(site)
        planned = _settled(site)
        refuse(planned.plan)
        planned = planning.proved(site, planned)
        if not site.options.unproven:
            refuse_insufficient(planned.proofs)
        if plan_file is not None:
            planning.check_binding(site, planned, plan_file)
        if planned.plan.is_empty:
            _remember_widening(site)
            return Setup(0, None, planning.drifted(site, planned))
        if approve(planned):
            planned = unchanged(site, planned)
        _remember_widening(site)
        done = converge(site, planned)
        proof, last = _verified(site, keys_made=any(s.change == "store" for s in planned.plan.steps))
        return Setup(done, proof, planning.drifted(site, last))
    finally:
        site.journal.close()


def told_of_journal(site: Site) -> None:
    """Say so when the journal was corrupted; it is kept aside and nothing of it is believed."""
    if site.journal.set_aside is not None:
        site.around.listener.say(
            f"the journal is corrupted and was kept aside as {site.journal.set_aside.name}; "
            "nothing in it is believed, AWS and the sinks are asked instead"
        )


def told_of_shrinking(site: Site) -> None:
    """Say that the shrunk policy is kept. Raises Refused where that cannot be, for the policy is a file's now."""
    if not site.shrunk or site.options.policy != "as journalled":
        return
    if site.spec.installer.policy_source.file is not None:
        raise Refused(
            f"the policy of {site.spec.user_name} was shrunk, and the spec now has a policy file, which is not. "
            "put the whole file in place with `narrowgate setup --widen`"
        )
    site.around.listener.say(
        f"the policy of {site.spec.user_name} was shrunk to what it needs after the installation, and stays so; "
        "for an upgrade, `narrowgate setup --widen` puts the whole one in place"
    )


def _remember_widening(site: Site) -> None:
    """Before the write: a crash must not leave the whole policy to be shrunk again unasked."""
    if site.shrunk and site.options.policy == "whole":
        site.journal.mark(WIDENED, **asdict(site.lineage))


def refuse(plan: Plan) -> None:
    """Raise Refused when anything stops the plan; nothing was done."""
    if plan.refusals:
        lines = (f"cannot plan `{r.address}`: {r.message}" for r in plan.refusals)
        raise Refused("\n".join(lines))


def _settled(site: Site) -> Planned:
    """Plan, once AWS shows what was done a moment ago."""
    wait = Patience(site)
    while True:
        planned = planning.make(site)
        if not wait.goes_on(planned.seen.get(KEY)):
            return planned


@dataclass(slots=True)
class Patience:
    """Waits until AWS and the sinks show the keys that the journal has: by looking, with backoff."""

    site: Site
    pause: float = 0.25
    told: str = ""
    since: float | None = None

    def goes_on(self, found: Observed) -> bool:
        """Whether to look again, after a pause. Raises Interrupted when stopped."""
        clock = self.site.around.clock
        why = unseen(found, recalled(self.site), clock.now())
        self.since = clock.monotonic() if self.since is None else self.since
        if not why or clock.monotonic() - self.since > SETTLE:
            return False
        if why != self.told:
            self.site.around.listener.say(why)
            self.told = why
        halt(self.site)
        clock.sleep(self.pause)
        self.pause = min(self.pause * 2, 2.0)
        return True


def recalled(site: Site) -> Fields:
    """What the journal knows of the user's keys."""
    return site.admin(call("journal", "RecallKeys", UserName=site.spec.user_name)) or EMPTY


def unchanged(site: Site, planned: Planned) -> Planned:
    """The same plan, made again after a question. Raises Refused when it is another one now."""
    again = planning.make(site)
    if again.plan != planned.plan:
        raise Refused("the account changed while you were asked; run the command again")
    return again


def converge(site: Site, planned: Planned) -> int:
    """Carry out the plan; where an outcome is unknown or somebody was first, look and plan again.

    Later rounds may only repeat what was approved, delete a key whose secret was lost on the way, or copy the new
    key to a sink that failed.
    """
    approved = frozenset((s.address, s.call.name) for s in planned.plan.steps)
    probe(site, planned.plan, planned.seen.get(KEY))
    site.journal.begin("setup", site.scope)
    done = 0
    for _ in range(ROUNDS):
        outcome = apply(planned.plan, stage(site))
        done += len(outcome.done)
        halted(outcome)
        if not outcome.failed:
            return done
        if not all(_worth_another_look(error) for error in outcome.failed.values()):
            break
        planned = _settled(site)
        refuse(planned.plan)
        _stays_within(planned.plan, approved)
    error = outcome.error()
    assert error is not None
    raise error


def stage(site: Site, region: str = "") -> Stage:
    """What `apply` works with; in another region, for what an earlier spec made there."""
    return Stage(
        worlds={"admin": site.admin_in(region or site.spec.region)},
        journal=site.journal,
        clock=site.around.clock,
        report=site.around.listener.step,
        stop=site.around.stop,
    )


def probe(site: Site, plan: Plan, found: Observed) -> None:
    """Find out that the sinks can be written before a key is made for them; `found` is the key resource as seen.

    A key in a sink is ours when the journal knows it, or when AWS lists it for our user.
    """
    stores = [s.call.params.text("Sink") for s in plan.steps if s.change == "store"]
    if stores:
        # The new key will be proved there; making that client meanwhile saves a quarter of a second.
        site.expect(site.profile.evidence.service)
        memory = recalled(site)
        listed = tuple(k.text("AccessKeyId") for k in (found or EMPTY).items_of("Keys"))
        site.keeping.probe(frozenset(stores), frozenset((*listed, *memory.texts("Made"), *memory.texts("Delivered"))))


def halted(outcome: Outcome) -> None:
    """Raise Interrupted when the person stopped the run."""
    if outcome.stopped:
        raise Interrupted(
            f"stopped: {len(outcome.done)} steps are done and journalled; run the same command again to go on"
        )


def halt(site: Site) -> None:
    """Raise Interrupted when the person stopped the run while nothing was under way."""
    if site.around.stop.is_set():
        raise Interrupted("stopped while waiting; run the same command again to go on")


def _worth_another_look(error: NarrowgateError) -> bool:
    return isinstance(error, OutcomeUnknown) or (isinstance(error, AwsError) and error.code in LOOK_AGAIN)


def _stays_within(plan: Plan, approved: frozenset[tuple[str, str]]) -> None:
    beyond = [s for s in plan.steps if (s.address, s.call.name) not in approved and not _saves_the_key(s)]
    if beyond:
        names = ", ".join(f"{s.call.name} for {s.address}" for s in beyond)
        raise Refused(f"the account changed during the run, and would now need {names}; run the command again to see")


def _saves_the_key(step: Step) -> bool:
    """What follows from an unanswered save: a key without its secret goes, and a sink without the key gets it."""
    return step.address == KEY and step.call.name in ("iam:DeleteAccessKey", "sink:CopyKey")


def _verified(site: Site, *, keys_made: bool) -> tuple[Proof | None, Planned]:
    """Look again until there is nothing left to do; meanwhile use the new key where it will be used."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="verify") as pool:
        again = pool.submit(until_nothing_is_left, site)
        proof = prove_current(site) if keys_made else None
        return proof, again.result()


def until_nothing_is_left(site: Site) -> Planned:
    """Look again until the account is as planned. Raises AwsError when it does not come to that."""
    clock = site.around.clock
    deadline = clock.monotonic() + SETTLE
    pause = 0.25
    while True:
        planned = planning.make(site)
        if planned.plan.is_empty:
            return planned
        if clock.monotonic() > deadline:
            left = "; ".join([f"{s.call.name} for {s.address}" for s in planned.plan.steps])
            raise AwsError(f"the account still differs from the spec after {SETTLE:.0f} s: {left}", code="NotConverged")
        halt(site)
        clock.sleep(pause)
        pause = min(pause * 2, 4.0)


def prove_current(site: Site, key: str = "") -> Proof:
    """Use the key named, or the one delivered last, until AWS accepts it everywhere that it is for."""
    wanted = key or recalled(site).texts("Delivered")[-1]
    clock = site.around.clock
    deadline, pause = clock.monotonic() + SETTLE, 0.25
    while (pair := site.keeping.load(wanted)) is None and clock.monotonic() < deadline:
        # A sink in AWS may show the old text for some seconds.
        halt(site)
        clock.sleep(pause)
        pause = min(pause * 2, 4.0)
    if pair is None:
        raise AwsError("no sink holds the secret of the new key", code="NoSecret")
    world = site.connect(Identity(pair[0], pair[1]))
    return prove_key(world, site.user_arn, site.profile.evidence, site.around.clock)
