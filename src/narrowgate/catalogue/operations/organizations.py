"""Organizations: accounts, units and policies. Source: the Service Authorization Reference and the API pages.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsorganizations.html
INVARIANT: every ARN has the id of the organization and the account that manages it. They come from the link
`self` of the ARN `organization` without an id; a policy's, which has its type too, from the link `self` of
`policy/` with its id. What nobody knows there is text that no policy can name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from narrowgate.catalogue.rule import (
    RESERVED,
    Asked,
    Keys,
    Rule,
    Table,
    Target,
    Where,
    created,
    either,
    given,
    key,
    request_tags,
    tag_keys,
)
from narrowgate.catalogue.service_linked import service_linked
from narrowgate.policy.request_context import Value


class _Form(NamedTuple):
    """How ids of a type begin, how ARNs spell the type, and how the reference does."""

    prefix: str
    part: str
    type: str


_ACCOUNT: Final = _Form("", "account", "account")
_POLICY: Final = _Form("p-", "policy", "policy")
_ROOT: Final = _Form("r-", "root", "root")
_UNIT: Final = _Form("ou-", "ou", "organizationalunit")
_RESOURCE_POLICY: Final = _Form("rp-", "resourcepolicy", "resourcepolicy")
_PREFIXED: Final = (_POLICY, _ROOT, _UNIT, _RESOURCE_POLICY)


def _of_organization(asked: Asked, part: str, rest: str) -> str:
    own = asked.place.arn("organizations", "organization", region="")
    known = next(iter(asked.known(own).links.get("self", ())), "")
    organization = known.rpartition("/")[2] or f"o-{RESERVED}"
    account = known.split(":")[4] if known else None
    return asked.place.arn("organizations", f"{part}/{organization}/{rest}", region="", account=account)


def _target(asked: Asked, id_: str, form: _Form) -> Target:
    """What an id means: its beginning tells, and `form` where it has none of AWS's beginnings.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_AttachPolicy.html
    """
    form = next((each for each in _PREFIXED if id_.startswith(each.prefix)), form)
    whole = id_ if id_.startswith(form.prefix) else form.prefix + id_
    plain = asked.place.arn("organizations", f"{form.part}/{whole}", region="")
    rest = f"{RESERVED}/{whole}" if form is _POLICY else whole
    known = next(iter(asked.known(plain).links.get("self", ())), "")
    return Target(known or _of_organization(asked, form.part, rest), form.type)


def _those(path: str, form: _Form = _ACCOUNT) -> Where:
    return lambda asked: (_target(asked, text, form) for text in asked.texts(path))


def _own_or(path: str) -> Where:
    """The account at a path, by default the caller's."""

    def where(asked: Asked) -> Iterable[Target]:
        return (_target(asked, asked.text(path) or asked.place.account, _ACCOUNT),)

    return where


_TYPE: Final = "organizations:PolicyType"


def _one(action: str, path: str, form: _Form = _ACCOUNT, keys: tuple[Keys, ...] = ()) -> tuple[Rule, ...]:
    return (Rule(f"organizations:{action}", _those(path, form), keys=keys),)


def _plain(action: str, *keys: Keys) -> tuple[Rule, ...]:
    return (Rule(f"organizations:{action}", keys=keys),)


def _tagged(where: Where) -> Rule:
    # https://docs.aws.amazon.com/organizations/latest/userguide/orgs_tagging.html
    return Rule("organizations:TagResource", where, given("Tags"), (request_tags(),))


def _new_policy(asked: Asked) -> str:
    return _of_organization(asked, "policy", f"{asked.text('Type').lower()}/p-*")


def _attached_type(asked: Asked, _: Target) -> Mapping[str, Value]:
    """The policy's type, which the request for its target has too."""
    policy = next(iter(_those("PolicyId", _POLICY)(asked)), None)
    value = asked.known(policy.arn).keys.get(_TYPE) if policy else None
    return {_TYPE: value} if value else {}


_NEW_POLICY: Final = created("policy", _new_policy)
_NEW_UNIT: Final = created("organizationalunit", lambda asked: _of_organization(asked, "ou", "ou-*"))
_NEW_ACCOUNT: Final = created("account", lambda asked: _of_organization(asked, "account", "*"))
_ATTACHED: Final = either(_those("PolicyId", _POLICY), _those("TargetId"))
_MOVED: Final = either(_those("AccountId"), _those("SourceParentId", _ROOT), _those("DestinationParentId", _UNIT))
_SERVICE: Final = key("organizations:ServicePrincipal", "ServicePrincipal")
_GIVEN_TYPE: Final = key(_TYPE, "PolicyType")
_FILTERED: Final = key(_TYPE, "Filter")

TABLE: Final = Table(
    "organizations",
    {
        # https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_org_create.html
        "CreateOrganization": (
            *_plain("CreateOrganization"),
            service_linked("organizations", "AWSServiceRoleForOrganizations"),
        ),
        **{
            action: _plain(action)
            for action in (
                "DeleteOrganization",
                "DescribeCreateAccountStatus",
                "DescribeOrganization",
                "EnableAllFeatures",
                "LeaveOrganization",
                "ListAWSServiceAccessForOrganization",
                "ListAccounts",
                "ListCreateAccountStatus",
                "ListRoots",
            )
        },
        # Accounts
        "CreateAccount": (*_plain("CreateAccount", request_tags()), _tagged(_NEW_ACCOUNT)),
        **{action: _one(action, "AccountId") for action in ("CloseAccount", "DescribeAccount")},
        "RemoveAccountFromOrganization": _one("RemoveAccountFromOrganization", "AccountId"),
        "MoveAccount": (Rule("organizations:MoveAccount", _MOVED),),
        "ListAccountsForParent": _one("ListAccountsForParent", "ParentId", _ROOT),
        "ListChildren": _one("ListChildren", "ParentId", _ROOT),
        "ListParents": _one("ListParents", "ChildId"),
        # Units
        "CreateOrganizationalUnit": (
            *_one("CreateOrganizationalUnit", "ParentId", _ROOT, keys=(request_tags(),)),
            _tagged(_NEW_UNIT),
        ),
        **{
            action: _one(action, "OrganizationalUnitId", _UNIT)
            for action in ("DeleteOrganizationalUnit", "DescribeOrganizationalUnit", "UpdateOrganizationalUnit")
        },
        "ListOrganizationalUnitsForParent": _one("ListOrganizationalUnitsForParent", "ParentId", _ROOT),
        # Policies. The key of an existing policy's type is one of its own, which facts tell.
        "CreatePolicy": (
            Rule("organizations:CreatePolicy", _NEW_POLICY, keys=(key(_TYPE, "Type"), request_tags())),
            Rule("organizations:TagResource", _NEW_POLICY, given("Tags"), (key(_TYPE, "Type"), request_tags())),
        ),
        **{
            action: _one(action, "PolicyId", _POLICY)
            for action in ("DeletePolicy", "DescribePolicy", "ListTargetsForPolicy", "UpdatePolicy")
        },
        "AttachPolicy": (Rule("organizations:AttachPolicy", _ATTACHED, keys=(_attached_type,)),),
        "DetachPolicy": (Rule("organizations:DetachPolicy", _ATTACHED, keys=(_attached_type,)),),
        "ListPolicies": _plain("ListPolicies", _FILTERED),
        "ListPoliciesForTarget": _one("ListPoliciesForTarget", "TargetId", keys=(_FILTERED,)),
        "EnablePolicyType": _one("EnablePolicyType", "RootId", _ROOT, keys=(_GIVEN_TYPE,)),
        "DisablePolicyType": _one("DisablePolicyType", "RootId", _ROOT, keys=(_GIVEN_TYPE,)),
        "DescribeEffectivePolicy": (
            Rule("organizations:DescribeEffectivePolicy", _own_or("TargetId"), keys=(_GIVEN_TYPE,)),
        ),
        # Services and tags
        "EnableAWSServiceAccess": _plain("EnableAWSServiceAccess", _SERVICE),
        "DisableAWSServiceAccess": _plain("DisableAWSServiceAccess", _SERVICE),
        "ListDelegatedAdministrators": _plain("ListDelegatedAdministrators", _SERVICE),
        "ListDelegatedServicesForAccount": _one("ListDelegatedServicesForAccount", "AccountId"),
        "RegisterDelegatedAdministrator": _one("RegisterDelegatedAdministrator", "AccountId", keys=(_SERVICE,)),
        "DeregisterDelegatedAdministrator": _one("DeregisterDelegatedAdministrator", "AccountId", keys=(_SERVICE,)),
        "TagResource": _one("TagResource", "ResourceId", keys=(request_tags(),)),
        "UntagResource": _one("UntagResource", "ResourceId", keys=(tag_keys(),)),
        "ListTagsForResource": _one("ListTagsForResource", "ResourceId"),
    },
    home=True,
)
