"""Explanations of denials as lines for a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from narrowgate.cli.policy_view import Row, decided, explained
from narrowgate.explain_denial.answer import Explained
from narrowgate.explain_denial.denied import WORDS, Denied
from narrowgate.explain_denial.given import Decided, Names, asked
from narrowgate.policy.request_context import Request

if TYPE_CHECKING:
    from narrowgate.verbs.explain_denial import Answer

MOST_NEXT = 12


def answered(answer: Answer) -> Iterator[Row]:
    """Every explanation, a blank line between two."""
    for at, item in enumerate(answer.items):
        if at:
            yield Row()
        yield from _item(item, answer.names)


def _item(item: Explained, names: Names) -> Iterator[Row]:
    denied = item.denied
    yield Row(f"denied: {denied.action or denied.operation or 'an action that is not told'}", "bad", 8)
    yield Row(f"  who        {denied.principal or 'not told'}", hang=13)
    yield Row(f"  resource   {denied.resource or 'not told'}", hang=13)
    yield Row(f"  layer      {_layer(denied)}", hang=13)
    if denied.operation and denied.action:
        yield Row(f"  in         {denied.operation}{f' of {denied.service}' if denied.service else ''}", "faint", 13)
    if denied.policy_arn:
        yield Row(f"  policy     {denied.policy_arn}", hang=13)
    for each in denied.statements:
        policy = "" if each.policy is None else f" policy {each.policy}"
        sid = f" `{each.sid}`" if each.sid else " without a Sid"
        yield Row(f"  statement  {each.effect} {each.layer or ''}{policy}{sid}", hang=13)
    if isinstance(item.decided, Decided):
        yield from _given(item.decided, denied, names)
    yield from _grants(item)
    if item.advice:
        yield Row("mind:", "title")
        yield from (Row(f"  {sentence}", hang=4) for sentence in item.advice)
    yield from _next(item)


def _layer(denied: Denied) -> str:
    if denied.layer is None:
        return {"explicitDeny": "not told; an explicit Deny", "implicitDeny": "not told; nothing allows it"}.get(
            denied.how or "", "not told"
        )
    how = {"explicitDeny": "by an explicit Deny", "implicitDeny": "by silence: nothing there allows it"}
    return f"{WORDS[denied.layer]}, {how.get(denied.how or '', 'whether by a Deny or by silence is not told')}"


def _given(found: Decided, denied: Denied, names: Names) -> Iterator[Row]:
    request = asked(denied)
    assert isinstance(request, Request)
    yield Row("the given policies, in the model:", "title")
    rows = (*decided(request, found.decision, names), *explained(found.explanations, names, everything=False))
    yield from (row._replace(text=f"  {row.text}", hang=None if row.hang is None else row.hang + 2) for row in rows)


def _grants(item: Explained) -> Iterator[Row]:
    for at, grant in enumerate(item.grants):
        yield Row(f"{'the smallest grant' if not at else 'and'}, in {grant.document}:", "title", 2)
        yield from (Row(f"  {line}", "good") for line in json.dumps(dict(grant.statement), indent=2).splitlines())
        yield from (Row(f"  {note}", "faint", 4) for note in grant.notes)
    if item.grants:
        yield Row("it is one grant for one request: other requests of the same call may be denied next", "faint", 2)


def _next(item: Explained) -> Iterator[Row]:
    if not item.following:
        return
    whose = item.denied.operation or f"{item.denied.action.partition(':')[2]}, if that was the call"
    yield Row(f"may be denied next, of {whose}:", "title", 2)
    for each in item.following[:MOST_NEXT]:
        certain = "" if each.certain else " (in some calls)"
        yield Row(f"  {each.action}{f' on {each.on}' if each.on else ''}{certain}", hang=4)
    if len(item.following) > MOST_NEXT:
        yield Row(f"  and {len(item.following) - MOST_NEXT} more (`--json` has all)", "faint", 4)
