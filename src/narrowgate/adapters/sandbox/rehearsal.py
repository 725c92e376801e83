"""A rehearsal: planned calls, made for real on a fresh embedded AWS by a principal that has one policy only.

What counts is what the gate decides, not whether moto can do the call: a call that moto lacks was allowed all the same.
Ids are those that this sandbox draws, so a policy that holds the ids of another run fails here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final, TypeAlias

from narrowgate.adapters.aws import Endpoint, Identity, connect
from narrowgate.adapters.sandbox.embedded import ADMIN, Embedded
from narrowgate.adapters.sandbox.foreign_images import admit
from narrowgate.adapters.sandbox.fresh_user import fresh_user
from narrowgate.adapters.sandbox.gate import Allowed, Refused
from narrowgate.adapters.sandbox.layer import Conditions, Seen
from narrowgate.calls import Call, Fields, Ref, Reply, World, named, refs, resolve, strings
from narrowgate.catalogue.rule import RESERVED
from narrowgate.errors import NarrowgateError
from narrowgate.happening import Happening
from narrowgate.policy.document import Document
from narrowgate.secret import Secret

NAME: Final = "rehearsal"
_URL: Final = "http://127.0.0.1"

Prepare: TypeAlias = Callable[[World], Mapping[Ref, str]]
"""Makes, as the administrator, what must be there before (an instance profile, say); tells ids that Refs stand for."""

Beside: TypeAlias = Callable[[World, Happening], Mapping[Ref, str]]
"""Looks, as the administrator, at what AWS did beside a call, such as a group's launches; tells their ids."""


def nothing_beside(_: World, __: Happening) -> Mapping[Ref, str]:
    """AWS does nothing that later calls name."""
    return {}


@dataclass(frozen=True, slots=True)
class Stage:
    """Where calls are rehearsed. `before`: calls that the administrator makes first, whatever it takes."""

    region: str
    prepare: Prepare = lambda _: {}
    before: tuple[Happening, ...] = ()
    beside: Beside = nothing_beside


@dataclass(frozen=True, slots=True)
class Denied:
    """A call that the gate refused: its name, where it stands, and AWS's sentence."""

    call: str
    phase: str
    address: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What came of it. `asked`: calls that the gate decided; `not_made`: calls that could not be made, and why."""

    asked: int
    denied: tuple[Denied, ...]
    not_made: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Gatekeeper:
    """Watches the gate for one principal."""

    arn: str = ""
    asked: int = 0
    refused: list[str] = field(default_factory=list)

    def __call__(self, seen: Seen) -> None:
        """Count the decision on one call of the principal's."""
        if not self.arn or seen.key is None or seen.key.principal.requester.arn != self.arn:
            return
        if isinstance(seen.verdict, Allowed | Refused):
            self.asked += 1
        if isinstance(seen.verdict, Refused):
            self.refused.append(seen.verdict.denial.sentence)


def rehearse(
    happenings: Iterable[Happening], documents: Sequence[Document], stage: Stage, *, seed: int = 7
) -> Rehearsed:
    """Make the calls in their order as an IAM user with these policies and no other.

    Calls that failed are not made. Raises Refused beside another sandbox of this process.
    """
    gate, happenings = _Gatekeeper(), tuple(happenings)
    with Embedded(seed=seed, conditions=Conditions(watchers=(gate,))) as aws:

        def worlds(identity: Identity) -> Callable[[str], World]:
            return cache(lambda region: connect(identity, Endpoint(region, _URL, aws.transport)))

        admins = worlds(Identity(ADMIN[0], Secret(ADMIN[1])))
        run = _Run(gate, admins, stage)
        admit(run.admin, aws.account, stage.region, (each.call.params for each in (*stage.before, *happenings)))
        run.told |= stage.prepare(run.admin)
        run.through(stage.before)
        gate.arn, key = fresh_user(run.admin, NAME, [document.text() for document in documents])
        run.worlds = worlds(key)
        return run.through(happenings)


class _Run:
    def __init__(self, gate: _Gatekeeper, worlds: Callable[[str], World], stage: Stage) -> None:
        self._gate = gate
        self._stage = stage
        self.worlds = worlds
        self.admin = worlds(stage.region)
        self.told: dict[Ref, str] = {}
        self._replies: dict[str, list[Reply]] = {}

    def through(self, happenings: Iterable[Happening]) -> Rehearsed:
        """Make every call."""
        denied: list[Denied] = []
        not_made: list[tuple[str, str]] = []
        for happening in happenings:
            if happening.failed:
                continue
            before = len(self._gate.refused)
            why = self._make(happening)
            if why and len(self._gate.refused) == before:
                not_made.append((happening.call.name, why))
            self.told |= self._stage.beside(self.admin, happening)
            denied.extend(
                Denied(happening.call.name, happening.phase, happening.address, said)
                for said in self._gate.refused[before:]
            )
        return Rehearsed(self._gate.asked, tuple(denied), tuple(not_made))

    def _make(self, happening: Happening) -> str:
        """Why the call could not be made, or not be done; the empty string where it was."""
        params, why = self._filled(happening.call.params)
        if why:
            return why
        world = self.worlds(happening.region or self._stage.region)
        try:
            reply = world(Call(happening.call.service, happening.call.operation, params))
        except NarrowgateError as error:
            return str(error)
        if reply is not None and happening.address:
            self._replies.setdefault(happening.address, []).append(reply)
        return ""

    def _filled(self, params: Fields) -> tuple[Fields, str]:
        missing = [str(ref) for ref in refs(params) if self._told(ref) is None]
        if missing:
            return params, f"no reply told {', '.join(missing)}"
        if any(RESERVED in text for text in strings(params)):
            return params, "it names something that nobody knows"
        filled = resolve(params, lambda ref: self._told(ref) or "")
        assert isinstance(filled, Fields)
        return filled, ""

    def _told(self, ref: Ref) -> str | None:
        if ref in self.told:
            return self.told[ref]
        member = ref.attribute.rpartition(".")[2]
        return next(
            (text for reply in reversed(self._replies.get(ref.address, [])) for text in named(reply, member)), None
        )
