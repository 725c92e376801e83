"""EC2: instances, their attributes, their instance profiles.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html and the API
pages of each operation; for RunInstances see `narrowgate.catalogue.ec2_launch`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from narrowgate.calls import Fields
from narrowgate.catalogue.ec2 import arn, changed, reads, rule, tags_for, those, through, upon
from narrowgate.catalogue.ec2_encryption import encrypting
from narrowgate.catalogue.ec2_launch import encryption_keys, instance_keys, launch_of, launch_rules
from narrowgate.catalogue.ec2_network import interfaces, vpc_of
from narrowgate.catalogue.ec2_profile import new_profile, passing, profile_arn
from narrowgate.catalogue.facts import Attributes
from narrowgate.catalogue.rule import Asked, Keys, Made, Rule, Table, either, reserved
from narrowgate.catalogue.service_linked import service_linked

_INSTANCE: Final = those("instance", "InstanceId")
_ASSOCIATED: Final = through("instance", "AssociationId")


def _own(asked: Asked) -> tuple[Fields, ...]:
    return (asked.call.params,)


def _spot(asked: Asked) -> bool:
    return launch_of(asked, asked.call.params).text("InstanceMarketOptions.MarketType") == "spot"


def _of_instance(keys: Keys) -> Keys:
    return lambda asked, target: keys(asked, target) if target.type == "instance" else {}


_LIFE: Final[Mapping[str, tuple[Rule, ...]]] = {
    "RunInstances": (
        *launch_rules(_own),
        *encrypting(encryption_keys(_own)),
        # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/service-linked-roles-spot-instance-requests.html
        service_linked("spot", "AWSServiceRoleForEC2Spot", _spot),
    ),
    **upon(
        "instance",
        "InstanceIds[]",
        "MonitorInstances",
        "RebootInstances",
        "StartInstances",
        "StopInstances",
        "TerminateInstances",
        "UnmonitorInstances",
    ),
    **upon("spot-instances-request", "SpotInstanceRequestIds[]", "CancelSpotInstanceRequests"),
}

_ATTRIBUTES: Final[Mapping[str, tuple[Rule, ...]]] = {
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyInstanceAttribute.html
    "ModifyInstanceAttribute": (
        rule(
            "ModifyInstanceAttribute",
            either(
                _INSTANCE,
                those("security-group", "Groups[]"),
                those("volume", "BlockDeviceMappings[].Ebs.VolumeId"),
            ),
            keys=(_of_instance(changed("InstanceId")),),
        ),
    ),
    **{
        name: (rule(name, _INSTANCE, keys=(changed("InstanceId"),)),)
        for name in (
            "ModifyInstanceMaintenanceOptions",
            "ModifyInstanceMetadataOptions",
            "ModifyInstanceNetworkPerformanceOptions",
        )
    },
    "ModifyInstancePlacement": (
        rule(
            "ModifyInstancePlacement",
            either(
                _INSTANCE,
                those("placement-group", "GroupName"),
                through("placement-group", "GroupId"),
                those("dedicated-host", "HostId"),
            ),
            keys=(_of_instance(changed("InstanceId")),),
        ),
    ),
    "ModifyInstanceCreditSpecification": (
        rule("ModifyInstanceCreditSpecification", those("instance", "InstanceCreditSpecifications[].InstanceId")),
    ),
    **upon(
        "instance",
        "InstanceId",
        "DescribeInstanceAttribute",
        "GetConsoleOutput",
        "GetConsoleScreenshot",
        "GetInstanceUefiData",
        "GetPasswordData",
        "ResetInstanceAttribute",
    ),
    **reads("ModifyInstanceMetadataDefaults"),
}

_PROFILES: Final[Mapping[str, tuple[Rule, ...]]] = {
    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateIamInstanceProfile.html
    "AssociateIamInstanceProfile": (
        rule("AssociateIamInstanceProfile", _INSTANCE, keys=(new_profile(),)),
        passing(_INSTANCE),
    ),
    "ReplaceIamInstanceProfileAssociation": (
        rule("ReplaceIamInstanceProfileAssociation", _ASSOCIATED, keys=(new_profile(),)),
        passing(_ASSOCIATED),
    ),
    "DisassociateIamInstanceProfile": (rule("DisassociateIamInstanceProfile", _ASSOCIATED),),
}


def _run(asked: Asked) -> Iterator[Made]:
    """The first instance and its new interfaces. The reply does not tell the volumes yet."""
    launch = launch_of(asked, asked.call.params)
    found = tuple(each for each in interfaces(asked, launch.own, launch.params) if not each.existing)
    profile = profile_arn(asked, launch.params.group("IamInstanceProfile"))
    links = {"subnet": tuple(each.subnet for each in found[:1]), "instance-profile": (profile,) if profile else ()}
    made = Attributes(tags_for(launch.params, "instance"), instance_keys(launch), _some(links))
    yield Made("instance", arn(asked, "instance", reserved("", _INSTANCE_ID)), made, _INSTANCE_ID)
    for interface in found:
        vpc = vpc_of(asked, interface.subnet)
        parents = _some({"subnet": (interface.subnet,), "vpc": (vpc,) if vpc else ()})
        own = Attributes(tags_for(launch.params, "network-interface"), interface.keys, parents)
        made_arn = arn(asked, "network-interface", reserved("", _INTERFACE_ID))
        yield Made("network-interface", made_arn, own, _INTERFACE_ID)


def _some(links: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    return {name: arns for name, arns in links.items() if arns}


_INSTANCE_ID: Final = "Instances[].InstanceId"
_INTERFACE_ID: Final = "Instances[].NetworkInterfaces[].NetworkInterfaceId"

TABLE: Final = Table("ec2", {**_LIFE, **_ATTRIBUTES, **_PROFILES}, {"RunInstances": _run}, tag_keys=("aws", "ec2"))
