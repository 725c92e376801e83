"""Launch templates: their ARN, and the parameters that one of their versions gives to a launch. Pure.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/use-launch-templates-to-control-launching-instances.html

A launch template is known by its facts: `data` has its LaunchTemplateData by version number, and the
number of the `default` and of the `latest` version. What the call gives overrides what the template gives,
parameter by parameter; devices are matched by name, tags by resource type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from narrowgate.calls import Fields
from narrowgate.calls import Value as Member
from narrowgate.catalogue.ec2 import arn, looked_up
from narrowgate.catalogue.rule import Asked, Target, spelled

RESOLVED: Final = "resolve:ssm:"
"""Begins an image that an SSM parameter names."""


def template_arn(asked: Asked, named: Fields) -> str:
    """The ARN of the launch template with a `LaunchTemplateId` or a `LaunchTemplateName`."""
    if id_ := spelled(named.get("LaunchTemplateId")):
        return arn(asked, "launch-template", id_)
    return looked_up(asked, "launch-template", spelled(named.get("LaunchTemplateName")) or "")[0]


def parameters_of(asked: Asked, image: str) -> Iterator[Target]:
    """The SSM parameter behind an image `resolve:ssm:name:version`.

    Public parameters, below /aws/service, belong to no account.
    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameter-to-find-AMI.html
    """
    if image.startswith(RESOLVED):
        name = image.removeprefix(RESOLVED)
        found = name if name.startswith("arn:") else _parameter(asked, name.partition(":")[0])
        yield Target(found, "parameter")


def _parameter(asked: Asked, name: str) -> str:
    account = "" if name.startswith("/aws/service/") else None
    return asked.place.arn("ssm", f"parameter/{name.removeprefix('/')}", account=account)


def version_of(data: Fields, version: str) -> Fields:
    """A version of the template; the default one where none is named."""
    number = {"": data.text("default"), "$Default": data.text("default"), "$Latest": data.text("latest")}
    return data.group(number.get(version, version))


def merged(template: Fields, own: Fields) -> Fields:
    """The parameters of a launch: what the template gives, overridden by what the call gives."""
    kept = {k: v for k, v in template.items() if k not in _overridden(own)}
    lists = {member: joined(name, template, own, member) for member, name in _LISTS.items() if member in own}
    return Fields({**kept, **own, **lists})


_LISTS: Final[Mapping[str, str]] = {"BlockDeviceMappings": "DeviceName", "TagSpecifications": "ResourceType"}


def _overridden(own: Fields) -> frozenset[str]:
    """Groups by name and by id are one parameter in two spellings."""
    groups = ("SecurityGroups", "SecurityGroupIds")
    return frozenset(groups) if any(own.get(each) for each in groups) else frozenset()


def joined(name: str, one: Fields, other: Fields, member: str) -> tuple[Member, ...]:
    """Two lists of structures as one, the second before the first where both have the same name."""
    return tuple({each.get(name): each for source in (one, other) for each in source.items_of(member)}.values())
