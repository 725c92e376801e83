"""EKS, its clusters, node groups and add-ons: by general rules.

Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html
https://docs.aws.amazon.com/eks/latest/userguide/security_iam_id-based-policy-examples.html
A node group's or an add-on's ARN ends in an id that AWS draws: the facts of the ARN with `*` there link
`self` to the real one. What a node group with a launch template asks EC2 for is not in this table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from narrowgate.catalogue.mechanical import Row, each, named_in, new_at, rules_of
from narrowgate.catalogue.rule import Asked, Rule, Table, Target, Where, constant, either, key, keys_of, named, tag_keys
from narrowgate.catalogue.service_linked import service_linked

_CLUSTER: Final = "cluster"


def _cluster_arn(asked: Asked, type_: str, name: str) -> str:
    return asked.place.arn("eks", f"{type_}/{name}")


def _inside(type_: str, member: str, cluster: str = "clusterName") -> Where:
    """What belongs to a cluster, by the names of both; a name that the call leaves out gives nothing."""

    def where(asked: Asked) -> Iterator[Target]:
        for name in asked.texts(member):
            plain = asked.place.arn("eks", f"{type_}/{asked.text(cluster)}/{name}/*")
            yield Target(next(iter(asked.known(plain).links.get("self", ())), plain), type_)

    return where


def _by_arn(asked: Asked) -> Iterator[Target]:
    """Any resource by its ARN, which begins with its type."""
    for arn in asked.texts("resourceArn"):
        type_ = arn.split(":", 5)[-1].partition("/")[0]
        yield Target(arn, type_ if arn.startswith("arn:") else _CLUSTER)


def _new_inside(type_: str, member: str) -> Callable[[Asked], tuple[Target, ...]]:
    return lambda asked: tuple(Target(found.arn, type_, new=True) for found in _inside(type_, member)(asked))


def _passes(path: str) -> Rule:
    roles = named("role", lambda asked, text: asked.place.arn("iam", f"role/{text}", region=""), path)
    return Rule("iam:PassRole", roles, keys=(constant("iam:PassedToService", "eks.amazonaws.com"),))


_BY_NAME: Final = named_in(_cluster_arn, _CLUSTER, "name")
_BY_CLUSTER: Final = named_in(_cluster_arn, _CLUSTER, "clusterName")
_NODES: Final = _inside("nodegroup", "nodegroupName")
_ADDON: Final = _inside("addon", "addonName")
_UPDATED: Final = either(_BY_NAME, _inside("nodegroup", "nodegroupName", "name"), _inside("addon", "addonName", "name"))
_SHAPE: Final = (
    key("eks:endpointPublicAccess", "resourcesVpcConfig.endpointPublicAccess"),
    key("eks:endpointPrivateAccess", "resourcesVpcConfig.endpointPrivateAccess"),
    key("eks:authenticationMode", "accessConfig.authenticationMode"),
    key("eks:supportType", "upgradePolicy.supportType"),
    key("eks:zonalShiftEnabled", "zonalShiftConfig.enabled"),
    key("eks:computeConfigEnabled", "computeConfig.enabled"),
    key("eks:blockStorageEnabled", "storageConfig.blockStorage.enabled"),
    key("eks:elasticLoadBalancingEnabled", "kubernetesNetworkConfig.elasticLoadBalancing.enabled"),
    key("eks:deletionProtection", "deletionProtection"),
)
_VERSION: Final = key("eks:kubernetesVersion", "version")
_KEYS: Final = keys_of("eks:encryptionConfigProviderKeyArns", "encryptionConfig[].provider.keyArn")

_ROWS: Final = (
    # The reference has no resource type for it.
    Row(
        "CreateCluster",
        keys=(
            *_SHAPE,
            _VERSION,
            _KEYS,
            key("eks:bootstrapSelfManagedAddons", "bootstrapSelfManagedAddons"),
            key("eks:bootstrapClusterCreatorAdminPermissions", "accessConfig.bootstrapClusterCreatorAdminPermissions"),
        ),
        tags="tags",
        tagging="TagResource",
        tagged=new_at(_cluster_arn, _CLUSTER, "name"),
        also=(_passes("roleArn"), service_linked("eks", "AWSServiceRoleForAmazonEKS")),
    ),
    Row(
        "CreateNodegroup",
        _BY_CLUSTER,
        tags="tags",
        tagging="TagResource",
        tagged=_new_inside("nodegroup", "nodegroupName"),
        also=(_passes("nodeRole"), service_linked("eks-nodegroup", "AWSServiceRoleForAmazonEKSNodegroup")),
    ),
    Row(
        "CreateAddon",
        _BY_CLUSTER,
        tags="tags",
        tagging="TagResource",
        tagged=_new_inside("addon", "addonName"),
        also=(_passes("serviceAccountRoleArn"),),
    ),
    *each("DeleteCluster DescribeCluster", _BY_NAME),
    *each("UpdateClusterConfig", _BY_NAME, *_SHAPE),
    *each("UpdateClusterVersion", _BY_NAME, _VERSION),
    *each("AssociateEncryptionConfig", _BY_CLUSTER, _KEYS),
    *each("ListNodegroups ListAddons ListAccessEntries ListFargateProfiles ListIdentityProviderConfigs", _BY_CLUSTER),
    *each("ListPodIdentityAssociations ListInsights DescribeInsight", _BY_CLUSTER),
    *each("DeleteNodegroup DescribeNodegroup UpdateNodegroupConfig UpdateNodegroupVersion", _NODES),
    *each("DeleteAddon DescribeAddon", _ADDON),
    Row("UpdateAddon", _ADDON, also=(_passes("serviceAccountRoleArn"),)),
    *each("DescribeUpdate ListUpdates", _UPDATED),
    Row("TagResource", _by_arn, tags="tags"),
    *each("UntagResource", _by_arn, tag_keys("tagKeys[]")),
    *each("ListTagsForResource", _by_arn),
    *each("ListClusters ListAccessPolicies DescribeAddonConfiguration DescribeAddonVersions DescribeClusterVersions"),
)

TABLE: Final = Table("eks", rules_of("eks", _ROWS), mechanical=True)
