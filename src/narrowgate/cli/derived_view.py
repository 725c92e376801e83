"""A derived policy as lines for a person: the documents, their reasons, what stays wide, what was left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from narrowgate.cli.policy_view import Row
from narrowgate.derive.ownership import untagged
from narrowgate.policy import size
from narrowgate.policy.splitting import MANAGED_QUOTA
from narrowgate.report.text import count_of
from narrowgate.verbs.derive import Reasoned, ordered, reasoned, told

if TYPE_CHECKING:
    from narrowgate.derive.derivation import Derived
    from narrowgate.report.text import Tone
    from narrowgate.verbs.record import Denial, Outcome

MOST_WIDE = 20
UNMARKED = (
    "the program does not tag what it makes when it makes it: its own things cannot be told from others'. "
    "let it tag them; until then see what stays wide"
)


def derived(made: Derived, names: Sequence[str] = ()) -> Iterator[Row]:
    """All of it; `names`: the files that the documents were written to, which are then not printed."""
    reasons = reasoned(made)
    for number, document in enumerate(made.documents):
        used = f"{size(document.text()):,} of {MANAGED_QUOTA:,} characters"
        name = names[number] if names else f"policy {number + 1} of {len(made.documents)}"
        yield Row(f"{name}: {used}, {count_of(len(document.statements), 'statement')}", "title", 2)
        if not names:
            yield from (Row(line) for line in document.pretty().split("\n"))
        yield from _reasons([each for each in reasons if each.document == number])
    yield from _marks(made)
    yield from _wide(made)
    yield from _left_out(made)
    if made.evidence.blind:
        yield Row("what evidence of this kind cannot tell:", "title")
        yield from (Row(f"  {each}", "faint", 4) for each in made.evidence.blind)
    calls = count_of(len(made.evidence.uses), "call")
    yield Row(f"covers {calls} of {made.evidence.whose}; in the model, AWS was not asked", "faint", 2)


def outcome(found: Outcome, names: Sequence[str] = ()) -> Iterator[Row]:
    """What was derived, and what became of the second run."""
    yield from derived(found.derived, names)
    if not found.first.ended.is_good:
        why = f"the first run {found.first.ended}: what it would have called after that is not in the policy"
        yield Row(why, "bad", 2)
    second = found.second
    if second is None:
        yield Row("the program was run once: that the policy suffices was not tried", "change", 2)
        return
    calls = count_of(len(second.calls), "call")
    if not found.missing:
        more = f" ({count_of(len(second.denials), 'denial')} as in the first run)" if second.denials else ""
        tone: Tone = "good" if second.ended.is_good else "change"
        yield Row(f"second run: {calls}, nothing was denied for want of a permission{more}", tone, 2)
    if not second.ended.is_good:
        yield Row(f"the second run {second.ended}: what it would have called after that was not tried", "bad", 2)
    for number, denial in enumerate(found.missing):
        if not number:
            yield Row(f"second run: {calls}, {count_of(len(found.missing), 'denial')}:", "bad", 2)
        yield from _denial(denial)


def _denial(denial: Denial) -> Iterator[Row]:
    yield Row(f"  call {denial.number} {denial.call}: {denial.outcome} by the {denial.layer} layer", "bad", 4)
    if denial.outcome == "implicitDeny":
        lacking = f'"Effect": "Allow", "Action": "{denial.action}", "Resource": "{denial.resource}"'
        yield Row(f"    no statement allows it; missing: {{{lacking}}}", hang=6)
    else:
        yield Row(f"    a Deny stops {denial.action} on {denial.resource}", hang=6)


def _reasons(statements: Iterable[Reasoned]) -> Iterator[Row]:
    for each in statements:
        yield Row(f"  Statement[{each.statement}] is needed by", hang=4)
        yield from (Row(f"    {words}", "faint", 6) for words in _calls(each.calls))
        for why in each.wide[:MOST_WIDE]:
            yield Row(f"    wide: {why}", "change", 6)
        if len(each.wide) > MOST_WIDE:
            yield Row(f"    and {len(each.wide) - MOST_WIDE} more; see them with `--json`", "faint")


def _calls(calls: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for phase, names in calls.items():
        yield f"{phase}: {', '.join(names)}" if phase else ", ".join(names)


def _marks(made: Derived) -> Iterator[Row]:
    """How the program's own things are told from others', and which of them are not."""
    if not made.own.tags:
        if any(asked.new for use in made.evidence.uses for asked in use.authorizations):
            yield Row(UNMARKED, "change", 2)
        return
    tags = ", ".join(f"{key}={value}" for key, value in made.own.tags.items())
    yield Row(f"what is the program's own is told by its tags: {tags}", hang=2)
    if bare := sorted({each.type for each in untagged(made.evidence, made.own)}):
        yield Row(f"  it makes these without them: {', '.join(bare)}", "change", 4)


def _wide(made: Derived) -> Iterator[Row]:
    wide = [grant for grant in made.grants if grant.scope.wide]
    if wide:
        yield Row(
            f"{len(wide)} of {count_of(len(made.grants), 'grant')} reach beyond what is the program's own", hang=2
        )


def _left_out(made: Derived) -> Iterator[Row]:
    found = ordered(made.evidence.left_out)
    serious = sum(each.serious for each in found)
    if serious:
        yield Row(f"the policy may lack something: {serious} of {len(found)} left out matter", "bad", 2)
    elif found:
        yield Row("left out, and not needed:", "title")
    yield from (Row(f"  {told(each)}", "bad" if each.serious else "faint", 4) for each in found)
