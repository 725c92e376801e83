"""Which launches an auto-scaling group leads to, and whether its template's version is specified."""

from __future__ import annotations

from typing import Any

import pytest
from catalogue.catalogued import HERE

from narrowgate.calls import Call, Fields
from narrowgate.catalogue.autoscaling import launches, pinned
from narrowgate.catalogue.facts import nothing_known
from narrowgate.catalogue.rule import NO_RESOURCE, Asked

ONE = {"LaunchTemplateName": "a", "Version": "1"}
LATEST = {"LaunchTemplateName": "b", "Version": "$Latest"}


def _asked(**params: Any) -> Asked:
    return Asked(Call("autoscaling", "CreateAutoScalingGroup", Fields(params)), HERE, nothing_known)


def _mixed(*overrides: dict[str, Any]) -> dict[str, Any]:
    return {"LaunchTemplate": {"LaunchTemplateSpecification": ONE, "Overrides": list(overrides)}}


def test_without_a_template_there_is_no_launch() -> None:
    assert list(launches()(_asked(LaunchConfigurationName="lc", VPCZoneIdentifier="subnet-1"))) == []


def test_each_subnet_is_a_launch() -> None:
    found = list(launches()(_asked(LaunchTemplate=ONE, VPCZoneIdentifier="subnet-1, subnet-2")))
    assert found == [Fields(LaunchTemplate=ONE, SubnetId=subnet) for subnet in ("subnet-1", "subnet-2")]


def test_each_override_is_a_launch_with_its_own_template_and_type() -> None:
    mixed = _mixed({"InstanceType": "m5.large"}, {"InstanceType": "m6g.large", "LaunchTemplateSpecification": LATEST})
    assert list(launches()(_asked(MixedInstancesPolicy=mixed))) == [
        Fields(LaunchTemplate=ONE, InstanceType="m5.large"),
        Fields(LaunchTemplate=LATEST, InstanceType="m6g.large"),
    ]


def test_a_mixed_group_without_overrides_is_one_launch() -> None:
    assert list(launches()(_asked(MixedInstancesPolicy=_mixed()))) == [Fields(LaunchTemplate=ONE)]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"LaunchTemplate": ONE}, "true"),
        ({"LaunchTemplate": LATEST}, "false"),
        ({"LaunchTemplate": {"LaunchTemplateName": "a"}}, "false"),
        ({"LaunchTemplate": {"LaunchTemplateName": "a", "Version": "$Default"}}, "false"),
        ({"MixedInstancesPolicy": _mixed({"InstanceType": "m5.large"})}, "true"),
        ({"MixedInstancesPolicy": _mixed({"LaunchTemplateSpecification": LATEST})}, "false"),
        ({"LaunchConfigurationName": "lc"}, None),
    ],
)
def test_every_template_must_have_a_number(params: dict[str, Any], expected: str | None) -> None:
    found = pinned()(_asked(**params), NO_RESOURCE)
    assert found.get("autoscaling:LaunchTemplateVersionSpecified") == expected
