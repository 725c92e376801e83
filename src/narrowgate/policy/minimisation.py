"""The smallest documents that allow exactly what some documents of one principal allow. Pure.

Statements are merged (`merging`), those that nothing depends on are left out, actions are folded where
the actions are known (`folding`), and the rest is laid out within AWS's quotas (`splitting`).
INVARIANT: no document leaves here that `equivalent` has not proved to allow just what the first ones did.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from narrowgate.policy.actions import ActionList
from narrowgate.policy.boxes import grants, unreadable
from narrowgate.policy.clause import Policy, policies_of
from narrowgate.policy.comparison import equivalent
from narrowgate.policy.document import Document
from narrowgate.policy.folding import folded
from narrowgate.policy.idle import Ground, without_idle
from narrowgate.policy.merging import merged
from narrowgate.policy.rule import Rule, is_mixed, rules_of, settled, size_of, text_of
from narrowgate.policy.splitting import Holder, Placement, laid_out
from narrowgate.policy.verdict import Proved, Universe, Unknown, Verdict


@dataclass(frozen=True, slots=True)
class Minimised:
    """Documents that allow just the same, and where they are to be put.

    No documents where nothing is allowed. `verdict` names the universe for which it is proved.
    """

    documents: tuple[Document, ...]
    placement: Placement
    verdict: Proved


@dataclass(frozen=True, slots=True)
class NotMinimised:
    """Nothing was made; why, one sentence each."""

    why: tuple[str, ...]


def minimise(
    documents: Sequence[Document],
    *,
    principal: Holder = "role",
    actions: ActionList | None = None,
    universe: Universe | None = None,
    keep_denies: bool = False,
) -> Minimised | NotMinimised:
    """The smallest documents that are found to allow exactly what some identity policies allow together.

    Without `actions` the universe is open, and no wildcard is put where there was none. With them it is
    closed: actions are folded into wildcards that select, of the known actions, nothing more, and a
    statement may be left out that adds none. The verdict then says `closed`: an action that AWS adds
    tomorrow may be granted by one and not by the other.

    What a Deny stops that nothing here allows, another policy of the principal or a resource policy may
    allow. `keep_denies`: what is denied stays exactly the same too; otherwise a Deny that takes nothing
    from these documents goes. Sids go, a Version is written out. The result depends neither on the order of
    documents and statements nor on their spelling, and minimising it again changes nothing.
    """
    ground = Ground(universe or ("open" if actions is None else "closed"), actions, keep_denies)
    if ground.universe != "open" and actions is None:
        raise ValueError(f"the {ground.universe} universe needs the list of actions")
    policies = policies_of(documents)
    if why := tuple(_unfit(policies)):
        return NotMinimised(why)
    return _first_proved(policies, _stages(rules_of(policies), ground), principal, ground)


def _unfit(policies: Sequence[Policy]) -> Iterable[str]:
    if odd := next((policy.kind for policy in policies if policy.kind != "identity"), None):
        yield f"only identity policies are minimised, not a policy of kind {odd}"
        return
    yield from unreadable(grants(*policies), "the documents")
    if is_mixed(policies):
        yield "`${` is text in a document of Version 2008-10-17 and a variable in another: give both one Version"


def _stages(rules: tuple[Rule, ...], ground: Ground) -> list[tuple[Rule, ...]]:
    """The rules ever shorter, beginning with themselves."""
    stages = [rules]
    while True:
        shorter = _shortened(stages[-1], ground)
        if _order(shorter) >= _order(stages[-1]):
            return stages
        stages.append(shorter)


def _order(rules: Iterable[Rule]) -> tuple[int, list[str]]:
    """Shorter comes first; of equal length, the lesser text."""
    found = tuple(rules)
    return sum(size_of(rule) + 1 for rule in found), [text_of(rule) for rule in found]


def _shortened(rules: tuple[Rule, ...], ground: Ground) -> tuple[Rule, ...]:
    made = without_idle(merged(rules), ground)
    return settled(made if ground.known is None else folded(made, ground.known))


def _first_proved(
    policies: Sequence[Policy], stages: Sequence[tuple[Rule, ...]], principal: Holder, ground: Ground
) -> Minimised | NotMinimised:
    """The last stage that is proved to allow the same."""
    why: tuple[str, ...] = ()
    for rules in reversed(stages):
        layout = laid_out(rules, principal)
        if isinstance(layout, str):
            why = why or (layout,)
            continue
        verdict = _same(policies, policies_of(layout.documents), ground)
        if isinstance(verdict, Proved):
            return Minimised(layout.documents, layout.placement, verdict)
        why = verdict.why if isinstance(verdict, Unknown) else ("what was made does not allow the same",)
    return NotMinimised(why)


def _same(before: Sequence[Policy], after: Sequence[Policy], ground: Ground) -> Verdict:
    verdict = equivalent(before, after, universe=ground.universe, actions=ground.actions)
    if isinstance(verdict, Proved) and ground.keep_denies:
        return equivalent(_denied(before), _denied(after), universe=ground.universe, actions=ground.actions)
    return verdict


def _denied(policies: Iterable[Policy]) -> tuple[Policy, ...]:
    """Policies that allow what these deny."""
    found = (clause for policy in policies for clause in policy.clauses if clause.effect == "Deny")
    return (Policy("identity", tuple(clause._replace(effect="Allow") for clause in found)),)
