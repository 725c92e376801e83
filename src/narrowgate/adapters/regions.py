"""The regions that botocore's data lists for the partitions that we support."""

from __future__ import annotations

from narrowgate.spec import PARTITIONS


def regions() -> frozenset[str]:
    """Region names; the `aws-global` kind of pseudo regions left out."""
    from botocore.loaders import Loader

    listed = Loader().load_data("partitions")["partitions"]
    return frozenset(
        name for p in listed if p["id"] in PARTITIONS for name in p["regions"] if not name.endswith("-global")
    )
