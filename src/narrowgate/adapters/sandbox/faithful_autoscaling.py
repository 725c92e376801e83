"""EC2 Auto Scaling as AWS answers where moto 5.2.5 does not. Each override names the page that it follows.

Groups that CloudFormation makes stay moto's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.exceptions import EC2ClientError
from moto.iam.models import iam_backends

from narrowgate.adapters.sandbox.faithful_autoscaling_activities import activities
from narrowgate.adapters.sandbox.faithful_autoscaling_groups import Group
from narrowgate.adapters.sandbox.faithful_ec2_launch import template_of
from narrowgate.adapters.sandbox.faithful_service_role import ensure

_MADE_OF: Final = ("LaunchConfigurationName", "LaunchTemplate", "InstanceId", "MixedInstancesPolicy")
_MIXED: Final = "MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification"


class FaithfulAutoScaling(AutoScalingResponse):  # type: ignore[misc]  # moto is not typed
    """What Auto Scaling says of groups, their instances and activities."""

    # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html
    def create_auto_scaling_group(self) -> Any:
        """A new name; a launch that EC2 would accept; the service-linked role is made with the first group."""
        backend, name = self.autoscaling_backend, self._get_param("AutoScalingGroupName")
        if name in backend.autoscaling_groups:
            words = f"AutoScalingGroup by this name already exists - A group with the name {name} already exists"
            raise AutoscalingClientError("AlreadyExists", words)
        if sum(1 for each in _MADE_OF if self._get_param(each)) != 1:
            raise ValidationError(
                "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or "
                "MixedInstancesPolicy parameter."
            )
        if self._get_param("InstanceId"):
            return super().create_auto_scaling_group()
        _refuse_sizes(self._get_int_param("MinSize"), self._get_int_param("MaxSize"), self._desired())
        with _tried():
            group = self._new_group(name)
            group.check(group.version)
        ensure(iam_backends[self.current_account][self.partition], "autoscaling.amazonaws.com", self.partition)
        backend.autoscaling_groups[name] = group
        group.set_desired_capacity(self._desired())
        return EmptyResult()

    def _desired(self) -> int | None:
        found: int | None = self._get_int_param("DesiredCapacity")
        return found

    def _new_group(self, name: str) -> Group:
        """The group, without an instance yet."""
        param, backend = self._get_param, self.autoscaling_backend
        self._require_subnets()
        return Group(
            name=name,
            availability_zones=param("AvailabilityZones", []),
            desired_capacity=0,
            max_size=self._get_int_param("MaxSize"),
            min_size=self._get_int_param("MinSize"),
            launch_config_name=self._configuration(),
            launch_template=param("LaunchTemplate", {}),
            vpc_zone_identifier=param("VPCZoneIdentifier"),
            default_cooldown=self._get_int_param("DefaultCooldown"),
            health_check_period=self._get_int_param("HealthCheckGracePeriod") or 0,
            health_check_type=param("HealthCheckType"),
            load_balancers=param("LoadBalancerNames", []),
            target_group_arns=param("TargetGroupARNs", []),
            placement_group=param("PlacementGroup"),
            termination_policies=param("TerminationPolicies", []),
            autoscaling_backend=backend,
            ec2_backend=backend.ec2_backend,
            tags=param("Tags", []),
            mixed_instances_policy=param("MixedInstancesPolicy"),
            capacity_rebalance=param("CapacityRebalance", False),
            new_instances_protected_from_scale_in=param("NewInstancesProtectedFromScaleIn", False),
        )

    def _configuration(self) -> str:
        name = str(self._get_param("LaunchConfigurationName") or "")
        if name and name not in self.autoscaling_backend.launch_configurations:
            raise ValidationError("Launch configuration name not found - null")
        return name

    def _require_subnets(self) -> None:
        known = {id_ for of_zone in self.autoscaling_backend.ec2_backend.subnets.values() for id_ in of_zone}
        for id_ in (part.strip() for part in (self._get_param("VPCZoneIdentifier") or "").split(",")):
            if id_ and id_ not in known:
                raise ValidationError(f"The subnet ID '{id_}' does not exist")

    # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_UpdateAutoScalingGroup.html
    def update_auto_scaling_group(self) -> Any:
        """Sizes that fit; another template or placement group is for the instances to come."""
        group = self._group()
        least, most = self._get_int_param("MinSize", group.min_size), self._get_int_param("MaxSize", group.max_size)
        _refuse_sizes(least, most, self._desired())
        self._require_subnets()
        self._configuration()
        mixed = group.mixed_instances_policy
        self._try(group)
        group.why = "a user request updated the AutoScalingGroup."
        if (placement := self._get_param("PlacementGroup")) is not None:
            group.placement_group = placement
        result = super().update_auto_scaling_group()
        if not (self._get_param("MixedInstancesPolicy") or self._get_param("LaunchTemplate")):
            group.mixed_instances_policy = mixed
        if self._desired() is None:
            group.set_desired_capacity(min(max(group.desired_capacity, group.min_size), group.max_size))
        return result

    def _try(self, group: Any) -> None:
        named = self._get_param("LaunchTemplate") or self._get_param(_MIXED)
        if named and isinstance(group, Group):
            with _tried():
                group.check(template_of(group.ec2_backend, named))

    # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DeleteAutoScalingGroup.html
    def delete_auto_scaling_group(self) -> Any:
        """ResourceInUse while it has instances, unless by force: then they are terminated, protected or not."""
        group = self._group()
        if group.instance_states and not self._get_bool_param("ForceDelete", False):
            raise AutoscalingClientError(
                "ResourceInUse",
                "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s)"
                " still in the group.",
            )
        group.why = "a user request force deleted the AutoScalingGroup."
        if isinstance(group, Group):
            group.end(list(group.instance_states))
        return super().delete_auto_scaling_group()

    # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetDesiredCapacity.html
    def set_desired_capacity(self) -> Any:
        """Within the sizes of the group."""
        group, wanted = self._group(), self._desired()
        if wanted is not None and group.max_size is not None and wanted > group.max_size:
            words = f"New SetDesiredCapacity value {wanted} is above max value {group.max_size} for the"
            raise ValidationError(f"{words} AutoScalingGroup.")
        if wanted is not None and wanted < (group.min_size or 0):
            words = f"New SetDesiredCapacity value {wanted} is below min value {group.min_size} for the"
            raise ValidationError(f"{words} AutoScalingGroup.")
        group.why = f"a user request explicitly set group desired capacity changing it to {wanted}."
        return super().set_desired_capacity()

    # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SuspendProcesses.html
    def suspend_processes(self) -> Any:
        """In a fixed order; moto's order is chance."""
        group = self._group()
        result = super().suspend_processes()
        group.suspended_processes = sorted(group._suspended_processes)
        return result

    # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_ResumeProcesses.html
    def resume_processes(self) -> Any:
        """What was held up is done."""
        group = self._group()
        result = super().resume_processes()
        group.suspended_processes = sorted(group._suspended_processes)
        if isinstance(group, Group):
            group.replace_unhealthy()
            group.converge("a process of the AutoScalingGroup was resumed.")
        return result

    # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceProtection.html
    def set_instance_protection(self) -> Any:
        """Without protection, what was to be scaled in is."""
        group = self._group()
        known = {each.instance.id for each in group.instance_states}
        for id_ in self._get_param("InstanceIds", []):
            if id_ not in known:
                raise ValidationError(f"The instance {id_} is not part of Auto Scaling group {group.name}.")
        result = super().set_instance_protection()
        if isinstance(group, Group):
            group.converge("instance scale-in protection changed.")
        return result

    # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetInstanceHealth.html
    def set_instance_health(self) -> Any:
        """An unhealthy instance is replaced, unless that is suspended."""
        id_ = self._get_param("InstanceId")
        group = self._group_of(id_)
        result = super().set_instance_health()
        if isinstance(group, Group):
            group.replace_unhealthy()
        return result

    # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_TerminateInstanceInAutoScalingGroup.html
    def terminate_instance_in_auto_scaling_group(self) -> Any:
        """A replacement is launched unless the desired capacity is decremented; protection does not hold it up."""
        id_, shrink = self._get_param("InstanceId"), self._get_bool_param("ShouldDecrementDesiredCapacity", False)
        group = self._group_of(id_)
        if not isinstance(group, Group):
            return super().terminate_instance_in_auto_scaling_group()
        if shrink and group.desired_capacity <= group.min_size:
            raise ValidationError(
                f"Currently, desiredSize equals minSize ({group.min_size}). Terminating instance without replacement"
                " will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false"
                " or lower group's min size."
            )
        group.why = f"instance {id_} was taken out of service in response to a user request."
        group.end([each for each in group.instance_states if each.instance.id == id_])
        ended = activities(self.autoscaling_backend)[0].told(is_gone=False)
        group.set_desired_capacity(group.desired_capacity - int(shrink))
        return ActionResult({"Activity": ended})

    # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_DescribeScalingActivities.html
    def describe_scaling_activities(self) -> Any:
        """The newest first; those of deleted groups where they are asked for."""
        backend, name = self.autoscaling_backend, self._get_param("AutoScalingGroupName")
        ids, gone_too = self._get_param("ActivityIds", []), self._get_bool_param("IncludeDeletedGroups", False)
        living = {group.arn for group in backend.autoscaling_groups.values()}
        if name and not gone_too and not ids and name not in backend.autoscaling_groups:
            raise _unknown(name)
        found = [
            each.told(is_gone=each.arn not in living)
            for each in activities(backend)
            if (not name or name in (each.group, each.arn))
            and (not ids or each.id in ids)
            and (gone_too or ids or each.arn in living)
        ]
        start, size = int(self._get_param("NextToken") or 0), self._get_int_param("MaxRecords", 100)
        more = str(start + size) if len(found) > start + size else None
        return ActionResult({"Activities": found[start : start + size], "NextToken": more})

    def _group(self) -> Any:
        name = self._get_param("AutoScalingGroupName")
        found = self.autoscaling_backend.autoscaling_groups.get(name)
        if found is None:
            raise _unknown(name)
        return found

    def _group_of(self, id_: str) -> Any:
        for group in self.autoscaling_backend.autoscaling_groups.values():
            if any(each.instance.id == id_ for each in group.instance_states):
                return group
        raise ValidationError(f"Instance Id not found - No managed instance found for instance ID: {id_}")


def _unknown(name: str) -> ValidationError:
    return ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")


def _refuse_sizes(least: int | None, most: int | None, desired: int | None) -> None:
    if least is not None and most is not None and least > most:
        raise ValidationError(f"Max bound, {most}, must be greater than or equal to min bound, {least}")
    if desired is not None and not (least or 0) <= desired <= (desired if most is None else most):
        raise ValidationError(
            f"Desired capacity:{desired} must be between the specified min size:{least} and max size:{most}"
        )


@contextmanager
def _tried() -> Iterator[None]:
    """A template is tried when a group is made or changed: what it names must be there then.

    https://docs.aws.amazon.com/autoscaling/ec2/userguide/ts-as-launch-template.html
    """
    try:
        yield
    except EC2ClientError as refusal:
        words = f"You must use a valid fully-formed launch template. {refusal.message}"
        raise ValidationError(words) from None
