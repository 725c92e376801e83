"""What became of a vendor's file, as data for `--json`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from narrowgate.derive.evidence import LeftOut
from narrowgate.harden.reach import Reached
from narrowgate.policy import Document, Proved, Refuted, Verdict, size
from narrowgate.policy.permission_surface import Surface
from narrowgate.policy.splitting import MANAGED_QUOTA
from narrowgate.verbs.derive import document_data
from narrowgate.verbs.harden import Answer


def answer_data(answer: Answer, names: Sequence[str] = ()) -> dict[str, Any]:
    """The same for JSON."""
    made = answer.made
    return {
        "policies": [
            {"document": document_data(each), "size": size(each.text()), "quota": MANAGED_QUOTA}
            for each in made.documents
        ],
        "files": list(names),
        "whose": answer.evidence.whose if answer.evidence else None,
        "leftOut": left_out_data(answer.evidence.left_out) if answer.evidence else [],
        "blind": list(answer.evidence.blind) if answer.evidence else [],
        "contained": verdict_data(made.contained),
        "sufficient": not made.missing,
        "missing": [{"action": n.asked.action, "resource": n.asked.resource, "call": n.use.name} for n in made.missing],
        "before": _surface_data(answer.before, made.original, answer.reached_before),
        "after": _surface_data(answer.after, made.documents, answer.reached_after),
        "reached": [{"action": each.action, "type": each.type} for each in answer.reached_after],
        "holes": [{"name": h.name, "what": h.what, "open": h.is_open, "fix": h.fix} for h in answer.holes],
        "actions": [
            {"action": t.action, "changes": t.changes, "status": t.status, "calls": list(t.calls), "wide": list(t.wide)}
            for t in answer.told
        ],
        "lacking": [{"action": e.action, "types": list(e.types), "calls": list(e.calls)} for e in answer.lacks],
        "notes": list(answer.notes),
        "assumed": list(answer.assumed),
        "lost": list(answer.lost),
    }


def left_out_data(left_out: Sequence[LeftOut]) -> list[dict[str, Any]]:
    """What of the evidence was left out, as data."""
    return [{"what": each.what, "why": each.why, "source": each.source, "serious": each.serious} for each in left_out]


def verdict_data(verdict: Verdict) -> dict[str, Any]:
    """A verdict as data: `proved`, `refuted` with a request, or `unknown` with the reasons."""
    if isinstance(verdict, Proved):
        return {"verdict": "proved", "universe": verdict.universe}
    if isinstance(verdict, Refuted):
        request = verdict.counterexample.request
        return {"verdict": "refuted", "action": request.action, "resource": request.resource}
    return {"verdict": "unknown", "why": list(verdict.why)}


def _surface_data(found: Surface, documents: Sequence[Document], reached_: Sequence[Reached]) -> dict[str, Any]:
    return {
        "actions": len(found.actions),
        "unrestricted": len(found.unrestricted),
        "scopable": len(found.scopable),
        "reachesOthers": len(reached_),
        "size": sum(size(document.text()) for document in documents),
    }
