"""Stages in this process: an embedded AWS of its own for each scenario."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bench.enforcement_stage import Caller, Stage
from narrowgate.adapters.sandbox.embedded import ADMIN, Embedded


def administrator() -> Caller:
    """The administrator of every sandbox."""
    return Caller(*ADMIN, arn="arn:aws:iam::123456789012:user/sandbox-admin")


@contextmanager
def staged() -> Iterator[tuple[Embedded, Stage]]:
    """An empty account, reached without a socket."""
    with Embedded() as aws:
        yield aws, Stage(administrator(), send=aws.transport)
