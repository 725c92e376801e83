"""One call as a person watches it: a line, and on demand one for each action that it needed.

14:03:21 allowed 200 user/x   iam:CreateUser  on arn:aws:iam::123456789012:user/y
14:03:22 denied  403 user/x   iam:CreateRole  on arn:aws:iam::123456789012:role/z: no identity-based policy allows it
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from narrowgate.adapters.sandbox.denial import LAYER_NAMES
from narrowgate.adapters.sandbox.gate import Allowed, Refused
from narrowgate.adapters.sandbox.replies import error_of, is_dropped
from narrowgate.adapters.sandbox.watchers import named_call, principal_of
from narrowgate.policy.decision import Decision
from narrowgate.policy.request_context import Request
from narrowgate.report.text import Line, Tone

if TYPE_CHECKING:
    from narrowgate.adapters.sandbox.layer import Seen

LONGEST: Final = 900
"""Characters of a line: with four bytes each still less than a pipe takes at once."""
HANG: Final = 21
TONES: Final[dict[str, Tone]] = {
    "allowed": "good",
    "failed": "change",
    "denied": "bad",
    "refused": "bad",
    "weather": "change",
    "dropped": "change",
}


def lines_of(seen: Seen, *, verbose: bool) -> Iterator[Line]:
    """What is shown of one call."""
    word = _word(seen)
    status = "---" if is_dropped(seen) else str(seen.answer.status)
    name = (seen.call or named_call(seen)).name
    who = short(principal_of(seen)) or ("-" if seen.outlook.trouble else "nobody")
    local = seen.at.astimezone()
    head = f"{local:%H:%M:%S} {word:7} {status} {who:24} {name:34}"
    yield _line(f"{head} {_detail(seen, word)}", TONES[word], HANG)
    if verbose and isinstance(seen.verdict, Allowed | Refused):
        for asked, decision in seen.verdict.decided:
            mark = "+" if decision.outcome == "allowed" else "-"
            yield _line(f"{'':13}{mark} {asked.action} on {asked.resource}: {_why(asked, decision)}", "faint", HANG)


def short(arn: str) -> str:
    """`user/installer` of a principal's ARN; its path is left out."""
    kind, slash, name = arn.rpartition(":")[2].partition("/")
    return f"{kind}/{name if kind == 'assumed-role' else name.rpartition('/')[2]}" if slash else kind


def _word(seen: Seen) -> str:
    if is_dropped(seen):
        return "dropped"
    if seen.outlook.trouble:
        return "weather"
    if isinstance(seen.verdict, Refused):
        return "denied"
    if isinstance(seen.verdict, Allowed):
        dry = error_of(seen.answer, seen.request.style)[0] == "DryRunOperation"
        return "allowed" if seen.answer.status < 400 or dry else "failed"
    return "refused"


def _detail(seen: Seen, word: str) -> str:
    if word == "dropped":
        return "before it had any effect" if seen.outlook.trouble == "dropped-before" else "after its effect"
    if isinstance(seen.verdict, Refused):
        asked, decision = seen.verdict.decided[-1]
        named = f"{asked.action} " if seen.call is None or asked.action != seen.call.name else ""
        return f"{named}on {asked.resource}: {_why(asked, decision)}"
    code, message = error_of(seen.answer, seen.request.style)
    if word in ("refused", "failed"):
        return f"{code}: {message}" if message else code
    return " ".join(filter(None, (code, _resources(seen) if word == "allowed" else "")))


def _resources(seen: Seen) -> str:
    """The first resource that was asked for, and how many more actions."""
    if not isinstance(seen.verdict, Allowed) or not seen.verdict.decided:
        return ""
    decided = seen.verdict.decided
    more = f" and {len(decided) - 1} more" if len(decided) > 1 else ""
    return f"on {decided[0][0].resource}{more}"


def _why(asked: Request, decision: Decision) -> str:
    """What decided: the layer, and the statements by their ids where they have some."""
    layer = LAYER_NAMES[decision.layer] if decision.layer else "AWS's own rules"
    sids = ", ".join(dict.fromkeys(each.sid for each in (*decision.statements, *decision.not_evaluable) if each.sid))
    by = f" ({sids})" if sids else ""
    match decision.outcome:
        case "allowed":
            return f"allowed by {layer}{by}"
        case "explicitDeny":
            return f"denied by {layer}{by}"
    return f"no {layer} allows it"


def _line(text: str, tone: Tone, hang: int) -> Line:
    return Line(plain(text)[:LONGEST].rstrip(), tone, hang)


def plain(text: str) -> str:
    """The text without what a terminal would obey: a name is a client's to choose."""
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)
