"""Laws of scopes: only keys that AWS looks at, and every resource type of an action kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from harden.places import PLACE, context, known

from narrowgate.harden.context import Context
from narrowgate.harden.known_services import LAUNCHERS, LINKED, MAKES_LINKED, MERGED, RETIRED
from narrowgate.harden.narrowing import linked, located, part_of, passing, scopes_of
from narrowgate.policy.arn import matches
from narrowgate.policy.service import MUTATING, Action, ResourceType

SERVICES = ("autoscaling", "cloudformation", "cloudwatch", "ec2", "eks", "elasticloadbalancing", "iam", "kms", "s3")
SEPARATE = {"iam:PassRole", "iam:CreateServiceLinkedRole"}
CONTEXTS = {
    "tagged": {"own": {"team": "data"}, "profile": "Nodes", "boundary": "Bound"},
    "untagged": {"profile": "Nodes", "vpcs": ["vpc-1"]},
    "in a subnet": {"own": {"team": "data"}, "subnets": ["subnet-1"]},
    "of nobody known": {},
}


def changing() -> Iterator[Action]:
    for service in SERVICES:
        for name in known().chosen(known().select(f"{service}:*")):
            action = known().action(name)
            assert action is not None
            if action.level in MUTATING and name not in SEPARATE:
                yield action


def families(action: Action, type_: str) -> set[str]:
    """The keys that AWS looks at for an action on a type; on all its types where the type is not told."""
    rows = [row for row in action.types if type_ in ("", row.name)]
    keys = (*action.keys, *(key for row in rows for key in (row.keys or row.type_keys)))
    return {key.lower().partition("/")[0] for key in keys} | {"aws:requestedregion"}


@pytest.mark.slow
@pytest.mark.parametrize("told", CONTEXTS.values(), ids=CONTEXTS)
def test_no_condition_rests_on_a_key_that_aws_does_not_look_at(told: dict[str, object]) -> None:
    there = context(told)
    for action in changing():
        for kind, scope in scopes_of(action, there):
            used = {key.lower().partition("/")[0] for _, key, _ in scope.conditions}
            assert used <= families(action, kind), (action.name, kind, scope)


@pytest.mark.slow
@pytest.mark.parametrize("told", CONTEXTS.values(), ids=CONTEXTS)
def test_every_type_of_an_action_keeps_a_scope(told: dict[str, object]) -> None:
    there = context(told)
    for action in changing():
        if action.types and action.name.partition(":")[0] not in MERGED:
            assert {kind for kind, _ in scopes_of(action, there)} == {row.name for row in action.types}
        assert list(scopes_of(action, there)), action.name


@pytest.mark.parametrize("table", [MAKES_LINKED, LAUNCHERS, RETIRED], ids=["linked", "launchers", "retired"])
def test_the_tables_name_actions_that_aws_has(table: dict[str, object]) -> None:
    assert all(known().action(name) is not None for name in table)
    assert {service for services in MAKES_LINKED.values() for service in services} <= set(LINKED)


def row(action: str, type_: str) -> tuple[Action, ResourceType]:
    found = known().action(action)
    assert found is not None
    return found, next(each for each in found.types if each.name == type_)


@pytest.mark.parametrize(
    ("action", "type_", "part"),
    [
        ("ec2:RunInstances", "instance", "new"),
        ("ec2:RunInstances", "volume", "new"),
        ("ec2:RunInstances", "subnet", "existing"),
        ("ec2:RunInstances", "image", "shared"),
        ("ec2:CreateSubnet", "subnet", "new"),
        ("ec2:CreateSubnet", "vpc", "existing"),
        ("ec2:CreateRoute", "route-table", "existing"),
        ("ec2:DeregisterImage", "image", "existing"),
        ("ec2:AuthorizeSecurityGroupIngress", "security-group-rule", "shared"),
        ("ec2:AuthorizeSecurityGroupIngress", "security-group", "existing"),
        ("ec2:CreateTags", "instance", "tagged"),
        ("autoscaling:CreateAutoScalingGroup", "autoScalingGroup", "new"),
        ("autoscaling:SuspendProcesses", "autoScalingGroup", "existing"),
        ("eks:CreateNodegroup", "cluster", "existing"),
        ("ec2:TerminateInstances", "instance", "existing"),
        ("ec2:StartInstances", "instance", "existing"),
        ("cloudwatch:PutMetricAlarm", "alarm", "tagged"),
        ("autoscaling:CreateLaunchConfiguration", "launchConfiguration", "new"),
        ("cloudwatch:StartMetricStreams", "metric-stream", "existing"),
        ("elasticloadbalancing:CreateLoadBalancerListeners", "loadbalancer", "existing"),
        ("ec2:ReplaceRoute", "route-table", "existing"),
    ],
)
def test_what_a_resource_is_to_an_action(action: str, type_: str, part: str) -> None:
    assert part_of(*row(action, type_)) == part


def test_an_image_has_no_account_and_a_role_no_region() -> None:
    assert located("arn:*:ec2:*::image/*", Context(PLACE)) == "arn:aws:ec2:eu-west-1::image/*"
    assert located("arn:*:iam::*:role/*", Context(PLACE)) == "arn:aws:iam::123456789012:role/*"


def test_a_known_role_is_passed_alone() -> None:
    there = context({"roles": ["Nodes"]})
    node = "arn:aws:iam::123456789012:role/Nodes"
    assert [scope.resource for scope in passing("arn:aws:iam::*:role/Nodes", there)] == [node]
    assert [scope.resource for scope in passing("*", there)] == [node]
    assert not list(passing("arn:aws:iam::*:role/aws-service-role/*", there))
    # A pattern that none of the known roles fits is kept: who passes others is not known.
    assert [scope.resource for scope in passing("arn:aws:iam::*:role/x-*", there)] == [
        "arn:aws:iam::123456789012:role/*"
    ]


def test_service_linked_roles_are_named_exactly_where_their_names_are_known() -> None:
    first, second = linked(("eks.amazonaws.com", "unheard.amazonaws.com"), Context(PLACE))
    assert first.resource.endswith(":role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS")
    assert second.resource.endswith(":role/aws-service-role/unheard.amazonaws.com/*")
    assert matches(second.resource, second.resource.replace("*", "x"))
    assert first.conditions == (("StringEquals", "iam:AWSServiceName", ("eks.amazonaws.com",)),)
