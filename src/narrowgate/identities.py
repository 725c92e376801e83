"""The guide's two identities as wanted resources: the installer user with its key, the nodes' role. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from narrowgate.calls import Fields
from narrowgate.kinds import (
    iam_access_key,
    iam_instance_profile,
    iam_policy,
    iam_policy_attachment,
    iam_role,
    iam_user,
    secretsmanager_secret,
    ssm_parameter,
)
from narrowgate.policy import Document
from narrowgate.resource import Installation, Resource
from narrowgate.spec import Spec

USER = "iam_user.installer"
INSTALLER_POLICY = "iam_policy.installer"
KEY = "iam_access_key.installer"
ROLE = "iam_role.node"
NODE_POLICY = "iam_policy.node"
INSTANCE_PROFILE = "iam_instance_profile.node"


@dataclass(frozen=True, slots=True)
class Documents:
    """The two policies, read and checked."""

    installer: Document
    node: Document


@dataclass(frozen=True, slots=True)
class Places:
    """Where the credentials go: the sinks' labels, in the spec's order, and how a choice names its place."""

    labels: tuple[str, ...]
    former: tuple[str, ...] = ()
    """Sinks that only earlier specs name: a secret may still be there."""
    beside: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Forms:
    """What any form of the spec attaches: policies by ARN, entities by sort and name, profiles by name."""

    policies: frozenset[str]
    entities: frozenset[tuple[str, str]]
    profiles: frozenset[str]


def installation_of(spec: Spec, account: str) -> Installation:
    """What all resources of the spec share, in `account`."""
    return Installation(
        system=spec.system,
        account=account,
        partition=spec.partition,
        region=spec.region,
        path=spec.path,
        tags=Fields(spec.tags),
        boundary=spec.boundary_arn(account),
    )


def identities(
    spec: Spec, installation: Installation, documents: Documents, places: Places, forms: Forms
) -> tuple[Resource, ...]:
    """Everything that the guide has a person make."""
    user, role = spec.user_name, spec.role_name
    policy, node_policy = spec.installer_policy_name, spec.node_policy_name
    containers = _containers(spec, installation)
    key = iam_access_key.Wanted(
        user=(user, USER),
        sinks=places.labels,
        places=tuple(r.address for r in containers),
        former=places.former,
        beside=places.beside,
    )
    return (
        iam_policy.resource(installation, INSTALLER_POLICY, policy, documents.installer, forms.entities),
        iam_user.resource(installation, USER, user, forms.policies),
        iam_policy_attachment.resource(
            installation, "iam_policy_attachment.installer", ("User", user, USER), (policy, INSTALLER_POLICY)
        ),
        iam_policy.resource(installation, NODE_POLICY, node_policy, documents.node, forms.entities),
        iam_role.resource(installation, ROLE, role, (forms.policies, forms.profiles)),
        iam_policy_attachment.resource(
            installation, "iam_policy_attachment.node", ("Role", role, ROLE), (node_policy, NODE_POLICY)
        ),
        iam_instance_profile.resource(installation, INSTANCE_PROFILE, spec.instance_profile_name, (role, ROLE)),
        *containers,
        iam_access_key.resource(installation, KEY, key),
    )


def _containers(spec: Spec, installation: Installation) -> tuple[Resource, ...]:
    """The secrets and parameters that sinks fill; they must exist before the key does."""
    made: list[Resource] = []
    for number, choice in enumerate(spec.credentials, 1):
        settings: Mapping[str, object] = choice.model_extra or {}
        name = str(settings.get("name", ""))
        if choice.sink == "secretsmanager":
            made.append(secretsmanager_secret.resource(installation, f"secretsmanager_secret.key{number}", name))
        elif choice.sink == "ssm":
            kms = settings.get("key_id")
            address = f"ssm_parameter.key{number}"
            made.append(ssm_parameter.resource(installation, address, name, str(kms) if kms else None))
    return tuple(made)
