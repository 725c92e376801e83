"""Every case of tests/cases/kinds: what AWS answers, and the calls that change and remove it, in each partition."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from kinds.setting import PARTITIONS, SAMPLES, installation, observe, replying

from narrowgate.calls import masked
from narrowgate.kinds import kinds
from narrowgate.resource import Draft, Obstacle

FOLDER = Path(__file__).parents[1] / "cases" / "kinds"
CASES = sorted(FOLDER.glob("*/*.json"))


def read(path: Path, partition: str) -> Any:
    text = path.read_text(encoding="utf-8").replace("$PARTITION", partition)
    return json.loads(text.replace("$SUFFIX", "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"))


def shown(drafts: tuple[Draft | Obstacle, ...]) -> list[Any]:
    return [[d.call.name, masked(d.call.params)] for d in drafts if isinstance(d, Draft)]


def test_every_kind_has_cases() -> None:
    assert {path.parent.name for path in CASES} == {kind.name for kind in kinds()} == set(SAMPLES)


@pytest.mark.parametrize("partition", PARTITIONS)
@pytest.mark.parametrize("path", CASES, ids=lambda p: f"{p.parent.name}: {p.stem}")
def test_case(path: Path, partition: str) -> None:
    case = read(path, partition)
    resource = SAMPLES[path.parent.name](installation(partition, boundary=case.get("boundary", True)))
    world = replying(case["replies"])
    found, whole = observe(resource, world), observe(resource, world, whole=True)
    if "create" in case:
        assert found is whole is None
        assert shown(resource.create) == case["create"]
        return
    assert found is not None
    assert whole is not None
    if "change" in case:
        drafts = resource.change(found)
        assert [d.message for d in drafts if isinstance(d, Obstacle)] == []
        assert shown(drafts) == case["change"]
    if "refused" in case:
        messages = [d.message for d in resource.change(found) if isinstance(d, Obstacle)]
        assert len(messages) == 1
        assert case["refused"] in messages[0]
        assert shown(resource.change(found)) == []
    if "delete" in case:
        assert shown(resource.delete(whole)) == case["delete"]
        assert [d.extra for d in resource.delete(whole) if d.extra] == case.get("extras", [])
