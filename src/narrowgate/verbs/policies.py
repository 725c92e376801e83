"""The two policies of a spec: from the vendor's files, or derived from the profile's calls; checked before any call."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, TypeAlias

from narrowgate import fit
from narrowgate.adapters.action_data import action_list
from narrowgate.derive.derivation import NotDerived
from narrowgate.errors import UsageError
from narrowgate.identities import Documents
from narrowgate.policy import Document, Faults
from narrowgate.profiles import Profile, profiles
from narrowgate.resource import Installation
from narrowgate.spec import Spec
from narrowgate.verbs.spec_file import placed
from narrowgate.workload import installer_document, node_document

Part: TypeAlias = Literal["installer", "node"]
_Context: TypeAlias = "tuple[Path, Installation, fit.Names]"


def read_documents(spec: Spec, installation: Installation, profile: Profile, file: Path) -> Documents:
    """Both policies, read and checked against the spec in `file`. Raises UsageError with file and line."""
    names = _names(spec, installation, profile)
    conditions = spec.installer.key_conditions
    restriction = fit.restriction(conditions.source_ips, conditions.source_vpces)
    context = (file, installation, names)
    installer = _installer(spec, context)
    node = _node(spec, context)
    if restriction:
        installer = _checked(fit.restricted(installer, restriction), "installer.key_conditions", names, installation)
    return Documents(installer, node)


def file_document(spec: Spec, part: Part, installation: Installation, file: Path) -> Document:
    """The policy file of a part of the spec in `file`, filled in for an account. Raises UsageError."""
    names = _names(spec, installation, profiles()[spec.profile])
    name = (spec.installer if part == "installer" else spec.node).policy_source.file
    assert name is not None
    return _from_file(part, name, (file, installation, names))


def _installer(spec: Spec, context: _Context) -> Document:
    if spec.installer.policy_source.file is not None:
        return _from_file("installer", spec.installer.policy_source.file, context)
    return _derived(installer_document(spec, context[1], action_list()), context)


def _node(spec: Spec, context: _Context) -> Document:
    if spec.node.policy_source.file is not None:
        return _from_file("node", spec.node.policy_source.file, context)
    return _derived(node_document(spec, context[1], action_list()), context)


def _derived(found: Document | NotDerived, context: _Context) -> Document:
    spec_file, installation, names = context
    if isinstance(found, NotDerived):
        raise UsageError(f"{spec_file}: " + "\n".join(found.why))
    return _checked(found, "the derived policy", names, installation)


def _from_file(part: str, file: str, context: _Context) -> Document:
    spec_file, installation, names = context
    path = spec_file.resolve().parent / file
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        where = placed(spec_file, part, "policy_source", "file")
        raise UsageError(f"{where}: cannot read the policy file `{path}`: {reason}") from None
    return _sound(fit.read(text, installation, names), file)


def _checked(found: Document | Faults, name: str, names: fit.Names, installation: Installation) -> Document:
    document = _sound(found, name)
    return _sound(fit.check(document, installation, names), name)


def _sound(found: Document | Faults, name: str) -> Document:
    if isinstance(found, Faults):
        lines = (
            f"{name}:{f.line}:{f.column}: {f.path}: {f.message}" if f.line else f"{name}: {f.message}"
            for f in found.items
        )
        raise UsageError("\n".join(lines))
    return found


def _names(spec: Spec, installation: Installation, profile: Profile) -> fit.Names:
    installer, node = profile.defaults["installer"], profile.defaults["node"]
    return fit.Names(
        vendor={
            "user": (installer["user"],),
            "role": (node["role"],),
            "instance-profile": (node["instance_profile"],),
            "policy": (installer["policy"], node["policy"]),
        },
        ours=(
            installation.arn("user", spec.user_name),
            installation.arn("role", spec.role_name),
            installation.arn("instance-profile", spec.instance_profile_name),
            installation.arn("policy", spec.installer_policy_name),
            installation.arn("policy", spec.node_policy_name),
        ),
        role=installation.arn("role", spec.role_name),
    )
