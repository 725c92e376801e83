"""Auto scaling: instances, processes, hooks, refreshes, policies and schedules of groups, and what reads.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html
"""

from __future__ import annotations

from typing import Final

from narrowgate.catalogue.autoscaling import GROUPS, of_instances, of_policy, upon
from narrowgate.catalogue.rule import Rule, Table, either, key

_READS: Final = (
    "DescribeAccountLimits",
    "DescribeAdjustmentTypes",
    "DescribeAutoScalingGroups",
    "DescribeAutoScalingInstances",
    "DescribeAutoScalingNotificationTypes",
    "DescribeInstanceRefreshes",
    "DescribeLaunchConfigurations",
    "DescribeLifecycleHookTypes",
    "DescribeLifecycleHooks",
    "DescribeLoadBalancerTargetGroups",
    "DescribeLoadBalancers",
    "DescribeMetricCollectionTypes",
    "DescribeNotificationConfigurations",
    "DescribePolicies",
    "DescribeScalingActivities",
    "DescribeScalingProcessTypes",
    "DescribeScheduledActions",
    "DescribeTags",
    "DescribeTerminationPolicyTypes",
    "DescribeTrafficSources",
    "DescribeWarmPool",
    "GetPredictiveScalingForecast",
)
_SIZES: Final = (key("autoscaling:MinSize", "MinSize"), key("autoscaling:MaxSize", "MaxSize"))

TABLE: Final = Table(
    "autoscaling",
    {
        **{action: (Rule(f"autoscaling:{action}"),) for action in _READS},
        **upon(
            "AttachInstances",
            "BatchDeleteScheduledAction",
            "BatchPutScheduledUpdateGroupAction",
            "CancelInstanceRefresh",
            "CompleteLifecycleAction",
            "DeleteLifecycleHook",
            "DeleteNotificationConfiguration",
            "DeleteScheduledAction",
            "DeleteWarmPool",
            "DetachInstances",
            "DisableMetricsCollection",
            "EnableMetricsCollection",
            "EnterStandby",
            "ExitStandby",
            "PutNotificationConfiguration",
            "PutScalingPolicy",
            "PutWarmPool",
            "RecordLifecycleActionHeartbeat",
            "ResumeProcesses",
            "RollbackInstanceRefresh",
            "SetDesiredCapacity",
            "SetInstanceProtection",
            "SuspendProcesses",
        ),
        **upon("PutScheduledUpdateGroupAction", keys=_SIZES),
        # Without the name of the group, AWS finds it by the instance.
        "SetInstanceHealth": (Rule("autoscaling:SetInstanceHealth", of_instances),),
        "TerminateInstanceInAutoScalingGroup": (
            Rule("autoscaling:TerminateInstanceInAutoScalingGroup", either(GROUPS, of_instances)),
        ),
        # Without the name of the group, the policy is named by its ARN, which has it.
        # https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_ExecutePolicy.html
        "DeletePolicy": (Rule("autoscaling:DeletePolicy", of_policy),),
        "ExecutePolicy": (Rule("autoscaling:ExecutePolicy", of_policy),),
    },
    tag_keys=("aws", "autoscaling"),
)
