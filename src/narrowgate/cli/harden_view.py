"""A hardened policy as lines for a person: before and after, what is closed, what stays open, action by action."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from narrowgate.cli.policy_view import Row
from narrowgate.policy import Proved, Refuted, size
from narrowgate.policy.splitting import MANAGED_QUOTA
from narrowgate.verbs.derive import ordered, told

if TYPE_CHECKING:
    from narrowgate.harden.story import Told
    from narrowgate.verbs.harden import Answer

MOST = 12
MOST_OPEN = 20


def answered(answer: Answer, names: Sequence[str] = ()) -> Iterator[Row]:
    """All of it; `names`: the files that the documents were written to, which are then not printed."""
    yield from _documents(answer, names)
    yield from _numbers(answer)
    yield from _holes(answer)
    yield from _proofs(answer)
    yield from _lacks(answer)
    yield from _lost(answer)
    yield from _actions(answer)
    yield from _list("notes on the original", answer.notes)
    if answer.evidence:
        yield from _list("left out of the evidence", [told(each) for each in ordered(answer.evidence.left_out)])
        yield from _list("what evidence of this kind cannot tell", answer.evidence.blind)
    yield from _list("taken for granted", answer.assumed)
    whose = answer.evidence.whose if answer.evidence else "nobody: no evidence was given"
    yield Row(f"whose calls were observed: {whose}; in the model, AWS was not asked", "faint", 2)


def _documents(answer: Answer, names: Sequence[str]) -> Iterator[Row]:
    for number, document in enumerate(answer.made.documents):
        name = names[number] if names else f"policy {number + 1} of {len(answer.made.documents)}"
        yield Row(f"{name}: {size(document.text()):,} of {MANAGED_QUOTA:,} characters", "title", 2)
        if not names:
            yield from (Row(line) for line in document.pretty().split("\n"))


def _numbers(answer: Answer) -> Iterator[Row]:
    before, after, made = answer.before, answer.after, answer.made
    sizes = [sum(size(each.text()) for each in documents) for documents in (made.original, made.documents)]
    yield Row(f"{'':58}{'before':>8}{'after':>8}", "title")
    for words, one, other in (
        ("known actions allowed", len(before.actions), len(after.actions)),
        ("changing actions on every resource without a condition", len(before.unrestricted), len(after.unrestricted)),
        ("  of which AWS could scope", len(before.scopable), len(after.scopable)),
        ("pairs of action and type that reach others' things", len(answer.reached_before), len(answer.reached_after)),
        ("characters", *sizes),
    ):
        yield Row(f"{words:58}{one:>8,}{other:>8,}")


def _holes(answer: Answer) -> Iterator[Row]:
    for hole in answer.holes:
        fix = f"; {hole.fix} closes it" if hole.is_open and hole.fix else ""
        yield Row(f"{'OPEN  ' if hole.is_open else 'closed'} {hole.what}{fix}", "bad" if hole.is_open else "good", 7)
    open_ = _by_action(answer)
    for action, types in list(open_.items())[:MOST_OPEN]:
        yield Row(f"OPEN   {action} on {', '.join(types)} of anyone in the account", "bad", 7)
    if len(open_) > MOST_OPEN:
        yield Row(f"OPEN   and {len(open_) - MOST_OPEN:,} more actions; `--json` has all", "bad", 7)


def _by_action(answer: Answer) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in answer.reached_after:
        found.setdefault(each.action, []).append(each.type)
    return {
        action: types if len(types) <= 3 else [*types[:3], f"{len(types) - 3} more types"]
        for action, types in found.items()
    }


def _proofs(answer: Answer) -> Iterator[Row]:
    contained = answer.made.contained
    if isinstance(contained, Proved):
        yield Row(f"contained in the original: proved, universe {contained.universe}", "good", 2)
    elif isinstance(contained, Refuted):
        asked = contained.counterexample.request
        yield Row(f"NOT contained in the original: it allows {asked.action} on {asked.resource}", "bad", 2)
    else:
        yield Row(f"contained in the original: unknown: {'; '.join(contained.why)}", "bad", 2)
    if answer.evidence is None:
        yield Row("sufficient: nothing was observed", "change", 2)
    elif answer.made.missing:
        for each in answer.made.missing[:MOST]:
            yield Row(f"NOT sufficient: {each.use.name} needs {each.asked.action} on {each.asked.resource}", "bad", 2)
    else:
        yield Row(f"sufficient for all {len(answer.made.seen.needed):,} requests that the original allows", "good", 2)


def _lacks(answer: Answer) -> Iterator[Row]:
    if answer.lacks:
        yield Row("what the vendor's file lacks for these calls; it is not added:", "bad")
    for each in answer.lacks:
        on = f" on {', '.join(each.types)}" if each.types else ""
        yield Row(f"  {each.action}{on}, for {', '.join(each.calls)}", "bad", 4)


def _lost(answer: Answer) -> Iterator[Row]:
    if answer.lost:
        at = answer.made.context.place
        words = (
            f"not kept, for the file allows it elsewhere only: are account {at.account} and region {at.region} right?"
        )
        yield Row(words, "bad")
    for action in answer.lost[:MOST]:
        yield Row(f"  {action}", "bad", 4)


def _actions(answer: Answer) -> Iterator[Row]:
    for status, words in (
        ("observed", "observed"),
        ("unobserved", "unobserved, kept until you drop them with `--drop ACTION` or `--drop-unobserved`"),
        ("dropped", "dropped"),
    ):
        found = [each for each in answer.told if each.status == status]
        changing = [each for each in found if each.changes]
        if found:
            reads = f", and {len(found) - len(changing):,} reads" if len(found) > len(changing) else ""
            yield Row(f"{words}: {len(changing):,} changing actions{reads}", "title", 2)
        for each in changing[:MOST] if status != "dropped" else ():
            yield from _action(each)
        if status != "dropped" and len(changing) > MOST:
            yield Row(f"  and {len(changing) - MOST:,} more; `--json` has all", "faint")


def _action(each: Told) -> Iterator[Row]:
    calls = f": {', '.join(each.calls[:5])}" if each.calls else ""
    yield Row(f"  {each.action}{calls}", hang=4)
    for why in each.wide[:3]:
        yield Row(f"    kept wide: {why}", "change", 6)


def _list(title: str, items: Sequence[str]) -> Iterator[Row]:
    if items:
        yield Row(f"{title}:", "title")
    yield from (Row(f"  {each}", hang=4) for each in items)
