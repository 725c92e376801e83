"""Whose document a grant belongs in, and how resource policies name the principal. Pure."""

from __future__ import annotations

from typing import Any, Final

from narrowgate.explain_denial.denied import Denied
from narrowgate.policy.arn import parse_arn
from narrowgate.policy.decision import Layer

_POLICIES: Final = {
    "s3": "the bucket policy",
    "kms": "the key policy",
    "sts": "the trust policy",
}
SSO: Final = "AWSReservedSSO_"
LINKED: Final = "AWSServiceRoleFor"


def owner(denied: Denied) -> str:
    """The principal's identity in words: the user `bob`, the role `x`."""
    who = denied.requester
    if who is None:
        return f"the principal `{denied.principal}`" if denied.principal else "the principal"
    name = who.arn.rpartition("/")[2]
    match who.kind:
        case "user":
            return f"the user `{name}`"
        case "role" | "assumed-role":
            return f"the role `{who.role}`"
        case "federated-user":
            return "the user who asked for the federation token"
        case "root":
            return f"the root user of account {who.account}"
    return f"the {who.type.lower()} principal"


def document_of(denied: Denied, layer: Layer) -> str:
    """The document of a layer, in words."""
    match layer:
        case "identity":
            groups = ", or of a group of it" if denied.requester and denied.requester.kind == "user" else ""
            return f"an identity policy of {owner(denied)}{groups}"
        case "boundary":
            return f"the permissions boundary of {owner(denied)}"
        case "session":
            return "the session policy that is given when the session is made"
        case "scp":
            return "an SCP, at each level of the organization that does not allow it"
        case "rcp":
            return "an RCP"
        case "endpoint":
            return "the policy of the VPC endpoint"
    service = denied.action.partition(":")[0]
    words = _POLICIES.get(service, "the resource policy")
    return f"{words} of `{_name(denied)}`" if _name(denied) else words


def _name(denied: Denied) -> str:
    if denied.action.startswith("s3:") and ":s3:::" in denied.resource:
        return denied.resource.partition(":s3:::")[2].partition("/")[0]
    return denied.resource if denied.resource != "*" else ""


def principal_arn(denied: Denied) -> str:
    """`aws:PrincipalArn` of the principal: a session's is its role's, which without a known path is a guess."""
    who, arn = denied.requester, parse_arn(denied.principal)
    if who is None or arn is None or not who.arn:
        return ""
    if who.kind != "assumed-role":
        return who.arn
    return denied.role_arn or f"arn:{arn.partition}:iam::{arn.account}:role/{who.role}"


def principal_element(denied: Denied) -> Any:
    """The Principal of a statement that grants to the principal alone; None where it is not known, or nobody."""
    who = denied.requester
    if who is None or who.type == "Anonymous":
        return None
    if who.type == "Service":
        return {"Service": who.service}
    return {"AWS": principal_arn(denied)} if who.type == "AWS" else None
