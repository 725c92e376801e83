"""Every option of the spec reaches every kind that AWS supports it on, and the others are named."""

from __future__ import annotations

import pytest
from kinds.setting import PARTITIONS, SAMPLES, installation

from narrowgate.calls import Fields
from narrowgate.kinds import kinds
from narrowgate.resource import ADDRESS, INSTALLATION, Kind, Resource, tags_in

OPTIONS = {"path", "name_prefix", "tags", "permissions_boundary"}
SUPPORT = {kind.name: kind for kind in kinds()}
in_each_partition = pytest.mark.parametrize("partition", PARTITIONS)
for_each_kind = pytest.mark.parametrize("name", SAMPLES)


def making(resource: Resource) -> Fields:
    """The parameters of the call that makes the thing."""
    return resource.create[0].call.params


def tags_of(params: Fields) -> Fields:
    """The tags of the thing; EC2 takes them with the type of the thing."""
    given = params.items_of("TagSpecifications")
    return tags_in(given[0]) if given else tags_in(params)


@for_each_kind
def test_what_is_unsupported_is_exactly_the_rest(name: str) -> None:
    resource = SAMPLES[name](installation())
    assert set(SUPPORT[name].options) <= OPTIONS
    assert {option for option, _ in resource.unsupported} == OPTIONS - set(SUPPORT[name].options)
    assert len(resource.unsupported) == len({option for option, _ in resource.unsupported})


@for_each_kind
@in_each_partition
def test_the_create_call_carries_what_the_kind_supports(name: str, partition: str) -> None:
    at = installation(partition)
    resource, kind = SAMPLES[name](at), SUPPORT[name]
    params = making(resource)
    supports = {option: option in kind.options for option in OPTIONS}
    assert ("Path" in params) is supports["path"]
    assert ("PermissionsBoundary" in params) is supports["permissions_boundary"]
    assert bool(tags_of(params)) is supports["tags"]
    if supports["path"]:
        assert params["Path"] == "/team/"
    if supports["permissions_boundary"]:
        assert params["PermissionsBoundary"] == at.boundary
    if supports["tags"]:
        wanted = Fields({"Team": "x", INSTALLATION: "abc", ADDRESS: resource.address})
        assert tags_of(params) == wanted


@for_each_kind
def test_without_a_boundary_none_is_sent(name: str) -> None:
    assert "PermissionsBoundary" not in making(SAMPLES[name](installation(boundary=False)))


@for_each_kind
@in_each_partition
def test_every_arn_is_of_the_partition(name: str, partition: str) -> None:
    resource = SAMPLES[name](installation(partition))
    shown = repr((resource.create, resource.identity))
    assert shown.count("arn:") == shown.count(f"arn:{partition}:")


@for_each_kind
def test_what_cannot_be_tagged_belongs_to_a_parent_that_it_needs(name: str) -> None:
    resource = SAMPLES[name](installation())
    assert bool(resource.parent) is ("tags" not in SUPPORT[name].options)
    assert not resource.parent or resource.parent in resource.needs
    assert resource.kind == name


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.name)
def test_every_kind_says_what_it_is(kind: Kind) -> None:
    assert kind.doc
    assert kind.doc[0].islower()
    assert not kind.doc.endswith(".")


@in_each_partition
def test_the_role_trusts_the_ec2_of_its_partition_alone(partition: str) -> None:
    suffix = {"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com"}[partition]
    assert making(SAMPLES["iam_role"](installation(partition)))["AssumeRolePolicyDocument"] == (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
        f'"Principal":{{"Service":"ec2.{suffix}"}},"Action":"sts:AssumeRole"}}]}}'
    )
