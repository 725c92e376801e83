"""An auto-scaling group that launches and ends instances as AWS does, where moto 5.2.5 does not.

Everything happens within the call that leads to it. A launch that failed is tried again when the group is changed
or asked to converge again; AWS tries by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup, InstanceState
from moto.core.exceptions import ServiceException

from narrowgate.adapters.sandbox.faithful_autoscaling_activities import failed, note
from narrowgate.adapters.sandbox.faithful_ec2_launch import Order, check, launch, merged, subnet_of, template_tags

_NAME_TAG = "aws:autoscaling:groupName"
_PROTECTED = "Could not scale to desired capacity because all remaining instances are protected from scale-in."


class Member(InstanceState):  # type: ignore[misc]  # moto is not typed
    """An instance of a group, which knows the version of the launch template that it came from."""

    version: Any = None

    @property
    def launch_template(self) -> dict[str, Any] | None:
        """The template and the version; moto tells the default one."""
        if self.version is None:
            return None
        template = self.version.template
        number = str(self.version.number)
        return {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name, "Version": number}


class Group(FakeAutoScalingGroup):  # type: ignore[misc]  # moto is not typed
    """A group. It launches as `AWSServiceRoleForAutoScaling`, whose permissions nobody limits."""

    instance_states: list[Any]
    why = "a user request created an AutoScalingGroup changing the desired capacity."

    @property
    def version(self) -> Any:
        """The version of the launch template that it launches; None with a launch configuration."""
        template = self.ec2_launch_template
        return template.get_version(self.launch_template_version) if template else None

    def set_desired_capacity(self, new_capacity: int | None) -> None:
        """Launch or end instances until there are as many, as far as processes and protection let it."""
        self.desired_capacity = self.min_size if new_capacity is None else new_capacity
        missing = (self.desired_capacity or 0) - len(self.active_instances())
        if missing > 0:
            self.replace_autoscaling_group_instances(missing, {})
        elif missing < 0:
            self._shrink(-missing)
        if self.name in self.autoscaling_backend.autoscaling_groups:
            self._register()

    def converge(self, why: str) -> None:
        """Do what was left: a process was resumed, or protection was taken away."""
        self.why = why
        self.set_desired_capacity(self.desired_capacity)

    def suspended(self, *processes: str) -> bool:
        """Whether one of the processes is suspended.

        https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-suspend-resume-processes.html
        """
        return any(process in self._suspended_processes for process in processes)

    def replace_autoscaling_group_instances(self, count_needed: int, propagated_tags: dict[str, str]) -> None:
        """Launch instances, one by one, each in the subnet that has the fewest. A failure is told by an activity.

        https://docs.aws.amazon.com/autoscaling/ec2/userguide/auto-scaling-benefits.html#arch-AutoScalingMultiAZ
        """
        if self.suspended("Launch"):
            return
        for _ in range(count_needed):
            order = self._order(self.version)
            try:
                node = launch(self.ec2_backend, order).instances[0]
            except ServiceException as refusal:
                failed(self, order, self.why, str(refusal.message))
                return
            node.autoscaling_group = self
            member = Member(node, protected_from_scale_in=self.new_instances_protected_from_scale_in)
            member.version = self.version
            self.instance_states.append(member)
            note(self, f"Launching a new EC2 instance: {node.id}", self.why, subnet=order.subnet)

    def check(self, version: Any) -> None:
        """Raises what EC2 refuses of a launch with that version, as a dry run of the caller's would."""
        order = self._order(version)
        check(self.ec2_backend, order.params, order.subnet)

    def lost(self, ids: Iterable[str]) -> None:
        """Some instances do not run any more: replace them, unless that is suspended.

        https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-health-checks.html
        """
        gone = set(ids)
        if self.suspended("HealthCheck"):
            return
        for member in self.instance_states:
            if member.instance.id in gone:
                member.health_status = "Unhealthy"
        self.replace_unhealthy()

    def replace_unhealthy(self) -> None:
        """End the unhealthy instances and launch others; protection from scale-in does not hold that up."""
        unhealthy = [each for each in self.instance_states if each.health_status == "Unhealthy"]
        if not unhealthy or self.suspended("ReplaceUnhealthy", "Terminate"):
            return
        self.why = "an instance was taken out of service in response to an EC2 health check."
        self.end(unhealthy)
        self.set_desired_capacity(self.desired_capacity)

    def end(self, members: list[Any]) -> None:
        """Terminate instances and forget them. Termination protection of EC2 does not hold auto scaling up."""
        for member in members:
            if member.instance.state != "terminated":
                member.instance.terminate()
            note(self, f"Terminating EC2 instance: {member.instance.id}", self.why)
        self.instance_states = [each for each in self.instance_states if each not in members]

    def _shrink(self, count: int) -> None:
        """https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-instance-protection.html"""
        if self.suspended("Terminate"):
            return
        free = [each for each in self.active_instances() if not each.protected_from_scale_in]
        self.end(free[:count])
        if len(free) < count:
            note(self, "Could not scale in", self.why, _PROTECTED)

    def _order(self, version: Any) -> Order:
        params = merged(version.data, {}) if version else _configured(self.launch_config)
        if override := self._override():
            params["InstanceType"] = override
        if self.placement_group:
            params["Placement"] = {**params.get("Placement", {}), "GroupName": self.placement_group}
        # Of a tag that both give, the group's value counts.
        # https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html
        tags = {**self.get_propagated_tags(), _NAME_TAG: self.name, **(template_tags(version) if version else {})}
        return Order(params, self._subnet(params), 1, tags)

    def _override(self) -> str:
        policy: dict[str, Any] = (self.mixed_instances_policy or {}).get("LaunchTemplate", {})
        overrides: list[dict[str, Any]] = policy.get("Overrides") or []
        return str(overrides[0].get("InstanceType") or "") if overrides else ""

    def _subnet(self, params: dict[str, Any]) -> Any:
        ids = [part.strip() for part in (self.vpc_zone_identifier or "").split(",") if part.strip()]
        if not ids:
            placement = {**params.get("Placement", {}), "AvailabilityZone": self.availability_zones[0]}
            return subnet_of(self.ec2_backend, {"Placement": placement})
        held = [member.instance.subnet_id for member in self.active_instances()]
        return self.ec2_backend.get_subnet(min(ids, key=held.count))

    def _register(self) -> None:
        self.autoscaling_backend.update_attached_elbs(self.name)
        self.autoscaling_backend.update_attached_target_groups(self.name)


def _configured(given: Any) -> dict[str, Any]:
    """The parameters of a launch with a launch configuration."""
    profile = given.iam_instance_profile
    member = "Arn" if profile and profile.startswith("arn:") else "Name"
    found: dict[str, Any] = {
        "ImageId": given.image_id,
        "InstanceType": given.instance_type,
        "KeyName": given.key_name,
        "UserData": given.user_data,
        "EbsOptimized": given.ebs_optimized,
        "MetadataOptions": given.metadata_options,
        "BlockDeviceMappings": given.block_device_mapping_dict,
        "IamInstanceProfile": {member: profile} if profile else None,
        "NetworkInterfaces": [{"DeviceIndex": 0, "Groups": given.security_groups, "AssociatePublicIpAddress": True}]
        if given.associate_public_ip_address
        else None,
        "SecurityGroupIds": None if given.associate_public_ip_address else given.security_groups,
    }
    return {name: value for name, value in found.items() if value}
