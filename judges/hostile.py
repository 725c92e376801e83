"""`python -m judges.hostile`: malformed and hostile documents by the thousand, each given to everything that takes one.

A document must give a located fault or an answer; the quick way in must agree with the strict one, and
nothing may crash, hang, or eat the memory. Exit 1 where something does.
"""

from __future__ import annotations

import argparse
import re
import reprlib
import resource
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from time import process_time
from types import FrameType
from typing import Final, TypeAlias, TypeVar

from judges.hostile_documents import GROUPS, ODD, STORMS, Hostile, documents, size
from narrowgate.adapters.action_data import action_list
from narrowgate.policy import (
    Document,
    Evaluator,
    Faults,
    Layers,
    Refuted,
    Request,
    covers,
    explain,
    from_value,
    load,
    parse,
    request,
)
from narrowgate.policy.actions import ActionList
from narrowgate.policy.clause import Policy, policy_of
from narrowgate.policy.permission_surface import surface

Made = TypeVar("Made")
Reading: TypeAlias = "Document | Faults"

SECONDS: Final = 2.0
MEGABYTES: Final = 1_000
GIVES_UP: Final = 60
"""Seconds after which one document counts as a hang and is given up."""
CHEAP: Final = 2_000
"""The longest document of which the surface is counted."""

CRASHES: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    NameError,
    RuntimeError,
    TypeError,
    ValueError,
    re.error,
    StopIteration,
)
"""Every way in which pure code can fail; being given up is a RuntimeError."""

OTHERS: Final = (
    {"Effect": "Allow", "Action": "*", "Resource": "*"},
    {"Effect": "Allow", "Action": "s3:Get*", "Resource": ["arn:aws:s3:::b/*", "arn:aws:s3:::*a*"]},
    {"Effect": "Allow", "NotAction": "ec2:*", "NotResource": "arn:aws:s3:::b/${aws:username}/*"},
    {
        "Effect": "Allow",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"StringLike": {"aws:username": "a*", "aws:PrincipalTag/team": ["r?d", "*b*"]}},
    },
)
"""What the documents are compared with."""


@dataclass(slots=True)
class Group:
    """What a group of documents came to; times in seconds, memory in megabytes."""

    documents: int = 0
    accepted: int = 0
    slowest: float = 0.0
    stage: str = ""
    number: int = 0
    total: float = 0.0
    growth: float = 0.0


@dataclass(slots=True)
class Report:
    """All groups, and everything wrong, each with the number of its document."""

    groups: dict[str, Group] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    peak: float = 0.0


class Wrong(AssertionError):
    """Two answers do not agree, or a fault does not say where."""


class Hung(RuntimeError):
    """A document was given up."""


class Trial:
    """One document, being given to everything; keeps the slowest answer."""

    def __init__(self, one: Hostile, rng: Random, known: ActionList) -> None:
        self.one = one
        self.rng = rng
        self.known = known
        self.accepted = False
        self.slowest = (0.0, "")

    def timed(self, stage: str, ask: Callable[[], Made]) -> Made:
        """The answer; its time is kept, also where there is none."""
        start = process_time()
        try:
            return ask()
        finally:
            self.slowest = max(self.slowest, (process_time() - start, stage))

    def run(self) -> None:
        """Everything, in order. Raises what goes wrong."""
        strict, lenient = self._read(lenient=False), self._read(lenient=True)
        if isinstance(strict, Document) and strict != lenient:
            raise Wrong("what is taken strictly is not the same taken leniently")
        for made in {id(policy): policy for policy in (strict, lenient) if isinstance(policy, Document)}.values():
            self.accepted = True
            self._asked(made)

    def _read(self, *, lenient: bool) -> Reading:
        source, kind = self.one.source, self.one.kind
        way = "leniently" if lenient else "strictly"
        if isinstance(source, str):
            read = self.timed(f"parse {way}", lambda: parse(source, kind, lenient=lenient))
        else:
            read = self.timed(f"from_value {way}", lambda: from_value(source, kind, lenient=lenient))
        quick = self.timed(f"load {way}", lambda: load(source, kind, lenient=lenient))
        agree(read, quick)
        if isinstance(read, Faults):
            located(read, decoded=not isinstance(source, str))
        elif parse(read.text(), kind, lenient=lenient) != read:
            raise Wrong("the document does not read back as it prints")
        return read

    def _asked(self, made: Document) -> None:
        layers = layers_of(made)
        evaluator = self.timed("compile", lambda: Evaluator(layers))
        for each in hostile_requests(self.rng):
            decision = self.timed("evaluate", lambda each=each: evaluator.evaluate(each))  # type: ignore[misc]
            lines = self.timed("explain", lambda each=each: explained(each, layers))  # type: ignore[misc]
            if decision.outcome not in ("allowed", "explicitDeny", "implicitDeny") or not lines:
                raise Wrong("no decision, or nothing to explain")
        self._compared(made)
        if made.kind in ("identity", "boundary", "scp") and len(made.text()) <= CHEAP:
            self.timed("surface", lambda: surface([made], self.known).counts)

    def _compared(self, made: Document) -> None:
        other = self.rng.choice(_OTHERS)
        pairs = {"covers itself": (made, made), "covers another": (made, other), "is covered": (other, made)}
        for stage, (a, b) in pairs.items():
            verdict = self.timed(stage, lambda a=a, b=b: covers([a], [b]))  # type: ignore[misc]
            if isinstance(verdict, Refuted) and a is b:
                raise Wrong("the document does not cover itself")


def agree(read: Reading, quick: Policy | Faults) -> None:
    """Raises Wrong unless the quick way in says what the strict one does."""
    wanted = read if isinstance(read, Faults) else policy_of(read)
    if quick != wanted:
        raise Wrong(f"load says {str(quick)[:200]}, parse {str(wanted)[:200]}")


def located(faults: Faults, *, decoded: bool) -> None:
    """Raises Wrong unless every fault has a message and, in a text, a line and a column."""
    for fault in faults.items:
        if not fault.message or (
            not decoded and fault.path == "" and fault.line < 1 and "longer than" not in fault.message
        ):
            raise Wrong(f"a fault that is nowhere: {fault}")


def layers_of(made: Document) -> Layers:
    """The layers in which only this document says anything."""
    everything = (_OTHERS[0],)
    match made.kind:
        case "resource" | "trust":
            return Layers(resource=made)
        case "boundary":
            return Layers(identity=everything, boundaries=(made,), session=made)
        case "scp":
            return Layers(identity=everything, scps=((made,),))
        case "rcp":
            return Layers(identity=everything, rcps=((made,),), endpoints=(made,))
    return Layers(identity=(made,))


def explained(asked: Request, layers: Layers) -> list[str]:
    """Every line of an explanation."""
    return [str(failure) for each in explain(asked, layers) for failure in each.failures] or ["all match"]


def hostile_requests(rng: Random) -> Iterator[Request]:
    """A few requests with long resources, odd characters and stars in all that may have them."""
    for action in rng.sample(("s3:GetObject", "ec2:RunInstances", "sts:AssumeRole", "x:Y"), 2):
        start = rng.choice(("arn:aws:s3:::b/", "arn:aws:ec2:us-1:123456789012:instance/", "arn:aws:s3:::"))
        context: dict[str, str | Sequence[str]] = {
            "aws:username": _text(rng),
            "aws:PrincipalTag/team": _text(rng),
            "aws:TagKeys": [_text(rng) for _ in range(rng.randrange(4))],
            "aws:SourceArn": rng.choice(("arn:aws:s3:::", "")) + _text(rng),
            "s3:max-keys": rng.choice(("5", "9" * 5_000, _text(rng))),
            "aws:CurrentTime": rng.choice(("0" * 19, "2024-02-30", _text(rng))),
            "aws:SourceIp": rng.choice(("::1", "1." * 5_000, "fe80::1%" + _text(rng), _text(rng))),
            "aws:SecureTransport": _text(rng),
        }
        who = "arn:aws:iam::123456789012:user/" + (_text(rng)[:2_000] or "u")
        yield request(who, action, rng.choice((start + _text(rng), start + _text(rng), "*")), context)


def _text(rng: Random) -> str:
    unit = rng.choice((*STORMS, *ODD)) + rng.choice(("", "", "b", rng.choice(ODD)))
    text = unit * max(1, size(rng) // len(unit))
    return re.sub("[\ud800-\udfff]", "", text) + rng.choice(("", "b"))


def _other(statement: object) -> Document:
    made = from_value({"Version": "2012-10-17", "Statement": statement}, "identity")
    if isinstance(made, Faults):
        raise Wrong(str(made))
    return made


_OTHERS: Final = tuple(map(_other, OTHERS))


def examine(seed: int, number: int, known: ActionList, *, seconds: float = SECONDS) -> Report:
    """So many documents, given to everything."""
    report = Report({name: Group() for name in GROUPS})
    for at, one in enumerate(documents(seed, number)):
        trial = Trial(one, Random(f"{seed}/{at}/requests"), known)
        before, start = _peak(), process_time()
        wrong = _outcome(trial)
        group = report.groups[one.group]
        group.documents += 1
        group.accepted += trial.accepted
        group.total += process_time() - start
        group.growth += _peak() - before
        if trial.slowest[0] > group.slowest:
            (group.slowest, group.stage), group.number = trial.slowest, at
        if not wrong and trial.slowest[0] > seconds:
            wrong = f"{trial.slowest[1]} took {trial.slowest[0]:.1f} s"
        if wrong:
            report.wrong.append(f"document {at} ({one.group}, {one.kind}): {wrong}")
    report.peak = _peak()
    return report


def _outcome(trial: Trial) -> str:
    """What went wrong with one document; the empty string where nothing did."""
    before = signal.signal(signal.SIGALRM, _give_up)
    signal.alarm(GIVES_UP)
    try:
        trial.run()
    except CRASHES as error:
        return f"{type(error).__name__} in {trial.slowest[1]}: {str(error)[:500]}"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    return ""


def _give_up(number: int, frame: FrameType | None) -> None:
    raise Hung(f"no answer after {GIVES_UP} s")


def _peak() -> float:
    """The most memory that the process ever had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def printed(report: Report) -> str:
    """The report as a table."""
    lines = [
        f"{'group':16}{'documents':>10}{'accepted':>10}{'mean ms':>9}{'slowest ms':>12}{'peak +MB':>10}  slowest answer"
    ]
    for name, group in report.groups.items():
        mean = group.total / max(1, group.documents) * 1000
        counts = f"{name:16}{group.documents:>10}{group.accepted:>10}"
        times = f"{mean:>9.2f}{group.slowest * 1000:>12.1f}{group.growth:>10.1f}"
        lines.append(f"{counts}{times}  {group.stage} of document {group.number}")
    lines.append(f"peak memory {report.peak:.0f} MB, {len(report.wrong)} wrong")
    return "\n".join((*lines, *report.wrong))


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="judges.hostile", description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="the longest that one answer may take")
    parser.add_argument("--megabytes", type=float, default=MEGABYTES, help="the most memory that may be used")
    parser.add_argument("--show", type=int, metavar="NUMBER", help="print that document instead")
    asked = parser.parse_args(arguments)
    if asked.show is not None:
        *_, last = documents(asked.seed, asked.show + 1)
        print(
            f"{last.group}, {last.kind}",
            last.source if isinstance(last.source, str) else reprlib.repr(last.source),
            sep="\n",
        )
        return 0
    report = examine(asked.seed, asked.documents, action_list(), seconds=asked.seconds)
    print(printed(report))
    return 1 if report.wrong or report.peak > asked.megabytes else 0


if __name__ == "__main__":
    sys.exit(main())
