"""The place a verb works at: the spec, the account that answers, the resources wanted there.

Everything that can be found wrong without touching the account is found here: a bad spec, bad policies, root or
missing credentials, another account than the spec names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from narrowgate.adapters.aws import Identity
from narrowgate.adapters.clock import Clock, Shifted
from narrowgate.adapters.journal import FILE, FOLDER, SANDBOX_FILE, Journal
from narrowgate.adapters.patient import patient
from narrowgate.adapters.stop import Stop
from narrowgate.adapters.target import SANDBOX_FOLDER, Target, real, sandbox
from narrowgate.calls import World, call
from narrowgate.errors import AwsError, NotPermitted, Refused
from narrowgate.spec import Spec
from narrowgate.verbs.spec_file import read_spec

if TYPE_CHECKING:
    from narrowgate.adapters.keeping import Keeping
    from narrowgate.identities import Documents
    from narrowgate.plan import Step
    from narrowgate.profiles import Profile
    from narrowgate.resource import Installation, Resource
    from narrowgate.verbs.past import Lineage

# AWS's clock and ours are compared to the second, and an answer takes one or two.
OFF = timedelta(seconds=3)


class Listener(Protocol):
    """Who is told what happens, as it happens; called from several threads."""

    def say(self, text: str) -> None:
        """A line of news."""
        ...

    def step(self, step: Step, event: str) -> None:
        """A step of the plan: `start`, `wait`, `done` or `fail`."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the process gives: the clock, the environment, who listens, and whether to stop."""

    clock: Clock
    environ: Mapping[str, str]
    listener: Listener
    stop: Stop


@dataclass(frozen=True, slots=True)
class Options:
    """How a verb was asked to work."""

    spec: Path
    sandbox: bool = False
    aws_profile: str | None = None
    adopt: bool = False
    beside: frozenset[str] = frozenset()
    unproven: bool = False
    """Whether a policy that is refuted as insufficient is set up all the same."""
    policy: Literal["as journalled", "shrunk", "whole"] = "as journalled"
    """Which of the installer's policies is wanted: that of its whole life, or what remains after the installation."""


@dataclass(frozen=True, slots=True)
class Site:
    """An opened spec: everything that the verbs need."""

    spec: Spec
    options: Options
    around: Surroundings
    profile: Profile
    installation: Installation
    caller: str
    documents: Documents
    resources: tuple[Resource, ...]
    keeping: Keeping
    journal: Journal
    admin: World
    """The administrator, the sinks and the journal, as one World."""
    admin_in: Callable[[str], World]
    """The same in another region, for what an earlier spec made there."""
    connect: Callable[[Identity], World]
    """The World of another key, in the spec's region."""
    expect: Callable[[str], None]
    """Told that this service will soon be called with another key."""
    shrunk: bool = False
    """Whether the journal says that the installer's policy was shrunk."""

    @property
    def user_arn(self) -> str:
        """The installer user's ARN."""
        return self.installation.arn("user", self.spec.user_name)

    @property
    def scope(self) -> dict[str, Any]:
        """What the journal remembers of a run: enough to find its things again after the spec changed."""
        return {
            "account": self.installation.account,
            "file": self.options.spec.name,
            "spec": self.spec.model_dump(mode="json"),
        }

    @property
    def lineage(self) -> Lineage:
        """Which lines of the journal are about earlier forms of this spec."""
        from narrowgate.verbs.past import Lineage

        return Lineage(self.installation.account, self.options.spec.name, self.spec.system)


@dataclass(frozen=True, slots=True)
class Seams:
    """Where another AWS and another journal can be put in, for tests that cut, delay or lose what passes."""

    target: Callable[[Options, Path, Spec], Target]
    journal: Callable[[Path, Clock], Journal] = Journal


@contextmanager
def open_site(
    options: Options, around: Surroundings, seams: Seams | None = None, *, meanwhile: Callable[[], None] | None = None
) -> Iterator[Site]:
    """Read the spec, ask who we are, make ready. Raises every error of a wrong start; changes nothing.

    `meanwhile` is done while AWS is asked: imports, say.
    """
    file = SANDBOX_FILE if options.sandbox else FILE
    seams = seams or Seams(_target, lambda folder, clock: Journal(folder, clock, file))
    spec = read_spec(options.spec)
    folder = options.spec.resolve().parent
    target = seams.target(options, folder, spec)
    try:

        @cache
        def admin_in(region: str) -> World:
            return patient(target.connect(None, region), around.clock, tell=around.listener.say)

        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="identity") as pool:
            asked = pool.submit(who_am_i, admin_in(spec.region), spec, around.clock)
            # Kinds, policies and sinks take a while to import: meanwhile AWS's answer is on its way.
            from narrowgate.verbs.assembly import Account, assemble

            if meanwhile:
                meanwhile()
            account, caller, ahead = asked.result()
        around = replace(around, clock=Shifted(around.clock, ahead)) if ahead else around
        journal = seams.journal(folder, around.clock)
        found = Account(account, caller, target, admin_in, folder, journal)
        yield assemble(spec, options, around, found)
    finally:
        target.close()


def who_am_i(admin: World, spec: Spec, clock: Clock) -> tuple[str, str, timedelta]:
    """The account, the caller's ARN, and how much later it is in AWS than here.

    Raises NotPermitted for root, Refused for another account.
    """
    reply = admin(call("sts", "GetCallerIdentity"))
    if reply is None:
        raise AwsError("AWS STS does not say who we are", code="NoIdentity")
    account, caller = reply.text("Account"), reply.text("Arn")
    if caller.endswith(":root"):
        raise NotPermitted("these are the account's root credentials: use an administrator user or role instead")
    if spec.account and spec.account != account:
        raise Refused(f"the credentials are of account {account}, the spec names {spec.account}; nothing was touched")
    partition = caller.split(":")[1] if caller.startswith("arn:") else ""
    if partition != spec.partition:
        raise Refused(f"the credentials are of partition `{partition}`, region {spec.region} is in `{spec.partition}`")
    return account, caller, _ahead(reply.text("Date"), clock)


def _ahead(date: str, clock: Clock) -> timedelta:
    """AWS's time less ours, where that is more than the seconds that an answer takes."""
    ahead = datetime.fromisoformat(date) - clock.now() if date else timedelta()
    return ahead if abs(ahead) > OFF else timedelta()


def _target(options: Options, folder: Path, spec: Spec) -> Target:
    if options.sandbox:
        from narrowgate.adapters.action_data import action_list
        from narrowgate.adapters.sandbox.administrator import ACCOUNT
        from narrowgate.adapters.sink_calls import sink_calls
        from narrowgate.administrator import policy_text

        policy = policy_text(spec, ACCOUNT, action_list(), sink_calls(spec))
        return sandbox(folder / FOLDER / SANDBOX_FOLDER, policy)
    return real(options.aws_profile)
