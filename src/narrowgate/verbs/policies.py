"""The two policies of a spec: from the vendor's files or the profile, read and checked before any call."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from narrowgate import fit
from narrowgate.errors import UsageError
from narrowgate.identities import Documents
from narrowgate.policy import Document, Faults, from_value
from narrowgate.profiles import Profile
from narrowgate.resource import Installation
from narrowgate.spec import Spec
from narrowgate.verbs.spec_file import placed


def read_documents(spec: Spec, installation: Installation, profile: Profile, file: Path) -> Documents:
    """Both policies, read and checked against the spec in `file`. Raises UsageError with file and line."""
    names = _names(spec, installation, profile)
    own = profile.installer_policy(installation, spec.role_name)
    conditions = spec.installer.key_conditions
    restriction = fit.restriction(conditions.source_ips, conditions.source_vpces)
    context = (file, installation, names)
    installer = _document("installer", spec.installer.policy_source.file, own, context)
    node = _document("node", spec.node.policy_source.file, profile.node_policy(installation), context)
    if restriction:
        installer = _checked(fit.restricted(installer, restriction), "installer.key_conditions", names, installation)
    return Documents(installer, node)


def _document(
    part: str, file: str | None, own: Mapping[str, Any], context: tuple[Path, Installation, fit.Names]
) -> Document:
    spec_file, installation, names = context
    if file is None:
        return _checked(from_value(own, "identity"), "the profile's policy", names, installation)
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
