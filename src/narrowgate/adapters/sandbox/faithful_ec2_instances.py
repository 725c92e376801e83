"""Instances and launch templates, as AWS answers where moto 5.2.5 does not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from moto.core.responses import ActionResult
from moto.ec2.exceptions import InvalidParameterCombination
from moto.ec2.responses import EC2Response
from moto.elbv2 import elbv2_backends

from narrowgate.adapters.sandbox.faithful_ec2_kept import instances_of
from narrowgate.adapters.sandbox.faithful_ec2_launch import (
    Order,
    launch,
    merged,
    subnet_of,
    template_of,
    template_tags,
)

# Filters of DescribeInstances that moto lacks, or fails at: what an instance has of each.
_FILTERS: Final[Mapping[str, Any]] = {
    "private-ip-address": lambda it: [it.private_ip],
    "network-interface.addresses.private-ip-address": lambda it: [a for n in it.nics.values() for a in _texts(n)],
    "network-interface.network-interface-id": lambda it: [each.id for each in it.nics.values()],
    "network-interface.group-id": lambda it: [group.id for each in it.nics.values() for group in each.group_set],
    "network-interface.subnet-id": lambda it: [each.subnet.id for each in it.nics.values()],
    "network-interface.association.public-ip": lambda it: [each.public_ip for each in it.nics.values()],
    "iam-instance-profile.arn": lambda it: [(it.iam_instance_profile or {}).get("Arn")],
    "placement-group-name": lambda it: [it.placement.group_name],
}


def _texts(interface: Any) -> list[str]:
    return [each["PrivateIpAddress"] for each in interface.private_ip_addresses]


class Instances(EC2Response):  # type: ignore[misc]  # moto is not typed
    """What EC2 says of instances."""

    _set_aside: Mapping[str, Any] = {}  # never written

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html
    def run_instances(self) -> Any:
        """As many as MaxCount, each with profile, tags, interfaces and volumes as the call and its template say."""
        self.error_on_dryrun()
        ec2, own = self.ec2_backend, dict(self.params)
        version = template_of(ec2, own["LaunchTemplate"]) if own.get("LaunchTemplate") else None
        params = merged(version.data, own) if version else own
        if params.get("NetworkInterfaces") and any(own.get(n) for n in ("SubnetId", "SecurityGroupIds")):
            what = "an instance-level subnet ID" if own.get("SubnetId") else "instance-level security groups"
            raise InvalidParameterCombination(f"Network interfaces and {what} may not be specified on the same request")
        tags = template_tags(version) if version else {}
        order = Order(params, subnet_of(ec2, params), int(self._get_param("MaxCount", 1)), tags)
        return ActionResult(launch(ec2, order))

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
    def describe_instances(self) -> Any:
        """With the filters that look at interfaces, profiles and placement groups."""
        asked = super()._filters_from_querystring()
        ours = {name: values for name, values in asked.items() if name in _FILTERS}
        with self._without(ours):
            result = super().describe_instances()
        if ours:
            result.result["Reservations"] = list(_reservations(result.result["Reservations"], ours))
        return result

    def _filters_from_querystring(self) -> dict[str, Any]:
        found = super()._filters_from_querystring()
        return {name: values for name, values in found.items() if name not in self._set_aside}

    @contextlib.contextmanager
    def _without(self, filters: Mapping[str, Any]) -> Iterator[None]:
        self._set_aside = filters
        try:
            yield
        finally:
            self._set_aside = {}

    # https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html
    def terminate_instances(self) -> Any:
        """A group replaces its instance, unless that is suspended."""
        ids = self._get_param("InstanceIds", [])
        ended = self.ec2_backend.terminate_instances(ids)
        for group in self._members(ids):
            group.lost(ids)
        elbv2_backends[self.current_account][self.region].notify_terminate_instances(ids)
        now = {"Code": 32, "Name": "shutting-down"}
        told = [{"InstanceId": each.id, "CurrentState": now, "PreviousState": before} for each, before in ended]
        return ActionResult({"TerminatingInstances": told})

    # https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html
    def stop_instances(self) -> Any:
        """A group takes an instance that does not run for unhealthy."""
        ids = self._get_param("InstanceIds", [])
        result = super().stop_instances()
        for group in self._members(ids):
            group.lost(ids)
        return result

    def _members(self, ids: list[str]) -> list[Any]:
        """The groups of auto scaling that some of the instances are in."""
        found = [getattr(each, "autoscaling_group", None) for each in instances_of(self.ec2_backend) if each.id in ids]
        return [group for group in dict.fromkeys(found) if hasattr(group, "lost")]


def _reservations(found: list[Any], filters: Mapping[str, Any]) -> Iterator[Any]:
    for reservation in found:
        reservation.instances = [each for each in reservation.instances if _passes(each, filters)]
        if reservation.instances:
            yield reservation


def _passes(instance: Any, filters: Mapping[str, Any]) -> bool:
    return all(
        any(value and fnmatchcase(value, wanted) for value in _FILTERS[name](instance) for wanted in values)
        for name, values in filters.items()
    )


class Templates(EC2Response):  # type: ignore[misc]  # moto is not typed
    """What EC2 says of launch templates."""

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html
    def create_launch_template(self) -> Any:
        """The template's own tags are not among those of what it launches, where moto puts them."""
        given = list(self._get_param("LaunchTemplateData.TagSpecifications", []))
        result = super().create_launch_template()
        template = self.ec2_backend.get_launch_template(result.result["LaunchTemplate"]["LaunchTemplateId"])
        data = template.versions[0].data
        data.pop("TagSpecifications", None)
        if given:
            data["TagSpecifications"] = given
        return result

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplateVersion.html
    def create_launch_template_version(self) -> Any:
        """With what its SourceVersion has, which moto leaves out."""
        if source := self._get_param("SourceVersion"):
            named = {"Version": source, **{n: self._get_param(n) for n in ("LaunchTemplateId", "LaunchTemplateName")}}
            before = template_of(self.ec2_backend, named).data
            self.params["LaunchTemplateData"] = {**before, **self._get_param("LaunchTemplateData", {})}
        return super().create_launch_template_version()

    # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeLaunchTemplates.html
    def describe_launch_templates(self) -> Any:
        """With the tags of now; moto tells those of the creation."""
        result = super().describe_launch_templates()
        for told in result.result["LaunchTemplates"]:
            told["Tags"] = self.ec2_backend.get_launch_template(told["LaunchTemplateId"]).get_tags()
        return result
