"""Pages of IAM's lists, where moto gives all or ignores what was asked: order, Marker, MaxItems.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html and its siblings. A marker says
how many were shown; like AWS's it is opaque.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from moto.iam.exceptions import ValidationError

DEFAULT: Final = 100
"""How many are shown where MaxItems is not given; at most 1,000, which the model of the parameter says."""
EVERYTHING: Final = 1_000_000
_Order: TypeAlias = Callable[[Any], Any]


def _name(thing: Any) -> Any:
    return thing.name.lower()


def _key(tag: Any) -> Any:
    return tag["Key"].lower()


_BY_NAME: Final = {
    "ListUsers": "Users",
    "ListRoles": "Roles",
    "ListGroups": "Groups",
    "ListGroupsForUser": "Groups",
    "ListPolicies": "Policies",
    "ListInstanceProfiles": "InstanceProfiles",
    "ListInstanceProfilesForRole": "InstanceProfiles",
    "GetGroup": "Users",
}
_AS_THEY_ARE: Final = {
    "GetAccountAuthorizationDetails": "UserDetailList GroupDetailList RoleDetailList Policies",
    "ListAccessKeys": "AccessKeyMetadata",
    "ListAccountAliases": "AccountAliases",
    "ListAttachedGroupPolicies": "AttachedPolicies",
    "ListAttachedRolePolicies": "AttachedPolicies",
    "ListAttachedUserPolicies": "AttachedPolicies",
    "ListEntitiesForPolicy": "PolicyGroups PolicyUsers PolicyRoles",
    "ListMFADevices": "MFADevices",
    "ListPolicyVersions": "Versions",
    "ListServerCertificates": "ServerCertificateMetadataList",
    "ListSigningCertificates": "Certificates",
    "ListSSHPublicKeys": "SSHPublicKeys",
    "ListVirtualMFADevices": "VirtualMFADevices",
    "SimulateCustomPolicy": "EvaluationResults",
    "SimulatePrincipalPolicy": "EvaluationResults",
}
_INLINE: Final = ("ListUserPolicies", "ListRolePolicies", "ListGroupPolicies")
_TAGS: Final = (
    "ListUserTags",
    "ListRoleTags",
    "ListPolicyTags",
    "ListInstanceProfileTags",
    "ListOpenIDConnectProviderTags",
)
LISTS: Final[Mapping[str, tuple[tuple[str, ...], _Order | None]]] = {
    **{operation: ((key,), _name) for operation, key in _BY_NAME.items()},
    **{operation: (tuple(keys.split()), None) for operation, keys in _AS_THEY_ARE.items()},
    **dict.fromkeys(_INLINE, (("PolicyNames",), str.lower)),
    **dict.fromkeys(_TAGS, (("Tags",), _key)),
}
"""Each operation that pages, the lists of its reply, which are filled one after the other, and their order."""


@dataclass(frozen=True, slots=True)
class Page:
    """What of a list was asked for: how many were shown, and how many are to be shown at most."""

    operation: str
    start: int
    most: int


def asked(operation: str, params: dict[str, Any]) -> Page | None:
    """The page that a call asks for, None where it does not page; raises ValidationError for a false marker.

    Takes Marker and MaxItems out of the parameters, so that moto answers with everything.
    """
    if operation not in LISTS:
        return None
    marker, most = params.pop("Marker", None), params.pop("MaxItems", None)
    params["MaxItems"] = EVERYTHING
    return Page(operation, _start(operation, marker) if marker else 0, int(most or DEFAULT))


def cut(page: Page, result: Mapping[str, Any]) -> dict[str, Any]:
    """The reply with what belongs on the page, IsTruncated, and Marker where there is more."""
    keys, order = LISTS[page.operation]
    left, skipped, reply = page.most, page.start, dict(result)
    more = False
    for key in keys:
        things = list(reply.get(key) or ())
        if order:
            things.sort(key=order)
        shown = things[skipped : skipped + left]
        more = more or len(things) > skipped + left
        skipped, left = max(0, skipped - len(things)), left - len(shown)
        reply[key] = shown
    reply["IsTruncated"], reply["Marker"] = more, _marker(page) if more else None
    return reply


def _marker(page: Page) -> str:
    return base64.urlsafe_b64encode(f"{page.operation}:{page.start + page.most}".encode()).decode()


def _start(operation: str, marker: str) -> int:
    try:
        of, _, start = base64.urlsafe_b64decode(marker).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        of, start = "", ""
    if of != operation or not start.isdecimal():
        raise ValidationError("Invalid Marker.")
    return int(start)
