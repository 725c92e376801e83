"""What would be done: observe the account, plan, look for findings. Touches nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import narrowgate
from narrowgate.adapters.observe import observe, run
from narrowgate.calls import Fields, call, masked
from narrowgate.checks import Subject, findings
from narrowgate.errors import Refused, UsageError
from narrowgate.finding import Finding
from narrowgate.identities import INSTALLER_POLICY, NODE_POLICY
from narrowgate.plan import Plan, as_data, digest, joined, plan, removal
from narrowgate.policy import size
from narrowgate.resource import Observed, Script
from narrowgate.verbs.past import earlier, unreadable
from narrowgate.verbs.policy_proofs import PolicyProof, is_shrunk, policy_proofs
from narrowgate.verbs.site import Site
from narrowgate.verbs.spec_file import placed
from narrowgate.workload import installer_happenings, node_happenings

BOUNDARY = "permissions boundary"
FORMAT = 2


@dataclass(frozen=True, slots=True)
class PolicyText:
    """A policy as the plan shows it: where from, how long of what is allowed."""

    address: str
    name: str
    source: str
    statements: int
    size: int
    text: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with everything that a person must know to approve it."""

    plan: Plan
    seen: Mapping[str, Observed]
    findings: tuple[Finding, ...]
    policies: tuple[PolicyText, ...]
    unsupported: tuple[tuple[str, str, str], ...]
    """Option, address, and why AWS has no place for it there."""
    proofs: tuple[PolicyProof, ...] = ()
    """Whether the policies suffice, in the model."""


def make(site: Site) -> Planned:
    """Observe and plan. Raises UsageError when the spec's permissions boundary does not exist."""
    scripts: dict[str, Script] = {r.address: r.read(False) for r in site.resources}
    boundary = site.installation.boundary
    if boundary:
        scripts[BOUNDARY] = _boundary(boundary)
    seen = run(scripts, site.admin)
    if boundary and seen.pop(BOUNDARY) is None:
        raise UsageError(
            f"{placed(site.options.spec, 'permissions_boundary')}: there is no policy `{boundary}`; "
            "make it first, or leave it out"
        )
    wanted = plan(site.resources, seen, site.installation.system, adopt=site.options.adopt)
    return Planned(
        plan=wanted if wanted.refusals else joined((wanted, _stale(site))),
        seen=seen,
        findings=(*findings(_subject(site, seen)), *_leftovers(site)),
        policies=policies(site),
        unsupported=_unsupported(site),
    )


def proved(site: Site, planned: Planned) -> Planned:
    """The plan with what is proved of the policies, which does not depend on the account: once for a verb is enough."""
    return replace(planned, proofs=policy_proofs(site))


def drifted(site: Site, planned: Planned) -> tuple[Finding, ...]:
    """The findings about what is in the account, without those about the policies that were chosen."""
    about_account = findings(_subject(site, planned.seen), about="account")
    return (*about_account, *(f for f in planned.findings if f.check == "leftover"))


def policies(site: Site) -> tuple[PolicyText, ...]:
    """Both policies with their sizes as AWS counts them."""
    spec, documents = site.spec, site.documents
    installer, node = installer_happenings(spec, site.installation), node_happenings(spec, site.installation)
    pairs = (
        (INSTALLER_POLICY, spec.installer_policy_name, spec.installer.policy_source.file, documents.installer),
        (NODE_POLICY, spec.node_policy_name, spec.node.policy_source.file, documents.node),
    )
    origins = (
        ("the reference installer", len(installer), ", shrunk to operate and teardown" if is_shrunk(site) else ""),
        ("the reference node", len(node), ""),
    )
    return tuple(
        PolicyText(
            address=address,
            name=name,
            source=file or f"profile {site.profile.name}, derived from {whose}'s {count} calls{shrunk}",
            statements=len(document.statements),
            size=size(document.text()),
            text=document.pretty(),
        )
        for (address, name, file, document), (whose, count, shrunk) in zip(pairs, origins, strict=True)
    )


def _boundary(arn: str) -> Script:
    reply = yield call("iam", "GetPolicy", PolicyArn=arn)
    return Fields(Arn=arn) if reply is not None else None


def _subject(site: Site, seen: Mapping[str, Observed]) -> Subject:
    spec, documents = site.spec, site.documents
    named = {spec.installer_policy_name: documents.installer, spec.node_policy_name: documents.node}
    return Subject(spec, seen, named)


def _stale(site: Site) -> Plan:
    """Policies of an earlier form off the user and role of the present one: permissions that nobody wants any more.

    Everything else of earlier forms waits for a teardown.
    """
    entities = {r.identity for r in site.resources if not r.parent}
    plans: list[Plan] = []
    for group in earlier(site):
        on_ours = [
            r for r in group.resources if r.kind == "iam_policy_attachment" and r.identity.split()[0] in entities
        ]
        if on_ours:
            seen = observe(on_ours, site.admin_in(group.region))
            plans.append(removal(on_ours, seen, group.system))
    return joined(plans)


def _leftovers(site: Site) -> Iterator[Finding]:
    """What earlier forms of the spec made and the present one does not name."""
    fix = "narrowgate teardown removes it together with the rest; or remove it by hand"
    for group in earlier(site):
        seen = observe(group.resources, site.admin_in(group.region))
        for resource in group.resources:
            if seen[resource.address] is not None:
                evidence = f"{resource.identity} was made for an earlier form of this spec"
                yield Finding("leftover", "medium", resource.name, evidence, fix)
    count = unreadable(site.journal.entries, site.lineage)
    if count:
        evidence = f"{count} earlier forms of this spec in the journal are not readable by this version"
        yield Finding("leftover", "medium", "journal", evidence, "look in IAM for what only they named")


def _unsupported(site: Site) -> tuple[tuple[str, str, str], ...]:
    """The options that the person set and that AWS has no place for on some of the objects."""
    spec = site.spec
    wanted = {
        "tags": bool(spec.tags),
        "path": spec.path != "/",
        "name_prefix": bool(spec.name_prefix),
        "permissions_boundary": spec.permissions_boundary is not None,
    }
    return tuple((option, r.address, why) for r in site.resources for option, why in r.unsupported if wanted[option])


def bound(site: Site, planned: Planned) -> dict[str, Any]:
    """The plan as a file: its steps, and what they rest on."""
    steps = as_data(planned.plan.steps)
    return {
        "format": FORMAT,
        "account": site.installation.account,
        "partition": site.installation.partition,
        "region": site.installation.region,
        "rests_on": {
            "spec": digest({"scope": site.scope, "policies": [p.text for p in planned.policies]}),
            "observation": digest({k: masked(v) for k, v in planned.seen.items()}),
            "code": code_version(),
        },
        "digest": digest(steps),
        "steps": steps,
    }


def check_binding(site: Site, planned: Planned, file: Path) -> None:
    """Raise Refused unless what would be done now is exactly what the file says."""
    try:
        approved = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the plan `{file}`: {error}") from None
    now = bound(site, planned)
    if not isinstance(approved, dict) or approved.get("format") != FORMAT:
        raise UsageError(f"`{file}` is not a plan of this version; make it anew with `narrowgate plan -o`")
    rests_on = approved.get("rests_on")
    before: Mapping[str, Any] = rests_on if isinstance(rests_on, dict) else {}
    words = {"spec": "the spec or a policy file", "observation": "the account", "code": "narrowgate itself"}
    changed = [words[k] for k, v in now["rests_on"].items() if before.get(k) != v]
    if changed:
        raise Refused(
            f"the plan `{file}` was made before {', '.join(changed)} changed; make it anew and have it approved"
        )
    if approved != now:
        raise Refused(f"the plan `{file}` was edited: its steps are not those that the spec gives")


def code_version() -> str:
    """The version with a hash over the source, so that a plan binds the code that will carry it out."""
    root = Path(narrowgate.__file__).parent
    total = hashlib.sha256()
    for source in sorted(root.rglob("*.py")):
        total.update(source.read_bytes())
    return f"{narrowgate.__version__}+{total.hexdigest()[:12]}"
