"""EC2: launch templates, key pairs, placement groups: what a launch names.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/permissions-for-launch-templates.html
Making a template passes no role: the launch does. What the template names cannot be limited here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from narrowgate.calls import EMPTY, Fields
from narrowgate.catalogue.ec2 import (
    changed,
    creating,
    fresh,
    fresh_named,
    if_new,
    makes,
    picked,
    reads,
    rule,
    those,
    through,
)
from narrowgate.catalogue.ec2_template import parameters_of, version_of
from narrowgate.catalogue.rule import Asked, Made, Rule, Table, Target, either
from narrowgate.policy.request_context import Value

_TEMPLATE: Final = either(
    those("launch-template", "LaunchTemplateId"), through("launch-template", "LaunchTemplateName")
)


def _parameters(asked: Asked) -> Iterator[Target]:
    yield from parameters_of(asked, asked.text("LaunchTemplateData.ImageId"))


_RESOLVED: Final = Rule("ssm:GetParameters", _parameters)

_TEMPLATES: Final[Mapping[str, tuple[Rule, ...]]] = {
    "CreateLaunchTemplate": (*creating("CreateLaunchTemplate", fresh("launch-template")), _RESOLVED),
    "CreateLaunchTemplateVersion": (rule("CreateLaunchTemplateVersion", _TEMPLATE), _RESOLVED),
    "ModifyLaunchTemplate": (
        rule(
            "ModifyLaunchTemplate",
            _TEMPLATE,
            keys=(changed("ClientToken", "LaunchTemplateId", "LaunchTemplateName"),),
        ),
    ),
    "DeleteLaunchTemplate": (rule("DeleteLaunchTemplate", _TEMPLATE),),
    "DeleteLaunchTemplateVersions": (rule("DeleteLaunchTemplateVersions", _TEMPLATE),),
    **reads("DescribeLaunchTemplateVersions"),
}


def _key_type(asked: Asked) -> Mapping[str, Value]:
    """`rsa` is what AWS takes where the call says nothing."""
    return {"ec2:KeyPairType": asked.text("KeyType") or "rsa"}


def _group_keys(asked: Asked) -> Mapping[str, Value]:
    return {
        "ec2:PlacementGroupName": asked.text("GroupName"),
        **picked(asked.call.params, {"ec2:PlacementGroupStrategy": "Strategy"}),
    }


_KEY: Final = fresh_named("key-pair", "KeyName")

_KEYS: Final[Mapping[str, tuple[Rule, ...]]] = {
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateKeyPair.html
    "CreateKeyPair": creating("CreateKeyPair", _KEY, keys=(if_new(_key_type),)),
    "ImportKeyPair": creating("ImportKeyPair", _KEY),
    "DeleteKeyPair": (rule("DeleteKeyPair", either(those("key-pair", "KeyName"), through("key-pair", "KeyPairId"))),),
}

_GROUP: Final = fresh_named("placement-group", "GroupName")

_GROUPS: Final[Mapping[str, tuple[Rule, ...]]] = {
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreatePlacementGroup.html
    "CreatePlacementGroup": creating("CreatePlacementGroup", _GROUP, keys=(if_new(_group_keys),)),
    "DeletePlacementGroup": (rule("DeletePlacementGroup", those("placement-group", "GroupName")),),
}


def _first_version(asked: Asked) -> Fields:
    data = asked.call.params.get("LaunchTemplateData", EMPTY)
    return Fields({"1": data, "default": "1", "latest": "1"})


def _next_version(asked: Asked) -> Iterator[Made]:
    """The template with one version more, where its versions are known.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplateVersion.html
    """
    for target in _TEMPLATE(asked):
        known = asked.facts(target.arn)
        latest = known.data.text("latest") if known else ""
        if known is not None and latest.isdecimal():
            number = str(int(latest) + 1)
            source = version_of(known.data, asked.text("SourceVersion")) if asked.text("SourceVersion") else EMPTY
            given = asked.call.params.group("LaunchTemplateData")
            data = Fields({**known.data, number: Fields({**source, **given}), "latest": number})
            yield Made(target.type, target.arn, replace(known, data=data))


TABLE: Final = Table(
    "ec2",
    {**_TEMPLATES, **_KEYS, **_GROUPS},
    {
        "CreateLaunchTemplate": makes("launch-template", "LaunchTemplate.LaunchTemplateId", data=_first_version),
        "CreateLaunchTemplateVersion": _next_version,
        "CreateKeyPair": makes("key-pair", "", name="KeyName", keys=_key_type),
        "ImportKeyPair": makes("key-pair", "", name="KeyName"),
        "CreatePlacementGroup": makes("placement-group", "", name="GroupName", keys=_group_keys),
    },
    tag_keys=("aws", "ec2"),
)
