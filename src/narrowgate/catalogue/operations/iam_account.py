"""IAM: the account, identity providers, server certificates and reports.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
Not here: delegation requests, which their owner may use without any policy; GenerateOrganizationsAccessReport,
which needs actions of Organizations on resources that the call does not name; and the account's properties.
"""

from __future__ import annotations

from typing import Final

from narrowgate.catalogue.iam import TAG_KEYS, alike, arn, by_arn, create, existing, new, renamed, unscoped
from narrowgate.catalogue.rule import Asked, Rule, Table, created, request_tags, tag_keys

_OIDC: Final = by_arn("OpenIDConnectProviderArn", "oidc-provider")
_SAML: Final = by_arn("SAMLProviderArn", "saml-provider")
_CERTIFICATE: Final = existing("server-certificate", "ServerCertificateName")


def _new_oidc(asked: Asked) -> str:
    """The provider is called by its URL without the scheme.

    https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
    """
    return arn(asked, "oidc-provider", asked.text("Url").removeprefix("https://"))


TABLE: Final = Table(
    "iam",
    {
        **unscoped(
            "CreateAccountAlias",
            "DeleteAccountAlias",
            "DeleteAccountPasswordPolicy",
            "DisableOrganizationsRootCredentialsManagement",
            "DisableOrganizationsRootSessions",
            "DisableOutboundWebIdentityFederation",
            "EnableOrganizationsRootCredentialsManagement",
            "EnableOrganizationsRootSessions",
            "EnableOutboundWebIdentityFederation",
            "GenerateCredentialReport",
            "GetAccountAuthorizationDetails",
            "GetAccountPasswordPolicy",
            "GetAccountSummary",
            "GetCredentialReport",
            "GetOrganizationsAccessReport",
            "GetOutboundWebIdentityFederationInfo",
            "GetServiceLastAccessedDetails",
            "GetServiceLastAccessedDetailsWithEntities",
            "ListAccountAliases",
            "ListOpenIDConnectProviders",
            "ListOrganizationsFeatures",
            "ListSAMLProviders",
            "ListServerCertificates",
            "SetSecurityTokenServicePreferences",
            "UpdateAccountPasswordPolicy",
        ),
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateServiceLastAccessedDetails.html
        **alike(by_arn("Arn", "user", "group", "role", "policy"), "GenerateServiceLastAccessedDetails"),
        **alike(by_arn("Arn", "user", "group", "role"), "ListPoliciesGrantingServiceAccess"),
        "CreateOpenIDConnectProvider": create(
            "CreateOpenIDConnectProvider", "TagOpenIDConnectProvider", created("oidc-provider", _new_oidc)
        ),
        **alike(
            _OIDC,
            "AddClientIDToOpenIDConnectProvider",
            "DeleteOpenIDConnectProvider",
            "GetOpenIDConnectProvider",
            "ListOpenIDConnectProviderTags",
            "RemoveClientIDFromOpenIDConnectProvider",
            "UpdateOpenIDConnectProviderThumbprint",
        ),
        **alike(_OIDC, "TagOpenIDConnectProvider", keys=(request_tags(),)),
        **alike(_OIDC, "UntagOpenIDConnectProvider", keys=(tag_keys(),)),
        "CreateSAMLProvider": create("CreateSAMLProvider", "TagSAMLProvider", new("saml-provider", "Name")),
        **alike(_SAML, "DeleteSAMLProvider", "GetSAMLProvider", "ListSAMLProviderTags", "UpdateSAMLProvider"),
        **alike(_SAML, "TagSAMLProvider", keys=(request_tags(),)),
        **alike(_SAML, "UntagSAMLProvider", keys=(tag_keys(),)),
        "UploadServerCertificate": create(
            "UploadServerCertificate", "TagServerCertificate", new("server-certificate", "ServerCertificateName")
        ),
        **alike(_CERTIFICATE, "DeleteServerCertificate", "GetServerCertificate", "ListServerCertificateTags"),
        # https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateServerCertificate.html
        "UpdateServerCertificate": (
            Rule(
                "iam:UpdateServerCertificate",
                renamed("server-certificate", "ServerCertificateName", "NewServerCertificateName"),
            ),
        ),
        **alike(_CERTIFICATE, "TagServerCertificate", keys=(request_tags(),)),
        **alike(_CERTIFICATE, "UntagServerCertificate", keys=(tag_keys(),)),
    },
    tag_keys=TAG_KEYS,
    home=True,
)
