"""What to do about a denial, in sentences, where a grant alone is not the answer. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from narrowgate.explain_denial.denied import WORDS, Denied
from narrowgate.explain_denial.owners import LINKED, SSO, document_of
from narrowgate.policy.decision import Layer

_ORGANIZATION: Final = (
    "it is changed in the organization's management account, or by a delegated administrator, not in this account"
)
_EXCEPT: Final[Mapping[Layer, str]] = {
    "identity": "by NotResource or a condition on the resource, or take it away",
    "boundary": "by NotResource or a condition, or take it away; the boundary is there so that others cannot",
    "session": "when the session is made; it ends with the session",
    "resource": "by a condition such as ArnNotEquals aws:PrincipalArn, or take it away",
    "endpoint": "by a condition such as ArnNotEquals aws:PrincipalArn, or use another way than this endpoint",
    "scp": "by a condition such as ArnNotEquals aws:PrincipalArn",
    "rcp": "by a condition such as ArnNotEquals aws:PrincipalArn",
}


def crosses(denied: Denied) -> bool:
    """Whether the resource belongs to another account than the principal, as far as is known."""
    parts = denied.resource.split(":", 5)
    owner = denied.resource_account or (parts[4] if len(parts) == 6 else "")
    own = denied.account
    return own != "" and owner.isdecimal() and len(owner) == 12 and owner != own


def possible(denied: Denied) -> tuple[Layer, ...]:
    """The layers that may have said no, the likeliest first, where AWS did not say which."""
    if denied.layer is not None:
        return ()
    service = denied.action.partition(":")[0] or denied.service
    if service in ("sts", "kms") or crosses(denied):
        return ("resource", "identity", "scp", "rcp", "boundary", "session", "endpoint")
    return ("identity", "scp", "boundary", "session", "resource", "rcp", "endpoint")


def advice(denied: Denied, candidates: tuple[str, ...]) -> Iterator[str]:
    """The sentences, the most important first."""
    if denied.cross_account_pass:
        yield "no grant helps: a role can be passed only within its own account. Use a role of the account of the call"
        return
    if denied.how == "explicitDeny":
        yield from _about_deny(denied)
    else:
        yield from _about_silence(denied)
    yield from _about_organization(denied)
    yield from _about_owner(denied)
    yield from _about_gaps(denied, candidates)


def _about_deny(denied: Denied) -> Iterator[str]:
    if denied.layer is None:
        named = ", ".join(WORDS[layer] for layer in possible(denied))
        yield f"a Deny wins over every Allow: no grant helps. Which policy has it is not told: {named}"
        return
    where = f"the policy `{denied.policy_arn}`" if denied.policy_arn else document_of(denied, denied.layer)
    yield f"a Deny wins over every Allow: no grant helps. Narrow the Deny in {where}, {_EXCEPT[denied.layer]}"
    yield "when the Deny is gone, an Allow is needed as well; whether there is one is not told"


def _about_silence(denied: Denied) -> Iterator[str]:
    if denied.layer is None:
        named = ", ".join(WORDS[layer] for layer in possible(denied))
        yield f"which layer said no is not told; it may be any of: {named}"
        if denied.how is None:
            yield "whether a Deny matched or nothing allowed it is not told: against a Deny no grant helps"
    elif denied.how is None:
        yield "whether that policy denies it or only does not allow it is not told; nor whether the resource exists"
    if denied.layer == "rcp":
        yield "an RCP only denies, and RCPFullAWSAccess is attached everywhere: no Allow is missing there"
    if crosses(denied):
        yield (
            "the resource is of another account: both sides must allow it, an identity policy here and the "
            "resource's policy there"
        )
    elif denied.action.startswith("kms:") and denied.layer in (None, "identity"):
        yield "an identity policy counts for a key only if the key policy leaves it to the account"
    elif denied.action.lower() == "sts:assumerole" and denied.layer != "resource":
        yield "a role's trust policy must name the principal, or its account: only then does an identity policy count"


def _about_organization(denied: Denied) -> Iterator[str]:
    if denied.layer in ("scp", "rcp"):
        yield f"{'an SCP' if denied.layer == 'scp' else 'an RCP'} belongs to the organization: {_ORGANIZATION}"


def _about_owner(denied: Denied) -> Iterator[str]:
    who = denied.requester
    role = who.role if who else ""
    if role.startswith(SSO):
        yield "the role is made by IAM Identity Center: change the permission set there, not the role"
    elif role.startswith(LINKED) or (who is not None and who.category == "service-linked"):
        yield "the role is service-linked: its policies are AWS's and cannot be changed"
    if who is not None and who.type == "Anonymous":
        yield "nobody signed the request: sign it with credentials. Allowing it as it is would allow everybody"
    if denied.action.lower() in ("sts:assumerolewithwebidentity", "sts:assumerolewithsaml"):
        yield (
            "the role's trust policy must name the identity provider as Federated principal, and its conditions "
            "(aud, sub) must fit the token; AWS does not tell which did not"
        )


def _about_gaps(denied: Denied, candidates: tuple[str, ...]) -> Iterator[str]:
    if denied.guessed_service:
        yield f"the service is not told: `{denied.operation}` is taken to be that of `{denied.service}`"
    if not denied.action:
        if candidates:
            yield f"the action is not told. `{denied.operation}` asks for: {', '.join(candidates)}. Say `--action`"
        else:
            yield "neither the action nor the operation is told: say `--action`, or look for the event in CloudTrail"
    if not denied.resource:
        yield "the resource is not told: say `--resource ARN`, or look for the event in CloudTrail"
    if not denied.principal:
        yield "who asked is not told: say `--principal ARN`; `aws sts get-caller-identity` shows it"
    if denied.encoded:
        yield (
            "more is in the encoded message: add `--decode` (AWS credentials with sts:DecodeAuthorizationMessage) or "
            "`--sandbox`, or give what `aws sts decode-authorization-message --encoded-message ...` prints"
        )
