"""Plans, findings and states as lines for a person. Pure: a line is text with a tone, colour is the terminal's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Literal, TypeAlias

# Whoever only wants a line does not wait for the planner, and the spec's pydantic, to load.
if TYPE_CHECKING:
    from narrowgate.finding import Finding
    from narrowgate.plan import Plan, Refusal, Step

Tone: TypeAlias = Literal["plain", "title", "good", "change", "bad", "faint"]
WIDEST = 31  # as `iam_policy_attachment.installer`
SIGNS: Mapping[str, str] = {"create": "+", "update": "~", "store": ">", "delete": "-"}
TONES: Mapping[str, Tone] = {"create": "good", "update": "change", "store": "good", "delete": "bad"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line; on a narrow terminal its further rows begin at column `hang`, and without one it is not broken."""

    text: str = ""
    tone: Tone = "plain"
    hang: int | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """A policy's length beside its quota."""

    name: str
    source: str
    statements: int
    size: int
    quota: int


def steps(plan: Plan) -> Iterator[Line]:
    """The steps, under the things they touch."""
    wide = column(step.address for step in plan.steps)
    calls = column(step.call.name for step in plan.steps)
    for (address, name), group in groupby(plan.steps, key=lambda step: (step.address, step.name)):
        these = list(group)
        head = f"  {SIGNS[these[0].change]} {address:{wide}} {name}"
        yield Line(head, TONES[these[0].change], wide + 5)
        for step in these:
            yield Line(f"      {step.call.name:{calls}} {step.extra or step.why}", "faint", calls + 7)


def summary(plan: Plan) -> Line:
    """How much there is to do, and in how many rounds: what waits for nothing runs together."""
    from narrowgate.plan import chain

    if not plan.steps:
        return Line("nothing to do: the account is as the spec says", "good")
    kinds = {change: sum(1 for s in plan.steps if s.change == change) for change in SIGNS}
    words = {"create": "to create", "update": "to change", "store": "to store", "delete": "to delete"}
    parts = ", ".join(f"{count} {words[change]}" for change, count in kinds.items() if count)
    rounds = count_of(chain(plan.steps), "round")
    return Line(f"{count_of(len(plan.steps), 'step')}, in {rounds}: {parts}", hang=2)


def as_wanted(findings: Sequence[Finding], good: str) -> Line:
    """What is said where nothing is to be done: never that all is well above findings."""
    if findings:
        return Line("the objects are as the spec says; see the findings", hang=2)
    return Line(f"{good}: the account is as the spec says", "good")


def refusals(items: Iterable[Refusal]) -> Iterator[Line]:
    """Why the plan is refused, or what is left alone."""
    told = list(items)
    wide = column(item.address for item in told)
    for item in told:
        yield Line(f"  ! {item.address:{wide}} {item.message}", "bad", wide + 5)


def sizes(items: Iterable[Size]) -> Iterator[Line]:
    """The policies."""
    told = list(items)
    wide = column(item.name for item in told)
    for item in told:
        used = f"{item.size:,} of {item.quota:,} characters"
        yield Line(
            f"  {item.name:{wide}} {used}, {count_of(item.statements, 'statement')}, from {item.source}", hang=wide + 3
        )


def findings(items: Sequence[Finding]) -> Iterator[Line]:
    """The findings, the grave ones first, each with what to do."""
    order = ("high", "medium", "low", "note")
    for item in sorted(items, key=lambda finding: order.index(finding.severity)):
        yield Line(
            f"  {item.severity:7} {item.check}: {item.subject}: {item.evidence}",
            "bad" if item.severity == "high" else "change",
            10,
        )
        yield Line(f"          {item.fix}", "faint", 10)


def unsupported(items: Iterable[tuple[str, str, str]]) -> Iterator[Line]:
    """Where AWS has no place for an option that was set."""
    by_reason = sorted(items, key=lambda item: (item[0], item[2]))
    for (option, why), group in groupby(by_reason, key=lambda item: (item[0], item[2])):
        yield Line(f"  {option} not on {', '.join(address for _, address, _ in group)}: {why}", "faint", 4)


def step_news(step: Step, event: str) -> Line:
    """A step as it happens."""
    tones: Mapping[str, Tone] = {"done": "good", "fail": "bad", "wait": "change"}
    words = {"start": "...", "done": "ok ", "fail": "err", "wait": "not visible yet, waiting:"}
    return Line(f"  {words[event]} {step.call.name:34} {step.address}", tones.get(event, "faint"))


def column(words: Iterable[str]) -> int:
    """How wide a column of these is: as the longest, but at most WIDEST."""
    return min(max((len(word) for word in words), default=0), WIDEST)


def count_of(count: int, word: str) -> str:
    """`1 call`, `2 calls`."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
