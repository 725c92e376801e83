"""What the gate adds to a call, without a socket: `python -m bench.sandbox_inside TURNS`; figures as JSON.

The layer is the sandbox's, with an engine that notes how long it was in moto: what is left of a call's time is what
the gate added. How that splits up comes from calling, one by one, the functions that the layer calls.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Final, TypeVar

from bench.policy_clock import Figures, spread_of
from bench.sandbox_calls import Key, Signed, prepare, signed, turns
from narrowgate.adapters.action_data import action_list
from narrowgate.adapters.sandbox.administrator import ACCOUNT, ADMIN
from narrowgate.adapters.sandbox.answer import Answer
from narrowgate.adapters.sandbox.arrival import arrive
from narrowgate.adapters.sandbox.authenticate import authenticate
from narrowgate.adapters.sandbox.decode import decode
from narrowgate.adapters.sandbox.denial import Seal
from narrowgate.adapters.sandbox.desk import Desk
from narrowgate.adapters.sandbox.engine import Engine
from narrowgate.adapters.sandbox.facts import MotoFacts
from narrowgate.adapters.sandbox.gate import Allowed, Gate
from narrowgate.adapters.sandbox.identities import Key as Known
from narrowgate.adapters.sandbox.identities import take
from narrowgate.adapters.sandbox.layer import Layer
from narrowgate.adapters.sandbox.request import Environ, Request, wsgi_environ
from narrowgate.adapters.sandbox.visibility import Change, Views
from narrowgate.calls import Call
from narrowgate.catalogue.authorization import requests_of
from narrowgate.catalogue.facts import Place
from narrowgate.policy.request_context import Value

SEED: Final = 1
WARM: Final = 3
PARTS: Final = ("parse", "verify", "decode", "census", "catalogue", "decision")

T = TypeVar("T")


@dataclass(slots=True)
class Clock:
    """Seconds of wall and processor, one entry a call."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def run(self, work: Callable[[], T]) -> T:
        """The result; how long it took is noted."""
        cpu, wall = time.process_time(), time.perf_counter()
        try:
            return work()
        finally:
            self.wall.append(time.perf_counter() - wall)
            self.cpu.append(time.process_time() - cpu)

    def figures(self) -> Figures:
        """Sums and spread."""
        return {name: value for name, value in spread_of(self.wall, self.cpu).items() if name != "each"}

    def without(self, other: Clock) -> Clock:
        """What is left of each call."""
        return Clock(
            [a - b for a, b in zip(self.wall, other.wall, strict=True)],
            [a - b for a, b in zip(self.cpu, other.cpu, strict=True)],
        )


class Clocked(Engine):
    """The engine; how long the last call was in it is noted, and is nothing where it was not called."""

    wall = cpu = 0.0

    def perform(self, request: Request, *, sequence: int = 0, at: datetime | None = None) -> Answer:
        """Let moto answer, and note how long it took."""
        cpu, wall = time.process_time(), time.perf_counter()
        try:
            return super().perform(request, sequence=sequence, at=at)
        finally:
            self.wall, self.cpu = time.perf_counter() - wall, time.process_time() - cpu

    def taken(self) -> tuple[float, float]:
        """The times since the last asking."""
        took = self.wall, self.cpu
        self.wall = self.cpu = 0.0
        return took


class Account:
    """A sandbox with everything that the mix is about."""

    def __init__(self) -> None:
        self.actions = action_list()
        self.gate = Gate(self.actions)
        desk = Desk(self.gate, Seal(SEED, ACCOUNT))
        self.engine = Clocked(SEED, desk)
        self.layer = Layer(self.engine, None, desk)
        self.loop = Clock()
        self.user, self.subnet = prepare(self.send, ADMIN)

    def keys(self) -> dict[str, Key]:
        """Who is measured."""
        return {"administrator": ADMIN, "user": self.user}

    def signed(self, key: Key, first: int, count: int) -> list[Signed]:
        """The requests of some turns."""
        return [signed(wire, key) for wire in turns(self.subnet, first, count)]

    def send(self, each: Signed) -> tuple[int, bytes]:
        """Status and body of the answer."""
        said: list[str] = []
        body = b"".join(self.layer(environ(each), lambda status, _: said.append(status)))
        return int(said[0].split()[0]), body


def environ(each: Signed) -> Environ:
    """The request as a server gives it."""
    return wsgi_environ(each.method, each.target, each.headers, each.body)


def main(count: int) -> Figures:
    """All figures of one process; `count` turns for everything that is measured."""
    account = Account()
    for key in account.keys().values():
        whole(account, account.signed(key, 0, WARM))
    first = WARM
    found: Figures = {"whole": {}, "parts": {}}
    for name, key in account.keys().items():
        found["whole"][name] = whole(account, account.signed(key, first, count))
        found["parts"][name] = Split(account).run(account.signed(key, first + count, count))
        first += 2 * count
    found["bare"] = bare(account, account.signed(ADMIN, first, count))
    return {**found, "slowed": slowed(account.loop.cpu)}


def slowed(times: Sequence[float]) -> float:
    """How many times its best the same loop mostly took: above 1 where others share the core or its clock varies."""
    return median(times) / min(times)


def loop() -> int:
    """Some work that is always the same: about a tenth of a millisecond."""
    total = 0
    for number in range(1_500):
        total += number * number
    return total


def whole(account: Account, requests: Iterable[Signed]) -> Figures:
    """Each request through the layer: the call, what of it was moto's, what the gate added, by operation too."""
    call, inside, errors = Clock(), Clock(), 0
    names: list[str] = []
    for each in requests:
        given, said = environ(each), [""]
        account.engine.taken()
        call.run(lambda given=given, said=said: account.layer(given, lambda status, _: said.append(status)))  # type: ignore[misc]
        wall, cpu = account.engine.taken()
        inside.wall.append(wall)
        inside.cpu.append(cpu)
        errors += not said[-1].startswith(str(each.status))
        names.append(each.name)
        account.loop.run(loop)
    added = call.without(inside)
    return {
        "call": call.figures(),
        "perform": inside.figures(),
        "added": added.figures(),
        "by_operation": _by(names, added),
        "errors": errors,
    }


def _by(names: Iterable[str], clock: Clock) -> dict[str, Figures]:
    sorted_out: dict[str, Clock] = {}
    for name, wall, cpu in zip(names, clock.wall, clock.cpu, strict=True):
        own = sorted_out.setdefault(name, Clock())
        own.wall.append(wall)
        own.cpu.append(cpu)
    return {name: own.figures() for name, own in sorted_out.items()}


def bare(account: Account, requests: Iterable[Signed]) -> Figures:
    """Each request in the engine, without the layer: moto, made repeatable."""
    clock, errors = Clock(), 0
    for number, each in enumerate(requests):
        request = arrive(environ(each)).request
        at = datetime.now(UTC).replace(microsecond=0) if request.mutates else None
        place = 1_000_000 + number
        answer = clock.run(lambda r=request, p=place, at=at: account.engine.perform(r, sequence=p, at=at))  # type: ignore[misc]
        errors += answer.status != each.status
    return {"call": clock.figures(), "errors": errors}


class Split:
    """The steps of the layer, one by one. The layer itself then makes the call, so that it has its effect."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._clocks = {name: Clock() for name in (*PARTS[:-1], "gate")}
        self._views = Views(lambda: take(account.engine.accounts(), "aws"), timedelta(0))
        self._change = Change()

    def run(self, requests: Iterable[Signed]) -> dict[str, Figures]:
        """The figures of each part."""
        for each in requests:
            self._step(each)
            self._account.send(each)
            if each.name.startswith("iam:"):
                self._noted(each)
        clocks = dict(self._clocks)
        clocks["decision"] = clocks.pop("gate").without(clocks["catalogue"])
        return {name: clocks[name].figures() for name in PARTS}

    def _noted(self, each: Signed) -> None:
        """A change of identities, as the layer sees one."""
        if arrive(environ(each)).request.mutates:
            self._change = Change(self._change.sequence + 1, datetime.now(UTC))

    def _step(self, each: Signed) -> None:
        time_of, now, given = self._clocks, datetime.now(UTC), environ(each)
        arrival = time_of["parse"].run(lambda: arrive(given))
        request = arrival.request
        call = time_of["decode"].run(lambda: decode(request))
        census = time_of["census"].run(lambda: self._views.seen(self._change, now, timedelta(0)))
        key = time_of["verify"].run(lambda: authenticate(arrival.claim, request.style, census.keys.get, now))
        assert isinstance(call, Call) and isinstance(key, Known) and request.scope
        place = Place("aws", ACCOUNT, request.scope.region)
        context: dict[str, Value] = {"aws:SecureTransport": "true", "aws:SourceIp": "127.0.0.1"}
        gate, actions = self._account.gate, self._account.actions
        verdict = time_of["gate"].run(lambda: gate.decide(call, key.principal, place, context, census))
        # Once more, by itself: it keeps nothing of what it made of a call.
        time_of["catalogue"].run(lambda: requests_of(call, place, MotoFacts(place), actions))
        assert isinstance(verdict, Allowed), (each.name, verdict)


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]))))
