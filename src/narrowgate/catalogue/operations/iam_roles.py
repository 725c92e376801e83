"""IAM: roles, service-linked roles and instance profiles.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
Not here: AcquireRole, which makes a role from a template; the reference names no action for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from narrowgate.catalogue.facts import Attributes
from narrowgate.catalogue.iam import (
    BOUNDARY,
    TAG_KEYS,
    alike,
    arn,
    by_arn,
    changes,
    create,
    existing,
    listing,
    makes,
    new,
    own_arn,
    tagged,
)
from narrowgate.catalogue.rule import (
    Asked,
    Made,
    Rule,
    Table,
    Target,
    created,
    key,
    request_tags,
    reserved,
    tag_keys,
)
from narrowgate.policy.request_context import Value

_ROLE: Final = existing("role", "RoleName")
_PROFILE: Final = existing("instance-profile", "InstanceProfileName")

# The names are the services' own; each of these is on its service's page on service-linked roles, listed by
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
_LINKED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "autoscaling.amazonaws.com": "AWSServiceRoleForAutoScaling",
        "ec2fleet.amazonaws.com": "AWSServiceRoleForEC2Fleet",
        "ecs.amazonaws.com": "AWSServiceRoleForECS",
        "eks-nodegroup.amazonaws.com": "AWSServiceRoleForAmazonEKSNodegroup",
        "eks.amazonaws.com": "AWSServiceRoleForAmazonEKS",
        "elasticloadbalancing.amazonaws.com": "AWSServiceRoleForElasticLoadBalancing",
        "rds.amazonaws.com": "AWSServiceRoleForRDS",
        "servicequotas.amazonaws.com": "AWSServiceRoleForServiceQuotas",
        "spot.amazonaws.com": "AWSServiceRoleForEC2Spot",
        "spotfleet.amazonaws.com": "AWSServiceRoleForEC2SpotFleet",
    }
)


def _linked_arn(asked: Asked, service: str, name: str) -> str:
    return arn(asked, "role", name, f"/aws-service-role/{service}/")


def _new_linked(asked: Asked) -> str:
    """The role's ARN; with `*` for a name that only the service knows.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
    """
    service, suffix = asked.text("AWSServiceName"), asked.text("CustomSuffix")
    name = _LINKED.get(service, "*")
    return _linked_arn(asked, service, f"{name}_{suffix}" if suffix and name != "*" else name)


def _linked(asked: Asked) -> Iterator[Target]:
    """A service-linked role by its bare name. Without facts of it, its path follows from the name, or is not known."""
    name = asked.text("RoleName")
    known = own_arn(asked, "role", name)
    if known == arn(asked, "role", name):
        services = [service for service, role in _LINKED.items() if role == name.partition("_")[0]]
        known = _linked_arn(asked, services[0] if services else reserved(name, "Path"), name)
    yield Target(known, "role")


def _deleted(asked: Asked) -> Iterator[Target]:
    """The role that a deletion task is of: `task/aws-service-role/SERVICE/ROLE/ID`.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServiceLinkedRoleDeletionStatus.html
    """
    task = asked.text("DeletionTaskId")
    path = task.removeprefix("task/").rpartition("/")[0]
    known = task.startswith("task/aws-service-role/") and path
    yield Target(arn(asked, "role", path if known else reserved(task, "RoleName")), "role")


def _passed_on(asked: Asked, _: Target) -> Mapping[str, Value]:
    """To EC2, for whatever instance of the account: the ARN's region and id are stars, and literally so.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html
    """
    return {
        "iam:PassedToService": asked.place.principal("ec2"),
        "iam:AssociatedResourceArn": asked.place.arn("ec2", "instance/*", region="*"),
    }


def _with_role(asked: Asked, known: Attributes) -> Attributes:
    return replace(known, links={**known.links, "role": (own_arn(asked, "role", asked.text("RoleName")),)})


def _without_role(_: Asked, known: Attributes) -> Attributes:
    return replace(known, links={name: arns for name, arns in known.links.items() if name != "role"})


def _makes_linked(asked: Asked) -> Iterator[Made]:
    real = _new_linked(asked)
    if not real.endswith("*"):
        yield Made("role", real, Attributes())
        yield Made("role", arn(asked, "role", real.rpartition("/")[2]), Attributes(links={"self": (real,)}))


TABLE: Final = Table(
    "iam",
    {
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
        "CreateRole": create("CreateRole", "TagRole", new("role", "RoleName"), key(BOUNDARY, "PermissionsBoundary")),
        **alike(_ROLE, "GetRole", "DeleteRole", "UpdateRole", "UpdateRoleDescription", "UpdateAssumeRolePolicy"),
        **alike(_ROLE, "ListRoleTags", "ListInstanceProfilesForRole"),
        **alike(_ROLE, "TagRole", keys=(request_tags(),)),
        **alike(_ROLE, "UntagRole", keys=(tag_keys(),)),
        **alike(
            created("role", _new_linked), "CreateServiceLinkedRole", keys=(key("iam:AWSServiceName", "AWSServiceName"),)
        ),
        **alike(_linked, "DeleteServiceLinkedRole"),
        **alike(_deleted, "GetServiceLinkedRoleDeletionStatus"),
        **alike(by_arn("TemplateArn", "role-template"), "GetRoleTemplateVersion"),
        "CreateInstanceProfile": create(
            "CreateInstanceProfile", "TagInstanceProfile", new("instance-profile", "InstanceProfileName")
        ),
        **alike(_PROFILE, "GetInstanceProfile", "DeleteInstanceProfile", "ListInstanceProfileTags"),
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html
        "AddRoleToInstanceProfile": (
            Rule("iam:AddRoleToInstanceProfile", _PROFILE),
            Rule("iam:PassRole", _ROLE, keys=(_passed_on,)),
        ),
        # Taking a role away passes none.
        **alike(_PROFILE, "RemoveRoleFromInstanceProfile"),
        **alike(_PROFILE, "TagInstanceProfile", keys=(request_tags(),)),
        **alike(_PROFILE, "UntagInstanceProfile", keys=(tag_keys(),)),
        **listing(ListRoles="role", ListInstanceProfiles="instance-profile"),
    },
    {
        "CreateRole": makes("role", "RoleName"),
        "CreateInstanceProfile": makes("instance-profile", "InstanceProfileName"),
        "CreateServiceLinkedRole": _makes_linked,
        "AddRoleToInstanceProfile": changes("instance-profile", "InstanceProfileName", _with_role),
        "RemoveRoleFromInstanceProfile": changes("instance-profile", "InstanceProfileName", _without_role),
        "TagRole": changes("role", "RoleName", tagged),
        "UntagRole": changes("role", "RoleName", tagged),
    },
    tag_keys=TAG_KEYS,
    home=True,
)
