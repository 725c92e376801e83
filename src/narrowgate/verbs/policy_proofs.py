"""What is proved of a spec's policies before anything is set up: a line each for `plan`; what `setup` refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from narrowgate.adapters.action_data import action_list
from narrowgate.derive.evidence import Evidence
from narrowgate.errors import Refused, UsageError
from narrowgate.identities import INSTALLER_POLICY, NODE_POLICY, installation_of
from narrowgate.policy import Document, Layers
from narrowgate.policy.actions import ActionList
from narrowgate.prove.certificate import Outcome, sufficiency_claim
from narrowgate.prove.sufficiency import sufficient
from narrowgate.shrinking import remaining
from narrowgate.spec import PolicySource
from narrowgate.verbs.parties import installer_standing, node_standing
from narrowgate.verbs.policies import Part, file_document
from narrowgate.verbs.site import Site
from narrowgate.verbs.spec_file import placed
from narrowgate.workload import installer_evidence, node_evidence, own_of

MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class PolicyProof:
    """Whether a policy suffices, in the model, and for whose calls. `details`: what it fails by."""

    address: str
    name: str
    whose: str
    outcome: Outcome
    summary: str
    details: tuple[str, ...] = ()


def policy_proofs(site: Site) -> tuple[PolicyProof, PolicyProof]:
    """Both policies, each for the calls that it is for. Raises UsageError for evidence that cannot be read."""
    spec, actions = site.spec, action_list()

    def installers() -> Evidence:
        whole = remaining if is_shrunk(site) else installer_evidence
        return whole(spec, site.installation, actions)

    installer = _Asked("installer", INSTALLER_POLICY, spec.installer_policy_name, spec.installer.policy_source)
    node = _Asked("node", NODE_POLICY, spec.node_policy_name, spec.node.policy_source)
    return (
        _proof(site, installer, site.documents.installer, installers, actions),
        _proof(site, node, site.documents.node, lambda: node_evidence(spec, site.installation, actions), actions),
    )


def is_shrunk(site: Site) -> bool:
    """Whether the wanted policy of the installer is the shrunk one."""
    return site.options.policy == "shrunk" or (site.shrunk and site.options.policy == "as journalled")


def refuse_insufficient(proofs: Sequence[PolicyProof]) -> None:
    """Raise Refused for a policy that is refuted: what it is for would fail half-way."""
    for proof in proofs:
        if proof.outcome == "refuted":
            shown = "\n".join(f"  {each}" for each in proof.details[:MOST_SHOWN])
            raise Refused(
                f"the policy `{proof.name}` does not suffice for {proof.whose}: {proof.summary}\n{shown}\n"
                "see `narrowgate prove`; mend the policy, or set it up all the same with `--unproven`"
            )


@dataclass(frozen=True, slots=True)
class _Asked:
    part: Part
    address: str
    name: str
    source: PolicySource


def _proof(
    site: Site, asked: _Asked, document: Document, reference: Callable[[], Evidence], actions: ActionList
) -> PolicyProof:
    source = asked.source
    if source.file is not None and source.evidence is None:
        why = "not known: `policy_source.evidence` names a recording of it; see also `narrowgate policy harden`"
        return PolicyProof(asked.address, asked.name, f"the program that {source.file} is for", "not asked", why)
    if source.file is not None and source.evidence is not None:
        evidence = _recorded(site.options.spec, asked.part, source.evidence, actions)
        # A recording of the embedded AWS is of another account: the file is read as it would be there.
        at = installation_of(site.spec, evidence.place.account)
        document = file_document(site.spec, asked.part, at, site.options.spec)
    else:
        evidence = reference()
    return _decided(site, asked, document, evidence, actions)


def _decided(site: Site, asked: _Asked, document: Document, evidence: Evidence, actions: ActionList) -> PolicyProof:
    at = installation_of(site.spec, evidence.place.account)
    standing = (installer_standing if asked.part == "installer" else node_standing)(site.spec, at)
    layers = Layers(identity=(document,))
    found = sufficient(evidence, standing.requester, layers, actions, own=own_of(at), context=standing.context)
    claim = sufficiency_claim(found)
    limit = "; its permissions boundary is not looked at (`narrowgate prove --boundary FILE`)"
    told = claim.summary + (limit if site.spec.permissions_boundary else "")
    details = tuple(each.text for each in claim.details)
    return PolicyProof(asked.address, asked.name, evidence.whose, claim.outcome, told, details)


def _recorded(spec_file: Path, part: Part, name: str, actions: ActionList) -> Evidence:
    from narrowgate.adapters.recorded_calls import recorded_calls
    from narrowgate.adapters.sandbox.recording import read_recording
    from narrowgate.verbs.derive import recorded_evidence

    path = spec_file.resolve().parent / name
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        where = placed(spec_file, part, "policy_source", "evidence")
        raise UsageError(f"{where}: cannot read the recording `{path}`: {reason}") from None
    return recorded_evidence(recorded_calls(read_recording(text), name), actions)
