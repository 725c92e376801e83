"""Elastic Load Balancing, second version: by general rules.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
The action data merges both versions of the service under one prefix. Its row of AddTags has load balancers
only, so tags of another new resource are asked for on `*` here; AWS decides on the new resource.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from narrowgate.catalogue.mechanical import Row, each, named_in, new_at, rules_of
from narrowgate.catalogue.rule import (
    Asked,
    Keys,
    Rule,
    Table,
    Target,
    Where,
    constant,
    given,
    key,
    keys_of,
    request_tags,
    tag_keys,
)
from narrowgate.catalogue.service_linked import service_linked
from narrowgate.policy.request_context import Value

_PREFIX: Final = "elasticloadbalancing"
_KINDS: Final[Mapping[str, str]] = {"network": "net", "gateway": "gwy"}
_BALANCER: Final = "loadbalancer"


def _balancer_arn(asked: Asked, _: str, name: str) -> str:
    kind = _KINDS.get(asked.text("Type"), "app")
    return asked.place.arn(_PREFIX, f"loadbalancer/{kind}/{name}/*")


def _arn(asked: Asked, type_: str, name: str) -> str:
    return asked.place.arn(_PREFIX, f"{type_}/{name}/*")


def _by(types: str, path: str) -> Where:
    """Existing resources, which every operation names by their ARNs."""
    return named_in(lambda asked, type_, text: text, types, path)


def _subnets(asked: Asked, _: Target) -> Mapping[str, Value]:
    found = (*asked.texts("Subnets[]"), *asked.texts("SubnetMappings[].SubnetId"))
    return {"elasticloadbalancing:Subnet": found} if found else {}


def _tagging(operation: str, where: Where) -> Rule:
    """https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/tagging-resources-during-creation.html"""
    create: Keys = constant("elasticloadbalancing:CreateAction", operation)
    return Rule("elasticloadbalancing:AddTags", where, given("Tags"), (create, request_tags()))


def _anything(_: Asked) -> tuple[Target, ...]:
    return (Target("*", _BALANCER),)


_BALANCERS: Final = "loadbalancer/app/ loadbalancer/net/ loadbalancer/gwy/"
_ONE: Final = _by(_BALANCER, "LoadBalancerArn")
_KIND: Final = _by(_BALANCERS, "LoadBalancerArn")
_LISTENER: Final = _by("listener/app listener/net listener/gwy", "ListenerArn")
_SECURE: Final = _by("listener/app listener/net", "ListenerArn")
_RULE: Final = _by("listener-rule/app listener-rule/net", "RuleArn")
_TARGETS: Final = _by("targetgroup", "TargetGroupArn")
_TRUST: Final = _by("truststore", "TrustStoreArn")
_TAGGED: Final = _by(_BALANCER, "ResourceArns[]")
_NEW: Final = new_at(_balancer_arn, _BALANCER, "Name")
_GROUPS: Final = keys_of("elasticloadbalancing:SecurityGroup", "SecurityGroups[]")
_PROTOCOL: Final = (
    key("elasticloadbalancing:ListenerProtocol", "Protocol"),
    key("elasticloadbalancing:SecurityPolicy", "SslPolicy"),
)

_ROWS: Final = (
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-service-linked-roles.html
    Row(
        "CreateLoadBalancer",
        _NEW,
        keys=(key("elasticloadbalancing:Scheme", "Scheme"), _GROUPS, _subnets),
        tags="Tags[]",
        also=(
            _tagging("CreateLoadBalancer", _NEW),
            service_linked(_PREFIX, "AWSServiceRoleForElasticLoadBalancing"),
        ),
    ),
    Row("CreateListener", _KIND, keys=_PROTOCOL, tags="Tags[]", also=(_tagging("CreateListener", _anything),)),
    Row("CreateRule", _SECURE, tags="Tags[]", also=(_tagging("CreateRule", _anything),)),
    Row(
        "CreateTargetGroup",
        new_at(_arn, "targetgroup", "Name"),
        tags="Tags[]",
        also=(_tagging("CreateTargetGroup", _anything),),
    ),
    *each("DeleteLoadBalancer ModifyLoadBalancerAttributes", _ONE),
    *each("SetIpAddressType ModifyCapacityReservation", _KIND),
    *each("SetSecurityGroups", _by("loadbalancer/app/ loadbalancer/net/", "LoadBalancerArn"), _GROUPS),
    *each("SetSubnets", _KIND, _subnets),
    *each("DeleteListener ModifyListenerAttributes", _LISTENER),
    *each("ModifyListener", _LISTENER, *_PROTOCOL),
    *each("AddListenerCertificates RemoveListenerCertificates", _SECURE),
    *each("DeleteRule ModifyRule", _RULE),
    *each("SetRulePriorities", _by("listener-rule/app listener-rule/net", "RulePriorities[].RuleArn")),
    *each(
        "DeleteTargetGroup ModifyTargetGroup ModifyTargetGroupAttributes RegisterTargets DeregisterTargets", _TARGETS
    ),
    *each("DeleteTrustStore AddTrustStoreRevocations RemoveTrustStoreRevocations", _TRUST),
    Row("AddTags", _TAGGED, tags="Tags[]"),
    *each("RemoveTags", _TAGGED, tag_keys()),
    *each("DescribeAccountLimits DescribeCapacityReservation DescribeListenerAttributes DescribeListenerCertificates"),
    *each("DescribeListeners DescribeLoadBalancerAttributes DescribeLoadBalancers DescribeRules DescribeSSLPolicies"),
    *each("DescribeTags DescribeTargetGroupAttributes DescribeTargetGroups DescribeTargetHealth"),
    *each("DescribeTrustStoreAssociations DescribeTrustStoreRevocations DescribeTrustStores"),
)

TABLE: Final = Table(
    "elbv2",
    rules_of(_PREFIX, _ROWS),
    prefix=_PREFIX,
    tag_keys=("aws", _PREFIX),
    mechanical=True,
)
