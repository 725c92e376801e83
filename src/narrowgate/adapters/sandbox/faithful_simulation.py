"""The policy simulator of IAM, which moto 5.2.5 does not have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.exceptions import IAMException, NotFoundException, ValidationError
from moto.iam.responses import IamResponse

from narrowgate.adapters.action_data import action_list, arn_template
from narrowgate.adapters.sandbox import managed
from narrowgate.adapters.sandbox.administrator import ADMIN_USER
from narrowgate.adapters.sandbox.faithful_base import Checked
from narrowgate.adapters.sandbox.gate import policy
from narrowgate.adapters.sandbox.identities import FULL_ACCESS, Principal, levels, take
from narrowgate.adapters.sandbox.simulation import Simulation, Source, context_keys, simulate
from narrowgate.adapters.sandbox.simulation_input import (
    Unusable,
    boundary_of,
    caller_of,
    check_scenario,
    context_of,
    entity_of,
    owner_of,
    policy_of,
    sources_of,
)
from narrowgate.adapters.sandbox.simulation_reply import evaluation_result
from narrowgate.policy.actions import ActionList
from narrowgate.policy.arn import matches
from narrowgate.policy.clause import Policy
from narrowgate.policy.request_context import Requester


class Simulator(Checked, IamResponse):  # type: ignore[misc]  # moto is not typed
    """What IAM says of policies without making the call."""

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
    def simulate_custom_policy(self) -> Any:
        """The policies given; `OrderedOrganizationPolicyInputList` are the SCPs."""
        return _answered(lambda: self._simulated(self._custom()))

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    def simulate_principal_policy(self) -> Any:
        """The policies of a user with its groups, a group or a role, and those given."""
        return _answered(lambda: self._simulated(self._of_principal()))

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForCustomPolicy.html
    def get_context_keys_for_custom_policy(self) -> Any:
        """The condition keys and variables of the policies given."""
        return _answered(lambda: {"ContextKeyNames": _keys(self._given())})

    # https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForPrincipalPolicy.html
    def get_context_keys_for_principal_policy(self) -> Any:
        """The same for the policies of a user with its groups, a group or a role."""
        return _answered(lambda: {"ContextKeyNames": _keys((*self._attached(), *self._given()))})

    def _custom(self) -> Simulation:
        given = self._get_param("OrderedOrganizationPolicyInputList", [])
        scps = tuple(
            tuple(
                policy_of(text, "scp", f"OrderedOrganizationPolicyInputList.{number}")
                for text in level.get("ServiceControlPolicyInputList", [])
            )
            for number, level in enumerate(given, 1)
        )
        caller = self._get_param("CallerArn") or ""
        if self._get_param("ResourcePolicy") and not caller:
            raise Unusable("CallerArn is required if you include a ResourcePolicy.")
        return self._simulation(self._caller_at(caller), self._given(), self._boundary(), scps if given else None)

    def _of_principal(self) -> Simulation:
        if self._get_param("PolicyExclusionList"):
            raise NotImplementedError("PolicyExclusionList")
        arn = self._get_param("PolicySourceArn")
        attached = self._attached()
        found = take((self.current_account,), self.partition).principals.get(arn)
        given = levels(self.current_account, self.partition)
        scps = None if given is None else tuple(tuple(policy(text, "scp") for text in level) for level in given)
        boundary = self._boundary() or _boundary(found)
        caller = self._caller_at(self._get_param("CallerArn") or arn)
        return self._simulation(caller, (*attached, *self._given()), boundary, scps)

    def _simulation(
        self,
        caller: Requester,
        identity: tuple[Source, ...],
        boundary: Policy | None,
        scps: tuple[tuple[Policy, ...], ...] | None,
    ) -> Simulation:
        text = self._get_param("ResourcePolicy")
        if text and caller.kind == "role":
            raise Unusable("Simulation of resource-based policies is not supported for IAM roles.")
        name = "ResourcePolicy"
        resource = Source(name, policy_of(text, "resource", name), text) if text else None
        owner = owner_of(self._get_param("ResourceOwner") or "")
        context = context_of(self._get_param("ContextEntries", []))
        return Simulation(caller, identity, boundary, scps, resource, owner, context)

    def _simulated(self, simulation: Simulation) -> dict[str, Any]:
        actions, resources = self._get_param("ActionNames", []), self._get_param("ResourceArns", []) or ["*"]
        if not actions:
            raise ValidationError(
                "1 validation error detected: Value null at 'actionNames' failed to satisfy"
                " constraint: Member must not be null"
            )
        check_scenario(self._get_param("ResourceHandlingOption") or "", resources)
        told = []
        for action in actions:
            results = [(resource, simulate(simulation, action, resource)) for resource in resources]
            told.append(evaluation_result(action, _template(action, resources), results))
        return {"EvaluationResults": told}

    def _given(self) -> tuple[Source, ...]:
        return sources_of(self._get_param("PolicyInputList", []))

    def _boundary(self) -> Policy | None:
        return boundary_of(self._get_param("PermissionsBoundaryPolicyInputList", []))

    def _caller_at(self, arn: str) -> Requester:
        return caller_of(arn, self.current_account, self.partition)

    def _attached(self) -> tuple[Source, ...]:
        """The policies of the entity in PolicySourceArn, a user's with those of its groups."""
        arn = self._get_param("PolicySourceArn")
        kind, name = entity_of(arn), arn.rpartition("/")[2]
        own = f"arn:{self.partition}:iam::{self.current_account}:"
        if arn == f"{own}user/{ADMIN_USER}":
            return (Source("AdministratorAccess", policy(FULL_ACCESS, "identity"), FULL_ACCESS, is_placed=False),)
        holder = next((one for one in self._entities(kind) if one.arn == arn), None)
        if holder is None:
            raise NotFoundException(f"The {kind} with name {name} cannot be found.")
        groups = self.backend.get_groups_for_user(name) if kind == "user" else ()
        sources = [*_sources(holder, kind), *(source for group in groups for source in _sources(group, "group"))]
        return tuple(sources)

    def _entities(self, kind: str) -> Any:
        if kind == "role":
            return self.backend.get_roles()
        return (self.backend.users if kind == "user" else self.backend.groups).values()


def _answered(answer: Callable[[], dict[str, Any]]) -> Any:
    """The answer, or AWS's InvalidInput."""
    try:
        return ActionResult(answer())
    except ValueError as why:
        raise IAMException("InvalidInput", str(why)) from None


def _keys(sources: tuple[Source, ...]) -> list[str]:
    return list(context_keys(source.policy for source in sources))


def _boundary(found: Principal | None) -> Policy | None:
    return None if found is None or found.boundary is None else policy(found.boundary, "boundary")


def _sources(holder: Any, kind: str) -> Iterator[Source]:
    """Called as AWS calls them: an inline policy by its entity and its name, a managed one by its name."""
    for name, text in holder.policies.items():
        yield Source(f"{kind}_{holder.name}_{name}", policy(text, "identity"), text)
    for each in holder.managed_policies.values():
        text = next((v.document for v in each.versions if v.version_id == each.default_version_id), "")
        yield Source(each.name, policy(text, "identity"), text, is_placed=not managed.is_of_aws(each.arn))


def _template(action: str, resources: list[str]) -> str:
    """The ARN of the first resource's type with what is open in it; `*` where the action has no such type."""
    types = () if set(resources) == {"*"} else _actions().types_of(action)
    found = (t.name for resource in resources for t in types if any(matches(pattern, resource) for pattern in t.arns))
    name = next(found, None)
    return "*" if name is None else arn_template(action.partition(":")[0].lower(), name)


@cache
def _actions() -> ActionList:
    return action_list()
