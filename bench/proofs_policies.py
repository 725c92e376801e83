"""Whose policies are counted: ours of the default spec, AWS's own that peers use, and figures that were published."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.policy_questions import managed_policies
from bench.proofs_surface import Counted, counted
from narrowgate.policy.actions import ActionList
from narrowgate.prove.certificate import unscoped_of
from narrowgate.spec import Spec
from narrowgate.verbs.parties import Party, parties
from narrowgate.verbs.prove import EXAMPLE_ACCOUNT
from narrowgate.verbs.spec_file import read_spec

REGION: Final = "eu-west-1"
SYSTEM: Final = "bench"
NAMES: Final = {"admin": "administrator", "installer": "installer", "node": "node"}

MANAGED: Final[Mapping[str, tuple[str, ...]]] = {
    "kops: the seven of its documented user": (
        "AmazonEC2FullAccess",
        "AmazonRoute53FullAccess",
        "AmazonS3FullAccess",
        "IAMFullAccess",
        "AmazonVPCFullAccess",
        "AmazonSQSFullAccess",
        "AmazonEventBridgeFullAccess",
    ),
    "ROSA: ROSAInstallerPolicy": ("ROSAInstallerPolicy",),
    "EKS: AmazonEKSClusterPolicy": ("AmazonEKSClusterPolicy",),
    "EKS Auto Mode: AmazonEKSComputePolicy": ("AmazonEKSComputePolicy",),
    "EBS CSI driver: AmazonEBSCSIDriverPolicy": ("AmazonEBSCSIDriverPolicy",),
    "EBS CSI driver: AmazonEBSCSIDriverPolicyV2": ("AmazonEBSCSIDriverPolicyV2",),
    "Karpenter: ROSAKarpenterControllerPolicy": ("ROSAKarpenterControllerPolicy",),
}
"""Policies that AWS publishes and moto carries, by who uses them.

https://kops.sigs.k8s.io/getting_started/aws/ lists the seven.
"""

ELSEWHERE: Final[tuple[tuple[str, str], ...]] = (
    ("kops, the documented user", "993"),
    ("openshift-install", "100 (into an existing VPC: 74)"),
    ("ROSA", "99"),
    ("clusterawsadm (CAPA)", "84"),
    ("Databricks", "14 to 52"),
    ("ParallelCluster", "52"),
    ("the vendor of the default profile, EC2", "43"),
    ("the vendor of the default profile, EKS", "722"),
)
"""Mutating actions on `*` without a condition in the policies that peers ship, as counted earlier: see `bare`."""

SECOND_RUN: Final = ("iamlive", 52, 111)
"""Requests denied, of all, when one installer ran a second time under the policy that iamlive recorded; quoted."""


def default_spec(folder: Path) -> tuple[Spec, Path]:
    """The spec that `narrowgate init` writes."""
    file = folder / "platform.yaml"
    command = (sys.executable, "-m", "narrowgate", "init", "--spec", str(file), "--system", SYSTEM, "--region", REGION)
    subprocess.run(command, check=True, capture_output=True)
    return read_spec(file), file


def ours(spec: Spec, file: Path, actions: ActionList) -> Iterator[Counted]:
    """The installer's, the nodes' and the administrator's, each beside what its certificate lists."""
    for party in sorted(parties(spec, file, EXAMPLE_ACCOUNT, actions), key=lambda each: each.name == "admin"):
        yield ours_of(party, actions)


def ours_of(party: Party, actions: ActionList) -> Counted:
    """One party's policies."""
    listed = [(each.action, each.resource, each.why) for each in unscoped_of(party.grants)]
    return counted(f"narrowgate: {NAMES[party.name]}", [each.text() for each in party.documents], actions, listed)


def theirs(actions: ActionList, files: Sequence[Path] = ()) -> Iterator[Counted]:
    """AWS's managed policies, several of one user together; then the files that were given, each by itself.

    Raises ValueError for a file that is no identity policy.
    """
    known = managed_policies()
    for name, names in MANAGED.items():
        yield counted(name, [json.dumps(known[each]) for each in names], actions)
    for file in files:
        yield counted(f"the file {file.name}", [file.read_text(encoding="utf-8")], actions)
