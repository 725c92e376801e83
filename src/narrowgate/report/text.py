"""Plans, findings and states as lines for a person. Pure: a line is text with a tone, colour is the terminal's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TypeAlias

from narrowgate.finding import Finding
from narrowgate.plan import Plan, Refusal, Step, chain

Tone: TypeAlias = Literal["plain", "title", "good", "change", "bad", "faint"]
SIGNS: Mapping[str, str] = {"create": "+", "update": "~", "store": ">", "delete": "-"}
TONES: Mapping[str, Tone] = {"create": "good", "update": "change", "store": "good", "delete": "bad"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line."""

    text: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Size:
    """A policy's length beside its quota."""

    name: str
    source: str
    statements: int
    size: int
    quota: int


def steps(plan: Plan, names: Mapping[str, str]) -> Iterator[Line]:
    """The steps, under the things they touch; `names` gives AWS's name for an address."""
    for address, group in groupby(plan.steps, key=lambda step: step.address):
        these = list(group)
        yield Line(f"  {SIGNS[these[0].change]} {address:34} {names.get(address, '')}", TONES[these[0].change])
        for step in these:
            yield Line(f"      {step.call.name:34} {step.extra or step.why}", "faint")


def summary(plan: Plan) -> Line:
    """How much there is to do, and how much of it must wait for one another."""
    if not plan.steps:
        return Line("nothing to do: the account is as the spec says", "good")
    kinds = {change: sum(1 for s in plan.steps if s.change == change) for change in SIGNS}
    words = {"create": "to create", "update": "to change", "store": "to store", "delete": "to delete"}
    parts = ", ".join(f"{count} {words[change]}" for change, count in kinds.items() if count)
    return Line(f"{count_of(len(plan.steps), 'step')}: {parts}; at most {chain(plan.steps)} wait for one another")


def refusals(items: Iterable[Refusal]) -> Iterator[Line]:
    """Why the plan is refused, or what is left alone."""
    for item in items:
        yield Line(f"  ! {item.address:34} {item.message}", "bad")


def sizes(items: Iterable[Size]) -> Iterator[Line]:
    """The policies."""
    for item in items:
        used = f"{item.size:,} of {item.quota:,} characters"
        yield Line(f"  {item.name:36} {used}, {count_of(item.statements, 'statement')}, from {item.source}")


def findings(items: Sequence[Finding]) -> Iterator[Line]:
    """The findings, the grave ones first, each with what to do."""
    order = ("high", "medium", "low", "note")
    for item in sorted(items, key=lambda finding: order.index(finding.severity)):
        yield Line(
            f"  {item.severity:7} {item.check}: {item.subject}: {item.evidence}",
            "bad" if item.severity == "high" else "change",
        )
        yield Line(f"          {item.fix}", "faint")


def unsupported(items: Iterable[tuple[str, str, str]]) -> Iterator[Line]:
    """Where AWS has no place for an option that was set."""
    by_reason = sorted(items, key=lambda item: (item[0], item[2]))
    for (option, why), group in groupby(by_reason, key=lambda item: (item[0], item[2])):
        yield Line(f"  {option} not on {', '.join(address for _, address, _ in group)}: {why}", "faint")


def step_news(step: Step, event: str) -> Line:
    """A step as it happens."""
    tones: Mapping[str, Tone] = {"done": "good", "fail": "bad", "wait": "change"}
    words = {"start": "...", "done": "ok ", "fail": "err", "wait": "not visible yet, waiting:"}
    return Line(f"  {words[event]} {step.call.name:34} {step.address}", tones.get(event, "faint"))


def count_of(count: int, word: str) -> str:
    """`1 call`, `2 calls`."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
