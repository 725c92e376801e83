"""What was decided, by which layer, because of which statements; and the choices left open. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from narrowgate.policy.clause import Readable
from narrowgate.policy.document import Effect

Outcome: TypeAlias = Literal["allowed", "explicitDeny", "implicitDeny"]
Layer: TypeAlias = Literal["rcp", "scp", "resource", "identity", "boundary", "session", "endpoint"]

LAYERS: Final[tuple[Layer, ...]] = ("rcp", "scp", "resource", "identity", "boundary", "session", "endpoint")
"""The layers in the order in which AWS looks at them; the endpoint's place is ours.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
"""

ALWAYS_ALLOWED: Final = frozenset({"sts:getcalleridentity", "sts:getsessiontoken"})
"""No policy decides about them, whoever of an account asks. In lower case.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
"""


@dataclass(frozen=True, slots=True)
class Layers:
    """The documents that a request meets. Levels are those of the organization, from the root down.

    `boundaries` and `endpoints`: each must allow. A role's trust policy is its `resource`.
    """

    identity: tuple[Readable, ...] = ()
    boundaries: tuple[Readable, ...] = ()
    session: Readable | None = None
    scps: tuple[tuple[Readable, ...], ...] = ()
    rcps: tuple[tuple[Readable, ...], ...] = ()
    resource: Readable | None = None
    endpoints: tuple[Readable, ...] = ()


@dataclass(frozen=True, slots=True)
class Switches:
    """Choices where AWS's documentation is silent or differs with itself: docs/policy-engine.md."""

    resource_wildcards: Literal["segment-end", "whole"] = "segment-end"
    everyone: Literal["unlimited", "limited"] = "unlimited"
    not_principal: Literal["account-too", "any"] = "account-too"
    unresolved_variable: Literal["statement", "value"] = "statement"
    many_values: Literal["any", "never"] = "any"


DEFAULTS: Final = Switches()


@dataclass(frozen=True, slots=True)
class Deciding:
    """A statement by its place: layer, number of the policy in the layer, number of the statement.

    For SCPs and RCPs the policies of all levels are counted on; both numbers begin with 0.
    """

    layer: Layer
    policy: int
    index: int
    sid: str | None
    effect: Effect


@dataclass(frozen=True, slots=True)
class Decision:
    """AWS's word for the outcome, the layer that made it, and the statements that decided.

    `layer` is None for what AWS always allows. `not_evaluable` are the statements that no engine can
    evaluate: an Allow among them did not match, a Deny did.
    """

    outcome: Outcome
    layer: Layer | None
    statements: tuple[Deciding, ...] = ()
    not_evaluable: tuple[Deciding, ...] = ()
