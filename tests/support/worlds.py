"""Worlds that misbehave, each a wrapper of a World: counted, cut, late, throttled, unanswered, denied."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Literal, TypeAlias, TypeVar

from narrowgate.adapters.clock import Clock
from narrowgate.calls import Call, Fields, Reply, World
from narrowgate.errors import AwsError, NotPermitted, OutcomeUnknown

Wrap: TypeAlias = Callable[[World], World]
When: TypeAlias = Literal["before", "after"]
T = TypeVar("T")


class Cut(BaseException):
    """The process died here: nothing of ours may catch it."""


class Fuse:
    """Ends the process before or after the `at`-th effect (from 0). Once blown, no effect is possible any more."""

    def __init__(self, at: int = -1, when: When = "before") -> None:
        self.at, self.when = at, when
        self.count = 0
        self.blown = False
        self.names: list[str] = []
        self._lock = threading.Lock()

    def effect(self, name: str, do: Callable[[], T]) -> T:
        """Have the effect, unless dead."""
        with self._lock:
            self.alive()
            number = self.count
            self.count += 1
            self.names.append(name)
            if number == self.at and self.when == "before":
                self.blown = True
                raise Cut(name)
        result = do()
        if number == self.at:
            self.blown = True
            raise Cut(name)
        return result

    def alive(self) -> None:
        """Raise Cut when dead."""
        if self.blown:
            raise Cut


def through(fuse: Fuse) -> Wrap:
    """Every write of the World goes through the fuse."""

    def wrap(world: World) -> World:
        def ask(call: Call) -> Reply | None:
            if call.reads_only:
                fuse.alive()
                return world(call)
            return fuse.effect(call.name, lambda: world(call))

        return ask

    return wrap


class Counter:
    """Keeps every call that passes."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def __call__(self, world: World) -> World:
        def ask(call: Call) -> Reply | None:
            self.calls.append(call)
            return world(call)

        return ask

    @property
    def writes(self) -> list[str]:
        """The names of the calls that change something."""
        return [c.name for c in self.calls if not c.reads_only]


def throttling(rate: float, seed: int) -> Wrap:
    """Refuses a share of all calls with Throttling; nothing is carried out then."""
    chance = random.Random(seed)

    def wrap(world: World) -> World:
        def ask(call: Call) -> Reply | None:
            if chance.random() < rate:
                raise AwsError("Rate exceeded", code="Throttling")
            return world(call)

        return ask

    return wrap


class Dropping:
    """Loses the answer of the first write of this name, before or after its effect."""

    def __init__(self, name: str, when: When = "after") -> None:
        self.name, self.when = name, when
        self.lost = False
        self._lock = threading.Lock()

    def __call__(self, world: World) -> World:
        def ask(call: Call) -> Reply | None:
            with self._lock:
                mine = call.name == self.name and not self.lost
                self.lost = self.lost or mine
            if not mine:
                return world(call)
            if self.when == "after":
                world(call)
            raise OutcomeUnknown(f"no answer to `{call.name}`: ReadTimeoutError", code="NoAnswer")

        return ask


def denying(*names: str) -> Wrap:
    """Denies the calls of these names."""

    def wrap(world: World) -> World:
        def ask(call: Call) -> Reply | None:
            if call.name in names:
                raise NotPermitted(f"AWS denied `{call.name}`", code="AccessDenied")
            return world(call)

        return ask

    return wrap


# Which parameters name a thing that another call may have made a moment ago.
NAMING = ("UserName", "RoleName", "PolicyArn", "InstanceProfileName", "SecretId", "AccessKeyId")


class Lagging:
    """AWS some seconds behind itself.

    A read asked before a write gives the old answer until `seconds` after that write; a write that names a thing
    made less than `seconds` ago does not find it; so does a read that names it.
    """

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock, self._seconds = clock, seconds
        self._lock = threading.RLock()
        self._seen: dict[Call, list[tuple[float, Reply | None]]] = {}
        self._made: dict[str, float] = {}
        self.late = 0

    def __call__(self, world: World) -> World:
        def ask(call: Call) -> Reply | None:
            with self._lock:
                return self._read(world, call) if call.reads_only else self._write(world, call)

        return ask

    def young(self, name: str) -> bool:
        """Whether the thing is too new to be seen."""
        made = self._made.get(name)
        return made is not None and self._clock.monotonic() < made + self._seconds

    def _names_young(self, call: Call) -> bool:
        return any(self.young(call.params.text(p)) for p in NAMING)

    def _read(self, world: World, call: Call) -> Reply | None:
        if call.service == "sts":
            return world(call)
        history = self._seen.setdefault(call, [])
        since = self._clock.monotonic() - self._seconds
        for at, before in history:
            if at > since:
                self.late += 1
                return before
        if self._names_young(call):
            self.late += 1
            return None
        return world(call)

    def _write(self, world: World, call: Call) -> Reply | None:
        if self._names_young(call):
            self.late += 1
            return None
        before = {read: world(read) for read in self._seen}
        reply = world(call)
        now = self._clock.monotonic()
        for read, answer in before.items():
            if world(read) != answer:
                self._seen[read].append((now, answer))
        if call.operation.startswith(("Create", "Put")) and call.operation not in ("CreatePolicyVersion",):
            self._note(call, reply or Fields(), now)
        return reply

    def _note(self, call: Call, reply: Reply, now: float) -> None:
        if call.operation == "CreateAccessKey":
            self._made[reply.group("AccessKey").text("AccessKeyId")] = now
        elif call.operation == "CreatePolicy":
            self._made[reply.group("Policy").text("Arn")] = now
        elif call.operation in ("CreateUser", "CreateRole", "CreateInstanceProfile", "CreateSecret"):
            for member in ("UserName", "RoleName", "InstanceProfileName", "Name"):
                if call.params.text(member):
                    self._made[call.params.text(member)] = now
                    return
