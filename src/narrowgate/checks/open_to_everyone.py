"""Nodes that the whole internet reaches: allowed, but only to a person who means it. Pure.

Source: "Security group rules", Amazon VPC User Guide, on `0.0.0.0/0` and `::/0`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from narrowgate.checks import Check, Subject
from narrowgate.finding import Finding

REACHED: Final = {
    "installer_cidr": ("SSH on every node", "give the address that the installer comes from, such as 203.0.113.4/32"),
    "whitelist": ("the web ports of every node", "list the networks of those who use the platform"),
}
"""For each setting, what it opens, and what to write instead."""


def find(subject: Subject) -> Iterable[Finding]:
    """One finding for each setting of the spec's `platform` that lets everybody in."""
    platform = subject.spec.platform
    for setting in platform.open_to_everyone if platform else ():
        reached, fix = REACHED[setting]
        evidence = f"it lets the whole internet reach {reached}"
        yield Finding("open_to_everyone", "high", f"platform.{setting}", evidence, fix)


CHECK = Check("open_to_everyone", "no setting of `platform` lets the whole internet in", "spec", find)
