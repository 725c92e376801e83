"""`narrowgate policy`: the policy engine on any policy files. Reads files, asks nobody, calls nobody."""

from __future__ import annotations

import click

from narrowgate.cli.policy_decide import evaluate, explain
from narrowgate.cli.policy_derive import derive
from narrowgate.cli.policy_documents import compare, format_, surface
from narrowgate.cli.policy_harden import harden
from narrowgate.cli.policy_output import Group


@click.group(cls=Group)
def policy() -> None:
    """Decide, explain, compare, measure, format, derive and harden IAM policies.

    Works on files alone: no account, no credentials, no network. A FILE may be `-`, standard input.
    """


for command in (evaluate, explain, compare, surface, format_, derive, harden):
    policy.add_command(command)
