"""`narrowgate shrink`: after the installation, the installer's policy becomes what its user still needs.

A plan like any other: shown, proved before, journalled, and looked at again. The site is opened with the shrunk
policy as the wanted one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from narrowgate.adapters.action_data import action_list
from narrowgate.adapters.apply import apply
from narrowgate.adapters.observe import run
from narrowgate.calls import Fields, call
from narrowgate.errors import Refused
from narrowgate.finding import Finding
from narrowgate.identities import INSTALLER_POLICY
from narrowgate.plan import Plan
from narrowgate.policy import Document, from_value
from narrowgate.resource import Script
from narrowgate.shrinking import NotShrunk, Shrinking, shrinking
from narrowgate.verbs import planning
from narrowgate.verbs.past import SHRUNK
from narrowgate.verbs.planning import Planned
from narrowgate.verbs.setup import halted, refuse, stage, told_of_journal, unchanged, until_nothing_is_left
from narrowgate.verbs.site import Site


@dataclass(frozen=True, slots=True)
class Shrunk:
    """What became of it: steps done, what was proved (None where the policy was shrunk already), what is found."""

    steps: int
    shrinking: Shrinking | None
    findings: tuple[Finding, ...]


def shrink(site: Site, approve: Callable[[Planned, Shrinking], bool]) -> Shrunk:
    """Plan, prove, ask, do, verify; `approve` as for `setup`.

    Raises Refused when the account differs from the spec by more than this policy, or when something is not proved.
    """
    assert site.options.policy == "shrunk"
    site.journal.lock()
    try:
        told_of_journal(site)
        planned = planning.make(site)
        refuse(planned.plan)
        _refuse_more(planned.plan)
        if planned.plan.is_empty:
            _remember(site)
            return Shrunk(0, None, planning.drifted(site, planned))
        proved = _proved(site)
        if approve(planned, proved):
            planned = unchanged(site, planned)
        _apply(site, planned.plan)
        last = until_nothing_is_left(site)
        return Shrunk(len(planned.plan.steps), proved, planning.drifted(site, last))
    finally:
        site.journal.close()


def _refuse_more(plan: Plan) -> None:
    """Raise Refused for a plan that does more than change the one policy: that is setup's to do, before or after."""
    more = [s for s in plan.steps if s.address != INSTALLER_POLICY or s.change == "create"]
    if more:
        listed = ", ".join(dict.fromkeys(s.address for s in more))
        raise Refused(f"the account differs from the spec, in {listed}: run `narrowgate setup` first, then shrink")


def _proved(site: Site) -> Shrinking:
    found = shrinking(site.spec, site.installation, _present(site), action_list())
    if isinstance(found, NotShrunk):
        raise Refused(f"the policy of {site.spec.user_name} is not shrunk: " + "\n".join(found.why))
    return found


def _present(site: Site) -> Document:
    """The policy that is in force in the account."""
    seen = run({INSTALLER_POLICY: _default_version(site)}, site.admin)[INSTALLER_POLICY]
    found = from_value((seen or Fields()).group("Document"), "identity")
    if not isinstance(found, Document):
        raise Refused("the policy in the account cannot be read as a policy: run `narrowgate setup` first")
    return found


def _default_version(site: Site) -> Script:
    arn = site.installation.arn("policy", site.spec.installer_policy_name)
    reply = yield call("iam", "GetPolicy", PolicyArn=arn)
    if reply is None:
        return None
    default = reply.group("Policy").text("DefaultVersionId")
    version = yield call("iam", "GetPolicyVersion", PolicyArn=arn, VersionId=default)
    return version.group("PolicyVersion") if version is not None else None


def _apply(site: Site, plan: Plan) -> None:
    site.journal.begin("shrink", site.scope)
    # Before the write: a crash must not leave a shrunk policy that the next setup would widen.
    _remember(site)
    outcome = apply(plan, stage(site))
    halted(outcome)
    error = outcome.error()
    if error is not None:
        raise error


def _remember(site: Site) -> None:
    if not site.shrunk:
        site.journal.mark(SHRUNK, **asdict(site.lineage))
