"""STS. Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html

and the API pages of each operation. In the key `sts:RoleSessionName` and others, the call speaks of itself.
Who a provider says that somebody is (`saml:sub`, `accounts.google.com:aud`), and whether the code of an MFA
device is right (`aws:MultiFactorAuthPresent`), belongs to the principal: it is for those who check it to add.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from narrowgate.catalogue.federation import Told, saml, web_identity
from narrowgate.catalogue.rule import (
    Asked,
    Rule,
    Table,
    Target,
    given,
    key,
    keys_of,
    request_tags,
)
from narrowgate.policy.request_context import Value


def _role(asked: Asked) -> Iterator[Target]:
    """The role; none at all is asked about as a role without a name."""
    yield Target(asked.text("RoleArn") or asked.place.arn("iam", "role/", region=""), "role")


_TAGS: Final = (request_tags(), keys_of("sts:TransitiveTagKeys", "TransitiveTagKeys[]"))
_SOURCE: Final = key("sts:SourceIdentity", "SourceIdentity")
_SESSION_NAME: Final = key("sts:RoleSessionName", "RoleSessionName")
_PROVIDERS: Final = keys_of("sts:RequestContextProviders", "ProvidedContexts[].ProviderArn")
_ASSUME: Final = (_SESSION_NAME, key("sts:ExternalId", "ExternalId"), _SOURCE, *_TAGS)


def _told(asked: Asked) -> Told:
    """What the provider's token says of the session."""
    if asked.call.operation == "AssumeRoleWithSAML":
        return saml(asked.text("SAMLAssertion"))
    return web_identity(asked.text("WebIdentityToken"))


def _told_tags(asked: Asked, _: Target) -> Mapping[str, Value]:
    return _told(asked).tag_keys()


def _told_source(asked: Asked, _: Target) -> Mapping[str, Value]:
    return _told(asked).source_keys()


def _told_name(asked: Asked, _: Target) -> Mapping[str, Value]:
    name = _told(asked).session_name
    return {"sts:RoleSessionName": name} if name else {}


def _federated(action: str) -> tuple[Rule, ...]:
    """A role assumed with a provider's token, which may bring tags and a source identity.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_adding-assume-role-idp
    """
    return (
        Rule(f"sts:{action}", _role, keys=(_SESSION_NAME, _told_name, _told_source, _told_tags)),
        Rule("sts:TagSession", _role, lambda asked: bool(_told(asked).tag_keys()), (_told_tags,)),
        Rule("sts:SetSourceIdentity", _role, lambda asked: bool(_told(asked).source_identity), (_told_source,)),
    )


def _federated_user(asked: Asked) -> Iterator[Target]:
    yield Target(asked.place.arn("sts", f"federated-user/{asked.text('Name')}", region=""), "federated-user", new=True)


def _root_user(asked: Asked) -> Iterator[Target]:
    """The root user of a member account, by its number or its ARN."""
    text = asked.text("TargetPrincipal")
    by_number = text.isdecimal() or not text
    yield Target(asked.place.arn("iam", "root", region="", account=text) if by_number else text, "root-user")


TABLE: Final = Table(
    "sts",
    {
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
        "AssumeRole": (
            Rule("sts:AssumeRole", _role, keys=_ASSUME),
            Rule("sts:TagSession", _role, given("Tags"), _TAGS),
            Rule("sts:SetSourceIdentity", _role, given("SourceIdentity"), (_SOURCE,)),
            # https://docs.aws.amazon.com/singlesignon/latest/userguide/trustedidentitypropagation-identity-enhanced-iam-role-sessions.html
            Rule("sts:SetContext", _role, given("ProvidedContexts"), (_PROVIDERS,)),
        ),
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html
        "AssumeRoleWithSAML": _federated("AssumeRoleWithSAML"),
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
        "AssumeRoleWithWebIdentity": _federated("AssumeRoleWithWebIdentity"),
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html
        "AssumeRoot": (Rule("sts:AssumeRoot", _root_user, keys=(key("sts:TaskPolicyArn", "TaskPolicyArn.arn"),)),),
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
        # The reference has no federated users among the resources of TagSession.
        "GetFederationToken": (
            Rule("sts:GetFederationToken", _federated_user, keys=(request_tags(),)),
            Rule("sts:TagSession", when=given("Tags"), keys=(request_tags(),)),
        ),
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html
        "GetWebIdentityToken": (
            Rule(
                "sts:GetWebIdentityToken",
                keys=(
                    keys_of("sts:IdentityTokenAudience", "Audience[]"),
                    key("sts:SigningAlgorithm", "SigningAlgorithm"),
                    key("sts:DurationSeconds", "DurationSeconds"),
                    request_tags(),
                ),
            ),
            Rule("sts:TagGetWebIdentityToken", when=given("Tags"), keys=(request_tags(),)),
        ),
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
        "GetCallerIdentity": (Rule("sts:GetCallerIdentity"),),
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
        "GetSessionToken": (Rule("sts:GetSessionToken"),),
        "DecodeAuthorizationMessage": (Rule("sts:DecodeAuthorizationMessage"),),
        # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
        "GetAccessKeyInfo": (Rule("sts:GetAccessKeyInfo"),),
        "GetDelegatedAccessToken": (Rule("sts:GetDelegatedAccessToken"),),
    },
    tag_keys=("aws", "iam"),
)
