"""A spec with short names and a sink of each sort, for what is derived from its identities."""

from __future__ import annotations

from typing import Any

from narrowgate.spec import Spec

ACCOUNT = "123456789012"
SINKS = (
    {"sink": "csv", "path": "credentials.csv"},
    {"sink": "secretsmanager", "name": "demo/installer"},
    {"sink": "ssm", "name": "/demo/installer"},
)


def identity_spec(**settings: Any) -> Spec:
    """The spec `demo` with some settings of its own."""
    base = {
        "system": "demo",
        "region": "eu-west-1",
        "installer": {"user": "Ann", "policy": "AnnPolicy"},
        "node": {"role": "Node", "policy": "NodePolicy", "instance_profile": "Nodes"},
        "credentials": SINKS,
    }
    return Spec.model_validate({**base, **settings})
