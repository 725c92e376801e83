"""The attachment of a managed policy to a user or a role; it belongs to that entity. Pure.

Source: AttachUserPolicy and AttachRolePolicy, IAM API reference. Attaching twice is no error in AWS.
"""

from __future__ import annotations

from typing import Literal

from narrowgate.calls import Fields, call
from narrowgate.kinds.drafts import NO_BOUNDARY
from narrowgate.resource import Draft, Installation, Kind, Resource, Script

KIND = Kind("iam_policy_attachment", "a managed policy on a user or role", options=())
NOWHERE = (
    ("tags", "AWS cannot tag an attachment; it belongs to its user or role"),
    ("path", "an attachment has no path"),
    ("name_prefix", "an attachment has no name"),
    NO_BOUNDARY,
)


def resource(
    installation: Installation, address: str, entity: tuple[Literal["User", "Role"], str, str], policy: tuple[str, str]
) -> Resource:
    """`entity` is its sort, its name and its address; `policy` is a name and an address."""
    sort, name, owner = entity
    arn = installation.arn("policy", policy[0])
    params = {f"{sort}Name": name, "PolicyArn": arn}

    def read(whole: bool) -> Script:
        reply = yield call("iam", f"ListAttached{sort}Policies", **{f"{sort}Name": name})
        attached = (reply or Fields()).items_of("AttachedPolicies")
        return Fields(PolicyArn=arn) if any(p.text("PolicyArn") == arn for p in attached) else None

    detach = Draft(call("iam", f"Detach{sort}Policy", **params), "delete", "the policy leaves its entity")
    return Resource(
        address=address,
        name=f"{policy[0]} on {name}",
        identity=f"{installation.arn(sort.lower(), name)} {arn}",
        needs=(owner, policy[1]),
        read=read,
        create=(Draft(call("iam", f"Attach{sort}Policy", **params), "create", "the policy takes effect"),),
        change=lambda found: (),
        delete=lambda found: (detach,),
        parent=owner,
        unsupported=NOWHERE,
    )
