"""Decisions, explanations, comparisons and surfaces as lines for a person."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

from narrowgate.policy import Deciding, Decision, Explanation, Layer, Request
from narrowgate.policy.explanation import described

if TYPE_CHECKING:
    from narrowgate.policy.permission_surface import Counts, SurfaceDifference
    from narrowgate.report.text import Line, Tone
    from narrowgate.verbs.policy_compare import Compared
    from narrowgate.verbs.policy_files import Formatted
    from narrowgate.verbs.policy_surface import Measured

    Names = Mapping[Layer, tuple[str, ...]]

TONES: Mapping[str, Tone] = {"allowed": "good", "explicitDeny": "bad", "implicitDeny": "bad"}
MOST_SHOWN = 20
WORDS: Mapping[Layer, str] = {
    "identity": "the identity policies",
    "resource": "the resource policy",
    "boundary": "the permissions boundary",
    "session": "the session policy",
    "scp": "the SCPs",
    "rcp": "the RCPs",
    "endpoint": "the endpoint policies",
}


class Row(NamedTuple):
    """A line of output; the same parts as a report's Line, whose module imports much more than this needs."""

    text: str = ""
    tone: Tone = "plain"
    hang: int | None = None


def lines(rows: Iterable[Row]) -> Iterable[Line]:
    """The rows, as the terminal takes them."""
    return cast("Iterable[Line]", rows)


def decided(asked: Request, decision: Decision, names: Names) -> Iterator[Row]:
    """A decision and the statements that made it."""
    yield Row(f"{decision.outcome}: {_because(decision)}", TONES[decision.outcome], 2)
    yield Row(f"  {described(asked.principal)}: {asked.action} on {asked.resource}", "faint", 4)
    for place in decision.statements:
        yield Row(f"  {statement(place, names)}", hang=4)
    if decision.not_evaluable:
        yield Row("not evaluable (an operator that does not exist, or a value that it cannot read):", "change", 2)
        for place in decision.not_evaluable:
            effect = "counted as matching" if place.effect == "Deny" else "did not match"
            yield Row(f"  {statement(place, names)}: {effect}", "change", 4)


def _because(decision: Decision) -> str:
    if decision.layer is None:
        return "AWS always allows this call"
    layer = WORDS[decision.layer]
    match decision.outcome:
        case "allowed":
            return f"by {layer}" if decision.statements else "root may do everything in its account"
        case "explicitDeny":
            return f"by a Deny of {layer}"
    return f"{layer} {'do' if layer.endswith('s') else 'does'} not allow it"


def statement(place: Deciding, names: Names) -> str:
    """A statement by its layer, policy and number, as JSON paths count."""
    known = names.get(place.layer, ())
    policy = known[place.policy] if place.policy < len(known) else f"policy {place.policy}"
    sid = f" `{place.sid}`" if place.sid else ""
    return f"{place.effect} {place.layer} {policy} Statement[{place.index}]{sid}"


def explained(found: Iterable[Explanation], names: Names, *, everything: bool) -> Iterator[Row]:
    """Every statement with what failed; unless `everything`, those for other actions are only counted."""
    others = 0
    for item in found:
        if not everything and any(failure.element in ("Action", "NotAction") for failure in item.failures):
            others += 1
            continue
        tone: Tone = "good" if item.matched and item.effect == "Allow" else "bad" if item.matched else "faint"
        yield Row(f"  {'matches' if item.matched else '-      '} {statement(item.place, names)}", tone, 10)
        if item.not_evaluable:
            yield Row(
                "          not evaluable: an operator that does not exist, or a value it cannot read", "change", 12
            )
        for failure in item.failures:
            yield Row(f"          {failure}", hang=12)
        for key in item.void:
            yield Row(f"          the variable ${{{key}}} has no value, or several: the statement is void", hang=12)
    if others:
        yield Row(f"  {others} more for other actions; see them with `--all`", "faint", 4)


def compared(names: Sequence[str], found: Compared, reverse: Compared) -> Iterator[Row]:
    """Both directions, each with its counterexample, and what they say together."""
    a, b = names
    yield Row(_together(found.verdict, reverse.verdict), "good" if found.verdict == "covers" else "change", 2)
    for first, second, answer in ((a, b, found), (b, a, reverse)):
        yield from _direction(f"`{first}`", f"`{second}`", answer)
    yield Row(f"universe: {found.universe}; in the model, AWS was not asked", "faint", 2)


def _together(verdict: str, reverse: str) -> str:
    both = {
        ("covers", "covers"): "equivalent: both allow the same",
        ("covers", "exceeds"): "A allows more than B",
        ("exceeds", "covers"): "B allows more than A",
        ("exceeds", "exceeds"): "each allows what the other does not",
    }
    words = {"covers": "A covers B", "exceeds": "A does not cover B", "unknown": "unknown whether A covers B"}
    return both.get((verdict, reverse), words[verdict])


def _direction(first: str, second: str, answer: Compared) -> Iterator[Row]:
    if answer.verdict == "covers":
        yield Row(f"  {first} allows all that {second} allows", hang=4)
    elif answer.verdict == "unknown":
        yield Row(f"  whether {first} allows all that {second} allows is unknown: {answer.reason}", "change", 4)
    else:
        yield Row(f"  {second} allows this, {first} does not:", "change", 4)
        yield Row(f"    {json.dumps(answer.counterexample)}")


def measured(found: Measured) -> Iterator[Row]:
    """A table of the access levels, what is unrestricted, and what changed."""
    surface, change = found.surface, found.change
    yield from _levels("what is allowed", surface.counts, "")
    yield Row(f"  {'together':24}{sum(count.actions for count in surface.counts):>8,}", "title")
    yield Row()
    count, scopable = len(surface.unrestricted), len(surface.scopable)
    yield Row(
        f"changing actions on every resource without a condition: {count:,}; AWS could scope {scopable:,}", hang=2
    )
    yield from _some(surface.unrestricted, "change" if scopable else "plain")
    if surface.unknown:
        yield Row("patterns that no known action matches, not counted:", "change")
        yield from _some(surface.unknown, "change")
    for policy, index in surface.not_evaluable:
        yield Row(
            f"policy {policy} Statement[{index}] is not evaluable: an operator or value unknown to AWS", "change", 2
        )
    if change is not None:
        yield Row()
        yield from _levels("what changed", change.counts, "+")
        yield from _changes(change)


def _levels(title: str, counts: Iterable[Counts], sign: str) -> Iterator[Row]:
    yield Row(f"{title:26}{'actions':>8}{'some':>8}{'full':>8}", "title")
    for count in counts:
        numbers = "".join(f"{number:>{sign}8,}" for number in count[1:])
        yield Row(f"  {count.level:24}{numbers}", "plain" if any(count[1:]) else "faint")


def _changes(change: SurfaceDifference) -> Iterator[Row]:
    parts: tuple[tuple[str, tuple[str, ...], Tone], ...] = (
        ("actions added", change.added, "change"),
        ("actions removed", change.removed, "good"),
        ("now on every resource without a condition", change.unrestricted_added, "bad"),
        ("no longer on every resource without a condition", change.unrestricted_removed, "good"),
        ("unknown patterns added", change.unknown_added, "change"),
        ("unknown patterns removed", change.unknown_removed, "plain"),
    )
    for title, names, tone in parts:
        if names:
            yield Row(f"{title}: {len(names):,}")
            yield from _some(names, tone)


def _some(names: Sequence[str], tone: Tone) -> Iterator[Row]:
    """The first names; all of them are in the JSON."""
    if names:
        more = f" and {len(names) - MOST_SHOWN:,} more (`--json` has all)" if len(names) > MOST_SHOWN else ""
        yield Row(f"  {', '.join(names[:MOST_SHOWN])}{more}", tone, 2)


def formatted(found: Iterable[Formatted], *, check: bool, write: bool) -> Iterator[Row]:
    """The text of a file, or which files were not formatted."""
    for item in found:
        if not (check or write):
            yield Row(item.text.removesuffix("\n"))
        elif item.is_changed:
            yield Row(f"{'formatted' if write else 'not formatted:'} {item.name}", "change")
