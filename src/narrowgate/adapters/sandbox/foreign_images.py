"""Images of the person's own, in a sandbox that has only public ones: what is rehearsed names them."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from narrowgate.calls import Value, World, call


def admit(admin: World, account: str, region: str, values: Iterable[Value]) -> None:
    """Let the sandbox have every image that the parameters of some calls name, each like one that it has."""
    # The read makes the region's EC2, from its own seed.
    admin(call("ec2", "DescribeAccountAttributes"))
    from moto.ec2.models import ec2_backends

    images: dict[str, Any] = ec2_backends[account][region].amis
    like = next(iter(images.values()))
    for id_ in sorted({found for value in values for found in _images(value)} - set(images)):
        images[id_] = copy.copy(like)
        images[id_].id = id_


def _images(value: Value) -> Iterator[str]:
    if isinstance(value, str) and value.startswith("ami-"):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _images(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from _images(inner)
